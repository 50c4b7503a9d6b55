/* A WebSocket that a stranger talks to. The first byte chooses the role, whether the upgrade is
 * done already, and the length of the pieces that the rest comes in. */
#include "net/ws/inner.h"

#include "crypto/prim/drbg.h"

#include <stdio.h>
#include <stdlib.h>

static const char request[] = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct drbg drbg;
static struct rng rng;
static struct env env = {.rng = &rng};

static void must(bool good)
{
    if (!good)
        abort();
}

/* What a driver does; false: it ended. */
static bool feed(struct ws *w, struct span in, struct buf *wire)
{
    struct span payload;
    size_t all = in.len;
    enum err err;

    do {
        err = ws_feed(w, &env, &in, &payload, wire);
        must(in.len <= all && payload.len <= 4096);
        must(err == OK || payload.len == 0);
    } while (err == OK);
    must(w->head.len <= WS_HEAD_BYTES_MAX);
    must(err != ERR_MORE || in.len == 0);
    if (err == ERR_MORE && ws_pong_due(w))
        must(ws_pong(w, &env, wire) == OK);
    return err == ERR_MORE;
}

static void upgrade(struct ws *w, struct buf *wire)
{
    char response[256];

    if (!w->dialer) {
        must(feed(w, SPAN_LIT(request), wire));
        return;
    }
    snprintf(response, sizeof response,
             "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
             "Sec-WebSocket-Accept: %s\r\n\r\n",
             w->accept);
    must(feed(w, span_str(response), wire));
}

/* Ours stays well formed whatever is said: one message, then good-bye. */
static void speak(struct ws *w, struct buf *wire)
{
    size_t before = wire->len;

    if (ws_open(w) && !ws_closing(w)) {
        must(ws_begin(w, &env, 3, wire) == OK);
        must(buf_append(wire, SPAN_LIT("abc")) == OK);
        ws_end(w, &env, wire);
        must(wire->len == before + (w->dialer ? 9u : 5u));
        must(ws_close(w, &env, WS_NORMAL, wire) == OK && ws_closing(w));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t seed[DRBG_SEED_BYTES] = {1};
    struct ws_common common = {{NULL, NULL}};
    struct buf wire = BUF_INIT(1u << 24);
    struct ws *w;

    if (len < 1)
        return 0;
    drbg_init(&drbg, seed);
    rng = drbg_rng(&drbg);
    bool dialer = data[0] & 1, upgraded = data[0] & 2;
    size_t piece = data[0] >> 2;
    struct span in = span_of(data + 1, len - 1);
    must(ws_new(&w, &common, dialer) == OK);
    if (dialer)
        must(ws_dial(w, &env, "node.example", &wire) == OK);
    if (upgraded)
        upgrade(w, &wire);
    bool going = true;
    while (going && in.len > 0) {
        size_t n = piece > 0 && piece < in.len ? piece : in.len;
        going = feed(w, span_sub(in, 0, n), &wire);
        in = span_after(in, n);
    }
    speak(w, &wire);
    ws_free(w);
    ws_common_clear(&common);
    buf_clear(&wire);
    return 0;
}
