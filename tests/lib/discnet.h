/* Many discv5 engines on one virtual network: datagrams are delayed and lost as asked. */
#pragma once

#include "net/discovery/inside.h"
#include "net/discovery/record.h"
#include "net/wire/ip.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define NET_NODES_MAX 80u
#ifndef NET_PACKETS_MAX
#define NET_PACKETS_MAX 65536u
#endif
#define NET_DELAY_NS (20 * NS_PER_MS)

struct net_packet {
    struct udp_addr from, to;
    struct blob *bytes;
    struct mono at;
};

struct net_node {
    struct discv5 *d;
    struct keyring_host *key;
    struct udp_addr addr;
    struct enr_content content;
    struct enr record;
    uint16_t shard;
    size_t found;
    uint8_t found_ids[NET_NODES_MAX][ENR_ID_BYTES];
    struct udp_addr endpoint; /* told by DISCV5_OUT_ENDPOINT */
    bool down;
};

struct net {
    struct test_env t;
    struct net_node nodes[NET_NODES_MAX];
    size_t count;
    struct net_packet *packets; /* unordered */
    size_t flying;
    unsigned loss_percent;
    uint64_t sent, bytes;
    /* sees every datagram that is sent; may be NULL */
    void (*tap)(struct net *n, const struct net_packet *p);
    void *tap_state;
};

static inline void net_init(struct net *n, uint64_t seed)
{
    *n = (struct net){0};
    test_env_init(&n->t, seed);
    n->packets = calloc(NET_PACKETS_MAX, sizeof *n->packets);
    assert_non_null(n->packets);
}

static inline void net_clear(struct net *n)
{
    for (size_t i = 0; i < n->count; i++) {
        discv5_free(n->nodes[i].d);
        keyring_host_free(n->nodes[i].key);
    }
    while (n->flying > 0)
        blob_unref(n->packets[--n->flying].bytes);
    free(n->packets);
    test_env_clear(&n->t);
}

static inline struct udp_addr net_addr(unsigned a, unsigned b, unsigned c, unsigned d,
                                       uint16_t port)
{
    struct udp_addr addr = {.port = port};
    ip_from_v4((const uint8_t[]){(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d}, addr.ip);
    return addr;
}

static inline void net_sign(struct net_node *node)
{
    node->content.has_ip4 = node->addr.port != 0;
    memcpy(node->content.ip4, node->addr.ip, 16);
    node->content.udp = node->addr.port;
    node->content.tcp = 60000;
    node->content.offers = ENR_RELAY;
    node->content.sharded = true;
    node->content.cluster = 66;
    node->content.shards = &node->shard;
    node->content.shards_count = 1;
    assert_ok(record_sign(node->key, &node->content, &node->record));
}

/* The record says what `content` was changed to, whatever is true. */
static inline void net_lie(struct net_node *node)
{
    assert_ok(record_sign(node->key, &node->content, &node->record));
    discv5_set_self(node->d, &node->record);
}

/* Params to change before net_add. */
static inline struct discv5_params net_params(void)
{
    return (struct discv5_params){.protocol = DISCV5_PROTOCOL_WAKU, .cluster = 66};
}

static inline struct net_node *net_add(struct net *n, struct discv5_params params,
                                       struct udp_addr addr)
{
    struct net_node *node = &n->nodes[n->count++];
    assert_true(n->count <= NET_NODES_MAX);
    node->addr = addr;
    assert_ok(keyring_host_new(&node->key, &n->t.rng, KEYRING_HOST_SECP256K1));
    node->content.seq = 1;
    net_sign(node);
    params.key = node->key;
    assert_ok(discv5_new(&node->d, &n->t.env, &params, &node->record));
    return node;
}

/* At 10.x.y.z: neighbours, so that records are handed on. */
static inline struct net_node *net_add_next(struct net *n)
{
    unsigned i = (unsigned)n->count + 1;
    return net_add(n, net_params(), net_addr(192, i / 200, i % 200, 1, 9000));
}

static inline void net_post(struct net *n, const struct udp_addr *from, const struct udp_addr *to,
                            struct span bytes)
{
    struct net_packet p = {
        *from, *to, blob_new(bytes),
        mono_add(n->t.env.now, NET_DELAY_NS + (int64_t)rng_below(&n->t.rng, NS_PER_MS))};
    n->sent++;
    n->bytes += bytes.len;
    if (n->tap != NULL)
        n->tap(n, &p);
    if (n->flying == NET_PACKETS_MAX || rng_below(&n->t.rng, 100) < n->loss_percent)
        blob_unref(p.bytes);
    else
        n->packets[n->flying++] = p;
}

static inline void net_outputs(struct net *n, struct net_node *node)
{
    struct discv5_out out;
    while (discv5_poll(node->d, &out))
        switch (out.kind) {
        case DISCV5_OUT_DATAGRAM:
            assert_true(out.bytes.len >= DISCV5_PACKET_MIN && out.bytes.len <= DISCV5_PACKET_MAX);
            if (!node->down)
                net_post(n, &node->addr, &out.to, out.bytes);
            break;
        case DISCV5_OUT_FOUND:
            if (node->found < NET_NODES_MAX)
                memcpy(node->found_ids[node->found++], out.enr->node_id, ENR_ID_BYTES);
            break;
        case DISCV5_OUT_ENDPOINT:
            node->endpoint = out.to;
            break;
        }
}

static inline void net_deliver(struct net *n, const struct net_packet *p)
{
    for (size_t i = 0; i < n->count; i++) {
        struct net_node *node = &n->nodes[i];
        if (!udp_addr_eq(&node->addr, &p->to) || node->down)
            continue;
        discv5_datagram(node->d, &n->t.env, &p->from, blob_span(p->bytes));
        net_outputs(n, node);
    }
}

/* Let virtual time pass; every engine is ticked when it wants to be, rounded up to 5 ms. */
static inline void net_run(struct net *n, int64_t ns)
{
    struct mono end = mono_add(n->t.env.now, ns);
    while (n->t.env.now.ns < end.ns) {
        test_env_advance(&n->t, 5 * NS_PER_MS);
        for (size_t i = 0; i < n->flying;) {
            struct net_packet p = n->packets[i];
            if (p.at.ns > n->t.env.now.ns) {
                i++;
                continue;
            }
            n->packets[i] = n->packets[--n->flying];
            net_deliver(n, &p);
            blob_unref(p.bytes);
        }
        for (size_t i = 0; i < n->count; i++) {
            struct net_node *node = &n->nodes[i];
            if (node->down || discv5_deadline(node->d).ns > n->t.env.now.ns)
                continue;
            discv5_tick(node->d, &n->t.env);
            net_outputs(n, node);
        }
    }
}

static inline bool net_has_found(const struct net_node *a, const struct net_node *b)
{
    for (size_t i = 0; i < a->found; i++)
        if (memcmp(a->found_ids[i], b->record.node_id, ENR_ID_BYTES) == 0)
            return true;
    return false;
}
