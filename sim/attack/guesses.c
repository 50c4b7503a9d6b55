#include "sim/attack/guesses.h"

#include <stdlib.h>

struct guesses *guesses_new(const struct attack_setup *setup)
{
    static const uint8_t seed[16];
    struct guesses *g = calloc(1, sizeof *g);

    if (g == NULL)
        return NULL;
    map_init(&g->by_message, seed, SIZE_MAX);
    g->own = setup->own;
    g->own_count = setup->own_count;
    return g;
}

void guesses_free(void *guesses)
{
    struct guesses *g = guesses;
    struct guess *one;
    size_t cursor = 0;

    while ((one = map_next(&g->by_message, &cursor, NULL)) != NULL)
        free(one);
    map_clear(&g->by_message);
    free(g);
}

void guesses_note(struct guesses *g, const struct tap_copy *c, int64_t at_ns)
{
    uint64_t message = c->message;
    struct guess *one = map_get(&g->by_message, MAP_KEY(message));

    if (g->own[c->from])
        return;
    if (one == NULL) {
        one = calloc(1, sizeof *one);
        if (one == NULL || map_put(&g->by_message, MAP_KEY(message), one) != OK)
            abort();
        one->at_ns = INT64_MAX;
    }
    if (at_ns < one->at_ns)
        *one = (struct guess){at_ns, message, c->topic, c->from};
}

void guesses_conclude(void *guesses, struct score *score)
{
    struct guesses *g = guesses;
    struct guess *one;
    size_t cursor = 0;

    while ((one = map_next(&g->by_message, &cursor, NULL)) != NULL)
        claim_author(score, one->message, one->node);
}
