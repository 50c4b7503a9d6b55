/* ECDH over the NIST curves: the shared secret is the x-coordinate (RFC 9180 4.1, SEC 1 3.3.1).
 * EC_POINT_mul with one scalar is libcrypto's constant-time ladder. */
#include "crypto/prim/dh.h"
#include "crypto/prim/nist.h"

#include <openssl/obj_mac.h>

static enum err public_of(const struct dh *d, const uint8_t *secret, uint8_t *pub)
{
    return nist_public(d->curve, secret, d->secret_bytes, pub, d->public_bytes);
}

static enum err x_of_product(const EC_GROUP *group, const EC_POINT *q, const BIGNUM *scalar,
                             BN_CTX *ctx, uint8_t *out, size_t len)
{
    EC_POINT *p = EC_POINT_new(group);
    BIGNUM *x = BN_secure_new();
    enum err err = p == NULL || x == NULL ? ERR_MEMORY : OK;

    if (err == OK && EC_POINT_mul(group, p, NULL, q, scalar, ctx) != 1)
        err = ERR_CRYPTO;
    if (err == OK && EC_POINT_is_at_infinity(group, p))
        err = ERR_AUTH; /* cannot be: the curves have prime order */
    if (err == OK && (EC_POINT_get_affine_coordinates(group, p, x, NULL, ctx) != 1 ||
                      BN_bn2binpad(x, out, (int)len) != (int)len))
        err = ERR_CRYPTO;
    BN_clear_free(x);
    EC_POINT_clear_free(p);
    return err;
}

static enum err agree(const struct dh *d, const uint8_t *secret, const uint8_t *pub, uint8_t *out)
{
    const EC_GROUP *group = nist_group(d->curve);
    BN_CTX *ctx = BN_CTX_secure_new();
    BIGNUM *scalar = NULL;
    EC_POINT *q = NULL;
    enum err err = group == NULL || ctx == NULL ? ERR_MEMORY : OK;

    if (err == OK)
        err = nist_scalar(group, secret, d->secret_bytes, &scalar);
    if (err == OK)
        err = nist_point(group, pub, d->public_bytes, ctx, &q);
    if (err == ERR_FORMAT)
        err = ERR_AUTH;
    if (err == OK)
        err = x_of_product(group, q, scalar, ctx, out, d->shared_bytes);
    EC_POINT_free(q);
    BN_clear_free(scalar);
    BN_CTX_free(ctx);
    return err;
}

static enum err check(const struct dh *d, const uint8_t *pub)
{
    const EC_GROUP *group = nist_group(d->curve);
    EC_POINT *q = NULL;

    if (group == NULL)
        return ERR_MEMORY;
    enum err err = nist_point(group, pub, d->public_bytes, NULL, &q);
    EC_POINT_free(q);
    return err;
}

const struct dh dh_p256 = {.name = "P-256",
                           .secret_bytes = 32,
                           .public_bytes = 65,
                           .shared_bytes = 32,
                           .top_mask = 0xff,
                           .public_of = public_of,
                           .agree = agree,
                           .check = check,
                           .curve = NID_X9_62_prime256v1};

const struct dh dh_p384 = {.name = "P-384",
                           .secret_bytes = 48,
                           .public_bytes = 97,
                           .shared_bytes = 48,
                           .top_mask = 0xff,
                           .public_of = public_of,
                           .agree = agree,
                           .check = check,
                           .curve = NID_secp384r1};

const struct dh dh_p521 = {.name = "P-521",
                           .secret_bytes = 66,
                           .public_bytes = 133,
                           .shared_bytes = 66,
                           .top_mask = 0x01,
                           .public_of = public_of,
                           .agree = agree,
                           .check = check,
                           .curve = NID_secp521r1};
