#include "crypto/prim/aes_ctr.h"

#include <openssl/evp.h>

#include <limits.h>
#include <stdatomic.h>

/* Fetched once per process, as in aead.c. */
static const EVP_CIPHER *cipher(void)
{
    static _Atomic(EVP_CIPHER *) fetched;
    EVP_CIPHER *c = atomic_load_explicit(&fetched, memory_order_acquire), *before = NULL;

    if (c != NULL)
        return c;
    c = EVP_CIPHER_fetch(NULL, "AES-128-CTR", NULL);
    if (c != NULL && !atomic_compare_exchange_strong(&fetched, &before, c)) {
        EVP_CIPHER_free(c);
        c = before;
    }
    return c;
}

enum err aes128_ctr(const uint8_t key[AES_CTR_KEY_BYTES], const uint8_t iv[AES_CTR_IV_BYTES],
                    struct span in, uint8_t *out)
{
    const EVP_CIPHER *c = cipher();
    int len = 0;

    if (in.len > INT_MAX)
        return ERR_ARGUMENT;
    if (in.len == 0)
        return OK;
    if (c == NULL)
        return ERR_CRYPTO;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (ctx == NULL)
        return ERR_MEMORY;
    bool done = EVP_EncryptInit_ex2(ctx, c, key, iv, NULL) == 1 &&
                EVP_EncryptUpdate(ctx, out, &len, in.ptr, (int)in.len) == 1 &&
                (size_t)len == in.len;
    EVP_CIPHER_CTX_free(ctx);
    return done ? OK : ERR_CRYPTO;
}
