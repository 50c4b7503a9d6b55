#include "crypto/prim/mlkem_libcrypto.h"

#include <openssl/opensslv.h>

#if OPENSSL_VERSION_NUMBER >= 0x30500000L && !defined(SOTTO_CT)

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#define NAME "ML-KEM-768"

static EVP_PKEY *from_seed(const uint8_t *seed)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, NAME, NULL);
    EVP_PKEY *key = NULL;
    uint8_t copy[MLKEM768_SEED_BYTES]; /* parameters point to mutable bytes */

    memcpy(copy, seed, sizeof copy);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_ML_KEM_SEED, copy, sizeof copy),
        OSSL_PARAM_construct_end()};
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
        key = NULL;
    OPENSSL_cleanse(copy, sizeof copy);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

bool mlkem_libcrypto_key_pair(const uint8_t *seed, uint8_t *pub, uint8_t *secret)
{
    EVP_PKEY *key = from_seed(seed);
    size_t pub_len = MLKEM768_PUBLIC_BYTES, secret_len = MLKEM768_SECRET_BYTES;
    bool done = key != NULL && EVP_PKEY_get_raw_public_key(key, pub, &pub_len) == 1 &&
                EVP_PKEY_get_raw_private_key(key, secret, &secret_len) == 1 &&
                pub_len == MLKEM768_PUBLIC_BYTES && secret_len == MLKEM768_SECRET_BYTES;

    EVP_PKEY_free(key);
    ERR_clear_error();
    return done;
}

bool mlkem_libcrypto_encap(const uint8_t *pub, const uint8_t *m, uint8_t *ciphertext,
                           uint8_t *shared)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key_ex(NULL, NAME, NULL, pub, MLKEM768_PUBLIC_BYTES);
    EVP_PKEY_CTX *ctx = key == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    size_t ciphertext_len = MLKEM768_CIPHERTEXT_BYTES, shared_len = MLKEM768_SHARED_BYTES;
    uint8_t copy[MLKEM768_MESSAGE_BYTES];

    memcpy(copy, m, sizeof copy);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_KEM_PARAM_IKME, copy, sizeof copy),
        OSSL_PARAM_construct_end()};
    bool done = ctx != NULL && EVP_PKEY_encapsulate_init(ctx, params) == 1 &&
                EVP_PKEY_encapsulate(ctx, ciphertext, &ciphertext_len, shared, &shared_len) == 1;
    OPENSSL_cleanse(copy, sizeof copy);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return done;
}

static bool decap_with(EVP_PKEY *key, const uint8_t *ciphertext, uint8_t *shared)
{
    EVP_PKEY_CTX *ctx = key == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    size_t shared_len = MLKEM768_SHARED_BYTES;
    bool done =
        ctx != NULL && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
        EVP_PKEY_decapsulate(ctx, shared, &shared_len, ciphertext, MLKEM768_CIPHERTEXT_BYTES) == 1;

    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return done;
}

bool mlkem_libcrypto_decap(const uint8_t *secret, const uint8_t *ciphertext, uint8_t *shared)
{
    EVP_PKEY *key =
        EVP_PKEY_new_raw_private_key_ex(NULL, NAME, NULL, secret, MLKEM768_SECRET_BYTES);

    return decap_with(key, ciphertext, shared);
}

bool mlkem_libcrypto_decap_seed(const uint8_t *seed, const uint8_t *ciphertext, uint8_t *shared)
{
    return decap_with(from_seed(seed), ciphertext, shared);
}

#else

bool mlkem_libcrypto_key_pair(const uint8_t *seed, uint8_t *pub, uint8_t *secret)
{
    (void)seed, (void)pub, (void)secret;
    return false;
}

bool mlkem_libcrypto_encap(const uint8_t *pub, const uint8_t *m, uint8_t *ciphertext,
                           uint8_t *shared)
{
    (void)pub, (void)m, (void)ciphertext, (void)shared;
    return false;
}

bool mlkem_libcrypto_decap(const uint8_t *secret, const uint8_t *ciphertext, uint8_t *shared)
{
    (void)secret, (void)ciphertext, (void)shared;
    return false;
}

bool mlkem_libcrypto_decap_seed(const uint8_t *seed, const uint8_t *ciphertext, uint8_t *shared)
{
    (void)seed, (void)ciphertext, (void)shared;
    return false;
}

#endif
