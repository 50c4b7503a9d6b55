/* What arrives: frames become events. */
#include "net/yamux/session.h"

static enum err event(struct mux_event *ev, enum mux_event_kind kind, struct mux_stream *s)
{
    *ev = (struct mux_event){.kind = kind, .stream = s};
    return OK;
}

static bool is_peers(const struct yamux *y, uint32_t id)
{
    return (id & 1) == (y->mux.dialer ? 0 : 1);
}

static bool ever_was(const struct yamux *y, uint32_t id)
{
    return is_peers(y, id) ? id <= y->peer_id_max : id < y->next_id;
}

static void grant(struct yamux *y, struct mux_stream *s, uint32_t bytes)
{
    s->send_window += bytes;
    if (s->send_window > YAMUX_SEND_WINDOW_MAX)
        s->send_window = YAMUX_SEND_WINDOW_MAX;
    if (s->send.bytes > 0)
        mux_queued(&y->mux, s);
}

/* Begin to skip the data of a frame for a stream that is gone. */
static enum err skip(struct yamux *y, uint32_t bytes)
{
    if (bytes > y->skip_bytes)
        return ERR_PROTOCOL; /* more than its window had allowed */
    y->skip_bytes -= bytes;
    y->current = NULL;
    y->left = bytes;
    return ERR_MORE;
}

static enum err on_syn(struct yamux *y, const struct env *env, const struct yamux_header *hd,
                       struct mux_stream **out)
{
    if (!is_peers(y, hd->stream) || mux_find(&y->mux, hd->stream) != NULL)
        return ERR_PROTOCOL;
    if (hd->type == YAMUX_DATA && hd->length > YAMUX_WINDOW_BYTES)
        return ERR_PROTOCOL; /* before there is a stream that the owner never hears of */
    if (hd->stream > y->peer_id_max)
        y->peer_id_max = hd->stream;

    enum err err = y->mux.left ? ERR_LIMIT : mux_add(&y->mux, hd->stream, true, out);
    if (err == ERR_LIMIT) {
        yamux_control(y, YAMUX_WINDOW_UPDATE, YAMUX_RST, hd->stream, 0);
        y->skip_bytes += YAMUX_WINDOW_BYTES;
        return ERR_LIMIT;
    }
    TRY(err);
    (*out)->send_window = (*out)->recv_window = (*out)->recv_target = YAMUX_WINDOW_BYTES;
    (*out)->granted = env->now;
    (*out)->accepting = true;
    mux_queued(&y->mux, *out);
    return OK;
}

static enum err on_reset(struct yamux *y, struct mux_stream *s, struct mux_event *ev)
{
    y->current = NULL;
    y->fin = false;
    y->grown_bytes -= s->recv_target - YAMUX_WINDOW_BYTES;
    mux_forget_later(&y->mux, s);
    return event(ev, MUX_RESET, s);
}

static enum err on_stream(struct yamux *y, const struct env *env, const struct yamux_header *hd,
                          struct mux_event *ev)
{
    struct mux_stream *s = NULL;
    uint32_t data = hd->type == YAMUX_DATA ? hd->length : 0;
    bool fresh = (hd->flags & YAMUX_SYN) != 0;

    if (hd->stream == 0)
        return ERR_PROTOCOL;
    if (fresh) {
        enum err err = on_syn(y, env, hd, &s);
        if (err == ERR_LIMIT)
            return skip(y, data);
        TRY(err);
    } else {
        s = mux_find(&y->mux, hd->stream);
    }
    if (s == NULL)
        return ever_was(y, hd->stream) ? skip(y, data) : ERR_PROTOCOL;
    if (s->unacked) { /* any frame says that the peer took it */
        s->unacked = false;
        y->mux.unacked--;
    }
    if (hd->flags & YAMUX_RST && !fresh)
        return data > 0 ? ERR_PROTOCOL : on_reset(y, s, ev);
    if (hd->type == YAMUX_WINDOW_UPDATE)
        grant(y, s, hd->length);
    if (data > s->recv_window || (data > 0 && s->ended))
        return ERR_PROTOCOL;
    s->recv_window -= data;
    y->current = s;
    y->left = data;
    y->fin = hd->flags & YAMUX_FIN && !s->ended;
    return fresh ? event(ev, MUX_INCOMING, s) : ERR_MORE;
}

static void on_ping(struct yamux *y, const struct env *env, const struct yamux_header *hd)
{
    if (hd->flags & YAMUX_SYN) {
        yamux_control(y, YAMUX_PING, YAMUX_ACK, 0, hd->length);
    } else if (y->pinging && hd->length == y->ping_value) {
        y->pinging = false;
        y->rtt_ns = env->now.ns - y->pinged.ns;
        if (y->rtt_ns <= 0)
            y->rtt_ns = 1;
    }
}

static enum err on_header(struct yamux *y, const struct env *env, const struct yamux_header *hd,
                          struct mux_event *ev)
{
    switch ((enum yamux_type)hd->type) {
    case YAMUX_DATA:
    case YAMUX_WINDOW_UPDATE:
        return on_stream(y, env, hd, ev);
    case YAMUX_PING:
        on_ping(y, env, hd);
        return ERR_MORE;
    case YAMUX_GO_AWAY:
        y->mux.peer_left = true;
        return event(ev, MUX_GO_AWAY, NULL);
    }
    return ERR_PROTOCOL;
}

/* A whole header, or its parts from several inputs. ERR_MORE: `in` is used up. */
static enum err next_header(struct yamux *y, struct span *in, struct yamux_header *hd)
{
    enum err err;

    if (y->partial_len == 0 && in->len >= YAMUX_HEADER_BYTES) {
        err = yamux_read_header(*in, hd);
        *in = span_after(*in, YAMUX_HEADER_BYTES);
        return err;
    }
    size_t n = YAMUX_HEADER_BYTES - y->partial_len;
    if (n > in->len)
        n = in->len;
    if (n > 0)
        memcpy(y->partial + y->partial_len, in->ptr, n);
    y->partial_len = (uint8_t)(y->partial_len + n);
    *in = span_after(*in, n);
    err = yamux_read_header(span_of(y->partial, y->partial_len), hd);
    if (y->partial_len == YAMUX_HEADER_BYTES)
        y->partial_len = 0;
    else
        err = ERR_MORE;
    return err;
}

/* The FIN of a frame, when its data has been handed out. */
static enum err end_stream(struct yamux *y, struct mux_event *ev)
{
    struct mux_stream *s = y->current;

    y->fin = false;
    s->ended = true;
    y->current = NULL;
    y->grown_bytes -= s->recv_target - YAMUX_WINDOW_BYTES;
    s->recv_target = YAMUX_WINDOW_BYTES;
    return event(ev, MUX_END, s);
}

enum err yamux_feed(struct mux *m, const struct env *env, struct span *in, struct mux_event *ev)
{
    struct yamux *y = (struct yamux *)(void *)m;
    enum err err = ERR_MORE;

    mux_free_dead(m);
    TRY(m->failed);
    while (err == ERR_MORE) {
        if (y->left > 0) {
            if (in->len == 0)
                return ERR_MORE;
            size_t n = y->left < in->len ? y->left : in->len;
            *ev = (struct mux_event){MUX_BYTES, y->current, span_sub(*in, 0, n)};
            *in = span_after(*in, n);
            y->left -= (uint32_t)n;
            if (y->current != NULL)
                return OK;
            continue;
        }
        if (y->fin)
            return end_stream(y, ev);
        if (mux_blocked(m))
            return ERR_BUSY;
        struct yamux_header hd;
        TRY(next_header(y, in, &hd));
        err = on_header(y, env, &hd, ev);
    }
    return err;
}
