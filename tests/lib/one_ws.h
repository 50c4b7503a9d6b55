/* One WebSocket, `w`, and what it wrote (`wire`) and read (`got`): for the tests of net/ws. */
#pragma once

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

static inline int start(void **state)
{
    (void)state;
    test_env_init(&t, 5);
    wire = BUF_INIT(1u << 20);
    got = BUF_INIT(SIZE_MAX);
    return 0;
}

static inline int stop(void **state)
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
static inline enum err feed(struct ws *to, struct span in)
{
    struct span payload;
    enum err err;

    do {
        err = ws_feed(to, &t.env, &in, &payload, &wire);
        assert_ok(buf_append(&got, payload));
    } while (err == OK);
    return err;
}

static inline enum err feed_text(const char *text)
{
    return feed(w, span_str(text));
}

static inline void make(bool dialer)
{
    ws_free(w);
    assert_ok(ws_new(&w, &common, dialer));
    buf_reset(&wire);
    buf_reset(&got);
}

static inline void open_listener(void)
{
    make(false);
    assert_err(feed_text(REQUEST "\r\n"), ERR_MORE);
    assert_true(ws_open(w));
    buf_reset(&wire);
}

static inline void open_dialer(void)
{
    char response[256];

    make(true);
    assert_ok(ws_dial(w, &t.env, "node.example:8000", &wire));
    snprintf(response, sizeof response, RESPONSE "Sec-WebSocket-Accept: %s\r\n\r\n", w->accept);
    assert_err(feed_text(response), ERR_MORE);
    assert_true(ws_open(w));
    buf_reset(&wire);
}

static inline bool answered(const char *begin)
{
    return span_starts(buf_span(&wire), span_str(begin));
}

static inline bool wire_has(const char *text)
{
    size_t len = strlen(text);

    for (size_t i = 0; i + len <= wire.len; i++)
        if (memcmp(wire.ptr + i, text, len) == 0)
            return true;
    return false;
}

#define WS_TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
