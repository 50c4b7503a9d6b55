/* Counted immutable bytes: one message that many queues share. The count is atomic, because a
 * blob may travel to a job on another thread; the bytes never change after blob_new. */
#pragma once

#include "crypto/base/span.h"

struct blob {
    _Atomic uint32_t refs;
    uint32_t len; /* bytes */
    uint8_t bytes[];
};

/** A blob with a copy of `bytes` (less than 4 GiB) and one reference. NULL when memory is out. */
struct blob *blob_new(struct span bytes) MUST_CHECK;

/** A blob of `len` bytes for the caller to fill before sharing it. NULL when memory is out. */
struct blob *blob_alloc(size_t len) MUST_CHECK;

/** One reference more; returns `b`. */
struct blob *blob_ref(struct blob *b);

/** One reference less; the last one frees. Accepts NULL. */
void blob_unref(struct blob *b);

static inline struct span blob_span(const struct blob *b)
{
    return span_of(b->bytes, b->len);
}
