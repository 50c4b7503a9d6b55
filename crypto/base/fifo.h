/* Bounded first-in first-out queue of items of one size: the output queue of every engine. */
#pragma once

#include "crypto/base/span.h"

struct fifo {
    uint8_t *items; /* owned ring */
    size_t item_bytes, head, count, cap, max;
};

/** A queue of at most `max` items of `item_bytes` each. Allocates nothing yet. */
void fifo_init(struct fifo *f, size_t item_bytes, size_t max);

/** Free the ring; what the items own belongs to the caller, who pops them first. */
void fifo_clear(struct fifo *f);

/** Append a copy of *item. OK; ERR_FULL at the bound; ERR_MEMORY. */
enum err fifo_push(struct fifo *f, const void *item) MUST_CHECK;

/** Put a copy of *item before all others: it is the oldest now. As fifo_push. */
enum err fifo_push_front(struct fifo *f, const void *item) MUST_CHECK;

/** Move the oldest item to *item; false when there is none. */
bool fifo_pop(struct fifo *f, void *item);

/** The oldest item in place, NULL when empty; valid until the next call. */
void *fifo_peek(const struct fifo *f);

/** The i-th oldest item in place, i < count; valid until the next push or pop. */
void *fifo_at(const struct fifo *f, size_t i);

static inline size_t fifo_count(const struct fifo *f)
{
    return f->count;
}
