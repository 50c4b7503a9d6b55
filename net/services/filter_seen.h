/* Private to net/services: message hashes of the last two minutes, so that nothing is pushed or
 * told twice. Bounded: FILTER_SEEN_MAX, the oldest are forgotten first. */
#pragma once

#include "crypto/base/env.h"
#include "crypto/base/fifo.h"
#include "crypto/base/map.h"

struct filter_seen {
    struct map hashes; /* hash -> itself, a struct in filter_seen.c */
    struct fifo order; /* of pointers to them, the oldest first */
};

void filter_seen_init(struct filter_seen *s, struct rng *rng);
void filter_seen_clear(struct filter_seen *s);

/** Was it seen? If not it is from now on (unless memory is out). */
bool filter_seen_before(struct filter_seen *s, struct mono now, const uint8_t hash[32]);
