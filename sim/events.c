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
    heap_init(&q->due, before);
    heap_init(&q->later, before);
}

void sim_events_clear(struct sim_events *q)
{
    assert(q->pending == 0);
    while (q->spare != NULL) {
        struct sim_event *e = q->spare;
        q->spare = e->u.call.ctx;
        free(e);
    }
    heap_clear(&q->due);
    heap_clear(&q->later);
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

/* An event of `later` may belong to a tick that has begun since. */
static bool in_heap(const struct heap *h, const struct sim_event *e)
{
    return e->node.place <= h->count && h->nodes[e->node.place - 1] == &e->node;
}

static int64_t tick_of(const struct sim_event *e)
{
    return e->at_ns >> WHEEL_TICK_SHIFT;
}

static size_t slot_of(int64_t tick)
{
    return (size_t)tick % WHEEL_SLOTS;
}

enum err sim_event_add(struct sim_events *q, struct sim_event *e)
{
    int64_t tick = tick_of(e);

    if (tick <= q->tick) {
        TRY(heap_insert(&q->due, &e->node));
    } else if (tick - q->tick >= WHEEL_SLOTS) {
        TRY(heap_insert(&q->later, &e->node));
    } else {
        size_t slot = slot_of(tick);
        e->next = q->slots[slot];
        e->link = &q->slots[slot];
        if (e->next != NULL)
            e->next->link = &e->next;
        q->slots[slot] = e;
        q->filled[slot / 64] |= 1ull << slot % 64;
    }
    q->pending++;
    return OK;
}

static void unlist(struct sim_events *q, struct sim_event *e)
{
    size_t slot = slot_of(tick_of(e));

    *e->link = e->next;
    if (e->next != NULL)
        e->next->link = e->link;
    e->link = NULL;
    if (q->slots[slot] == NULL)
        q->filled[slot / 64] &= ~(1ull << slot % 64);
}

/* The first tick after the present one whose list is not empty; INT64_MAX: none. */
static int64_t next_tick(const struct sim_events *q)
{
    for (int64_t t = q->tick + 1; t < q->tick + WHEEL_SLOTS;) {
        size_t slot = slot_of(t);
        uint64_t rest = q->filled[slot / 64] >> slot % 64;
        if (rest != 0) {
            t += __builtin_ctzll(rest);
            return t < q->tick + WHEEL_SLOTS ? t : INT64_MAX;
        }
        t += 64 - (int64_t)(slot % 64);
    }
    return INT64_MAX;
}

/* Begin a tick: its list is sorted into `due`. */
static enum err begin_tick(struct sim_events *q, int64_t tick)
{
    struct sim_event *e;

    q->tick = tick;
    while ((e = q->slots[slot_of(tick)]) != NULL) {
        unlist(q, e);
        TRY(heap_insert(&q->due, &e->node));
    }
    return OK;
}

enum err sim_event_take(struct sim_events *q, int64_t until_ns, struct sim_event **out)
{
    struct sim_event *e = (void *)heap_peek(&q->due), *later = (void *)heap_peek(&q->later);

    *out = NULL;
    if (e == NULL) {
        int64_t tick = next_tick(q), limit = later != NULL ? tick_of(later) : INT64_MAX;
        if (tick > limit)
            tick = limit;
        if (tick > until_ns >> WHEEL_TICK_SHIFT)
            return OK;
        TRY(begin_tick(q, tick));
        e = (void *)heap_peek(&q->due);
    }
    if (e == NULL || (later != NULL && before(&later->node, &e->node)))
        e = later;
    if (e == NULL || e->at_ns > until_ns)
        return OK;
    sim_event_cancel(q, e);
    *out = e;
    return OK;
}

void sim_event_cancel(struct sim_events *q, struct sim_event *e)
{
    if (e->link != NULL)
        unlist(q, e);
    else if (e->node.place == 0)
        return;
    else
        heap_remove(in_heap(&q->due, e) ? &q->due : &q->later, &e->node);
    q->pending--;
}

void sim_event_free(struct sim_events *q, struct sim_event *e)
{
    e->u.call.ctx = q->spare;
    q->spare = e;
}
