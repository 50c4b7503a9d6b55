/* Linkage: which messages belong to one conversation. Without looking at who sends, an observer of
 * the shard links each message with earlier ones on its content topic, the latest first: people
 * answer each other. A topic for each conversation makes it certain. */
#include "crypto/base/map.h"
#include "sim/attack/attack.h"

#include <stdlib.h>

#define BACK_NS     (600 * NS_PER_S) /* a conversation rests no longer */
#define EARLIER_MAX 32u              /* messages that one is linked with */

struct heard {
    int64_t at_ns;
    uint64_t message, topic;
};

struct state {
    struct heard *heard; /* by time */
    size_t count, cap;
    struct map messages; /* message -> not NULL */
};

static void *start(const struct attack_setup *setup)
{
    static const uint8_t seed[16];
    struct state *s = calloc(1, sizeof *s);

    (void)setup;
    if (s != NULL)
        map_init(&s->messages, seed, SIZE_MAX);
    return s;
}

/* The first copy that reaches any relay of ours. */
static void copy(void *state, const struct tap_copy *c)
{
    struct state *s = state;
    uint64_t message = c->message;

    if (map_get(&s->messages, MAP_KEY(message)) != NULL)
        return;
    if (s->count == s->cap) {
        s->cap = s->cap * 2 + 256;
        s->heard = realloc(s->heard, s->cap * sizeof *s->heard);
    }
    if (s->heard == NULL || map_put(&s->messages, MAP_KEY(message), s) != OK)
        abort();
    s->heard[s->count++] = (struct heard){c->at_ns, message, c->topic};
}

static void conclude(void *state, struct score *score)
{
    const struct state *s = state;
    struct answer answers[EARLIER_MAX];

    for (size_t i = 0; i < s->count; i++) {
        const struct heard *h = &s->heard[i];
        struct claim c = {QUESTION_SAME_TALK, h->message, answers, 0, false, 0};
        for (size_t j = i; j-- > 0 && c.count < EARLIER_MAX;) {
            if (s->heard[j].at_ns < h->at_ns - BACK_NS)
                break;
            if (s->heard[j].topic == h->topic)
                answers[c.count++] =
                    (struct answer){s->heard[j].message, (double)s->heard[j].at_ns};
        }
        claim(score, &c);
    }
}

static void end(void *state)
{
    struct state *s = state;

    map_clear(&s->messages);
    free(s->heard);
    free(s);
}

const struct attack attack_linkage = {
    .name = "linkage",
    .position = "any relay",
    .question = "which messages are of one conversation: the last one on the same content topic",
    .start = start,
    .copy = copy,
    .conclude = conclude,
    .end = end,
};
