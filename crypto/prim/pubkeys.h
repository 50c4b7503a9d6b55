/* Signatures of key types that we verify but never hold: RSA and ECDSA on P-256, with public keys
 * in PKIX DER (SubjectPublicKeyInfo). Public data only; not constant time.
 *
 * @source libp2p/specs peer-ids r2; RFC 8017 8.2; RFC 5480
 */
#pragma once

#include "crypto/base/span.h"

#define RSA_BITS_MIN       2048  /* bits of the modulus; go-libp2p and rust-libp2p refuse less */
#define RSA_BITS_MAX       8192  /* bits; go-libp2p: larger ones cost too much to verify */
#define PKIX_DER_BYTES_MAX 1200u /* bytes; an 8,192-bit RSA key takes 1,062 */

/** RSASSA-PKCS1-v1_5 with SHA-256.
 *
 * @param key  PKIX DER of an RSA key of RSA_BITS_MIN..RSA_BITS_MAX with an exponent below 2^32
 * @return OK; ERR_FORMAT no such DER; ERR_UNSUPPORTED another key type or size; ERR_AUTH
 */
enum err rsa_sha256_verify(struct span key, struct span msg, struct span sig) MUST_CHECK;

/** ECDSA on P-256 with SHA-256 and DER signatures.
 *
 * @param key  PKIX DER of a P-256 key
 * @return OK; ERR_FORMAT no such DER; ERR_UNSUPPORTED another key type or curve; ERR_AUTH
 */
enum err ecdsa_p256_verify(struct span key, struct span msg, struct span sig) MUST_CHECK;
