/* Whole cores joined by links in memory and virtual time. Node i listens at 203.0.113.<i + 1>, port
 * 4000 + i. One behind a NAT thinks that it is at 192.168.0.<i + 1>; others see its dials come from
 * its public address, from its own port when it dials from that one, and reach it there only while
 * it dials them in the same way. Jobs run in place. */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/keyring/keyring.h"
#include "net/host/host.h"
#include "net/swarm/swarm.h"
#include "node/core/core.h"
#include "node/core/inside.h"
#include "tests/lib/testing.h"

#include <stdio.h>
#include <stdlib.h>

#define CL_NODES_MAX 8
#define CL_PIPES_MAX 128

struct cl_node {
    struct cl_world *world;
    size_t index;
    bool nat; /* dials to it are refused */
    struct keyring_host *key;
    struct core *core;
    struct port port;
    char addr[64], full[256];
    unsigned told[CORE_EVENT_PONG + 1];
    struct core_event said[CORE_EVENT_PONG + 1]; /* the last of each kind; its spans are dead */
    size_t dials;
};

struct cl_end {
    struct cl_node *node;
    uint64_t link;
    struct buf queue; /* on its way to this end */
    bool paused, closed, told, full;
    bool pending; /* incoming, or up, is to be told */
};

struct cl_pipe {
    bool used, refused;
    bool waits; /* at the NAT of `target`, for a dial the other way */
    bool both;  /* so it came: both ends dialed */
    bool listen_port;
    size_t target;
    struct cl_end end[2]; /* 0: dialer */
};

struct cl_world {
    struct test_env t;
    struct cl_node nodes[CL_NODES_MAX];
    size_t count;
    struct cl_pipe pipes[CL_PIPES_MAX];
    uint64_t next_incoming;
};

static inline struct cl_end *cl_find(struct cl_node *n, uint64_t link, struct cl_end **other)
{
    for (size_t i = 0; i < CL_PIPES_MAX; i++)
        for (int e = 0; n->world->pipes[i].used && e < 2; e++) {
            struct cl_end *end = &n->world->pipes[i].end[e];
            if (end->node == n && end->link == link && !end->closed) {
                *other = &n->world->pipes[i].end[1 - e];
                return end;
            }
        }
    return NULL;
}

/* A dial to a NAT waits there for one from behind it; then both are one link. */
static inline void cl_meet(struct cl_world *w, struct cl_pipe *p)
{
    for (size_t i = 0; i < CL_PIPES_MAX; i++) {
        struct cl_pipe *q = &w->pipes[i];
        if (q == p || !q->used || !q->waits || q->end[0].closed ||
            q->target != p->end[0].node->index || q->end[0].node->index != p->target)
            continue;
        q->waits = false;
        q->both = true;
        q->end[1].node = p->end[0].node;
        q->end[1].link = p->end[0].link;
        q->end[0].pending = q->end[1].pending = true;
        p->used = false;
        return;
    }
}

static inline void cl_dial(void *world, uint64_t link, const struct endpoint *to)
{
    struct cl_node *n = world;
    struct cl_world *w = n->world;
    size_t target = (size_t)to->port - 4000;

    n->dials++;
    for (size_t i = 0; i < CL_PIPES_MAX; i++) {
        struct cl_pipe *p = &w->pipes[i];
        if (p->used)
            continue;
        *p = (struct cl_pipe){.used = true};
        for (int e = 0; e < 2; e++)
            buf_init(&p->end[e].queue, SIZE_MAX);
        p->end[0].node = n;
        p->end[0].link = link;
        p->listen_port = to->listen_port;
        p->target = target;
        p->refused = target >= w->count || w->nodes[target].core == NULL ||
                     (w->nodes[target].nat && (!to->listen_port || to->ip[12] == 192));
        p->waits = !p->refused && w->nodes[target].nat;
        if (p->waits) {
            cl_meet(w, p);
            return;
        }
        if (!p->refused) {
            p->end[1].node = &w->nodes[target];
            p->end[1].link = w->next_incoming += 2;
        }
        p->end[0].pending = p->end[1].pending = true;
        return;
    }
    abort();
}

static inline size_t cl_write(void *world, uint64_t link, struct span bytes)
{
    struct cl_end *other = NULL, *end = cl_find(world, link, &other);

    assert_non_null(end);
    if (other->closed)
        return bytes.len;
    size_t room = 262144 - other->queue.len, take = bytes.len < room ? bytes.len : room;
    assert_ok(buf_append(&other->queue, span_sub(bytes, 0, take)));
    other->full = take < bytes.len;
    return take;
}

static inline void cl_pause(void *world, uint64_t link, bool paused)
{
    struct cl_end *other = NULL, *end = cl_find(world, link, &other);

    assert_non_null(end);
    end->paused = paused;
}

static inline void cl_close(void *world, uint64_t link, bool flush)
{
    struct cl_end *other = NULL, *end = cl_find(world, link, &other);

    assert_non_null(end);
    end->closed = true;
    if (!flush)
        buf_reset(&other->queue);
}

static inline void cl_resolve(void *world, uint64_t query, const char *name, int type)
{
    (void)world, (void)query, (void)name, (void)type;
}

static inline void cl_datagram(void *world, const struct endpoint *to, struct span bytes)
{
    (void)world, (void)to, (void)bytes;
}

static inline void cl_job(void *world, struct job *job)
{
    struct cl_node *n = world;

    job->run(job);
    core_job_done(n->core, &n->world->t.env, job);
}

static inline void cl_start(struct cl_world *w)
{
    test_env_init(&w->t, 11);
    w->next_incoming = 1;
}

static inline struct core_config cl_config(void)
{
    return (struct core_config){.agent_version = "test",
                                .cluster = 66,
                                .relay = true,
                                .message_bytes_max = 153600,
                                .store_queue_bytes = 1 << 20,
                                .store_page_max = 100,
                                .connections_max = 100,
                                .connections_per_ip = 100};
}

static inline struct cl_node *cl_add(struct cl_world *w, struct core_config config, bool nat)
{
    struct cl_node *n = &w->nodes[w->count];
    uint8_t secret[KEYRING_SECRET_BYTES] = {(uint8_t)(w->count + 1)};
    const char *listen[1] = {n->addr};

    *n = (struct cl_node){.world = w, .index = w->count++, .nat = nat};
    n->port =
        (struct port){n, cl_dial, cl_write, cl_pause, cl_close, cl_resolve, cl_datagram, cl_job};
    assert_ok(keyring_host_from_bytes(&n->key, KEYRING_HOST_SECP256K1, secret));
    snprintf(n->addr, sizeof n->addr, "/ip4/%s.%zu/tcp/%zu", nat ? "192.168.0" : "203.0.113",
             n->index + 1, 4000 + n->index);
    config.key = n->key;
    config.listen = listen;
    config.listen_count = 1;
    assert_ok(core_new(&n->core, &config, &w->t.env));
    snprintf(n->full, sizeof n->full, "%s/p2p/%s", n->addr, core_id(n->core));
    return n;
}

static inline void cl_pump(struct cl_node *n)
{
    struct core_event ev;
    bool more;
    int rounds = 0;

    do {
        assert_true(rounds++ < 100000);
        more = core_pump(n->core, &n->world->t.env, &n->port);
        while (core_poll(n->core, &ev)) {
            more = true;
            n->told[ev.kind]++;
            n->said[ev.kind] = ev;
        }
    } while (more);
    arena_reset(n->world->t.env.scratch);
}

static inline struct endpoint cl_endpoint(const struct cl_pipe *p, const struct cl_end *of)
{
    struct endpoint at = {.port = (uint16_t)(50000 + of->link % 10000)};
    uint8_t v4[4] = {203, 0, 113, (uint8_t)(of->node->index + 1)};

    at.ip[10] = at.ip[11] = 0xff;
    memcpy(at.ip + 12, v4, 4);
    if (p->listen_port)
        at.port = (uint16_t)(4000 + of->node->index);
    return at;
}

static inline bool cl_deliver(struct cl_world *w, struct cl_pipe *p, int e)
{
    struct cl_end *to = &p->end[e], *from = &p->end[1 - e];
    const struct env *env = &w->t.env;

    if (to->closed || to->node == NULL)
        return false;
    if (to->pending) {
        to->pending = false;
        struct endpoint at = {.port = 0};
        if (p->refused) {
            to->closed = from->closed = true;
            core_link_down(to->node->core, env, to->link, ERR_REFUSED);
        } else if (e == 1 && !p->both) {
            at = cl_endpoint(p, from);
            core_link_incoming(to->node->core, env, to->link, &at);
        } else {
            core_link_up(to->node->core, env, to->link);
        }
        return true;
    }
    if (to->queue.len > 0 && !to->paused) {
        core_bytes(to->node->core, env, to->link, buf_span(&to->queue));
        buf_reset(&to->queue);
        if (to->full && !from->closed)
            core_writable(from->node->core, env, from->link);
        to->full = false;
        return true;
    }
    if (from->closed && to->queue.len == 0 && !from->told) {
        from->told = to->closed = true;
        core_link_down(to->node->core, env, to->link, ERR_CLOSED);
        return true;
    }
    return false;
}

static inline void cl_settle(struct cl_world *w)
{
    bool moved = true;

    for (int round = 0; moved; round++) {
        assert_true(round < 1000000);
        moved = false;
        for (size_t i = 0; i < w->count; i++)
            cl_pump(&w->nodes[i]);
        for (size_t i = 0; i < CL_PIPES_MAX; i++) {
            struct cl_pipe *p = &w->pipes[i];
            if (!p->used)
                continue;
            moved |= cl_deliver(w, p, 1);
            moved |= cl_deliver(w, p, 0);
            if (p->end[0].closed && (p->end[1].closed || p->end[1].node == NULL)) {
                buf_clear(&p->end[0].queue);
                buf_clear(&p->end[1].queue);
                p->used = false;
            }
        }
    }
}

/** Let time pass, with ticks at the deadlines. */
static inline void cl_run(struct cl_world *w, int64_t ns)
{
    int64_t end = w->t.env.now.ns + ns;

    cl_settle(w);
    while (w->t.env.now.ns < end) {
        int64_t next = end;
        for (size_t i = 0; i < w->count; i++)
            if (core_deadline(w->nodes[i].core).ns < next)
                next = core_deadline(w->nodes[i].core).ns;
        test_env_advance(&w->t, next > w->t.env.now.ns ? next - w->t.env.now.ns : 1);
        for (size_t i = 0; i < w->count; i++)
            core_tick(w->nodes[i].core, &w->t.env);
        cl_settle(w);
    }
}

static inline void cl_stop(struct cl_world *w)
{
    for (size_t i = 0; i < w->count; i++) {
        core_free(w->nodes[i].core);
        keyring_host_free(w->nodes[i].key);
    }
    for (size_t i = 0; i < CL_PIPES_MAX; i++)
        for (int e = 0; e < 2; e++)
            buf_clear(&w->pipes[i].end[e].queue);
    test_env_clear(&w->t);
}

static inline void cl_connect(struct cl_node *from, const char *to)
{
    assert_ok(core_connect(from->core, &from->world->t.env, span_str(to), 1));
    cl_settle(from->world);
}

/** The number that `at` knows `of` by; 0: not connected. */
static inline uint64_t cl_peer(const struct cl_node *at, const struct cl_node *of)
{
    return swarm_find(core_swarm(at->core), &of->core->self);
}
