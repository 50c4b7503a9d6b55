/* A cursor that appends to a struct buf. Sticky: after the first failure nothing more is written
 * and writer_status tells which error it was. */
#pragma once

#include "crypto/base/buf.h"

struct writer {
    struct buf *out; /* borrowed */
    enum err err;
};

static inline struct writer writer_to(struct buf *out)
{
    return (struct writer){.out = out, .err = OK};
}

static inline void write_bytes(struct writer *w, struct span bytes)
{
    if (w->err == OK)
        w->err = buf_append(w->out, bytes);
}

/** The low `n` bytes (1..8) of `v`, most significant first. */
static inline void write_be(struct writer *w, uint64_t v, size_t n)
{
    uint8_t tmp[8];
    for (size_t i = 0; i < n; i++)
        tmp[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    write_bytes(w, span_of(tmp, n));
}

static inline void write_u8(struct writer *w, uint8_t v)
{
    write_be(w, v, 1);
}
static inline void write_be16(struct writer *w, uint16_t v)
{
    write_be(w, v, 2);
}
static inline void write_be24(struct writer *w, uint32_t v)
{
    write_be(w, v, 3);
}
static inline void write_be32(struct writer *w, uint32_t v)
{
    write_be(w, v, 4);
}
static inline void write_be64(struct writer *w, uint64_t v)
{
    write_be(w, v, 8);
}

static inline enum err MUST_CHECK writer_status(const struct writer *w)
{
    return w->err;
}
