/* Scenarios in small, over both lines of the simulator: what must hold, that the same seed gives
 * the same run, and that the adversary sees what it must see. */
#include "sim/run/run.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

static void run(const char *text, struct run_result *r)
{
    struct scenario sc;
    struct scenario_error e = {0};
    struct run_options options = {.trace_node = UINT32_MAX};

    scenario_init(&sc);
    enum err err = scenario_read(&sc, span_str(text), &e);
    if (err == OK)
        err = scenario_check(&sc, &e);
    if (err == OK)
        err = run_scenario(&sc, &options, r, &e);
    if (err != OK || r->broken[0] != '\0')
        print_error("line %u: %s; %s\n", e.line, e.reason, r->broken);
    assert_ok(err);
    scenario_clear(&sc);
}

static double value(const struct run_result *r, const char *name)
{
    const struct run_metric *m = run_metric(r, name);

    if (m == NULL)
        fail_msg("no metric %s", name);
    return m->value;
}

static void whole(const struct run_result *r)
{
    assert_float_equal(value(r, "delivery.missing"), 0, 0);
    assert_float_equal(value(r, "delivery.twice"), 0, 0);
    assert_true(value(r, "messages.published") > 0);
    assert_int_equal(r->stats.broken, 0);
}

#define TEXT(more) "[scenario]\nname = \"t\"\n" more

static struct run_result *a, *b;

static void delivers_under_churn_and_repeats_itself(void **state)
{
    (void)state;
    static const char text[] = TEXT("[net]\nnodes = 100\nseconds = 60\n[steady]\nper_minute = 60\n"
                                    "[churn]\npercent_per_minute = 10\n");
    run(text, a);
    whole(a);
    run(text, b);
    assert_true(a->digest == b->digest);
    run(TEXT("seed = 2\n[net]\nnodes = 100\nseconds = 60\n[steady]\nper_minute = 60\n"
             "[churn]\npercent_per_minute = 10\n"),
        b);
    assert_true(a->digest != b->digest);
}

static void heals_after_a_partition(void **state)
{
    (void)state;
    run(TEXT("[net]\nnodes = 60\nseconds = 180\n[steady]\nper_minute = 60\n"
             "[[event]]\nkind = \"partition\"\nat_s = 30\nfor_s = 90\n"),
        a);
    whole(a);
}

static void every_byte_through_noise_and_yamux(void **state)
{
    (void)state;
    static const char text[] =
        TEXT("[net]\nnodes = 20\nseconds = 30\ntier = \"f0\"\n[steady]\nper_minute = 60\n");
    run(text, a);
    whole(a);
    run(text, b);
    assert_true(a->digest == b->digest);
}

#define SPIES                                                                                      \
    "[net]\nnodes = 60\nconnections = 6\nseconds = 60\n[links]\ndelay_ms = 40\n"                   \
    "delay_max_ms = 130\njitter_ms = 2\n[steady]\nper_minute = 240\n"                              \
    "[adversary]\nspies = 0.2\nattacks = [\"first-sent\", \"non-mesh\"]\n"

static void spies_cannot_tell_who_wrote_it(void **state)
{
    (void)state;
    run(TEXT(SPIES), a);
    whole(a);
    run(TEXT(SPIES "[node]\nstem = false\n"), b);
    whole(b);
    assert_true(value(a, "first-sent.precision") <= 0.42);
    assert_true(value(b, "first-sent.precision") >= 0.60);
}

static void flood_publish_names_the_author(void **state)
{
    (void)state;
    run(TEXT(SPIES "[node]\nstem = false\nflood_publish = true\n"), a);
    assert_true(value(a, "first-sent.precision") > 0.85);
    assert_true(value(a, "non-mesh.precision") > 0.85);
    assert_true(value(a, "non-mesh.recall") > 0.5);
}

static void light_clients_get_what_they_follow(void **state)
{
    (void)state;
    run(TEXT("[net]\nnodes = 60\nseconds = 120\n[roles]\nlight = 0.3\nservices = 0.2\n"
             "[direct]\npairs_per_person = 1\nbursts_per_hour = 60\ngap_median_s = 4\n"
             "[topics]\nmodel = \"static\"\n[adversary]\nservices = 1\n"
             "attacks = [\"intersection\"]\n"), /* and clients that have no contact */
        a);
    assert_true(value(a, "delivery.light_ratio") > 0.99);
    assert_true(value(a, "intersection.precision") > 0.99); /* topics of their own say it all */
}

static int set_up(void **state)
{
    (void)state;
    a = calloc(1, sizeof *a);
    b = calloc(1, sizeof *b);
    return a == NULL || b == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    free(a);
    free(b);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delivers_under_churn_and_repeats_itself),
        cmocka_unit_test(heals_after_a_partition),
        cmocka_unit_test(every_byte_through_noise_and_yamux),
        cmocka_unit_test(spies_cannot_tell_who_wrote_it),
        cmocka_unit_test(flood_publish_names_the_author),
        cmocka_unit_test(light_clients_get_what_they_follow),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
