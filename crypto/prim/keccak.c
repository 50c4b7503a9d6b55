#include "crypto/prim/keccak.h"

#include "crypto/base/wipe.h"

static const uint64_t round_constants[24] = {
    0x0000000000000001u, 0x0000000000008082u, 0x800000000000808au, 0x8000000080008000u,
    0x000000000000808bu, 0x0000000080000001u, 0x8000000080008081u, 0x8000000000008009u,
    0x000000000000008au, 0x0000000000000088u, 0x0000000080008009u, 0x000000008000000au,
    0x000000008000808bu, 0x800000000000008bu, 0x8000000000008089u, 0x8000000000008003u,
    0x8000000000008002u, 0x8000000000000080u, 0x000000000000800au, 0x800000008000000au,
    0x8000000080008081u, 0x8000000000008080u, 0x0000000080000001u, 0x8000000080008008u};

/* lane x + 5y is rotated by rho[x + 5y] and goes to lane pi[x + 5y] */
static const uint8_t rho[25] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};
static const uint8_t pi[25] = {0,  10, 20, 5, 15, 16, 1,  11, 21, 6, 7,  17, 2,
                               12, 22, 23, 8, 18, 3,  13, 14, 24, 9, 19, 4};

static inline uint64_t rotl(uint64_t v, unsigned n)
{
    return n == 0 ? v : v << n | v >> (64 - n);
}

/* Keccak-f[1600], FIPS 202 3.3 */
static void permute(uint64_t lanes[25])
{
    uint64_t a[25], b[25], c[5], d[5];

    memcpy(a, lanes, sizeof a);
    for (unsigned round = 0; round < 24; round++) {
#pragma GCC unroll 25
        for (unsigned x = 0; x < 5; x++) /* theta */
            c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
#pragma GCC unroll 25
        for (unsigned x = 0; x < 5; x++)
            d[x] = c[(x + 4) % 5] ^ rotl(c[(x + 1) % 5], 1);
#pragma GCC unroll 25
        for (unsigned i = 0; i < 25; i++) /* rho and pi */
            b[pi[i]] = rotl(a[i] ^ d[i % 5], rho[i]);
#pragma GCC unroll 25
        for (unsigned i = 0; i < 25; i++) /* chi */
            a[i] = b[i] ^ (~b[i / 5 * 5 + (i + 1) % 5] & b[i / 5 * 5 + (i + 2) % 5]);
        a[0] ^= round_constants[round]; /* iota */
    }
    memcpy(lanes, a, sizeof a);
    wipe(a, sizeof a);
}

static inline uint64_t load_le(const uint8_t *p)
{
    uint64_t v = 0;

#pragma GCC unroll 25
    for (unsigned i = 0; i < 8; i++)
        v |= (uint64_t)p[i] << (8 * i);
    return v;
}

void keccak_init(struct keccak *k, struct keccak_variant variant)
{
    *k = (struct keccak){.variant = variant};
}

static void absorb_byte(struct keccak *k, uint8_t byte)
{
    k->lanes[k->at / 8] ^= (uint64_t)byte << (8 * (k->at % 8));
    if (++k->at == k->variant.rate) {
        permute(k->lanes);
        k->at = 0;
    }
}

void keccak_absorb(struct keccak *k, struct span in)
{
    size_t rate = k->variant.rate;

    assert(!k->squeezing);
    while (in.len > 0 && k->at != 0) { /* fill the block begun before */
        absorb_byte(k, in.ptr[0]);
        in = span_after(in, 1);
    }
    while (in.len >= rate) {
        for (size_t i = 0; i < rate / 8; i++)
            k->lanes[i] ^= load_le(in.ptr + 8 * i);
        permute(k->lanes);
        in = span_after(in, rate);
    }
    for (size_t i = 0; i < in.len; i++)
        absorb_byte(k, in.ptr[i]);
}

static void pad(struct keccak *k)
{
    k->lanes[k->at / 8] ^= (uint64_t)k->variant.suffix << (8 * (k->at % 8));
    k->lanes[k->variant.rate / 8 - 1] ^= (uint64_t)1 << 63;
    k->at = k->variant.rate; /* nothing left of this block: the first squeeze permutes */
    k->squeezing = true;
}

void keccak_squeeze(struct keccak *k, uint8_t *out, size_t len)
{
    if (!k->squeezing)
        pad(k);
    for (size_t i = 0; i < len; i++) {
        if (k->at == k->variant.rate) {
            permute(k->lanes);
            k->at = 0;
        }
        out[i] = (uint8_t)(k->lanes[k->at / 8] >> (8 * (k->at % 8)));
        k->at++;
    }
}

void keccak_clear(struct keccak *k)
{
    wipe(k, sizeof *k);
}

void keccak_parts(struct keccak_variant variant, const struct span *parts, size_t count,
                  uint8_t *out, size_t len)
{
    struct keccak k;

    keccak_init(&k, variant);
    for (size_t i = 0; i < count; i++)
        keccak_absorb(&k, parts[i]);
    keccak_squeeze(&k, out, len);
    keccak_clear(&k);
}

void keccak256(struct span in, uint8_t out[32])
{
    keccak_parts(KECCAK_256, &in, 1, out, 32);
}

void sha3_256(struct span in, uint8_t out[32])
{
    keccak_parts(KECCAK_SHA3_256, &in, 1, out, 32);
}

void sha3_512(struct span in, uint8_t out[64])
{
    keccak_parts(KECCAK_SHA3_512, &in, 1, out, 64);
}

void shake256(struct span in, uint8_t *out, size_t len)
{
    keccak_parts(KECCAK_SHAKE256, &in, 1, out, len);
}
