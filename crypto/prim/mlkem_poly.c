#include "crypto/prim/mlkem_poly.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/keccak.h"

#define Q MLKEM_Q

/* x - q when that is not negative, for x < 2q; by mask, not by branch */
static inline uint16_t reduce_once(uint32_t x)
{
    uint32_t less = x - Q;               /* wraps below zero */
    uint32_t borrow = 0u - (less >> 31); /* all ones when it did */
    return (uint16_t)(less + (borrow & Q));
}

/* Barrett: x mod q for x < 2^25; 5039 = floor(2^24 / q), so the quotient is at most one too small
 */
static inline uint16_t reduce(uint32_t x)
{
    uint32_t quotient = (uint32_t)((uint64_t)x * 5039u >> 24);
    return reduce_once(x - quotient * Q);
}

static inline uint16_t multiply(uint16_t a, uint16_t b)
{
    return reduce((uint32_t)a * b);
}

void poly_ntt(struct poly *p)
{
    size_t k = 1;

    for (size_t len = 128; len >= 2; len /= 2) {
        for (size_t start = 0; start < MLKEM_N; start += 2 * len) {
            uint16_t zeta = mlkem_zetas[k++];
            for (size_t j = start; j < start + len; j++) {
                uint16_t t = multiply(zeta, p->c[j + len]);
                p->c[j + len] = reduce_once((uint32_t)p->c[j] + Q - t);
                p->c[j] = reduce_once((uint32_t)p->c[j] + t);
            }
        }
    }
}

void poly_ntt_inverse(struct poly *p)
{
    size_t k = 127;

    for (size_t len = 2; len <= 128; len *= 2) {
        for (size_t start = 0; start < MLKEM_N; start += 2 * len) {
            uint16_t zeta = mlkem_zetas[k--];
            for (size_t j = start; j < start + len; j++) {
                uint16_t t = p->c[j];
                p->c[j] = reduce_once((uint32_t)t + p->c[j + len]);
                p->c[j + len] = multiply(zeta, reduce_once((uint32_t)p->c[j + len] + Q - t));
            }
        }
    }
    for (size_t j = 0; j < MLKEM_N; j++)
        p->c[j] = multiply(p->c[j], 3303); /* 128^-1 */
}

void poly_add_product(struct poly *sum, const struct poly *a, const struct poly *b)
{
    for (size_t i = 0; i < MLKEM_N / 2; i++) {
        uint32_t a0 = a->c[2 * i], a1 = a->c[2 * i + 1];
        uint32_t b0 = b->c[2 * i], b1 = b->c[2 * i + 1];
        /* below 2 q^2 + q, as reduce asks */
        sum->c[2 * i] =
            reduce(a0 * b0 + (uint32_t)reduce(a1 * b1) * mlkem_gammas[i] + sum->c[2 * i]);
        sum->c[2 * i + 1] = reduce(a0 * b1 + a1 * b0 + sum->c[2 * i + 1]);
    }
}

void poly_add(struct poly *p, const struct poly *q)
{
    for (size_t i = 0; i < MLKEM_N; i++)
        p->c[i] = reduce_once((uint32_t)p->c[i] + q->c[i]);
}

void poly_subtract_from(struct poly *p, const struct poly *q)
{
    for (size_t i = 0; i < MLKEM_N; i++)
        p->c[i] = reduce_once((uint32_t)q->c[i] + Q - p->c[i]);
}

void poly_encode(const struct poly *p, unsigned bits, uint8_t *out)
{
    uint32_t held = 0;
    unsigned count = 0;

    for (size_t i = 0; i < MLKEM_N; i++) {
        held |= (uint32_t)p->c[i] << count;
        for (count += bits; count >= 8; count -= 8) {
            *out++ = (uint8_t)held;
            held >>= 8;
        }
    }
}

bool poly_decode(struct poly *p, unsigned bits, const uint8_t *in)
{
    uint32_t held = 0, over = 0;
    unsigned count = 0;

    for (size_t i = 0; i < MLKEM_N; i++) {
        for (; count < bits; count += 8)
            held |= (uint32_t)*in++ << count;
        p->c[i] = (uint16_t)(held & ((1u << bits) - 1));
        held >>= bits;
        count -= bits;
        over |= Q - 1 - p->c[i]; /* the top bit is set when the coefficient is q or more */
    }
    return over >> 31 == 0;
}

/* round(x 2^bits / q) mod 2^bits. The division by q is a multiplication with 2^36 / q rounded up,
 * exact for all x below q and bits up to 10 (tested for every one): a division instruction would
 * take a time that depends on the secret. */
uint16_t mlkem_compress(uint16_t x, unsigned bits)
{
    uint64_t scaled = ((uint64_t)x << bits) + Q / 2;
    return (uint16_t)((scaled * 20642679u >> 36) & ((1u << bits) - 1));
}

void poly_compress(struct poly *p, unsigned bits)
{
    for (size_t i = 0; i < MLKEM_N; i++)
        p->c[i] = mlkem_compress(p->c[i], bits);
}

void poly_decompress(struct poly *p, unsigned bits)
{
    for (size_t i = 0; i < MLKEM_N; i++)
        p->c[i] = (uint16_t)(((uint32_t)p->c[i] * Q + (1u << (bits - 1))) >> bits);
}

void poly_sample_ntt(struct poly *p, const uint8_t rho[32], uint8_t i, uint8_t j)
{
    uint8_t block[SHAKE128_RATE], index[2] = {i, j};
    struct keccak k;
    size_t n = 0;

    keccak_init(&k, KECCAK_SHAKE128);
    keccak_absorb(&k, span_of(rho, 32));
    keccak_absorb(&k, SPAN_ARRAY(index));
    while (n < MLKEM_N) {
        keccak_squeeze(&k, block, sizeof block);
        for (size_t at = 0; at < sizeof block && n < MLKEM_N; at += 3) {
            uint16_t d1 = (uint16_t)(block[at] | (block[at + 1] & 15) << 8);
            uint16_t d2 = (uint16_t)(block[at + 1] >> 4 | block[at + 2] << 4);
            if (d1 < Q)
                p->c[n++] = d1;
            if (d2 < Q && n < MLKEM_N)
                p->c[n++] = d2;
        }
    }
}

void poly_sample_noise(struct poly *p, const uint8_t sigma[32], uint8_t n)
{
    uint8_t bytes[MLKEM_N / 2];
    struct span in[] = {span_of(sigma, 32), span_of(&n, 1)};

    keccak_parts(KECCAK_SHAKE256, in, 2, bytes, sizeof bytes);
    for (size_t i = 0; i < MLKEM_N; i++) { /* two bits less two bits */
        uint32_t four = (uint32_t)bytes[i / 2] >> (4 * (i % 2));
        uint32_t x = (four & 1) + (four >> 1 & 1), y = (four >> 2 & 1) + (four >> 3 & 1);
        p->c[i] = reduce_once(x + Q - y);
    }
    wipe(bytes, sizeof bytes);
}
