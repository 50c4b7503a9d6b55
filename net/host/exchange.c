#include "net/host/exchange.h"

#include "crypto/base/heap.h"
#include "net/wire/frame.h"
#include "net/wire/varint.h"

#include <stdlib.h>

enum side {
    SERVER,
    CLIENT
};

enum state {
    IDLE,     /* server: no byte yet, no time-out */
    READING,  /* server: a request has begun. Client: the answer is awaited */
    SERVING,  /* server: the request is whole, the answer is not there yet */
    FINISHED, /* answered; the other side's end is awaited */
};

struct trade { /* one exchange; state of a host_stream */
    struct heap_node due;
    struct mono deadline;
    uint64_t stream; /* 0: not known yet */
    uint64_t peer;
    enum side side;
    enum state state;
    const struct exchange *x;
    struct frames frames;
    size_t partial;       /* server: bytes in `frames`, as counted */
    struct blob *request; /* client: until it is written */
    exchange_answered *answered;
    void *ctx;
};

struct exchanges {
    struct heap by_deadline;
    size_t under_way; /* READING or SERVING */
    size_t partial;   /* bytes of requests that are not whole yet */
};

static bool sooner(const struct heap_node *a, const struct heap_node *b)
{
    const struct trade *x = CONTAINER_OF(a, struct trade, due);
    const struct trade *y = CONTAINER_OF(b, struct trade, due);

    return x->deadline.ns != y->deadline.ns ? x->deadline.ns < y->deadline.ns
                                            : x->stream < y->stream;
}

enum err exchanges_new(struct host *h, const struct env *env)
{
    (void)env;
    h->exchanges = calloc(1, sizeof *h->exchanges);
    if (h->exchanges == NULL)
        return ERR_MEMORY;
    heap_init(&h->exchanges->by_deadline, sooner);
    return OK;
}

void exchanges_free(struct host *h)
{
    if (h->exchanges == NULL)
        return;
    heap_clear(&h->exchanges->by_deadline);
    free(h->exchanges);
    h->exchanges = NULL;
}

static bool is_under_way(enum state s)
{
    return s == READING || s == SERVING;
}

static void turn(struct host *h, struct trade *t, enum state to)
{
    struct host_peer *p = t->side == SERVER ? host_peer_mutable(h, t->peer) : NULL;
    int change = is_under_way(to) - is_under_way(t->state);

    h->exchanges->under_way += (size_t)change;
    if (p != NULL)
        p->exchanges += (unsigned)change;
    t->state = to;
}

static bool is_at_bound(const struct host *h, const struct trade *t)
{
    const struct host_peer *p = t->side == SERVER ? host_peer(h, t->peer) : NULL;

    return h->exchanges->under_way >= HOST_EXCHANGES_MAX ||
           (p != NULL && p->exchanges >= HOST_EXCHANGES_PEER_MAX);
}

/* From here on the other side has to hurry. */
static enum err begin(struct host *h, const struct env *env, struct trade *t)
{
    if (is_at_bound(h, t))
        return ERR_FULL;
    int64_t ms = t->x->timeout_ms > 0 ? t->x->timeout_ms : HOST_EXCHANGE_TIMEOUT_MS;
    t->deadline = mono_add(env->now, ms * NS_PER_MS);
    TRY(heap_insert(&h->exchanges->by_deadline, &t->due));
    turn(h, t, READING);
    return OK;
}

/* Answered: the other side has to end the stream, but in no hurry. False: no memory to watch it. */
static bool linger(struct host *h, const struct env *env, struct trade *t)
{
    heap_remove(&h->exchanges->by_deadline, &t->due);
    turn(h, t, FINISHED);
    t->deadline = mono_add(env->now, HOST_EXCHANGE_LINGER_MS * NS_PER_MS);
    return heap_insert(&h->exchanges->by_deadline, &t->due) == OK;
}

static struct trade *trade_new(enum side side, const struct exchange *x, uint64_t peer)
{
    struct trade *t = calloc(1, sizeof *t);

    if (t == NULL)
        return NULL;
    t->side = side;
    t->peer = peer;
    t->x = x;
    frames_init(&t->frames, side == SERVER ? x->request_max : x->answer_max);
    return t;
}

/* ---- client ---- */

enum err exchange_ask(struct host *h, const struct env *env, const struct adapter *a,
                      const struct exchange *x, uint64_t peer, struct span request,
                      exchange_answered *answered, void *ctx)
{
    struct trade *t = trade_new(CLIENT, x, peer);
    uint64_t stream;

    if (t == NULL)
        return ERR_MEMORY;
    t->request = blob_new(request);
    enum err err = t->request == NULL ? ERR_MEMORY : begin(h, env, t);
    if (err != OK) {
        struct host_stream none = {.state = t};
        exchange_ended(h, &none);
        return err;
    }
    TRY(host_open(h, env, a, peer, a->protocols, t, &stream)); /* frees t when it fails */
    t->stream = stream;
    t->answered = answered; /* from now on an end is told */
    t->ctx = ctx;
    return OK;
}

enum err exchange_open(struct host *h, const struct env *env, const struct adapter *a,
                       const struct exchange *x, uint64_t peer, uint64_t *stream)
{
    struct trade *t = trade_new(CLIENT, x, peer);

    if (t == NULL)
        return ERR_MEMORY;
    TRY(host_open(h, env, a, peer, a->protocols, t, stream)); /* frees t when it fails */
    t->stream = *stream;
    return OK;
}

enum err exchange_ask_on(struct host *h, const struct env *env, uint64_t stream,
                         struct span request, exchange_answered *answered, void *ctx)
{
    struct host_stream *s = host_stream(h, stream);
    struct trade *t = s == NULL ? NULL : s->state;

    if (t == NULL || t->side != CLIENT || t->state != IDLE || s->read_end)
        return ERR_NOT_FOUND;
    TRY(begin(h, env, t));
    t->request = blob_new(request);
    if (t->request == NULL) {
        host_reset(h, s);
        return ERR_MEMORY;
    }
    t->answered = answered;
    t->ctx = ctx;
    if (s->protocol != NULL) /* else when it is opened */
        exchange_opened(h, env, s);
    return OK;
}

static enum err write_framed(struct host *h, uint64_t stream, struct blob *body)
{
    uint8_t head[10];
    size_t len = varint_encode(body->len, head);

    return h->streams.write(h->streams.impl, stream, span_of(head, len), &body, 1);
}

static void finish(struct host *h, const struct env *env, struct trade *t, enum err err,
                   struct span answer)
{
    exchange_answered *answered = t->answered;

    t->answered = NULL;
    heap_remove(&h->exchanges->by_deadline, &t->due);
    turn(h, t, FINISHED);
    if (answered != NULL)
        answered(h, env, t->ctx, err, answer);
}

void exchange_opened(struct host *h, const struct env *env, struct host_stream *s)
{
    struct trade *t = s->state;

    if (t->request == NULL)
        return; /* it waits for one */
    if (write_framed(h, s->id, t->request) != OK) {
        finish(h, env, t, ERR_FULL, SPAN_EMPTY);
        host_reset(h, s);
        return;
    }
    blob_unref(t->request);
    t->request = NULL;
    host_close_write(h, s);
}

/* ---- server ---- */

void exchange_incoming(struct host *h, const struct env *env, struct host_stream *s,
                       const struct exchange *x)
{
    (void)env;
    struct trade *t = trade_new(SERVER, x, s->peer);

    if (t == NULL) {
        host_reset(h, s);
        return;
    }
    t->stream = s->id;
    s->state = t;
}

void exchange_answer(struct host *h, const struct env *env, uint64_t stream, struct span answer)
{
    struct host_stream *s = host_stream(h, stream);
    struct blob *body = blob_new(answer);

    if (s == NULL || body == NULL || write_framed(h, stream, body) != OK) {
        blob_unref(body);
        if (s != NULL)
            host_reset(h, s);
        return;
    }
    rates_count(h, ((struct trade *)s->state)->x->rate, false, body->len);
    blob_unref(body);
    if (linger(h, env, s->state))
        host_close_write(h, s);
    else
        host_reset(h, s);
}

/* Unfinished requests take memory for as long as their time-out: a bound for each peer and all. */
static enum err count_partial(struct host *h, struct trade *t, size_t now)
{
    struct host_peer *p = host_peer_mutable(h, t->peer);
    struct exchanges *all = h->exchanges;

    if (t->side != SERVER)
        return OK;
    all->partial += now - t->partial;
    if (p != NULL)
        p->exchanges_partial += now - t->partial;
    t->partial = now;
    return all->partial > HOST_EXCHANGES_PARTIAL_MAX ||
                   (p != NULL && p->exchanges_partial > HOST_EXCHANGES_PARTIAL_PEER_MAX)
               ? ERR_LIMIT
               : OK;
}

void exchange_silence(struct host *h, const struct env *env, uint64_t stream)
{
    struct host_stream *s = host_stream(h, stream);

    if (s != NULL && linger(h, env, s->state))
        host_close_write(h, s);
    else if (s != NULL)
        host_reset(h, s);
}

/* ---- both ---- */

static enum err take(struct host *h, const struct env *env, struct host_stream *s,
                     struct span bytes)
{
    struct trade *t = s->state;
    struct span message;

    if (t->state == FINISHED || t->state == SERVING)
        return OK; /* a second request on this stream: nobody sends one, nobody is answered */
    if (t->state == IDLE && t->side == CLIENT)
        return ERR_PROTOCOL; /* an answer to nothing */
    if (t->state == IDLE)
        TRY(begin(h, env, t));
    enum err err = frames_next(&t->frames, &bytes, &message);
    if (err == ERR_MORE)
        return count_partial(h, t, frames_pending(&t->frames));
    TRY(err);
    (void)count_partial(h, t, 0);
    if (t->side == CLIENT) {
        finish(h, env, t, OK, message);
        return linger(h, env, t) ? OK : ERR_MEMORY;
    }
    turn(h, t, SERVING);
    rates_count(h, t->x->rate, true, message.len);
    if (rates_allow(h, env, t->x->rate, s->peer))
        return t->x->serve(h, env, s, message);
    return t->x->refuse == NULL ? ERR_LIMIT : t->x->refuse(h, env, s, message);
}

void exchange_bytes(struct host *h, const struct env *env, struct host_stream *s, struct span bytes)
{
    uint64_t id = s->id;
    enum err err = take(h, env, s, bytes);

    if (err == OK || host_stream(h, id) == NULL)
        return;
    log_debug(env, "exchange", "reset protocol=%s peer=%llu err=%s", s->protocol,
              (unsigned long long)s->peer, err_name(err));
    finish(h, env, s->state, err, SPAN_EMPTY);
    host_reset(h, s);
}

void exchange_end(struct host *h, const struct env *env, struct host_stream *s)
{
    struct trade *t = s->state;

    if (t->side == CLIENT && t->state == IDLE)
        host_close_write(h, s); /* it does not want to wait for a request */
    else if (t->side == CLIENT && t->state != FINISHED)
        finish(h, env, t, ERR_CLOSED, SPAN_EMPTY);
    else if (t->side == SERVER && t->state == IDLE)
        host_close_write(h, s); /* nothing was asked */
    else if (t->side == SERVER && t->state == READING)
        host_reset(h, s); /* an end without a whole request */
}

void exchange_broken(struct host *h, const struct env *env, struct host_stream *s, enum err why)
{
    struct trade *t = s->state;

    if (t != NULL && t->side == CLIENT)
        finish(h, env, t, why, SPAN_EMPTY);
}

void exchange_ended(struct host *h, struct host_stream *s)
{
    struct trade *t = s->state;

    if (t == NULL)
        return;
    heap_remove(&h->exchanges->by_deadline, &t->due);
    turn(h, t, FINISHED);
    (void)count_partial(h, t, 0);
    blob_unref(t->request);
    frames_clear(&t->frames);
    free(t);
    s->state = NULL;
}

void exchange_tick(struct host *h, const struct env *env)
{
    struct heap_node *n;

    while ((n = heap_peek(&h->exchanges->by_deadline)) != NULL) {
        struct trade *t = CONTAINER_OF(n, struct trade, due);
        if (t->deadline.ns > env->now.ns)
            return;
        heap_remove(&h->exchanges->by_deadline, n);
        struct host_stream *s = host_stream(h, t->stream);
        finish(h, env, t, ERR_TIMEOUT, SPAN_EMPTY);
        if (s != NULL)
            host_reset(h, s);
    }
}

struct mono exchange_deadline(const struct host *h)
{
    const struct heap_node *n = heap_peek(&h->exchanges->by_deadline);

    return n == NULL ? MONO_NEVER : CONTAINER_OF(n, struct trade, due)->deadline;
}
