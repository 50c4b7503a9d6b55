#include "crypto/base/map.h"

#include "crypto/base/siphash.h"

#include <stdlib.h>

#define MAP_KEY_INLINE 24u /* bytes of a key kept without an allocation of its own */
#define MAP_KEY_MAX    65536u
#define MAP_CAP_MIN    8u

struct map_entry {
    void *value; /* NULL: taken */
    uint64_t hash;
    uint32_t key_len;
    union {
        uint8_t small[MAP_KEY_INLINE];
        uint8_t *big; /* owned */
    } key;
};

void map_init(struct map *m, const uint8_t seed[16], size_t max)
{
    *m = (struct map){.max = max};
    memcpy(m->seed, seed, sizeof m->seed);
}

static struct span entry_key(const struct map_entry *e)
{
    return span_of(e->key_len <= MAP_KEY_INLINE ? e->key.small : e->key.big, e->key_len);
}

static void entry_drop(struct map_entry *e)
{
    if (e->key_len > MAP_KEY_INLINE)
        free(e->key.big);
    *e = (struct map_entry){0};
}

static bool is_small(const struct map *m)
{
    return m->slot_mask < MAP_SMALL_SLOTS;
}

static uint32_t slot_get(const struct map *m, size_t i)
{
    return is_small(m) ? m->slots.small[i] : m->slots.large[i];
}

static void slot_set(struct map *m, size_t i, uint32_t entry)
{
    if (is_small(m))
        m->slots.small[i] = (uint8_t)entry;
    else
        m->slots.large[i] = entry;
}

void map_clear(struct map *m)
{
    for (size_t i = 0; i < m->used; i++)
        entry_drop(&m->entries[i]);
    free(m->entries);
    if (!is_small(m))
        free(m->slots.large);
    m->entries = NULL;
    memset(&m->slots, 0, sizeof m->slots);
    m->used = m->cap = m->slot_mask = m->count = 0;
}

/* The slot that holds `key`, or the empty one that ends its chain. Taken entries stay in their
 * chain until the next rebuild. */
static size_t find(const struct map *m, struct span key, uint64_t hash)
{
    size_t i = hash & m->slot_mask;

    for (uint32_t slot; (slot = slot_get(m, i)) != 0; i = (i + 1) & m->slot_mask) {
        const struct map_entry *e = &m->entries[slot - 1];
        if (e->value != NULL && e->hash == hash && span_eq(entry_key(e), key))
            break;
    }
    return i;
}

void *map_get(const struct map *m, struct span key)
{
    if (m->count == 0)
        return NULL;
    uint32_t slot = slot_get(m, find(m, key, siphash(m->seed, key)));
    return slot == 0 ? NULL : m->entries[slot - 1].value;
}

/* Drop the holes and size the table for what is left plus as much again. */
static enum err rebuild(struct map *m)
{
    size_t cap = MAP_CAP_MIN;

    while (cap < (size_t)m->count * 2)
        cap *= 2;
    if (cap >= UINT32_MAX / 2)
        return ERR_MEMORY;
    struct map next = {.cap = (uint32_t)cap, .slot_mask = (uint32_t)cap * 2 - 1};
    struct map_entry *entries = calloc(cap, sizeof *entries);
    if (!is_small(&next))
        next.slots.large = calloc(cap * 2, sizeof *next.slots.large);
    if (entries == NULL || (!is_small(&next) && next.slots.large == NULL)) {
        free(entries);
        return ERR_MEMORY;
    }
    uint32_t used = 0;
    for (size_t i = 0; i < m->used; i++) {
        if (m->entries[i].value == NULL)
            continue;
        entries[used] = m->entries[i];
        size_t s = entries[used].hash & next.slot_mask;
        while (slot_get(&next, s) != 0)
            s = (s + 1) & next.slot_mask;
        slot_set(&next, s, ++used);
    }
    free(m->entries);
    if (!is_small(m))
        free(m->slots.large);
    m->entries = entries;
    m->slots = next.slots;
    m->used = used;
    m->cap = next.cap;
    m->slot_mask = next.slot_mask;
    return OK;
}

enum err map_put(struct map *m, struct span key, void *value)
{
    assert(value != NULL && key.len <= MAP_KEY_MAX);
    uint64_t hash = siphash(m->seed, key);

    if (m->count > 0 && slot_get(m, find(m, key, hash)) != 0)
        return ERR_EXISTS;
    if (m->count >= m->max)
        return ERR_FULL;
    if (m->used == m->cap)
        TRY(rebuild(m));

    struct map_entry e = {.value = value, .hash = hash, .key_len = (uint32_t)key.len};
    if (key.len > MAP_KEY_INLINE) {
        e.key.big = malloc(key.len);
        if (e.key.big == NULL)
            return ERR_MEMORY;
        memcpy(e.key.big, key.ptr, key.len);
    } else if (key.len > 0) {
        memcpy(e.key.small, key.ptr, key.len);
    }
    size_t s = find(m, key, hash);
    m->entries[m->used] = e;
    slot_set(m, s, ++m->used);
    m->count++;
    return OK;
}

void *map_take(struct map *m, struct span key)
{
    if (m->count == 0)
        return NULL;
    uint32_t slot = slot_get(m, find(m, key, siphash(m->seed, key)));
    if (slot == 0)
        return NULL;
    void *value = m->entries[slot - 1].value;
    entry_drop(&m->entries[slot - 1]);
    m->count--;
    return value;
}

void *map_next(const struct map *m, size_t *cursor, struct span *key)
{
    while (*cursor < m->used) {
        const struct map_entry *e = &m->entries[(*cursor)++];
        if (e->value == NULL)
            continue;
        if (key != NULL)
            *key = entry_key(e);
        return e->value;
    }
    return NULL;
}
