/* Adversaries that do something, and those that services serve, in small: what they must find out,
 * and what the default must keep from them. */
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

static void swallowed_stems_arrive_and_the_eclipsed_are_read(void **state)
{
    (void)state;
    run(TEXT("[net]\nnodes = 60\nconnections = 6\nseconds = 40\n[links]\ndelay_ms = 40\n"
             "delay_max_ms = 130\n[steady]\nper_minute = 240\n[adversary]\nspies = 0.2\n"
             "hold = true\neclipsed = 0.1\nattacks = [\"eclipse\", \"withholding\"]\n"),
        a);
    whole(a);
    assert_true(value(a, "stem.failsafe") > 0);
    assert_true(value(a, "latency.p99") > 3000); /* somebody waited in vain */
    assert_true(value(a, "eclipse.precision") > 0.99);
    assert_true(value(a, "eclipse.recall") > 0.99);
    assert_true(value(a, "withholding.precision") < 0.6);
}

#define CLIENTS                                                                                    \
    "[net]\nnodes = 60\nseconds = 60\n[roles]\nlight = 0.4\nservices = 0.2\n[groups]\n"            \
    "count = 8\nsize_max = 5\nper_minute = 30\n[adversary]\nservices = 1\n"                        \
    "attacks = [\"interest\", \"membership\", \"activity\"]\n[topics]\n"

static void cover_hides_what_clients_follow(void **state)
{
    (void)state;
    run(TEXT(CLIENTS "model = \"static\"\n"), a);
    run(TEXT(CLIENTS "model = \"bucket\"\nbuckets = 64\ncover = 16\n"), b);
    assert_true(value(a, "interest.precision") > 0.99);
    assert_true(value(a, "interest.set") < 1.01);
    assert_true(value(b, "interest.precision") < 0.25);
    assert_true(value(b, "interest.set") > 5);
    assert_true(value(a, "membership.precision") > value(b, "membership.precision"));
    assert_true(value(b, "activity.precision") > 0.99); /* a push is a push, cover or not */
}

#define INSIDE                                                                                     \
    "[net]\nnodes = 60\nseconds = 60\n[links]\ndelay_ms = 40\ndelay_max_ms = 130\n"                \
    "jitter_ms = 2\n[groups]\ncount = 6\nsize_max = 6\nper_minute = 120\n[commits]\n"              \
    "per_hour = 60\nracers = 3\nspread_s = 2\n[adversary]\nspies = 0.2\ninsiders = 1\n"            \
    "attacks = [\"insider\", \"linkage\", \"commit-races\"]\n[topics]\nmodel = \"static\"\n"

static void members_who_tell_find_the_node_without_a_stem(void **state)
{
    (void)state;
    run(TEXT(INSIDE "[node]\nstem = false\nflood_publish = true\n"), a);
    run(TEXT(INSIDE), b);
    assert_true(value(a, "insider.precision") > 0.8);
    assert_true(value(b, "insider.precision") < 0.6);
    assert_true(value(a, "insider.set") < value(b, "insider.set"));
    assert_true(value(a, "commit-races.precision") > 0.5);
    assert_true(value(a, "linkage.precision") > 0.99); /* a topic for each conversation */
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
        cmocka_unit_test(swallowed_stems_arrive_and_the_eclipsed_are_read),
        cmocka_unit_test(cover_hides_what_clients_follow),
        cmocka_unit_test(members_who_tell_find_the_node_without_a_stem),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
