/* The relay network in virtual time: churn, partition, determinism, and one script over both lines
 * of STYLE 2: swarm over port.h (F0) and the stream pipe over streams.h (F1). */
#include "sim/relay.h"
#include "tests/lib/testing.h"

static void holds(const struct relay_scenario *sc, struct relay_result *r)
{
    assert_ok(relay_run(sc, r));
    if (r->delivery.first[0] != '\0')
        print_error("seed %llu: %s\n", (unsigned long long)sc->seed, r->delivery.first);
    assert_int_equal(r->delivery.missing, 0);
    assert_int_equal(r->delivery.twice, 0);
    assert_int_equal(r->stats.broken, 0);
    assert_int_equal(r->refused, 0);
    assert_true(r->delivery.owed > 0);
}

static void two_hundred_nodes_deliver_everything_under_ten_percent_churn(void **state)
{
    (void)state;
    struct relay_scenario sc = RELAY_SCENARIO_DEFAULT;
    struct relay_result r, again;
    sc.store = true;
    holds(&sc, &r);
    assert_true(r.delivery.owed > 100u * r.delivery.published);
    assert_true(r.archived_min >= r.delivery.published);
    holds(&sc, &again);
    assert_true(r.digest == again.digest);
    sc.seed = 2;
    holds(&sc, &again);
    assert_true(r.digest != again.digest);
}

static void heals_after_a_partition(void **state)
{
    (void)state;
    struct relay_scenario sc = RELAY_SCENARIO_DEFAULT;
    struct relay_result r;
    sc.seed = 3;
    sc.nodes = 60;
    sc.churn_percent = 0;
    sc.seconds = 240;
    sc.partition_from_s = 30;
    sc.partition_for_s = 90;
    holds(&sc, &r);
}

static void every_byte_through_noise_and_yamux(void **state)
{
    (void)state;
    struct relay_scenario sc = RELAY_SCENARIO_DEFAULT;
    struct relay_result r, again;
    sc.tier = SIM_F0;
    sc.nodes = 30;
    sc.seconds = 60;
    sc.store = true;
    holds(&sc, &r);
    holds(&sc, &again);
    assert_true(r.digest == again.digest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hundred_nodes_deliver_everything_under_ten_percent_churn),
        cmocka_unit_test(heals_after_a_partition),
        cmocka_unit_test(every_byte_through_noise_and_yamux),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
