/* Cipher suites and the labelled functions that every chapter uses: the one place where this room
 * meets crypto/prim and crypto/hpke.
 *
 * Code points: 0x0001..0x0007 are RFC 9420 17.1. No post-quantum suite has a registered number yet.
 * Ours (MLS_SUITE_XWING) is in the range for private use; ts-mls counts its own from 0x004D, of
 * which 0x0053 and 0x0054 are in the table so that both can talk (draft-ietf-mls-pq-ciphersuites
 * will number its suites when it is done; those would be further lines).
 */
#pragma once

#include "crypto/base/env.h"
#include "crypto/hpke/hpke.h"
#include "crypto/mls/error.h"
#include "crypto/mls/params.h"
#include "crypto/prim/aead.h"
#include "crypto/prim/sha2.h"
#include "crypto/prim/sign.h"

#define MLS_SUITE_X25519_CHACHA 0x0003 /* crowd/1 */
#define MLS_SUITE_XWING         0xF042 /* X-Wing, ChaCha20-Poly1305, SHA-256, Ed25519: all else */

struct mls_suite {
    uint16_t code;
    const char *name; /* as in the registry */
    const struct hash *hash;
    const struct aead *aead;
    struct hpke_suite hpke;
    const struct sign *sign;
    size_t key_bytes; /* of the AEAD */
};

/** Lengths of HPKE keys, of what an encapsulation sends, and of the randomness it takes: in bytes.
 */
static inline size_t mls_private_bytes(const struct mls_suite *s)
{
    return s->hpke.kem->secret_bytes;
}
static inline size_t mls_public_bytes(const struct mls_suite *s)
{
    return s->hpke.kem->public_bytes;
}
static inline size_t mls_kem_output_bytes(const struct mls_suite *s)
{
    return s->hpke.kem->enc_bytes;
}
static inline size_t mls_seed_bytes(const struct mls_suite *s)
{
    return s->hpke.kem->random_bytes;
}

/** The suite of a code point; NULL when it is not in the table. */
const struct mls_suite *mls_suite(uint16_t code);

/** The i-th suite of the table; NULL at its end. */
const struct mls_suite *mls_suite_at(size_t i);

/* KDF.Nh bytes of key material; the suite knows how many count */
struct mls_secret {
    uint8_t bytes[MLS_HASH_MAX];
};

static inline struct span mls_secret_span(const struct mls_suite *s, const struct mls_secret *k)
{
    return span_of(k->bytes, s->hash->bytes);
}

/* an HPKE key pair */
struct mls_key_pair {
    uint8_t secret[MLS_PRIVATE_MAX], pub[MLS_PUBLIC_MAX];
};

/* Whoever holds a signature key signs for us: the keyring in the node, a raw key in tests. */
struct mls_signer {
    struct span public_key; /* borrowed */
    /** Sign `message`, write at most MLS_SIGNATURE_MAX bytes. */
    enum err (*sign)(void *ctx, struct span message, uint8_t *sig, size_t *sig_len);
    void *ctx;
};

/* Heavy sums as independent jobs: run fn(arg, i) for every i < count, in any order, on any threads,
 * and return when all are done. A NULL pool runs them one after another. */
struct mls_pool {
    void (*run)(void *state, void (*fn)(void *arg, size_t i), void *arg, size_t count);
    void *state;
};

void mls_parallel(const struct mls_pool *pool, void (*fn)(void *arg, size_t i), void *arg,
                  size_t count);

/* -- hashes and key derivation: nothing here can fail -- */

/** MAC of RFC 9420 5.1: HMAC with the suite's hash; out has hash->bytes. */
void mls_mac(const struct mls_suite *s, struct span key, struct span data, uint8_t *out);

/** RefHash with "MLS 1.0 " + label + " Reference". @source RFC 9420 5.2 */
void mls_ref_hash(const struct mls_suite *s, const char *label, struct span value, uint8_t *out);

/** RefHash with the label as it is. */
void mls_ref_hash_raw(const struct mls_suite *s, struct span label, struct span value,
                      uint8_t *out);

/** KDF.Extract(salt, ikm). */
void mls_extract(const struct mls_suite *s, struct span salt, struct span ikm,
                 struct mls_secret *out);

/** ExpandWithLabel. len <= 255 * hash->bytes. @source RFC 9420 8 */
void mls_expand(const struct mls_suite *s, struct span secret, struct span label,
                struct span context, uint8_t *out, size_t len);

/** DeriveSecret. @source RFC 9420 8 */
void mls_derive(const struct mls_suite *s, struct span secret, const char *label,
                struct mls_secret *out);

/** DeriveTreeSecret. @source RFC 9420 9.1 */
void mls_derive_tree(const struct mls_suite *s, struct span secret, const char *label,
                     uint32_t generation, uint8_t *out, size_t len);

/* -- signatures -- */

/** SignWithLabel over the concatenation of `count` parts.
 *
 * @param sig      MLS_SIGNATURE_MAX bytes (out)
 * @return OK; ERR_MEMORY; what the signer returns
 * @source RFC 9420 5.1.2
 */
enum err mls_sign(const struct mls_signer *signer, const char *label, const struct span *parts,
                  size_t count, uint8_t *sig, size_t *sig_len) MUST_CHECK;

/** VerifyWithLabel. OK; ERR_AUTH; ERR_MEMORY. */
enum err mls_verify(const struct mls_suite *s, struct span public_key, const char *label,
                    const struct span *parts, size_t count, struct span sig) MUST_CHECK;

/* -- HPKE -- */

/** KEM.DeriveKeyPair. */
enum err mls_derive_key_pair(const struct mls_suite *s, struct span ikm,
                             struct mls_key_pair *out) MUST_CHECK;

/** A fresh key pair. */
enum err mls_key_pair(const struct mls_suite *s, struct rng *rng,
                      struct mls_key_pair *out) MUST_CHECK;

/** The public key of a private key, mls_public_bytes. OK; ERR_ARGUMENT; ERR_MEMORY. */
enum err mls_public_of(const struct mls_suite *s, struct span secret, uint8_t *pub) MUST_CHECK;

/* EncryptContext of one label and context, hashed once for any number of recipients: the context of
 * a Welcome is as long as the tree. Read-only in jobs. */
struct mls_seal_context {
    const struct mls_suite *suite;
    uint8_t info_hash[MLS_HASH_MAX];
};

/** @source RFC 9420 5.1.3 */
void mls_seal_context_init(struct mls_seal_context *c, const struct mls_suite *s, const char *label,
                           struct span context);

/** EncryptWithLabel.
 *
 * @param seed        mls_seed_bytes fresh random bytes (in)
 * @param kem_output  mls_kem_output_bytes (out)
 * @param ciphertext  plain.len + MLS_AEAD_TAG (out)
 * @return OK; MLS_BAD_PUBLIC_KEY; ERR_MEMORY; ERR_CRYPTO
 */
enum err mls_seal(const struct mls_seal_context *c, struct span public_key, struct span plain,
                  const uint8_t *seed, uint8_t *kem_output, uint8_t *ciphertext) MUST_CHECK;

/** DecryptWithLabel under a private key and its public key.
 *
 * @param out  ciphertext.len - MLS_AEAD_TAG (out)
 * @return OK; ERR_AUTH; ERR_MEMORY
 */
enum err mls_open(const struct mls_seal_context *c, struct span secret, struct span public_key,
                  struct span kem_output, struct span ciphertext, uint8_t *out) MUST_CHECK;

/** Make the init secret of an external commit; kem_output has mls_kem_output_bytes. @source 8.3 */
enum err mls_external_init_make(const struct mls_suite *s, struct span external_pub,
                                struct rng *rng, uint8_t *kem_output,
                                struct mls_secret *init_secret) MUST_CHECK;

/** Receive it. */
enum err mls_external_init_open(const struct mls_suite *s, const struct mls_key_pair *external,
                                struct span kem_output, struct mls_secret *init_secret) MUST_CHECK;
