/* A cursor over borrowed bytes. Sticky: the first short read poisons all later ones, so a decoder
 * reads its whole structure and checks once. Poisoned reads return zeros and empty spans. */
#pragma once

#include "crypto/base/span.h"

struct reader {
    struct span rest; /* not yet read */
    bool failed;
};

static inline struct reader reader_of(struct span in)
{
    return (struct reader){.rest = in};
}

/** Next `n` bytes, borrowed from the input. */
static inline struct span read_bytes(struct reader *r, size_t n)
{
    if (r->failed || n > r->rest.len) {
        r->failed = true;
        return SPAN_EMPTY;
    }
    struct span out = span_sub(r->rest, 0, n);
    r->rest = span_after(r->rest, n);
    return out;
}

/** Unsigned integer of 1..8 bytes, most significant first. */
static inline uint64_t read_be(struct reader *r, size_t n)
{
    struct span s = read_bytes(r, n);
    uint64_t v = 0;
    for (size_t i = 0; i < s.len; i++)
        v = v << 8 | s.ptr[i];
    return v;
}

static inline uint8_t read_u8(struct reader *r)
{
    return (uint8_t)read_be(r, 1);
}
static inline uint16_t read_be16(struct reader *r)
{
    return (uint16_t)read_be(r, 2);
}
static inline uint32_t read_be24(struct reader *r)
{
    return (uint32_t)read_be(r, 3);
}
static inline uint32_t read_be32(struct reader *r)
{
    return (uint32_t)read_be(r, 4);
}
static inline uint64_t read_be64(struct reader *r)
{
    return read_be(r, 8);
}

/** OK so far, or ERR_MORE: the input was too short for what was read. */
static inline enum err reader_status(const struct reader *r)
{
    return r->failed ? ERR_MORE : OK;
}

/** OK when everything was read and nothing is left; else ERR_FORMAT. */
static inline enum err reader_end(const struct reader *r)
{
    return r->failed || r->rest.len > 0 ? ERR_FORMAT : OK;
}
