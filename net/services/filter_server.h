/* Private to net/services: the parts of the filter server.
 *
 *     filter_server.c  requests and their answers, peers that come and go, time-outs
 *     filter_index.c   who wants what: (pubsub topic, content topic) -> subscribers
 *     filter_queue.c   pushes on their way to subscribers
 */
#pragma once

#include "crypto/base/fifo.h"
#include "crypto/base/heap.h"
#include "crypto/base/map.h"
#include "net/services/filter.h"
#include "net/services/filter_seen.h"

struct shared_push { /* one message for many queues */
    struct blob *frame;
    uint32_t users; /* queue entries, and pushes on their way */
};

struct criterion { /* key of struct map criteria: length of the pubsub topic, both topics */
    struct member *members;
    uint32_t count, cap;
    uint32_t pubsub_len, content_len;
    uint8_t topics[]; /* one behind the other */
};

struct member {
    struct subscriber *subscriber;
    uint32_t place; /* in its list of criteria */
};

struct wish { /* a criterion of a subscriber */
    struct criterion *criterion;
    uint32_t place; /* in the members of the criterion */
};

struct subscriber {
    struct heap_node due;
    struct mono deadline; /* of its subscription, or (away) of our patience */
    struct mono seen_at;  /* its last ping or subscribe */
    struct peer_id id;
    uint64_t peer;   /* connection; 0: away */
    uint64_t number; /* names it in the numbers of pushes: never used again */
    struct wish *wishes;
    uint32_t wishes_count, wishes_cap;
    struct fifo queue;                                 /* of struct shared_push * */
    struct shared_push *sent[FILTER_PUSH_STREAMS_MAX]; /* on their way; NULL: free */
    uint32_t sent_count;
    size_t index_bytes; /* of its wishes */
    size_t bytes;       /* queued and on their way */
    bool ready;         /* it is in the list of those that may get a push */
    bool failing;
    struct mono failing_since;
};

struct filter_server {
    struct filter_params params;
    struct map by_id;     /* struct subscriber, by peer id */
    struct map by_number; /* the same */
    struct map by_peer;   /* the same, of those that are connected */
    struct map criteria;  /* struct criterion */
    struct heap by_deadline;
    struct fifo ready; /* numbers */
    struct filter_seen seen;
    size_t index_bytes;
    uint64_t next_number;
    struct filter_server_counters counters;
};

/* filter_index.c */

/** Add wishes of one pubsub topic: all of them, or none.
 * OK; ERR_LIMIT the subscriber's bound; ERR_FULL that of all; ERR_MEMORY. */
enum err filter_index_add(struct filter_server *s, struct subscriber *b, struct span pubsub,
                          const struct span *topics, size_t count) MUST_CHECK;

/** Remove one; false: there was none. */
bool filter_index_remove(struct filter_server *s, struct subscriber *b, struct span pubsub,
                         struct span topic);
void filter_index_remove_all(struct filter_server *s, struct subscriber *b);
struct criterion *filter_index_find(const struct filter_server *s, struct span pubsub,
                                    struct span topic);

/* filter_queue.c */
void filter_queue_free(struct filter_server *s, struct subscriber *b);

/* filter_server.c */
void filter_server_drop(struct filter_server *s, struct subscriber *b);
