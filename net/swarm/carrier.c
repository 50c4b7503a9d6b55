/* Circuits: a stream through a relay as the carrier of a link (libp2p/specs relay/circuit-v2.md).
 * What the port is to other links is here a stream of the connection with the relay; the host
 * speaks the hop and stop protocols on it, and then hands it over. */
#include "net/swarm/inner.h"

static struct link orphan; /* stands for the link of a stream that is only to end */

bool carrier_of(const struct swarm *s, uint64_t stream)
{
    return map_count(&s->carriers) > 0 && map_get(&s->carriers, MAP_KEY(stream)) != NULL;
}

static struct conn_stream *stream_of(const struct swarm *s, uint64_t number)
{
    return map_get(&s->streams, MAP_KEY(number));
}

static void touched(struct swarm *s, const struct conn_stream *st)
{
    struct link *under = conn_owner(st->conn);

    link_ready(s, under);
    link_dirty(s, under);
}

/* ---- begin ---- */

static size_t circuits_in(const struct swarm *s)
{
    size_t n = 0;
    const struct link *l;

    for (size_t cursor = 0; (l = map_next(&s->carriers, &cursor, NULL)) != NULL;)
        n += l != &orphan && !l->outbound;
    return n;
}

static enum err incoming(struct swarm *s, const struct env *env, const struct carry *how,
                         struct link **out)
{
    static const struct endpoint nowhere;

    if (s->stopping)
        return ERR_CLOSED;
    if (circuits_in(s) >= SWARM_CIRCUITS_IN_MAX || s->inbound + s->outbound >= s->params.conns_max)
        return ERR_LIMIT;
    TRY(link_new(s, env, s->next_link += 2, false, &nowhere, out));
    (*out)->circuit = true;
    (*out)->remote = *how->remote;
    return OK;
}

/* A wanted circuit whose dial has not been given up meanwhile. */
static enum err wanted(struct swarm *s, uint64_t id, struct link **out)
{
    struct link *l = link_find(s, id);

    if (l == NULL || !l->circuit || l->state != LINK_DIALING || l->carrier != 0)
        return ERR_CLOSED;
    *out = l;
    return OK;
}

enum err carrier_begin(void *impl, const struct env *env, uint64_t stream, const struct carry *how)
{
    struct swarm *s = impl;
    struct conn_stream *st = stream_of(s, stream);
    struct link *l = NULL;

    if (st == NULL || carrier_of(s, stream))
        return ERR_CLOSED;
    if (((struct link *)conn_owner(st->conn))->circuit)
        return ERR_REFUSED; /* circuits in circuits: not accepted, says the spec */
    TRY(how->link != 0 ? wanted(s, how->link, &l) : incoming(s, env, how, &l));
    enum err err = map_put(&s->carriers, MAP_KEY(stream), l);
    if (err == OK) {
        l->carrier = stream;
        l->limited = how->limited;
        err = link_upgrade(s, env, l);
        if (err == OK && how->link == 0)
            s->half_open++;
    }
    if (err != OK) {
        map_take(&s->carriers, MAP_KEY(stream));
        l->carrier = 0;
        if (how->link == 0)
            link_free(s, l);
        return err;
    }
    conn_feed(l->conn, env, how->begun);
    conn_pause(st, false);
    link_ready(s, l);
    touched(s, st);
    return OK;
}

bool swarm_poll_circuit(struct swarm *s, struct swarm_circuit *out)
{
    uint64_t id;

    while (fifo_pop(&s->circuits, &id)) {
        const struct link *l = link_find(s, id);
        if (l == NULL || l->state != LINK_DIALING || l->dial == NULL)
            continue;
        *out = (struct swarm_circuit){.link = id, .target = l->dial->peer, .relay = l->remote};
        return true;
    }
    return false;
}

void swarm_circuit_failed(struct swarm *s, const struct env *env, uint64_t link, enum err why)
{
    struct link *l = link_find(s, link);

    if (l == NULL || !l->circuit || l->state != LINK_DIALING)
        return;
    l->gone = true;
    dial_failed(s, env, l, why);
    link_free(s, l);
}

/* ---- as the port ---- */

size_t carrier_write(struct swarm *s, struct link *l, struct span wire)
{
    struct conn_stream *st = stream_of(s, l->carrier);
    size_t n = wire.len < SWARM_CARRIER_CHUNK ? wire.len : SWARM_CARRIER_CHUNK;

    if (l->carrier == 0 || st == NULL)
        return wire.len; /* it is ending: nobody will read them */
    struct blob *b = blob_new(span_sub(wire, 0, n));
    enum err err = b == NULL ? ERR_FULL : conn_write(st, SPAN_EMPTY, &b, 1);
    blob_unref(b);
    if (err == OK || err == ERR_FULL)
        touched(s, st);
    return err == OK ? n : err == ERR_FULL ? 0 : wire.len;
}

void carrier_pause(struct swarm *s, const struct link *l, bool paused)
{
    struct conn_stream *st = stream_of(s, l->carrier);

    if (l->carrier == 0 || st == NULL)
        return;
    conn_pause(st, paused);
    touched(s, st);
}

static void drop(struct swarm *s, struct conn_stream *st)
{
    touched(s, st);
    events_forget_stream(s, st);
    conn_reset(st);
}

void carrier_close(struct swarm *s, struct link *l, bool flush)
{
    uint64_t number = l->carrier;
    struct conn_stream *st = stream_of(s, number);

    if (number == 0)
        return;
    map_take(&s->carriers, MAP_KEY(number));
    l->carrier = 0;
    if (st == NULL)
        return;
    conn_pause(st, false);
    if (!flush || map_put(&s->carriers, MAP_KEY(number), &orphan) != OK) {
        drop(s, st);
        return;
    }
    conn_close_write(st);
    touched(s, st);
}

/* ---- what comes on the stream ---- */

static void lost(struct swarm *s, const struct env *env, struct link *l, enum err why)
{
    l->carrier = 0;
    l->gone = true;
    if (l->state == LINK_LEAVING || l->conn == NULL) {
        link_dirty(s, l);
        return;
    }
    conn_carrier_ended(l->conn, env, why);
    link_ready(s, l);
    link_arm(s, l);
}

static void ended(struct swarm *s, struct conn_stream *st)
{
    if (!conn_stream_done(st)) {
        drop(s, st);
        return;
    }
    events_forget_stream(s, st);
    conn_release(st);
}

void carrier_event(struct swarm *s, const struct env *env, const struct conn_event *in)
{
    uint64_t number = in->stream->number;
    struct link *l = map_get(&s->carriers, MAP_KEY(number));

    if (in->kind == CONN_BYTES && l != &orphan) {
        if (l->state != LINK_LEAVING && l->conn != NULL) {
            l->bytes_in += in->bytes.len;
            conn_feed(l->conn, env, in->bytes);
            link_ready(s, l);
            link_dirty(s, l);
        }
        return;
    }
    if (in->kind == CONN_WRITABLE) {
        if (l == &orphan)
            return;
        l->blocked = false;
        link_dirty(s, l);
        return;
    }
    map_take(&s->carriers, MAP_KEY(number));
    if (in->kind == CONN_END)
        ended(s, in->stream);
    else if (in->kind == CONN_BYTES)
        drop(s, in->stream); /* of an orphan: it was to end */
    else
        events_forget_stream(s, in->stream);
    if (l != &orphan)
        lost(s, env, l, in->err == OK ? ERR_CLOSED : in->err);
}
