/* A connection over a WebSocket: one message a seal, its header written before the ciphertext,
 * which noise puts behind it. What the upgrade writes is small, and framed afterwards. */
#include "net/conn/inner.h"

enum err conn_seal_frame(struct conn *c, const struct env *env, const struct span *parts,
                         size_t count)
{
    TRY(ws_begin(c->ws, env, noise_sealed_size(parts, count), &c->wire));
    TRY(noise_seal(c->noise, parts, count, &c->wire));
    ws_end(c->ws, env, &c->wire);
    return OK;
}

enum err conn_seal_control(struct conn *c, const struct env *env)
{
    if (ws_pong_due(c->ws))
        TRY(ws_pong(c->ws, env, &c->wire));
    if (c->state == CONN_CLOSING && !mux_unsent(c->mux))
        TRY(ws_close(c->ws, env, WS_NORMAL, &c->wire));
    return OK;
}

/* Make a message of what lies in the wire from `from` on. */
static enum err frame_from(struct conn *c, const struct env *env, size_t from)
{
    size_t len = c->wire.len - from;
    struct buf plain = BUF_INIT(len);

    if (len == 0)
        return OK;
    TRY(buf_append(&plain, span_after(buf_span(&c->wire), from)));
    buf_truncate(&c->wire, from);
    enum err err = ws_begin(c->ws, env, len, &c->wire);
    if (err == OK)
        err = buf_append(&c->wire, buf_span(&plain));
    if (err == OK)
        ws_end(c->ws, env, &c->wire);
    buf_clear(&plain);
    return err;
}

/* An upgraded dialer speaks first. */
static enum err begin(struct conn *c, const struct env *env)
{
    size_t from = c->wire.len;

    TRY(conn_upgrade_start(c));
    return frame_from(c, env, from);
}

static void feed_payload(struct conn *c, const struct env *env, struct span payload)
{
    size_t from = c->wire.len;
    enum err err = OK;

    conn_feed_bytes(c, env, payload);
    if (c->state < CONN_ENDING)
        err = frame_from(c, env, from);
    else
        buf_truncate(&c->wire, from);
    if (err != OK)
        conn_fail(c, err);
}

void conn_feed_frames(struct conn *c, const struct env *env, struct span in)
{
    enum err err = OK;

    while (err == OK && c->state < CONN_ENDING) {
        bool was_open = ws_open(c->ws);
        struct span payload;
        err = ws_feed(c->ws, env, &in, &payload, &c->wire);
        if (err == OK && !was_open)
            err = begin(c, env);
        if (err == OK && payload.len > 0)
            feed_payload(c, env, payload);
    }
    if (err == OK || err == ERR_MORE)
        return;
    if (err == ERR_CLOSED) {
        if (!c->ended)
            conn_carrier_ended(c, env, err);
        return;
    }
    log_debug(env, "conn", "websocket state=%d err=%s", (int)c->state, err_name(err));
    conn_fail(c, err);
}
