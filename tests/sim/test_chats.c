/* Real chats in the simulator, in small: a group is founded and talks; rival commits; a stolen
 * identity. */
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

#define TEXT(more) "[scenario]\nname = \"t\"\n" more

static struct run_result *a, *b;

static void real_chats_found_a_group_and_talk(void **state)
{
    (void)state;
    static const char text[] =
        TEXT("[net]\nnodes = 14\nwarm_up_s = 20\nseconds = 20\n[roles]\nstores = 0.2\n[node]\n"
             "stem = false\n[chat]\npeople = 6\ngroup = 3\nper_minute = 60\n");
    run(text, a);
    assert_float_equal(value(a, "chat.groups"), 2, 0);
    assert_float_equal(value(a, "chat.joined"), 6, 0);
    assert_float_equal(value(a, "chat.refused"), 0, 0);
    assert_true(value(a, "chat.said") > 5);
    assert_float_equal(value(a, "chat.delivery"), 1, 0);
    assert_true(value(a, "chat.signatures_once") > 0);
    run(text, b);
    assert_true(a->digest == b->digest);
}

#define FEW(seconds)                                                                               \
    "[net]\nnodes = 10\nconnections = 4\nwarm_up_s = 25\nseconds = " seconds                       \
    "\n[links]\ndelay_ms = 200\n"                                                                  \
    "delay_max_ms = 1000\n[roles]\nstores = 0.3\n[node]\nstem = false\n"

static void rival_commits_end_in_one_name(void **state)
{
    (void)state;
    run(TEXT(FEW("100") "[chat]\npeople = 5\ngroup = 5\nper_minute = 12\nstorm_every_s = 40\n"
                        "storm_members = 3\n"),
        a);
    assert_float_equal(value(a, "storm.count"), 2, 0);
    assert_float_equal(value(a, "storm.commits_asked"), 6, 0);
    assert_float_equal(value(a, "storm.refused"), 0, 0);
    assert_true(value(a, "storm.forked") >= 1);
    assert_float_equal(value(a, "storm.apart"), 0, 0);
    assert_float_equal(value(a, "chat.delivery"), 1, 0);
}

static void two_histories_of_one_root_freeze_it(void **state)
{
    (void)state;
    run(TEXT(FEW("260") "[chat]\npeople = 5\ngroup = 5\nper_minute = 6\nthefts_at_s = 5\n"), a);
    assert_float_equal(value(a, "freeze.thefts"), 1, 0);
    assert_float_equal(value(a, "freeze.failed"), 0, 0);
    assert_float_equal(value(a, "freeze.wrong"), 0, 0);
    assert_float_equal(value(a, "freeze.noticed"), 1, 0);
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
        cmocka_unit_test(real_chats_found_a_group_and_talk),
        cmocka_unit_test(rival_commits_end_in_one_name),
        cmocka_unit_test(two_histories_of_one_root_freeze_it),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
