/* Items under 8-byte keys, the oldest forgotten first: the seen cache, the message cache, the ids
 * that a peer does not want. One ring and one index, both grow and shrink with what is in them.
 * The keys are keyed hashes already (siphash with a seed of ours), so they index directly. */
#pragma once

#include "crypto/base/span.h"

struct recent {
    uint8_t *items;  /* owned ring; each item begins with its uint64_t key */
    uint32_t *slots; /* open addressing, twice as many: place in the ring + 1; 0 is empty */
    uint32_t item_bytes, head, count, cap, max;
};

/** Empty, at most `max` items (of which each begins with a uint64_t). Allocates nothing yet. */
void recent_init(struct recent *r, size_t item_bytes, size_t max);
void recent_clear(struct recent *r);

/** Append a copy of *item.
 *
 * @return OK; ERR_EXISTS; ERR_FULL: pop the oldest first; ERR_MEMORY
 */
enum err recent_put(struct recent *r, const void *item) MUST_CHECK;

/** The item under a key, NULL when there is none; valid until the next put or pop. */
void *recent_get(const struct recent *r, uint64_t key);

/** The i-th oldest, i < count; valid until the next put or pop. */
void *recent_at(const struct recent *r, size_t i);

/** Forget the oldest; what it owns belongs to the caller. There must be one. */
void recent_pop(struct recent *r);

/** Bytes of heap that one item takes at most, for turning a bound in bytes into one in items. */
size_t recent_cost(size_t item_bytes);
