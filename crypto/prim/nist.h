/* Inside crypto/prim: what ECDH and ECDSA over P-256, P-384 and P-521 share. */
#pragma once

#include "crypto/base/span.h"

#include <openssl/bn.h>
#include <openssl/ec.h>

/** The group of a libcrypto curve number; made once, const afterwards. NULL when memory is out. */
const EC_GROUP *nist_group(int curve);

/** A secret scalar in [1, order), flagged for constant-time use; free with BN_clear_free.
 *
 * @return OK; ERR_ARGUMENT out of range; ERR_MEMORY
 */
enum err nist_scalar(const EC_GROUP *group, const uint8_t *bytes, size_t len,
                     BIGNUM **out) MUST_CHECK;

/** An uncompressed point on the curve; free with EC_POINT_free. OK; ERR_FORMAT; ERR_MEMORY. */
enum err nist_point(const EC_GROUP *group, const uint8_t *bytes, size_t len, BN_CTX *ctx,
                    EC_POINT **out) MUST_CHECK;

/** Public key (uncompressed, `pub_len` bytes) of a scalar of `len` bytes. */
enum err nist_public(int curve, const uint8_t *secret, size_t len, uint8_t *pub,
                     size_t pub_len) MUST_CHECK;
