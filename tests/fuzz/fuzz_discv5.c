/* Three engines whose datagrams the fuzzer carries: it delivers, drops, doubles, damages and
 * redirects them, says what sessions would never say, and moves the clock. Whatever happens: no
 * leak, no bound passed, no datagram of a wrong size. */
#define NET_PACKETS_MAX 1024u
#include "tests/lib/discnet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define OPS_MAX 120u

static void hold_bounds(const struct net *n)
{
    for (size_t i = 0; i < n->count; i++) {
        size_t challenges, proven;
        assert(discv5_sessions(n->nodes[i].d, &challenges) <= DISCV5_SESSIONS_MAX);
        assert(challenges <= DISCV5_CHALLENGES_MAX);
        assert(discv5_nodes(n->nodes[i].d, &proven) <= DISCV5_BUCKETS * DISCV5_BUCKET_NODES);
        assert(proven <= discv5_nodes(n->nodes[i].d, NULL));
    }
}

static void deliver(struct net *n, uint8_t how, uint8_t arg)
{
    if (n->flying == 0)
        return;
    size_t at = arg % n->flying;
    struct net_packet p = n->packets[at];
    uint8_t bytes[DISCV5_PACKET_MAX];
    size_t len = p.bytes->len;
    memcpy(bytes, p.bytes->bytes, len);
    struct net_packet other = p;
    if (how % 4 != 1) /* 1: it comes twice */
        n->packets[at] = n->packets[--n->flying];
    if (how % 4 == 2)
        bytes[arg * 7u % len] ^= (uint8_t)(1u << how / 4 % 8);
    if (how % 4 == 3)
        other.from = n->nodes[how / 4 % n->count].addr;
    other.bytes = blob_new(span_of(bytes, len));
    net_deliver(n, &other);
    blob_unref(other.bytes);
    if (how % 4 != 1)
        blob_unref(p.bytes);
}

/* A message out of the input, as if a session had opened it. */
static void say(struct net *n, uint8_t who, struct span plain)
{
    struct net_node *a = &n->nodes[who % n->count], *b = &n->nodes[(who + 1u) % n->count];
    struct kept_key key = kept_key_of(b->record.node_id, &b->addr);
    struct session *s = kept_get(&a->d->sessions, &key);
    if (s == NULL)
        return;
    serving_message(a->d, &n->t.env, s, b->record.node_id, &b->addr, plain);
    net_outputs(n, a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct net n;
    net_init(&n, 1);
    for (size_t i = 0; i < 3; i++)
        net_add_next(&n);
    for (size_t i = 1; i < 3; i++)
        (void)!discv5_bootstrap(n.nodes[i].d, &n.nodes[0].record);
    for (size_t i = 0, ops = 0; i + 2 < len && ops < OPS_MAX; ops++) {
        uint8_t op = data[i], arg = data[i + 1], how = data[i + 2];
        i += 3;
        switch (op % 5) {
        case 0:
        case 1:
            deliver(&n, how, arg);
            break;
        case 2: {
            size_t take = arg < len - i ? arg : len - i;
            say(&n, how, span_of(data + i, take));
            i += take;
            break;
        }
        case 3:
            test_env_advance(&n.t, (1 + arg) * 10 * NS_PER_MS);
            for (size_t k = 0; k < n.count; k++) {
                discv5_tick(n.nodes[k].d, &n.t.env);
                net_outputs(&n, &n.nodes[k]);
            }
            break;
        case 4:
            net_run(&n, (int64_t)(arg % 32) * 5 * NS_PER_MS);
            break;
        }
        hold_bounds(&n);
    }
    net_clear(&n);
    return 0;
}
