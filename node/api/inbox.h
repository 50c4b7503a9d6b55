/* Private to node/api: messages kept for those who subscribed through REST. One inbox a topic, a
 * pubsub topic or a content topic. Bounded in topics, messages per topic, and bytes of all. */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/env.h"
#include "crypto/base/fifo.h"
#include "crypto/base/map.h"

enum inbox_kind {
    INBOX_PUBSUB,
    INBOX_CONTENT,
    INBOX_FILTER, /* content topics subscribed with another node */
    INBOX_KINDS,
};

struct inboxes {
    struct map topics[INBOX_KINDS];
    size_t bytes, capacity;
};

struct inbox; /* of one topic */

void inboxes_init(struct inboxes *c, size_t capacity, struct rng *rng);
void inboxes_clear(struct inboxes *c);

/** OK, also when it is there; ERR_FULL too many topics; ERR_MEMORY. */
enum err inboxes_add(struct inboxes *c, enum inbox_kind kind, struct span topic) MUST_CHECK;
bool inboxes_has(const struct inboxes *c, enum inbox_kind kind, struct span topic);
void inboxes_remove(struct inboxes *c, enum inbox_kind kind, struct span topic);

void inboxes_remove_all(struct inboxes *c, enum inbox_kind kind);

/** Keep a message for a topic, if anyone asked for it; the oldest ones go. `*copy` is made at the
 * first need and shared. */
void inboxes_put(struct inboxes *c, enum inbox_kind kind, struct span topic, struct span message,
                 struct blob **copy);

/** Take the oldest message of a topic; NULL: none. */
struct blob *inboxes_take(struct inboxes *c, enum inbox_kind kind, struct span topic);

static inline bool inboxes_empty(const struct inboxes *c, enum inbox_kind kind)
{
    return map_count(&c->topics[kind]) == 0;
}
