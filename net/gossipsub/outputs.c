#include "net/gossipsub/state.h"

#include <stdlib.h>

/* a peer to connect to */
struct connect {
    struct peer_id id;
    struct blob *record; /* NULL: none */
};

/* An output while it waits: what can be looked up at poll is not kept. */
struct waiting {
    enum gossipsub_out_kind kind;
    uint64_t number; /* MESSAGE: ticket; READY, DISCONNECT: peer */
    struct connect *connect;
};

void outputs_init(struct gossipsub *g)
{
    fifo_init(&g->outputs, sizeof(struct waiting), GOSSIPSUB_OUTPUTS_MAX);
}

static void connect_free(struct connect *c)
{
    if (c == NULL)
        return;
    blob_unref(c->record);
    free(c);
}

void outputs_free(struct gossipsub *g)
{
    struct waiting w;

    while (fifo_pop(&g->outputs, &w))
        connect_free(w.connect);
    fifo_clear(&g->outputs);
    connect_free(g->polled);
    g->polled = NULL;
}

void taken_release(struct gossipsub *g)
{
    for (size_t i = 0; i < g->taken_count; i++)
        blob_unref(g->taken[i]);
    g->taken_count = 0;
}

bool output_message(struct gossipsub *g, uint64_t ticket)
{
    struct waiting w = {.kind = GOSSIPSUB_OUT_MESSAGE, .number = ticket};
    return fifo_push(&g->outputs, &w) == OK;
}

bool output_peer(struct gossipsub *g, enum gossipsub_out_kind kind, uint64_t peer)
{
    struct waiting w = {.kind = kind, .number = peer};
    return fifo_push(&g->outputs, &w) == OK;
}

bool output_connect(struct gossipsub *g, const struct peer_id *id, struct span record)
{
    struct waiting w = {.kind = GOSSIPSUB_OUT_CONNECT, .connect = calloc(1, sizeof *w.connect)};

    if (w.connect == NULL)
        return false;
    w.connect->id = *id;
    if (record.len > 0)
        w.connect->record = blob_new(record);
    if (fifo_push(&g->outputs, &w) == OK)
        return true;
    connect_free(w.connect);
    return false;
}

static bool fill_message(struct gossipsub *g, uint64_t ticket, struct gossipsub_out *out)
{
    const struct validating *v = validating_get(g, ticket);

    if (v == NULL)
        return false; /* its verdict came unasked */
    out->ticket = ticket;
    out->peer = v->from;
    out->topic = topic_name(v->topic);
    out->data = v->data;
    out->blob = v->blob;
    out->id = v->id;
    return true;
}

bool gossipsub_poll(struct gossipsub *g, struct gossipsub_out *out)
{
    struct waiting w;

    connect_free(g->polled);
    g->polled = NULL;
    while (fifo_pop(&g->outputs, &w)) {
        *out = (struct gossipsub_out){.kind = w.kind};
        switch (w.kind) {
        case GOSSIPSUB_OUT_MESSAGE:
            if (fill_message(g, w.number, out))
                return true;
            break;
        case GOSSIPSUB_OUT_READY:
        case GOSSIPSUB_OUT_DISCONNECT:
            out->peer = w.number;
            return true;
        case GOSSIPSUB_OUT_CONNECT:
            g->polled = w.connect;
            out->peer_id = &w.connect->id;
            if (w.connect->record != NULL)
                out->record = blob_span(w.connect->record);
            return true;
        }
    }
    return false;
}
