/* Private to node/api: messages kept for those who subscribed through REST. One cache a topic, a
 * pubsub topic or a content topic. Bounded in topics, messages per topic, and bytes of all. */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/env.h"
#include "crypto/base/fifo.h"
#include "crypto/base/map.h"

enum cache_kind {
    CACHE_PUBSUB,
    CACHE_CONTENT,
    CACHE_KINDS,
};

struct caches {
    struct map topics[CACHE_KINDS];
    size_t bytes, capacity;
};

struct cache; /* of one topic */

void caches_init(struct caches *c, size_t capacity, struct rng *rng);
void caches_clear(struct caches *c);

/** OK, also when it is there; ERR_FULL too many topics; ERR_MEMORY. */
enum err caches_add(struct caches *c, enum cache_kind kind, struct span topic) MUST_CHECK;
bool caches_has(const struct caches *c, enum cache_kind kind, struct span topic);
void caches_remove(struct caches *c, enum cache_kind kind, struct span topic);

/** Keep a message for a topic, if anyone asked for it; the oldest ones go. `*copy` is made at the
 * first need and shared. */
void caches_put(struct caches *c, enum cache_kind kind, struct span topic, struct span message,
                struct blob **copy);

/** Take the oldest message of a topic; NULL: none. */
struct blob *caches_take(struct caches *c, enum cache_kind kind, struct span topic);

static inline bool caches_empty(const struct caches *c, enum cache_kind kind)
{
    return map_count(&c->topics[kind]) == 0;
}
