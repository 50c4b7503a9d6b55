/* The Keccak family: SHA3-256, SHA3-512, SHAKE128, SHAKE256 (FIPS 202), and Ethereum's Keccak-256,
 * which pads as the submission of 2011 did.
 *
 * A running sponge is a plain value: copy it to fork, wipe it with keccak_clear when it took
 * secrets. Constant time. Written here because libcrypto before 3.3 squeezes once only, and has no
 * Keccak-256 before 3.2.
 */
#pragma once

#include "crypto/base/span.h"

#define SHAKE128_RATE 168u /* bytes a permutation gives */
#define SHAKE256_RATE 136u

/* one function of the family */
struct keccak_variant {
    uint8_t rate;   /* bytes taken or given by a permutation */
    uint8_t suffix; /* domain separation and first bit of the padding */
};

#define KECCAK_SHAKE128 ((struct keccak_variant){SHAKE128_RATE, 0x1f})
#define KECCAK_SHAKE256 ((struct keccak_variant){SHAKE256_RATE, 0x1f})
#define KECCAK_SHA3_256 ((struct keccak_variant){136, 0x06})
#define KECCAK_SHA3_512 ((struct keccak_variant){72, 0x06})
#define KECCAK_256      ((struct keccak_variant){136, 0x01})

struct keccak {
    uint64_t lanes[25];
    struct keccak_variant variant;
    uint8_t at; /* next byte of the rate to take in or give out */
    bool squeezing;
};

/** Begin. */
void keccak_init(struct keccak *k, struct keccak_variant variant);

/** Take `in`; not after the first squeeze. */
void keccak_absorb(struct keccak *k, struct span in);

/** Give the next `len` bytes; as often as wanted for SHAKE, once the digest's length for the
 * others.
 */
void keccak_squeeze(struct keccak *k, uint8_t *out, size_t len);

/** Wipe. */
void keccak_clear(struct keccak *k);

/** `len` bytes of the concatenation of `count` parts, in one call. */
void keccak_parts(struct keccak_variant variant, const struct span *parts, size_t count,
                  uint8_t *out, size_t len);

/** Ethereum's hash (discv5 node ids, ENR "v4"). */
void keccak256(struct span in, uint8_t out[32]);

/** @source FIPS 202 6.1 */
void sha3_256(struct span in, uint8_t out[32]);

/** @source FIPS 202 6.1 */
void sha3_512(struct span in, uint8_t out[64]);

/** @source FIPS 202 6.2 */
void shake256(struct span in, uint8_t *out, size_t len);
