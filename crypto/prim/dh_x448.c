/* X448 through EVP: a scalar multiplication takes longer than the key objects around it. */
#include "crypto/base/wipe.h"
#include "crypto/prim/dh.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#define X448_BYTES 56u

static enum err public_of(const struct dh *d, const uint8_t *secret, uint8_t *pub)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key_ex(NULL, d->name, NULL, secret, X448_BYTES);
    size_t len = X448_BYTES;
    enum err err = OK;

    if (key == NULL || EVP_PKEY_get_raw_public_key(key, pub, &len) != 1 || len != X448_BYTES)
        err = ERR_CRYPTO;
    EVP_PKEY_free(key);
    return err;
}

static enum err agree(const struct dh *d, const uint8_t *secret, const uint8_t *pub, uint8_t *out)
{
    EVP_PKEY *mine = EVP_PKEY_new_raw_private_key_ex(NULL, d->name, NULL, secret, X448_BYTES);
    EVP_PKEY *theirs = EVP_PKEY_new_raw_public_key_ex(NULL, d->name, NULL, pub, X448_BYTES);
    EVP_PKEY_CTX *ctx = mine == NULL ? NULL : EVP_PKEY_CTX_new_from_pkey(NULL, mine, NULL);
    size_t len = X448_BYTES;
    enum err err = OK;

    if (ctx == NULL || theirs == NULL || EVP_PKEY_derive_init(ctx) != 1 ||
        EVP_PKEY_derive_set_peer_ex(ctx, theirs, 0) != 1)
        err = ERR_CRYPTO;
    else if (EVP_PKEY_derive(ctx, out, &len) != 1 || len != X448_BYTES)
        err = ERR_AUTH; /* RFC 7748 6.2: an all-zero result is refused by libcrypto */
    ERR_clear_error();
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(mine);
    return err;
}

const struct dh dh_x448 = {.name = "X448",
                           .secret_bytes = X448_BYTES,
                           .public_bytes = X448_BYTES,
                           .shared_bytes = X448_BYTES,
                           .public_of = public_of,
                           .agree = agree};
