/* Tier F1: struct streams between nodes without Noise and yamux. What the ciphers and muxers would
 * add to the wire is added by wire_bytes(), so that bandwidth and byte counts stay true.
 *
 *     open -> OPEN note -> other node: INCOMING + OPENED note back, or REFUSED note
 *     write -> DATA note; close_write -> END note; reset -> RESET note
 */
#include "net/host/streams.h"
#include "net/wire/multiaddr.h"
#include "net/wire/peer_id.h"
#include "sim/world.h"

#include <stdio.h>
#include <stdlib.h>

#define PIPE_NOISE_OVERHEAD 18u    /* length and tag of a Noise frame */
#define PIPE_NOISE_PAYLOAD  65519u /* plaintext bytes in a full one */
#define PIPE_YAMUX_OVERHEAD 12u
#define PIPE_OPEN_BYTES     120u /* multistream lines of one negotiation */
#define PIPE_PROTOCOLS_MAX  32u

enum note_kind {
    NOTE_UP,
    NOTE_DOWN,
    NOTE_OPEN,
    NOTE_OPENED,
    NOTE_REFUSED,
    NOTE_DATA,
    NOTE_END,
    NOTE_RESET,
    NOTE_WRITABLE,
    NOTE_RESUME
};

struct pipe_conn { /* between two nodes, both alive */
    uint32_t refs;
    uint32_t node[2];
    uint64_t peer[2]; /* the other node's number for this end, as end i knows it */
    bool down[2];
    int64_t free_at_ns[2], last_arrival_ns[2];
    struct fifo cut[2]; /* struct pipe_note * for end i that wait for a partition to heal */
};

struct pipe_stream {
    uint32_t refs; /* ends that know it and notes under way */
    struct pipe_conn *conn;
    const char *protocol;
    uint64_t id[2]; /* by end of the connection; 0: unknown there or dead */
    bool wrote_end[2], read_end[2], paused[2], blocked[2];
    size_t in_flight[2]; /* bytes from end i not read at the other */
    struct fifo held[2]; /* struct pipe_note * waiting for end i */
};

struct pipe_note {
    enum note_kind kind;
    struct pipe_conn *conn;
    struct pipe_stream *stream; /* NULL for NOTE_UP, NOTE_DOWN */
    int to;                     /* end of the connection that is told */
    struct blob *bytes;
    const char *const *proposed; /* NOTE_OPEN: static strings */
    enum err why;
};

struct pipe_node {
    struct sim_node *node;
    struct streams streams;
    const char *protocols[PIPE_PROTOCOLS_MAX];
    size_t protocols_count;
    struct map conns;       /* peer number -> pipe_conn */
    struct map live;        /* stream id -> pipe_stream */
    struct fifo events;     /* struct pipe_note * due to be polled */
    struct pipe_note *last; /* its bytes are borrowed until the next poll */
    struct peer_id told_id;
    struct multiaddr told_addr;
    uint64_t next_peer, next_stream;
};

static void *need(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "sim: out of memory\n");
        exit(3);
    }
    return p;
}

static void conn_unref(struct pipe_conn *c)
{
    if (--c->refs > 0)
        return;
    fifo_clear(&c->cut[0]);
    fifo_clear(&c->cut[1]);
    free(c);
}

static void stream_unref(struct pipe_stream *s)
{
    if (s == NULL || --s->refs > 0)
        return;
    for (int i = 0; i < 2; i++) {
        struct pipe_note *note;
        while (fifo_pop(&s->held[i], &note))
            pipe_note_free(note);
        fifo_clear(&s->held[i]);
    }
    conn_unref(s->conn);
    free(s);
}

void pipe_note_free(struct pipe_note *n)
{
    if (n == NULL)
        return;
    blob_unref(n->bytes);
    n->bytes = NULL;
    struct pipe_stream *s = n->stream;
    struct pipe_conn *c = n->conn;
    free(n);
    stream_unref(s);
    conn_unref(c);
}

static int end_of(const struct pipe_conn *c, const struct pipe_node *p)
{
    return c->node[0] == p->node->number ? 0 : 1;
}

/* Noise frames, yamux headers: what F0 would put on the wire for one write. */
static size_t wire_bytes(size_t len)
{
    size_t plain = len + PIPE_YAMUX_OVERHEAD;

    return plain + (plain / PIPE_NOISE_PAYLOAD + 1) * PIPE_NOISE_OVERHEAD;
}

static void post(struct pipe_node *p, struct pipe_conn *c, struct pipe_stream *s,
                 enum note_kind kind, struct blob *bytes, size_t wire, enum err why,
                 const char *const *proposed)
{
    int own = end_of(c, p);
    struct pipe_note *note = need(calloc(1, sizeof *note));

    *note = (struct pipe_note){kind, c, s, !own, bytes, proposed, why};
    c->refs++;
    if (s != NULL)
        s->refs++;
    struct sim_event *e = sim_make(p->node->sim, SIM_STREAM, c->node[!own]);
    e->u.note = note;
    sim_post(
        p->node, e,
        sim_arrival(p->node, c->node[!own], wire, &c->free_at_ns[own], &c->last_arrival_ns[own]));
}

/* ---- struct streams ---- */

static enum err pipe_open(void *impl, const struct env *env, uint64_t peer,
                          const char *const *protocols, uint64_t *stream)
{
    struct pipe_node *p = impl;
    struct pipe_conn *c = map_get(&p->conns, MAP_KEY(peer));
    (void)env;
    if (c == NULL)
        return ERR_NOT_FOUND;
    struct pipe_stream *s = need(calloc(1, sizeof *s));

    s->refs = 1; /* this end's */
    s->conn = c;
    c->refs++;
    fifo_init(&s->held[0], sizeof(struct pipe_note *), SIZE_MAX);
    fifo_init(&s->held[1], sizeof(struct pipe_note *), SIZE_MAX);
    s->id[end_of(c, p)] = *stream = p->next_stream++;
    if (map_put(&p->live, MAP_KEY(*stream), s) != OK)
        abort();
    post(p, c, s, NOTE_OPEN, NULL, wire_bytes(PIPE_OPEN_BYTES), OK, protocols);
    return OK;
}

/* This end knows the stream no more. */
static void forget(struct pipe_node *p, struct pipe_stream *s)
{
    int own = end_of(s->conn, p);
    uint64_t id = s->id[own];

    if (id == 0)
        return;
    s->id[own] = 0;
    map_take(&p->live, MAP_KEY(id));
    struct pipe_note *note;
    while (fifo_pop(&s->held[own], &note)) /* they know the stream, as it knows them */
        pipe_note_free(note);
    stream_unref(s);
}

static enum err pipe_write(void *impl, uint64_t stream, struct span head, struct blob *const *parts,
                           size_t count)
{
    struct pipe_node *p = impl;
    struct pipe_stream *s = map_get(&p->live, MAP_KEY(stream));
    if (s == NULL)
        return ERR_CLOSED;
    int own = end_of(s->conn, p);
    size_t len = head.len;

    for (size_t i = 0; i < count; i++)
        len += parts[i]->len;
    if (s->wrote_end[own])
        return ERR_CLOSED;
    if (len > STREAM_SEND_BYTES_MAX - s->in_flight[own]) {
        s->blocked[own] = true;
        return ERR_FULL;
    }
    struct blob *b = need(blob_alloc(len));
    uint8_t *at = b->bytes;
    if (head.len > 0)
        memcpy(at, head.ptr, head.len);
    at += head.len;
    for (size_t i = 0; i < count; i++) {
        memcpy(at, parts[i]->bytes, parts[i]->len);
        at += parts[i]->len;
    }
    s->in_flight[own] += len;
    post(p, s->conn, s, NOTE_DATA, b, wire_bytes(len), OK, NULL);
    return OK;
}

static size_t pipe_room(void *impl, uint64_t stream)
{
    struct pipe_node *p = impl;
    struct pipe_stream *s = map_get(&p->live, MAP_KEY(stream));

    if (s == NULL)
        return 0;
    int own = end_of(s->conn, p);
    if (s->in_flight[own] > STREAM_SEND_BYTES_MAX / 2)
        s->blocked[own] = true; /* who asks wants to know when there is more */
    return STREAM_SEND_BYTES_MAX - s->in_flight[own];
}

static size_t pipe_unsent(void *impl, uint64_t stream)
{
    struct pipe_node *p = impl;
    const struct pipe_stream *s = map_get(&p->live, MAP_KEY(stream));

    return s == NULL ? 0 : s->in_flight[end_of(s->conn, p)];
}

static void pipe_close_write(void *impl, uint64_t stream)
{
    struct pipe_node *p = impl;
    struct pipe_stream *s = map_get(&p->live, MAP_KEY(stream));
    if (s == NULL)
        return;
    int own = end_of(s->conn, p);

    if (s->wrote_end[own])
        return;
    s->wrote_end[own] = true;
    post(p, s->conn, s, NOTE_END, NULL, wire_bytes(0), OK, NULL);
    if (s->read_end[own])
        forget(p, s);
}

static void pipe_reset(void *impl, uint64_t stream)
{
    struct pipe_node *p = impl;
    struct pipe_stream *s = map_get(&p->live, MAP_KEY(stream));
    if (s == NULL)
        return;

    post(p, s->conn, s, NOTE_RESET, NULL, wire_bytes(0), OK, NULL);
    forget(p, s);
}

/* What was held comes back through the queue of events: before what came later. */
static void pipe_pause(void *impl, uint64_t stream, bool paused)
{
    struct pipe_node *p = impl;
    struct pipe_stream *s = map_get(&p->live, MAP_KEY(stream));
    if (s == NULL)
        return;
    int own = end_of(s->conn, p);

    s->paused[own] = paused;
    if (paused)
        return;
    for (size_t i = fifo_count(&s->held[own]); i-- > 0;)
        if (fifo_push_front(&p->events, fifo_at(&s->held[own], i)) != OK)
            abort();
    fifo_clear(&s->held[own]);
}

static void drop_conn(struct pipe_node *p, struct pipe_conn *c, enum err why, bool tell)
{
    int own = end_of(c, p);
    size_t cursor = 0;
    struct pipe_stream *s;

    if (c->down[own])
        return;
    c->down[own] = true;
    while ((s = map_next(&p->live, &cursor, NULL)) != NULL)
        if (s->conn == c)
            forget(p, s);
    if (tell)
        post(p, c, NULL, NOTE_DOWN, NULL, wire_bytes(0), why, NULL);
    struct pipe_note *note;
    while (fifo_pop(&c->cut[own], &note))
        pipe_note_free(note);
    uint64_t peer = c->peer[own];
    map_take(&p->conns, MAP_KEY(peer));
    conn_unref(c);
}

static void pipe_disconnect(void *impl, const struct env *env, uint64_t peer, enum err why)
{
    struct pipe_node *p = impl;
    struct pipe_conn *c = map_get(&p->conns, MAP_KEY(peer));
    (void)env;
    if (c == NULL)
        return;
    struct pipe_note *note = need(calloc(1, sizeof *note));

    *note = (struct pipe_note){.kind = NOTE_DOWN, .conn = c, .to = end_of(c, p), .why = why};
    c->refs++;
    drop_conn(p, c, why, true);
    if (fifo_push(&p->events, &note) != OK)
        abort();
}

/* What a note is to the adapters above; false: nothing. */
static bool told(struct pipe_node *p, struct pipe_note *n, struct stream_event *ev)
{
    struct pipe_conn *c = n->conn;
    struct pipe_stream *s = n->stream;
    int own = end_of(c, p);

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
    int own = end_of(n->conn, p);

    if (s == NULL || s->id[own] == 0)
        return;
    if (n->kind == NOTE_END) {
        s->read_end[own] = true;
        if (s->wrote_end[own])
            forget(p, s);
    } else if (n->kind == NOTE_RESET || n->kind == NOTE_REFUSED) {
        forget(p, s);
    } else if (n->kind == NOTE_DATA) {
        s->in_flight[!own] -= n->bytes->len;
        if (s->blocked[!own] && s->in_flight[!own] < STREAM_SEND_BYTES_MAX / 2) {
            s->blocked[!own] = false;
            post(p, n->conn, s, NOTE_WRITABLE, NULL, wire_bytes(0), OK, NULL);
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
        int own = end_of(note->conn, p);
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

/* ---- from the world ---- */

static const char *chosen(const struct pipe_node *p, const char *const *proposed)
{
    for (; *proposed != NULL; proposed++)
        for (size_t i = 0; i < p->protocols_count; i++)
            if (strcmp(*proposed, p->protocols[i]) == 0)
                return p->protocols[i];
    return NULL;
}

/* A stream that the other node opens: choose a protocol and answer. False: refused. */
static bool accept_open(struct pipe_node *p, struct pipe_note *n)
{
    struct pipe_stream *s = n->stream;

    s->protocol = chosen(p, n->proposed);
    post(p, n->conn, s, s->protocol != NULL ? NOTE_OPENED : NOTE_REFUSED, NULL,
         wire_bytes(PIPE_OPEN_BYTES), ERR_UNSUPPORTED, NULL);
    if (s->protocol == NULL)
        return false;
    s->id[n->to] = p->next_stream++;
    s->refs++;
    if (map_put(&p->live, MAP_KEY(s->id[n->to]), s) != OK)
        abort();
    return true;
}

static void connected(struct pipe_node *p, struct pipe_note *n)
{
    struct pipe_conn *c = n->conn;

    c->peer[n->to] = p->next_peer++;
    c->refs++;
    if (map_put(&p->conns, MAP_KEY(c->peer[n->to]), c) != OK)
        abort();
    if (n->to == 1)
        post(p, c, NULL, NOTE_UP, NULL, 200, OK, NULL);
}

static void take_note(struct sim_node *node, struct pipe_note *n)
{
    struct pipe_node *p = node->pipe;

    if (n->kind == NOTE_UP) {
        connected(p, n);
    } else if (n->kind == NOTE_DOWN) {
        drop_conn(p, n->conn, n->why, false);
    } else if (n->kind == NOTE_OPEN && !accept_open(p, n)) {
        pipe_note_free(n);
        return;
    }
    if (fifo_push(&p->events, &n) != OK)
        abort();
}

void pipe_event(struct sim *s, struct sim_event *e)
{
    struct pipe_note *n = e->u.note;
    struct sim_node *node = s->nodes[e->dst];

    if (!node->up || n->conn->down[n->to]) {
        pipe_note_free(n);
        return;
    }
    if (n->bytes != NULL) {
        sim_mix(s, e, blob_span(n->bytes));
        sim_tell_bytes(s, e->src, e->dst, blob_span(n->bytes));
    }
    if (sim_parted(s, e->src, e->dst) || fifo_count(&n->conn->cut[n->to]) > 0) {
        if (fifo_push(&n->conn->cut[n->to], &n) != OK) /* waits for pipe_heal, in order */
            abort();
        return;
    }
    take_note(node, n);
    sim_pump(node);
}

void pipe_heal(struct sim_node *n)
{
    struct pipe_conn *c;
    struct pipe_note *note;
    size_t cursor = 0;

    while ((c = map_next(&n->pipe->conns, &cursor, NULL)) != NULL) {
        int own = end_of(c, n->pipe);
        while (!sim_parted(n->sim, c->node[0], c->node[1]) && fifo_pop(&c->cut[own], &note))
            take_note(n, note);
    }
    sim_pump(n);
}
void pipe_connect(struct sim_node *a, struct sim_node *b)
{
    size_t cursor = 0;
    struct pipe_conn *c;

    while ((c = map_next(&a->pipe->conns, &cursor, NULL)) != NULL)
        if (c->node[!end_of(c, a->pipe)] == b->number)
            return;
    c = need(calloc(1, sizeof *c));
    c->node[0] = a->number;
    c->node[1] = b->number;
    fifo_init(&c->cut[0], sizeof(struct pipe_note *), SIZE_MAX);
    fifo_init(&c->cut[1], sizeof(struct pipe_note *), SIZE_MAX);
    a->sim->stats.dials++;
    post(a->pipe, c, NULL, NOTE_UP, NULL, 400, OK, NULL);
}

void pipe_drop(struct sim_node *n)
{
    size_t cursor = 0;
    struct pipe_conn *c;

    while ((c = map_next(&n->pipe->conns, &cursor, NULL)) != NULL)
        drop_conn(n->pipe, c, ERR_CLOSED, true);
}

enum err pipe_node_new(struct pipe_node **out, struct sim_node *n)
{
    static const uint8_t seed[16];
    struct pipe_node *p = calloc(1, sizeof *p);

    if (p == NULL)
        return ERR_MEMORY;
    p->node = n;
    p->next_peer = p->next_stream = 1;
    p->streams = (struct streams){.impl = p,
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
    map_init(&p->conns, seed, SIZE_MAX);
    map_init(&p->live, seed, SIZE_MAX);
    fifo_init(&p->events, sizeof(struct pipe_note *), SIZE_MAX);
    *out = p;
    return OK;
}

void pipe_node_free(struct pipe_node *p)
{
    struct pipe_note *note;
    struct pipe_stream *s;
    size_t cursor = 0;

    if (p == NULL)
        return;
    pipe_note_free(p->last);
    while (fifo_pop(&p->events, &note))
        pipe_note_free(note);
    while ((s = map_next(&p->live, &cursor, NULL)) != NULL)
        forget(p, s);
    fifo_clear(&p->events);
    map_clear(&p->conns);
    map_clear(&p->live);
    free(p);
}

const struct streams *pipe_streams(struct pipe_node *p)
{
    return &p->streams;
}
