#include "net/wire/bases.h"

static const char ALPHABET_58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const char ALPHABET_32[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char ALPHABET_64[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int digit_of(const char *alphabet, uint8_t c)
{
    const char *at = c == 0 ? NULL : strchr(alphabet, c);

    return at == NULL ? -1 : (int)(at - alphabet);
}

void base58_encode(struct span in, char *out)
{
    uint8_t digits[BASE58_CHARS(BASE58_BYTES_MAX)]; /* least significant first */
    size_t zeros = 0, count = 0, n = 0;

    assert(in.len <= BASE58_BYTES_MAX);
    while (zeros < in.len && in.ptr[zeros] == 0)
        zeros++;
    for (size_t i = zeros; i < in.len; i++) {
        unsigned carry = in.ptr[i];
        for (size_t k = 0; k < count || carry > 0; k++) {
            if (k == count)
                digits[count++] = 0;
            carry += digits[k] * 256u;
            digits[k] = (uint8_t)(carry % 58);
            carry /= 58;
        }
    }
    for (size_t i = 0; i < zeros; i++)
        out[n++] = '1'; /* every leading zero byte is a digit of its own */
    while (count > 0)
        out[n++] = ALPHABET_58[digits[--count]];
    out[n] = '\0';
}

enum err base58_decode(struct span text, uint8_t *out, size_t cap, size_t *len)
{
    uint8_t bytes[BASE58_BYTES_MAX]; /* least significant first */
    size_t zeros = 0, count = 0;

    assert(cap <= BASE58_BYTES_MAX);
    while (zeros < text.len && text.ptr[zeros] == '1')
        zeros++;
    for (size_t i = zeros; i < text.len; i++) {
        int digit = digit_of(ALPHABET_58, text.ptr[i]);
        if (digit < 0)
            return ERR_FORMAT;
        unsigned carry = (unsigned)digit;
        for (size_t k = 0; k < count || carry > 0; k++) {
            if (k == cap)
                return ERR_LIMIT;
            if (k == count)
                bytes[count++] = 0;
            carry += bytes[k] * 58u;
            bytes[k] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    if (zeros > cap || count > cap - zeros)
        return ERR_LIMIT;
    memset(out, 0, zeros);
    for (size_t i = 0; i < count; i++)
        out[zeros + i] = bytes[count - 1 - i];
    *len = zeros + count;
    return OK;
}

/* Both power-of-two bases: `bits` to a character, most significant first. */
static void encode_bits(struct span in, const char *alphabet, unsigned bits, char *out)
{
    unsigned held = 0, acc = 0;
    size_t n = 0;

    for (size_t i = 0; i < in.len; i++) {
        acc = (acc << 8 | in.ptr[i]) & 0xffff;
        for (held += 8; held >= bits; held -= bits)
            out[n++] = alphabet[acc >> (held - bits) & ((1u << bits) - 1)];
    }
    if (held > 0)
        out[n++] = alphabet[acc << (bits - held) & ((1u << bits) - 1)];
    out[n] = '\0';
}

static enum err decode_bits(struct span text, const char *alphabet, unsigned bits, bool any_case,
                            uint8_t *out, size_t *len)
{
    unsigned held = 0, acc = 0;
    size_t n = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (any_case && c >= 'A' && c <= 'Z')
            c = (uint8_t)(c - 'A' + 'a');
        int digit = digit_of(alphabet, c);
        if (digit < 0)
            return ERR_FORMAT;
        acc = (acc << bits | (unsigned)digit) & 0xffff;
        held += bits;
        if (held >= 8) {
            held -= 8;
            out[n++] = (uint8_t)(acc >> held);
        }
    }
    if (held >= bits || (acc & ((1u << held) - 1)) != 0)
        return ERR_FORMAT; /* a whole character too many, or bits that say nothing */
    *len = n;
    return OK;
}

void base32_encode(struct span in, char *out)
{
    encode_bits(in, ALPHABET_32, 5, out);
}

enum err base32_decode(struct span text, uint8_t *out, size_t *len)
{
    return decode_bits(text, ALPHABET_32, 5, true, out, len);
}

void base64url_encode(struct span in, char *out)
{
    encode_bits(in, ALPHABET_64, 6, out);
}

enum err base64url_decode(struct span text, uint8_t *out, size_t *len)
{
    return decode_bits(text, ALPHABET_64, 6, false, out, len);
}
