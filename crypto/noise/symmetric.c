#include "crypto/noise/symmetric.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/hkdf.h"
#include "crypto/prim/sha2.h"

void noise_nonce(uint64_t counter, uint8_t out[AEAD_NONCE_BYTES])
{
    memset(out, 0, 4);
    for (size_t i = 0; i < 8; i++)
        out[4 + i] = (uint8_t)(counter >> 8 * i);
}

void noise_symmetric_init(struct noise_symmetric *s, const struct aead *aead, struct span name)
{
    *s = (struct noise_symmetric){.aead = aead};
    assert(name.len <= sizeof s->hash); /* a longer name would be hashed */
    memcpy(s->hash, name.ptr, name.len);
    memcpy(s->chaining_key, s->hash, sizeof s->hash);
}

void noise_mix_hash(struct noise_symmetric *s, struct span data)
{
    const struct span parts[] = {SPAN_ARRAY(s->hash), data};

    sha256_parts(parts, 2, s->hash);
}

/* Noise 4.3: HKDF with two outputs. */
static void hkdf2(const uint8_t chaining_key[NOISE_KEY_BYTES], struct span ikm,
                  uint8_t out[2 * NOISE_KEY_BYTES])
{
    uint8_t temp[NOISE_KEY_BYTES];

    hkdf_extract(&hash_sha256, span_of(chaining_key, NOISE_KEY_BYTES), ikm, temp);
    hkdf_expand(&hash_sha256, SPAN_ARRAY(temp), SPAN_EMPTY, out, 2 * NOISE_KEY_BYTES);
    wipe(temp, sizeof temp);
}

void noise_mix_key(struct noise_symmetric *s, const uint8_t ikm[NOISE_KEY_BYTES])
{
    uint8_t out[2 * NOISE_KEY_BYTES];

    hkdf2(s->chaining_key, span_of(ikm, NOISE_KEY_BYTES), out);
    memcpy(s->chaining_key, out, NOISE_KEY_BYTES);
    memcpy(s->key, out + NOISE_KEY_BYTES, NOISE_KEY_BYTES);
    s->has_key = true;
    s->nonce = 0;
    wipe(out, sizeof out);
}

void noise_split_keys(const struct noise_symmetric *s, uint8_t k1[NOISE_KEY_BYTES],
                      uint8_t k2[NOISE_KEY_BYTES])
{
    uint8_t out[2 * NOISE_KEY_BYTES];

    hkdf2(s->chaining_key, SPAN_EMPTY, out);
    memcpy(k1, out, NOISE_KEY_BYTES);
    memcpy(k2, out + NOISE_KEY_BYTES, NOISE_KEY_BYTES);
    wipe(out, sizeof out);
}

enum err noise_encrypt_and_hash(struct noise_symmetric *s, struct span plain, struct buf *out)
{
    size_t begin = out->len, tag = s->has_key ? NOISE_TAG_BYTES : 0;
    uint8_t nonce[AEAD_NONCE_BYTES];
    uint8_t *to;
    enum err err = OK;

    TRY(buf_extend(out, plain.len + tag, &to));
    if (s->has_key) {
        noise_nonce(s->nonce++, nonce);
        err = aead_seal_once(s->aead, s->key, nonce, SPAN_ARRAY(s->hash), &plain, 1, to);
    } else if (plain.len > 0) {
        memcpy(to, plain.ptr, plain.len);
    }
    if (err != OK)
        buf_truncate(out, begin);
    else
        noise_mix_hash(s, span_of(to, plain.len + tag));
    return err;
}

enum err noise_decrypt_and_hash(struct noise_symmetric *s, struct span sealed, struct buf *out)
{
    size_t begin = out->len, tag = s->has_key ? NOISE_TAG_BYTES : 0;
    uint8_t nonce[AEAD_NONCE_BYTES];
    uint8_t *to;
    enum err err = OK;

    if (sealed.len < tag)
        return ERR_FORMAT;
    TRY(buf_extend(out, sealed.len - tag, &to));
    if (s->has_key) {
        noise_nonce(s->nonce++, nonce);
        err = aead_open_once(s->aead, s->key, nonce, SPAN_ARRAY(s->hash), sealed, to);
    } else if (sealed.len > 0) {
        memcpy(to, sealed.ptr, sealed.len);
    }
    if (err != OK)
        buf_truncate(out, begin);
    else
        noise_mix_hash(s, sealed);
    return err;
}
