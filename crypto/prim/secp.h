/* ECDSA and Diffie-Hellman on secp256k1, as libp2p, Ethereum node records and discv5 use them.
 * Signatures are deterministic (RFC 6979) and always in the lower-S form; the other form is refused
 * on verification, as BIP 62 wants. Signing blinds with a seed derived from the secret, so no
 * randomness is needed.
 *
 * @source libp2p/specs peer-ids r2; BIP 62; SEC 1 2.3.3
 */
#pragma once

#include "crypto/base/span.h"

#define SECP_SECRET_BYTES  32u
#define SECP_PUBLIC_BYTES  33u /* compressed */
#define SECP_COMPACT_BYTES 64u /* r, s */
#define SECP_DER_BYTES_MAX 72u

/** The compressed public key of a secret.
 *
 * @return OK; ERR_ARGUMENT zero or not below the group order
 */
enum err secp_public(const uint8_t secret[SECP_SECRET_BYTES],
                     uint8_t pub[SECP_PUBLIC_BYTES]) MUST_CHECK;

/** Sign a 32-byte hash into r, s. OK; ERR_ARGUMENT an invalid secret. */
enum err secp_sign_hash(const uint8_t secret[SECP_SECRET_BYTES], const uint8_t hash[32],
                        uint8_t sig[SECP_COMPACT_BYTES]) MUST_CHECK;

/** Verify r, s over a 32-byte hash.
 *
 * @param pub  compressed or uncompressed point (in)
 * @return OK; ERR_FORMAT no point of the curve; ERR_AUTH
 */
enum err secp_verify_hash(struct span pub, const uint8_t hash[32],
                          const uint8_t sig[SECP_COMPACT_BYTES]) MUST_CHECK;

/** Sign the SHA-256 of `msg` into DER, as libp2p wants it. OK; ERR_ARGUMENT an invalid secret. */
enum err secp_sign_der(const uint8_t secret[SECP_SECRET_BYTES], struct span msg,
                       uint8_t sig[SECP_DER_BYTES_MAX], size_t *sig_len) MUST_CHECK;

/** Verify a DER signature over the SHA-256 of `msg`.
 *
 * @param pub  compressed or uncompressed point (in)
 * @return OK; ERR_FORMAT no point of the curve; ERR_AUTH
 */
enum err secp_verify_der(struct span pub, struct span msg, struct span sig) MUST_CHECK;

/** The shared point of a secret and a public key, compressed, not hashed (discv5 wants it so).
 *
 * @return OK; ERR_FORMAT no point of the curve; ERR_ARGUMENT an invalid secret
 */
enum err secp_ecdh(const uint8_t secret[SECP_SECRET_BYTES], struct span pub,
                   uint8_t out[SECP_PUBLIC_BYTES]) MUST_CHECK;

/** A public key in its 64-byte form, x and y (Ethereum node ids hash it). OK; ERR_FORMAT. */
enum err secp_uncompressed(struct span pub, uint8_t out[64]) MUST_CHECK;
