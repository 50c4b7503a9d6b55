/* Hybrid public key encryption: RFC 9180, with ML-KEM-768 (FIPS 203) and X-Wing
 * (draft-connolly-cfrg-xwing-kem-10, draft-ietf-hpke-pq) as further KEMs.
 *
 * In: a suite (KEM, KDF, AEAD), keys as raw bytes, randomness as env->rng. Out: encapsulated keys,
 * ciphertexts, exported secrets. Modes base, psk, auth and auth_psk; single-shot, or a context that
 * counts its messages. Nothing is drawn from anywhere but the rng given: the sender's randomness is
 * read as the ikmE of the vectors, so a run repeats.
 *
 * Constant time in all secrets. What a peer sends (enc, ciphertext, public keys) may be anything:
 * any of it that does not fit gives ERR_AUTH, one code on purpose.
 *
 *     hpke_setup_sender   -> seal, seal, ... export        hpke_seal: both in one
 *     hpke_setup_receiver -> open, open, ... export        hpke_open
 */
#pragma once

#include "crypto/base/env.h"
#include "crypto/hpke/params.h"
#include "crypto/prim/aead.h"
#include "crypto/prim/dh.h"
#include "crypto/prim/hkdf.h"

/* one key encapsulation mechanism; compare descriptors by address */
struct hpke_kem {
    const char *name; /* "DHKEM(X25519, HKDF-SHA256)" */
    uint16_t id;      /* IANA HPKE KEM identifier */
    bool auth;        /* has AuthEncap and AuthDecap */
    size_t secret_bytes, public_bytes, enc_bytes, shared_bytes;
    size_t random_bytes;     /* what one encapsulation draws */
    const struct dh *dh;     /* DHKEM's group, NULL for the others */
    const struct hash *hash; /* DHKEM's hash, NULL for the others */

    /* keys and enc have the lengths above; auth_* are NULL without authentication */
    enum err (*derive)(const struct hpke_kem *k, struct span ikm, uint8_t *secret, uint8_t *pub);
    enum err (*public_of)(const struct hpke_kem *k, const uint8_t *secret, uint8_t *pub);
    enum err (*encap)(const struct hpke_kem *k, const uint8_t *random, const uint8_t *pub,
                      const uint8_t *auth_secret, uint8_t *enc, uint8_t *shared);
    enum err (*decap)(const struct hpke_kem *k, const uint8_t *enc, const uint8_t *secret,
                      const uint8_t *pub, const uint8_t *auth_public, uint8_t *shared);
};

extern const struct hpke_kem hpke_x25519, hpke_x448, hpke_p256, hpke_p384, hpke_p521, hpke_mlkem768;

/* One KEM and one number, 0x647a, but two ways to derive a key pair from keying material: X-Wing's
 * own draft (what MLS peers of today do), and draft-ietf-hpke-pq. Keys and ciphertexts are
 * interchangeable.
 */
extern const struct hpke_kem hpke_xwing, hpke_mlkem768_x25519;

/** The KEM with this IANA identifier (0x647a: hpke_xwing), NULL when it is not one of ours. */
const struct hpke_kem *hpke_kem_by_id(uint16_t id);

struct hpke_suite {
    const struct hpke_kem *kem;
    const struct hash *kdf;  /* of HKDF */
    const struct aead *aead; /* NULL: export only */
};

/* What authenticates the sender, beside the receiver's key; NULL or all zeros is the base mode. */
struct hpke_mode {
    struct span psk, psk_id;  /* both or neither; psk at least HPKE_PSK_BYTES_MIN */
    struct span auth_secret;  /* the sender's, when setting up the sender */
    struct span auth_public;  /* the sender's, when setting up the receiver */
    const uint8_t *info_hash; /* of hpke_info_hash: stands for info, which is then not read */
};

/** Hash an info of any length, in parts, once for many recipients (MLS seals to a whole group under
 * a context as long as its tree).
 *
 * @param out  suite->kdf->bytes (out)
 * @source RFC 9180 5.1 (info_hash)
 */
void hpke_info_hash(const struct hpke_suite *suite, const struct span *parts, size_t count,
                    uint8_t *out);

/** Derive a key pair from at least secret_bytes of keying material.
 *
 * @param secret  kem->secret_bytes (out)
 * @param pub     kem->public_bytes (out)
 * @return OK; ERR_CRYPTO no valid key in 256 tries (never seen); ERR_MEMORY; both wiped on failure
 * @source RFC 9180 7.1.3; draft-ietf-hpke-pq 4 for ML-KEM and X-Wing
 */
enum err hpke_derive_key_pair(const struct hpke_kem *kem, struct span ikm, uint8_t *secret,
                              uint8_t *pub) MUST_CHECK;

/** A fresh key pair: hpke_derive_key_pair of secret_bytes from rng. */
enum err hpke_key_pair(const struct hpke_kem *kem, struct rng *rng, uint8_t *secret,
                       uint8_t *pub) MUST_CHECK;

/** The public key of a secret key. OK; ERR_ARGUMENT wrong length or no key; ERR_MEMORY. */
enum err hpke_public(const struct hpke_kem *kem, struct span secret, uint8_t *pub) MUST_CHECK;

/* one direction of messages; start with {0} */
struct hpke_context {
    struct hpke_suite suite;
    struct aead_key aead;
    uint8_t base_nonce[AEAD_NONCE_BYTES];
    uint8_t exporter_secret[HASH_BYTES_MAX];
    uint64_t sequence; /* number of the next message */
    bool sender;
};

/** Encapsulate to `pub` and begin a context.
 *
 * @param c     any state but alive (out); hpke_context_clear when done
 * @param pub   the receiver's public key, any bytes (in)
 * @param info  application's context, at most HPKE_INFO_BYTES_MAX (in)
 * @param mode  NULL: base (in)
 * @param enc   suite->kem->enc_bytes (out)
 * @return OK; ERR_AUTH not a public key; ERR_ARGUMENT mode does not fit (psk without psk_id, too
 *         short, KEM without authentication); ERR_MEMORY; ERR_CRYPTO
 * @source RFC 9180 5.1
 */
enum err hpke_setup_sender(struct hpke_context *c, const struct hpke_suite *suite, struct rng *rng,
                           struct span pub, struct span info, const struct hpke_mode *mode,
                           uint8_t *enc) MUST_CHECK;

/** Decapsulate and begin the same context.
 *
 * @param enc     from the sender, any bytes (in)
 * @param secret  ours, kem->secret_bytes (in)
 * @param pub     ours, or empty: computed, which costs a scalar multiplication (in)
 * @return as hpke_setup_sender
 * @source RFC 9180 5.1
 */
enum err hpke_setup_receiver(struct hpke_context *c, const struct hpke_suite *suite,
                             struct span enc, struct span secret, struct span pub, struct span info,
                             const struct hpke_mode *mode) MUST_CHECK;

/** Encrypt the next message.
 *
 * @param out  text.len + AEAD_TAG_BYTES (out)
 * @return OK; ERR_FULL the sequence numbers are used up; ERR_ARGUMENT; ERR_CRYPTO
 * @source RFC 9180 5.2
 */
enum err hpke_context_seal(struct hpke_context *c, struct span ad, struct span text,
                           uint8_t *out) MUST_CHECK;

/** Decrypt the next message; on failure the sequence number stays.
 *
 * @param out  sealed.len - AEAD_TAG_BYTES (out); zeros on failure
 * @return OK; ERR_AUTH; ERR_FULL
 * @source RFC 9180 5.2
 */
enum err hpke_context_open(struct hpke_context *c, struct span ad, struct span sealed,
                           uint8_t *out) MUST_CHECK;

/** Export `len` bytes, at most HKDF_EXPAND_MAX(kdf), bound to `context`. @source RFC 9180 5.3 */
void hpke_export(const struct hpke_context *c, struct span context, uint8_t *out, size_t len);

/** Wipe and free. Harmless on a cleared context. */
void hpke_context_clear(struct hpke_context *c);

/** Encapsulate and encrypt one message in base mode (other modes: set up a context).
 *
 * @param enc  suite->kem->enc_bytes (out)
 * @param out  text.len + AEAD_TAG_BYTES (out)
 * @return as hpke_setup_sender
 * @source RFC 9180 6.1
 */
enum err hpke_seal(const struct hpke_suite *suite, struct rng *rng, struct span pub,
                   struct span info, struct span ad, struct span text, uint8_t *enc,
                   uint8_t *out) MUST_CHECK;

/** Decapsulate and decrypt one message in base mode.
 *
 * @param pub  as for hpke_setup_receiver
 * @param out  sealed.len - AEAD_TAG_BYTES (out); zeros on failure
 * @return OK; ERR_AUTH; ERR_ARGUMENT our key is none; ERR_MEMORY; ERR_CRYPTO
 * @source RFC 9180 6.1
 */
enum err hpke_open(const struct hpke_suite *suite, struct span enc, struct span secret,
                   struct span pub, struct span info, struct span ad, struct span sealed,
                   uint8_t *out) MUST_CHECK;
