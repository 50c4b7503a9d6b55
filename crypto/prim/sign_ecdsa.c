/* ECDSA with the deterministic nonce of RFC 6979: a signature needs no randomness, so a broken
 * source cannot leak the key and a simulation repeats. libcrypto offers that through EVP from 3.2
 * on only; its EC_KEY functions, deprecated since 3.0, take a nonce, and do the arithmetic that
 * touches the secret in constant time. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/base/wipe.h"
#include "crypto/prim/hkdf.h"
#include "crypto/prim/nist.h"
#include "crypto/prim/sign.h"

#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>

#define SCALAR_BYTES_MAX 66u

/* RFC 6979 3.2: HMAC_DRBG over (secret, digest) */
struct nonce_source {
    const struct hash *hash;
    uint8_t k[HASH_BYTES_MAX], v[HASH_BYTES_MAX];
};

static void source_update(struct nonce_source *n, uint8_t step, struct span secret,
                          struct span digest)
{
    struct span v = span_of(n->v, n->hash->bytes), key = span_of(n->k, n->hash->bytes);
    struct span parts[] = {v, span_of(&step, 1), secret, digest};

    hmac(n->hash, key, parts, 4, n->k);
    hmac(n->hash, key, &v, 1, n->v);
}

/* steps b to g; `digest` is bits2octets(h1) already */
static void source_init(struct nonce_source *n, const struct hash *hash, struct span secret,
                        struct span digest)
{
    *n = (struct nonce_source){.hash = hash};
    memset(n->v, 1, sizeof n->v);
    source_update(n, 0, secret, digest);
    source_update(n, 1, secret, digest);
}

/* step h: the next candidate of `len` bytes, shifted right to the order's bits */
static enum err source_next(struct nonce_source *n, size_t len, int bits, BIGNUM *out)
{
    struct span v = span_of(n->v, n->hash->bytes), key = span_of(n->k, n->hash->bytes);
    uint8_t t[SCALAR_BYTES_MAX + HASH_BYTES_MAX];

    for (size_t have = 0; have < len; have += n->hash->bytes) {
        hmac(n->hash, key, &v, 1, n->v);
        memcpy(t + have, n->v, n->hash->bytes);
    }
    bool fine =
        BN_bin2bn(t, (int)len, out) != NULL && BN_rshift(out, out, (int)len * 8 - bits) == 1;
    wipe(t, sizeof t);
    return fine ? OK : ERR_MEMORY;
}

/* bits2octets, RFC 6979 2.3.4: the leftmost bits of the digest, modulo the order */
static enum err bits_to_octets(const BIGNUM *order, const uint8_t *digest, size_t digest_len,
                               BN_CTX *ctx, uint8_t *out, size_t len)
{
    BIGNUM *z = BN_bin2bn(digest, (int)digest_len, NULL);
    int extra = (int)digest_len * 8 - BN_num_bits(order);
    bool fine = z != NULL && (extra <= 0 || BN_rshift(z, z, extra) == 1) &&
                BN_nnmod(z, z, order, ctx) == 1 && BN_bn2binpad(z, out, (int)len) == (int)len;

    BN_free(z);
    return fine ? OK : ERR_MEMORY;
}

/* r = x(kG) mod n, and 1/k = k^(n-2) mod n without a branch on k */
static enum err commit_to(const EC_GROUP *group, const BIGNUM *k, BN_CTX *ctx, BIGNUM *r,
                          BIGNUM *inverse)
{
    const BIGNUM *order = EC_GROUP_get0_order(group);
    EC_POINT *p = EC_POINT_new(group);
    BIGNUM *exponent = BN_dup(order);
    bool fine = p != NULL && exponent != NULL && BN_sub_word(exponent, 2) == 1 &&
                EC_POINT_mul(group, p, k, NULL, NULL, ctx) == 1 &&
                EC_POINT_get_affine_coordinates(group, p, r, NULL, ctx) == 1 &&
                BN_nnmod(r, r, order, ctx) == 1 &&
                BN_mod_exp_mont_consttime(inverse, k, exponent, order, ctx, NULL) == 1;

    BN_free(exponent);
    EC_POINT_clear_free(p);
    return fine ? OK : ERR_CRYPTO;
}

static bool in_range(const BIGNUM *k, const BIGNUM *order)
{
    return !BN_is_zero(k) && BN_cmp(k, order) < 0;
}

static enum err key_of(const EC_GROUP *group, const BIGNUM *secret, const EC_POINT *pub,
                       EC_KEY **out)
{
    EC_KEY *key = EC_KEY_new();

    *out = key;
    if (key == NULL || EC_KEY_set_group(key, group) != 1 ||
        (secret != NULL && EC_KEY_set_private_key(key, secret) != 1) ||
        (pub != NULL && EC_KEY_set_public_key(key, pub) != 1))
        return ERR_MEMORY;
    return OK;
}

struct signing {
    const EC_GROUP *group;
    BN_CTX *ctx;
    BIGNUM *d, *k, *r, *inverse;
    EC_KEY *key;
    struct nonce_source source;
};

/* with the first nonce in range; r or s of zero, which nobody will ever see, is ERR_CRYPTO */
static enum err sign_once(struct signing *g, const uint8_t *digest, size_t digest_len, size_t len,
                          ECDSA_SIG **out)
{
    const BIGNUM *order = EC_GROUP_get0_order(g->group);

    do {
        TRY(source_next(&g->source, len, BN_num_bits(order), g->k));
        BN_set_flags(g->k, BN_FLG_CONSTTIME);
        if (in_range(g->k, order))
            break;
        source_update(&g->source, 0, SPAN_EMPTY, SPAN_EMPTY);
    } while (true);
    TRY(commit_to(g->group, g->k, g->ctx, g->r, g->inverse));
    *out = ECDSA_do_sign_ex(digest, (int)digest_len, g->inverse, g->r, g->key);
    return *out == NULL ? ERR_CRYPTO : OK;
}

static enum err signing_init(struct signing *g, const struct sign *s, const uint8_t *secret,
                             const uint8_t *digest)
{
    uint8_t octets[SCALAR_BYTES_MAX];
    size_t len = s->secret_bytes;

    g->group = nist_group(s->curve);
    g->ctx = BN_CTX_secure_new();
    g->k = BN_secure_new();
    g->r = BN_new();
    g->inverse = BN_secure_new();
    if (g->group == NULL || g->ctx == NULL || g->k == NULL || g->r == NULL || g->inverse == NULL)
        return ERR_MEMORY;
    TRY(nist_scalar(g->group, secret, len, &g->d));
    TRY(key_of(g->group, g->d, NULL, &g->key));
    TRY(bits_to_octets(EC_GROUP_get0_order(g->group), digest, s->hash->bytes, g->ctx, octets, len));
    source_init(&g->source, s->hash, span_of(secret, len), span_of(octets, len));
    return OK;
}

static void signing_clear(struct signing *g)
{
    EC_KEY_free(g->key);
    BN_clear_free(g->d);
    BN_clear_free(g->k);
    BN_clear_free(g->r);
    BN_clear_free(g->inverse);
    BN_CTX_free(g->ctx);
    wipe(g, sizeof *g);
}

static enum err make(const struct sign *s, const uint8_t *secret, const uint8_t *pub,
                     struct span msg, uint8_t *sig, size_t *sig_len)
{
    struct signing g = {0};
    ECDSA_SIG *made = NULL;
    uint8_t digest[HASH_BYTES_MAX];

    (void)pub;
    hash_parts(s->hash, &msg, 1, digest);
    enum err err = signing_init(&g, s, secret, digest);
    if (err == OK)
        err = sign_once(&g, digest, s->hash->bytes, s->secret_bytes, &made);
    if (err == OK) {
        uint8_t *end = sig;
        int len = i2d_ECDSA_SIG(made, &end);
        *sig_len = len > 0 ? (size_t)len : 0;
        err = len > 0 ? OK : ERR_MEMORY;
    }
    ECDSA_SIG_free(made);
    signing_clear(&g);
    return err;
}

static enum err public_of(const struct sign *s, const uint8_t *secret, uint8_t *pub)
{
    return nist_public(s->curve, secret, s->secret_bytes, pub, s->public_bytes);
}

static enum err verify(const struct sign *s, const uint8_t *pub, struct span msg, struct span sig)
{
    const EC_GROUP *group = nist_group(s->curve);
    EC_POINT *q = NULL;
    EC_KEY *key = NULL;
    uint8_t digest[HASH_BYTES_MAX];

    enum err err = group == NULL ? ERR_MEMORY : nist_point(group, pub, s->public_bytes, NULL, &q);
    if (err == OK)
        err = key_of(group, NULL, q, &key);
    if (err == OK) {
        hash_parts(s->hash, &msg, 1, digest);
        /* libcrypto re-encodes what it parsed: only DER passes, without anything behind it */
        int good = ECDSA_verify(0, digest, (int)s->hash->bytes, sig.ptr, (int)sig.len, key);
        err = good == 1 ? OK : ERR_AUTH;
    }
    ERR_clear_error();
    EC_KEY_free(key);
    EC_POINT_free(q);
    return err == ERR_FORMAT ? ERR_AUTH : err;
}

#define ECDSA(label, scalar_bytes, sig_bytes, hash_used, nid)                                      \
    {                                                                                              \
        .name = (label), .secret_bytes = (scalar_bytes), .public_bytes = 2 * (scalar_bytes) + 1,   \
        .signature_bytes_max = (sig_bytes), .public_of = public_of, .make = make,                  \
        .verify = verify, .hash = &(hash_used), .curve = (nid)                                     \
    }

const struct sign sign_ecdsa_p256_sha256 =
    ECDSA("ECDSA P-256 SHA-256", 32, 72, hash_sha256, NID_X9_62_prime256v1);
const struct sign sign_ecdsa_p384_sha384 =
    ECDSA("ECDSA P-384 SHA-384", 48, 104, hash_sha384, NID_secp384r1);
const struct sign sign_ecdsa_p521_sha512 =
    ECDSA("ECDSA P-521 SHA-512", 66, 139, hash_sha512, NID_secp521r1);
