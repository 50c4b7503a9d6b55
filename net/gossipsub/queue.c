#include "net/gossipsub/queue.h"

#include "net/gossipsub/control.h"
#include "net/gossipsub/state.h"

void queue_init(struct queue *q, const struct gossipsub *g)
{
    size_t items = g->params.peer_queue_bytes_max / QUEUE_ITEM_OVERHEAD;

    *q = (struct queue){0};
    fifo_init(&q->controls, sizeof(struct control), (size_t)2 * GOSSIPSUB_TOPICS_MAX);
    fifo_init(&q->messages, sizeof(struct queued), items);
    fifo_init(&q->ihaves, sizeof(struct queued), items);
    buf_init(&q->iwant, (size_t)2 * g->params.ihave_ids_max * GOSSIPSUB_ID_BYTES);
    buf_init(&q->idontwant, (size_t)GOSSIPSUB_IDONTWANT_QUEUE_MAX * GOSSIPSUB_ID_BYTES);
}

static void drop_one(struct gossipsub *g, struct queue *q, struct fifo *lane)
{
    struct queued item;

    if (!fifo_pop(lane, &item))
        return;
    q->bytes -= item.blob->len + QUEUE_ITEM_OVERHEAD;
    g->queued_bytes -= item.blob->len + QUEUE_ITEM_OVERHEAD;
    blob_unref(item.blob);
}

void queue_flush(struct gossipsub *g, struct peer *p)
{
    struct queue *q = &p->queue;

    q->dropped += fifo_count(&q->messages);
    g->counts.dropped_messages += fifo_count(&q->messages);
    g->counts.dropped_ihave += fifo_count(&q->ihaves);
    while (fifo_count(&q->messages) > 0)
        drop_one(g, q, &q->messages);
    while (fifo_count(&q->ihaves) > 0)
        drop_one(g, q, &q->ihaves);
    fifo_clear(&q->messages);
    fifo_clear(&q->ihaves);
}

void queue_free(struct gossipsub *g, struct queue *q)
{
    struct control c;

    while (fifo_count(&q->messages) > 0)
        drop_one(g, q, &q->messages);
    while (fifo_count(&q->ihaves) > 0)
        drop_one(g, q, &q->ihaves);
    while (fifo_pop(&q->controls, &c)) {
        topic_unref(g, c.topic);
        blob_unref(c.px);
    }
    fifo_clear(&q->controls);
    fifo_clear(&q->messages);
    fifo_clear(&q->ihaves);
    buf_clear(&q->iwant);
    buf_clear(&q->idontwant);
}

bool queue_empty(const struct queue *q)
{
    return fifo_count(&q->controls) == 0 && fifo_count(&q->messages) == 0 &&
           fifo_count(&q->ihaves) == 0 && q->iwant.len == 0 && q->idontwant.len == 0;
}

void queue_announce(struct gossipsub *g, struct peer *p)
{
    if (p->queue.announced || !p->connected)
        return;
    p->queue.announced = output_peer(
        g, GOSSIPSUB_OUT_READY, p->number); /* when it failed, the next heartbeat announces again */
}

/* Subscribing and meshing are two separate facts of a topic; the newer word on each replaces the
 * older one, so the lane never holds more than two entries per topic. */
static struct control *find_control(struct queue *q, const struct control *like)
{
    for (size_t i = 0; i < fifo_count(&q->controls); i++) {
        struct control *c = fifo_at(&q->controls, i);
        if (c->topic == like->topic && control_is_mesh(c->kind) == control_is_mesh(like->kind))
            return c;
    }
    return NULL;
}

bool queue_control(struct gossipsub *g, struct peer *p, enum control_kind kind, struct topic *t,
                   uint64_t backoff_s, struct blob *px)
{
    struct control c = {.kind = kind, .topic = t, .backoff_s = backoff_s, .px = px};
    struct control *old = find_control(&p->queue, &c);

    if (old != NULL) {
        blob_unref(old->px);
        *old = c; /* keeps the reference of the topic */
    } else if (fifo_push(&p->queue.controls, &c) == OK) {
        topic_ref(t);
    } else {
        return false;
    }
    if (px != NULL)
        blob_ref(px);
    queue_announce(g, p);
    return true;
}

bool queue_has_room(const struct gossipsub *g, const struct peer *p, size_t len)
{
    const struct queue *q = &p->queue;
    size_t gossip = 0;

    for (size_t i = 0; i < fifo_count(&q->ihaves); i++) {
        const struct queued *item = fifo_at(&q->ihaves, i);
        gossip += item->blob->len + QUEUE_ITEM_OVERHEAD;
    }
    return q->bytes - gossip + len + QUEUE_ITEM_OVERHEAD <= g->params.peer_queue_bytes_max;
}

/* `cost` fits already */
static bool push(struct gossipsub *g, const struct env *env, struct peer *p, struct fifo *lane,
                 struct blob *b, uint64_t key)
{
    struct queue *q = &p->queue;
    struct queued item = {.blob = b, .key = key};

    if (q->bytes == 0)
        q->moved_ns = env->now.ns;
    if (fifo_push(lane, &item) != OK)
        return false;
    blob_ref(b);
    q->bytes += b->len + QUEUE_ITEM_OVERHEAD;
    g->queued_bytes += b->len + QUEUE_ITEM_OVERHEAD;
    queue_announce(g, p);
    return true;
}

bool queue_message(struct gossipsub *g, const struct env *env, struct peer *p, struct blob *b,
                   uint64_t key)
{
    struct queue *q = &p->queue;
    size_t cost = b->len + QUEUE_ITEM_OVERHEAD, max = g->params.peer_queue_bytes_max;

    while (q->bytes + cost > max && fifo_count(&q->ihaves) > 0) {
        drop_one(g, q, &q->ihaves); /* gossip gives way to messages */
        g->counts.dropped_ihave++;
    }
    if (q->bytes + cost <= max && push(g, env, p, &q->messages, b, key))
        return true;
    q->dropped++;
    g->counts.dropped_messages++;
    return false;
}

bool queue_ihave(struct gossipsub *g, const struct env *env, struct peer *p, struct blob *b)
{
    struct queue *q = &p->queue;
    size_t cost = b->len + QUEUE_ITEM_OVERHEAD;

    if (q->bytes + cost <= g->params.peer_queue_bytes_max && push(g, env, p, &q->ihaves, b, 0))
        return true;
    g->counts.dropped_ihave++;
    return false;
}

static bool add_id(struct gossipsub *g, struct peer *p, struct buf *ids, const uint8_t *id)
{
    if (buf_append(ids, span_of(id, GOSSIPSUB_ID_BYTES)) != OK)
        return false;
    queue_announce(g, p);
    return true;
}

bool queue_iwant(struct gossipsub *g, struct peer *p, const uint8_t *id)
{
    return add_id(g, p, &p->queue.iwant, id);
}

bool queue_idontwant(struct gossipsub *g, struct peer *p, const uint8_t *id)
{
    return add_id(g, p, &p->queue.idontwant, id);
}
