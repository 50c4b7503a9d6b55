/* The session, and what goes out. */
#include "net/yamux/yamux.h"

#include "net/yamux/session.h"

#include <stdlib.h>

static struct yamux *of(struct mux *m)
{
    return (struct yamux *)(void *)m;
}

void yamux_control(struct yamux *y, uint8_t type, uint16_t flags, uint32_t stream, uint32_t length)
{
    uint8_t frame[YAMUX_HEADER_BYTES];

    yamux_write_header(&(struct yamux_header){0, type, flags, stream, length}, frame);
    mux_control(&y->mux, SPAN_ARRAY(frame));
}

static void yamux_destroy(struct mux *m)
{
    mux_clear(m);
    free(of(m));
}

static bool yamux_ping(struct mux *m, const struct env *env)
{
    struct yamux *y = of(m);

    y->ping_value++;
    y->pinging = true;
    y->pinged = env->now;
    yamux_control(y, YAMUX_PING, YAMUX_SYN, 0, y->ping_value);
    return true;
}

static enum err yamux_make(struct mux **out, const struct env *env, bool dialer,
                           const struct mux_params *params)
{
    struct yamux *y = calloc(1, sizeof *y);

    if (y == NULL)
        return ERR_MEMORY;
    y->next_id = dialer ? 1 : 2;
    enum err err = mux_init(&y->mux, &muxer_yamux, env, dialer, params);
    if (err != OK) {
        yamux_destroy(&y->mux);
        return err;
    }
    yamux_ping(&y->mux, env); /* the round trip tells how large windows should be */
    *out = &y->mux;
    return OK;
}

static enum err yamux_open(struct mux *m, const struct env *env, struct mux_stream **out)
{
    struct yamux *y = of(m);

    if (m->peer_left || m->left || y->next_id > UINT32_MAX - 2)
        return ERR_CLOSED;
    if (m->unacked >= YAMUX_ACK_BACKLOG_MAX)
        return ERR_LIMIT;
    TRY(mux_add(m, y->next_id, false, out));
    y->next_id += 2;
    (*out)->send_window = (*out)->recv_window = (*out)->recv_target = YAMUX_WINDOW_BYTES;
    (*out)->granted = env->now;
    (*out)->opening = (*out)->unacked = true;
    m->unacked++;
    mux_queued(m, *out);
    return OK;
}

/* A window that was used up within a few round trips holds the sender back: double it. */
static uint32_t growth(struct yamux *y, const struct env *env, const struct mux_stream *s)
{
    uint32_t more = s->recv_target;

    if (y->rtt_ns == 0 || env->now.ns - s->granted.ns > YAMUX_WINDOW_RTTS * y->rtt_ns)
        return 0;
    if (more > YAMUX_WINDOW_BYTES_MAX - s->recv_target ||
        more > YAMUX_GROWN_BYTES_MAX - y->grown_bytes)
        return 0;
    return more;
}

static bool renewal_due(const struct mux_stream *s)
{
    return !s->ended && s->recv_due >= s->recv_target / 2;
}

static uint32_t renew(struct yamux *y, const struct env *env, struct mux_stream *s)
{
    uint32_t more = growth(y, env, s), delta = s->recv_due + more;

    y->grown_bytes += more;
    s->recv_target += more;
    s->recv_window += delta;
    s->recv_due = 0;
    s->granted = env->now;
    return delta;
}

static void add_frame(struct mux_turn *t, uint8_t type, uint16_t flags, uint64_t id, size_t length)
{
    struct yamux_header hd = {0, type, flags, (uint32_t)id, (uint32_t)length};

    yamux_write_header(&hd, t->bytes + t->head_len + t->tail_len);
    t->tail_len += YAMUX_HEADER_BYTES;
}

static void yamux_turn(struct mux *m, const struct env *env, struct mux_stream *s, size_t data,
                       struct mux_turn *t)
{
    uint16_t flags = s->opening ? YAMUX_SYN : s->accepting ? YAMUX_ACK : 0;
    bool fin = s->closing && !s->closed && s->send.bytes == data;

    if (renewal_due(s) || (flags != 0 && data == 0 && !fin)) {
        uint32_t delta = renewal_due(s) ? renew(of(m), env, s) : 0;
        add_frame(t, YAMUX_WINDOW_UPDATE, flags, s->id, delta);
        flags = 0;
    }
    if (data > 0) {
        add_frame(t, YAMUX_DATA, flags, s->id, data);
        flags = 0;
        s->send_window -= data;
    }
    t->head_len = t->tail_len;
    t->tail_len = 0;
    if (fin) {
        /* a frame of its own: js handles flags before the data that comes with them */
        add_frame(t, YAMUX_WINDOW_UPDATE, flags | YAMUX_FIN, s->id, 0);
        s->closed = true;
    }
    s->opening = s->accepting = false;
}

static void yamux_reset(struct mux *m, struct mux_stream *s)
{
    struct yamux *y = of(m);

    if (!s->opening) { /* else the peer never heard of it */
        yamux_control(y, YAMUX_WINDOW_UPDATE, YAMUX_RST, (uint32_t)s->id, 0);
        y->skip_bytes += s->ended ? 0 : s->recv_window;
    }
    if (y->current == s) {
        y->current = NULL; /* the rest of its frame is skipped */
        y->fin = false;
    }
    y->grown_bytes -= s->recv_target - YAMUX_WINDOW_BYTES;
    mux_forget(m, s);
}

static void yamux_taken(struct mux *m, const struct env *env, struct mux_stream *s, size_t bytes)
{
    (void)env;
    s->recv_due += (uint32_t)bytes;
    if (renewal_due(s))
        mux_queued(m, s);
}

static void yamux_go_away(struct mux *m, enum err why)
{
    uint32_t code = why == OK ? 0 : err_actor(why) == ERR_ACTOR_LOCAL ? 2 : 1;

    if (m->left)
        return;
    m->left = true;
    yamux_control(of(m), YAMUX_GO_AWAY, 0, 0, code);
}

const struct muxer muxer_yamux = {
    .id = "/yamux/1.0.0",
    .make = yamux_make,
    .destroy = yamux_destroy,
    .feed = yamux_feed,
    .turn = yamux_turn,
    .open = yamux_open,
    .reset = yamux_reset,
    .taken = yamux_taken,
    .go_away = yamux_go_away,
    .ping = yamux_ping,
};
