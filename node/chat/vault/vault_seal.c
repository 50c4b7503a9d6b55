/* Bytes at rest.
 *
 *     name   = derive(secret, STORE_NAME, table 1 || key)[0:16]
 *     value  = salt 16 || ChaCha20-Poly1305(key, nonce 0, ad = name, length 4 || plain || zeros)
 *     key    = derive(secret, STORE_VALUE, name || salt || own), own only in a domain that is wiped
 *     wrap   = salt 16 || ChaCha20-Poly1305(derive(wipe key, STORE_WIPE, name || salt), own)
 *              with salt = derive(own, STORE_SALT, name)[0:16]
 *
 * The salt of a value is drawn, that of a wrap follows from the key inside: each key seals one
 * plaintext, so its nonce can be zeros. A page can turn without randomness. */
#include "crypto/base/reader.h"
#include "crypto/base/wipe.h"
#include "crypto/base/writer.h"
#include "crypto/prim/aead.h"
#include "node/chat/vault/vault_inside.h"

#define LENGTH_BYTES 4u

static const uint8_t nonce[AEAD_NONCE_BYTES];

enum err vault_name_of(const struct vault *v, enum vault_table t, struct span key,
                       struct vault_name *out)
{
    uint8_t context[1 + VAULT_KEY_BYTES_MAX];

    if (key.len == 0 || key.len > VAULT_KEY_BYTES_MAX)
        return ERR_ARGUMENT;
    context[0] = (uint8_t)t;
    memcpy(context + 1, key.ptr, key.len);
    return keyring_derive(v->secret, LABEL_STORE_NAME, span_of(context, 1 + key.len), out->bytes,
                          sizeof out->bytes);
}

void vault_check_of(const struct vault *v, uint8_t out[VAULT_NAME_BYTES])
{
    enum err err = keyring_derive(v->secret, LABEL_STORE_CHECK, SPAN_EMPTY, out, VAULT_NAME_BYTES);
    assert(err == OK); /* the handle may derive */
}

static enum err value_key(const struct vault *v, const struct vault_name *name, struct span salt,
                          const uint8_t *own, uint8_t out[32])
{
    uint8_t context[VAULT_NAME_BYTES + VAULT_SALT_BYTES + WIPE_KEY_BYTES];
    size_t len = VAULT_NAME_BYTES + VAULT_SALT_BYTES;

    memcpy(context, name->bytes, VAULT_NAME_BYTES);
    memcpy(context + VAULT_NAME_BYTES, salt.ptr, VAULT_SALT_BYTES);
    if (own != NULL) {
        memcpy(context + len, own, WIPE_KEY_BYTES);
        len += WIPE_KEY_BYTES;
    }
    enum err err = keyring_derive(v->secret, LABEL_STORE_VALUE, span_of(context, len), out, 32);
    wipe(context, sizeof context);
    return err;
}

enum err vault_seal(const struct vault *v, const struct vault_name *name, const uint8_t *own,
                    struct rng *rng, struct span plain, struct buf *out)
{
    static const uint8_t zeros[VAULT_PAD_BYTES];
    uint8_t length[LENGTH_BYTES], key[32], *at;
    size_t bare = LENGTH_BYTES + plain.len;
    size_t pad = (VAULT_PAD_BYTES - bare % VAULT_PAD_BYTES) % VAULT_PAD_BYTES;
    struct span parts[] = {SPAN_ARRAY(length), plain, span_of(zeros, pad)};

    for (size_t i = 0; i < LENGTH_BYTES; i++)
        length[i] = (uint8_t)(plain.len >> 8 * (LENGTH_BYTES - 1 - i));
    TRY(buf_extend(out, VAULT_SALT_BYTES + bare + pad + AEAD_TAG_BYTES, &at));
    rng_fill(rng, at, VAULT_SALT_BYTES);
    enum err err = value_key(v, name, span_of(at, VAULT_SALT_BYTES), own, key);
    if (err == OK)
        err = aead_seal_once(&aead_chacha20poly1305, key, nonce, SPAN_ARRAY(name->bytes), parts, 3,
                             at + VAULT_SALT_BYTES);
    wipe(key, sizeof key);
    return err;
}

static enum err plain_of(struct span padded, struct buf *out)
{
    struct reader r = reader_of(padded);
    struct span plain = read_bytes(&r, read_be32(&r));

    if (reader_status(&r) != OK || r.rest.len >= VAULT_PAD_BYTES)
        return ERR_CORRUPT;
    return out == NULL ? OK : buf_append(out, plain);
}

enum err vault_unseal(const struct vault *v, const struct vault_name *name, const uint8_t *own,
                      struct span sealed, struct buf *out)
{
    struct buf padded = BUF_INIT(VAULT_VALUE_BYTES_MAX + LENGTH_BYTES + VAULT_PAD_BYTES);
    uint8_t key[32], *at;

    if (sealed.len < VAULT_SALT_BYTES + AEAD_TAG_BYTES)
        return ERR_CORRUPT;
    struct span body = span_after(sealed, VAULT_SALT_BYTES);
    size_t len = body.len - AEAD_TAG_BYTES;
    enum err err = buf_extend(&padded, len, &at);
    if (err == ERR_FULL)
        err = ERR_CORRUPT;
    if (err == OK)
        err = value_key(v, name, span_sub(sealed, 0, VAULT_SALT_BYTES), own, key);
    if (err == OK &&
        aead_open_once(&aead_chacha20poly1305, key, nonce, SPAN_ARRAY(name->bytes), body, at) != OK)
        err = ERR_CORRUPT;
    if (err == OK)
        err = plain_of(span_of(at, len), out);
    buf_clear(&padded);
    wipe(key, sizeof key);
    return err;
}

static void wrap_key(const uint8_t wipe_key[WIPE_KEY_BYTES], const struct vault_name *name,
                     const uint8_t *salt, uint8_t out[32])
{
    uint8_t context[VAULT_NAME_BYTES + VAULT_SALT_BYTES];

    memcpy(context, name->bytes, VAULT_NAME_BYTES);
    memcpy(context + VAULT_NAME_BYTES, salt, VAULT_SALT_BYTES);
    label_derive(LABEL_STORE_WIPE, span_of(wipe_key, WIPE_KEY_BYTES), SPAN_ARRAY(context), out, 32);
}

enum err vault_wrap(const uint8_t wipe_key[WIPE_KEY_BYTES], const struct vault_name *name,
                    const uint8_t own[WIPE_KEY_BYTES], uint8_t out[VAULT_WRAP_BYTES])
{
    struct span part = span_of(own, WIPE_KEY_BYTES);
    uint8_t key[32];

    label_derive(LABEL_STORE_SALT, part, SPAN_ARRAY(name->bytes), out, VAULT_SALT_BYTES);
    wrap_key(wipe_key, name, out, key);
    enum err err = aead_seal_once(&aead_chacha20poly1305, key, nonce, SPAN_ARRAY(name->bytes),
                                  &part, 1, out + VAULT_SALT_BYTES);
    wipe(key, sizeof key);
    return err;
}

enum err vault_unwrap(const uint8_t wipe_key[WIPE_KEY_BYTES], const struct vault_name *name,
                      struct span wrap, uint8_t own[WIPE_KEY_BYTES])
{
    uint8_t key[32];

    if (wrap.len != VAULT_WRAP_BYTES)
        return ERR_AUTH;
    wrap_key(wipe_key, name, wrap.ptr, key);
    enum err err = aead_open_once(&aead_chacha20poly1305, key, nonce, SPAN_ARRAY(name->bytes),
                                  span_after(wrap, VAULT_SALT_BYTES), own);
    wipe(key, sizeof key);
    return err;
}
