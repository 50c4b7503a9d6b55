/* scrypt (RFC 7914): keys from passphrases. Takes a good part of a second and much memory on
 * purpose, so whoever calls it does so in a job. */
#pragma once

#include "crypto/base/span.h"

/* N = 2^log_n, r, p; memory is 128 * r * N bytes */
struct scrypt_cost {
    uint8_t log_n, r, p;
};

#define SCRYPT_LOG_N_MAX 20u /* 1 GiB with r = 8: what a stored file may ask of us */
#define SCRYPT_R_MAX     8u
#define SCRYPT_P_MAX     4u

/** Derive `len` bytes.
 *
 * @return OK; ERR_LIMIT a cost of zero or over the maxima; ERR_MEMORY
 * @source RFC 7914 6
 */
enum err scrypt(struct span passphrase, struct span salt, struct scrypt_cost cost, uint8_t *out,
                size_t len) MUST_CHECK;
