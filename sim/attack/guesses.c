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

static struct guess *guess_of(struct guesses *g, const struct tap_copy *c)
{
    uint64_t message = c->message;
    struct guess *one = map_get(&g->by_message, MAP_KEY(message));

    if (one != NULL)
        return one;
    one = calloc(1, sizeof *one);
    if (one == NULL || map_put(&g->by_message, MAP_KEY(message), one) != OK)
        abort();
    one->message = message;
    one->topic = c->topic;
    return one;
}

/* Its place, a new one, or that of the latest; NULL: it is later than all that are kept. */
static struct guess_node *place_of(struct guess *one, uint32_t node, int64_t at_ns)
{
    struct guess_node *latest = &one->nodes[0];

    for (size_t i = 0; i < one->count; i++) {
        if (one->nodes[i].node == node)
            return one->nodes[i].at_ns > at_ns ? &one->nodes[i] : NULL;
        latest = one->nodes[i].at_ns > latest->at_ns ? &one->nodes[i] : latest;
    }
    if (one->count < GUESS_NODES_MAX)
        return &one->nodes[one->count++];
    return latest->at_ns > at_ns ? latest : NULL;
}

void guesses_note(struct guesses *g, const struct tap_copy *c, int64_t at_ns)
{
    if (g->own[c->from])
        return;
    struct guess_node *place = place_of(guess_of(g, c), c->from, at_ns);
    if (place != NULL)
        *place = (struct guess_node){at_ns, c->from, c->pushed};
}

const struct guess_node *guess_best(const struct guess *g)
{
    const struct guess_node *best = NULL;

    for (size_t i = 0; i < g->count; i++)
        if (best == NULL || g->nodes[i].at_ns < best->at_ns)
            best = &g->nodes[i];
    return best;
}

void guesses_conclude(void *guesses, struct score *score)
{
    struct guesses *g = guesses;
    struct guess *one;
    struct answer answers[GUESS_NODES_MAX];
    size_t cursor = 0;

    while ((one = map_next(&g->by_message, &cursor, NULL)) != NULL) {
        for (size_t i = 0; i < one->count; i++)
            answers[i] = (struct answer){one->nodes[i].node, -(double)one->nodes[i].at_ns};
        claim(score, &(struct claim){.question = QUESTION_AUTHOR,
                                     .subject = one->message,
                                     .answers = answers,
                                     .count = one->count,
                                     .evidence = guess_best(one)->pushed});
    }
}
