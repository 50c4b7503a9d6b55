/* The distributions of scenarios, against values from tables and their own definitions. */
#include "sim/random.h"
#include "tests/lib/testing.h"

#include <math.h>

static void logarithm_and_exponential(void **state)
{
    (void)state;
    for (double x = 1e-6; x < 1e6; x *= 1.37) {
        assert_float_equal(num_ln(x), log(x), 1e-12);
        assert_float_equal(num_exp(num_ln(x)) / x, 1, 1e-9);
    }
    assert_float_equal(num_pow(3, -1.3), pow(3, -1.3), 1e-12);
}

static void intervals(void **state)
{
    (void)state;
    double lower, upper;
    num_wilson95(0, 100, &lower, &upper); /* nothing was seen: still not surely nothing */
    assert_true(lower == 0 && upper > 0.036 && upper < 0.038);
    num_wilson95(0.5, 100, &lower, &upper);
    assert_float_equal(lower, 0.4038, 0.0005);
    assert_float_equal(num_quantile_t95(4), 2.776, 0.001);
    assert_float_equal(num_quantile_t95(60), 2.000, 0.002);
}

static void samples_have_the_moments_of_their_distributions(void **state)
{
    (void)state;
    struct sim *s;
    struct sim_params params = {.seed = 5, .nodes_max = 1};
    double sum = 0, squares = 0, waits = 0;
    uint32_t first = 0, below = 0;
    const uint32_t n = 20000;

    assert_ok(sim_new(&s, &params));
    for (uint32_t i = 0; i < n; i++) {
        double x = sim_normal(s, SIM_RANDOM_CHURN);
        sum += x;
        squares += x * x;
        waits += sim_exponential(s, SIM_RANDOM_STEADY, 3);
        first += sim_zipf(s, SIM_RANDOM_GROUPS, 3, 1) == 0;
        below += sim_lognormal(s, SIM_RANDOM_DIRECT, 60, 1.2) < 60;
    }
    assert_float_equal(sum / n, 0, 0.03);
    assert_float_equal(squares / n, 1, 0.03);
    assert_float_equal(waits / n, 3, 0.1);
    assert_float_equal((double)first / n, 6.0 / 11, 0.02); /* 1 of 1 + 1/2 + 1/3 */
    assert_float_equal((double)below / n, 0.5, 0.02);
    sim_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logarithm_and_exponential), cmocka_unit_test(intervals),
        cmocka_unit_test(samples_have_the_moments_of_their_distributions)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
