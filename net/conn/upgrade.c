/* From a carrier to an open connection: /noise, handshake, muxer. */
#include "net/conn/inner.h"

static const char *const security[] = {"/noise", NULL};

#define NOISE_PREFIX_BYTES 2u /* libp2p/specs noise "Wire Format" */

enum err conn_upgrade_start(struct conn *c)
{
    if (c->dialer)
        return multistream_dial(&c->select, security, conn_wire_buf(c));
    multistream_listen(&c->select, security);
    return OK;
}

static enum err start_noise(struct conn *c, const struct env *env)
{
    const struct peer_id *expected = c->expected.len > 0 ? &c->expected : NULL;

    c->state = CONN_HANDSHAKE;
    TRY(noise_new(&c->noise, env, c->dialer, c->common->noise, expected));
    return noise_handshake_out(c->noise, env, conn_wire_buf(c));
}

static enum err feed_security(struct conn *c, const struct env *env, struct span *in)
{
    size_t used;
    enum err err = multistream_feed(&c->select, *in, &used, conn_wire_buf(c));

    *in = span_after(*in, used);
    if (err == OK)
        err = start_noise(c, env);
    return err;
}

/* Parse what the handshake let through so far, as lines. */
static enum err feed_muxer(struct conn *c, const struct env *env)
{
    size_t used;
    struct buf *out = &c->common->answer;

    buf_reset(out);
    enum err err =
        multistream_feed(&c->select, span_after(buf_span(&c->plain), c->plain_off), &used, out);
    c->plain_off += used;
    if (err != OK && err != ERR_MORE)
        return err;
    if (out->len > 0)
        TRY(conn_seal_bytes(c, buf_span(out)));
    if (err == ERR_MORE)
        return err;

    struct mux_params params = {
        .stream_bytes = sizeof(struct conn_stream),
        .inbound_max = CONN_STREAMS_IN_MAX,
        .outbound_max = CONN_STREAMS_OUT_MAX,
        .send_low = CONN_SEND_LOW,
        .unsent_low = CONN_UNSENT_LOW,
    };
    bool mplex = strcmp(c->select.chosen, muxer_mplex.id) == 0;
    const struct muxer *kind = mplex ? &muxer_mplex : &muxer_yamux;
    TRY(kind->make(&c->mux, env, c->dialer, &params));
    c->state = CONN_OPEN;
    c->until = MONO_NEVER;
    c->up_due = true;
    return OK;
}

static enum err start_muxer(struct conn *c)
{
    c->state = CONN_MUXER;
    if (!c->dialer) {
        multistream_listen(&c->select, c->common->muxers);
        return OK;
    }
    struct buf *out = &c->common->answer;
    buf_reset(out);
    TRY(multistream_dial(&c->select, c->common->muxers, out));
    return conn_seal_bytes(c, buf_span(out));
}

static enum err after_noise(struct conn *c, const struct env *env)
{
    enum err err = OK;

    if (c->state == CONN_HANDSHAKE) {
        TRY(noise_handshake_out(c->noise, env, conn_wire_buf(c)));
        if (!noise_ready(c->noise))
            return OK;
        TRY(start_muxer(c));
    }
    if (c->state == CONN_MUXER && c->plain_off < c->plain.len)
        err = feed_muxer(c, env);
    if (c->state == CONN_MUXER && c->plain_off == c->plain.len)
        conn_plain_done(c);
    c->feed_due = true;
    return err == ERR_MORE ? OK : err;
}

static void borrow_plain(struct conn *c)
{
    if (c->plain.cap == 0)
        buf_move(&c->plain, &c->common->spare_plain);
}

/* Complete the frame of which a part is kept. */
static enum err feed_partial(struct conn *c, const struct env *env, struct span *in)
{
    size_t frame = NOISE_PREFIX_BYTES;

    if (c->in.len >= NOISE_PREFIX_BYTES)
        frame += (size_t)c->in.ptr[0] << 8 | c->in.ptr[1];
    size_t n = frame - c->in.len < in->len ? frame - c->in.len : in->len;
    TRY(buf_append(&c->in, span_sub(*in, 0, n)));
    *in = span_after(*in, n);
    if (c->in.len < frame || frame == NOISE_PREFIX_BYTES)
        return c->in.len >= NOISE_PREFIX_BYTES && c->in.ptr[0] == 0 && c->in.ptr[1] == 0
                   ? ERR_FORMAT /* empty frames do not exist: each has a tag */
                   : OK;
    size_t used;
    enum err err = noise_feed(c->noise, env, buf_span(&c->in), &used, &c->plain);
    buf_clear(&c->in);
    return err == ERR_MORE ? OK : err;
}

static enum err feed_noise(struct conn *c, const struct env *env, struct span *in)
{
    size_t used = 0;

    borrow_plain(c);
    if (c->in.len > 0) {
        TRY(feed_partial(c, env, in));
    } else {
        enum err err = noise_feed(c->noise, env, *in, &used, &c->plain);
        if (err != OK && err != ERR_MORE)
            return err;
        *in = span_after(*in, used);
        /* what is left is the begin of a frame */
        TRY(buf_append(&c->in, *in));
        *in = SPAN_EMPTY;
    }
    return after_noise(c, env);
}

void conn_feed_bytes(struct conn *c, const struct env *env, struct span in)
{
    while (in.len > 0 && c->state < CONN_ENDING) {
        enum err err =
            c->state == CONN_SECURITY ? feed_security(c, env, &in) : feed_noise(c, env, &in);
        if (err != OK && err != ERR_MORE) {
            log_debug(env, "conn", "fed state=%d err=%s", (int)c->state, err_name(err));
            conn_fail(c, err);
        }
    }
}

void conn_feed(struct conn *c, const struct env *env, struct span in)
{
    c->heard = env->now;
    c->pinged = false;
    if (c->ws == NULL)
        conn_feed_bytes(c, env, in);
    else
        conn_feed_frames(c, env, in);
    if (c->plain.len == 0 && c->plain.cap > 0)
        conn_plain_done(c);
}
