/* Allowances: so many a second and so many at once, for all together or per address. The table of
 * addresses has a fixed size; a flood from ever new addresses pushes others out, and is held by the
 * allowance for all.
 */
#pragma once

#include "crypto/base/env.h"
#include "net/discovery/params.h"

/* one allowance, as the time at which it would be whole again (GCRA) */
struct allowance {
    int64_t whole_ns;
};

struct limits {
    struct limit_slot *slots; /* DISCV5_LIMITS_MAX in sets of four */
    uint8_t seed[16];
    uint32_t per_s, burst;
};

/** Take one. False: there is none left. */
bool allowance_take(struct allowance *a, struct mono now, uint32_t per_s, uint32_t burst);

/** OK; ERR_MEMORY. */
enum err limits_init(struct limits *l, struct rng *rng, uint32_t per_s, uint32_t burst) MUST_CHECK;
void limits_clear(struct limits *l);

/** Take one of this address (IPv6: of its /64). */
bool limits_take(struct limits *l, struct mono now, const uint8_t ip[16]);

/** What counts as one address: `ip`, or the first half of an IPv6 one. */
void limits_key(const uint8_t ip[16], uint8_t key[16]);
