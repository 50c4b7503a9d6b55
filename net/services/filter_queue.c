/* Pushes on their way. A message is encoded once; queues and streams share its bytes. A slow
 * subscriber loses what does not fit into its own queue; when all queues together are too long,
 * those that are behind lose first. */
#include "net/services/filter_server.h"

#include <stdlib.h>

#define PUSH_NUMBER(b, slot) ((b)->number * FILTER_PUSH_STREAMS_MAX + (slot))

static void push_release(struct filter_server *s, struct shared_push *p)
{
    if (--p->users > 0)
        return;
    s->counters.queued_bytes -= p->frame->len;
    blob_unref(p->frame);
    free(p);
}

void filter_queue_free(struct filter_server *s, struct subscriber *b)
{
    struct shared_push *p;

    while (fifo_pop(&b->queue, &p))
        push_release(s, p);
    fifo_clear(&b->queue);
    for (size_t i = 0; i < FILTER_PUSH_STREAMS_MAX; i++)
        if (b->sent[i] != NULL)
            push_release(s, b->sent[i]);
}

/* Ready: connected, something waits, and a stream is free. */
static void consider(struct filter_server *s, struct subscriber *b)
{
    if (b->ready || b->peer == 0 || fifo_count(&b->queue) == 0 ||
        b->sent_count == FILTER_PUSH_STREAMS_MAX)
        return;
    b->ready = fifo_push(&s->ready, &b->number) == OK;
}

static bool has_room(const struct filter_server *s, const struct subscriber *b, size_t bytes)
{
    return b->peer != 0 && b->bytes + bytes <= FILTER_QUEUE_BYTES_MAX &&
           (s->counters.queued_bytes <= FILTER_QUEUES_BYTES_MAX || b->bytes < FILTER_BEHIND_BYTES);
}

static void queue(struct filter_server *s, struct subscriber *b, struct shared_push *p)
{
    if (!has_room(s, b, p->frame->len) || fifo_push(&b->queue, &p) != OK) {
        s->counters.pushes_dropped++;
        return;
    }
    p->users++;
    b->bytes += p->frame->len;
    consider(s, b);
}

static struct shared_push *push_new(struct filter_server *s, struct span pubsub,
                                    struct span message)
{
    struct shared_push *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->frame = filter_push_frame(&(struct filter_push){message, pubsub});
    if (p->frame == NULL) {
        free(p);
        return NULL;
    }
    p->users = 1; /* ours, until it is in all queues */
    s->counters.queued_bytes += p->frame->len;
    return p;
}

void filter_server_message(struct filter_server *s, const struct env *env, struct span pubsub_topic,
                           struct span content_topic, const uint8_t hash[32], struct span message)
{
    const struct criterion *c = filter_index_find(s, pubsub_topic, content_topic);

    if (c == NULL)
        return;
    if (filter_seen_before(&s->seen, env->now, hash)) {
        s->counters.duplicates++;
        return;
    }
    struct shared_push *p = push_new(s, pubsub_topic, message);
    s->counters.messages++;
    if (p == NULL) {
        s->counters.pushes_dropped += c->count;
        return;
    }
    for (uint32_t i = 0; i < c->count; i++)
        queue(s, c->members[i].subscriber, p);
    push_release(s, p);
}

bool filter_server_poll(struct filter_server *s, struct filter_server_out *out)
{
    uint64_t number;

    while (fifo_pop(&s->ready, &number)) {
        struct subscriber *b = map_get(&s->by_number, MAP_KEY(number));
        struct shared_push *p;
        if (b == NULL)
            continue;
        b->ready = false;
        if (b->peer == 0 || b->sent_count == FILTER_PUSH_STREAMS_MAX || !fifo_pop(&b->queue, &p))
            continue;
        size_t slot = 0;
        while (b->sent[slot] != NULL)
            slot++;
        b->sent[slot] = p;
        b->sent_count++;
        *out = (struct filter_server_out){b->peer, PUSH_NUMBER(b, slot), p->frame};
        consider(s, b); /* behind the others: nobody is served twice before all were once */
        return true;
    }
    return false;
}

void filter_server_pushed(struct filter_server *s, const struct env *env, uint64_t push,
                          enum err err)
{
    uint64_t number = push / FILTER_PUSH_STREAMS_MAX;
    struct subscriber *b = map_get(&s->by_number, MAP_KEY(number));
    struct shared_push *p = b == NULL ? NULL : b->sent[push % FILTER_PUSH_STREAMS_MAX];

    if (p == NULL)
        return;
    b->sent[push % FILTER_PUSH_STREAMS_MAX] = NULL;
    b->sent_count--;
    b->bytes -= p->frame->len;
    push_release(s, p);
    s->counters.pushes += err == OK;
    s->counters.pushes_failed += err != OK;
    if (err != OK && !b->failing)
        b->failing_since = env->now;
    b->failing = err != OK;
    if (b->failing && env->now.ns - b->failing_since.ns >= FILTER_AWAY_NS) {
        s->counters.unreachable++;
        filter_server_drop(s, b);
        return;
    }
    consider(s, b);
}
