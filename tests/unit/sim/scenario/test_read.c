/* Scenario files: what is wrong is said with its line; the id of a run is that of its parameters.
 */
#include "sim/scenario/scenario.h"
#include "tests/lib/testing.h"

static void refused(const char *text, uint32_t line, const char *part)
{
    struct scenario sc;
    struct scenario_error e;

    scenario_init(&sc);
    enum err err = scenario_read(&sc, span_str(text), &e);
    if (err == OK)
        err = scenario_check(&sc, &e);
    assert_int_not_equal(err, OK);
    if (e.line != line || strstr(e.reason, part) == NULL)
        fail_msg("line %u: %s", e.line, e.reason);
    scenario_clear(&sc);
}

static void bad_files_get_the_line_and_the_reason(void **state)
{
    (void)state;
    refused("[net]\nnodes = 10\nnodse = 3\n", 3, "net.nodes meant");
    refused("[net]\nnodes = \"ten\"\n", 2, "a whole number");
    refused("[net]\nnodes = 1.5\n", 2, "a whole number");
    refused("\n[roles]\n\nstores = 1.5\n", 4, "may be 0 to 1");
    refused("[links]\nmodel = \"far\"\n", 2, "uniform|regions|classes|matrix");
    refused("[net]\nnodes = [\n", 3, "");
    refused("nodes = 3\n", 1, "no [section]");
    refused("[[event]]\nat_s = 1\n", 1, "kind and at_s");
    refused("[[event]]\nkind = \"flood\"\nat_s = 1\n", 2, "partition");
    refused("[[assert]]\nmetric = \"x\"\nop = \"=\"\nvalue = 1\n", 3, "<=");
    refused("[scenario]\nname = \"a\"\n", 0, "nobody speaks");
    refused("[scenario]\nname = \"a\"\n[steady]\nper_minute = 1\n[roles]\nlight = 0.5\n", 0,
            "roles.services");
}

static void settings_change_the_id_and_words_do_not(void **state)
{
    (void)state;
    static const char text[] = "[scenario]\nname = \"a\"\n[steady]\nper_minute = 1\n";
    struct scenario a, b;
    struct scenario_error e;
    char x[SCENARIO_ID_HEX + 1], y[SCENARIO_ID_HEX + 1];

    scenario_init(&a);
    scenario_init(&b);
    assert_ok(scenario_read(&a, span_str(text), &e));
    assert_ok(scenario_read(&b, span_str(text), &e));
    assert_ok(scenario_set(&b, "scenario.about=words", &e));
    assert_ok(scenario_check(&a, &e));
    scenario_id(&a, x);
    scenario_id(&b, y);
    assert_string_equal(x, y);
    assert_ok(scenario_set(&b, "links.model=regions", &e));
    assert_ok(scenario_set(&b, "node.stem=false", &e));
    assert_true(b.links_model == 1 && b.node_stem == 0);
    scenario_id(&b, y);
    assert_string_not_equal(x, y);
    assert_err(scenario_set(&b, "node.stem=3", &e), ERR_ARGUMENT);
    scenario_clear(&a);
    scenario_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(bad_files_get_the_line_and_the_reason),
                                       cmocka_unit_test(settings_change_the_id_and_words_do_not)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
