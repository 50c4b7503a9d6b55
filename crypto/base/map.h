/* Hash map from byte strings to pointers. Iterates in insertion order, so that two runs of one
 * seed agree; the seed (from env->rng) keeps strangers from choosing collisions. */
#pragma once

#include "crypto/base/span.h"

#define MAP_SMALL_SLOTS 32u

struct map {
    struct map_entry *entries; /* dense, in insertion order, with holes where something was taken */
    union {                    /* open addressing: index into entries + 1; 0 is empty */
        uint32_t *large;
        uint8_t small[MAP_SMALL_SLOTS]; /* when cap needs no more: one load less for each look-up */
    } slots;
    uint32_t used, cap, slot_mask, count;
    size_t max;
    uint8_t seed[16];
};

/** An empty map of at most `max` entries. Allocates nothing yet. */
void map_init(struct map *m, const uint8_t seed[16], size_t max);

/** Free the table (the values belong to the caller). Usable as after map_init. */
void map_clear(struct map *m);

/** The value stored under `key`, NULL when there is none. */
void *map_get(const struct map *m, struct span key);

/** Store `value` (not NULL) under a copy of `key` (up to 64 KiB).
 *
 * @return OK; ERR_EXISTS, unchanged; ERR_FULL at the bound; ERR_MEMORY
 */
enum err map_put(struct map *m, struct span key, void *value) MUST_CHECK;

/** Remove and return the value under `key`; NULL when there is none. */
void *map_take(struct map *m, struct span key);

/** Step through the entries in insertion order; start with *cursor = 0.
 *
 * Taking entries while iterating is allowed; putting is not. `key` (may be NULL) is borrowed until
 * the entry is taken.
 *
 * @return the next value; NULL at the end
 */
void *map_next(const struct map *m, size_t *cursor, struct span *key);

static inline size_t map_count(const struct map *m)
{
    return m->count;
}

/** A span over an integer key, which must be an lvalue. */
#define MAP_KEY(lvalue) span_of(&(lvalue), sizeof(lvalue))
