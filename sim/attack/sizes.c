/* Sizes: a receipt is the smallest thing that a chat sends. All messages of the smallest size that
 * is seen often are claimed to be receipts, all others not. */
#include "sim/attack/guesses.h"

#include <stdlib.h>

#define OFTEN_PERCENT 2u

struct state {
    struct map sizes; /* message -> its bytes, as a pointer */
};

static void *start(const struct attack_setup *setup)
{
    static const uint8_t seed[16];
    struct state *s = calloc(1, sizeof *s);

    (void)setup;
    if (s != NULL)
        map_init(&s->sizes, seed, SIZE_MAX);
    return s;
}

static void copy(void *state, const struct tap_copy *c)
{
    struct state *s = state;
    uint64_t message = c->message;

    if (map_get(&s->sizes, MAP_KEY(message)) == NULL &&
        map_put(&s->sizes, MAP_KEY(message), (void *)(uintptr_t)c->bytes) != OK)
        abort();
}

static int by_value(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* The size that as many messages as OFTEN_PERCENT are below or at. */
static size_t smallest(const struct state *s)
{
    size_t count = map_count(&s->sizes), *all = calloc(count + 1, sizeof *all), n = 0, cursor = 0;
    void *bytes;

    if (all == NULL)
        abort();
    while ((bytes = map_next(&s->sizes, &cursor, NULL)) != NULL)
        all[n++] = (size_t)(uintptr_t)bytes;
    qsort(all, n, sizeof *all, by_value);
    size_t least = n == 0 ? 0 : all[n * OFTEN_PERCENT / 100];
    free(all);
    return least;
}

static void conclude(void *state, struct score *score)
{
    const struct state *s = state;
    size_t least = smallest(s), cursor = 0;
    struct span key;
    void *bytes;

    while ((bytes = map_next(&s->sizes, &cursor, &key)) != NULL) {
        uint64_t message;
        memcpy(&message, key.ptr, sizeof message);
        claim_one(score, QUESTION_RECEIPT, message, (size_t)(uintptr_t)bytes <= least + 8);
    }
}

static void end(void *state)
{
    struct state *s = state;

    map_clear(&s->sizes);
    free(s);
}

const struct attack attack_sizes = {
    .name = "sizes",
    .position = "any relay",
    .question = "what is a receipt: the smallest messages",
    .start = start,
    .copy = copy,
    .conclude = conclude,
    .end = end,
};
