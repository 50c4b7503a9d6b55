/* Everything impure that an engine may see. A function without an env parameter has neither clock
 * nor randomness nor log. node/evio fills it from the system, sim from virtual time and a seed. */
#pragma once

#include "crypto/base/arena.h"
#include "crypto/base/log.h"

/* monotonic time for deadlines, ns since an arbitrary start */
struct mono {
    int64_t ns;
};

/* wall-clock time for message timestamps, ns since 1970-01-01 UTC */
struct wall {
    int64_t ns;
};

#define NS_PER_US 1000ll
#define NS_PER_MS 1000000ll
#define NS_PER_S  1000000000ll

#define MONO_NEVER ((struct mono){INT64_MAX})

static inline struct mono mono_add(struct mono t, int64_t ns)
{
    return (struct mono){t.ns > INT64_MAX - ns ? INT64_MAX : t.ns + ns};
}
static inline struct mono mono_min(struct mono a, struct mono b)
{
    return a.ns < b.ns ? a : b;
}

/* a source of random bytes; cryptographically strong in the node, seeded in sim and tests */
struct rng {
    void (*fill)(void *state, uint8_t *out, size_t len);
    void *state;
};

struct env {
    struct mono now;
    struct wall wall;
    struct rng *rng;
    const struct log *log; /* NULL: silent */
    struct arena *scratch; /* emptied by the driver after each event */
};

static inline void rng_fill(struct rng *rng, void *out, size_t len)
{
    rng->fill(rng->state, out, len);
}

/** Uniform number in [0, bound), bound > 0, without modulo bias. */
uint64_t rng_below(struct rng *rng, uint64_t bound);
