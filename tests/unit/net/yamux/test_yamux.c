#include "net/yamux/yamux.h"
#include "tests/lib/muxpair.h"

static struct test_env t;
static struct mux_side a, b; /* dialer, listener */

static int start(void **state)
{
    (void)state;
    test_env_init(&t, 1);
    mux_side_init(&a, &muxer_yamux, &t, true, 1000);
    mux_side_init(&b, &muxer_yamux, &t, false, 3);
    mux_side_out(&a, &t); /* the first pings are not of interest */
    mux_side_out(&b, &t);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mux_side_clear(&a);
    mux_side_clear(&b);
    test_env_clear(&t);
    return 0;
}

static struct mux_stream *open_stream(struct mux_side *s)
{
    struct mux_stream *st;

    assert_ok(s->mux->kind->open(s->mux, &t.env, &st));
    return st;
}

static void a_session_begins_with_a_ping_and_answers_pings(void **state)
{
    (void)state;
    struct mux_side c;

    mux_side_init(&c, &muxer_yamux, &t, true, 1);
    assert_span_equal(mux_side_out(&c, &t), test_hex("00 02 0001 00000000 00000001"));
    mux_side_clear(&c);
    assert_err(mux_side_feed(&b, &t, test_hex("00 02 0001 00000000 cafebabe")), ERR_MORE);
    assert_span_equal(mux_side_out(&b, &t), test_hex("00 02 0002 00000000 cafebabe"));
}

static void ids_are_odd_for_the_dialer_and_even_for_the_listener(void **state)
{
    (void)state;
    open_stream(&a);
    assert_span_equal(mux_side_out(&a, &t), test_hex("00 01 0001 00000001 00000000"));
    open_stream(&a);
    assert_span_equal(mux_side_out(&a, &t), test_hex("00 01 0001 00000003 00000000"));
    open_stream(&b);
    assert_span_equal(mux_side_out(&b, &t), test_hex("00 01 0001 00000002 00000000"));
}

static void data_is_gathered_behind_its_head_and_fin_follows_in_a_frame_of_its_own(void **state)
{
    (void)state;
    struct mux_stream *st = open_stream(&a);

    mux_side_queue(&a, st, SPAN_LIT("ab"));
    mux_side_queue(&a, st, SPAN_LIT("cd"));
    mux_close_write(a.mux, st);
    assert_span_equal(mux_side_out(&a, &t), test_hex("00 00 0001 00000001 00000004 61626364"
                                                     "00 01 0004 00000001 00000000"));
}

static void a_stream_is_acknowledged_with_the_first_answer(void **state)
{
    (void)state;
    /* js: WINDOW_UPDATE|SYN, then DATA */
    struct span in = test_hex("00 01 0001 00000001 00000000  00 00 0000 00000001 00000002 6869");
    assert_ok(mux_side_next(&b, &t, &in));
    assert_int_equal(b.last.kind, MUX_INCOMING);
    struct mux_stream *st = b.last.stream;
    assert_ok(mux_side_next(&b, &t, &in));
    assert_int_equal(b.last.kind, MUX_BYTES);
    assert_span_equal(b.last.bytes, SPAN_LIT("hi"));
    assert_err(mux_side_next(&b, &t, &in), ERR_MORE);
    mux_side_queue(&b, st, SPAN_LIT("yo"));
    assert_span_equal(mux_side_out(&b, &t), test_hex("00 00 0002 00000001 00000002 796f"));
}

static void frames_may_be_cut_anywhere(void **state)
{
    (void)state;
    struct span in = test_hex("00 00 0001 00000001 00000003 616263  00 01 0004 00000001 00000000");

    for (size_t i = 0; i < in.len; i++)
        assert_err(mux_side_feed(&b, &t, span_sub(in, i, 1)), ERR_MORE);
    assert_int_equal(b.events, 5); /* incoming, three times bytes, end */
    assert_int_equal(b.last.kind, MUX_END);
}

static void a_sender_stops_at_the_window_and_goes_on_when_it_grows(void **state)
{
    (void)state;
    static uint8_t data[300000];
    struct mux_stream *st = open_stream(&a);

    mux_side_queue(&a, st, SPAN_ARRAY(data));
    struct span out = mux_side_out(&a, &t);
    assert_int_equal(st->send.bytes, sizeof data - YAMUX_WINDOW_BYTES);
    assert_true(out.len > YAMUX_WINDOW_BYTES);
    assert_int_equal(mux_side_out(&a, &t).len, 0);
    assert_err(mux_side_feed(&a, &t, test_hex("00 01 0002 00000001 00000010")), ERR_MORE);
    assert_int_equal(mux_side_out(&a, &t).len, 12 + 16);
    assert_err(mux_side_feed(&a, &t, test_hex("00 01 0000 00000001 ffffffff")), ERR_MORE);
    mux_side_out(&a, &t);
    assert_int_equal(st->send.bytes, 0);
}

static void windows_are_renewed_when_half_was_taken_and_not_before(void **state)
{
    (void)state;
    static uint8_t data[200000];
    struct mux_stream *st = open_stream(&a);

    mux_side_queue(&a, st, span_of(data, 100000));
    assert_err(mux_side_feed(&b, &t, mux_side_out(&a, &t)), ERR_MORE);
    assert_span_equal(mux_side_out(&b, &t), test_hex("00 01 0002 00000001 00000000"));
    mux_side_queue(&a, st, span_of(data, 50000));
    assert_err(mux_side_feed(&b, &t, mux_side_out(&a, &t)), ERR_MORE);
    assert_span_equal(mux_side_out(&b, &t), test_hex("00 01 0000 00000001 000249f0"));
}

static void a_window_that_holds_the_sender_back_grows_up_to_its_bound(void **state)
{
    (void)state;
    static uint8_t data[1 << 20];
    struct mux_stream *st = open_stream(&a), *remote = NULL;

    /* b learns a round trip of 100 ms */
    b.mux->kind->ping(b.mux, &t.env);
    struct span ping = mux_side_out(&b, &t);
    test_env_advance(&t, 100 * NS_PER_MS);
    assert_err(mux_side_feed(&a, &t, ping), ERR_MORE);
    for (int i = 0; i < 100; i++) {
        mux_side_queue(&a, st, SPAN_ARRAY(data));
        assert_err(mux_side_feed(&b, &t, mux_side_out(&a, &t)), ERR_MORE);
        remote = b.last.stream;
        assert_err(mux_side_feed(&a, &t, mux_side_out(&b, &t)), ERR_MORE);
    }
    assert_int_equal(remote->recv_target, YAMUX_WINDOW_BYTES_MAX);
}

static void more_streams_than_allowed_are_reset_and_their_data_skipped(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++)
        mux_side_queue(&a, open_stream(&a), SPAN_LIT("data"));
    assert_err(mux_side_feed(&b, &t, mux_side_out(&a, &t)), ERR_MORE);
    assert_int_equal(b.mux->inbound, 3);
    assert_int_equal(b.events, 6);
    struct span out = mux_side_out(&b, &t);
    assert_true(span_starts(out, test_hex("00 01 0008 00000007 00000000")));
    assert_err(mux_side_feed(&a, &t, out), ERR_MORE);
    assert_int_equal(a.last.kind, MUX_RESET);
    assert_int_equal(a.mux->outbound, 3);
}

static void both_ends_gone_means_the_stream_is_freed(void **state)
{
    (void)state;
    struct mux_stream *st = open_stream(&a);

    mux_close_write(a.mux, st);
    assert_err(mux_side_feed(&b, &t, mux_side_out(&a, &t)), ERR_MORE);
    assert_int_equal(b.last.kind, MUX_END);
    mux_close_write(b.mux, b.last.stream);
    mux_release(b.mux, b.last.stream);
    assert_int_equal(b.mux->inbound, 1); /* its FIN is not out yet */
    assert_err(mux_side_feed(&a, &t, mux_side_out(&b, &t)), ERR_MORE);
    assert_int_equal(b.mux->inbound, 0);
    assert_int_equal(a.last.kind, MUX_END);
    mux_release(a.mux, st);
    assert_int_equal(a.mux->outbound, 0);
}

static void what_was_under_way_at_a_reset_is_skipped_within_the_window(void **state)
{
    (void)state;
    static uint8_t big[12 + 70000];
    struct span in = test_hex("00 01 0001 00000001 00000000");

    assert_ok(mux_side_next(&b, &t, &in));
    b.mux->kind->reset(b.mux, b.last.stream);
    assert_span_equal(mux_side_out(&b, &t), test_hex("00 01 0008 00000001 00000000"));
    yamux_write_header(&(struct yamux_header){.type = YAMUX_DATA, .stream = 1, .length = 70000},
                       big);
    for (int i = 0; i < 3; i++)
        assert_err(mux_side_feed(&b, &t, SPAN_ARRAY(big)), ERR_MORE);
    assert_err(mux_side_feed(&b, &t, SPAN_ARRAY(big)), ERR_PROTOCOL); /* 280,000 > 262,144 */
}

static void violations_end_the_connection(void **state)
{
    (void)state;
    static const struct {
        const char *frames;
        enum err err;
    } cases[] = {
        {"01 00 0000 00000001 00000000", ERR_FORMAT},   /* version */
        {"00 04 0000 00000001 00000000", ERR_FORMAT},   /* type */
        {"00 00 0001 00000002 00000000", ERR_PROTOCOL}, /* SYN with our own parity */
        {"00 00 0001 00000000 00000000", ERR_PROTOCOL}, /* stream 0 */
        {"00 00 0000 00000005 00000001", ERR_PROTOCOL}, /* never opened */
        {"00 00 0000 00000002 00000001", ERR_PROTOCOL}, /* never opened by us */
        {"00 00 0001 00000001 00040001", ERR_PROTOCOL}, /* beyond the window */
        {"00 00 0001 00000001 00000000  00 00 0001 00000001 00000000", ERR_PROTOCOL}, /* twice */
        {"00 00 0005 00000001 00000000  00 00 0000 00000001 00000001",
         ERR_PROTOCOL}, /* after FIN */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mux_side c;
        mux_side_init(&c, &muxer_yamux, &t, false, 10);
        assert_err(mux_side_feed(&c, &t, test_hex(cases[i].frames)), cases[i].err);
        mux_side_clear(&c);
    }
}

static void a_stream_that_begins_beyond_its_window_never_is(void **state)
{
    (void)state;
    struct mux_side c;
    size_t cursor = 0;

    mux_side_init(&c, &muxer_yamux, &t, false, 10);
    assert_err(mux_side_feed(&c, &t, test_hex("00 00 0001 00000001 00040001")), ERR_PROTOCOL);
    assert_null(mux_each(c.mux, &cursor)); /* the owner was not told of it */
    mux_side_clear(&c);
}

static void a_flood_of_pings_stops_the_reading_not_the_memory(void **state)
{
    (void)state;
    struct span ping = test_hex("00 02 0001 00000000 00000001");
    size_t fed = 0;

    while (mux_side_feed(&b, &t, ping) == ERR_MORE)
        assert_true(++fed < 100000);
    assert_true(mux_blocked(b.mux));
    assert_true(b.mux->control.len <= MUX_CONTROL_BLOCKED + 12);
    assert_true(mux_side_out(&b, &t).len >= MUX_CONTROL_BLOCKED);
    assert_err(mux_side_feed(&b, &t, ping), ERR_MORE);
}

static void unanswered_opens_are_limited(void **state)
{
    (void)state;
    struct mux_stream *st;

    for (unsigned i = 0; i < YAMUX_ACK_BACKLOG_MAX; i++)
        open_stream(&a);
    assert_err(a.mux->kind->open(a.mux, &t.env, &st), ERR_LIMIT);
    mux_side_out(&a, &t);
    assert_err(mux_side_feed(&a, &t, test_hex("00 01 0002 00000001 00000000")), ERR_MORE);
    assert_ok(a.mux->kind->open(a.mux, &t.env, &st));
}

static void after_a_go_away_nothing_is_opened(void **state)
{
    (void)state;
    struct mux_stream *st;

    a.mux->kind->go_away(a.mux, ERR_PROTOCOL);
    struct span out = mux_side_out(&a, &t);
    assert_span_equal(out, test_hex("00 03 0000 00000000 00000001"));
    assert_err(mux_side_feed(&b, &t, out), ERR_MORE);
    assert_int_equal(b.last.kind, MUX_GO_AWAY);
    assert_err(b.mux->kind->open(b.mux, &t.env, &st), ERR_CLOSED);
    assert_err(a.mux->kind->open(a.mux, &t.env, &st), ERR_CLOSED);
}

static void streams_take_turns(void **state)
{
    (void)state;
    static uint8_t data[200000];
    struct mux_stream *one = open_stream(&a), *two = open_stream(&a);

    mux_side_queue(&a, one, SPAN_ARRAY(data));
    mux_side_queue(&a, two, SPAN_LIT("short"));
    struct span parts[64];
    size_t count;
    mux_gather(a.mux, &t.env, 65519, parts, 64, &count);
    mux_sent(a.mux);
    mux_gather(a.mux, &t.env, 65519, parts, 64, &count);
    mux_sent(a.mux);
    assert_int_equal(two->send.bytes, 0);
    assert_true(one->send.bytes > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(a_session_begins_with_a_ping_and_answers_pings),
        TEST(ids_are_odd_for_the_dialer_and_even_for_the_listener),
        TEST(data_is_gathered_behind_its_head_and_fin_follows_in_a_frame_of_its_own),
        TEST(a_stream_is_acknowledged_with_the_first_answer),
        TEST(frames_may_be_cut_anywhere),
        TEST(a_sender_stops_at_the_window_and_goes_on_when_it_grows),
        TEST(windows_are_renewed_when_half_was_taken_and_not_before),
        TEST(a_window_that_holds_the_sender_back_grows_up_to_its_bound),
        TEST(more_streams_than_allowed_are_reset_and_their_data_skipped),
        TEST(both_ends_gone_means_the_stream_is_freed),
        TEST(what_was_under_way_at_a_reset_is_skipped_within_the_window),
        TEST(violations_end_the_connection),
        TEST(a_stream_that_begins_beyond_its_window_never_is),
        TEST(a_flood_of_pings_stops_the_reading_not_the_memory),
        TEST(unanswered_opens_are_limited),
        TEST(after_a_go_away_nothing_is_opened),
        TEST(streams_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
