/* Owned, growing, bounded bytes, wiped when they move or die. */
#pragma once

#include "crypto/base/span.h"

struct buf {
    uint8_t *ptr; /* owned; NULL while nothing was ever stored */
    size_t len;   /* bytes in use */
    size_t cap;   /* bytes allocated */
    size_t max;   /* bound in bytes; growth beyond it is ERR_FULL */
};

/** An empty buffer that never holds more than `max` bytes. Allocates nothing. */
#define BUF_INIT(max_bytes) ((struct buf){NULL, 0, 0, (max_bytes)})

void buf_init(struct buf *b, size_t max);

/** Wipe and free the bytes; the buffer is empty and usable afterwards, `max` stays. */
void buf_clear(struct buf *b);

/** Wipe the bytes, keep the allocation. */
void buf_reset(struct buf *b);

/** Make room for `more` bytes behind `len`.
 *
 * @return OK; ERR_FULL beyond `max`; ERR_MEMORY; unchanged on failure
 */
enum err buf_reserve(struct buf *b, size_t more) MUST_CHECK;

/** Append a copy of `bytes` (which must not lie inside `b`). All or nothing. */
enum err buf_append(struct buf *b, struct span bytes) MUST_CHECK;

/** Append `len` bytes of undefined content and point `out` at them (valid until the next growth).
 */
enum err buf_extend(struct buf *b, size_t len, uint8_t **out) MUST_CHECK;

/** Remove the first `n` bytes, n <= len; the rest moves to the front. */
void buf_drop(struct buf *b, size_t n);

/** Cut to `len` bytes, len <= b->len, wiping the tail. */
void buf_truncate(struct buf *b, size_t len);

/** Move the content of `from` to `to` (cleared first, takes the bound too); `from` becomes empty.
 */
void buf_move(struct buf *to, struct buf *from);

static inline struct span buf_span(const struct buf *b)
{
    return span_of(b->ptr, b->len);
}
