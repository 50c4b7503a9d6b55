#include "net/services/filter_seen.h"
#include "net/services/params.h"

#include <stdlib.h>

struct entry {
    struct mono at;
    uint8_t hash[32];
};

void filter_seen_init(struct filter_seen *s, struct rng *rng)
{
    uint8_t seed[16];

    rng_fill(rng, seed, sizeof seed);
    map_init(&s->hashes, seed, FILTER_SEEN_MAX);
    fifo_init(&s->order, sizeof(struct entry *), FILTER_SEEN_MAX);
}

static void forget_oldest(struct filter_seen *s)
{
    struct entry *e;

    if (!fifo_pop(&s->order, &e))
        return;
    map_take(&s->hashes, SPAN_ARRAY(e->hash));
    free(e);
}

void filter_seen_clear(struct filter_seen *s)
{
    while (fifo_count(&s->order) > 0)
        forget_oldest(s);
    fifo_clear(&s->order);
    map_clear(&s->hashes);
}

static void expire(struct filter_seen *s, struct mono now)
{
    struct entry **oldest;

    while (
        (oldest = fifo_peek(&s->order)) != NULL &&
        (now.ns - (*oldest)->at.ns >= FILTER_SEEN_NS || fifo_count(&s->order) >= FILTER_SEEN_MAX))
        forget_oldest(s);
}

bool filter_seen_before(struct filter_seen *s, struct mono now, const uint8_t hash[32])
{
    expire(s, now);
    if (map_get(&s->hashes, span_of(hash, 32)) != NULL)
        return true;
    struct entry *e = malloc(sizeof *e);
    if (e == NULL)
        return false;
    e->at = now;
    memcpy(e->hash, hash, sizeof e->hash);
    if (map_put(&s->hashes, SPAN_ARRAY(e->hash), e) != OK) {
        free(e);
        return false;
    }
    if (fifo_push(&s->order, &e) != OK) {
        map_take(&s->hashes, SPAN_ARRAY(e->hash));
        free(e);
    }
    return false;
}
