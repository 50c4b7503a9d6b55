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
    n->next = c->sim->spare_notes;
    c->sim->spare_notes = n;
    pipe_stream_unref(s);
    pipe_conn_unref(c);
}

void pipe_notes_clear(struct sim *s)
{
    struct pipe_note *n;

    while ((n = s->spare_notes) != NULL) {
        s->spare_notes = n->next;
        free(n);
    }
}

size_t pipe_wire_bytes(size_t len)
{
    size_t plain = len + PIPE_YAMUX_OVERHEAD;

    return plain + (plain / PIPE_NOISE_PAYLOAD + 1) * PIPE_NOISE_OVERHEAD;
}

struct pipe_note *pipe_note_new(struct sim *s)
{
    struct pipe_note *n = s->spare_notes;

    if (n == NULL)
        return pipe_need(calloc(1, sizeof *n));
    s->spare_notes = n->next;
    *n = (struct pipe_note){0};
    return n;
}

uint64_t pipe_know(struct pipe_node *p, struct pipe_stream *s)
{
    uint32_t slot = 0;

    while (slot < p->live_cap && p->live[slot] != NULL)
        slot++;
    if (slot == PIPE_STREAMS_MAX)
        pipe_need(NULL);
    if (slot == p->live_cap) {
        uint32_t cap = slot == 0 ? 8 : 2 * slot;
        p->live = pipe_need(realloc(p->live, cap * sizeof(struct pipe_stream *)));
        memset(p->live + slot, 0, (cap - slot) * sizeof(struct pipe_stream *));
        p->live_cap = cap;
    }
    p->live[slot] = s;
    return s->id[pipe_end_of(s->conn, p)] = p->next_stream++ * PIPE_STREAMS_MAX | slot;
}

void pipe_post(struct pipe_node *p, struct pipe_conn *c, struct pipe_stream *s, enum note_kind kind,
               struct blob *bytes, size_t wire, enum err why, const char *const *proposed)
{
    int own = pipe_end_of(c, p);
    struct pipe_note *note = pipe_note_new(p->node->sim);

    *note = (struct pipe_note){kind, c, s, !own, bytes, proposed, why, NULL};
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
    p->live[id & (PIPE_STREAMS_MAX - 1)] = NULL;
    struct pipe_note *note;
    while (fifo_pop(&s->held[own], &note)) /* they know the stream, as it knows them */
        pipe_note_free(note);
    pipe_stream_unref(s);
}

void pipe_conn_drop(struct pipe_node *p, struct pipe_conn *c, enum err why, bool tell)
{
    int own = pipe_end_of(c, p);

    if (c->down[own])
        return;
    c->down[own] = true;
    for (uint32_t i = 0; i < p->live_cap; i++)
        if (p->live[i] != NULL && p->live[i]->conn == c)
            pipe_forget(p, p->live[i]);
    if (tell)
        pipe_post(p, c, NULL, NOTE_DOWN, NULL, pipe_wire_bytes(0), why, NULL);
    struct pipe_note *note;
    while (fifo_pop(&c->cut[own], &note))
        pipe_note_free(note);
    uint64_t peer = c->peer[own];
    map_take(&p->conns, MAP_KEY(peer));
    pipe_conn_unref(c);
}
