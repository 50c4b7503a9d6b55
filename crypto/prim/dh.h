/* Diffie-Hellman functions: X25519 (RFC 7748), and every group that HPKE and MLS name as
 * descriptors.
 *
 * Secrets are the raw bytes of the specs, made by the caller from env->rng (for the NIST curves by
 * HPKE's DeriveKeyPair, or by drawing until dh_public accepts). Public keys and shared secrets are
 * in the specs' encodings: u-coordinates for X25519 and X448; uncompressed points and x-coordinates
 * for the NIST curves. Constant time in the secrets; public keys are checked: points off the curve,
 * and results of zero, are refused.
 */
#pragma once

#include "crypto/base/span.h"

#define X25519_BYTES        32u
#define DH_SECRET_BYTES_MAX 66u  /* P-521 */
#define DH_PUBLIC_BYTES_MAX 133u /* P-521 */
#define DH_SHARED_BYTES_MAX 66u  /* P-521 */

/** The public key of any 32 bytes. @source RFC 7748 5 */
void x25519_public(const uint8_t secret[X25519_BYTES], uint8_t pub[X25519_BYTES]);

/** Shared secret. OK; ERR_AUTH all zero: the other side sent a point of small order.
 *
 * On failure `out` is zeros.
 */
enum err x25519(const uint8_t secret[X25519_BYTES], const uint8_t pub[X25519_BYTES],
                uint8_t out[X25519_BYTES]) MUST_CHECK;

/* one group; compare descriptors by address */
struct dh {
    const char *name; /* "X25519" */
    size_t secret_bytes, public_bytes, shared_bytes;
    uint8_t top_mask; /* of the first byte of a drawn NIST secret; 0: any bytes are a secret */
    enum err (*public_of)(const struct dh *d, const uint8_t *secret, uint8_t *pub);
    enum err (*agree)(const struct dh *d, const uint8_t *secret, const uint8_t *pub, uint8_t *out);
    enum err (*check)(const struct dh *d, const uint8_t *pub); /* NULL: any bytes are a key */
    int curve;                                                 /* libcrypto's number */
};

extern const struct dh dh_x25519, dh_x448, dh_p256, dh_p384, dh_p521;

/** Public key of d->public_bytes.
 *
 * @return OK; ERR_ARGUMENT not a scalar in [1, order); ERR_MEMORY; ERR_CRYPTO
 */
enum err dh_public(const struct dh *d, const uint8_t *secret, uint8_t *pub) MUST_CHECK;

/** Shared secret of d->shared_bytes; zeros on failure.
 *
 * @param pub  d->public_bytes of the other side (in)
 * @return OK; ERR_AUTH not a point of the group, or the result is zero; ERR_ARGUMENT our secret is
 * no scalar; ERR_MEMORY; ERR_CRYPTO
 */
enum err dh_agree(const struct dh *d, const uint8_t *secret, const uint8_t *pub,
                  uint8_t *out) MUST_CHECK;

/** Is `pub` (d->public_bytes) a valid public key: for NIST curves a point on the curve? OK;
 * ERR_FORMAT; ERR_MEMORY. */
enum err dh_check_public(const struct dh *d, const uint8_t *pub) MUST_CHECK;
