/* A fifo of shared messages for each topic. */
#include "node/api/cache.h"
#include "node/api/params.h"

#include <stdlib.h>

struct cache {
    struct fifo messages; /* of struct blob * */
};

void caches_init(struct caches *c, size_t capacity, struct rng *rng)
{
    uint8_t seed[16];
    rng_fill(rng, seed, sizeof seed);
    *c = (struct caches){.capacity = capacity};
    for (int kind = 0; kind < CACHE_KINDS; kind++)
        map_init(&c->topics[kind], seed, API_CACHES_MAX);
}

static void drop_oldest(struct caches *c, struct cache *cache)
{
    struct blob *b = NULL;
    if (fifo_pop(&cache->messages, &b)) {
        c->bytes -= b->len;
        blob_unref(b);
    }
}

static void cache_free(struct caches *c, struct cache *cache)
{
    while (fifo_count(&cache->messages) > 0)
        drop_oldest(c, cache);
    fifo_clear(&cache->messages);
    free(cache);
}

void caches_clear(struct caches *c)
{
    for (int kind = 0; kind < CACHE_KINDS; kind++) {
        size_t cursor = 0;
        for (struct cache *x; (x = map_next(&c->topics[kind], &cursor, NULL)) != NULL;)
            cache_free(c, x);
        map_clear(&c->topics[kind]);
    }
}

enum err caches_add(struct caches *c, enum cache_kind kind, struct span topic)
{
    if (caches_has(c, kind, topic))
        return OK;
    struct cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return ERR_MEMORY;
    fifo_init(&cache->messages, sizeof(struct blob *), c->capacity);
    enum err err = map_put(&c->topics[kind], topic, cache);
    if (err != OK)
        cache_free(c, cache);
    return err;
}

bool caches_has(const struct caches *c, enum cache_kind kind, struct span topic)
{
    return map_get(&c->topics[kind], topic) != NULL;
}

void caches_remove(struct caches *c, enum cache_kind kind, struct span topic)
{
    struct cache *cache = map_take(&c->topics[kind], topic);
    if (cache != NULL)
        cache_free(c, cache);
}

void caches_put(struct caches *c, enum cache_kind kind, struct span topic, struct span message,
                struct blob **copy)
{
    struct cache *cache = map_get(&c->topics[kind], topic);
    if (cache == NULL)
        return;
    if (*copy == NULL)
        *copy = blob_new(message);
    if (*copy == NULL)
        return;
    if (fifo_count(&cache->messages) >= c->capacity)
        drop_oldest(c, cache);
    while (c->bytes + message.len > API_CACHE_BYTES_MAX && fifo_count(&cache->messages) > 0)
        drop_oldest(c, cache);
    if (c->bytes + message.len > API_CACHE_BYTES_MAX || fifo_push(&cache->messages, copy) != OK)
        return;
    blob_ref(*copy);
    c->bytes += message.len;
}

struct blob *caches_take(struct caches *c, enum cache_kind kind, struct span topic)
{
    struct cache *cache = map_get(&c->topics[kind], topic);
    struct blob *b = NULL;
    if (cache == NULL || !fifo_pop(&cache->messages, &b))
        return NULL;
    c->bytes -= b->len;
    return b;
}
