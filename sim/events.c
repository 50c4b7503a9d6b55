#include "sim/events.h"

#include <stdlib.h>

static bool before(const struct heap_node *x, const struct heap_node *y)
{
    const struct sim_event *a = (const void *)x, *b = (const void *)y;

    if (a->at_ns != b->at_ns)
        return a->at_ns < b->at_ns;
    if (a->dst != b->dst)
        return a->dst < b->dst;
    if (a->src != b->src)
        return a->src < b->src;
    return a->number < b->number;
}

void sim_events_init(struct sim_events *q)
{
    *q = (struct sim_events){0};
    heap_init(&q->heap, before);
}

void sim_events_clear(struct sim_events *q)
{
    assert(q->pending == 0);
    while (q->spare != NULL) {
        struct sim_event *e = q->spare;
        q->spare = e->u.call.ctx;
        free(e);
    }
    heap_clear(&q->heap);
}

struct sim_event *sim_event_new(struct sim_events *q)
{
    struct sim_event *e = q->spare;

    if (e == NULL)
        return calloc(1, sizeof *e);
    q->spare = e->u.call.ctx;
    *e = (struct sim_event){0};
    return e;
}

enum err sim_event_add(struct sim_events *q, struct sim_event *e)
{
    TRY(heap_insert(&q->heap, &e->node));
    q->pending++;
    return OK;
}

struct sim_event *sim_event_take(struct sim_events *q, int64_t until_ns)
{
    struct sim_event *e = (void *)heap_peek(&q->heap);

    if (e == NULL || e->at_ns > until_ns)
        return NULL;
    sim_event_cancel(q, e);
    return e;
}

void sim_event_cancel(struct sim_events *q, struct sim_event *e)
{
    if (e->node.place == 0)
        return;
    heap_remove(&q->heap, &e->node);
    q->pending--;
}

void sim_event_free(struct sim_events *q, struct sim_event *e)
{
    e->u.call.ctx = q->spare;
    q->spare = e;
}
