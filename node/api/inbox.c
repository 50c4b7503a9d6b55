/* A fifo of shared messages for each topic. */
#include "node/api/inbox.h"
#include "node/api/params.h"

#include <stdlib.h>

struct inbox {
    struct fifo messages; /* of struct blob * */
};

void inboxes_init(struct inboxes *c, size_t capacity, struct rng *rng)
{
    uint8_t seed[16];
    rng_fill(rng, seed, sizeof seed);
    *c = (struct inboxes){.capacity = capacity};
    for (int kind = 0; kind < INBOX_KINDS; kind++)
        map_init(&c->topics[kind], seed, API_INBOXS_MAX);
}

static void drop_oldest(struct inboxes *c, struct inbox *inbox)
{
    struct blob *b = NULL;
    if (fifo_pop(&inbox->messages, &b)) {
        c->bytes -= b->len;
        blob_unref(b);
    }
}

static void inbox_free(struct inboxes *c, struct inbox *inbox)
{
    while (fifo_count(&inbox->messages) > 0)
        drop_oldest(c, inbox);
    fifo_clear(&inbox->messages);
    free(inbox);
}

void inboxes_remove_all(struct inboxes *c, enum inbox_kind kind)
{
    size_t cursor = 0;
    struct span topic;
    for (struct inbox *x; (x = map_next(&c->topics[kind], &cursor, &topic)) != NULL;) {
        map_take(&c->topics[kind], topic);
        inbox_free(c, x);
    }
}

void inboxes_clear(struct inboxes *c)
{
    for (int kind = 0; kind < INBOX_KINDS; kind++) {
        inboxes_remove_all(c, (enum inbox_kind)kind);
        map_clear(&c->topics[kind]);
    }
}

enum err inboxes_add(struct inboxes *c, enum inbox_kind kind, struct span topic)
{
    if (inboxes_has(c, kind, topic))
        return OK;
    struct inbox *inbox = calloc(1, sizeof *inbox);
    if (inbox == NULL)
        return ERR_MEMORY;
    fifo_init(&inbox->messages, sizeof(struct blob *), c->capacity);
    enum err err = map_put(&c->topics[kind], topic, inbox);
    if (err != OK)
        inbox_free(c, inbox);
    return err;
}

bool inboxes_has(const struct inboxes *c, enum inbox_kind kind, struct span topic)
{
    return map_get(&c->topics[kind], topic) != NULL;
}

void inboxes_remove(struct inboxes *c, enum inbox_kind kind, struct span topic)
{
    struct inbox *inbox = map_take(&c->topics[kind], topic);
    if (inbox != NULL)
        inbox_free(c, inbox);
}

void inboxes_put(struct inboxes *c, enum inbox_kind kind, struct span topic, struct span message,
                 struct blob **copy)
{
    struct inbox *inbox = map_get(&c->topics[kind], topic);
    if (inbox == NULL)
        return;
    if (*copy == NULL)
        *copy = blob_new(message);
    if (*copy == NULL)
        return;
    if (fifo_count(&inbox->messages) >= c->capacity)
        drop_oldest(c, inbox);
    while (c->bytes + message.len > API_INBOX_BYTES_MAX && fifo_count(&inbox->messages) > 0)
        drop_oldest(c, inbox);
    if (c->bytes + message.len > API_INBOX_BYTES_MAX || fifo_push(&inbox->messages, copy) != OK)
        return;
    blob_ref(*copy);
    c->bytes += message.len;
}

struct blob *inboxes_take(struct inboxes *c, enum inbox_kind kind, struct span topic)
{
    struct inbox *inbox = map_get(&c->topics[kind], topic);
    struct blob *b = NULL;
    if (inbox == NULL || !fifo_pop(&inbox->messages, &b))
        return NULL;
    c->bytes -= b->len;
    return b;
}
