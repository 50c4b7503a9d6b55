#include "crypto/prim/labels.h"

#include "crypto/prim/hkdf.h"

static const struct {
    const char *text;
    enum label_use use;
} table[] = {
#define X(name, use, text) [name] = {"sotto/1/" text, use},
    LABEL_TABLE(X)
#undef X
};

#define X(name, use, text)                                                                         \
    _Static_assert(sizeof("sotto/1/" text) - 1 <= LABEL_BYTES_MAX, "LABEL_BYTES_MAX: " text);
LABEL_TABLE(X)
#undef X

struct span label_text(enum label l)
{
    assert((unsigned)l < LABEL_COUNT);
    return span_str(table[l].text);
}

enum label_use label_use(enum label l)
{
    assert((unsigned)l < LABEL_COUNT);
    return table[l].use;
}

void label_hash_begin(enum label l, struct hash_state *s)
{
    struct span text = label_text(l);
    uint8_t len = (uint8_t)text.len;

    assert(label_use(l) == LABEL_HASH);
    hash_init(s, &hash_sha256);
    hash_add(s, span_of(&len, 1));
    hash_add(s, text);
}

void label_hash(enum label l, const struct span *parts, size_t count, uint8_t out[SHA256_BYTES])
{
    struct hash_state s;

    label_hash_begin(l, &s);
    for (size_t i = 0; i < count; i++)
        hash_add(&s, parts[i]);
    hash_end(&s, out);
}

void label_derive(enum label l, struct span secret, struct span context, uint8_t *out, size_t len)
{
    struct span text = label_text(l);
    uint8_t text_len = (uint8_t)text.len;
    uint8_t context_len[2] = {(uint8_t)(context.len >> 8), (uint8_t)context.len};
    struct span info[] = {span_of(&text_len, 1), text, SPAN_ARRAY(context_len), context};

    assert(label_use(l) == LABEL_DERIVE && context.len <= UINT16_MAX);
    hkdf_expand_parts(&hash_sha256, secret, info, 4, out, len);
}

struct span label_signed(enum label l, struct span body, uint8_t out[LABEL_SIGNED_MAX])
{
    struct span text = label_text(l);

    assert(label_use(l) == LABEL_SIGN);
    out[0] = (uint8_t)text.len;
    memcpy(out + 1, text.ptr, text.len);
    sha256(body, out + 1 + text.len);
    return span_of(out, 1 + text.len + SHA256_BYTES);
}

enum err label_verify(enum label l, const uint8_t pk[ED25519_PUBLIC_BYTES], struct span body,
                      const uint8_t sig[ED25519_SIGNATURE_BYTES])
{
    uint8_t input[LABEL_SIGNED_MAX];

    return ed25519_verify(pk, label_signed(l, body, input), sig);
}
