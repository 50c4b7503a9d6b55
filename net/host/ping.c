/* Ping, both ends: echoes on incoming streams, PING_STREAMS_IN_MAX of a peer; a stream of our own
 * for each host_ping, one at a time with a peer. */
#include "net/ping/ping.h"

#include "net/host/adapter.h"

#include <stdlib.h>

struct asker { /* our pings of one peer; state of the outbound stream */
    struct ping engine;
    uint64_t peer, stream; /* stream 0: not open yet */
    uint64_t ticket;       /* of a user who waits for the next pong; 0: none */
    bool open;
    struct asker *next;
};

struct echoer { /* state of an inbound stream */
    struct ping_echo echo;
    struct buf out; /* not written yet: the stream is full */
    bool full;
};

struct ping_adapter {
    struct asker *askers;
};

static struct asker *asker_of(const struct host *h, uint64_t peer)
{
    struct asker *a = h->ping->askers;

    while (a != NULL && a->peer != peer)
        a = a->next;
    return a;
}

static void answer(struct host *h, const struct env *env, struct asker *a, enum err err,
                   int64_t rtt_ns)
{
    struct host_peer *p = host_peer_mutable(h, a->peer);

    if (p != NULL && err == OK)
        p->ping_ns = rtt_ns;
    if (a->ticket == 0)
        return;
    host_emit(h, env,
              &(struct host_out_slot){.out = {.kind = HOST_OUT_PONG,
                                              .peer = a->peer,
                                              .ticket = a->ticket,
                                              .err = err,
                                              .round_trip_ns = rtt_ns}});
    a->ticket = 0;
}

/* ---- asking ---- */

static bool write_ping(struct host *h, struct asker *a, struct span payload)
{
    struct blob *b = blob_new(payload);
    bool good = b != NULL && h->streams.write(h->streams.impl, a->stream, SPAN_EMPTY, &b, 1) == OK;

    blob_unref(b);
    return good;
}

/* False: the stream was reset and the asker is freed. */
static bool take_outputs(struct host *h, const struct env *env, struct asker *a)
{
    struct ping_out out;

    while (ping_poll(&a->engine, &out)) {
        if (out.kind == PING_OUT_PONG) {
            answer(h, env, a, OK, out.rtt_ns);
            continue;
        }
        if (out.kind == PING_OUT_SEND && write_ping(h, a, out.send))
            continue;
        answer(h, env, a, ERR_TIMEOUT, 0);
        host_reset(h, host_stream(h, a->stream));
        return false;
    }
    return true;
}

enum err host_ping(struct host *h, const struct env *env, uint64_t peer, uint64_t ticket)
{
    struct asker *a = asker_of(h, peer);
    uint64_t stream;

    host_stir(h);
    if (host_peer(h, peer) == NULL)
        return ERR_NOT_FOUND;
    if (a != NULL)
        return ERR_BUSY;
    a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_MEMORY;
    a->peer = peer;
    a->ticket = ticket;
    a->next = h->ping->askers;
    h->ping->askers = a;
    TRY(host_open(h, env, &adapter_ping, peer, adapter_ping.protocols, a, &stream));
    a->stream = stream;
    return OK;
}

/* ---- echoing ---- */

static void echo_out(struct host *h, struct host_stream *s, struct echoer *e)
{
    struct blob *b = e->out.len == 0 ? NULL : blob_new(buf_span(&e->out));

    if (b == NULL)
        return;
    if (h->streams.write(h->streams.impl, s->id, SPAN_EMPTY, &b, 1) == OK)
        buf_reset(&e->out);
    blob_unref(b);
    bool full = e->out.len > 0;
    if (full != e->full) { /* who does not read our echoes is not read either */
        e->full = full;
        h->streams.pause(h->streams.impl, s->id, full);
    }
}

static void echo(struct host *h, struct host_stream *s, struct span in)
{
    struct echoer *e = s->state;
    size_t used;

    while (in.len > 0) {
        enum err err = ping_echo_feed(&e->echo, in, &used, &e->out);
        in = span_after(in, used);
        echo_out(h, s, e);
        if (err != OK && (err != ERR_FULL || e->out.len > 0)) {
            host_reset(h, s);
            return;
        }
    }
}

/* ---- streams ---- */

static void opened(struct host *h, const struct env *env, struct host_stream *s)
{
    struct asker *a = s->state;

    a->open = true;
    ping_init(&a->engine, env, HOST_PING_INTERVAL_MS * NS_PER_MS, HOST_PING_TIMEOUT_MS * NS_PER_MS);
    ping_tick(&a->engine, env);
    take_outputs(h, env, a);
}

static void incoming(struct host *h, const struct env *env, struct host_stream *s)
{
    struct host_peer *p = host_peer_mutable(h, s->peer);
    struct echoer *e =
        p == NULL || p->pings_in >= PING_STREAMS_IN_MAX ? NULL : calloc(1, sizeof *e);
    (void)env;

    if (e == NULL) {
        host_reset(h, s);
        return;
    }
    p->pings_in++;
    buf_init(&e->out, HOST_PING_ECHO_BYTES_MAX);
    s->state = e;
}

static void bytes(struct host *h, const struct env *env, struct host_stream *s, struct span in)
{
    if (!s->outbound) {
        echo(h, s, in);
        return;
    }
    struct asker *a = s->state;
    if (ping_feed(&a->engine, env, in) != OK) {
        answer(h, env, a, ERR_PROTOCOL, 0);
        host_reset(h, s);
        return;
    }
    if (take_outputs(h, env, a))
        host_reset(h, s); /* one pong was asked for */
}

static void end(struct host *h, const struct env *env, struct host_stream *s)
{
    if (s->outbound)
        answer(h, env, s->state, ERR_CLOSED, 0);
    host_close_write(h, s);
}

static void writable(struct host *h, const struct env *env, struct host_stream *s)
{
    (void)env;
    if (!s->outbound)
        echo_out(h, s, s->state);
}

static void broken(struct host *h, const struct env *env, struct host_stream *s, enum err why)
{
    if (s->outbound && s->state != NULL)
        answer(h, env, s->state, why, 0);
}

static void unlist(struct host *h, struct asker *a)
{
    struct asker **at = &h->ping->askers;

    while (*at != NULL && *at != a)
        at = &(*at)->next;
    if (*at != NULL)
        *at = a->next;
}

static void ended(struct host *h, struct host_stream *s)
{
    struct host_peer *p = host_peer_mutable(h, s->peer);

    if (s->outbound && s->state != NULL && h->ping != NULL)
        unlist(h, s->state);
    else if (!s->outbound && s->state != NULL) {
        buf_clear(&((struct echoer *)s->state)->out);
        if (p != NULL)
            p->pings_in--;
    }
    free(s->state);
    s->state = NULL;
}

static void tick(struct host *h, const struct env *env)
{
    for (struct asker *a = h->ping->askers, *next; a != NULL; a = next) {
        next = a->next;
        if (!a->open)
            continue;
        ping_tick(&a->engine, env);
        take_outputs(h, env, a);
    }
}

static struct mono deadline(const struct host *h)
{
    struct mono due = MONO_NEVER;

    for (const struct asker *a = h->ping->askers; a != NULL; a = a->next)
        if (a->open)
            due = mono_min(due, ping_deadline(&a->engine));
    return due;
}

static const char *const protocols[] = {PING_PROTOCOL, NULL};

const struct adapter adapter_ping = {
    .protocols = protocols,
    .limited_ok = true,
    .opened = opened,
    .incoming = incoming,
    .bytes = bytes,
    .end = end,
    .writable = writable,
    .broken = broken,
    .ended = ended,
    .tick = tick,
    .deadline = deadline,
};

enum err ping_adapter_new(struct host *h, const struct env *env)
{
    (void)env;
    h->ping = calloc(1, sizeof *h->ping);
    return h->ping == NULL ? ERR_MEMORY : OK;
}

void ping_adapter_free(struct host *h)
{
    free(h->ping); /* its askers went with their streams */
    h->ping = NULL;
}
