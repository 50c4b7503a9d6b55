/* How payloads look to who has no key: how often each byte value stands at each offset, by size
 * class, and how probable that is if all of them are alike.
 *
 * Judged by Pearson's chi-square: over the 256 values of an offset when a cell expects at least 10,
 * else over its two halves of 16. The probability is that of the worst offset of a class times the
 * number of offsets looked at (Bonferroni): below 1e-6 something shows. */
#pragma once

#include "node/chat/envelope/params.h"
#include "tests/lib/testing.h"

#include <math.h>
#include <stdlib.h>

#define LOOKS_CLASSES  9u
#define LOOKS_EXPECTED 10u /* in a cell, at least */
#define LOOKS_SHOWS    1e-6

struct looks {
    size_t fold; /* offsets behind it are counted as `offset mod fold`; 0: each for itself */
    uint64_t count[LOOKS_CLASSES];
    uint32_t *cells[LOOKS_CLASSES]; /* 256 an offset; folded: two times 16 */
};

static inline size_t looks_class_bytes(unsigned cls)
{
    return (size_t)ENVELOPE_BYTES_MIN << cls;
}

/* LOOKS_CLASSES: none of that size. */
static inline unsigned looks_class(size_t len)
{
    unsigned cls = 0;
    while (cls < LOOKS_CLASSES && looks_class_bytes(cls) != len)
        cls++;
    return cls;
}

static inline size_t looks_offsets(const struct looks *l, unsigned cls)
{
    size_t len = looks_class_bytes(cls);
    return l->fold == 0 || len < l->fold ? len : l->fold;
}

static inline size_t looks_width(const struct looks *l)
{
    return l->fold == 0 ? 256 : 32;
}

static inline void looks_add(struct looks *l, struct span payload)
{
    unsigned cls = looks_class(payload.len);
    assert_true(cls < LOOKS_CLASSES);
    size_t offsets = looks_offsets(l, cls), width = looks_width(l);
    if (l->cells[cls] == NULL)
        l->cells[cls] = calloc(offsets * width, sizeof **l->cells);
    assert_non_null(l->cells[cls]);
    l->count[cls]++;
    for (size_t i = 0; i < payload.len; i++) {
        uint32_t *at = l->cells[cls] + i % offsets * width;
        uint8_t b = payload.ptr[i];
        if (l->fold == 0) {
            at[b]++;
        } else {
            at[b >> 4]++;
            at[16 + (b & 15)]++;
        }
    }
}

/* The upper tail of chi-square: Q(degrees / 2, x / 2), by Lentz's continued fraction or the series.
 */
static inline double looks_tail(double x, unsigned degrees)
{
    double a = degrees / 2.0, z = x / 2;
    double front = exp(a * log(z) - z - lgamma(a));
    if (z < a + 1) {
        double term = 1 / a, sum = term;
        for (unsigned n = 1; n < 2000 && term > sum * 1e-15; n++)
            sum += term *= z / (a + n);
        return 1 - front * sum;
    }
    double b = z + 1 - a, c = 1e300, d = 1 / b, h = d;
    for (unsigned n = 1; n < 2000; n++) {
        double an = -(double)n * (n - a), was = h;
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        h *= d * c;
        if (fabs(h - was) < 1e-15 * h)
            break;
    }
    return front * h;
}

static inline double looks_chance(const uint32_t *cells, unsigned bins)
{
    double n = 0, x = 0;
    for (unsigned i = 0; i < bins; i++)
        n += cells[i];
    for (unsigned i = 0; i < bins; i++)
        x += (cells[i] - n / bins) * (cells[i] - n / bins) / (n / bins);
    return x > 0 ? looks_tail(x, bins - 1) : 1;
}

/* Of one offset; `tests` grows by how many were made. Too few payloads: none. */
static inline double looks_offset(const struct looks *l, const uint32_t *at, size_t *tests)
{
    uint32_t halves[32] = {0};
    uint64_t n = 0;
    for (unsigned i = 0; i < looks_width(l); i++)
        n += at[i];
    n = l->fold == 0 ? n : n / 2;
    if (n < 16u * LOOKS_EXPECTED)
        return 1;
    if (l->fold == 0 && n >= 256u * LOOKS_EXPECTED) {
        *tests += 1;
        return looks_chance(at, 256);
    }
    for (unsigned i = 0; i < looks_width(l); i++) {
        halves[l->fold == 0 ? i >> 4 : i] += at[i];
        if (l->fold == 0)
            halves[16 + (i & 15)] += at[i];
    }
    *tests += 2;
    return fmin(looks_chance(halves, 16), looks_chance(halves + 16, 16));
}

struct looks_worst {
    double chance; /* 1: nothing was judged */
    size_t offset, tests;
};

/* Of a class, but for the version byte, which is 1 in all. */
static inline struct looks_worst looks_judge(const struct looks *l, unsigned cls)
{
    struct looks_worst w = {.chance = 1};
    if (l->cells[cls] == NULL)
        return w;
    for (size_t i = 1; i < looks_offsets(l, cls); i++) {
        double p = looks_offset(l, l->cells[cls] + i * looks_width(l), &w.tests);
        if (p < w.chance) {
            w.chance = p;
            w.offset = i;
        }
    }
    if (w.tests > 0)
        w.chance = fmin(1, w.chance * (double)w.tests);
    return w;
}

static inline void looks_clear(struct looks *l)
{
    for (unsigned i = 0; i < LOOKS_CLASSES; i++)
        free(l->cells[i]);
    *l = (struct looks){.fold = l->fold};
}
