/* What is under way in the stream pipe, and who holds it: connections, streams and notes count
 * their references. What the ciphers and muxers of F0 would add to the wire is added by
 * pipe_wire_bytes. */
#include "sim/pipe.h"

#include <stdio.h>
#include <stdlib.h>

#define PIPE_NOISE_OVERHEAD 18u    /* length and tag of a Noise frame */
#define PIPE_NOISE_PAYLOAD  65519u /* plaintext bytes in a full one */
#define PIPE_YAMUX_OVERHEAD 12u

void *pipe_need(void *p)
{
    if (p == NULL) {
        fprintf(stderr, "sim: out of memory\n");
        exit(3);
    }
    return p;
}

void pipe_conn_unref(struct pipe_conn *c)
{
    if (--c->refs > 0)
        return;
    struct pipe_pair pair = pipe_pair_of(c->node[0], c->node[1]);
    map_take(&c->sim->pairs, span_of(&pair, sizeof pair));
    fifo_clear(&c->cut[0]);
    fifo_clear(&c->cut[1]);
    free(c);
}

void pipe_stream_unref(struct pipe_stream *s)
{
    if (s == NULL || --s->refs > 0)
        return;
    for (int i = 0; i < 2; i++) {
        struct pipe_note *note;
        while (fifo_pop(&s->held[i], &note))
            pipe_note_free(note);
        fifo_clear(&s->held[i]);
    }
    pipe_conn_unref(s->conn);
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
    pipe_stream_unref(s);
    pipe_conn_unref(c);
}

size_t pipe_wire_bytes(size_t len)
{
    size_t plain = len + PIPE_YAMUX_OVERHEAD;

    return plain + (plain / PIPE_NOISE_PAYLOAD + 1) * PIPE_NOISE_OVERHEAD;
}

void pipe_post(struct pipe_node *p, struct pipe_conn *c, struct pipe_stream *s, enum note_kind kind,
               struct blob *bytes, size_t wire, enum err why, const char *const *proposed)
{
    int own = pipe_end_of(c, p);
    struct pipe_note *note = pipe_need(calloc(1, sizeof *note));

    *note = (struct pipe_note){kind, c, s, !own, bytes, proposed, why};
    c->refs++;
    if (s != NULL)
        s->refs++;
    struct sim_event *e = sim_make(p->node->sim, SIM_STREAM, c->node[!own]);
    e->u.note = note;
    e->bytes = wire;
    sim_post(
        p->node, e,
        sim_arrival(p->node, c->node[!own], wire, &c->free_at_ns[own], &c->last_arrival_ns[own]));
}

void pipe_forget(struct pipe_node *p, struct pipe_stream *s)
{
    int own = pipe_end_of(s->conn, p);
    uint64_t id = s->id[own];

    if (id == 0)
        return;
    s->id[own] = 0;
    map_take(&p->live, MAP_KEY(id));
    struct pipe_note *note;
    while (fifo_pop(&s->held[own], &note)) /* they know the stream, as it knows them */
        pipe_note_free(note);
    pipe_stream_unref(s);
}

void pipe_conn_drop(struct pipe_node *p, struct pipe_conn *c, enum err why, bool tell)
{
    int own = pipe_end_of(c, p);
    size_t cursor = 0;
    struct pipe_stream *s;

    if (c->down[own])
        return;
    c->down[own] = true;
    while ((s = map_next(&p->live, &cursor, NULL)) != NULL)
        if (s->conn == c)
            pipe_forget(p, s);
    if (tell)
        pipe_post(p, c, NULL, NOTE_DOWN, NULL, pipe_wire_bytes(0), why, NULL);
    struct pipe_note *note;
    while (fifo_pop(&c->cut[own], &note))
        pipe_note_free(note);
    uint64_t peer = c->peer[own];
    map_take(&p->conns, MAP_KEY(peer));
    pipe_conn_unref(c);
}
