/* Reading what stores hold: from two of them, again after failures, with ends that tell nothing. */
#include "node/chat/sweep.h"
#include "tests/lib/testing.h"

static struct env at(int64_t seconds)
{
    return (struct env){.now = {seconds * NS_PER_S}, .wall = {(1000000 + seconds) * NS_PER_S}};
}

static void two_stores_are_read(void **state)
{
    (void)state;
    struct sweep s = {0};
    struct env env = at(100);
    uint64_t other = 99;
    assert_false(sweep_ask(&s, &env, 1, &other));
    sweep_start(&s, &env, (struct wall){999000 * NS_PER_S});
    assert_int_equal(s.from.ns % (SWEEP_GRID_S * NS_PER_S), 0);
    assert_true(s.from.ns <= 999000 * NS_PER_S);
    assert_true(sweep_ask(&s, &env, 1, &other));
    assert_int_equal(other, 0);
    assert_false(sweep_ask(&s, &env, 2, &other));
    assert_false(sweep_answered(&s, &env, 2, OK));
    assert_true(sweep_answered(&s, &env, 1, OK));
    assert_true(sweep_ask(&s, &env, 3, &other));
    assert_int_equal(other, 1);
    assert_true(sweep_answered(&s, &env, 3, OK));
    assert_int_equal(s.state, SWEEP_ENDED);
    assert_int_equal(s.stores, 2);
    assert_int_equal(sweep_deadline(&s).ns, MONO_NEVER.ns);
}

static void one_store_will_do_when_there_is_no_other(void **state)
{
    (void)state;
    struct sweep s = {0};
    struct env env = at(100);
    uint64_t other;
    sweep_start(&s, &env, (struct wall){0});
    assert_true(sweep_ask(&s, &env, 1, &other));
    assert_true(sweep_answered(&s, &env, 1, OK));
    assert_true(sweep_ask(&s, &env, 2, &other));
    assert_true(sweep_answered(&s, &env, 2, ERR_NOT_FOUND));
    assert_int_equal(s.state, SWEEP_ENDED);
    assert_int_equal(s.stores, 1);
}

static void the_first_store_is_asked_for_ever_but_ever_more_rarely(void **state)
{
    (void)state;
    struct sweep s = {0};
    struct env env = at(100);
    uint64_t other, ticket = 0;
    int64_t last = 0;
    sweep_start(&s, &env, (struct wall){0});
    for (int i = 0; i < 20; i++) {
        assert_true(sweep_ask(&s, &env, ++ticket, &other));
        assert_true(sweep_answered(&s, &env, ticket, ERR_NOT_FOUND));
        assert_int_equal(s.state, SWEEP_DUE);
        assert_false(sweep_ask(&s, &env, 1000, &other)); /* not yet */
        int64_t wait = sweep_deadline(&s).ns - env.now.ns;
        assert_true(wait >= last);
        assert_true(wait <= SWEEP_RETRY_S_MAX * NS_PER_S);
        last = wait;
        env.now = sweep_deadline(&s);
    }
    assert_int_equal(last, SWEEP_RETRY_S_MAX * NS_PER_S);
}

static void a_second_store_that_fails_is_given_up(void **state)
{
    (void)state;
    struct sweep s = {0};
    struct env env = at(100);
    uint64_t other, ticket = 1;
    sweep_start(&s, &env, (struct wall){0});
    assert_true(sweep_ask(&s, &env, ticket, &other));
    assert_true(sweep_answered(&s, &env, ticket, OK));
    unsigned asked = 0;
    for (; s.state == SWEEP_DUE; asked++) {
        env.now = sweep_deadline(&s);
        assert_true(sweep_ask(&s, &env, ++ticket, &other));
        assert_int_equal(other, 1);
        assert_true(sweep_answered(&s, &env, ticket, ERR_TIMEOUT));
    }
    assert_int_equal(asked, SWEEP_TRIES_MAX);
    assert_int_equal(s.stores, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_stores_are_read),
        cmocka_unit_test(one_store_will_do_when_there_is_no_other),
        cmocka_unit_test(the_first_store_is_asked_for_ever_but_ever_more_rarely),
        cmocka_unit_test(a_second_store_that_fails_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
