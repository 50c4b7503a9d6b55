/* Between the muxer's frames and the carrier's bytes. */
#include "net/conn/inner.h"

#define SMALL_BYTES 4096u /* a buffer of at most so many is not worth lending */

/* A buffer that was emptied goes to whoever works next: few connections work at a time, and those
 * that rest should cost little memory. */
static void give_back(struct buf *b, struct buf *spare)
{
    buf_reset(b);
    if (spare->cap >= b->cap)
        buf_clear(b);
    else
        buf_move(spare, b);
}

static void borrow(struct buf *b, struct buf *spare)
{
    size_t max = b->max;

    if (b->cap > 0 || spare->cap == 0)
        return;
    buf_move(b, spare);
    b->max = max;
}

struct buf *conn_wire_buf(struct conn *c)
{
    return &c->wire;
}

void conn_plain_done(struct conn *c)
{
    c->plain_off = 0;
    if (c->plain.cap > SMALL_BYTES)
        give_back(&c->plain, &c->common->spare_plain);
    else
        buf_reset(&c->plain);
}

enum err conn_seal_bytes(struct conn *c, struct span plain)
{
    return noise_seal(c->noise, &plain, 1, &c->wire);
}

static size_t waiting(const struct conn *c)
{
    return c->wire.len - c->wire_off;
}

/* Good-bye was said and everything is out; a WebSocket has its own good-bye, the last that is
 * sealed. */
static void maybe_closed(struct conn *c)
{
    bool said = c->ws == NULL || ws_closing(c->ws);

    if (c->state == CONN_CLOSING && said && waiting(c) == 0 && !mux_unsent(c->mux))
        conn_fail(c, c->why);
}

static enum err seal_once(struct conn *c, const struct env *env, bool *more)
{
    struct span parts[CONN_SEAL_PARTS];
    size_t count;

    size_t bytes = mux_gather(c->mux, env, CONN_SEAL_BYTES, parts, CONN_SEAL_PARTS, &count);
    *more = bytes > 0;
    enum err err = OK;
    if (bytes > 0)
        err = c->ws != NULL ? conn_seal_frame(c, env, parts, count)
                            : noise_seal(c->noise, parts, count, &c->wire);
    mux_sent(c->mux);
    return err;
}

static bool may_seal(const struct conn *c)
{
    bool open = c->state == CONN_OPEN || c->state == CONN_CLOSING;

    return open && waiting(c) < CONN_WIRE_BYTES_HIGH && (c->ws == NULL || !ws_closing(c->ws));
}

void conn_seal(struct conn *c, const struct env *env)
{
    bool more = true;
    enum err err = OK;

    if (c->ws != NULL && c->state < CONN_ENDING && waiting(c) < CONN_WIRE_BYTES_HIGH)
        err = conn_seal_control(c, env);
    while (err == OK && more && may_seal(c) && mux_due(c->mux)) {
        borrow(&c->wire, &c->common->spare_wire);
        err = seal_once(c, env, &more);
    }
    if (err != OK)
        conn_fail(c, err);
    else
        maybe_closed(c);
}

struct span conn_wire(const struct conn *c)
{
    return span_after(buf_span(&c->wire), c->wire_off);
}

void conn_wrote(struct conn *c, size_t n)
{
    assert(n <= waiting(c));
    c->wire_off += n;
    if (waiting(c) > 0) {
        if (c->wire_off < CONN_WIRE_BYTES_HIGH)
            return;
        buf_drop(&c->wire, c->wire_off);
        c->wire_off = 0;
        return;
    }
    c->wire_off = 0;
    if (c->wire.cap > SMALL_BYTES)
        give_back(&c->wire, &c->common->spare_wire);
    else
        buf_reset(&c->wire);
    maybe_closed(c);
}
