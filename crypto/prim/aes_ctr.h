/* AES-128 in counter mode, without authentication: discv5 masks packet headers with it, under a
 * public key, against simple filters. It hides nothing; never for secrets.
 *
 * @source NIST SP 800-38A 6.5; the counter is the whole block, big endian
 */
#pragma once

#include "crypto/base/span.h"

#define AES_CTR_KEY_BYTES 16u
#define AES_CTR_IV_BYTES  16u

/** Encrypt or decrypt `in` from the first block on.
 *
 * @param out  in.len bytes (out); may be where `in` lies
 * @return OK; ERR_MEMORY; ERR_CRYPTO; ERR_ARGUMENT 2 GiB or more
 */
enum err aes128_ctr(const uint8_t key[AES_CTR_KEY_BYTES], const uint8_t iv[AES_CTR_IV_BYTES],
                    struct span in, uint8_t *out) MUST_CHECK;
