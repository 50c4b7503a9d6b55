/* Random bytes from a 32-byte seed: ChaCha20 with fast key erasure. Every 1,024 bytes of key
 * stream begin with the next key, and bytes handed out are wiped, so that whoever reads the memory
 * later learns nothing about earlier output. The same seed gives the same bytes however they are
 * asked for: the simulator seeds it with (run seed, node number), the node from the system.
 *
 * @source D. J. Bernstein, "Fast-key-erasure random-number generators", 2017
 */
#pragma once

#include "crypto/base/env.h"

#define DRBG_SEED_BYTES 32u
#define DRBG_POOL_BYTES 1024u

struct drbg {
    uint8_t pool[DRBG_POOL_BYTES]; /* the first 32 bytes are the next key */
    size_t used;                   /* bytes of the pool that are handed out and wiped */
};

/** Start from a seed, which the caller wipes. */
void drbg_init(struct drbg *d, const uint8_t seed[DRBG_SEED_BYTES]);

/** Wipe; must be seeded again before use. */
void drbg_clear(struct drbg *d);

void drbg_fill(struct drbg *d, void *out, size_t len);

/** `d` as the source that struct env wants; borrows `d`. */
struct rng drbg_rng(struct drbg *d);
