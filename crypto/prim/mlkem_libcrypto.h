/* Inside crypto/prim: ML-KEM-768 of libcrypto, when built against OpenSSL 3.5 or later.
 *
 * Each function says whether it did the work. Where it did not (an older libcrypto, no memory, a
 * key that libcrypto refuses) the code of mlkem768.c does it, with the same result: all inputs are
 * given, and FIPS 203's internal algorithms have one answer. The ct preset looks at our own code.
 */
#pragma once

#include "crypto/prim/mlkem768.h"

bool mlkem_libcrypto_key_pair(const uint8_t *seed, uint8_t *pub, uint8_t *secret);

bool mlkem_libcrypto_encap(const uint8_t *pub, const uint8_t *m, uint8_t *ciphertext,
                           uint8_t *shared);

bool mlkem_libcrypto_decap(const uint8_t *secret, const uint8_t *ciphertext, uint8_t *shared);

bool mlkem_libcrypto_decap_seed(const uint8_t *seed, const uint8_t *ciphertext, uint8_t *shared);
