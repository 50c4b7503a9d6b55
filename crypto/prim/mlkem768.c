/* ML-KEM-768: K-PKE (FIPS 203 5) and ML-KEM's internal algorithms (6). Where libcrypto has its own
 * (mlkem_libcrypto.c), that does the work. */
#include "crypto/prim/mlkem768.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/ct.h"
#include "crypto/prim/keccak.h"
#include "crypto/prim/mlkem_libcrypto.h"
#include "crypto/prim/mlkem_poly.h"

#define K            3u /* rank of the module */
#define DU           10u
#define DV           4u
#define POLY_BYTES   384u /* 256 coefficients of 12 bits */
#define VECTOR_BYTES (K * POLY_BYTES)
#define U_BYTES      (32u * DU)

/* where dk's parts begin: dk_pke || ek || H(ek) || z */
#define DK_EK   VECTOR_BYTES
#define DK_HASH (DK_EK + MLKEM768_PUBLIC_BYTES)
#define DK_Z    (DK_HASH + 32u)

struct vector {
    struct poly p[K];
};

static void hash_g(const struct span *parts, size_t count, uint8_t out[64])
{
    keccak_parts(KECCAK_SHA3_512, parts, count, out, 64);
}

static void sample_noise(struct vector *v, const uint8_t *sigma, uint8_t first)
{
    for (uint8_t i = 0; i < K; i++)
        poly_sample_noise(&v->p[i], sigma, (uint8_t)(first + i));
}

static void vector_ntt(struct vector *v)
{
    for (size_t i = 0; i < K; i++)
        poly_ntt(&v->p[i]);
}

/* sum of a[i] * b[i], in the NTT domain */
static void dot(struct poly *out, const struct vector *a, const struct vector *b)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < K; i++)
        poly_add_product(out, &a->p[i], &b->p[i]);
}

/* row `row` of A, or of its transpose; made anew when needed, which saves 4.5 KB of stack */
static void matrix_row(struct vector *out, const uint8_t rho[32], uint8_t row, bool transposed)
{
    for (uint8_t i = 0; i < K; i++) /* A[row][i] = SampleNTT(rho || i || row) */
        poly_sample_ntt(&out->p[i], rho, transposed ? row : i, transposed ? i : row);
}

static bool vector_decode(struct vector *v, const uint8_t *in)
{
    bool reduced = true;

    for (size_t i = 0; i < K; i++)
        reduced &= poly_decode(&v->p[i], 12, in + i * POLY_BYTES); /* no branch: may be secret */
    return reduced;
}

/* K-PKE.KeyGen, algorithm 13 */
static void pke_key_pair(const uint8_t d[32], uint8_t *ek, uint8_t *dk)
{
    uint8_t rank = K, rho_sigma[64];
    struct span seed[] = {span_of(d, 32), span_of(&rank, 1)};
    struct vector s, e, row;
    struct poly t;

    hash_g(seed, 2, rho_sigma);
    const uint8_t *rho = rho_sigma, *sigma = rho_sigma + 32;
    CT_PUBLIC(rho, 32);
    sample_noise(&s, sigma, 0);
    sample_noise(&e, sigma, K);
    vector_ntt(&s);
    vector_ntt(&e);
    for (uint8_t i = 0; i < K; i++) { /* t = A s + e */
        matrix_row(&row, rho, i, false);
        dot(&t, &row, &s);
        poly_add(&t, &e.p[i]);
        poly_encode(&t, 12, ek + i * POLY_BYTES);
        poly_encode(&s.p[i], 12, dk + i * POLY_BYTES);
    }
    memcpy(ek + VECTOR_BYTES, rho, 32);
    CT_PUBLIC(ek, MLKEM768_PUBLIC_BYTES);
    wipe(rho_sigma, sizeof rho_sigma);
    wipe(&s, sizeof s);
    wipe(&e, sizeof e);
}

/* K-PKE.Encrypt, algorithm 14; t is the decoded vector of ek */
static void pke_encrypt(const struct vector *t, const uint8_t *rho, const uint8_t m[32],
                        const uint8_t r[32], uint8_t *c)
{
    struct vector y, row;
    struct poly e, u, mu;

    sample_noise(&y, r, 0);
    vector_ntt(&y);
    for (uint8_t i = 0; i < K; i++) { /* u = A^T y + e1 */
        matrix_row(&row, rho, i, true);
        dot(&u, &row, &y);
        poly_ntt_inverse(&u);
        poly_sample_noise(&e, r, (uint8_t)(K + i));
        poly_add(&u, &e);
        poly_compress(&u, DU);
        poly_encode(&u, DU, c + i * U_BYTES);
    }
    dot(&u, t, &y); /* v = t^T y + e2 + mu */
    poly_ntt_inverse(&u);
    poly_sample_noise(&e, r, 2 * K);
    poly_add(&u, &e);
    (void)poly_decode(&mu, 1, m);
    poly_decompress(&mu, 1);
    poly_add(&u, &mu);
    poly_compress(&u, DV);
    poly_encode(&u, DV, c + K * U_BYTES);
    wipe(&y, sizeof y);
    wipe(&e, sizeof e);
    wipe(&u, sizeof u);
    wipe(&mu, sizeof mu);
}

/* K-PKE.Decrypt, algorithm 15 */
static void pke_decrypt(const uint8_t *dk, const uint8_t *c, uint8_t m[32])
{
    struct vector s, u;
    struct poly v, w;

    for (size_t i = 0; i < K; i++) {
        (void)poly_decode(&u.p[i], DU, c + i * U_BYTES);
        poly_decompress(&u.p[i], DU);
    }
    (void)poly_decode(&v, DV, c + K * U_BYTES);
    poly_decompress(&v, DV);
    (void)vector_decode(&s, dk);
    vector_ntt(&u);
    dot(&w, &s, &u); /* w = v - s^T u */
    poly_ntt_inverse(&w);
    poly_subtract_from(&w, &v);
    poly_compress(&w, 1);
    poly_encode(&w, 1, m);
    wipe(&s, sizeof s);
    wipe(&w, sizeof w);
}

void mlkem768_key_pair(const uint8_t seed[MLKEM768_SEED_BYTES], uint8_t pub[MLKEM768_PUBLIC_BYTES],
                       uint8_t secret[MLKEM768_SECRET_BYTES])
{
    if (mlkem_libcrypto_key_pair(seed, pub, secret))
        return;
    pke_key_pair(seed, pub, secret);
    memcpy(secret + DK_EK, pub, MLKEM768_PUBLIC_BYTES);
    sha3_256(span_of(pub, MLKEM768_PUBLIC_BYTES), secret + DK_HASH);
    memcpy(secret + DK_Z, seed + 32, 32);
}

enum err mlkem768_check_public(const uint8_t pub[MLKEM768_PUBLIC_BYTES])
{
    struct vector t;

    return vector_decode(&t, pub) ? OK : ERR_AUTH;
}

enum err mlkem768_check_secret(const uint8_t secret[MLKEM768_SECRET_BYTES])
{
    uint8_t hash[32];

    sha3_256(span_of(secret + DK_EK, MLKEM768_PUBLIC_BYTES), hash);
    return ct_equal(hash, secret + DK_HASH, 32) ? OK : ERR_CORRUPT;
}

enum err mlkem768_encap(const uint8_t pub[MLKEM768_PUBLIC_BYTES],
                        const uint8_t m[MLKEM768_MESSAGE_BYTES],
                        uint8_t ciphertext[MLKEM768_CIPHERTEXT_BYTES],
                        uint8_t shared[MLKEM768_SHARED_BYTES])
{
    uint8_t hash[32], k_r[64];
    struct span in[] = {span_of(m, 32), SPAN_ARRAY(hash)};
    struct vector t;

    if (!vector_decode(&t, pub))
        return ERR_AUTH;
    if (mlkem_libcrypto_encap(pub, m, ciphertext, shared))
        return OK;
    sha3_256(span_of(pub, MLKEM768_PUBLIC_BYTES), hash);
    hash_g(in, 2, k_r); /* (K, r) = G(m || H(ek)) */
    pke_encrypt(&t, pub + VECTOR_BYTES, m, k_r + 32, ciphertext);
    CT_PUBLIC(ciphertext, MLKEM768_CIPHERTEXT_BYTES);
    memcpy(shared, k_r, 32);
    wipe(k_r, sizeof k_r);
    return OK;
}

void mlkem768_decap(const uint8_t secret[MLKEM768_SECRET_BYTES],
                    const uint8_t ciphertext[MLKEM768_CIPHERTEXT_BYTES],
                    uint8_t shared[MLKEM768_SHARED_BYTES])
{
    uint8_t m[32], k_r[64], rejected[32], again[MLKEM768_CIPHERTEXT_BYTES];
    struct span in[] = {SPAN_ARRAY(m), span_of(secret + DK_HASH, 32)};
    struct span z_c[] = {span_of(secret + DK_Z, 32),
                         span_of(ciphertext, MLKEM768_CIPHERTEXT_BYTES)};
    struct vector t;

    if (mlkem_libcrypto_decap(secret, ciphertext, shared))
        return;
    pke_decrypt(secret, ciphertext, m);
    hash_g(in, 2, k_r);
    keccak_parts(KECCAK_SHAKE256, z_c, 2, rejected, 32); /* J(z || c) */
    (void)vector_decode(&t, secret + DK_EK);
    pke_encrypt(&t, secret + DK_EK + VECTOR_BYTES, m, k_r + 32, again);

    /* choose by mask: whether c was honest is as secret as m */
    uint8_t keep = (uint8_t)(0u - (unsigned)ct_equal(ciphertext, again, sizeof again));
    for (size_t i = 0; i < 32; i++)
        shared[i] = (uint8_t)((k_r[i] & keep) | (rejected[i] & (uint8_t)~keep));
    wipe(m, sizeof m);
    wipe(k_r, sizeof k_r);
    wipe(rejected, sizeof rejected);
    wipe(again, sizeof again);
}

void mlkem768_decap_seed(const uint8_t seed[MLKEM768_SEED_BYTES],
                         const uint8_t ciphertext[MLKEM768_CIPHERTEXT_BYTES],
                         uint8_t shared[MLKEM768_SHARED_BYTES])
{
    uint8_t pub[MLKEM768_PUBLIC_BYTES], secret[MLKEM768_SECRET_BYTES];

    if (mlkem_libcrypto_decap_seed(seed, ciphertext, shared))
        return;
    mlkem768_key_pair(seed, pub, secret);
    mlkem768_decap(secret, ciphertext, shared);
    wipe(secret, sizeof secret);
}
