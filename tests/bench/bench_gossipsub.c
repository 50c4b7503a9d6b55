/* What the router itself costs: one peer sends 1 KB messages in RPCs of 32, N peers in the mesh get
 * each. Everything is counted from the RPC's bytes to the parts of outgoing RPCs, the SHA-256 of
 * the message id included. One JSON line a figure. */
#include "net/gossipsub/gossipsub.h"
#include "net/gossipsub/rpc.h"
#include "net/wire/peer_id.h"
#include "tests/lib/testing.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TOPIC SPAN_LIT("/waku/2/rs/66/0")
#define RUNS  5u

static int64_t clock_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static struct peer_id id_of(uint64_t n)
{
    struct peer_id id = {.len = 36, .bytes = {0x00, 0x22, (uint8_t)n}};
    return id;
}

static void make_batch(uint8_t *data, size_t len, uint32_t first, uint32_t count, struct buf *out)
{
    buf_reset(out);
    for (uint32_t i = 0; i < count; i++) {
        struct span at;
        uint32_t serial = first + i;
        memcpy(data, &serial, sizeof serial);
        struct blob *b = rpc_encode_message(TOPIC, span_of(data, len), &at);
        if (b == NULL || buf_append(out, blob_span(b)) != OK)
            abort();
        blob_unref(b);
    }
}

static void join(struct gossipsub *g, struct test_env *t, uint32_t peers)
{
    static const uint8_t subscribe_and_graft[] = "\x0a\x13\x08\x01\x12\x0f/waku/2/rs/66/0"
                                                 "\x1a\x13\x1a\x11\x0a\x0f/waku/2/rs/66/0";
    if (gossipsub_subscribe(g, &t->env, TOPIC) != OK)
        abort();
    for (uint64_t i = 0; i <= peers; i++) {
        struct peer_id id = id_of(i);
        if (gossipsub_peer_up(g, &t->env, i + 1, &id, "/vac/waku/relay/2.0.0", true, SPAN_EMPTY) !=
                OK ||
            gossipsub_rpc(g, &t->env, i + 1,
                          span_of(subscribe_and_graft, sizeof subscribe_and_graft - 1)) != OK)
            abort();
    }
}

static uint64_t drain(struct gossipsub *g, struct test_env *t)
{
    struct gossipsub_rpc_out rpc;
    struct gossipsub_out out;
    uint64_t sent = 0;

    while (gossipsub_poll(g, &out)) {
        if (out.kind == GOSSIPSUB_OUT_MESSAGE)
            gossipsub_verdict(g, &t->env, out.ticket, GOSSIPSUB_ACCEPT);
        while (out.kind == GOSSIPSUB_OUT_READY &&
               gossipsub_next_rpc(g, &t->env, out.peer, 1u << 20, &rpc))
            sent += rpc.bytes;
    }
    return sent;
}

/* ns per message */
static double run(uint32_t peers, size_t len, uint32_t batches)
{
    struct gossipsub_params p = gossipsub_params_default();
    struct test_env t;
    uint8_t *data = calloc(1, len);
    uint32_t count = len > 32768 ? 4 : 32; /* messages in an RPC */
    struct buf batch = BUF_INIT((len + 64) * count);
    int64_t spent = 0;

    test_env_init(&t, 1);
    struct gossipsub *g = gossipsub_new(&p, &t.env);
    if (g == NULL || data == NULL)
        abort();
    join(g, &t, peers);
    drain(g, &t);
    for (uint32_t i = 0; i < batches; i++) {
        make_batch(data, len, i * count, count, &batch);
        int64_t begin = clock_ns();
        if (gossipsub_rpc(g, &t.env, 1, buf_span(&batch)) != OK)
            abort();
        drain(g, &t);
        test_env_advance(&t, NS_PER_MS / 2); /* 64,000 messages a second */
        gossipsub_tick(g, &t.env);
        spent += clock_ns() - begin;
        arena_reset(t.env.scratch);
    }
    if (gossipsub_counts(g)->sent_messages != (uint64_t)peers * batches * count)
        abort();
    gossipsub_free(g);
    buf_clear(&batch);
    free(data);
    test_env_clear(&t);
    return (double)spent / ((double)batches * count);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void figure(const char *metric, uint32_t peers, size_t len, uint32_t batches)
{
    double v[RUNS];

    for (size_t i = 0; i < RUNS; i++)
        v[i] = run(peers, len, batches);
    qsort(v, RUNS, sizeof *v, by_value);
    printf("{\"bench\":\"gossipsub\",\"metric\":\"%s\",\"value\":%.0f,\"unit\":\"ns\",\"peer\":"
           "\"sotto\",\"runs\":%u,\"min\":%.0f,\"max\":%.0f}\n",
           metric, v[RUNS / 2], RUNS, v[0], v[RUNS - 1]);
}

int main(void)
{
    figure("forward 1 KB to 1 peer", 1, 1024, 3000);
    figure("forward 1 KB to 7 peers", 7, 1024, 3000);
    figure("forward 150 KB to 1 peer", 1, 150000, 60);
    return 0;
}
