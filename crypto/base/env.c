#include "crypto/base/env.h"

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    assert(bound > 0);
    uint64_t limit = UINT64_MAX - UINT64_MAX % bound; /* a multiple of bound */
    uint64_t v;

    do
        rng_fill(rng, &v, sizeof v);
    while (v >= limit);
    return v % bound;
}
