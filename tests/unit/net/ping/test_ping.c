#include "net/ping/ping.h"
#include "tests/lib/testing.h"

#define SECOND NS_PER_S

static void answers_are_timed_and_followed_by_the_next_ping(void **state)
{
    (void)state;
    struct test_env t;
    struct ping p;
    struct ping_out out;
    uint8_t sent[PING_BYTES], before[PING_BYTES];
    test_env_init(&t, 1);
    ping_init(&p, &t.env, 30 * SECOND, 10 * SECOND);
    for (int i = 0; i < 3; i++) {
        ping_tick(&p, &t.env);
        assert_true(ping_poll(&p, &out));
        assert_int_equal(out.kind, PING_OUT_SEND);
        assert_int_equal(out.send.len, PING_BYTES);
        memcpy(before, sent, sizeof sent);
        memcpy(sent, out.send.ptr, sizeof sent);
        if (i > 0)
            assert_memory_not_equal(sent, before, sizeof sent);
        test_env_advance(&t, 40 * NS_PER_MS);
        assert_ok(ping_feed(&p, &t.env, span_of(sent, 10)));
        assert_false(ping_poll(&p, &out));
        assert_ok(ping_feed(&p, &t.env, span_of(sent + 10, 22)));
        assert_true(ping_poll(&p, &out));
        assert_int_equal(out.kind, PING_OUT_PONG);
        assert_int_equal(out.rtt_ns, 40 * NS_PER_MS);
        assert_false(ping_poll(&p, &out));
        assert_int_equal(ping_deadline(&p).ns, t.env.now.ns + 30 * SECOND);
        test_env_advance(&t, 29 * SECOND);
        ping_tick(&p, &t.env); /* too early */
        assert_false(ping_poll(&p, &out));
        test_env_advance(&t, SECOND);
    }
    test_env_clear(&t);
}

static void silence_is_a_timeout_once(void **state)
{
    (void)state;
    struct test_env t;
    struct ping p;
    struct ping_out out;
    test_env_init(&t, 1);
    ping_init(&p, &t.env, 30 * SECOND, 10 * SECOND);
    ping_tick(&p, &t.env);
    assert_true(ping_poll(&p, &out));
    test_env_advance(&t, 10 * SECOND);
    ping_tick(&p, &t.env);
    assert_true(ping_poll(&p, &out));
    assert_int_equal(out.kind, PING_OUT_TIMEOUT);
    assert_int_equal(ping_deadline(&p).ns, INT64_MAX);
    test_env_advance(&t, 1000 * SECOND);
    ping_tick(&p, &t.env);
    assert_false(ping_poll(&p, &out));
    assert_err(ping_feed(&p, &t.env, SPAN_LIT("late")), ERR_PROTOCOL);
    test_env_clear(&t);
}

static void wrong_bytes_are_refused(void **state)
{
    (void)state;
    struct test_env t;
    struct ping p;
    struct ping_out out;
    uint8_t sent[PING_BYTES + 1] = {0};
    test_env_init(&t, 1);
    ping_init(&p, &t.env, 30 * SECOND, 10 * SECOND);
    assert_err(ping_feed(&p, &t.env, SPAN_LIT("unasked")), ERR_PROTOCOL);
    ping_tick(&p, &t.env);
    assert_true(ping_poll(&p, &out));
    memcpy(sent, out.send.ptr, PING_BYTES);
    assert_err(ping_feed(&p, &t.env, SPAN_ARRAY(sent)), ERR_PROTOCOL); /* a byte too many */
    sent[3] ^= 1;
    assert_err(ping_feed(&p, &t.env, span_of(sent, PING_BYTES)), ERR_PROTOCOL);
    assert_false(ping_poll(&p, &out));
    test_env_clear(&t);
}

static void echoes_whole_payloads_in_any_cut(void **state)
{
    (void)state;
    uint8_t bytes[10 * PING_BYTES + 5];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t step = 1; step < 100; step++) {
        struct ping_echo e = {.len = 0};
        struct buf out = BUF_INIT(1000);
        for (size_t at = 0, used; at < sizeof bytes; at += used) {
            size_t n = sizeof bytes - at < step ? sizeof bytes - at : step;
            assert_ok(ping_echo_feed(&e, span_of(bytes + at, n), &used, &out));
            assert_int_equal(used, n);
        }
        assert_span_equal(buf_span(&out), span_of(bytes, 10 * PING_BYTES));
        buf_clear(&out);
    }
}

static void echo_waits_for_room(void **state)
{
    (void)state;
    struct ping_echo e = {.len = 0};
    struct buf out = BUF_INIT(2 * PING_BYTES);
    uint8_t bytes[3 * PING_BYTES + 7] = {[95] = 9};
    size_t used, more;
    assert_err(ping_echo_feed(&e, SPAN_ARRAY(bytes), &used, &out), ERR_FULL);
    assert_int_equal(used, 2 * PING_BYTES);
    buf_reset(&out);
    assert_ok(ping_echo_feed(&e, span_after(SPAN_ARRAY(bytes), used), &more, &out));
    assert_int_equal(used + more, sizeof bytes);
    assert_int_equal(out.len, PING_BYTES);
    assert_int_equal(out.ptr[31], 9);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_timed_and_followed_by_the_next_ping),
        cmocka_unit_test(silence_is_a_timeout_once),
        cmocka_unit_test(wrong_bytes_are_refused),
        cmocka_unit_test(echoes_whole_payloads_in_any_cut),
        cmocka_unit_test(echo_waits_for_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
