#include "crypto/prim/pubkeys.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define RSA_EXPONENT_BITS_MAX 32

/* The whole of `der` as a key of type `id`. */
static enum err read_key(struct span der, int id, EVP_PKEY **out)
{
    const uint8_t *at = der.ptr;

    if (der.len == 0 || der.len > PKIX_DER_BYTES_MAX)
        return ERR_FORMAT;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.len);
    ERR_clear_error();
    if (key == NULL)
        return ERR_FORMAT;
    if (at != der.ptr + der.len || EVP_PKEY_get_base_id(key) != id) {
        enum err err = at != der.ptr + der.len ? ERR_FORMAT : ERR_UNSUPPORTED;
        EVP_PKEY_free(key);
        return err;
    }
    *out = key;
    return OK;
}

/* A huge exponent would make verification as dear as signing. */
static bool rsa_is_acceptable(EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(key);
    bool ok = bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX &&
              EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) &&
              !BN_is_one(e) && BN_num_bits(e) <= RSA_EXPONENT_BITS_MAX;

    BN_free(e);
    return ok;
}

static bool ec_is_p256(EVP_PKEY *key)
{
    char group[32];
    size_t len;

    return EVP_PKEY_get_group_name(key, group, sizeof group, &len) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

/* PKCS #1 v1.5 is the default padding of RSA keys in EVP. */
static enum err verify(EVP_PKEY *key, struct span msg, struct span sig)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();

    if (c == NULL)
        return ERR_MEMORY;
    bool ok = EVP_DigestVerifyInit(c, NULL, EVP_sha256(), NULL, key) == 1 &&
              EVP_DigestVerify(c, sig.ptr, sig.len, msg.ptr, msg.len) == 1;
    EVP_MD_CTX_free(c);
    ERR_clear_error();
    return ok ? OK : ERR_AUTH;
}

enum err rsa_sha256_verify(struct span key, struct span msg, struct span sig)
{
    EVP_PKEY *k;

    TRY(read_key(key, EVP_PKEY_RSA, &k));
    enum err err = rsa_is_acceptable(k) ? verify(k, msg, sig) : ERR_UNSUPPORTED;
    EVP_PKEY_free(k);
    return err;
}

enum err ecdsa_p256_verify(struct span key, struct span msg, struct span sig)
{
    EVP_PKEY *k;

    TRY(read_key(key, EVP_PKEY_EC, &k));
    enum err err = ec_is_p256(k) ? verify(k, msg, sig) : ERR_UNSUPPORTED;
    EVP_PKEY_free(k);
    return err;
}
