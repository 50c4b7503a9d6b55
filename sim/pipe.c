/* Tier F1: struct streams between nodes without Noise and yamux.
 *
 *     open -> OPEN note -> other node: INCOMING + OPENED note back, or REFUSED note
 *     write -> DATA note; close_write -> END note; reset -> RESET note
 */
#include "sim/pipe.h"

#include <stdlib.h>

static enum err pipe_open(void *impl, const struct env *env, uint64_t peer,
                          const char *const *protocols, uint64_t *stream)
{
    struct pipe_node *p = impl;
    struct pipe_conn *c = map_get(&p->conns, MAP_KEY(peer));
    (void)env;
    if (c == NULL)
        return ERR_NOT_FOUND;
    struct pipe_stream *s = pipe_need(calloc(1, sizeof *s));

    s->refs = 1; /* this end's */
    s->conn = c;
    c->refs++;
    fifo_init(&s->held[0], sizeof(struct pipe_note *), SIZE_MAX);
    fifo_init(&s->held[1], sizeof(struct pipe_note *), SIZE_MAX);
    *stream = pipe_know(p, s);
    pipe_post(p, c, s, NOTE_OPEN, NULL, pipe_wire_bytes(PIPE_OPEN_BYTES), OK, protocols);
    return OK;
}

static enum err pipe_write(void *impl, uint64_t stream, struct span head, struct blob *const *parts,
                           size_t count)
{
    struct pipe_node *p = impl;
    struct pipe_stream *s = pipe_stream_of(p, stream);
    if (s == NULL)
        return ERR_CLOSED;
    int own = pipe_end_of(s->conn, p);
    size_t len = head.len;

    for (size_t i = 0; i < count; i++)
        len += parts[i]->len;
    if (s->wrote_end[own])
        return ERR_CLOSED;
    if (len > STREAM_SEND_BYTES_MAX - s->in_flight[own]) {
        s->blocked[own] = true;
        return ERR_FULL;
    }
    struct blob *b = pipe_need(blob_alloc(len));
    uint8_t *at = b->bytes;
    if (head.len > 0)
        memcpy(at, head.ptr, head.len);
    at += head.len;
    for (size_t i = 0; i < count; i++) {
        memcpy(at, parts[i]->bytes, parts[i]->len);
        at += parts[i]->len;
    }
    s->in_flight[own] += len;
    pipe_post(p, s->conn, s, NOTE_DATA, b, pipe_wire_bytes(len), OK, NULL);
    return OK;
}

static size_t pipe_room(void *impl, uint64_t stream)
{
    struct pipe_node *p = impl;
    struct pipe_stream *s = pipe_stream_of(p, stream);

    if (s == NULL)
        return 0;
    int own = pipe_end_of(s->conn, p);
    if (s->in_flight[own] > STREAM_SEND_BYTES_MAX / 2)
        s->blocked[own] = true; /* who asks wants to know when there is more */
    return STREAM_SEND_BYTES_MAX - s->in_flight[own];
}

static size_t pipe_unsent(void *impl, uint64_t stream)
{
    struct pipe_node *p = impl;
    const struct pipe_stream *s = pipe_stream_of(p, stream);

    return s == NULL ? 0 : s->in_flight[pipe_end_of(s->conn, p)];
}

static void pipe_close_write(void *impl, uint64_t stream)
{
    struct pipe_node *p = impl;
    struct pipe_stream *s = pipe_stream_of(p, stream);
    if (s == NULL)
        return;
    int own = pipe_end_of(s->conn, p);

    if (s->wrote_end[own])
        return;
    s->wrote_end[own] = true;
    pipe_post(p, s->conn, s, NOTE_END, NULL, pipe_wire_bytes(0), OK, NULL);
    if (s->read_end[own])
        pipe_forget(p, s);
}

static void pipe_reset(void *impl, uint64_t stream)
{
    struct pipe_node *p = impl;
    struct pipe_stream *s = pipe_stream_of(p, stream);
    if (s == NULL)
        return;

    pipe_post(p, s->conn, s, NOTE_RESET, NULL, pipe_wire_bytes(0), OK, NULL);
    pipe_forget(p, s);
}

/* What was held comes back through the queue of events: before what came later. */
static void pipe_pause(void *impl, uint64_t stream, bool paused)
{
    struct pipe_node *p = impl;
    struct pipe_stream *s = pipe_stream_of(p, stream);
    if (s == NULL)
        return;
    int own = pipe_end_of(s->conn, p);

    s->paused[own] = paused;
    if (paused)
        return;
    for (size_t i = fifo_count(&s->held[own]); i-- > 0;)
        if (fifo_push_front(&p->events, fifo_at(&s->held[own], i)) != OK)
            abort();
    fifo_clear(&s->held[own]);
}

static void pipe_disconnect(void *impl, const struct env *env, uint64_t peer, enum err why)
{
    struct pipe_node *p = impl;
    struct pipe_conn *c = map_get(&p->conns, MAP_KEY(peer));
    (void)env;
    if (c == NULL)
        return;
    struct pipe_note *note = pipe_note_new(p->node->sim);

    *note = (struct pipe_note){.kind = NOTE_DOWN, .conn = c, .to = pipe_end_of(c, p), .why = why};
    c->refs++;
    pipe_conn_drop(p, c, why, true);
    if (fifo_push(&p->events, &note) != OK)
        abort();
}

/* What a note is to the adapters above; false: nothing. */
static bool told(struct pipe_node *p, struct pipe_note *n, struct stream_event *ev)
{
    struct pipe_conn *c = n->conn;
    struct pipe_stream *s = n->stream;
    int own = pipe_end_of(c, p);

    *ev = (struct stream_event){.peer = c->peer[own],
                                .stream = s != NULL ? s->id[own] : 0,
                                .protocol = s != NULL ? s->protocol : NULL,
                                .bytes = n->bytes != NULL ? blob_span(n->bytes) : SPAN_EMPTY,
                                .err = n->why};
    struct sim_node *other = p->node->sim->nodes[c->node[!own]];
    switch (n->kind) {
    case NOTE_UP:
        ev->kind = STREAM_PEER_UP;
        ev->outbound = own == 0;
        p->told_id = other->id;
        ev->peer_id = &p->told_id;
        ev->remote = &p->told_addr;
        return true;
    case NOTE_DOWN:
        ev->kind = STREAM_PEER_DOWN;
        return true;
    case NOTE_OPEN:
        ev->kind = STREAM_INCOMING;
        break;
    case NOTE_OPENED:
        ev->kind = STREAM_OPENED;
        break;
    case NOTE_REFUSED:
        ev->kind = STREAM_REFUSED;
        break;
    case NOTE_DATA:
        ev->kind = STREAM_BYTES;
        break;
    case NOTE_END:
        ev->kind = STREAM_END;
        break;
    case NOTE_RESET:
        ev->kind = STREAM_RESET;
        break;
    case NOTE_WRITABLE:
    case NOTE_RESUME:
        ev->kind = STREAM_WRITABLE;
        break;
    }
    return ev->stream != 0;
}

static void after_told(struct pipe_node *p, struct pipe_note *n)
{
    struct pipe_stream *s = n->stream;
    int own = pipe_end_of(n->conn, p);

    if (s == NULL || s->id[own] == 0)
        return;
    if (n->kind == NOTE_END) {
        s->read_end[own] = true;
        if (s->wrote_end[own])
            pipe_forget(p, s);
    } else if (n->kind == NOTE_RESET || n->kind == NOTE_REFUSED) {
        pipe_forget(p, s);
    } else if (n->kind == NOTE_DATA) {
        s->in_flight[!own] -= n->bytes->len;
        if (s->blocked[!own] && s->in_flight[!own] < STREAM_SEND_BYTES_MAX / 2) {
            s->blocked[!own] = false;
            pipe_post(p, n->conn, s, NOTE_WRITABLE, NULL, pipe_wire_bytes(0), OK, NULL);
        }
    }
}

static bool pipe_poll(void *impl, const struct env *env, struct stream_event *ev)
{
    struct pipe_node *p = impl;
    struct pipe_note *note;
    (void)env;

    pipe_note_free(p->last);
    p->last = NULL;
    while (fifo_pop(&p->events, &note)) {
        int own = pipe_end_of(note->conn, p);
        bool data = note->kind == NOTE_DATA || note->kind == NOTE_END;
        if (data && note->stream->paused[own]) {
            if (fifo_push(&note->stream->held[own], &note) != OK)
                abort();
            continue;
        }
        bool tell = told(p, note, ev);
        after_told(p, note);
        if (tell) {
            p->last = note;
            return true;
        }
        pipe_note_free(note);
    }
    return false;
}

static enum err pipe_serve(void *impl, const char *const *protocols)
{
    struct pipe_node *p = impl;

    for (p->protocols_count = 0; *protocols != NULL; protocols++) {
        if (p->protocols_count == PIPE_PROTOCOLS_MAX)
            return ERR_FULL;
        p->protocols[p->protocols_count++] = *protocols;
    }
    return OK;
}

struct streams pipe_functions(struct pipe_node *p)
{
    return (struct streams){.impl = p,
                            .open = pipe_open,
                            .write = pipe_write,
                            .room = pipe_room,
                            .close_write = pipe_close_write,
                            .reset = pipe_reset,
                            .pause = pipe_pause,
                            .disconnect = pipe_disconnect,
                            .poll = pipe_poll,
                            .serve = pipe_serve,
                            .unsent = pipe_unsent};
}
