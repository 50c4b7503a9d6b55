/* What connections tell becomes what streams.h tells. */
#include "net/swarm/inner.h"

void events_forget_stream(struct swarm *s, struct conn_stream *st)
{
    if (map_take(&s->streams, MAP_KEY(st->number)) == NULL)
        return;
    if (st->protocol != NULL)
        --*(st->mux.inbound ? &s->counters.streams_in : &s->counters.streams_out);
}

static bool tell(struct stream_event *ev, enum stream_event_kind kind, const struct link *l,
                 const struct conn_stream *st)
{
    *ev = (struct stream_event){
        .kind = kind, .peer = l->peer->number, .stream = st->number, .protocol = st->protocol};
    return true;
}

/* ---- connections ---- */

/* It answered, and is who it was to be: that was the question. */
static bool probed(struct swarm *s, const struct env *env, struct link *l)
{
    if (l->dial == NULL || !(l->dial->flags & SWARM_DIAL_PROBE))
        return false;
    l->probed = true;
    dial_succeeded(s, env, l, 0);
    conn_fail(l->conn, OK);
    return true;
}

static bool on_up(struct swarm *s, const struct env *env, struct link *l, struct stream_event *ev)
{
    bool fresh = false;
    const struct peer *known;

    if (!l->outbound)
        s->half_open--;
    l->state = LINK_UP;
    if (probed(s, env, l))
        return false;
    enum err err = peer_id_eq(conn_remote(l->conn), &s->self) ? ERR_REFUSED : OK;
    known = peer_find(s, conn_remote(l->conn));
    bool was_limited = known != NULL && peer_limited(known);
    if (err == OK)
        err = peer_attach(s, env, l, &fresh);
    if (err != OK) {
        dial_failed(s, env, l, err);
        conn_fail(l->conn, err);
        return false;
    }
    ++*(l->outbound ? &s->counters.conns_opened_out : &s->counters.conns_opened_in);
    ++*(l->outbound ? &s->counters.conns_out : &s->counters.conns_in);
    ++*(conn_muxer(l->conn)[1] == 'y' ? &s->counters.conns_opened_yamux
                                      : &s->counters.conns_opened_mplex);
    dial_succeeded(s, env, l, l->peer->number);
    link_dirty(s, l);
    if (!fresh && !(was_limited && !l->limited))
        return false;
    *ev = (struct stream_event){.kind = fresh ? STREAM_PEER_UP : STREAM_PEER_DIRECT,
                                .peer = l->peer->number,
                                .peer_id = &l->peer->id,
                                .remote = &l->remote,
                                .outbound = l->outbound,
                                .limited = l->limited};
    return true;
}

static bool on_down(struct swarm *s, const struct env *env, struct link *l, enum err why,
                    struct stream_event *ev)
{
    uint64_t number = l->peer == NULL ? 0 : l->peer->number;
    bool outbound = l->outbound, was_up = l->peer != NULL, last = peer_detach(s, l);

    log_debug(env, "swarm", "down link=%llu err=%s", (unsigned long long)l->id, err_name(why));
    if (was_up) {
        s->counters.conns_closed++;
        --*(outbound ? &s->counters.conns_out : &s->counters.conns_in);
    } else {
        s->counters.upgrades_failed += !l->probed;
        dial_failed(s, env, l, why == OK ? ERR_CLOSED : why);
    }
    if (l->gone)
        link_free(s, l);
    else
        link_leave(s, l);
    if (!last)
        return false;
    *ev = (struct stream_event){.kind = STREAM_PEER_DOWN,
                                .peer = number,
                                .peer_id = &s->departed,
                                .outbound = outbound,
                                .err = why};
    return true;
}

/* ---- streams ---- */

static bool on_incoming(struct swarm *s, struct link *l, struct conn_stream *st,
                        struct stream_event *ev)
{
    st->number = ++s->next_stream;
    if (map_put(&s->streams, MAP_KEY(st->number), st) != OK) {
        conn_reset(st);
        return false;
    }
    s->counters.streams_in++;
    s->counters.streams_opened_in++;
    return tell(ev, STREAM_INCOMING, l, st);
}

static bool on_opened(struct swarm *s, struct link *l, struct conn_stream *st,
                      struct stream_event *ev)
{
    s->counters.streams_out++;
    s->counters.streams_opened_out++;
    return tell(ev, STREAM_OPENED, l, st);
}

static bool on_dead(struct swarm *s, struct link *l, const struct conn_event *in,
                    struct stream_event *ev)
{
    bool refused = in->kind == CONN_REFUSED;

    ++*(refused ? &s->counters.streams_refused : &s->counters.streams_reset);
    events_forget_stream(s, in->stream);
    tell(ev, refused ? STREAM_REFUSED : STREAM_RESET, l, in->stream);
    ev->err = in->err;
    return true;
}

static bool on_end(struct swarm *s, struct link *l, struct conn_stream *st, struct stream_event *ev)
{
    tell(ev, STREAM_END, l, st);
    if (conn_stream_done(st)) {
        events_forget_stream(s, st);
        conn_release(st);
    }
    return true;
}

static bool on_conn(struct swarm *s, const struct env *env, struct link *l,
                    const struct conn_event *in, struct stream_event *ev)
{
    if (in->stream != NULL && carrier_of(s, in->stream->number)) {
        carrier_event(s, env, in);
        return false;
    }
    switch (in->kind) {
    case CONN_UP:
        return on_up(s, env, l, ev);
    case CONN_OPENED:
        return on_opened(s, l, in->stream, ev);
    case CONN_REFUSED:
    case CONN_RESET:
        return on_dead(s, l, in, ev);
    case CONN_INCOMING:
        return on_incoming(s, l, in->stream, ev);
    case CONN_BYTES:
        tell(ev, STREAM_BYTES, l, in->stream);
        ev->bytes = in->bytes;
        return true;
    case CONN_END:
        return on_end(s, l, in->stream, ev);
    case CONN_WRITABLE:
        return tell(ev, STREAM_WRITABLE, l, in->stream);
    case CONN_DOWN:
        return on_down(s, env, l, in->err, ev);
    }
    return false;
}

bool events_poll(struct swarm *s, const struct env *env, struct stream_event *ev)
{
    struct link *l;
    struct conn_event in;

    while ((l = s->ready_first) != NULL) {
        if (conn_poll(l->conn, env, &in)) {
            if (on_conn(s, env, l, &in, ev))
                return true;
            continue;
        }
        link_arm(s, l); /* negotiations may have begun */
        s->ready_first = l->ready_next;
        if (s->ready_first == NULL)
            s->ready_last = NULL;
        l->ready = false;
    }
    return false;
}
