/* Sorted runs: immutable arrays of items, the indexes of a segment. Each commit adds one run per
 * index; runs of similar size are merged, so that few remain and every item is written a handful
 * of times. (A B-tree over random hashes rewrites a page per item instead.)
 */
#pragma once

#include "store/layout.h"

struct run {
    const uint8_t *items; /* borrowed from a transaction */
    size_t count;
    uint32_t number; /* its key */
};

/* Where a tie between key items is decided: the hash in the record of a place; NULL: no such
 * record (the file is corrupt), which sorts first. */
struct run_ties {
    const uint8_t *(*hash_at)(void *state, uint32_t place);
    void *state;
};

static inline uint32_t run_place(const uint8_t *item, size_t item_bytes)
{
    return (uint32_t)get_be(item + item_bytes - 4, 4);
}

/** Order of two key items: id, time, hash. */
int run_key_cmp(const uint8_t *a, const uint8_t *b, const struct run_ties *ties);

/** First item of a key run that is not before (id, time, hash); `hash` may be NULL: all zeros. */
size_t run_key_seek(const struct run *r, uint32_t id, int64_t time_ns, const uint8_t *hash,
                    const struct run_ties *ties);

/** First item of a hash run whose prefix is not before that of `hash`. */
size_t run_hash_seek(const struct run *r, const uint8_t *hash);

/** How many of the newest runs should be merged with a new one of `count` items. `counts` holds
 * the sizes of the runs, oldest first. */
size_t run_merge_width(const size_t *counts, size_t runs, size_t count);

/** Merge runs into `out`, which has room for the sum of their items. `ties` NULL: hash items. */
void run_merge(struct run *runs, size_t count, const struct run_ties *ties, uint8_t *out);
