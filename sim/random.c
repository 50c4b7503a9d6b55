/* Randomness of scenarios, and the distributions that they draw from. No libm: compilers and
 * machines round its functions differently, and one bit makes another run. */
#include "sim/random.h"

#include "sim/world.h"

#include <math.h>

static uint64_t mixed(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t sim_random(struct sim *s, uint32_t purpose, uint64_t below)
{
    assert(purpose < SIM_PURPOSES_MAX && below > 0);
    s->random[purpose] = mixed(s->random[purpose] ^ mixed(s->params.seed + purpose));
    return s->random[purpose] % below;
}

double sim_uniform(struct sim *s, uint32_t purpose)
{
    return ((double)(sim_random(s, purpose, 1ull << 52)) + 0.5) / (double)(1ull << 52);
}

double num_ln(double x)
{
    int exponent = 0;

    assert(x > 0);
    for (; x > 1.5; x /= 2)
        exponent++;
    for (; x < 0.75; x *= 2)
        exponent--;
    double y = (x - 1) / (x + 1), y2 = y * y, term = y, sum = 0; /* 2 artanh y */
    for (int k = 1; k < 40; k += 2) {
        sum += term / k;
        term *= y2;
    }
    return 2 * sum + exponent * 0.693147180559945309417232;
}

double num_exp(double x)
{
    double sum = 1, term = 1;
    int halvings = 0;

    if (x < -700)
        return 0;
    assert(x < 700);
    for (; x > 0.5 || x < -0.5; x /= 2)
        halvings++;
    for (int k = 1; k < 20; k++) {
        term *= x / k;
        sum += term;
    }
    while (halvings-- > 0)
        sum *= sum;
    return sum;
}

double num_pow(double base, double exponent)
{
    return base <= 0 ? 0 : num_exp(exponent * num_ln(base));
}

/* Peter Acklam's rational approximation of the inverse of the normal distribution, 1e-9. */
static double normal_of(double p)
{
    static const double a[] = {-3.969683028665376e+01, 2.209460984245205e+02,
                               -2.759285104469687e+02, 1.383577518672690e+02,
                               -3.066479806614716e+01, 2.506628277459239e+00};
    static const double b[] = {-5.447609879822406e+01, 1.615858368580409e+02,
                               -1.556989798598866e+02, 6.680131188771972e+01,
                               -1.328068155288572e+01};
    static const double c[] = {-7.784894002430293e-03, -3.223964580411365e-01,
                               -2.400758277161838e+00, -2.549732539343734e+00,
                               4.374664141464968e+00,  2.938163982698783e+00};
    static const double d[] = {7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00,
                               3.754408661907416e+00};
    double low = p < 0.5 ? p : 1 - p;

    if (low < 0.02425) {
        double q = sqrt(-2 * num_ln(low));
        double x = (((((c[0] * q + c[1]) * q + c[2]) * q + c[3]) * q + c[4]) * q + c[5]) /
                   ((((d[0] * q + d[1]) * q + d[2]) * q + d[3]) * q + 1);
        return p < 0.5 ? x : -x;
    }
    double q = p - 0.5, r = q * q;
    return (((((a[0] * r + a[1]) * r + a[2]) * r + a[3]) * r + a[4]) * r + a[5]) * q /
           (((((b[0] * r + b[1]) * r + b[2]) * r + b[3]) * r + b[4]) * r + 1);
}

double sim_normal(struct sim *s, uint32_t purpose)
{
    return normal_of(sim_uniform(s, purpose));
}

double sim_exponential(struct sim *s, uint32_t purpose, double mean)
{
    return -mean * num_ln(sim_uniform(s, purpose));
}

double sim_lognormal(struct sim *s, uint32_t purpose, double median, double sigma)
{
    return median * num_exp(sigma * sim_normal(s, purpose));
}

uint32_t sim_zipf(struct sim *s, uint32_t purpose, uint32_t n, double exponent)
{
    double all = 0, at;

    for (uint32_t i = 1; i <= n; i++)
        all += num_pow(i, -exponent);
    at = sim_uniform(s, purpose) * all;
    for (uint32_t i = 1; i < n; i++) {
        at -= num_pow(i, -exponent);
        if (at < 0)
            return i - 1;
    }
    return n - 1;
}

void sim_shuffle(struct sim *s, uint32_t purpose, uint32_t *items, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = sim_random(s, purpose, i);
        uint32_t t = items[i - 1];
        items[i - 1] = items[j];
        items[j] = t;
    }
}

double num_quantile_t95(uint32_t degrees)
{
    static const double table[] = {0,     12.706, 4.303, 3.182, 2.776, 2.571, 2.447,
                                   2.365, 2.306,  2.262, 2.228, 2.201, 2.179, 2.160,
                                   2.145, 2.131,  2.120, 2.110, 2.101, 2.093, 2.086};

    if (degrees < sizeof table / sizeof *table)
        return table[degrees];
    return 1.96 + 2.4 / degrees;
}

void num_wilson95(double share, double n, double *lower, double *upper)
{
    const double z = 1.959964;

    if (n <= 0) {
        *lower = 0;
        *upper = 1;
        return;
    }
    double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n));
    *lower = middle > half ? middle - half : 0;
    *upper = middle + half < 1 ? middle + half : 1;
}
