/* Swarms joined by links in memory and virtual time, for unit tests, fuzz targets and benches of
 * net/swarm. Node i listens at 10.0.0.<i + 1>, port 4000 + i. */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/reader.h"
#include "crypto/keyring/keyring.h"
#include "net/noise/noise.h"
#include "net/swarm/swarm.h"
#include "net/wire/multiaddr.h"
#include "net/wire/peer_id.h"
#include "tests/lib/testing.h"

#include <stdio.h>
#include <stdlib.h>

#define MEM_NODES_MAX  4
#define MEM_PIPES_MAX  1024
#define MEM_EVENTS_MAX 8192

struct mem_event { /* what a stream_event said, kept */
    enum stream_event_kind kind;
    uint64_t peer, stream;
    const char *protocol;
    enum err err;
    bool outbound;
};

struct mem_node {
    struct mem_world *world;
    size_t index;
    struct swarm *swarm;
    struct streams streams;
    struct port port;
    struct peer_id id;
    struct noise_self *self;
    struct mem_event events[MEM_EVENTS_MAX];
    size_t events_count;
    struct buf received; /* all stream bytes, when `keep` */
    uint64_t received_bytes;
    bool keep;
    bool deaf; /* dials to it hang */
    void (*on_event)(struct mem_node *n, const struct stream_event *ev);
    void *user;
    uint64_t resolves;
    uint64_t last_query;
    char last_name[300], last_host[300];
    int last_type;
};

struct mem_end {
    struct mem_node *node; /* NULL: a raw end that the test plays itself */
    uint64_t link;
    struct buf queue; /* on its way to this end */
    bool paused;
    bool full;   /* the writer was refused */
    bool closed; /* this end closed */
    bool told;   /* the other end heard of it */
    bool pending_incoming, pending_up;
};

struct mem_pipe {
    bool used;
    enum link_kind kind;
    struct mem_end end[2]; /* 0: dialer */
};

struct mem_world {
    struct test_env t;
    const struct aead *aead;
    struct mem_node nodes[MEM_NODES_MAX];
    size_t nodes_count;
    struct mem_pipe pipes[MEM_PIPES_MAX];
    uint64_t next_incoming;
    size_t pipe_bytes; /* capacity of a direction */
    size_t chunk;      /* bytes delivered at once; 0: all */
    bool partition;    /* nothing is delivered */
};

/* The identity of node `index`, the same in every run. */
static inline struct noise_self *mem_identity(struct mem_world *w, size_t index, struct peer_id *id)
{
    uint8_t secret[KEYRING_SECRET_BYTES] = {(uint8_t)(index + 1)};
    struct keyring_host *host;
    struct noise_self *self;

    assert_ok(keyring_host_from_bytes(&host, KEYRING_HOST_ED25519, secret));
    peer_id_from_key(keyring_host_public(host), id);
    assert_ok(noise_self_new(&self, &w->t.env, host, w->aead));
    keyring_host_free(host);
    return self;
}

static inline struct mem_pipe *mem_pipe_new(struct mem_world *w)
{
    for (size_t i = 0; i < MEM_PIPES_MAX; i++) {
        struct mem_pipe *p = &w->pipes[i];
        if (p->used)
            continue;
        *p = (struct mem_pipe){.used = true};
        buf_init(&p->end[0].queue, SIZE_MAX);
        buf_init(&p->end[1].queue, SIZE_MAX);
        return p;
    }
    abort();
}

static inline struct mem_end *mem_end_of(struct mem_node *n, uint64_t link, struct mem_end **other)
{
    for (size_t i = 0; i < MEM_PIPES_MAX; i++) {
        for (int e = 0; n->world->pipes[i].used && e < 2; e++) {
            struct mem_end *end = &n->world->pipes[i].end[e];
            if (end->node == n && end->link == link && !end->closed) {
                *other = &n->world->pipes[i].end[1 - e];
                return end;
            }
        }
    }
    return NULL;
}

static inline struct endpoint mem_endpoint(size_t index)
{
    struct endpoint at = {.port = (uint16_t)(4000 + index), .kind = LINK_TCP};

    memcpy(at.ip,
           (uint8_t[]){0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, (uint8_t)(index + 1)},
           16);
    return at;
}

static inline void mem_dial(void *world, uint64_t link, const struct endpoint *to)
{
    struct mem_node *n = world;
    struct mem_world *w = n->world;
    struct mem_pipe *p = mem_pipe_new(w);
    size_t target = (size_t)(to->port - 4000);

    p->kind = to->kind;
    p->end[0].node = n;
    p->end[0].link = link;
    snprintf(n->last_host, sizeof n->last_host, "%s", to->host == NULL ? "" : to->host);
    if (target < w->nodes_count && w->nodes[target].deaf)
        return;
    if (target >= w->nodes_count || w->nodes[target].swarm == NULL) {
        p->end[1].closed = true;
        return;
    }
    p->end[1].node = &w->nodes[target];
    p->end[1].link = w->next_incoming += 2;
    p->end[0].pending_up = p->end[1].pending_incoming = true;
}

static inline size_t mem_write(void *world, uint64_t link, struct span bytes)
{
    struct mem_node *n = world;
    struct mem_end *other = NULL, *end = mem_end_of(n, link, &other);

    assert_non_null(end); /* a write to a dead link is a bug of the swarm */
    if (other->closed)
        return bytes.len;
    size_t room = n->world->pipe_bytes - other->queue.len;
    size_t take = bytes.len < room ? bytes.len : room;
    assert_ok(buf_append(&other->queue, span_sub(bytes, 0, take)));
    other->full = take < bytes.len;
    return take;
}

static inline void mem_pause(void *world, uint64_t link, bool paused)
{
    struct mem_end *other = NULL, *end = mem_end_of(world, link, &other);

    assert_non_null(end);
    end->paused = paused;
}

static inline void mem_close(void *world, uint64_t link, bool flush)
{
    struct mem_end *other = NULL, *end = mem_end_of(world, link, &other);

    assert_non_null(end);
    end->closed = true;
    if (!flush)
        buf_clear(&other->queue);
}

static inline void mem_resolve(void *world, uint64_t query, const char *name, int type)
{
    struct mem_node *n = world;

    n->resolves++;
    n->last_query = query;
    n->last_type = type;
    snprintf(n->last_name, sizeof n->last_name, "%s", name);
}

static inline void mem_start(struct mem_world *w, uint64_t seed)
{
    test_env_init(&w->t, seed);
    w->aead = &aead_null; /* ciphers are tested elsewhere */
    w->pipe_bytes = 262144;
    w->next_incoming = 1;
}

static inline struct mem_node *mem_node_new(struct mem_world *w, const struct swarm_params *params)
{
    struct mem_node *n = &w->nodes[w->nodes_count];
    struct swarm_params defaults = SWARM_PARAMS_DEFAULT;

    n->world = w;
    n->index = w->nodes_count++;
    n->self = mem_identity(w, n->index, &n->id);
    n->port = (struct port){.world = n,
                            .dial = mem_dial,
                            .write = mem_write,
                            .pause = mem_pause,
                            .close = mem_close,
                            .resolve = mem_resolve};
    buf_init(&n->received, SIZE_MAX);
    assert_ok(
        swarm_new(&n->swarm, &w->t.env, params == NULL ? &defaults : params, n->self, &n->id));
    swarm_streams(n->swarm, &n->streams);
    return n;
}

static inline void mem_on_event(struct mem_node *n, const struct stream_event *ev)
{
    if (n->events_count < MEM_EVENTS_MAX)
        n->events[n->events_count++] =
            (struct mem_event){ev->kind, ev->peer, ev->stream, ev->protocol, ev->err, ev->outbound};
    if (ev->kind == STREAM_BYTES) {
        n->received_bytes += ev->bytes.len;
        if (n->keep)
            assert_ok(buf_append(&n->received, ev->bytes));
    }
    if (n->on_event != NULL)
        n->on_event(n, ev);
}

/* Poll and pump until a swarm has nothing more to do at once. */
static inline void mem_pump(struct mem_node *n)
{
    struct stream_event ev;
    bool more = n->swarm != NULL;

    for (int round = 0; more; round++) {
        assert_true(round < 100000); /* it must come to rest */
        while (n->streams.poll(n->swarm, &n->world->t.env, &ev))
            mem_on_event(n, &ev);
        more = swarm_pump(n->swarm, &n->world->t.env, &n->port);
    }
}

static inline bool mem_deliver(struct mem_world *w, struct mem_pipe *p, struct mem_end *to,
                               struct mem_end *from)
{
    struct swarm *s = to->node == NULL ? NULL : to->node->swarm;

    if (to->closed || s == NULL)
        return false;
    if (to->pending_incoming || to->pending_up) {
        struct endpoint at = mem_endpoint(from->node == NULL ? 200 : from->node->index);
        at.port = 50000;
        at.kind = p->kind;
        if (to->pending_incoming)
            swarm_link_incoming(s, &w->t.env, to->link, &at);
        else
            swarm_link_up(s, &w->t.env, to->link);
        to->pending_incoming = to->pending_up = false;
        return true;
    }
    if (to->queue.len > 0 && !to->paused) {
        size_t n = w->chunk > 0 && w->chunk < to->queue.len ? w->chunk : to->queue.len;
        swarm_bytes(s, &w->t.env, to->link, span_of(to->queue.ptr, n));
        buf_drop(&to->queue, n);
        if (to->full && from->node != NULL && !from->closed) {
            to->full = false;
            swarm_writable(from->node->swarm, &w->t.env, from->link);
        }
        return true;
    }
    if (from->closed && to->queue.len == 0 && !from->told) {
        from->told = true;
        to->closed = true;
        swarm_link_down(s, &w->t.env, to->link, ERR_CLOSED);
        return true;
    }
    return false;
}

/* One round: deliver what waits on every link, then pump every node. False: all is at rest. */
static inline bool mem_step(struct mem_world *w)
{
    bool moved = false;

    for (size_t i = 0; i < w->nodes_count; i++)
        mem_pump(&w->nodes[i]);
    for (size_t i = 0; i < MEM_PIPES_MAX && !w->partition; i++) {
        struct mem_pipe *p = &w->pipes[i];
        if (!p->used)
            continue;
        moved |= mem_deliver(w, p, &p->end[1], &p->end[0]);
        moved |= mem_deliver(w, p, &p->end[0], &p->end[1]);
        if (p->end[0].closed && p->end[1].closed) {
            buf_clear(&p->end[0].queue);
            buf_clear(&p->end[1].queue);
            p->used = false;
        }
    }
    for (size_t i = 0; i < w->nodes_count; i++)
        mem_pump(&w->nodes[i]);
    return moved;
}

static inline void mem_settle(struct mem_world *w)
{
    for (int i = 0; mem_step(w); i++)
        assert_true(i < 1000000);
}

/* Let time pass, with ticks at the deadlines. */
static inline void mem_run(struct mem_world *w, int64_t ns)
{
    int64_t end = w->t.env.now.ns + ns;

    mem_settle(w);
    while (w->t.env.now.ns < end) {
        int64_t next = end;
        for (size_t i = 0; i < w->nodes_count; i++)
            if (w->nodes[i].swarm != NULL && swarm_deadline(w->nodes[i].swarm).ns < next)
                next = swarm_deadline(w->nodes[i].swarm).ns;
        test_env_advance(&w->t, next > w->t.env.now.ns ? next - w->t.env.now.ns : 1);
        for (size_t i = 0; i < w->nodes_count; i++)
            if (w->nodes[i].swarm != NULL)
                swarm_tick(w->nodes[i].swarm, &w->t.env);
        mem_settle(w);
    }
}

static inline void mem_stop(struct mem_world *w)
{
    for (size_t i = 0; i < w->nodes_count; i++) {
        swarm_free(w->nodes[i].swarm);
        noise_self_free(w->nodes[i].self);
        buf_clear(&w->nodes[i].received);
    }
    for (size_t i = 0; i < MEM_PIPES_MAX; i++) {
        buf_clear(&w->pipes[i].end[0].queue);
        buf_clear(&w->pipes[i].end[1].queue);
    }
    test_env_clear(&w->t);
}

static inline struct multiaddr mem_addr(const struct mem_node *to, bool with_peer)
{
    struct multiaddr m = {0};
    struct endpoint at = mem_endpoint(to->index);

    assert_ok(multiaddr_add_endpoint(&m, at.ip, MULTIADDR_TCP, at.port));
    if (with_peer)
        assert_ok(multiaddr_add_peer(&m, &to->id));
    return m;
}

static inline uint64_t mem_dial_node(struct mem_node *from, const struct mem_node *to)
{
    struct multiaddr m = mem_addr(to, true);
    uint64_t dial = 0;

    assert_ok(swarm_dial(from->swarm, &from->world->t.env, NULL, &m, 1, 0, &dial));
    return dial;
}

/* How many events of a kind a node was told. */
static inline size_t mem_count(const struct mem_node *n, enum stream_event_kind kind)
{
    size_t found = 0;

    for (size_t i = 0; i < n->events_count; i++)
        found += n->events[i].kind == kind;
    return found;
}

/* The last event of a kind, NULL: none. */
static inline const struct mem_event *mem_last(const struct mem_node *n,
                                               enum stream_event_kind kind)
{
    for (size_t i = n->events_count; i > 0; i--)
        if (n->events[i - 1].kind == kind)
            return &n->events[i - 1];
    return NULL;
}

static inline enum err mem_send(struct mem_node *n, uint64_t stream, struct span bytes)
{
    struct blob *b = blob_new(bytes);

    assert_non_null(b);
    enum err err = n->streams.write(n->swarm, stream, SPAN_EMPTY, &b, 1);
    blob_unref(b);
    return err;
}
