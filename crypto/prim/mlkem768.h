/* ML-KEM-768 (FIPS 203), constant time in all secrets.
 *
 * In: seeds and messages of 32 bytes from the caller's randomness. Out: keys, ciphertexts, shared
 * secrets. The seed (d || z) is the form to keep; the expanded secret key is what decapsulation
 * works with. Rejection is implicit: a ciphertext that was tampered with gives an unrelated secret,
 * not an error. Built against OpenSSL 3.5 or later the work is done by its ML-KEM, before that
 * here.
 */
#pragma once

#include "crypto/base/span.h"

#define MLKEM768_SEED_BYTES       64u   /* d || z */
#define MLKEM768_MESSAGE_BYTES    32u   /* m, the randomness of an encapsulation */
#define MLKEM768_PUBLIC_BYTES     1184u /* ek */
#define MLKEM768_SECRET_BYTES     2400u /* dk */
#define MLKEM768_CIPHERTEXT_BYTES 1088u
#define MLKEM768_SHARED_BYTES     32u

/** Expand a seed. @source FIPS 203 algorithm 16, ML-KEM.KeyGen_internal */
void mlkem768_key_pair(const uint8_t seed[MLKEM768_SEED_BYTES], uint8_t pub[MLKEM768_PUBLIC_BYTES],
                       uint8_t secret[MLKEM768_SECRET_BYTES]);

/** Is `pub` an encapsulation key: are all its coefficients reduced? OK; ERR_AUTH.
 *
 * @source FIPS 203 7.2, modulus check
 */
enum err mlkem768_check_public(const uint8_t pub[MLKEM768_PUBLIC_BYTES]) MUST_CHECK;

/** Does `secret` hold the hash of the public key inside it? OK; ERR_CORRUPT.
 *
 * For expanded keys that were stored; keys made from a seed need no check.
 *
 * @source FIPS 203 7.3, hash check
 */
enum err mlkem768_check_secret(const uint8_t secret[MLKEM768_SECRET_BYTES]) MUST_CHECK;

/** Encapsulate to `pub` with the message m.
 *
 * @return OK; ERR_AUTH `pub` is no encapsulation key
 * @source FIPS 203 algorithms 17 and 20
 */
enum err mlkem768_encap(const uint8_t pub[MLKEM768_PUBLIC_BYTES],
                        const uint8_t m[MLKEM768_MESSAGE_BYTES],
                        uint8_t ciphertext[MLKEM768_CIPHERTEXT_BYTES],
                        uint8_t shared[MLKEM768_SHARED_BYTES]) MUST_CHECK;

/** Decapsulate; never fails, see above. @source FIPS 203 algorithm 18 */
void mlkem768_decap(const uint8_t secret[MLKEM768_SECRET_BYTES],
                    const uint8_t ciphertext[MLKEM768_CIPHERTEXT_BYTES],
                    uint8_t shared[MLKEM768_SHARED_BYTES]);

/** Decapsulate with the key that `seed` expands to, in one go. */
void mlkem768_decap_seed(const uint8_t seed[MLKEM768_SEED_BYTES],
                         const uint8_t ciphertext[MLKEM768_CIPHERTEXT_BYTES],
                         uint8_t shared[MLKEM768_SHARED_BYTES]);
