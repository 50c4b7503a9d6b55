#include "net/mplex/mplex.h"
#include "tests/lib/muxpair.h"

static struct test_env t;
static struct mux_side a, b; /* dialer, listener */

static int start(void **state)
{
    (void)state;
    test_env_init(&t, 1);
    mux_side_init(&a, &muxer_mplex, &t, true, 1000);
    mux_side_init(&b, &muxer_mplex, &t, false, 2);
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

static void a_stream_is_opened_written_and_closed(void **state)
{
    (void)state;
    struct mux_stream *st = open_stream(&a);

    mux_side_queue(&a, st, SPAN_LIT("hi"));
    mux_close_write(a.mux, st);
    /* new 0 "0"; message by the initiator; close by the initiator */
    assert_span_equal(mux_side_out(&a, &t), test_hex("00 01 30  02 02 6869  04 00"));
    open_stream(&a);
    assert_span_equal(mux_side_out(&a, &t), test_hex("08 01 31"));
}

static void both_ends_may_use_the_same_id(void **state)
{
    (void)state;
    struct mux_stream *ours = open_stream(&a);

    mux_side_out(&a, &t);
    struct span in = test_hex("00 00  02 01 41  01 01 42");
    assert_ok(mux_side_next(&a, &t, &in));
    assert_int_equal(a.last.kind, MUX_INCOMING);
    struct mux_stream *theirs = a.last.stream;
    assert_ptr_not_equal(theirs, ours);
    assert_ok(mux_side_next(&a, &t, &in));
    assert_ptr_equal(a.last.stream, theirs);
    assert_span_equal(a.last.bytes, SPAN_LIT("A"));
    assert_ok(mux_side_next(&a, &t, &in));
    assert_ptr_equal(a.last.stream, ours);
    assert_span_equal(a.last.bytes, SPAN_LIT("B"));
    mux_side_queue(&a, theirs, SPAN_LIT("r"));
    assert_span_equal(mux_side_out(&a, &t), test_hex("01 01 72"));
}

static void frames_may_be_cut_anywhere(void **state)
{
    (void)state;
    struct span in = test_hex("80 01 03 616263  82 01 02 6869  84 01 00"); /* id 16 */

    for (size_t i = 0; i < in.len; i++)
        assert_err(mux_side_feed(&b, &t, span_sub(in, i, 1)), ERR_MORE);
    assert_int_equal(b.events, 4);
    assert_int_equal(b.last.kind, MUX_END);
}

static void close_and_reset_are_never_both_sent(void **state)
{
    (void)state;
    struct mux_stream *st = open_stream(&a);

    mux_close_write(a.mux, st);
    mux_side_out(&a, &t);
    a.mux->kind->reset(a.mux, st);
    assert_int_equal(mux_side_out(&a, &t).len, 0);

    st = open_stream(&a);
    mux_side_queue(&a, st, SPAN_LIT("x"));
    mux_side_out(&a, &t);
    mux_side_queue(&a, st, SPAN_LIT("never sent"));
    mux_close_write(a.mux, st);
    a.mux->kind->reset(a.mux, st);
    assert_span_equal(mux_side_out(&a, &t), test_hex("0e 00"));

    st = open_stream(&a);
    a.mux->kind->reset(a.mux, st); /* the peer never heard of it */
    assert_int_equal(mux_side_out(&a, &t).len, 0);
}

static void nothing_follows_a_reset_by_the_peer(void **state)
{
    (void)state;
    struct mux_stream *st = open_stream(&a);

    mux_side_out(&a, &t);
    mux_side_queue(&a, st, SPAN_LIT("too late"));
    assert_err(mux_side_feed(&a, &t, test_hex("05 00")), ERR_MORE);
    assert_int_equal(a.last.kind, MUX_RESET);
    assert_int_equal(mux_side_out(&a, &t).len, 0);
    assert_int_equal(a.mux->outbound, 0);
}

static void more_streams_than_allowed_are_reset(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        mux_side_queue(&a, open_stream(&a), SPAN_LIT("x"));
    assert_err(mux_side_feed(&b, &t, mux_side_out(&a, &t)), ERR_MORE);
    assert_int_equal(b.mux->inbound, 2);
    assert_span_equal(mux_side_out(&b, &t), test_hex("15 00"));
}

static void violations_end_the_connection(void **state)
{
    (void)state;
    static const struct {
        const char *frames;
        enum err err;
    } cases[] = {
        {"07 00", ERR_PROTOCOL},                         /* no such flag */
        {"02 01", ERR_PROTOCOL},                         /* a stream that never was */
        {"00 00 00 00", ERR_PROTOCOL},                   /* opened twice */
        {"00 00 02 818040", ERR_LIMIT},                  /* 1 MiB + 1 */
        {"00 00 04 00 02 01 41", ERR_PROTOCOL},          /* after CLOSE */
        {"ff ff ff ff ff ff ff ff ff ff", ERR_PROTOCOL}, /* endless varint */
        {"03 00 04 00 05 00 06 00", ERR_MORE},           /* ends of unknown ones */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mux_side c;
        mux_side_init(&c, &muxer_mplex, &t, false, 10);
        assert_err(mux_side_feed(&c, &t, test_hex(cases[i].frames)), cases[i].err);
        mux_side_clear(&c);
    }
}

static void messages_for_a_stream_that_we_reset_are_skipped_within_a_bound(void **state)
{
    (void)state;
    size_t fed = 0;

    assert_err(mux_side_feed(&b, &t, test_hex("00 00")), ERR_MORE);
    b.mux->kind->reset(b.mux, b.last.stream);
    while (mux_side_feed(&b, &t, test_hex("02 01 41")) == ERR_MORE)
        assert_true(++fed < 1000000);
    assert_int_equal(fed, MPLEX_SKIPPED_FRAMES);
}

static void a_flood_of_opens_stops_the_reading_not_the_memory(void **state)
{
    (void)state;
    enum err err = ERR_MORE;

    for (uint64_t id = 0; id < 100000 && err == ERR_MORE; id++) {
        uint8_t frame[16];
        uint64_t head = id << 3;
        size_t n = 0;
        for (; head >= 0x80; head >>= 7)
            frame[n++] = (uint8_t)(head | 0x80);
        frame[n++] = (uint8_t)head;
        frame[n++] = 0;
        err = mux_side_feed(&b, &t, span_of(frame, n));
    }
    assert_err(err, ERR_BUSY);
    assert_true(b.mux->control.len <= MUX_CONTROL_BLOCKED + 16);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(a_stream_is_opened_written_and_closed),
        TEST(both_ends_may_use_the_same_id),
        TEST(frames_may_be_cut_anywhere),
        TEST(close_and_reset_are_never_both_sent),
        TEST(nothing_follows_a_reset_by_the_peer),
        TEST(more_streams_than_allowed_are_reset),
        TEST(violations_end_the_connection),
        TEST(messages_for_a_stream_that_we_reset_are_skipped_within_a_bound),
        TEST(a_flood_of_opens_stops_the_reading_not_the_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
