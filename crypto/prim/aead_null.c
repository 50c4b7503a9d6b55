/* aead_null: the plaintext, then a keyed checksum of everything. Four words a step, so that a
 * simulation pays memory speed and no cipher; still any other byte gives another tag. */
#include "crypto/prim/aead_impl.h"

#include "crypto/base/siphash.h"

static uint64_t word_at(const uint8_t *p, size_t n)
{
    uint64_t w = 0;

    memcpy(&w, p, n);
    return w;
}

static uint64_t mix(uint64_t h, uint64_t w)
{
    h = (h ^ w) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

/* Each byte changes the sum: every step is a bijection of the state for a given word. */
static uint64_t sum(struct span s)
{
    uint64_t lane[4] = {1, 2, 3, 4};
    size_t i = 0;

    for (; i + 32 <= s.len; i += 32) {
        for (size_t j = 0; j < 4; j++)
            lane[j] = mix(lane[j], word_at(s.ptr + i + 8 * j, 8));
    }
    for (; i < s.len; i += 8)
        lane[0] = mix(lane[0], word_at(s.ptr + i, s.len - i < 8 ? s.len - i : 8));
    return mix(mix(mix(mix(s.len, lane[0]), lane[1]), lane[2]), lane[3]);
}

static void tag_of(const uint8_t key[16], const uint8_t *nonce, struct span ad, struct span text,
                   uint8_t tag[AEAD_TAG_BYTES])
{
    uint64_t sums[4] = {sum(ad), sum(text), 0, 0};

    memcpy(&sums[2], nonce, AEAD_NONCE_BYTES);
    uint64_t first = siphash(key, span_of(sums, sizeof sums));
    sums[3] ^= 1;
    uint64_t second = siphash(key, span_of(sums, sizeof sums));
    memcpy(tag, &first, 8);
    memcpy(tag + 8, &second, 8);
}

void aead_null_seal(const uint8_t key[16], const uint8_t nonce[AEAD_NONCE_BYTES], struct span ad,
                    const struct span *parts, size_t count, uint8_t *out)
{
    uint8_t *at = out;

    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            memmove(at, parts[i].ptr, parts[i].len);
        at += parts[i].len;
    }
    tag_of(key, nonce, ad, span_of(out, (size_t)(at - out)), at);
}

enum err aead_null_open(const uint8_t key[16], const uint8_t nonce[AEAD_NONCE_BYTES],
                        struct span ad, struct span sealed, uint8_t *out)
{
    struct span text = span_of(sealed.ptr, sealed.len - AEAD_TAG_BYTES);
    uint8_t tag[AEAD_TAG_BYTES];

    tag_of(key, nonce, ad, text, tag);
    bool good = memcmp(tag, sealed.ptr + text.len, AEAD_TAG_BYTES) == 0; /* no secret to keep */
    if (text.len > 0 && good)
        memmove(out, text.ptr, text.len);
    if (text.len > 0 && !good)
        memset(out, 0, text.len);
    return good ? OK : ERR_AUTH;
}
