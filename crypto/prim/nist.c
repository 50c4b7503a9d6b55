#include "crypto/prim/nist.h"

#include <openssl/err.h>
#include <openssl/obj_mac.h>

#include <stdatomic.h>

const EC_GROUP *nist_group(int curve)
{
    static _Atomic(EC_GROUP *) groups[3];
    size_t slot = curve == NID_X9_62_prime256v1 ? 0 : curve == NID_secp384r1 ? 1 : 2;
    EC_GROUP *g = atomic_load_explicit(&groups[slot], memory_order_acquire);

    if (g != NULL)
        return g;
    g = EC_GROUP_new_by_curve_name(curve);
    EC_GROUP *before = NULL;
    if (g != NULL && !atomic_compare_exchange_strong(&groups[slot], &before, g)) {
        EC_GROUP_free(g);
        g = before;
    }
    return g;
}

enum err nist_scalar(const EC_GROUP *group, const uint8_t *bytes, size_t len, BIGNUM **out)
{
    BIGNUM *d = BN_secure_new();

    *out = NULL;
    if (d == NULL || BN_bin2bn(bytes, (int)len, d) == NULL) {
        BN_clear_free(d);
        return ERR_MEMORY;
    }
    BN_set_flags(d, BN_FLG_CONSTTIME);
    if (BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(group)) >= 0) {
        BN_clear_free(d);
        return ERR_ARGUMENT;
    }
    *out = d;
    return OK;
}

enum err nist_point(const EC_GROUP *group, const uint8_t *bytes, size_t len, BN_CTX *ctx,
                    EC_POINT **out)
{
    EC_POINT *p = EC_POINT_new(group);

    *out = NULL;
    if (p == NULL)
        return ERR_MEMORY;
    /* the hybrid forms 06 and 07 have the same length, and no spec of ours allows them */
    if (bytes[0] != POINT_CONVERSION_UNCOMPRESSED ||
        EC_POINT_oct2point(group, p, bytes, len, ctx) != 1) {
        EC_POINT_free(p);
        ERR_clear_error();
        return ERR_FORMAT;
    }
    *out = p;
    return OK;
}

enum err nist_public(int curve, const uint8_t *secret, size_t len, uint8_t *pub, size_t pub_len)
{
    const EC_GROUP *group = nist_group(curve);
    BIGNUM *d = NULL;

    if (group == NULL)
        return ERR_MEMORY;
    TRY(nist_scalar(group, secret, len, &d));
    BN_CTX *ctx = BN_CTX_secure_new();
    EC_POINT *p = EC_POINT_new(group);
    enum err err = ctx == NULL || p == NULL ? ERR_MEMORY : OK;

    if (err == OK &&
        (EC_POINT_mul(group, p, d, NULL, NULL, ctx) != 1 ||
         EC_POINT_point2oct(group, p, POINT_CONVERSION_UNCOMPRESSED, pub, pub_len, ctx) != pub_len))
        err = ERR_CRYPTO;
    EC_POINT_free(p);
    BN_CTX_free(ctx);
    BN_clear_free(d);
    return err;
}
