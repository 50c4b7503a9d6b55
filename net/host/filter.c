/* Filter on streams, as it is served. Subscribing is an exchange; a push has a stream of its own,
 * which is half-closed behind it and never waits for an answer.
 *
 * js-waku never ends its half of a push stream and takes at most 100 of them, so a stream whose
 * push has left and that is still open after HOST_PUSH_LINGER_MS is reset: that is a push that
 * went. One that does not leave within HOST_PUSH_TIMEOUT_MS is one that failed.
 */
#include "net/host/filter.h"

#include <stdlib.h>

struct push { /* state of an outgoing push stream */
    struct heap_node due;
    struct mono deadline, begun_at;
    uint64_t stream;
    uint64_t number; /* of the server; 0: it knows already */
    struct blob *frame;
};

/* ---- subscribing: an exchange ---- */

static enum err answer(struct host *h, const struct env *env, struct host_stream *s,
                       struct span request, bool over_rate)
{
    struct buf out = BUF_INIT(FILTER_ANSWER_BYTES_MAX);
    const struct host_peer *p = host_peer(h, s->peer);
    enum err err = ERR_NOT_FOUND;

    if (p != NULL && over_rate)
        err = filter_server_refuse(h->filter->server, env, request, &out);
    else if (p != NULL)
        err = filter_server_request(h->filter->server, env, s->peer, &p->id, request, &out);
    if (err == OK)
        exchange_answer(h, env, s->id, buf_span(&out));
    buf_clear(&out);
    return err;
}

static enum err serve(struct host *h, const struct env *env, struct host_stream *s,
                      struct span request)
{
    return answer(h, env, s, request, false);
}

static enum err refuse(struct host *h, const struct env *env, struct host_stream *s,
                       struct span request)
{
    return answer(h, env, s, request, true);
}

const struct exchange filter_exchange = {.request_max = FILTER_REQUEST_BYTES_MAX,
                                         .answer_max = FILTER_ANSWER_BYTES_MAX,
                                         .serve = serve,
                                         .rate = RATE_FILTER,
                                         .refuse = refuse};

static void incoming(struct host *h, const struct env *env, struct host_stream *s)
{
    exchange_incoming(h, env, s, &filter_exchange);
}

static void peer_up(struct host *h, const struct env *env, const struct host_peer *p)
{
    if (h->filter->server != NULL)
        filter_server_peer_up(h->filter->server, env, p->peer, &p->id);
}

static void peer_down(struct host *h, const struct env *env, const struct host_peer *p)
{
    if (h->filter->server != NULL)
        filter_server_peer_down(h->filter->server, env, p->peer);
    subscribing_peer_down(h, env, p->peer);
}

/* ---- pushing ---- */

static bool sooner(const struct heap_node *a, const struct heap_node *b)
{
    const struct push *x = CONTAINER_OF(a, struct push, due);
    const struct push *y = CONTAINER_OF(b, struct push, due);

    return x->deadline.ns != y->deadline.ns ? x->deadline.ns < y->deadline.ns
                                            : x->number < y->number;
}

static void push_told(struct host *h, const struct env *env, struct push *p, enum err err)
{
    uint64_t number = p->number;

    p->number = 0;
    if (number != 0)
        filter_server_pushed(h->filter->server, env, number, err);
}

static const char *const push_protocols[] = {FILTER_PUSH_PROTOCOL, NULL};

static struct push *push_new(struct host *h, const struct env *env,
                             const struct filter_server_out *out)
{
    struct push *p = calloc(1, sizeof *p);

    if (p == NULL)
        return NULL;
    p->number = out->push;
    p->begun_at = env->now;
    p->deadline = mono_add(env->now, HOST_PUSH_LINGER_MS * NS_PER_MS);
    if (heap_insert(&h->filter->pushes, &p->due) != OK) {
        free(p);
        return NULL;
    }
    p->frame = blob_ref(out->frame);
    return p;
}

/* The push goes right behind the proposal of its protocol and our end behind the push: one segment
 * there, one back. */
static void push_begin(struct host *h, const struct env *env, const struct filter_server_out *out)
{
    struct push *p = push_new(h, env, out);
    uint64_t number = out->push, stream;
    enum err err = p == NULL ? ERR_MEMORY
                             : host_open(h, env, &adapter_filter_push, out->peer, push_protocols, p,
                                         &stream); /* frees p when it fails */

    if (err == OK) {
        p->stream = stream;
        err = h->streams.write(h->streams.impl, stream, SPAN_EMPTY, &p->frame, 1);
        if (err == OK)
            host_close_write(h, host_stream(h, stream));
        else
            host_reset(h, host_stream(h, stream));
    }
    if (err != OK)
        filter_server_pushed(h->filter->server, env, number, err);
}

static void push_opened(struct host *h, const struct env *env, struct host_stream *s)
{
    (void)h, (void)env, (void)s; /* as expected */
}

/* ---- the streams of both ---- */

static void push_bytes(struct host *h, const struct env *env, struct host_stream *s,
                       struct span bytes)
{
    if (!s->outbound) /* a client has nothing to say to a push */
        subscribing_bytes(h, env, s, bytes);
}

static void push_end(struct host *h, const struct env *env, struct host_stream *s)
{
    if (!s->outbound)
        host_close_write(h, s);
    else
        push_told(h, env, s->state, OK);
}

static void push_broken(struct host *h, const struct env *env, struct host_stream *s, enum err why)
{
    if (s->outbound && s->state != NULL)
        push_told(h, env, s->state, why);
}

static void push_ended(struct host *h, struct host_stream *s)
{
    struct push *p = s->state;

    if (!s->outbound) {
        subscribing_ended(h, s);
        return;
    }
    s->state = NULL;
    if (p == NULL)
        return;
    heap_remove(&h->filter->pushes, &p->due);
    blob_unref(p->frame);
    free(p);
}

/* ---- moving ---- */

static bool pump(struct host *h, const struct env *env)
{
    struct filter_server_out out;
    bool any = false;

    while (h->filter->server != NULL && filter_server_poll(h->filter->server, &out)) {
        push_begin(h, env, &out);
        any = true;
    }
    return any;
}

/* Negotiated, and nothing of it waits here any more: it went. */
static void push_due(struct host *h, const struct env *env, struct push *p)
{
    struct host_stream *s = host_stream(h, p->stream);
    bool left = s->protocol != NULL && h->streams.unsent(h->streams.impl, s->id) == 0;

    if (!left && env->now.ns - p->begun_at.ns < HOST_PUSH_TIMEOUT_MS * NS_PER_MS) {
        p->deadline = mono_add(env->now, HOST_PUSH_LINGER_MS * NS_PER_MS);
        heap_moved(&h->filter->pushes, &p->due);
        return;
    }
    push_told(h, env, p, left ? OK : ERR_TIMEOUT);
    host_reset(h, s);
}

static void tick(struct host *h, const struct env *env)
{
    struct heap_node *n;

    subscribing_tick(h, env);
    if (h->filter->server != NULL)
        filter_server_tick(h->filter->server, env);
    while ((n = heap_peek(&h->filter->pushes)) != NULL &&
           CONTAINER_OF(n, struct push, due)->deadline.ns <= env->now.ns)
        push_due(h, env, CONTAINER_OF(n, struct push, due));
}

static struct mono deadline(const struct host *h)
{
    const struct heap_node *n = heap_peek(&h->filter->pushes);
    struct mono due = subscribing_deadline(h);

    if (h->filter->server != NULL)
        due = mono_min(due, filter_server_deadline(h->filter->server));
    return n == NULL ? due : mono_min(due, CONTAINER_OF(n, struct push, due)->deadline);
}

static bool served(const struct host *h)
{
    return h->params.filter != NULL;
}

static const char *const protocols[] = {FILTER_SUBSCRIBE_PROTOCOL, NULL};

const struct adapter adapter_filter = {
    .protocols = protocols,
    .served = served,
    .peer_up = peer_up,
    .peer_down = peer_down,
    .opened = exchange_opened,
    .incoming = incoming,
    .bytes = exchange_bytes,
    .end = exchange_end,
    .broken = exchange_broken,
    .ended = exchange_ended,
    .pump = pump,
    .tick = tick,
    .deadline = deadline,
};

const struct adapter adapter_filter_push = {
    .protocols = push_protocols,
    .opened = push_opened,
    .incoming = subscribing_incoming,
    .bytes = push_bytes,
    .end = push_end,
    .broken = push_broken,
    .ended = push_ended,
};

/* ---- what the host offers ---- */

void host_filter_message(struct host *h, const struct env *env, struct span pubsub_topic,
                         struct span content_topic, const uint8_t hash[32], struct span message)
{
    if (h->filter->server == NULL)
        return;
    host_stir(h);
    filter_server_message(h->filter->server, env, pubsub_topic, content_topic, hash, message);
}

const struct filter_server *host_filter_server(const struct host *h)
{
    return h->filter->server;
}

enum err filter_adapter_new(struct host *h, const struct env *env)
{
    h->filter = calloc(1, sizeof *h->filter);
    if (h->filter == NULL)
        return ERR_MEMORY;
    heap_init(&h->filter->pushes, sooner);
    TRY(subscribing_new(h, env));
    return h->params.filter == NULL ? OK
                                    : filter_server_new(&h->filter->server, env, h->params.filter);
}

void filter_adapter_free(struct host *h)
{
    if (h->filter == NULL)
        return;
    subscribing_free(h);
    filter_server_free(h->filter->server);
    heap_clear(&h->filter->pushes);
    free(h->filter);
    h->filter = NULL;
}
