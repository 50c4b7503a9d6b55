/* The serving end: requests and their answers, peers that come and go, time-outs. */
#include "net/services/filter_server.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- life ---- */

static bool sooner(const struct heap_node *a, const struct heap_node *b)
{
    const struct subscriber *x = CONTAINER_OF(a, struct subscriber, due);
    const struct subscriber *y = CONTAINER_OF(b, struct subscriber, due);

    return x->deadline.ns != y->deadline.ns ? x->deadline.ns < y->deadline.ns
                                            : x->number < y->number;
}

enum err filter_server_new(struct filter_server **out, const struct env *env,
                           const struct filter_params *params)
{
    uint8_t seed[16];
    struct filter_server *s = calloc(1, sizeof *s);

    if (s == NULL)
        return ERR_MEMORY;
    s->params = *params;
    if (s->params.subscribers_max > FILTER_SUBSCRIBERS_MAX)
        s->params.subscribers_max = FILTER_SUBSCRIBERS_MAX;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&s->by_id, seed, FILTER_SUBSCRIBERS_MAX);
    map_init(&s->by_number, seed, FILTER_SUBSCRIBERS_MAX);
    map_init(&s->by_peer, seed, FILTER_SUBSCRIBERS_MAX);
    map_init(&s->criteria, seed, FILTER_CRITERIA_BYTES_MAX / 64); /* bounded by their bytes */
    heap_init(&s->by_deadline, sooner);
    fifo_init(&s->ready, sizeof(uint64_t), 2 * FILTER_SUBSCRIBERS_MAX);
    filter_seen_init(&s->seen, env->rng);
    s->next_number = 1;
    *out = s;
    return OK;
}

void filter_server_drop(struct filter_server *s, struct subscriber *b)
{
    filter_index_remove_all(s, b);
    filter_queue_free(s, b);
    heap_remove(&s->by_deadline, &b->due);
    map_take(&s->by_id, peer_id_span(&b->id));
    map_take(&s->by_number, MAP_KEY(b->number));
    if (b->peer != 0)
        map_take(&s->by_peer, MAP_KEY(b->peer));
    s->counters.subscribers = map_count(&s->by_id);
    free(b);
}

void filter_server_free(struct filter_server *s)
{
    struct subscriber *b;
    size_t cursor = 0;

    if (s == NULL)
        return;
    while ((b = map_next(&s->by_id, &cursor, NULL)) != NULL)
        filter_server_drop(s, b);
    filter_seen_clear(&s->seen);
    fifo_clear(&s->ready);
    heap_clear(&s->by_deadline);
    map_clear(&s->criteria);
    map_clear(&s->by_peer);
    map_clear(&s->by_number);
    map_clear(&s->by_id);
    free(s);
}

const struct filter_server_counters *filter_server_counters(const struct filter_server *s)
{
    return &s->counters;
}

/* ---- subscribers ---- */

static void set_deadline(struct filter_server *s, struct subscriber *b, struct mono due)
{
    b->deadline = due;
    heap_moved(&s->by_deadline, &b->due);
}

static void refresh(struct filter_server *s, const struct env *env, struct subscriber *b)
{
    b->seen_at = env->now;
    set_deadline(s, b, mono_add(env->now, s->params.timeout_ns));
}

/* The table is full: who is away for longest gives his place to one who is here. */
static bool make_room(struct filter_server *s)
{
    struct subscriber *b, *longest = NULL;
    size_t cursor = 0;

    if (map_count(&s->by_id) < s->params.subscribers_max)
        return true;
    while ((b = map_next(&s->by_id, &cursor, NULL)) != NULL)
        if (b->peer == 0 && (longest == NULL || b->deadline.ns < longest->deadline.ns))
            longest = b;
    if (longest == NULL)
        return false;
    s->counters.unreachable++;
    filter_server_drop(s, longest);
    return true;
}

static enum err enter(struct filter_server *s, struct subscriber *b)
{
    TRY(map_put(&s->by_id, peer_id_span(&b->id), b));
    enum err err = map_put(&s->by_number, MAP_KEY(b->number), b);
    if (err == OK)
        err = map_put(&s->by_peer, MAP_KEY(b->peer), b);
    if (err == OK)
        err = heap_insert(&s->by_deadline, &b->due);
    return err;
}

static struct subscriber *subscriber_new(struct filter_server *s, const struct env *env,
                                         uint64_t peer, const struct peer_id *id)
{
    struct subscriber *b = calloc(1, sizeof *b);

    if (b == NULL)
        return NULL;
    b->id = *id;
    b->peer = peer;
    b->number = s->next_number++;
    b->seen_at = env->now;
    b->deadline = mono_add(env->now, s->params.timeout_ns);
    fifo_init(&b->queue, sizeof(struct shared_push *), FILTER_QUEUE_MAX);
    if (enter(s, b) != OK) {
        filter_server_drop(s, b);
        return NULL;
    }
    s->counters.subscribers = map_count(&s->by_id);
    return b;
}

void filter_server_peer_up(struct filter_server *s, const struct env *env, uint64_t peer,
                           const struct peer_id *id)
{
    struct subscriber *b = map_get(&s->by_id, peer_id_span(id));
    (void)env;

    if (b == NULL || b->peer != 0 || map_put(&s->by_peer, MAP_KEY(peer), b) != OK)
        return;
    b->peer = peer;
    b->failing = false;
    set_deadline(s, b, mono_add(b->seen_at, s->params.timeout_ns));
}

/* What waited is lost: the specification promises nothing, and a client that missed something asks
 * the store. */
void filter_server_peer_down(struct filter_server *s, const struct env *env, uint64_t peer)
{
    struct subscriber *b = map_take(&s->by_peer, MAP_KEY(peer));

    if (b == NULL)
        return;
    s->counters.pushes_dropped += fifo_count(&b->queue);
    filter_queue_free(s, b);
    fifo_init(&b->queue, sizeof(struct shared_push *), FILTER_QUEUE_MAX);
    memset(b->sent, 0, sizeof b->sent);
    b->sent_count = 0;
    b->bytes = 0;
    b->peer = 0;
    set_deadline(s, b, mono_min(b->deadline, mono_add(env->now, FILTER_AWAY_NS)));
}

/* The subscriber of a connection. One identity has one, also when a new connection is heard of
 * before the end of the old one. */
static struct subscriber *find(struct filter_server *s, const struct env *env, uint64_t peer,
                               const struct peer_id *id)
{
    struct subscriber *b = map_get(&s->by_id, peer_id_span(id));

    if (b == NULL || b->peer == peer)
        return b;
    if (b->peer != 0)
        filter_server_peer_down(s, env, b->peer);
    filter_server_peer_up(s, env, peer, id);
    return b->peer == peer ? b : NULL;
}

struct mono filter_server_deadline(const struct filter_server *s)
{
    const struct heap_node *n = heap_peek(&s->by_deadline);

    return n == NULL ? MONO_NEVER : CONTAINER_OF(n, struct subscriber, due)->deadline;
}

void filter_server_tick(struct filter_server *s, const struct env *env)
{
    struct heap_node *n;

    while ((n = heap_peek(&s->by_deadline)) != NULL) {
        struct subscriber *b = CONTAINER_OF(n, struct subscriber, due);
        if (b->deadline.ns > env->now.ns)
            return;
        s->counters.timed_out += b->peer != 0;
        s->counters.unreachable += b->peer == 0;
        filter_server_drop(s, b);
    }
}

/* ---- requests ---- */

struct verdict {
    enum filter_status status;
    const char *why; /* NULL: the status says it */
};

static const struct verdict fine = {FILTER_STATUS_OK, NULL};
static const struct verdict bare = {FILTER_STATUS_BAD_REQUEST,
                                    "pubsubTopic and contentTopics must be specified"};
static const struct verdict nobody = {FILTER_STATUS_NOT_FOUND, "peer has no subscriptions"};

static struct verdict of_add(enum err err)
{
    switch ((int)err) {
    case OK:
        return fine;
    case ERR_LIMIT:
        return (struct verdict){FILTER_STATUS_UNAVAILABLE,
                                "peer has reached maximum number of filter criteria"};
    default:
        return (struct verdict){FILTER_STATUS_UNAVAILABLE, "node has no room for more criteria"};
    }
}

static struct verdict subscribe(struct filter_server *s, const struct env *env, uint64_t peer,
                                const struct peer_id *id, const struct filter_request *r)
{
    struct subscriber *b = find(s, env, peer, id);

    if (r->pubsub_topic.len == 0 || r->count == 0)
        return bare;
    if (b == NULL && !make_room(s))
        return (struct verdict){FILTER_STATUS_UNAVAILABLE,
                                "node has reached maximum number of subscriptions"};
    if (b == NULL && (b = subscriber_new(s, env, peer, id)) == NULL)
        return of_add(ERR_MEMORY);
    struct verdict v = of_add(filter_index_add(s, b, r->pubsub_topic, r->content_topics, r->count));
    if (b->wishes_count == 0)
        filter_server_drop(s, b);
    else if (v.status == FILTER_STATUS_OK)
        refresh(s, env, b);
    return v;
}

static struct verdict unsubscribe(struct filter_server *s, const struct env *env, uint64_t peer,
                                  const struct peer_id *id, const struct filter_request *r)
{
    struct subscriber *b = find(s, env, peer, id);
    bool any = false;

    if (r->pubsub_topic.len == 0 || r->count == 0)
        return bare;
    if (b == NULL)
        return nobody;
    for (size_t i = 0; i < r->count; i++)
        any = filter_index_remove(s, b, r->pubsub_topic, r->content_topics[i]) || any;
    if (b->wishes_count == 0)
        filter_server_drop(s, b);
    else
        refresh(s, env, b);
    return any ? fine
               : (struct verdict){FILTER_STATUS_NOT_FOUND, "peer was not subscribed to criterion"};
}

static struct verdict unsubscribe_all(struct filter_server *s, const struct env *env, uint64_t peer,
                                      const struct peer_id *id, const struct filter_request *r)
{
    struct subscriber *b = find(s, env, peer, id);
    (void)r;

    if (b == NULL)
        return nobody;
    filter_server_drop(s, b);
    return fine;
}

static struct verdict ping(struct filter_server *s, const struct env *env, uint64_t peer,
                           const struct peer_id *id, const struct filter_request *r)
{
    struct subscriber *b = find(s, env, peer, id);
    (void)r; /* criteria in a ping are ignored: 12/WAKU2-FILTER */

    if (b == NULL)
        return nobody;
    refresh(s, env, b);
    return fine;
}

typedef struct verdict serve_fn(struct filter_server *s, const struct env *env, uint64_t peer,
                                const struct peer_id *id, const struct filter_request *r);

static serve_fn *const kinds[FILTER_KINDS] = {[FILTER_PING] = ping,
                                              [FILTER_SUBSCRIBE] = subscribe,
                                              [FILTER_UNSUBSCRIBE] = unsubscribe,
                                              [FILTER_UNSUBSCRIBE_ALL] = unsubscribe_all};

static void count_kind(struct filter_server_counters *c, enum filter_kind kind)
{
    uint64_t *const of[FILTER_KINDS] = {&c->pings, &c->subscribes, &c->unsubscribes,
                                        &c->unsubscribe_alls};
    ++*of[kind];
}

static void count_status(struct filter_server_counters *c, enum filter_status status)
{
    c->malformed += status == FILTER_STATUS_BAD_REQUEST;
    c->unknown += status == FILTER_STATUS_NOT_FOUND;
    c->over_rate += status == FILTER_STATUS_TOO_MANY;
    c->refused += status == FILTER_STATUS_UNAVAILABLE;
}

static const char *status_text(enum filter_status status)
{
    switch (status) {
    case FILTER_STATUS_OK:
        return "OK";
    case FILTER_STATUS_BAD_RESPONSE:
        return "BAD_RESPONSE";
    case FILTER_STATUS_BAD_REQUEST:
        return "BAD_REQUEST";
    case FILTER_STATUS_NOT_FOUND:
        return "NOT_FOUND";
    case FILTER_STATUS_TOO_MANY:
        return "TOO_MANY_REQUESTS";
    case FILTER_STATUS_UNAVAILABLE:
        return "SERVICE_UNAVAILABLE";
    case FILTER_STATUS_DIAL:
        return "PEER_DIAL_FAILURE";
    }
    return "UNKNOWN";
}

/* "BAD_REQUEST: ...", as nwaku puts it */
static enum err answer_with(struct filter_server *s, struct span request_id, struct verdict v,
                            struct buf *out)
{
    char text[FILTER_DESC_BYTES_MAX] = "";

    count_status(&s->counters, v.status);
    snprintf(text, sizeof text, v.why == NULL ? "%s" : "%s: %s", status_text(v.status), v.why);
    return filter_answer_encode(
        &(struct filter_answer){request_id, (uint32_t)v.status, span_str(text)}, out);
}

enum err filter_server_request(struct filter_server *s, const struct env *env, uint64_t peer,
                               const struct peer_id *id, struct span request, struct buf *answer)
{
    struct filter_request r;
    const char *why;

    if (filter_request_decode(request, &r, &why) != OK)
        return answer_with(s, r.request_id, (struct verdict){FILTER_STATUS_BAD_REQUEST, why},
                           answer);
    count_kind(&s->counters, r.kind);
    return answer_with(s, r.request_id, kinds[r.kind](s, env, peer, id, &r), answer);
}

enum err filter_server_refuse(struct filter_server *s, const struct env *env, struct span request,
                              struct buf *answer)
{
    struct filter_request r;
    const char *why;
    (void)env;

    enum err err = filter_request_decode(request, &r, &why); /* for its request id */
    (void)err;
    return answer_with(
        s, r.request_id,
        (struct verdict){FILTER_STATUS_TOO_MANY, "filter request rejected due rate limit exceeded"},
        answer);
}
