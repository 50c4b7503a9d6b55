/* A peer manager under test: peers by number, candidates in one line, outputs gathered. */
#pragma once

#include "net/peers/peers.h"
#include "net/wire/ip.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define KIT_OUTS 4096

struct kit {
    struct test_env t;
    struct env *env;
    struct peers_params params;
    struct peers *p;
    struct {
        enum peers_out_kind kind;
        uint32_t who; /* as in kit_id */
        uint64_t peer;
        size_t addrs;
        struct peers_shards shards;
        unsigned capabilities;
    } outs[KIT_OUTS];
    size_t outs_count;
};

static inline struct peer_id kit_id(uint32_t who)
{
    struct peer_id id = {.len = 34, .bytes = {0x12, 0x20}};
    memcpy(id.bytes + 2, &who, sizeof who);
    return id;
}

static inline uint32_t kit_who(const struct peer_id *id)
{
    uint32_t who;
    memcpy(&who, id->bytes + 2, sizeof who);
    return who;
}

/* 8.a.b.c from the 24 low bits: nobody shares it but who asks for it */
static inline struct multiaddr kit_addr(uint32_t ip, uint16_t port)
{
    struct multiaddr m = {.len = 0};
    uint8_t v4[4] = {8, (uint8_t)(ip >> 16), (uint8_t)(ip >> 8), (uint8_t)ip}, wide[16];
    ip_from_v4(v4, wide);
    assert_ok(multiaddr_add_endpoint(&m, wide, MULTIADDR_TCP, port));
    return m;
}

static inline void kit_begin(struct kit *k)
{
    static const uint16_t shards[] = {0, 1};
    if (k->env == NULL) {
        test_env_init(&k->t, 7);
        k->env = &k->t.env;
        peers_params_default(&k->params, 60, 50);
    }
    k->params.self = kit_id(0);
    k->params.cluster = 66;
    assert_ok(peers_new(&k->p, k->env, &k->params));
    peers_set_shards(k->p, k->env, shards, 2);
}

static inline void kit_end(struct kit *k)
{
    peers_free(k->p);
    test_env_clear(&k->t);
    k->env = NULL;
    k->outs_count = 0;
}

static inline void kit_poll(struct kit *k)
{
    struct peers_out out;
    while (peers_poll(k->p, &out)) {
        assert_true(k->outs_count < KIT_OUTS);
        k->outs[k->outs_count].kind = out.kind;
        k->outs[k->outs_count].who = kit_who(&out.id);
        k->outs[k->outs_count].peer = out.peer;
        k->outs[k->outs_count].addrs = out.count;
        k->outs[k->outs_count].shards = out.shards;
        k->outs[k->outs_count++].capabilities = out.capabilities;
    }
}

/* Let `ms` pass, ticking whenever it is due; the outputs of that time. */
static inline void kit_run(struct kit *k, int64_t ms)
{
    int64_t end = k->env->now.ns + ms * NS_PER_MS;
    k->outs_count = 0;
    for (;;) {
        int64_t due = peers_deadline(k->p).ns;
        if (due > end)
            break;
        if (due > k->env->now.ns)
            test_env_advance(&k->t, due - k->env->now.ns);
        peers_tick(k->p, k->env);
        kit_poll(k);
        assert_true(peers_deadline(k->p).ns > k->env->now.ns); /* no spinning */
    }
    test_env_advance(&k->t, end - k->env->now.ns);
}

static inline size_t kit_count(const struct kit *k, enum peers_out_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < k->outs_count; i++)
        n += k->outs[i].kind == kind;
    return n;
}

static inline bool kit_has(const struct kit *k, enum peers_out_kind kind, uint32_t who)
{
    for (size_t i = 0; i < k->outs_count; i++)
        if (k->outs[i].kind == kind && k->outs[i].who == who)
            return true;
    return false;
}

static inline struct peers_shards kit_shards(uint64_t low)
{
    return (struct peers_shards){{low}};
}

/* of peer `who`, at an address of its own, told by nobody in particular */
static inline enum err kit_tell(struct kit *k, uint32_t who, enum peers_source source)
{
    struct peer_id id = kit_id(who);
    struct multiaddr m = kit_addr(who, 60000);
    return peers_candidate(
        k->p, k->env,
        &(struct peers_candidate){.id = &id, .addrs = &m, .addrs_count = 1, .source = source});
}

/* the same, with shards (low 64 as bits) and capabilities */
static inline enum err kit_tell_of(struct kit *k, uint32_t who, uint64_t shards, unsigned can)
{
    struct peer_id id = kit_id(who);
    struct multiaddr m = kit_addr(who, 60000);
    struct peers_shards set = kit_shards(shards);
    return peers_candidate(k->p, k->env,
                           &(struct peers_candidate){.id = &id,
                                                     .addrs = &m,
                                                     .addrs_count = 1,
                                                     .source = PEERS_DISCV5,
                                                     .shards = &set,
                                                     .capabilities_known = true,
                                                     .capabilities = can});
}

static inline void kit_connect(struct kit *k, uint32_t who, bool outbound)
{
    struct peer_id id = kit_id(who);
    struct multiaddr m = kit_addr(who, outbound ? 60000 : 40000);
    peers_connected(k->p, k->env, &id, who, &m, outbound);
    if (outbound)
        peers_dialed(k->p, k->env, &id, OK);
}

static inline void kit_identify(struct kit *k, uint32_t who, uint64_t shards, unsigned can)
{
    struct peer_id id = kit_id(who);
    struct peers_shards set = kit_shards(shards);
    peers_identified(k->p, k->env, &id, can, &set);
}

static inline void kit_fail(struct kit *k, uint32_t who, enum err err)
{
    struct peer_id id = kit_id(who);
    peers_dialed(k->p, k->env, &id, err);
}

static inline void kit_lose(struct kit *k, uint32_t who, enum err err)
{
    struct peer_id id = kit_id(who);
    peers_disconnected(k->p, k->env, &id, err);
}

static inline bool kit_known(const struct kit *k, uint32_t who)
{
    struct peer_id id = kit_id(who);
    struct peers_view v;
    return peers_find(k->p, &id, &v);
}

/* Every dial of the last run succeeds, and is a relay of these shards. */
static inline void kit_accept(struct kit *k, uint64_t shards)
{
    size_t count = k->outs_count;
    for (size_t i = 0; i < count; i++)
        if (k->outs[i].kind == PEERS_OUT_DIAL) {
            kit_connect(k, k->outs[i].who, true);
            kit_identify(k, k->outs[i].who, shards, PEERS_CAN_RELAY);
        }
}
