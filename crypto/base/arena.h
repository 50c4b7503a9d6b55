/* Short-lived memory: everything is freed at once by arena_reset. The engine's env->scratch is
 * emptied by the driver after each event. */
#pragma once

#include "crypto/base/span.h"

struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t used, cap;           /* of the newest chunk */
    size_t total, max;          /* bytes allocated from the heap, and their bound */
};

/** An arena that takes at most `max` bytes from the heap. Allocates nothing yet. */
void arena_init(struct arena *a, size_t max);

/** Free everything. */
void arena_clear(struct arena *a);

/** Wipe and forget all allocations, keep one chunk for the next event. */
void arena_reset(struct arena *a);

/** `len` zeroed bytes, aligned for any type; NULL beyond the bound or when memory is out. */
void *arena_alloc(struct arena *a, size_t len) MUST_CHECK;

/** A copy of `bytes` in the arena; {NULL, 0} with len > 0 asked means that memory is out. */
struct span arena_copy(struct arena *a, struct span bytes) MUST_CHECK;
