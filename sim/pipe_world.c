/* What the world does to the streams of a node: notes arrive, partitions hold them, nodes come and
 * go. */
#include "sim/pipe.h"

#include <stdlib.h>

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
    pipe_post(p, n->conn, s, s->protocol != NULL ? NOTE_OPENED : NOTE_REFUSED, NULL,
              pipe_wire_bytes(PIPE_OPEN_BYTES), ERR_UNSUPPORTED, NULL);
    if (s->protocol == NULL)
        return false;
    pipe_know(p, s);
    s->refs++;
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
        pipe_post(p, c, NULL, NOTE_UP, NULL, 200, OK, NULL);
}

static void take_note(struct sim_node *node, struct pipe_note *n)
{
    struct pipe_node *p = node->pipe;

    if (n->kind == NOTE_UP) {
        connected(p, n);
    } else if (n->kind == NOTE_DOWN) {
        pipe_conn_drop(p, n->conn, n->why, false);
    } else if (n->kind == NOTE_OPEN && !accept_open(p, n)) {
        pipe_note_free(n);
        return;
    }
    if (fifo_push(&p->events, &n) != OK)
        abort();
}

/* Watchers are told of bytes before they vanish; the end of a stream vanishes with them. */
static bool swallowed(struct sim *s, const struct sim_event *e)
{
    const struct pipe_note *n = e->u.note;
    const struct sim_bytes b = {.src = e->src,
                                .dst = e->dst,
                                .protocol = n->stream->protocol,
                                .stream = n->stream,
                                .bytes = n->bytes != NULL ? blob_span(n->bytes) : SPAN_EMPTY};

    if (n->bytes != NULL)
        sim_tell_bytes(s, &b);
    return s->params.swallow != NULL && s->params.swallow(s->params.swallow_ctx, &b);
}

void pipe_event(struct sim *s, struct sim_event *e)
{
    struct pipe_note *n = e->u.note;
    struct sim_node *node = s->nodes[e->dst];

    if (!node->up || n->conn->down[n->to]) {
        pipe_note_free(n);
        return;
    }
    if (n->bytes != NULL)
        sim_mix(s, e, blob_span(n->bytes));
    if ((n->bytes != NULL || n->kind == NOTE_END) && swallowed(s, e)) {
        pipe_note_free(n);
        return;
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
        int own = pipe_end_of(c, n->pipe);
        while (!sim_parted(n->sim, c->node[0], c->node[1]) && fifo_pop(&c->cut[own], &note))
            take_note(n, note);
    }
    sim_pump(n);
}

bool sim_linked(const struct sim *s, uint32_t a, uint32_t b)
{
    const struct pipe_node *p = s->nodes[a]->pipe;
    struct pipe_conn *c;
    size_t cursor = 0;

    while (p != NULL && (c = map_next(&p->conns, &cursor, NULL)) != NULL)
        if (c->node[!pipe_end_of(c, p)] == b)
            return true;
    return false;
}

void pipe_connect(struct sim_node *a, struct sim_node *b)
{
    struct pipe_pair pair = pipe_pair_of(a->number, b->number);

    if (map_get(&a->sim->pairs, span_of(&pair, sizeof pair)) != NULL)
        return;
    struct pipe_conn *c = pipe_need(calloc(1, sizeof *c));
    if (map_put(&a->sim->pairs, span_of(&pair, sizeof pair), c) != OK)
        abort();
    c->sim = a->sim;
    c->node[0] = a->number;
    c->node[1] = b->number;
    fifo_init(&c->cut[0], sizeof(struct pipe_note *), SIZE_MAX);
    fifo_init(&c->cut[1], sizeof(struct pipe_note *), SIZE_MAX);
    a->sim->stats.dials++;
    pipe_post(a->pipe, c, NULL, NOTE_UP, NULL, 400, OK, NULL);
}

void pipe_drop(struct sim_node *n)
{
    size_t cursor = 0;
    struct pipe_conn *c;

    while ((c = map_next(&n->pipe->conns, &cursor, NULL)) != NULL)
        pipe_conn_drop(n->pipe, c, ERR_CLOSED, true);
}

enum err pipe_node_new(struct pipe_node **out, struct sim_node *n)
{
    static const uint8_t seed[16];
    struct pipe_node *p = calloc(1, sizeof *p);

    if (p == NULL)
        return ERR_MEMORY;
    p->node = n;
    p->next_peer = p->next_stream = 1;
    p->streams = pipe_functions(p);
    map_init(&p->conns, seed, SIZE_MAX);
    fifo_init(&p->events, sizeof(struct pipe_note *), SIZE_MAX);
    *out = p;
    return OK;
}

void pipe_node_free(struct pipe_node *p)
{
    struct pipe_note *note;

    if (p == NULL)
        return;
    pipe_note_free(p->last);
    while (fifo_pop(&p->events, &note))
        pipe_note_free(note);
    for (uint32_t i = 0; i < p->live_cap; i++)
        if (p->live[i] != NULL)
            pipe_forget(p, p->live[i]);
    fifo_clear(&p->events);
    map_clear(&p->conns);
    free(p->live);
    free(p);
}

const struct streams *pipe_streams(struct pipe_node *p)
{
    return &p->streams;
}
