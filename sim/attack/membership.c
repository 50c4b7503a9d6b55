/* Membership inference: clients of one group follow its topic. A topic that few follow says more
 * than one that many follow, so two clients are as close as the sum of 1 / followers over the
 * topics that both ask for; the closest is claimed to be in a group with a client. */
#include "sim/attack/clients.h"

#include <stdlib.h>

struct state {
    struct clients *clients;
    struct map followers; /* topic -> how many clients, as a pointer */
};

static void *start(const struct attack_setup *setup)
{
    static const uint8_t seed[16];
    struct state *s = calloc(1, sizeof *s);

    (void)setup;
    if (s == NULL)
        return NULL;
    map_init(&s->followers, seed, SIZE_MAX);
    s->clients = clients_new();
    if (s->clients != NULL)
        return s;
    free(s);
    return NULL;
}

static void request(void *state, const struct tap_request *r)
{
    struct state *s = state;

    if (r->kind != TAP_PUSH && r->topics_count > 0)
        clients_note(s->clients, r);
}

static uintptr_t followers(const struct state *s, uint64_t topic)
{
    return (uintptr_t)map_get(&s->followers, MAP_KEY(topic));
}

/* What a client asked for last is what counts: before that it may have been somebody's first try.
 */
static const struct topic_set *latest(const struct client *c)
{
    return &c->sets[c->count - 1];
}

static void count(struct state *s)
{
    const struct client *one;

    for (size_t cursor = 0; (one = map_next(&s->clients->by_id, &cursor, NULL)) != NULL;)
        for (size_t i = 0; i < latest(one)->count; i++) {
            uint64_t topic = latest(one)->topics[i];
            uintptr_t more = followers(s, topic) + 1;
            (void)map_take(&s->followers, MAP_KEY(topic));
            if (map_put(&s->followers, MAP_KEY(topic), (void *)more) != OK)
                abort();
        }
}

static double closeness(const struct state *s, const struct topic_set *a, const struct topic_set *b)
{
    double sum = 0;

    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < b->count; k++)
            if (a->topics[i] == b->topics[k])
                sum += 1.0 / (double)followers(s, a->topics[i]);
    return sum;
}

static void conclude(void *state, struct score *score)
{
    struct state *s = state;
    const struct client *a, *b;
    struct answer *answers = calloc(map_count(&s->clients->by_id) + 1, sizeof *answers);
    size_t outer = 0, inner;

    if (answers == NULL)
        abort();
    count(s);
    while ((a = map_next(&s->clients->by_id, &outer, NULL)) != NULL) {
        struct claim c = {QUESTION_GROUP, a->id, answers, 0, false, 0};
        for (inner = 0; (b = map_next(&s->clients->by_id, &inner, NULL)) != NULL;) {
            double close = a != b ? closeness(s, latest(a), latest(b)) : 0;
            if (close > 0)
                answers[c.count++] = (struct answer){b->id, close};
        }
        claim(score, &c);
    }
    free(answers);
}

static void end(void *state)
{
    struct state *s = state;

    clients_free(s->clients);
    map_clear(&s->followers);
    free(s);
}

const struct attack attack_membership = {
    .name = "membership",
    .position = "filter services and stores that collude",
    .question = "who is in a group with a client: who asks for the same rare topics",
    .start = start,
    .request = request,
    .conclude = conclude,
    .end = end,
};
