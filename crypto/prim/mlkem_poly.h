/* Inside crypto/prim: polynomials over Z_3329 with 256 coefficients, as FIPS 203 4.2 and 4.3 use
 * them. Coefficients are kept reduced, in [0, 3329). Constant time but for poly_sample_ntt, whose
 * input is public. */
#pragma once

#include "crypto/base/span.h"

#define MLKEM_Q 3329u
#define MLKEM_N 256u

struct poly {
    uint16_t c[MLKEM_N];
};

extern const uint16_t mlkem_zetas[128], mlkem_gammas[128];

/** @source FIPS 203 algorithm 9 */
void poly_ntt(struct poly *p);

/** @source FIPS 203 algorithm 10 */
void poly_ntt_inverse(struct poly *p);

/** sum += a * b, all in the NTT domain. @source FIPS 203 algorithms 11 and 12 */
void poly_add_product(struct poly *sum, const struct poly *a, const struct poly *b);

/** p += q */
void poly_add(struct poly *p, const struct poly *q);

/** p = q - p */
void poly_subtract_from(struct poly *p, const struct poly *q);

/** Pack `bits` (1..12) of every coefficient, 32 * bits bytes. @source FIPS 203 algorithm 5 */
void poly_encode(const struct poly *p, unsigned bits, uint8_t *out);

/** Unpack; false when bits = 12 and a coefficient was not reduced (it then is not either).
 *
 * @source FIPS 203 algorithm 6
 */
bool poly_decode(struct poly *p, unsigned bits, const uint8_t *in);

/** Round every coefficient to `bits` (1, 4 or 10). @source FIPS 203 4.7 */
void poly_compress(struct poly *p, unsigned bits);

/** The inverse, up to rounding. @source FIPS 203 4.8 */
void poly_decompress(struct poly *p, unsigned bits);

/** One coefficient of poly_compress, for the exhaustive test. */
uint16_t mlkem_compress(uint16_t x, unsigned bits);

/** Uniform polynomial in the NTT domain from (rho, i, j); rho is public.
 *
 * @source FIPS 203 algorithm 7
 */
void poly_sample_ntt(struct poly *p, const uint8_t rho[32], uint8_t i, uint8_t j);

/** Noise of eta = 2 from PRF(sigma, n). @source FIPS 203 algorithm 8 */
void poly_sample_noise(struct poly *p, const uint8_t sigma[32], uint8_t n);
