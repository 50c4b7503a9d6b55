/* Signatures: Ed25519, and every scheme that MLS suites name as descriptors.
 *
 * There is ONE Ed25519 verifier in the house, because two that disagree on odd signatures would
 * fork a group: libsodium's (twice as fast as OpenSSL's). Its rules: S must be below the group
 * order; the public key must be canonical (y < p), on the curve and not of small order; R must not
 * be of small order, and is compared as bytes with the recomputed one (cofactorless equation), so a
 * non-canonical R never passes. A key of mixed order is not refused as such.
 * tests/unit/crypto/prim/test_sign.c holds these rules against known odd signatures.
 *
 * Signing is deterministic for all schemes (RFC 8032; RFC 6979 for ECDSA): no randomness enters,
 * and a simulation repeats. Constant time in the secrets; verification handles public data only.
 */
#pragma once

#include "crypto/prim/sha2.h"

#define ED25519_SEED_BYTES       32u
#define ED25519_PUBLIC_BYTES     32u
#define ED25519_SIGNATURE_BYTES  64u
#define SIGN_SECRET_BYTES_MAX    66u  /* P-521 */
#define SIGN_PUBLIC_BYTES_MAX    133u /* P-521 */
#define SIGN_SIGNATURE_BYTES_MAX 139u /* P-521 in DER */

/** Public key of a 32-byte seed. @source RFC 8032 5.1.5 */
void ed25519_public(const uint8_t seed[ED25519_SEED_BYTES], uint8_t pk[ED25519_PUBLIC_BYTES]);

/** Sign.
 *
 * @param pk  what ed25519_public gave for this seed: signing under another one leaks the key (in)
 * @source RFC 8032 5.1.6
 */
void ed25519_sign(const uint8_t seed[ED25519_SEED_BYTES], const uint8_t pk[ED25519_PUBLIC_BYTES],
                  struct span msg, uint8_t sig[ED25519_SIGNATURE_BYTES]);

/** Verify by the rules above. OK; ERR_AUTH. @source RFC 8032 5.1.7 */
enum err ed25519_verify(const uint8_t pk[ED25519_PUBLIC_BYTES], struct span msg,
                        const uint8_t sig[ED25519_SIGNATURE_BYTES]) MUST_CHECK;

/* one signature scheme; compare descriptors by address */
struct sign {
    const char *name; /* "Ed25519" */
    size_t secret_bytes, public_bytes;
    size_t signature_bytes_max; /* exact for the Edwards schemes; DER varies for ECDSA */
    enum err (*public_of)(const struct sign *s, const uint8_t *secret, uint8_t *pub);
    enum err (*make)(const struct sign *s, const uint8_t *secret, const uint8_t *pub,
                     struct span msg, uint8_t *sig, size_t *sig_len);
    enum err (*verify)(const struct sign *s, const uint8_t *pub, struct span msg, struct span sig);
    const struct hash *hash; /* of ECDSA, for message and nonce */
    int curve;               /* libcrypto's number */
};

extern const struct sign sign_ed25519, sign_ed448, sign_ecdsa_p256_sha256, sign_ecdsa_p384_sha384,
    sign_ecdsa_p521_sha512;

/** Public key of s->public_bytes (ECDSA: uncompressed point).
 *
 * @return OK; ERR_ARGUMENT no scalar in [1, order); ERR_MEMORY; ERR_CRYPTO
 */
enum err sign_public(const struct sign *s, const uint8_t *secret, uint8_t *pub) MUST_CHECK;

/** Sign `msg` (hashed inside).
 *
 * @param pub      the public key of `secret` (in)
 * @param sig      room for s->signature_bytes_max (out)
 * @param sig_len  length written (out)
 * @return OK; ERR_ARGUMENT; ERR_MEMORY; ERR_CRYPTO
 */
enum err sign_make(const struct sign *s, const uint8_t *secret, const uint8_t *pub, struct span msg,
                   uint8_t *sig, size_t *sig_len) MUST_CHECK;

/** Verify.
 *
 * @param pub  any length: another than s->public_bytes fails like a bad signature (in)
 * @return OK; ERR_AUTH; ERR_MEMORY
 */
enum err sign_verify(const struct sign *s, struct span pub, struct span msg,
                     struct span sig) MUST_CHECK;
