/* The upgrade, both roles: which heads are taken, and how the others are answered. */
#include "tests/lib/one_ws.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        WS_TEST(the_answer_is_that_of_the_specification),
        WS_TEST(what_browsers_and_proxies_add_is_welcome),
        WS_TEST(a_request_of_anything_else_is_told_why),
        WS_TEST(version_and_key_are_checked),
        WS_TEST(a_head_has_bounds),
        WS_TEST(a_request_says_nothing_of_us),
        WS_TEST(a_response_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
