/* Ed448 (RFC 8032 5.2) through EVP, with an empty context as in MLS. */
#include "crypto/prim/sign.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#define ED448_KEY_BYTES       57u
#define ED448_SIGNATURE_BYTES 114u

static enum err public_of(const struct sign *s, const uint8_t *secret, uint8_t *pub)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, s->name, NULL, secret, ED448_KEY_BYTES);
    size_t len = ED448_KEY_BYTES;
    enum err err = OK;

    if (key == NULL || EVP_PKEY_get_raw_public_key(key, pub, &len) != 1 || len != ED448_KEY_BYTES)
        err = ERR_CRYPTO;
    EVP_PKEY_free(key);
    return err;
}

static enum err make(const struct sign *s, const uint8_t *secret, const uint8_t *pub,
                     struct span msg, uint8_t *sig, size_t *sig_len)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, s->name, NULL, secret, ED448_KEY_BYTES);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    enum err err = OK;

    (void)pub;
    *sig_len = ED448_SIGNATURE_BYTES;
    if (key == NULL || ctx == NULL ||
        EVP_DigestSignInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) != 1 ||
        EVP_DigestSign(ctx, sig, sig_len, msg.ptr, msg.len) != 1)
        err = ERR_CRYPTO;
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return err;
}

static enum err verify(const struct sign *s, const uint8_t *pub, struct span msg, struct span sig)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, s->name, NULL, pub, ED448_KEY_BYTES);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    enum err err = ERR_AUTH;

    if (key != NULL && ctx != NULL && sig.len == ED448_SIGNATURE_BYTES &&
        EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, key, NULL) == 1 &&
        EVP_DigestVerify(ctx, sig.ptr, sig.len, msg.ptr, msg.len) == 1)
        err = OK;
    ERR_clear_error();
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(key);
    return err;
}

const struct sign sign_ed448 = {.name = "Ed448",
                                .secret_bytes = ED448_KEY_BYTES,
                                .public_bytes = ED448_KEY_BYTES,
                                .signature_bytes_max = ED448_SIGNATURE_BYTES,
                                .public_of = public_of,
                                .make = make,
                                .verify = verify};
