#include "node/chat/envelope/stamp.h"

#include "crypto/prim/labels.h"

static void put_be(uint64_t v, uint8_t *out, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        out[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

void stamp_for(const uint8_t account[32], uint32_t day, struct span body, struct stamp_of *out)
{
    memcpy(out->account, account, 32);
    out->day = day;
    sha256(body, out->body_hash);
}

/* All that is hashed before the nonce. */
static void begin(const struct stamp_of *of, struct hash_state *s)
{
    uint8_t day[4];

    put_be(of->day, day, 4);
    label_hash_begin(LABEL_INTRO_STAMP, s);
    hash_add(s, SPAN_ARRAY(of->account));
    hash_add(s, SPAN_ARRAY(day));
    hash_add(s, SPAN_ARRAY(of->body_hash));
}

void stamp_hash(const struct stamp_of *of, const uint8_t stamp[STAMP_BYTES], uint8_t out[32])
{
    struct hash_state s;

    begin(of, &s);
    hash_add(&s, span_of(stamp, STAMP_BYTES));
    hash_end(&s, out);
}

static bool is_enough(const uint8_t hash[SHA256_BYTES], unsigned bits)
{
    uint32_t top =
        (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 | (uint32_t)hash[2] << 8 | hash[3];

    assert(bits <= STAMP_BITS_MAX);
    return bits == 0 || top >> (32 - bits) == 0;
}

bool stamp_holds(const struct stamp_of *of, const uint8_t stamp[STAMP_BYTES], unsigned bits)
{
    uint8_t hash[SHA256_BYTES];

    stamp_hash(of, stamp, hash);
    return is_enough(hash, bits);
}

bool stamp_make(const struct stamp_of *of, unsigned bits, uint64_t *next, uint64_t tries,
                uint8_t stamp[STAMP_BYTES])
{
    struct hash_state before, s;
    uint8_t hash[SHA256_BYTES];

    begin(of, &before);
    for (; tries > 0; tries--) {
        put_be((*next)++, stamp, STAMP_BYTES);
        hash_fork(&s, &before);
        hash_add(&s, span_of(stamp, STAMP_BYTES));
        hash_end(&s, hash);
        if (is_enough(hash, bits))
            return true;
    }
    return false;
}
