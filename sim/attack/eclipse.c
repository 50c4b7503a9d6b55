/* Eclipse: all connections of a victim end at relays of the adversary. What comes from it and was
 * sent to it by none of them it has written itself, stem or not. */
#include "crypto/base/map.h"
#include "sim/attack/attack.h"

#include <stdlib.h>

struct key {
    uint64_t message;
    uint64_t victim;
};

struct state {
    const bool *victims;
    struct map known; /* struct key: the victim has it from us, or was claimed: not NULL */
    struct key *own;  /* what it wrote */
    size_t count, cap;
};

static void *start(const struct attack_setup *setup)
{
    static const uint8_t seed[16];
    struct state *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    s->victims = setup->victims;
    map_init(&s->known, seed, SIZE_MAX);
    return s;
}

/* False: it was known before. */
static bool learn(struct state *s, const struct tap_copy *c)
{
    struct key key = {c->message, c->from};

    if (map_get(&s->known, span_of(&key, sizeof key)) != NULL)
        return false;
    if (map_put(&s->known, span_of(&key, sizeof key), s) != OK)
        abort();
    return true;
}

static void sent(void *state, const struct tap_copy *c)
{
    struct state *s = state;

    if (s->victims[c->from])
        (void)learn(s, c);
}

static void copy(void *state, const struct tap_copy *c)
{
    struct state *s = state;

    if (!s->victims[c->from] || !learn(s, c))
        return;
    if (s->count == s->cap) {
        s->cap = s->cap * 2 + 64;
        s->own = realloc(s->own, s->cap * sizeof *s->own);
        if (s->own == NULL)
            abort();
    }
    s->own[s->count++] = (struct key){c->message, c->from};
}

static void conclude(void *state, struct score *score)
{
    const struct state *s = state;

    for (size_t i = 0; i < s->count; i++)
        claim_one(score, QUESTION_VICTIM, s->own[i].message, s->own[i].victim);
}

static void end(void *state)
{
    struct state *s = state;

    map_clear(&s->known);
    free(s->own);
    free(s);
}

const struct attack attack_eclipse = {
    .name = "eclipse",
    .position = "relays that collude and are all that a victim is connected with",
    .question = "what a victim wrote: what comes from it and never went to it",
    .start = start,
    .copy = copy,
    .sent = sent,
    .conclude = conclude,
    .end = end,
};
