/* Streams: their negotiation, and what the muxer tells of them. */
#include "net/conn/inner.h"

#include <stdlib.h>

/* ---- lists ---- */

static void negotiating_add(struct conn_stream *s)
{
    struct conn *c = s->conn;

    s->negotiating_next = NULL;
    s->negotiating_prev = c->negotiating_last;
    if (c->negotiating_last == NULL)
        c->negotiating_first = s;
    else
        c->negotiating_last->negotiating_next = s;
    c->negotiating_last = s;
}

static void negotiating_remove(struct conn_stream *s)
{
    struct conn *c = s->conn;

    if (s->negotiating_prev == NULL)
        c->negotiating_first = s->negotiating_next;
    else
        s->negotiating_prev->negotiating_next = s->negotiating_next;
    if (s->negotiating_next == NULL)
        c->negotiating_last = s->negotiating_prev;
    else
        s->negotiating_next->negotiating_prev = s->negotiating_prev;
    s->negotiating_next = s->negotiating_prev = NULL;
}

void conn_resumed_add(struct conn_stream *s)
{
    struct conn *c = s->conn;

    if (s->resumed)
        return;
    s->resumed = true;
    s->resumed_next = NULL;
    if (c->resumed_last == NULL)
        c->resumed_first = s;
    else
        c->resumed_last->resumed_next = s;
    c->resumed_last = s;
}

static void resumed_remove(struct conn_stream *s)
{
    struct conn *c = s->conn;
    struct conn_stream *before = NULL;

    if (!s->resumed)
        return;
    for (struct conn_stream *i = c->resumed_first; i != s; i = i->resumed_next)
        before = i;
    if (before == NULL)
        c->resumed_first = s->resumed_next;
    else
        before->resumed_next = s->resumed_next;
    if (c->resumed_last == s)
        c->resumed_last = before;
    s->resumed = false;
}

/* ---- begin and end ---- */

static enum err negotiation_begin(struct conn *c, const struct env *env, struct conn_stream *s)
{
    s->conn = c;
    buf_init(&s->held, CONN_HELD_BYTES_MAX + CONN_PLAIN_BYTES_MAX);
    s->negotiation = calloc(1, sizeof *s->negotiation);
    if (s->negotiation == NULL)
        return ERR_MEMORY;
    s->negotiate_until = mono_add(env->now, CONN_NEGOTIATE_TIMEOUT_MS * NS_PER_MS);
    negotiating_add(s);
    return OK;
}

static void negotiation_end(struct conn_stream *s)
{
    if (s->negotiation == NULL)
        return;
    negotiating_remove(s);
    multistream_clear(s->negotiation);
    free(s->negotiation);
    s->negotiation = NULL;
}

void conn_stream_detach(struct conn_stream *s)
{
    struct conn *c = s->conn;

    negotiation_end(s);
    resumed_remove(s);
    if (c->refused == s)
        c->refused = NULL;
    c->held_bytes -= s->held.len;
    buf_clear(&s->held);
}

/* Lines are rare and short: they travel as a blob like everything else. */
static enum err queue_lines(struct conn_stream *s, const struct buf *lines)
{
    if (lines->len == 0)
        return OK;
    struct blob *b = blob_new(buf_span(lines));
    if (b == NULL)
        return ERR_MEMORY;
    enum err err = chain_reserve(&s->mux.send, 1);
    if (err == OK)
        chain_add_blob(&s->mux.send, b);
    blob_unref(b);
    mux_queued(s->conn->mux, &s->mux);
    return err;
}

enum err conn_open(struct conn *c, const struct env *env, const char *const *protocols,
                   struct conn_stream **out)
{
    struct mux_stream *m;
    struct buf *lines = &c->common->answer;

    if (c->state != CONN_OPEN)
        return ERR_CLOSED;
    TRY(c->mux->kind->open(c->mux, env, &m));
    struct conn_stream *s = conn_stream_of(m);
    buf_reset(lines);
    enum err err = negotiation_begin(c, env, s);
    if (err == OK)
        err = multistream_dial(s->negotiation, protocols, lines);
    if (err == OK)
        err = queue_lines(s, lines);
    if (err != OK) {
        conn_reset(s);
        return err;
    }
    *out = s;
    return OK;
}

/* ---- events ---- */

static bool tell(struct conn_event *ev, enum conn_event_kind kind, struct conn_stream *s)
{
    *ev = (struct conn_event){.kind = kind, .stream = s};
    return true;
}

/* A negotiation that failed: the peer's is only reset, ours is told first. */
static bool refuse(struct conn_stream *s, enum err why, struct conn_event *ev)
{
    negotiation_end(s);
    if (s->mux.inbound) {
        conn_reset(s);
        return false;
    }
    s->conn->refused = s;
    tell(ev, CONN_REFUSED, s);
    ev->err = why;
    return true;
}

static void hold(struct conn *c, struct conn_stream *s, struct span bytes)
{
    enum err err = buf_append(&s->held, bytes);

    if (err != OK)
        conn_fail(c, err);
    else
        c->held_bytes += bytes.len;
}

static bool negotiate(struct conn *c, const struct env *env, struct conn_stream *s,
                      struct span bytes, struct conn_event *ev)
{
    size_t used;
    struct buf *lines = &c->common->answer;

    buf_reset(lines);
    enum err err = multistream_feed(s->negotiation, bytes, &used, lines);
    if (err == OK || err == ERR_MORE) {
        enum err queued = queue_lines(s, lines);
        err = queued == OK ? err : queued;
    }
    if (s->mux.send.bytes > MULTISTREAM_OUT_BYTES_MAX)
        err = ERR_LIMIT; /* asks on and on and does not read the answers */
    c->mux->kind->taken(c->mux, env, &s->mux, used);
    if (err == ERR_MORE)
        return false;
    if (err != OK)
        return refuse(s, err, ev);
    s->protocol = s->negotiation->chosen;
    negotiation_end(s);
    if (used < bytes.len) { /* sent without waiting for our echo: given after this event */
        hold(c, s, span_after(bytes, used));
        conn_resumed_add(s);
    }
    return tell(ev, s->mux.inbound ? CONN_INCOMING : CONN_OPENED, s);
}

static bool on_bytes(struct conn *c, const struct env *env, struct conn_stream *s,
                     struct span bytes, struct conn_event *ev)
{
    if (s->negotiation != NULL)
        return negotiate(c, env, s, bytes, ev);
    if (s->conn->refused == s)
        return false;
    if (s->paused || s->held.len > 0) {
        hold(c, s, bytes);
        return false;
    }
    c->mux->kind->taken(c->mux, env, &s->mux, bytes.len);
    tell(ev, CONN_BYTES, s);
    ev->bytes = bytes;
    return true;
}

static bool on_end(struct conn_stream *s, struct conn_event *ev)
{
    if (s->negotiation != NULL)
        return refuse(s, ERR_CLOSED, ev);
    if (s->held.len > 0) {
        s->end_held = true;
        return false;
    }
    s->told_ended = true;
    return tell(ev, CONN_END, s);
}

static bool on_reset(struct conn_stream *s, struct conn_event *ev)
{
    bool negotiating = s->negotiation != NULL, refused = s->conn->refused == s;

    if (s->mux.released)
        return false;
    conn_stream_detach(s);
    if (refused || (negotiating && s->mux.inbound))
        return false;
    tell(ev, negotiating ? CONN_REFUSED : CONN_RESET, s);
    ev->err = ERR_CLOSED;
    return true;
}

static bool on_incoming(struct conn *c, const struct env *env, struct conn_stream *s)
{
    enum err err = negotiation_begin(c, env, s);

    if (err != OK)
        conn_reset(s);
    else
        multistream_listen(s->negotiation, c->common->protocols);
    return false;
}

bool conn_on_mux(struct conn *c, const struct env *env, const struct mux_event *in,
                 struct conn_event *ev)
{
    struct conn_stream *s = conn_stream_of(in->stream);

    switch (in->kind) {
    case MUX_INCOMING:
        return on_incoming(c, env, s);
    case MUX_BYTES:
        return on_bytes(c, env, s, in->bytes, ev);
    case MUX_END:
        return on_end(s, ev);
    case MUX_RESET:
        return on_reset(s, ev);
    case MUX_GO_AWAY:
        return false; /* open streams go on; new ones are refused by the muxer */
    }
    return false;
}

/* ---- what waits besides the muxer ---- */

static bool poll_resumed(struct conn *c, const struct env *env, struct conn_event *ev)
{
    struct conn_stream *s = c->resumed_first;

    if (s->paused) {
        resumed_remove(s);
        return false;
    }
    if (s->held.len > 0) {
        c->held_bytes -= s->held.len;
        buf_move(&c->delivering, &s->held);
        buf_init(&s->held, c->delivering.max);
        c->mux->kind->taken(c->mux, env, &s->mux, c->delivering.len);
        tell(ev, CONN_BYTES, s);
        ev->bytes = buf_span(&c->delivering);
        return true;
    }
    resumed_remove(s);
    return s->end_held ? on_end(s, ev) : false;
}

bool conn_poll_waiting(struct conn *c, const struct env *env, struct conn_event *ev)
{
    struct conn_stream *s;

    while (c->resumed_first != NULL)
        if (poll_resumed(c, env, ev))
            return true;
    while ((s = c->negotiating_first) != NULL && s->negotiate_until.ns <= env->now.ns)
        if (refuse(s, ERR_TIMEOUT, ev))
            return true;
    struct mux_stream *m = mux_take_writable(c->mux);
    return m != NULL && tell(ev, CONN_WRITABLE, conn_stream_of(m));
}

bool conn_waiting(const struct conn *c)
{
    return c->resumed_first != NULL || c->mux->writable_first != NULL;
}
