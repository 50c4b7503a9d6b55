/* Borrowed bytes, passed by value. Whoever hands out a span says how long it lives. */
#pragma once

#include "crypto/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
    const uint8_t *ptr; /* borrowed, passed by value; {NULL, 0} is empty */
    size_t len;
};

#define SPAN_EMPTY ((struct span){NULL, 0})

/** Span over a string literal or char array without its final NUL. */
#define SPAN_LIT(s) ((struct span){(const uint8_t *)(s), sizeof(s) - 1})

/** Span over a whole array object of bytes. */
#define SPAN_ARRAY(a) ((struct span){(const uint8_t *)(a), sizeof(a)})

static inline struct span span_of(const void *ptr, size_t len)
{
    return (struct span){(const uint8_t *)ptr, len};
}

/** Span over a NUL-terminated string, without the NUL. */
static inline struct span span_str(const char *s)
{
    return span_of(s, strlen(s));
}

/** Equal length and bytes. Not constant time: public data only; secrets use ct_equal. */
static inline bool span_eq(struct span a, struct span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/** Lexicographic order; a proper prefix sorts first. Public data only. */
static inline int span_cmp(struct span a, struct span b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n == 0 ? 0 : memcmp(a.ptr, b.ptr, n);
    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

/** The part [from, from + len), which must lie inside `s`. */
static inline struct span span_sub(struct span s, size_t from, size_t len)
{
    assert(from <= s.len && len <= s.len - from);
    return len == 0 ? SPAN_EMPTY : span_of(s.ptr + from, len);
}

/** All but the first `n` bytes; n must be <= s.len. */
static inline struct span span_after(struct span s, size_t n)
{
    assert(n <= s.len);
    return span_sub(s, n, s.len - n);
}

static inline bool span_starts(struct span s, struct span prefix)
{
    return s.len >= prefix.len && span_eq(span_sub(s, 0, prefix.len), prefix);
}
