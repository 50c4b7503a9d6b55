#include "crypto/prim/aead.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/aead_impl.h"

#include <openssl/evp.h>

#include <limits.h>
#include <stdatomic.h>

const struct aead aead_chacha20poly1305 = {"ChaCha20-Poly1305", "ChaCha20-Poly1305", 32, 0};
const struct aead aead_aes128gcm = {"AES-128-GCM", "AES-128-GCM", 16, 1};
const struct aead aead_aes256gcm = {"AES-256-GCM", "AES-256-GCM", 32, 2};
const struct aead aead_null = {"null", NULL, 32, 3};

size_t aead_key_bytes(const struct aead *a)
{
    return a->key_bytes;
}

const char *aead_name(const struct aead *a)
{
    return a->name;
}

/* Fetched once per process. Two threads may both fetch at the very start: one result is kept. */
static const EVP_CIPHER *cipher_of(const struct aead *a)
{
    static _Atomic(EVP_CIPHER *) fetched[AEAD_SLOTS];
    EVP_CIPHER *c = atomic_load_explicit(&fetched[a->slot], memory_order_acquire);

    if (c != NULL)
        return c;
    c = EVP_CIPHER_fetch(NULL, a->cipher, NULL);
    EVP_CIPHER *before = NULL;
    if (c != NULL && !atomic_compare_exchange_strong(&fetched[a->slot], &before, c)) {
        EVP_CIPHER_free(c);
        c = before;
    }
    return c;
}

enum err aead_key_init(struct aead_key *k, const struct aead *a, const uint8_t *key)
{
    *k = (struct aead_key){.aead = a};
    if (a->cipher == NULL)
        return aead_rekey(k, key);

    const EVP_CIPHER *cipher = cipher_of(a);
    EVP_CIPHER_CTX *c = cipher == NULL ? NULL : EVP_CIPHER_CTX_new();
    enum err err = cipher == NULL ? ERR_CRYPTO : c == NULL ? ERR_MEMORY : OK;

    k->context = c;
    if (err == OK && EVP_EncryptInit_ex2(c, cipher, key, NULL, NULL) != 1)
        err = ERR_CRYPTO;
    if (err != OK)
        aead_key_clear(k);
    return err;
}

enum err aead_rekey(struct aead_key *k, const uint8_t *key)
{
    assert(k->aead != NULL);
    if (k->aead->cipher == NULL) {
        memcpy(k->null, key, sizeof k->null);
        return OK;
    }
    return EVP_EncryptInit_ex2(k->context, NULL, key, NULL, NULL) == 1 ? OK : ERR_CRYPTO;
}

void aead_key_clear(struct aead_key *k)
{
    EVP_CIPHER_CTX_free(k->context); /* wipes the key schedule */
    wipe(k, sizeof *k);
}

/* Length of the parts together, or SIZE_MAX when libcrypto's int cannot say one of them. */
static size_t total_of(struct span ad, const struct span *parts, size_t count)
{
    size_t total = 0;

    if (ad.len > INT_MAX)
        return SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > INT_MAX || parts[i].len > SIZE_MAX - total)
            return SIZE_MAX;
        total += parts[i].len;
    }
    return total;
}

enum err aead_seal(struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], struct span ad,
                   const struct span *parts, size_t count, uint8_t *out)
{
    assert(k->aead != NULL);
    if (total_of(ad, parts, count) == SIZE_MAX)
        return ERR_ARGUMENT;
    if (k->aead->cipher == NULL) {
        aead_null_seal(k->null, nonce, ad, parts, count, out);
        return OK;
    }

    EVP_CIPHER_CTX *c = k->context;
    int n = 0;
    bool fine = EVP_EncryptInit_ex2(c, NULL, NULL, nonce, NULL) == 1;
    if (fine && ad.len > 0)
        fine = EVP_EncryptUpdate(c, NULL, &n, ad.ptr, (int)ad.len) == 1;
    for (size_t i = 0; fine && i < count; i++) {
        if (parts[i].len == 0)
            continue;
        fine = EVP_EncryptUpdate(c, out, &n, parts[i].ptr, (int)parts[i].len) == 1;
        out += n; /* stream ciphers: as many bytes out as in, part by part */
    }
    fine = fine && EVP_EncryptFinal_ex(c, out, &n) == 1 &&
           EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, out) == 1;
    return fine ? OK : ERR_CRYPTO;
}

static bool open_with(EVP_CIPHER_CTX *c, const uint8_t *nonce, struct span ad, struct span text,
                      const uint8_t *tag, uint8_t *out)
{
    uint8_t copy[AEAD_TAG_BYTES];
    int n = 0;

    memcpy(copy, tag, sizeof copy); /* libcrypto takes it as a mutable pointer */
    if (EVP_DecryptInit_ex2(c, NULL, NULL, nonce, NULL) != 1 ||
        EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_BYTES, copy) != 1)
        return false;
    if (ad.len > 0 && EVP_DecryptUpdate(c, NULL, &n, ad.ptr, (int)ad.len) != 1)
        return false;
    if (text.len > 0 && EVP_DecryptUpdate(c, out, &n, text.ptr, (int)text.len) != 1)
        return false;
    return EVP_DecryptFinal_ex(c, copy, &n) == 1;
}

enum err aead_open(struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], struct span ad,
                   struct span sealed, uint8_t *out)
{
    assert(k->aead != NULL);
    if (sealed.len < AEAD_TAG_BYTES || sealed.len > INT_MAX || ad.len > INT_MAX)
        return ERR_AUTH;
    if (k->aead->cipher == NULL)
        return aead_null_open(k->null, nonce, ad, sealed, out);

    struct span text = span_sub(sealed, 0, sealed.len - AEAD_TAG_BYTES);
    if (open_with(k->context, nonce, ad, text, sealed.ptr + text.len, out))
        return OK;
    wipe(out, text.len); /* libcrypto decrypts before it knows the tag */
    return ERR_AUTH;
}
