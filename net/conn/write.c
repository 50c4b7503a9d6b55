/* What the owner of a stream may do with it. */
#include "net/conn/inner.h"

/* Bytes that all streams together may still queue: a peer that opens many and reads none of them
 * costs no more than this. */
static size_t room_of_all(const struct conn *c)
{
    size_t unsent = c->mux->unsent;

    return unsent >= CONN_UNSENT_MAX ? 0 : CONN_UNSENT_MAX - unsent;
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

enum err conn_write(struct conn_stream *s, struct span head, struct blob *const *parts,
                    size_t count)
{
    struct chain *send = &s->mux.send;
    size_t total = head.len, max = s->conn->common->stream_bytes_max;

    if (s->write_closed || s->conn->state > CONN_OPEN)
        return ERR_CLOSED;
    if (s->negotiation != NULL && !multistream_is_certain(s->negotiation))
        return ERR_BUSY;
    for (size_t i = 0; i < count; i++)
        total += parts[i]->len;
    if (total > max || head.len > CHAIN_SMALL_MAX)
        return ERR_ARGUMENT;
    bool crowded = total > room_of_all(s->conn);
    enum err err = crowded || send->bytes > max - total ? ERR_FULL : chain_reserve(send, count + 1);
    s->conn->mux->crowded = s->conn->mux->crowded || crowded;
    if (err != OK) {
        s->mux.wants_room = s->mux.wants_room || err == ERR_FULL;
        return err;
    }
    chain_add_small(send, head);
    for (size_t i = 0; i < count; i++)
        chain_add_blob(send, parts[i]);
    mux_queued(s->conn->mux, &s->mux);
    return OK;
}

size_t conn_room(const struct conn_stream *s)
{
    size_t max = s->conn->common->stream_bytes_max;

    if (s->write_closed || s->negotiation != NULL || s->mux.send.bytes >= max)
        return 0;
    return min(max - s->mux.send.bytes, room_of_all(s->conn));
}

size_t conn_unsent(const struct conn_stream *s)
{
    return s->mux.send.bytes;
}

void conn_close_write(struct conn_stream *s)
{
    if (s->write_closed)
        return;
    s->write_closed = true;
    s->mux.wants_room = false;
    mux_close_write(s->conn->mux, &s->mux);
}

void conn_reset(struct conn_stream *s)
{
    struct conn *c = s->conn;

    conn_stream_detach(s);
    c->mux->kind->reset(c->mux, &s->mux);
}

void conn_pause(struct conn_stream *s, bool paused)
{
    s->paused = paused;
    if (!paused && (s->held.len > 0 || s->end_held))
        conn_resumed_add(s);
}

bool conn_stream_done(const struct conn_stream *s)
{
    return s->told_ended && s->write_closed;
}

void conn_release(struct conn_stream *s)
{
    assert(conn_stream_done(s));
    conn_stream_detach(s);
    mux_release(s->conn->mux, &s->mux);
}
