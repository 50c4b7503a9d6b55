/* How much of a shard is let in. A meter runs full at the limit and empties at the limit's rate, so
 * that it shows the bytes of the last second or so; what comes while it is full stays outside. */
#include "crypto/base/map.h"
#include "net/waku/waku.h"

#include <stdlib.h>

struct meter {
    int64_t level_ns; /* time that the admitted bytes take at the limit's rate */
    struct mono at;
};

struct bandwidth {
    uint64_t limit_bytes_s;
    struct map meters; /* by pubsub topic */
};

struct bandwidth *bandwidth_new(const struct env *env, uint64_t limit_bytes_s)
{
    uint8_t seed[16];
    struct bandwidth *b = calloc(1, sizeof *b);

    if (b == NULL)
        return NULL;
    rng_fill(env->rng, seed, sizeof seed);
    b->limit_bytes_s = limit_bytes_s;
    map_init(&b->meters, seed, WAKU_METERS_MAX);
    return b;
}

void bandwidth_free(struct bandwidth *b)
{
    size_t cursor = 0;
    struct meter *m;

    if (b == NULL)
        return;
    while ((m = map_next(&b->meters, &cursor, NULL)) != NULL)
        free(m);
    map_clear(&b->meters);
    free(b);
}

static struct meter *meter_of(struct bandwidth *b, const struct env *env, struct span topic)
{
    struct meter *m = map_get(&b->meters, topic);

    if (m != NULL)
        return m;
    m = calloc(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->at = env->now;
    if (map_put(&b->meters, topic, m) != OK) {
        free(m);
        return NULL;
    }
    return m;
}

bool bandwidth_admits(struct bandwidth *b, const struct env *env, struct span topic, size_t bytes)
{
    if (b->limit_bytes_s == 0)
        return true;
    struct meter *m = meter_of(b, env, topic);
    if (m == NULL)
        return true; /* a topic more than we can meter is none of ours: relay has bounds too */
    int64_t passed = env->now.ns - m->at.ns;
    m->at = env->now;
    m->level_ns = m->level_ns > passed ? m->level_ns - passed : 0;
    if (m->level_ns >= NS_PER_S)
        return false;
    m->level_ns += (int64_t)((uint64_t)bytes * (uint64_t)NS_PER_S / b->limit_bytes_s);
    return true;
}
