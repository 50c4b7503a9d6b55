/* Our clock against the timestamps of others: who can move the estimate, and who cannot. */
#include "node/core/clock.h"
#include "node/core/params.h"
#include "tests/lib/testing.h"

static struct test_env t;
static struct clock_watch c;

static int fresh(void **state)
{
    (void)state;
    test_env_init(&t, 1);
    clock_init(&c, &t.rng);
    return 0;
}

static int done(void **state)
{
    (void)state;
    clock_clear(&c);
    test_env_clear(&t);
    return 0;
}

/* A peer brings a message whose author's clock is `off_s` from ours, ours being ahead. */
static void brings(uint64_t peer, const char *topic, int64_t off_s)
{
    clock_sample(&c, &t.env, peer, span_str(topic), t.env.wall.ns - off_s * NS_PER_S);
}

static void assert_offset(int64_t wanted_s)
{
    int64_t ns;
    assert_true(clock_offset(&c, &ns));
    assert_int_equal(ns, wanted_s * NS_PER_S);
}

static void two_peers_are_too_few(void **state)
{
    (void)state;
    int64_t ns;
    brings(1, "/a", 0);
    brings(2, "/a", 0);
    brings(2, "/b", 0);
    assert_false(clock_offset(&c, &ns));
    clock_sample(&c, &t.env, 3, SPAN_LIT("/a"), 0); /* no timestamp */
    assert_false(clock_offset(&c, &ns));
    brings(3, "/a", 0);
    assert_offset(0);
    clock_peer_down(&c, 3);
    assert_false(clock_offset(&c, &ns));
}

static void a_wrong_clock_shows_either_way_and_far(void **state)
{
    (void)state;
    for (uint64_t peer = 1; peer <= 3; peer++)
        brings(peer, "/a", 30);
    assert_offset(30);
    for (uint64_t peer = 1; peer <= 3; peer++)
        brings(peer, "/a", -700000000);
    assert_offset(-700000000);
}

static void a_peer_that_lies_moves_nothing(void **state)
{
    (void)state;
    brings(1, "/a", 0);
    brings(2, "/b", 1);
    for (int i = 0; i < 100; i++) {
        char topic[8];
        snprintf(topic, sizeof topic, "/%d", i);
        brings(3, topic, 5000);
    }
    assert_offset(1);
    brings(3, "/a", -5000);
}

static void an_application_that_lies_moves_nothing(void **state)
{
    (void)state;
    for (uint64_t peer = 1; peer <= 3; peer++) {
        brings(peer, "/a", 0);
        brings(peer, "/b", 1);
        for (int i = 0; i < 100; i++) /* however much it writes */
            brings(peer, "/lies", 5000);
    }
    assert_offset(1);
}

static void the_latest_samples_count(void **state)
{
    (void)state;
    for (uint64_t peer = 1; peer <= 3; peer++) {
        for (unsigned i = 0; i < 2 * CLOCK_SAMPLES_MAX; i++) {
            char topic[8];
            snprintf(topic, sizeof topic, "/%u", i);
            brings(peer, topic, i < CLOCK_SAMPLES_MAX ? 90 : 3);
        }
    }
    assert_offset(3);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fresh, done)
    const struct CMUnitTest tests[] = {
        T(two_peers_are_too_few),          T(a_wrong_clock_shows_either_way_and_far),
        T(a_peer_that_lies_moves_nothing), T(an_application_that_lies_moves_nothing),
        T(the_latest_samples_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
