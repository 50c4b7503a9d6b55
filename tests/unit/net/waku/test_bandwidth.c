/* The bytes of a shard that are let in: both sides of the limit. */
#include "net/waku/waku.h"
#include "tests/lib/testing.h"

static struct test_env t;

static unsigned admitted(struct bandwidth *b, const char *topic, unsigned count, size_t bytes)
{
    unsigned n = 0;
    for (unsigned i = 0; i < count; i++)
        n += bandwidth_admits(b, &t.env, span_str(topic), bytes);
    return n;
}

static void at_the_limit_all_is_let_in_and_over_it_the_rest_not(void **state)
{
    (void)state;
    test_env_init(&t, 1);
    struct bandwidth *b = bandwidth_new(&t.env, 100000);
    assert_non_null(b);
    for (int s = 0; s < 10; s++) { /* 100 a second of 1000 bytes: exactly the limit */
        assert_int_equal(admitted(b, "/a", 100, 1000), 100);
        test_env_advance(&t, NS_PER_S);
    }
    assert_int_equal(admitted(b, "/a", 101, 1000), 100);
    assert_int_equal(admitted(b, "/b", 100, 1000), 100); /* another shard */
    test_env_advance(&t, 10 * NS_PER_MS - 1);
    assert_int_equal(admitted(b, "/a", 10, 1000), 1); /* no longer full, and then again */
    test_env_advance(&t, NS_PER_S);
    unsigned n = 0;
    for (int i = 0; i < 1000; i++) { /* ten times the limit, for a second */
        n += admitted(b, "/a", 1, 1000);
        test_env_advance(&t, NS_PER_MS);
    }
    assert_true(n >= 198 && n <= 202); /* a second's worth at once, and a second's */
    bandwidth_free(b);
    test_env_clear(&t);
}

static void without_a_limit_all_is_let_in(void **state)
{
    (void)state;
    test_env_init(&t, 1);
    struct bandwidth *b = bandwidth_new(&t.env, 0);
    assert_int_equal(admitted(b, "/a", 1000, 150000), 1000);
    bandwidth_free(b);
    test_env_clear(&t);
}

static void one_large_message_closes_it_for_as_long_as_it_takes(void **state)
{
    (void)state;
    test_env_init(&t, 1);
    struct bandwidth *b = bandwidth_new(&t.env, 50000);
    assert_int_equal(admitted(b, "/a", 1, 150000), 1); /* 3 s */
    test_env_advance(&t, 2 * NS_PER_S);
    assert_int_equal(admitted(b, "/a", 1, 1), 0);
    test_env_advance(&t, 1);
    assert_int_equal(admitted(b, "/a", 1, 1), 1);
    bandwidth_free(b);
    test_env_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_the_limit_all_is_let_in_and_over_it_the_rest_not),
        cmocka_unit_test(without_a_limit_all_is_let_in),
        cmocka_unit_test(one_large_message_closes_it_for_as_long_as_it_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
