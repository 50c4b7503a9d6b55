/* What a peer sends in frames, made by hand: rules, bounds, pings, good-byes. */
#include "tests/lib/one_ws.h"

/* A frame made by hand: first byte, declared length, mask and payload as given. */
static enum err feed_frame(struct ws *to, uint8_t first, uint64_t declared, bool masked,
                           struct span payload)
{
    static const uint8_t mask[4] = {0xa1, 0x02, 0x7f, 0xc4};
    struct buf b = BUF_INIT(SIZE_MAX);
    uint8_t bit = masked ? 0x80 : 0, byte;

    assert_ok(buf_append(&b, span_of(&first, 1)));
    int bytes = declared < 126 ? 0 : declared < 65536 ? 2 : 8;
    byte = bytes == 0 ? (uint8_t)declared : bytes == 2 ? 126 : 127;
    byte |= bit;
    assert_ok(buf_append(&b, span_of(&byte, 1)));
    for (int i = bytes - 1; i >= 0; i--) {
        byte = (uint8_t)(declared >> (8 * i));
        assert_ok(buf_append(&b, span_of(&byte, 1)));
    }
    if (masked)
        assert_ok(buf_append(&b, SPAN_ARRAY(mask)));
    for (size_t i = 0; i < payload.len; i++) {
        byte = (uint8_t)(payload.ptr[i] ^ (masked ? mask[i % 4] : 0));
        assert_ok(buf_append(&b, span_of(&byte, 1)));
    }
    enum err err = feed(to, buf_span(&b));
    buf_clear(&b);
    return err;
}

static enum err frame(uint8_t first, const char *payload)
{
    return feed_frame(w, first, strlen(payload), !w->dialer, span_str(payload));
}

static void fragments_are_one_message(void **state)
{
    (void)state;
    open_listener();
    assert_err(frame(0x02, "a"), ERR_MORE);
    assert_err(frame(0x89, "ping between"), ERR_MORE);
    assert_err(frame(0x00, ""), ERR_MORE);
    assert_err(frame(0x00, "b"), ERR_MORE);
    assert_err(frame(0x80, "c"), ERR_MORE);
    assert_err(frame(0x82, "d"), ERR_MORE);
    assert_span_equal(buf_span(&got), SPAN_LIT("abcd"));
    assert_true(ws_pong_due(w));
}

static void broken_rules_end_it_with_their_code(void **state)
{
    (void)state;
    static const struct {
        uint8_t first[2]; /* of one or two frames */
        uint8_t code;     /* 1000 + */
        enum err err;
    } table[] = {
        {{0x81, 0}, 3, ERR_UNSUPPORTED}, {{0x01, 0}, 3, ERR_UNSUPPORTED},
        {{0x80, 0}, 2, ERR_PROTOCOL},    {{0x00, 0}, 2, ERR_PROTOCOL},
        {{0x02, 0x82}, 2, ERR_PROTOCOL}, {{0xc2, 0}, 2, ERR_PROTOCOL},
        {{0xa2, 0}, 2, ERR_PROTOCOL},    {{0x92, 0}, 2, ERR_PROTOCOL},
        {{0x83, 0}, 2, ERR_PROTOCOL},    {{0x87, 0}, 2, ERR_PROTOCOL},
        {{0x8b, 0}, 2, ERR_PROTOCOL},    {{0x8f, 0}, 2, ERR_PROTOCOL},
        {{0x09, 0}, 2, ERR_PROTOCOL}, /* a ping in pieces */
    };
    for (int dialer = 0; dialer < 2; dialer++)
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
            dialer ? open_dialer() : open_listener();
            enum err err = frame(table[i].first[0], "payload");
            if (table[i].first[1] != 0) {
                assert_err(err, ERR_MORE);
                err = frame(table[i].first[1], "payload");
            }
            if (err != table[i].err)
                fail_msg("frame %02x: %s", table[i].first[0], err_name(err));
            assert_int_equal(wire.ptr[0], 0x88);
            size_t at = dialer ? 6 : 2;
            uint8_t mask = dialer ? wire.ptr[3] : 0;
            assert_int_equal(wire.ptr[at + 1] ^ mask, (1000 + table[i].code) & 0xff);
            assert_true(ws_closing(w));
            assert_err(ws_begin(w, &t.env, 1, &wire), ERR_CLOSED);
        }
}

static void only_clients_mask(void **state)
{
    (void)state;
    open_listener();
    assert_err(feed_frame(w, 0x82, 3, false, SPAN_LIT("abc")), ERR_PROTOCOL);
    open_dialer();
    assert_err(feed_frame(w, 0x82, 3, true, SPAN_LIT("abc")), ERR_PROTOCOL);
    assert_int_equal(got.len, 0);
}

static void lengths_are_the_shortest_that_say_it(void **state)
{
    (void)state;
    open_dialer();
    assert_err(feed(w, SPAN_LIT("\x82\x7e\x00\x7d")), ERR_PROTOCOL);
    open_dialer();
    assert_err(feed(w, SPAN_LIT("\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff")), ERR_PROTOCOL);
    open_dialer();
    assert_err(feed(w, SPAN_LIT("\x82\x7f\x80\x00\x00\x00\x00\x01\x00\x00")), ERR_PROTOCOL);
}

static void a_message_has_a_bound(void **state)
{
    (void)state;
    open_listener();
    assert_err(feed_frame(w, 0x82, WS_MESSAGE_BYTES_MAX, true, SPAN_LIT("x")), ERR_MORE);
    open_listener();
    assert_err(feed_frame(w, 0x82, WS_MESSAGE_BYTES_MAX + 1, true, SPAN_LIT("x")), ERR_LIMIT);
    assert_span_equal(span_sub(buf_span(&wire), 0, 4), SPAN_LIT("\x88\x02\x03\xf1")); /* 1009 */
    open_listener();
    assert_err(feed_frame(w, 0x82, (uint64_t)1 << 62, true, SPAN_LIT("x")), ERR_LIMIT);
    open_listener(); /* in pieces */
    assert_err(frame(0x02, "abc"), ERR_MORE);
    assert_err(feed_frame(w, 0x80, WS_MESSAGE_BYTES_MAX - 3, true, SPAN_LIT("x")), ERR_MORE);
    open_listener();
    assert_err(frame(0x02, "abc"), ERR_MORE);
    assert_err(feed_frame(w, 0x80, WS_MESSAGE_BYTES_MAX - 2, true, SPAN_LIT("x")), ERR_LIMIT);
}

static void the_last_ping_is_answered(void **state)
{
    (void)state;
    char longest[127];
    open_listener();
    for (int i = 0; i < 10000; i++)
        assert_err(frame(0x89, "flood"), ERR_MORE);
    assert_err(frame(0x89, "last"), ERR_MORE);
    assert_int_equal(wire.len, 0);
    assert_true(ws_pong_due(w));
    assert_ok(ws_pong(w, &t.env, &wire));
    assert_span_equal(buf_span(&wire), SPAN_LIT("\x8a\x04last"));
    assert_false(ws_pong_due(w));
    assert_err(frame(0x89, ""), ERR_MORE);
    assert_err(frame(0x89, ""), ERR_MORE);
    assert_true(ws_pong_due(w));
    assert_ok(ws_pong(w, &t.env, &wire));
    assert_err(frame(0x8a, "nobody asked"), ERR_MORE); /* 5.5.3 */
    assert_false(ws_pong_due(w));
    memset(longest, 'l', sizeof longest);
    longest[126] = 0;
    assert_err(frame(0x89, longest + 1), ERR_MORE); /* 125 */
    buf_reset(&wire);
    assert_ok(ws_pong(w, &t.env, &wire));
    assert_int_equal(wire.len, 127);
    assert_err(frame(0x89, longest), ERR_PROTOCOL); /* 126 */
}

static void good_bye_is_answered_once(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        size_t len;
        const char *answer;
        enum err err;
    } table[] = {
        {"", 0, "\x88\x02\x03\xe8", ERR_CLOSED},
        {"\x03\xe9", 2, "\x88\x02\x03\xe9", ERR_CLOSED},
        {"\x03\xe8 bye", 6, "\x88\x02\x03\xe8", ERR_CLOSED},
        {"\x0f\xa0", 2, "\x88\x02\x0f\xa0", ERR_CLOSED},
        {"\x03", 1, "\x88\x02\x03\xea", ERR_PROTOCOL},
        {"\x03\xed", 2, "\x88\x02\x03\xea", ERR_PROTOCOL}, /* 1005 never travels */
        {"\x03\xe7", 2, "\x88\x02\x03\xea", ERR_PROTOCOL},
        {"\x13\x88", 2, "\x88\x02\x03\xea", ERR_PROTOCOL},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        open_listener();
        struct span says = span_of(table[i].says, table[i].len);
        assert_err(feed_frame(w, 0x88, says.len, true, says), table[i].err);
        assert_span_equal(buf_span(&wire), span_of(table[i].answer, 4));
        assert_err(frame(0x82, "late"), ERR_CLOSED);
        assert_int_equal(got.len, 0);
    }
    open_listener();
    assert_ok(ws_close(w, &t.env, WS_NORMAL, &wire));
    assert_ok(ws_close(w, &t.env, WS_NORMAL, &wire));
    assert_err(frame(0x82, "on its way"), ERR_MORE);
    assert_err(frame(0x88, "\x03\xe8"), ERR_CLOSED);
    assert_span_equal(buf_span(&wire), SPAN_LIT("\x88\x02\x03\xe8"));
    assert_span_equal(buf_span(&got), SPAN_LIT("on its way"));
}

static void a_wire_without_room_takes_nothing(void **state)
{
    (void)state;
    open_listener();
    buf_clear(&wire);
    wire = BUF_INIT(WS_HEADER_BYTES_MAX - 1);
    assert_err(ws_begin(w, &t.env, 5, &wire), ERR_FULL);
    assert_int_equal(wire.len, 0);
    assert_err(frame(0x89, "x"), ERR_MORE);
    assert_err(ws_pong(w, &t.env, &wire), ERR_FULL);
    assert_true(ws_pong_due(w)); /* later, then */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WS_TEST(fragments_are_one_message), WS_TEST(broken_rules_end_it_with_their_code),
        WS_TEST(only_clients_mask),         WS_TEST(lengths_are_the_shortest_that_say_it),
        WS_TEST(a_message_has_a_bound),     WS_TEST(the_last_ping_is_answered),
        WS_TEST(good_bye_is_answered_once), WS_TEST(a_wire_without_room_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
