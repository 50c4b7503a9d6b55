#include "node/api/events.h"
#include "tests/lib/testing.h"

struct bench {
    struct test_env t;
    struct api_events *e;
};

static void bench_up(struct bench *b)
{
    test_env_init(&b->t, 1);
    assert_ok(api_events_new(&b->e));
}

static void bench_down(struct bench *b)
{
    api_events_free(b->e);
    test_env_clear(&b->t);
}

static void assert_polls(struct bench *b, uint64_t ticket, struct span wanted)
{
    struct api_events_out out;
    assert_true(api_events_poll(b->e, &out));
    assert_int_equal(out.ticket, ticket);
    assert_false(out.close);
    assert_span_equal(out.bytes, wanted);
    api_events_sent(b->e, &b->t.env, ticket, out.bytes.len);
}

static void a_client_goes_on_behind_its_last_event(void **state)
{
    (void)state;
    struct bench b;
    struct api_events_out out;
    size_t cursor = 0;
    uint64_t ticket, after;
    bench_up(&b);
    assert_err(api_events_open(b.e, &b.t.env, 1, SPAN_LIT("x7"), 0), ERR_FORMAT);
    assert_ok(api_events_open(b.e, &b.t.env, 1, SPAN_LIT("7"), 100));
    assert_ok(api_events_open(b.e, &b.t.env, 2, SPAN_EMPTY, 100));
    assert_polls(&b, 1, SPAN_LIT("retry: 1000\n\n"));
    assert_polls(&b, 2, SPAN_LIT("retry: 1000\n\n"));
    assert_true(api_events_wants(b.e, &cursor, &ticket, &after));
    assert_int_equal(ticket, 1);
    assert_int_equal(after, 7);
    assert_true(api_events_wants(b.e, &cursor, &ticket, &after));
    assert_int_equal(after, 100);
    assert_false(api_events_wants(b.e, &cursor, &ticket, &after));
    assert_ok(api_events_give(b.e, &b.t.env, 1, 9, SPAN_LIT("entry"), SPAN_LIT("{}")));
    assert_err(api_events_give(b.e, &b.t.env, 1, 9, SPAN_LIT("entry"), SPAN_LIT("{}")),
               ERR_ARGUMENT);
    assert_ok(api_events_give(b.e, &b.t.env, 1, 0, SPAN_LIT("typing"), SPAN_LIT("a\r\nb\rc\n")));
    assert_polls(&b, 1,
                 SPAN_LIT("id: 9\nevent: entry\ndata: {}\n\n"
                          "event: typing\ndata: a\ndata: b\ndata: c\ndata: \n\n"));
    cursor = 0;
    assert_true(api_events_wants(b.e, &cursor, &ticket, &after));
    assert_int_equal(after, 9);
    /* what is added while bytes are on their way comes alone */
    assert_ok(api_events_give(b.e, &b.t.env, 1, 10, SPAN_LIT("a"), SPAN_LIT("1")));
    assert_true(api_events_poll(b.e, &out));
    assert_ok(api_events_give(b.e, &b.t.env, 1, 11, SPAN_LIT("a"), SPAN_LIT("2")));
    api_events_sent(b.e, &b.t.env, 1, 3);
    assert_polls(&b, 1, SPAN_LIT("id: 11\nevent: a\ndata: 2\n\n"));
    api_events_gone(b.e, 1);
    assert_err(api_events_give(b.e, &b.t.env, 1, 10, SPAN_LIT("entry"), SPAN_EMPTY), ERR_NOT_FOUND);
    assert_false(api_events_poll(b.e, &out));
    bench_down(&b);
}

static void no_event_can_write_another(void **state)
{
    (void)state;
    struct bench b;
    bench_up(&b);
    assert_ok(api_events_open(b.e, &b.t.env, 1, SPAN_EMPTY, 0));
    assert_err(api_events_give(b.e, &b.t.env, 1, 1, SPAN_LIT("a\nid: 5"), SPAN_EMPTY),
               ERR_ARGUMENT);
    assert_err(api_events_give(b.e, &b.t.env, 1, 1, SPAN_EMPTY, SPAN_EMPTY), ERR_ARGUMENT);
    assert_ok(
        api_events_give(b.e, &b.t.env, 1, 1, SPAN_LIT("a"), SPAN_LIT("x\n\nid: 5\r\rdata: y")));
    assert_polls(&b, 1,
                 SPAN_LIT("retry: 1000\n\nid: 1\nevent: a\ndata: x\ndata: \ndata: id: 5\ndata: \n"
                          "data: data: y\n\n"));
    bench_down(&b);
}

static void a_slow_client_is_bounded_then_closed(void **state)
{
    (void)state;
    static uint8_t data[10000];
    struct bench b;
    struct api_events_out out;
    uint64_t number = 0;
    size_t cursor = 0;
    uint64_t ticket, after;
    enum err err = OK;
    bench_up(&b);
    memset(data, 'x', sizeof data);
    assert_ok(api_events_open(b.e, &b.t.env, 1, SPAN_EMPTY, 0));
    while (err == OK)
        err = api_events_give(b.e, &b.t.env, 1, ++number, SPAN_LIT("e"), SPAN_ARRAY(data));
    assert_err(err, ERR_FULL);
    assert_true(number * sizeof data < EVENTS_QUEUE_BYTES + 3 * sizeof data);
    assert_false(api_events_wants(b.e, &cursor, &ticket, &after));
    assert_true(api_events_poll(b.e, &out));
    assert_false(api_events_poll(b.e, &out)); /* each byte once */
    test_env_advance(&b.t, (EVENTS_STALL_S - 1) * NS_PER_S);
    api_events_sent(b.e, &b.t.env, 1, 100000); /* it does move: not closed, and can take more */
    cursor = 0;
    assert_true(api_events_wants(b.e, &cursor, &ticket, &after));
    assert_int_equal(after, number - 1);
    test_env_advance(&b.t, (EVENTS_STALL_S - 1) * NS_PER_S);
    api_events_tick(b.e, &b.t.env);
    assert_false(api_events_poll(b.e, &out));
    assert_int_equal(api_events_deadline(b.e).ns, b.t.env.now.ns + NS_PER_S);
    test_env_advance(&b.t, NS_PER_S);
    api_events_tick(b.e, &b.t.env);
    assert_true(api_events_poll(b.e, &out));
    assert_true(out.close);
    assert_int_equal(api_events_deadline(b.e).ns, MONO_NEVER.ns);
    bench_down(&b);
}

static void silence_is_broken_and_clients_are_counted(void **state)
{
    (void)state;
    struct bench b;
    bench_up(&b);
    assert_ok(api_events_open(b.e, &b.t.env, 0, SPAN_EMPTY, 0));
    assert_polls(&b, 0, SPAN_LIT("retry: 1000\n\n"));
    test_env_advance(&b.t, EVENTS_BEAT_S * NS_PER_S);
    api_events_tick(b.e, &b.t.env);
    assert_polls(&b, 0, SPAN_LIT(":\n\n"));
    for (uint64_t i = 1; i < EVENTS_CLIENTS_MAX; i++)
        assert_ok(api_events_open(b.e, &b.t.env, i, SPAN_EMPTY, 0));
    assert_err(api_events_open(b.e, &b.t.env, 999, SPAN_EMPTY, 0), ERR_FULL);
    bench_down(&b);
}

static void the_token_is_wanted_whole(void **state)
{
    (void)state;
    const struct span token = SPAN_LIT("0123456789abcdef");
    assert_true(api_events_token_ok(SPAN_LIT("Bearer 0123456789abcdef"), token));
    assert_false(api_events_token_ok(SPAN_LIT("Bearer 0123456789abcdeF"), token));
    assert_false(api_events_token_ok(SPAN_LIT("Bearer 0123456789abcde"), token));
    assert_false(api_events_token_ok(SPAN_LIT("0123456789abcdef"), token));
    assert_false(api_events_token_ok(SPAN_EMPTY, token));
    assert_false(api_events_token_ok(SPAN_LIT("Bearer "), SPAN_EMPTY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_goes_on_behind_its_last_event),
        cmocka_unit_test(no_event_can_write_another),
        cmocka_unit_test(a_slow_client_is_bounded_then_closed),
        cmocka_unit_test(silence_is_broken_and_clients_are_counted),
        cmocka_unit_test(the_token_is_wanted_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
