/* The engine against hand-made bytes, and against itself. */
#include "net/ws/inner.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define REQUEST                                                                                    \
    "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                   \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
#define RESPONSE "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: upgrade\r\n"

static struct test_env t;
static struct ws_common common;
static struct ws *w;
static struct buf wire, got;

static int start(void **state)
{
    (void)state;
    test_env_init(&t, 5);
    wire = BUF_INIT(1u << 20);
    got = BUF_INIT(SIZE_MAX);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    ws_free(w);
    w = NULL;
    ws_common_clear(&common);
    buf_clear(&wire);
    buf_clear(&got);
    test_env_clear(&t);
    return 0;
}

/* Feed all of it; payloads are collected in `got`. The last answer, ERR_MORE when all went well. */
static enum err feed(struct ws *to, struct span in)
{
    struct span payload;
    enum err err;

    do {
        err = ws_feed(to, &t.env, &in, &payload, &wire);
        assert_ok(buf_append(&got, payload));
    } while (err == OK);
    return err;
}

static enum err feed_text(const char *text)
{
    return feed(w, span_str(text));
}

static void make(bool dialer)
{
    ws_free(w);
    assert_ok(ws_new(&w, &common, dialer));
    buf_reset(&wire);
    buf_reset(&got);
}

static void open_listener(void)
{
    make(false);
    assert_err(feed_text(REQUEST "\r\n"), ERR_MORE);
    assert_true(ws_open(w));
    buf_reset(&wire);
}

static void open_dialer(void)
{
    char response[256];

    make(true);
    assert_ok(ws_dial(w, &t.env, "node.example:8000", &wire));
    snprintf(response, sizeof response, RESPONSE "Sec-WebSocket-Accept: %s\r\n\r\n", w->accept);
    assert_err(feed_text(response), ERR_MORE);
    assert_true(ws_open(w));
    buf_reset(&wire);
}

static bool answered(const char *begin)
{
    return span_starts(buf_span(&wire), span_str(begin));
}

static bool wire_has(const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i + len <= wire.len; i++)
        if (memcmp(wire.ptr + i, text, len) == 0)
            return true;
    return false;
}

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

/* ---- upgrade ---- */

static void the_answer_is_that_of_the_specification(void **state)
{
    (void)state;
    make(false);
    assert_err(feed_text(REQUEST "\r\n"), ERR_MORE);
    assert_true(answered("HTTP/1.1 101 Switching Protocols\r\n"));
    assert_true(wire_has("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert_false(wire_has("Protocol:"));
}

static void what_browsers_and_proxies_add_is_welcome(void **state)
{
    (void)state;
    make(false);
    assert_err(feed_text("GET /any/path?x=1 HTTP/1.1\r\nhost: sotto.example\r\n"
                         "Origin: https://app.example\r\nUPGRADE: foo, WebSocket\r\n"
                         "connection: keep-alive,\tUpgrade \r\nSec-WebSocket-Version:13\r\n"
                         "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
                         "Sec-WebSocket-Key:  x3JJHMbDL1EzLkh9GBhXDw==\r\nCookie: a=b\r\n"
                         "Content-Length: 0\r\n\r\n"),
               ERR_MORE);
    assert_true(answered("HTTP/1.1 101 "));
    assert_true(wire_has("HSmrc0sMlYUkAGmm5OPpG2HaGWk="));
    assert_false(wire_has("Extensions"));
}

static void a_request_of_anything_else_is_told_why(void **state)
{
    (void)state;
    static const struct {
        const char *request, *status;
        enum err err;
    } table[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 405 ", ERR_PROTOCOL},
        {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {"GET x HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {"GET\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {"\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 426 ", ERR_PROTOCOL},
        {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {REQUEST "X : y\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {REQUEST ": y\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {REQUEST " folded: y\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {REQUEST "nothing\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {REQUEST "Host: b\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {REQUEST "Content-Length: 5\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {REQUEST "Transfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 400 ", ERR_FORMAT},
        {REQUEST "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", "HTTP/1.1 400 ",
         ERR_FORMAT},
        {REQUEST "Sec-WebSocket-Version: 13\r\n\r\n", "HTTP/1.1 426 ", ERR_PROTOCOL},
        {"\x16\x03\x01\x02", "HTTP/1.1 400 ", ERR_FORMAT},         /* TLS */
        {"\x13/multistream/1.0.0\n", "HTTP/1.1 400 ", ERR_FORMAT}, /* plain libp2p */
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        make(false);
        if (feed_text(table[i].request) != table[i].err || !answered(table[i].status))
            fail_msg("%zu: %s is answered with %.*s", i, table[i].request, (int)wire.len,
                     (char *)wire.ptr);
        assert_false(ws_open(w));
        assert_err(feed_text(REQUEST "\r\n"), ERR_CLOSED); /* final */
    }
}

static void version_and_key_are_checked(void **state)
{
    (void)state;
    static const char *const keys[] = {"dGhlIHNhbXBsZSBub25jZQ=",  "dGhlIHNhbXBsZSBub25jZQ",
                                       "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25_ZQ==",
                                       "dGhlIHNhbXBsZSBub25jZQAA", ""};
    char request[400];
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        make(false);
        snprintf(request, sizeof request,
                 "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n",
                 keys[i]);
        assert_err(feed_text(request), ERR_FORMAT);
        assert_true(answered("HTTP/1.1 400 "));
    }
    make(false);
    assert_err(
        feed_text("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                  "Sec-WebSocket-Version: 8\r\n\r\n"),
        ERR_PROTOCOL);
    assert_true(answered("HTTP/1.1 426 "));
    assert_true(wire_has("Sec-WebSocket-Version: 13\r\n"));
}

/* A good request of exactly `bytes` bytes with `fields` lines. */
static enum err feed_long(size_t bytes, size_t fields)
{
    static char text[2 * WS_HEAD_BYTES_MAX];
    size_t len = (size_t)snprintf(text, sizeof text, REQUEST);

    for (size_t i = 5; i + 1 < fields; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "X: y\r\n");
    len += (size_t)snprintf(text + len, sizeof text - len, "Cookie: ");
    assert_true(len + 4 <= bytes);
    memset(text + len, 'c', bytes - len - 4);
    memcpy(text + bytes - 4, "\r\n\r\n", 4);
    make(false);
    return feed(w, span_of(text, bytes));
}

static void a_head_has_bounds(void **state)
{
    (void)state;
    assert_err(feed_long(WS_HEAD_BYTES_MAX, 6), ERR_MORE);
    assert_true(ws_open(w));
    assert_err(feed_long(WS_HEAD_BYTES_MAX + 1, 6), ERR_LIMIT);
    assert_true(answered("HTTP/1.1 431 "));
    assert_err(feed_long(4000, WS_FIELDS_MAX), ERR_MORE);
    assert_true(ws_open(w));
    assert_err(feed_long(4000, WS_FIELDS_MAX + 1), ERR_LIMIT);
    assert_true(answered("HTTP/1.1 431 "));
}

static void a_request_says_nothing_of_us(void **state)
{
    (void)state;
    make(true);
    assert_ok(ws_dial(w, &t.env, "[2001:db8::1]:8000", &wire));
    assert_true(answered("GET / HTTP/1.1\r\nHost: [2001:db8::1]:8000\r\n"));
    assert_false(wire_has("Origin"));
    assert_false(wire_has("User-Agent"));
    static const char *const bad[] = {"", "a b", "a\r\nX: y", "a/b", "a@b", "a\x80"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_err(ws_dial(w, &t.env, bad[i], &wire), ERR_ARGUMENT);
    char longest[WS_HOST_BYTES_MAX + 2];
    memset(longest, 'a', sizeof longest);
    longest[WS_HOST_BYTES_MAX] = 0;
    assert_ok(ws_dial(w, &t.env, longest, &wire));
    longest[WS_HOST_BYTES_MAX] = 'a';
    longest[WS_HOST_BYTES_MAX + 1] = 0;
    assert_err(ws_dial(w, &t.env, longest, &wire), ERR_ARGUMENT);
}

static void a_response_is_judged(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after; /* of Sec-WebSocket-Accept */
        enum err err;
    } table[] = {
        {RESPONSE, "", ERR_MORE},
        {"HTTP/1.1 301 Moved\r\nLocation: /\r\n", "", ERR_REFUSED},
        {"HTTP/1.1 1010 X\r\n", "", ERR_REFUSED},
        {"HTTP/1.0 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n", "", ERR_FORMAT},
        {"HTTP/1.1 101 X\r\nConnection: upgrade\r\n", "", ERR_PROTOCOL},
        {"HTTP/1.1 101 X\r\nUpgrade: websocket\r\n", "", ERR_PROTOCOL},
        {RESPONSE, "Sec-WebSocket-Protocol: a\r\n", ERR_PROTOCOL},
        {RESPONSE, "Sec-WebSocket-Extensions: permessage-deflate\r\n", ERR_PROTOCOL},
        {RESPONSE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", "", ERR_PROTOCOL},
    };
    char text[512];
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        make(true);
        assert_ok(ws_dial(w, &t.env, "a", &wire));
        snprintf(text, sizeof text, "%sSec-WebSocket-Accept: %s\r\n%s\r\n", table[i].before,
                 w->accept, table[i].after);
        if (feed_text(text) != table[i].err)
            fail_msg("response %zu", i);
    }
    make(true);
    assert_ok(ws_dial(w, &t.env, "a", &wire));
    assert_err(feed_text(RESPONSE "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
               ERR_PROTOCOL);
    make(true);
    assert_ok(ws_dial(w, &t.env, "a", &wire));
    assert_err(feed_text(RESPONSE "\r\n"), ERR_PROTOCOL);
}

/* ---- both ends ---- */

static void send(struct ws *from, struct span payload)
{
    assert_ok(ws_begin(from, &t.env, payload.len, &wire));
    assert_ok(buf_append(&wire, payload));
    ws_end(from, &t.env, &wire);
}

/* Deliver the wire in pieces of `step`. */
static enum err deliver(struct ws *to, size_t step)
{
    struct buf moved = BUF_INIT(SIZE_MAX);
    enum err err = ERR_MORE;

    buf_move(&moved, &wire);
    wire = BUF_INIT(1u << 20);
    for (struct span in = buf_span(&moved); in.len > 0 && err == ERR_MORE;) {
        size_t n = in.len < step ? in.len : step;
        err = feed(to, span_sub(in, 0, n));
        in = span_after(in, n);
    }
    buf_clear(&moved);
    return err;
}

static void any_cut_gives_the_same(void **state)
{
    (void)state;
    static const size_t steps[] = {1, 2, 3, 5, 7, 4095, 4096, 4097, SIZE_MAX};
    static const size_t sizes[] = {1, 125, 126, 4081, 4082, 65535, 65536, 200000};
    static uint8_t bytes[200000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
        struct ws *a, *b;
        assert_ok(ws_new(&a, &common, true));
        assert_ok(ws_new(&b, &common, false));
        assert_ok(ws_dial(a, &t.env, "a", &wire));
        assert_err(deliver(b, steps[k]), ERR_MORE);
        assert_err(deliver(a, steps[k]), ERR_MORE);
        assert_true(ws_open(a) && ws_open(b));
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            for (int round = 0; round < 2; round++) {
                buf_reset(&got);
                send(round == 0 ? a : b, span_of(bytes, sizes[i]));
                send(round == 0 ? a : b, SPAN_LIT("and more"));
                assert_err(deliver(round == 0 ? b : a, steps[k]), ERR_MORE);
                assert_int_equal(got.len, sizes[i] + 8);
                assert_memory_equal(got.ptr, bytes, sizes[i]);
                assert_memory_equal(got.ptr + sizes[i], "and more", 8);
                assert_null(a->codec); /* who rests has no parser */
                assert_null(b->codec);
            }
        }
        ws_free(a);
        ws_free(b);
    }
}

static void what_is_sent_is_masked_only_by_the_dialer(void **state)
{
    (void)state;
    open_listener();
    send(w, SPAN_LIT("plain"));
    assert_span_equal(buf_span(&wire), SPAN_LIT("\x82\x05plain"));
    open_dialer();
    send(w, SPAN_LIT("plain"));
    assert_int_equal(wire.len, 2 + 4 + 5);
    assert_int_equal(wire.ptr[1], 0x85);
    uint8_t first[4];
    memcpy(first, wire.ptr + 2, 4);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(wire.ptr[6 + i] ^ first[i % 4], "plain"[i]);
    buf_reset(&wire);
    send(w, SPAN_LIT("plain"));
    assert_memory_not_equal(wire.ptr + 2, first, 4); /* RFC 6455 5.3: a fresh key each */
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

/* ---- frames ---- */

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

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        T(the_answer_is_that_of_the_specification),
        T(what_browsers_and_proxies_add_is_welcome),
        T(a_request_of_anything_else_is_told_why),
        T(version_and_key_are_checked),
        T(a_head_has_bounds),
        T(a_request_says_nothing_of_us),
        T(a_response_is_judged),
        T(any_cut_gives_the_same),
        T(what_is_sent_is_masked_only_by_the_dialer),
        T(a_wire_without_room_takes_nothing),
        T(fragments_are_one_message),
        T(broken_rules_end_it_with_their_code),
        T(only_clients_mask),
        T(lengths_are_the_shortest_that_say_it),
        T(a_message_has_a_bound),
        T(the_last_ping_is_answered),
        T(good_bye_is_answered_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
