#include "net/wire/bech32m.h"

#define CHECKSUM_CHARS 6u
#define BECH32M_CONST  0x2bc830a3u /* BIP-350 */

static const char alphabet[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/* The generator of the BCH code. @source BIP-173 "Checksum" */
static uint32_t polymod(uint32_t sum, uint8_t value)
{
    static const uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd,
                                         0x2a1462b3};
    uint32_t top = sum >> 25;

    sum = (sum & 0x1ffffff) << 5 ^ value;
    for (unsigned i = 0; i < 5; i++)
        sum ^= (top >> i & 1) != 0 ? generator[i] : 0;
    return sum;
}

static uint32_t begin(struct span prefix)
{
    uint32_t sum = 1;

    for (size_t i = 0; i < prefix.len; i++)
        sum = polymod(sum, prefix.ptr[i] >> 5);
    sum = polymod(sum, 0);
    for (size_t i = 0; i < prefix.len; i++)
        sum = polymod(sum, prefix.ptr[i] & 31);
    return sum;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* 0..31, or 32: not of the alphabet */
static uint8_t value_of(uint8_t c)
{
    const char *at = c == 0 ? NULL : strchr(alphabet, lower(c));

    return at == NULL ? 32 : (uint8_t)(at - alphabet);
}

void bech32m_encode(const char *prefix, struct span bytes, char *out)
{
    size_t n = strlen(prefix), bits = 0;
    uint32_t sum = begin(span_str(prefix)), held = 0;

    assert(n >= 1 && n <= BECH32M_PREFIX_MAX && bytes.len <= BECH32M_BYTES_MAX);
    memcpy(out, prefix, n);
    out[n++] = '1';
    for (size_t i = 0; i < bytes.len || bits > 0;) {
        if (bits < 5 && i < bytes.len) {
            held = (held << 8 | bytes.ptr[i++]) & 0xfff;
            bits += 8;
        } else if (bits < 5) { /* the last digit: zeros behind the end */
            held <<= 5 - bits;
            bits = 5;
        }
        bits -= 5;
        uint8_t v = held >> bits & 31;
        sum = polymod(sum, v);
        out[n++] = alphabet[v];
    }
    for (unsigned i = 0; i < CHECKSUM_CHARS; i++)
        sum = polymod(sum, 0);
    sum ^= BECH32M_CONST;
    for (unsigned i = 0; i < CHECKSUM_CHARS; i++)
        out[n++] = alphabet[sum >> (5 * (5 - i)) & 31];
    out[n] = '\0';
}

/* Characters, case, separator and checksum; where the data begins. */
static bool sound(struct span text, size_t *data)
{
    bool upper = false, small = false;
    size_t one = text.len;
    uint8_t prefix[BECH32M_PREFIX_MAX];

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c < 33 || c > 126)
            return false;
        upper = upper || (c >= 'A' && c <= 'Z');
        small = small || (c >= 'a' && c <= 'z');
        one = c == '1' ? i : one;
    }
    if ((upper && small) || one == 0 || one > BECH32M_PREFIX_MAX ||
        text.len < one + 1 + CHECKSUM_CHARS)
        return false;
    for (size_t i = 0; i < one; i++)
        prefix[i] = lower(text.ptr[i]);
    uint32_t sum = begin(span_of(prefix, one));
    for (size_t i = one + 1; i < text.len; i++) {
        uint8_t v = value_of(text.ptr[i]);
        if (v > 31)
            return false;
        sum = polymod(sum, v);
    }
    *data = one + 1;
    return sum == BECH32M_CONST;
}

/* The separator is the last '1', so a prefix is compared once its end is known. */
static bool has_prefix(struct span text, size_t data, struct span prefix)
{
    if (data != prefix.len + 1)
        return false;
    for (size_t i = 0; i < prefix.len; i++)
        if (lower(text.ptr[i]) != prefix.ptr[i])
            return false;
    return true;
}

enum err bech32m_decode(const char *prefix, struct span text, uint8_t *out, size_t cap, size_t *len)
{
    size_t data, bits = 0, n = 0;
    uint32_t held = 0;

    *len = 0;
    if (text.len > BECH32M_CHARS(BECH32M_PREFIX_MAX, BECH32M_BYTES_MAX))
        return ERR_LIMIT;
    if (!sound(text, &data))
        return ERR_FORMAT;
    if (!has_prefix(text, data, span_str(prefix)))
        return ERR_UNSUPPORTED;
    for (size_t i = data; i < text.len - CHECKSUM_CHARS; i++) {
        held = (held << 5 | value_of(text.ptr[i])) & 0xfff;
        bits += 5;
        if (bits < 8)
            continue;
        bits -= 8;
        if (n == cap)
            return ERR_LIMIT;
        out[n++] = (uint8_t)(held >> bits);
    }
    if (bits >= 5 || (held & ((1u << bits) - 1)) != 0)
        return ERR_FORMAT;
    *len = n;
    return OK;
}
