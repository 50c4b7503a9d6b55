/* HMAC (RFC 2104) and HKDF (RFC 5869) over the hashes of sha2.h.
 *
 * Nothing is allocated and nothing can fail. A key used more than once is kept as struct hmac_key:
 * its two padded blocks are hashed once, which halves the cost of every short MAC. All functions
 * are constant time in keys and messages; lengths are public.
 */
#pragma once

#include "crypto/prim/sha2.h"

#define HKDF_EXPAND_MAX(hash) (255u * (hash)->bytes)

/* an HMAC key, ready for any number of MACs; a value, wiped by hmac_key_clear */
struct hmac_key {
    struct hash_state inner, outer; /* after key ^ ipad, key ^ opad */
};

/** Prepare a key of any length. */
void hmac_key_init(struct hmac_key *k, const struct hash *hash, struct span key);

/** Wipe it. */
void hmac_key_clear(struct hmac_key *k);

/** MAC of the concatenation of `count` parts under a prepared key.
 *
 * @param out  hash->bytes long (out); may overlap the parts
 */
void hmac_with(const struct hmac_key *k, const struct span *parts, size_t count, uint8_t *out);

/** MAC of the concatenation of `count` parts, hash->bytes long. @source RFC 2104 */
void hmac(const struct hash *hash, struct span key, const struct span *parts, size_t count,
          uint8_t *out);

/** The pseudorandom key of `ikm` under `salt` (empty: zeros), hash->bytes long.
 *
 * @source RFC 5869 2.2
 */
void hkdf_extract(const struct hash *hash, struct span salt, struct span ikm, uint8_t *out);

/** hkdf_extract of input keying material that comes in parts. */
void hkdf_extract_parts(const struct hash *hash, struct span salt, const struct span *parts,
                        size_t count, uint8_t *out);

/** `len` bytes of output keying material.
 *
 * @param prk  pseudorandom key, at least hash->bytes long (in)
 * @param len  at most HKDF_EXPAND_MAX(hash), asserted: whoever takes a length from outside checks
 * it
 * @source RFC 5869 2.3
 */
void hkdf_expand(const struct hash *hash, struct span prk, struct span info, uint8_t *out,
                 size_t len);

/** hkdf_expand of an info that comes in parts (labels). */
void hkdf_expand_parts(const struct hash *hash, struct span prk, const struct span *info,
                       size_t count, uint8_t *out, size_t len);

/** hkdf_expand under a prepared key: for several outputs of one prk. */
void hkdf_expand_with(const struct hmac_key *prk, const struct span *info, size_t count,
                      uint8_t *out, size_t len);
