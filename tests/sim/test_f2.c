/* Tier F2 in small: what its members had, twice the same; that rivals end in one epoch; and that
 * the tree of the model makes commits exactly as large as crypto/mls does. */
#include "sim/run/f2_tree.h"
#include "sim/run/run.h"
#include "tests/lib/mls_people.h"

#define PEOPLE 37

static void run(const char *text, struct run_result *r)
{
    struct scenario sc;
    struct scenario_error e = {0};
    struct run_options options = {.trace_node = UINT32_MAX};

    scenario_init(&sc);
    assert_ok(scenario_read(&sc, span_str(text), &e));
    assert_ok(scenario_check(&sc, &e));
    assert_ok(run_scenario(&sc, &options, r, &e));
    scenario_clear(&sc);
}

static double value(const struct run_result *r, const char *name)
{
    const struct run_metric *m = run_metric(r, name);

    if (m == NULL)
        fail_msg("no metric %s", name);
    return m->value;
}

static struct run_result *a, *b;

#define SMALL                                                                                      \
    "[scenario]\nname = \"t\"\n[net]\nnodes = 40\nconnections = 5\nwarm_up_s = 10\n"               \
    "seconds = 60\n[roles]\nstores = 0.1\n[node]\nstem = false\n"

static void away_and_up_everybody_has_everything(void **state)
{
    (void)state;
    static const char text[] =
        SMALL "[members]\ncount = 5000\nonline = 0.4\nsession_s = 30\nper_minute = 60\n"
              "commits_per_minute = 6\nwarm = 0.5\n";
    run(text, a);
    assert_float_equal(value(a, "members.count"), 5000, 0);
    assert_true(value(a, "members.texts") > 30 && value(a, "members.commits") > 2);
    assert_float_equal(value(a, "members.missing"), 0, 0);
    assert_float_equal(value(a, "members.lost"), 0, 0);
    assert_true(value(a, "members.fetched") > 5000); /* those who were away asked a store */
    assert_float_equal(value(a, "members.in_one_epoch"), 1, 0);
    run(text, b);
    assert_true(a->digest == b->digest);
    assert_float_equal(value(a, "members.bytes"), value(b, "members.bytes"), 0);
}

/* A commit each half second while one takes longer to spread: many to one epoch. */
static void rivals_end_in_one_epoch(void **state)
{
    (void)state;
    run(SMALL "[links]\ndelay_ms = 300\n[members]\ncount = 2000\nper_minute = 10\n"
              "commits_per_minute = 120\nwarm = 2\n",
        a);
    assert_true(value(a, "members.forks") > 3);
    assert_true(value(a, "members.rewinds") > 0);
    assert_true(value(a, "members.epochs") < value(a, "members.commits"));
    assert_float_equal(value(a, "members.missing"), 0, 0);
    assert_float_equal(value(a, "members.in_one_epoch"), 1, 0);
}

/* Without a store, those who were away lack what they missed, and it is counted. */
static void without_a_store_it_is_lost(void **state)
{
    (void)state;
    run("[scenario]\nname = \"t\"\n[net]\nnodes = 20\nconnections = 4\nseconds = 60\n[members]\n"
        "count = 1000\nonline = 0.5\nsession_s = 30\nper_minute = 30\n",
        a);
    assert_float_equal(value(a, "members.missing"), 0, 0);
    assert_float_equal(value(a, "members.fetched"), 0, 0);
    assert_true(value(a, "members.lost") > 1000);
}

/* ---- the tree against crypto/mls ---- */

static struct person people[PEOPLE];

static void found(void)
{
    struct buf adds = BUF_INIT(1 << 20);
    struct mls_commit_out out;
    struct mls_group *g;

    for (uint32_t i = 0; i < PEOPLE; i++) {
        person_init(&people[i], mls_suite(MLS_SUITE_X25519_CHACHA), 1000 + i);
        people[i].client.grease = people[i].w.grease = false;
        person_new_package(&people[i]);
        if (i > 0)
            assert_ok(mls_make_add(buf_span(&people[i].package), &adds));
    }
    assert_ok(mls_group_new(&people[0].w, people[0].s, &people[0].client, SPAN_LIT("crowd"),
                            SPAN_EMPTY, &g));
    person_adopt(&people[0], g);
    const struct mls_commit_options o = {.proposals = buf_span(&adds)};
    assert_ok(mls_commit(g, &people[0].w, &o, &out));
    person_adopt(&people[0], out.next);
    out.next = NULL;
    for (uint32_t i = 1; i < PEOPLE; i++)
        person_join(&people[i], buf_span(&out.welcome));
    mls_commit_out_clear(&out);
    buf_clear(&adds);
}

/* The leaf of `who` is alone at the end of the tree when PEOPLE is odd: its path is filtered. */
static void commits_are_as_large_as_those_of_mls(void **state)
{
    (void)state;
    static const uint32_t who[] = {PEOPLE - 1, 5, 4, 20, 5, 36, 0, 17, 31, 32, 1, 35};
    struct f2_tree t;

    found();
    assert_ok(f2_tree_init(&t, PEOPLE));
    for (size_t k = 0; k < sizeof who / sizeof *who; k++) {
        struct person *p = &people[who[k]];
        struct mls_commit_out out;
        assert_ok(mls_commit(p->g, &p->w, NULL, &out));
        struct f2_commit c = f2_tree_commit(&t, who[k]);
        c.bytes += (uint32_t)strlen(p->name);
        if (c.bytes != out.commit.len)
            fail_msg("commit %zu: %u bytes by the model, %zu by MLS", k, c.bytes, out.commit.len);
        for (uint32_t i = 0; i < PEOPLE; i++)
            if (i != who[k])
                assert_true(person_follow(&people[i], buf_span(&out.commit)));
        person_adopt(p, out.next);
        out.next = NULL;
        mls_commit_out_clear(&out);
    }
    f2_tree_clear(&t);
    for (uint32_t i = 0; i < PEOPLE; i++)
        person_clear(&people[i]);
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
        cmocka_unit_test(away_and_up_everybody_has_everything),
        cmocka_unit_test(rivals_end_in_one_epoch),
        cmocka_unit_test(without_a_store_it_is_lost),
        cmocka_unit_test(commits_are_as_large_as_those_of_mls),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
