#include "net/discovery/cache.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

void cache_init(struct cache *c, const uint8_t seed[16], size_t entry_bytes, size_t max)
{
    *c = (struct cache){.entry_bytes = entry_bytes, .max = max};
    map_init(&c->map, seed, max);
}

struct cache_key cache_key_of(const uint8_t id[ENR_ID_BYTES], const struct udp_addr *addr)
{
    struct cache_key k;

    memcpy(k.bytes, id, ENR_ID_BYTES);
    memcpy(k.bytes + ENR_ID_BYTES, addr->ip, 16);
    k.bytes[ENR_ID_BYTES + 16] = (uint8_t)(addr->port >> 8);
    k.bytes[ENR_ID_BYTES + 17] = (uint8_t)addr->port;
    return k;
}

static void unlink_entry(struct cache *c, struct cache_entry *e)
{
    *(e->older != NULL ? &e->older->younger : &c->oldest) = e->younger;
    *(e->younger != NULL ? &e->younger->older : &c->youngest) = e->older;
    e->older = e->younger = NULL;
}

static void link_youngest(struct cache *c, struct cache_entry *e)
{
    e->older = c->youngest;
    *(e->older != NULL ? &e->older->younger : &c->oldest) = e;
    c->youngest = e;
}

void *cache_get(const struct cache *c, const struct cache_key *key)
{
    return map_get(&c->map, SPAN_ARRAY(key->bytes));
}

void cache_drop(struct cache *c, const struct cache_key *key)
{
    struct cache_entry *e = map_take(&c->map, SPAN_ARRAY(key->bytes));

    if (e == NULL)
        return;
    unlink_entry(c, e);
    wipe(e, c->entry_bytes);
    free(e);
}

static struct cache_entry *make(struct cache *c, const struct cache_key *key)
{
    if (map_count(&c->map) >= c->max) {
        struct cache_key oldest = c->oldest->key;
        cache_drop(c, &oldest);
    }
    struct cache_entry *e = calloc(1, c->entry_bytes);
    if (e == NULL)
        return NULL;
    e->key = *key;
    if (map_put(&c->map, SPAN_ARRAY(key->bytes), e) != OK) {
        free(e);
        return NULL;
    }
    return e;
}

void *cache_touch(struct cache *c, const struct cache_key *key)
{
    struct cache_entry *e = cache_get(c, key);

    if (e != NULL)
        unlink_entry(c, e);
    else
        e = make(c, key);
    if (e != NULL)
        link_youngest(c, e);
    return e;
}

void cache_clear(struct cache *c)
{
    while (c->oldest != NULL) {
        struct cache_key oldest = c->oldest->key;
        cache_drop(c, &oldest);
    }
    map_clear(&c->map);
}
