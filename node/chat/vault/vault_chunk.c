#include "node/chat/vault/vault_chunk.h"

#include "crypto/base/wipe.h"
#include "crypto/base/writer.h"
#include "crypto/prim/aead.h"

enum err export_key(const struct keyring *ring, struct span head, uint8_t out[32])
{
    uint8_t hashed[SHA256_BYTES];
    struct keyring_key *secret;

    if (keyring_open(ring, EXPORT_SECRET_NAME, KEYRING_MAY_DERIVE, &secret) != OK)
        return ERR_FORMAT;
    label_hash(LABEL_STORE_HEAD, &head, 1, hashed);
    enum err err = keyring_derive(secret, LABEL_STORE_EXPORT, SPAN_ARRAY(hashed), out, 32);
    keyring_close(secret);
    return err;
}

static void nonce_of(uint64_t number, uint8_t out[AEAD_NONCE_BYTES])
{
    memset(out, 0, AEAD_NONCE_BYTES);
    for (size_t i = 0; i < 8; i++)
        out[4 + i] = (uint8_t)(number >> 8 * (7 - i));
}

enum err export_chunk_seal(const uint8_t key[32], uint64_t number, bool last, struct span plain,
                           struct buf *out)
{
    uint8_t nonce[AEAD_NONCE_BYTES], ad[1] = {last}, *at;
    struct writer w = writer_to(out);
    size_t before = out->len;

    nonce_of(number, nonce);
    write_u8(&w, last);
    write_be32(&w, (uint32_t)(plain.len + AEAD_TAG_BYTES));
    enum err err = writer_status(&w);
    if (err == OK)
        err = buf_extend(out, plain.len + AEAD_TAG_BYTES, &at);
    if (err == OK)
        err = aead_seal_once(&aead_chacha20poly1305, key, nonce, SPAN_ARRAY(ad), &plain, 1, at);
    if (err != OK)
        buf_truncate(out, before);
    return err;
}

enum err export_chunk_open(const uint8_t key[32], uint64_t number, bool last, struct span sealed,
                           struct buf *out)
{
    uint8_t nonce[AEAD_NONCE_BYTES], ad[1] = {last}, *at;
    size_t before = out->len;

    if (sealed.len < AEAD_TAG_BYTES)
        return ERR_AUTH;
    nonce_of(number, nonce);
    TRY(buf_extend(out, sealed.len - AEAD_TAG_BYTES, &at));
    enum err err = aead_open_once(&aead_chacha20poly1305, key, nonce, SPAN_ARRAY(ad), sealed, at);
    if (err != OK)
        buf_truncate(out, before);
    return err;
}
