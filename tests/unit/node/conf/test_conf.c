#include "node/conf/conf.h"
#include "tests/lib/testing.h"

#include <stdio.h>

static struct conf c;

static int fresh(void **state)
{
    (void)state;
    return conf_init(&c) == OK ? 0 : -1;
}

static int done(void **state)
{
    (void)state;
    conf_clear(&c);
    return 0;
}

static enum err args(const char *a, const char *b)
{
    char first[300], second[300] = "";
    snprintf(first, sizeof first, "%s", a);
    if (b != NULL)
        snprintf(second, sizeof second, "%s", b);
    char *argv[] = {first, second};
    return conf_arguments(&c, b == NULL ? 1 : 2, argv);
}

/* the same, with nothing set before */
static enum err anew(const char *a, const char *b)
{
    conf_clear(&c);
    assert_ok(conf_init(&c));
    return args(a, b);
}

static enum err variable(const char *text)
{
    char copy[300];
    snprintf(copy, sizeof copy, "%s", text);
    char *environment[] = {copy, NULL};
    return conf_environment(&c, environment);
}

static void assert_error_has(const char *part)
{
    if (strstr(c.error, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", c.error, part);
}

static void defaults_make_a_useful_node(void **state)
{
    (void)state;
    assert_true(conf_bool(&c, CONF_STORE) && conf_bool(&c, CONF_RELAY) && conf_bool(&c, CONF_REST));
    assert_false(conf_bool(&c, CONF_FLOOD_PUBLISH));
    assert_int_equal(conf_number(&c, CONF_NUM_SHARDS_IN_NETWORK), 8);
    assert_int_equal(conf_number(&c, CONF_MAX_MSG_SIZE), 153600);
    assert_int_equal(conf_count(&c, CONF_LISTEN_ADDRESS), 2);
    assert_string_equal(conf_text(&c, CONF_REST_ADDRESS), "127.0.0.1");
    assert_false(conf_given(&c, CONF_TCP_PORT));
    assert_ok(conf_check(&c));
    assert_null(conf_warning(&c, NULL));
}

static void flag_beats_variable_beats_file(void **state)
{
    (void)state;
    assert_ok(args("--tcp-port=1", NULL));
    assert_ok(variable("WAKUNODE2_TCP_PORT=2"));
    assert_ok(variable("WAKUNODE2_REST_PORT=3"));
    assert_ok(conf_file(&c, SPAN_LIT("tcp-port=4\nrest-port=5\nmetrics-server-port=6"), "f"));
    assert_int_equal(conf_number(&c, CONF_TCP_PORT), 1);
    assert_int_equal(conf_number(&c, CONF_REST_PORT), 3);
    assert_int_equal(conf_number(&c, CONF_METRICS_SERVER_PORT), 6);
}

static void lists_add_up_within_one_source_only(void **state)
{
    (void)state;
    assert_ok(conf_file(&c, SPAN_LIT("shard=[5,6]"), "f"));
    assert_int_equal(conf_count(&c, CONF_SHARD), 2);
    assert_ok(variable("WAKUNODE2_SHARD=[\"1\", 2]"));
    assert_int_equal(conf_count(&c, CONF_SHARD), 2);
    assert_int_equal(conf_number_at(&c, CONF_SHARD, 1), 2);
    assert_ok(args("--shard=7", "--shard=0"));
    assert_int_equal(conf_count(&c, CONF_SHARD), 2);
    assert_int_equal(conf_number_at(&c, CONF_SHARD, 0), 7);
}

static void flags_are_written_in_every_usual_way(void **state)
{
    (void)state;
    assert_ok(args("--rest-admin", "--tcp-port:7"));
    assert_true(conf_bool(&c, CONF_REST_ADMIN));
    assert_int_equal(conf_number(&c, CONF_TCP_PORT), 7);
    assert_ok(args("--log-level", "debug"));
    assert_int_equal(conf_number(&c, CONF_LOG_LEVEL), 1); /* its place in the list */
    assert_ok(args("--metrics-server", "--relay=false"));
    assert_true(conf_bool(&c, CONF_METRICS_SERVER) && !conf_bool(&c, CONF_RELAY));
}

static void a_wrong_flag_is_told_with_its_neighbour(void **state)
{
    (void)state;
    assert_err(args("--tpc-port=1", NULL), ERR_ARGUMENT);
    assert_error_has("did you mean --tcp-port?");
    assert_err(args("--zzzzzzzz", NULL), ERR_ARGUMENT);
    assert_error_has("see --help");
    assert_err(args("node", NULL), ERR_ARGUMENT);
    assert_err(args("--tcp-port", NULL), ERR_ARGUMENT);
    assert_error_has("needs a value");
}

static void a_wrong_value_names_the_flag_and_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *flag, *part;
    } cases[] = {
        {"--tcp-port=65536", "--tcp-port=65536: a number in 0..65535"},
        {"--tcp-port=-1", "a number in"},
        {"--tcp-port=", "a number in"},
        {"--store=maybe", "true or false"},
        {"--store-overflow=never", "one of wait|drop"},
        {"--max-msg-size=2GiB", "1B..1MiB"},
        {"--max-msg-size=10 parsecs", "KiB"},
        {"--rest-address=localhost", "IPv4 or IPv6"},
        {"--rest-address=1.2.3.256", "IPv4 or IPv6"},
        {"--preset=twn", "RLN"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_err(args(cases[i].flag, NULL), ERR_ARGUMENT);
        assert_error_has(cases[i].part);
    }
}

static void a_preset_is_weaker_than_all_that_is_said(void **state)
{
    (void)state;
    assert_ok(anew("--preset=status.prod", NULL));
    assert_ok(conf_check(&c));
    assert_int_equal(conf_number(&c, CONF_CLUSTER_ID), 16);
    assert_int_equal(conf_number(&c, CONF_NUM_SHARDS_IN_NETWORK), 1);
    assert_int_equal(conf_number(&c, CONF_MAX_MSG_SIZE), 1 << 20);
    assert_true(conf_bool(&c, CONF_DISCV5_DISCOVERY));
    assert_int_equal(conf_count(&c, CONF_ENTRY_NODE), 4);
    assert_ok(anew("--preset=status.prod", "--cluster-id=99"));
    assert_ok(args("--discv5-discovery=false", "--entry-node=/ip4/192.0.2.1/tcp/1"));
    assert_ok(conf_check(&c));
    assert_int_equal(conf_number(&c, CONF_CLUSTER_ID), 99);
    assert_false(conf_bool(&c, CONF_DISCV5_DISCOVERY));
    assert_int_equal(conf_count(&c, CONF_ENTRY_NODE), 1);
    static const struct {
        const char *flag;
        unsigned cluster;
    } rows[] = {{"--preset=sotto", 66}, {"--preset=logos.dev", 3}, {"--preset=logos.test", 2}};
    for (size_t i = 0; i < 3; i++) {
        assert_ok(anew(rows[i].flag, NULL));
        assert_ok(conf_check(&c));
        assert_int_equal(conf_number(&c, CONF_CLUSTER_ID), rows[i].cluster);
    }
    assert_ok(anew("--preset=sotto", "--cluster-id=1"));
    assert_err(conf_check(&c), ERR_ARGUMENT);
    assert_error_has("RLN");
}

static void slots_are_two_shares(void **state)
{
    static const char *const wrong[] = {"60", "60:50", "0:100", "a:b", "60:40:1", "-1:101"};
    char flag[64];
    double percent;
    (void)state;
    assert_ok(anew("--relay-service-ratio=13.33:86.67", NULL));
    assert_true(conf_relay_percent(&c, &percent));
    assert_true(percent > 13.3 && percent < 13.4);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        snprintf(flag, sizeof flag, "--relay-service-ratio=%s", wrong[i]);
        assert_ok(anew(flag, NULL));
        assert_err(conf_check(&c), ERR_ARGUMENT);
        assert_error_has("60:40");
    }
    assert_ok(anew("--max-connections=10", "--max-relay-peers=11"));
    assert_err(conf_check(&c), ERR_ARGUMENT);
    assert_error_has("--max-connections");
}

static void a_key_is_never_repeated_in_an_error(void **state)
{
    (void)state;
    assert_err(args("--nodekey=5ec4e7", NULL), ERR_ARGUMENT);
    assert_null(strstr(c.error, "5ec4e7"));
}

static void refusals_give_the_reason_and_harmless_values_pass(void **state)
{
    (void)state;
    assert_err(args("--rln-relay=true", NULL), ERR_ARGUMENT);
    assert_error_has("RLN proofs");
    assert_err(args("--store-message-db-url=postgres://x", NULL), ERR_ARGUMENT);
    assert_error_has("postgres");
    assert_ok(args("--rln-relay=false", "--store-message-db-url=sqlite://store.sqlite3"));
}

static void options_without_effect_are_warned_about_once(void **state)
{
    (void)state;
    assert_ok(args("--legacy-store=true", "--legacy-store=false"));
    assert_ok(variable("WAKUNODE2_LEGACY_STORE=true"));
    const struct conf_item *w = conf_warning(&c, NULL);
    assert_non_null(w);
    assert_non_null(strstr(w->text, "--legacy-store has no effect"));
    assert_null(conf_warning(&c, w));
}

static void file_errors_say_file_line_and_key(void **state)
{
    (void)state;
    assert_err(conf_file(&c, SPAN_LIT("\n[rest]\nprt=1"), "n.toml"), ERR_ARGUMENT);
    assert_error_has("n.toml:3: rest-prt: no such option; did you mean --rest-port?");
    assert_err(conf_file(&c, SPAN_LIT("tcp-port=1.5"), "n.toml"), ERR_ARGUMENT);
    assert_error_has("n.toml:1: tcp-port");
    assert_err(conf_file(&c, SPAN_LIT("tcp-port=[1]"), "n.toml"), ERR_ARGUMENT);
    assert_err(conf_file(&c, SPAN_LIT("config-file='x'"), "n.toml"), ERR_ARGUMENT);
    assert_err(conf_file(&c, SPAN_LIT("a=1\na=2"), "n.toml"), ERR_ARGUMENT);
    assert_error_has("n.toml:2: this key is defined already");
    assert_ok(conf_file(&c, SPAN_LIT("log_level='DEBUG'\n[rest]\nport=9\nadmin=true"), "n.toml"));
    assert_int_equal(conf_number(&c, CONF_REST_PORT), 9);
}

static void values_are_checked_against_each_other(void **state)
{
    (void)state;
    assert_ok(args("--shard=8", NULL));
    assert_err(conf_check(&c), ERR_ARGUMENT);
    assert_error_has("0..7");
    assert_ok(args("--num-shards-in-network=0", NULL));
    assert_ok(conf_check(&c));
    assert_ok(args("--nat=extip:1.2.3.4", NULL));
    assert_ok(conf_check(&c));
    assert_ok(args("--nat=pmp:192.0.2.1", NULL));
    assert_ok(conf_check(&c));
    static const char *const wrong[] = {"--nat=router", "--nat=pmp:gateway", "--nat=extip",
                                        "--nat=none:192.0.2.1", "--nat=upnp:"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_ok(args(wrong[i], NULL));
        assert_err(conf_check(&c), ERR_ARGUMENT);
    }
    assert_ok(args("--nat=none", "--entry-node=enr:-x")); /* node/main reads it */
    assert_ok(conf_check(&c));
    assert_ok(args("--nat=none", "--staticnode=enr:-x"));
    assert_err(conf_check(&c), ERR_ARGUMENT);
    assert_error_has("a multiaddr is expected");
    assert_ok(args("--staticnode=peer.example", NULL));
    assert_err(conf_check(&c), ERR_ARGUMENT);
    assert_error_has("a multiaddr is expected");
}

static void every_row_of_the_table_is_whole(void **state)
{
    (void)state;
    for (int id = 0; id < CONF_OPTIONS; id++) {
        const struct conf_option *o = &conf_options[id];
        assert_int_equal(conf_find(span_str(o->flag)), id); /* no flag twice */
        assert_true(o->help != NULL && o->help[0] != '\0');
        if (o->type == CONF_TYPE_NUMBER || o->type == CONF_TYPE_SIZE || o->type == CONF_TYPE_CHOICE)
            assert_non_null(o->allowed);
        if (o->status != CONF_STATUS_DONE)
            assert_non_null(o->why);
        if (o->theirs == NULL)
            assert_int_equal(o->status, CONF_STATUS_DONE); /* our own are not empty promises */
        if (o->status == CONF_STATUS_DONE && o->theirs != NULL &&
            strcmp(o->theirs, o->ours == NULL ? "" : o->ours) != 0 && strlen(o->theirs) < 12 &&
            strchr(o->theirs, '/') == NULL && strchr(o->theirs, '(') == NULL && o->why == NULL)
            fail_msg("--%s: the default differs from nwaku's; say why", o->flag);
    }
}

static void the_document_is_that_of_the_table(void **state)
{
    (void)state;
    static char file[200000];
    struct buf b = BUF_INIT(sizeof file);
    FILE *f = fopen("docs/configuration.md", "rb");
    assert_non_null(f);
    size_t len = fread(file, 1, sizeof file - 1, f);
    fclose(f);
    file[len] = '\0';
    char *tables = strstr(file, "\n## Node\n");
    assert_non_null(tables);
    assert_ok(conf_document(&b));
    if (!span_eq(buf_span(&b), span_str(tables)))
        fail_msg("docs/configuration.md is not what `sotto help --configuration` writes");
    buf_reset(&b);
    assert_ok(conf_help(&b));
    assert_true(b.len > 4000);
    buf_clear(&b);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, done)
    const struct CMUnitTest tests[] = {
        T(defaults_make_a_useful_node),
        T(flag_beats_variable_beats_file),
        T(lists_add_up_within_one_source_only),
        T(flags_are_written_in_every_usual_way),
        T(a_wrong_flag_is_told_with_its_neighbour),
        T(a_wrong_value_names_the_flag_and_what_is_allowed),
        T(a_preset_is_weaker_than_all_that_is_said),
        T(slots_are_two_shares),
        T(a_key_is_never_repeated_in_an_error),
        T(refusals_give_the_reason_and_harmless_values_pass),
        T(options_without_effect_are_warned_about_once),
        T(file_errors_say_file_line_and_key),
        T(values_are_checked_against_each_other),
        T(every_row_of_the_table_is_whole),
        T(the_document_is_that_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
