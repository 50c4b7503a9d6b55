/* SHA-256, SHA-384 and SHA-512 (FIPS 180-4), one-shot and incremental.
 *
 * In: bytes, in one piece, in parts, or over time. Out: the digest. A running hash is a plain
 * value: copying the struct forks it (transcript hashes, HMAC midstates), nothing is allocated, and
 * any thread may hash at any time. Secrets may be hashed: no branch or index depends on the bytes;
 * the caller wipes the state with hash_clear when they were secret.
 *
 * The compression functions are libcrypto's (SHA-NI and friends); 32 bytes take under 100 ns.
 */
#pragma once

#include "crypto/base/span.h"

#define SHA256_BYTES     32u
#define HASH_BYTES_MAX   64u  /* SHA-512, the longest digest here */
#define HASH_BLOCK_MAX   128u /* SHA-512, the longest input block */
#define HASH_STATE_WORDS 27u  /* 216 bytes: libcrypto's SHA512_CTX */

/* one hash function; compare descriptors by address */
struct hash {
    const char *name;   /* as in the specs, "SHA-256" */
    size_t bytes;       /* digest */
    size_t block_bytes; /* what HMAC pads its key to */
    size_t state_bytes; /* of the words, in use */
    void (*init)(uint64_t *words);
    void (*add)(uint64_t *words, const uint8_t *in, size_t len);
    void (*end)(uint64_t *words, uint8_t *out);
};

extern const struct hash hash_sha256, hash_sha384, hash_sha512;

/* a hash in progress; copy it to fork */
struct hash_state {
    const struct hash *hash;
    uint64_t words[HASH_STATE_WORDS];
};

/** Begin. `s` needs no clearing before. */
void hash_init(struct hash_state *s, const struct hash *hash);

/** Copy a running hash: as assignment does, but without the words that are not in use. */
static inline void hash_fork(struct hash_state *to, const struct hash_state *from)
{
    to->hash = from->hash;
    memcpy(to->words, from->words, from->hash->state_bytes);
}

/** Take `in` into the running hash. */
void hash_add(struct hash_state *s, struct span in);

/** Write the digest, hash->bytes long, and wipe the state; only hash_init may follow. */
void hash_end(struct hash_state *s, uint8_t *out);

/** Forget a hash that will not be ended. */
void hash_clear(struct hash_state *s);

/** Digest of the concatenation of `count` parts.
 *
 * @param out  hash->bytes long (out); may overlap the parts
 */
void hash_parts(const struct hash *hash, const struct span *parts, size_t count, uint8_t *out);

/** SHA-256 in one call, the fastest way for short inputs. @source FIPS 180-4 6.2 */
void sha256(struct span in, uint8_t out[SHA256_BYTES]);

/** SHA-256 of the concatenation of `count` parts. */
void sha256_parts(const struct span *parts, size_t count, uint8_t out[SHA256_BYTES]);
