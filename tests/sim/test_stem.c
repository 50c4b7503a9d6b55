/* Who wrote it? Spies in a whole network, with the stem and without: in small here, 200 nodes and
 * 2,000 messages with `sotto-sim stem`, which ./check sim runs. */
#include "net/gossipsub/gossipsub.h"
#include "sim/stem.h"
#include "tests/lib/testing.h"

static struct stem_scenario small(void)
{
    struct stem_scenario sc = STEM_SCENARIO_DEFAULT;
    sc.nodes = 60;
    sc.spies = 12;
    sc.messages = 240;
    sc.degree = 6;
    return sc;
}

static void holds(const struct stem_scenario *sc, struct stem_result *r)
{
    assert_ok(stem_run(sc, r));
    if (r->delivery.first[0] != '\0')
        print_error("seed %llu: %s\n", (unsigned long long)sc->seed, r->delivery.first);
    assert_int_equal(r->delivery.missing, 0);
    assert_int_equal(r->delivery.twice, 0); /* also at the author: shown at once, and once */
    assert_int_equal(r->refused, 0);
    assert_int_equal(r->attack.guessed, sc->messages); /* all reach the spies sooner or later */
}

/* The bound is wider than that of 2,000 messages: 48 authors have 48 guards. */
static void spies_cannot_tell_who_wrote_it(void **state)
{
    (void)state;
    struct stem_scenario sc = small();
    struct stem_result with, without, again;
    holds(&sc, &with);
    holds(&sc, &again);
    assert_true(with.digest == again.digest);
    sc.stem = false;
    holds(&sc, &without);
    print_message("precision %.3f, without %.3f\n", with.attack.precision,
                  without.attack.precision);
    assert_true(with.attack.upper <= 0.38);
    assert_true(without.attack.precision >= STEM_PRECISION_OFF);
}

/* The tap sees what it must: with flood publish the attack is nearly always right. And that is off
 * unless an operator asks for it. */
static void flood_publish_names_the_author_and_is_off(void **state)
{
    (void)state;
    struct stem_scenario sc = small();
    struct stem_result r;
    assert_false(gossipsub_params_default().flood_publish);
    sc.stem = false;
    sc.flood_publish = true;
    sc.messages = 100;
    holds(&sc, &r);
    assert_true(r.attack.precision > 0.85);
}

static void interval_of_wilson(void **state)
{
    (void)state;
    struct attack_first *a;
    struct attack_report r;
    uint32_t author[100] = {0};
    static const bool spy[2];
    assert_ok(attack_first_new(&a, 100, spy, NULL, NULL));
    attack_first_report(a, author, &r); /* nothing was seen */
    assert_true(r.right == 0 && r.guessed == 0 && r.lower == 0 && r.upper > 0.036 &&
                r.upper < 0.038);
    attack_first_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spies_cannot_tell_who_wrote_it),
        cmocka_unit_test(flood_publish_names_the_author_and_is_off),
        cmocka_unit_test(interval_of_wilson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
