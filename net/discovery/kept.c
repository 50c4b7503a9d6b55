#include "net/discovery/kept.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

void kept_init(struct kept *c, const uint8_t seed[16], size_t entry_bytes, size_t max)
{
    *c = (struct kept){.entry_bytes = entry_bytes, .max = max};
    map_init(&c->map, seed, max);
}

struct kept_key kept_key_of(const uint8_t id[ENR_ID_BYTES], const struct udp_addr *addr)
{
    struct kept_key k;

    memcpy(k.bytes, id, ENR_ID_BYTES);
    memcpy(k.bytes + ENR_ID_BYTES, addr->ip, 16);
    k.bytes[ENR_ID_BYTES + 16] = (uint8_t)(addr->port >> 8);
    k.bytes[ENR_ID_BYTES + 17] = (uint8_t)addr->port;
    return k;
}

static void unlink_entry(struct kept *c, struct kept_entry *e)
{
    *(e->older != NULL ? &e->older->younger : &c->oldest) = e->younger;
    *(e->younger != NULL ? &e->younger->older : &c->youngest) = e->older;
    e->older = e->younger = NULL;
}

static void link_youngest(struct kept *c, struct kept_entry *e)
{
    e->older = c->youngest;
    *(e->older != NULL ? &e->older->younger : &c->oldest) = e;
    c->youngest = e;
}

void *kept_get(const struct kept *c, const struct kept_key *key)
{
    return map_get(&c->map, SPAN_ARRAY(key->bytes));
}

void kept_drop(struct kept *c, const struct kept_key *key)
{
    struct kept_entry *e = map_take(&c->map, SPAN_ARRAY(key->bytes));

    if (e == NULL)
        return;
    unlink_entry(c, e);
    wipe(e, c->entry_bytes);
    free(e);
}

static struct kept_entry *make(struct kept *c, const struct kept_key *key)
{
    if (map_count(&c->map) >= c->max) {
        struct kept_key oldest = c->oldest->key;
        kept_drop(c, &oldest);
    }
    struct kept_entry *e = calloc(1, c->entry_bytes);
    if (e == NULL)
        return NULL;
    e->key = *key;
    if (map_put(&c->map, SPAN_ARRAY(key->bytes), e) != OK) {
        free(e);
        return NULL;
    }
    return e;
}

void *kept_touch(struct kept *c, const struct kept_key *key)
{
    struct kept_entry *e = kept_get(c, key);

    if (e != NULL)
        unlink_entry(c, e);
    else
        e = make(c, key);
    if (e != NULL)
        link_youngest(c, e);
    return e;
}

void kept_clear(struct kept *c)
{
    while (c->oldest != NULL) {
        struct kept_key oldest = c->oldest->key;
        kept_drop(c, &oldest);
    }
    map_clear(&c->map);
}
