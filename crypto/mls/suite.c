#include "crypto/mls/suite.h"

#include "crypto/base/buf.h"
#include "crypto/base/wipe.h"
#include "crypto/mls/codec.h"
#include "crypto/prim/hkdf.h"

static const struct mls_suite suites[] = {
    {0x0001,
     "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519",
     &hash_sha256,
     &aead_aes128gcm,
     {&hpke_x25519, &hash_sha256, &aead_aes128gcm},
     &sign_ed25519,
     16},
    {0x0002,
     "MLS_128_DHKEMP256_AES128GCM_SHA256_P256",
     &hash_sha256,
     &aead_aes128gcm,
     {&hpke_p256, &hash_sha256, &aead_aes128gcm},
     &sign_ecdsa_p256_sha256,
     16},
    {0x0003,
     "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
     &hash_sha256,
     &aead_chacha20poly1305,
     {&hpke_x25519, &hash_sha256, &aead_chacha20poly1305},
     &sign_ed25519,
     32},
    {0x0004,
     "MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448",
     &hash_sha512,
     &aead_aes256gcm,
     {&hpke_x448, &hash_sha512, &aead_aes256gcm},
     &sign_ed448,
     32},
    {0x0005,
     "MLS_256_DHKEMP521_AES256GCM_SHA512_P521",
     &hash_sha512,
     &aead_aes256gcm,
     {&hpke_p521, &hash_sha512, &aead_aes256gcm},
     &sign_ecdsa_p521_sha512,
     32},
    {0x0006,
     "MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448",
     &hash_sha512,
     &aead_chacha20poly1305,
     {&hpke_x448, &hash_sha512, &aead_chacha20poly1305},
     &sign_ed448,
     32},
    {0x0007,
     "MLS_256_DHKEMP384_AES256GCM_SHA384_P384",
     &hash_sha384,
     &aead_aes256gcm,
     {&hpke_p384, &hash_sha384, &aead_aes256gcm},
     &sign_ecdsa_p384_sha384,
     32},
    {MLS_SUITE_XWING,
     "SOTTO_256_XWING_CHACHA20POLY1305_SHA256_Ed25519",
     &hash_sha256,
     &aead_chacha20poly1305,
     {&hpke_xwing, &hash_sha256, &aead_chacha20poly1305},
     &sign_ed25519,
     32},
    {0x0053,
     "MLS_256_XWING_AES256GCM_SHA512_Ed25519",
     &hash_sha512,
     &aead_aes256gcm,
     {&hpke_xwing, &hash_sha512, &aead_aes256gcm},
     &sign_ed25519,
     32},
    {0x0054,
     "MLS_256_XWING_CHACHA20POLY1305_SHA512_Ed25519",
     &hash_sha512,
     &aead_chacha20poly1305,
     {&hpke_xwing, &hash_sha512, &aead_chacha20poly1305},
     &sign_ed25519,
     32},
};

const struct mls_suite *mls_suite_at(size_t i)
{
    return i < sizeof suites / sizeof suites[0] ? &suites[i] : NULL;
}

const struct mls_suite *mls_suite(uint16_t code)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
        if (suites[i].code == code)
            return &suites[i];
    return NULL;
}

/* RFC 9420 2.1.2: the header of a vector, on the stack */
struct head {
    uint8_t bytes[8];
    size_t len;
};

static void head_add(struct head *h, size_t len)
{
    size_t n = mls_length_bytes(len);
    uint32_t v = (uint32_t)len | (n == 1 ? 0 : n == 2 ? 0x4000u : 0x80000000u);

    for (size_t i = 0; i < n; i++)
        h->bytes[h->len++] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

static struct span head_span(const struct head *h)
{
    return span_of(h->bytes, h->len);
}

void mls_mac(const struct mls_suite *s, struct span key, struct span data, uint8_t *out)
{
    hmac(s->hash, key, &data, 1, out);
}

void mls_ref_hash_raw(const struct mls_suite *s, struct span label, struct span value, uint8_t *out)
{
    struct head a = {0}, b = {0};

    head_add(&a, label.len);
    head_add(&b, value.len);
    struct span parts[] = {head_span(&a), label, head_span(&b), value};
    hash_parts(s->hash, parts, 4, out);
}

void mls_ref_hash(const struct mls_suite *s, const char *label, struct span value, uint8_t *out)
{
    struct head a = {0}, b = {0};
    struct span text = span_str(label);

    head_add(&a, 8 + text.len + 10);
    head_add(&b, value.len);
    struct span parts[] = {head_span(&a),          SPAN_LIT("MLS 1.0 "), text,
                           SPAN_LIT(" Reference"), head_span(&b),        value};
    hash_parts(s->hash, parts, 6, out);
}

void mls_extract(const struct mls_suite *s, struct span salt, struct span ikm,
                 struct mls_secret *out)
{
    struct mls_secret prk; /* out may be where salt or ikm lies */

    hkdf_extract(s->hash, salt, ikm, prk.bytes);
    *out = prk;
    wipe(&prk, sizeof prk);
}

void mls_expand(const struct mls_suite *s, struct span secret, struct span label,
                struct span context, uint8_t *out, size_t len)
{
    struct head a = {{(uint8_t)(len >> 8), (uint8_t)len}, 2}, b = {0};

    head_add(&a, 8 + label.len);
    head_add(&b, context.len);
    struct span info[] = {head_span(&a), SPAN_LIT("MLS 1.0 "), label, head_span(&b), context};
    hkdf_expand_parts(s->hash, secret, info, 5, out, len);
}

void mls_derive(const struct mls_suite *s, struct span secret, const char *label,
                struct mls_secret *out)
{
    struct mls_secret next; /* out may be where secret lies */

    mls_expand(s, secret, span_str(label), SPAN_EMPTY, next.bytes, s->hash->bytes);
    memcpy(out->bytes, next.bytes, s->hash->bytes);
    wipe(&next, sizeof next);
}

void mls_derive_tree(const struct mls_suite *s, struct span secret, const char *label,
                     uint32_t generation, uint8_t *out, size_t len)
{
    uint8_t context[4] = {(uint8_t)(generation >> 24), (uint8_t)(generation >> 16),
                          (uint8_t)(generation >> 8), (uint8_t)generation};

    mls_expand(s, secret, span_str(label), SPAN_ARRAY(context), out, len);
}

void mls_parallel(const struct mls_pool *pool, void (*fn)(void *arg, size_t i), void *arg,
                  size_t count)
{
    if (pool != NULL && count > 1) {
        pool->run(pool->state, fn, arg, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        fn(arg, i);
}

/* SignContent: label<V> || content<V>, content gathered from parts. */
static enum err sign_content(const char *label, const struct span *parts, size_t count,
                             struct buf *out)
{
    struct writer w = writer_to(out);
    size_t len = 0;

    for (size_t i = 0; i < count; i++)
        len += parts[i].len;
    TRY(buf_reserve(out, len + 8 + 8 + strlen(label)));
    mls_write_label(&w, label);
    mls_write_length(&w, len);
    for (size_t i = 0; i < count; i++)
        write_bytes(&w, parts[i]);
    return writer_status(&w);
}

enum err mls_sign(const struct mls_signer *signer, const char *label, const struct span *parts,
                  size_t count, uint8_t *sig, size_t *sig_len)
{
    struct buf content = BUF_INIT(MLS_VECTOR_BYTES_MAX);
    enum err err = sign_content(label, parts, count, &content);

    if (err == OK)
        err = signer->sign(signer->ctx, buf_span(&content), sig, sig_len);
    buf_clear(&content);
    return err;
}

enum err mls_verify(const struct mls_suite *s, struct span public_key, const char *label,
                    const struct span *parts, size_t count, struct span sig)
{
    struct buf content = BUF_INIT(MLS_VECTOR_BYTES_MAX);
    enum err err = sign_content(label, parts, count, &content);

    if (err == OK)
        err = sign_verify(s->sign, public_key, buf_span(&content), sig);
    buf_clear(&content);
    return err;
}
