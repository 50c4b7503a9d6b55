/* The engine: bytes choose calls, peers, times, verdicts and raw RPCs. Its bounds must hold after
 * every call, and everything must be freed in the end. */
#include "crypto/base/reader.h"
#include "net/gossipsub/gossipsub.h"
#include "net/wire/peer_id.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define PEERS 12u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct world {
    struct test_env t;
    struct gossipsub *g;
    struct gossipsub_params p;
    struct reader in;
    uint64_t tickets[16];
    size_t ticket_count;
};

static struct span topic_of(uint8_t n)
{
    static const char names[4][16] = {"/waku/2/rs/66/0", "/waku/2/rs/66/1", "t", "other"};
    return span_str(names[n % 4]);
}

static void peer_up(struct world *w, uint8_t n)
{
    struct peer_id id = {.len = 36, .bytes = {0x00, 0x22, [35] = (uint8_t)(n % PEERS)}};
    uint8_t ip[4] = {10, 0, 0, (uint8_t)(n % 5)};
    enum err err = gossipsub_peer_up(w->g, &w->t.env, n % PEERS, &id,
                                     n & 64   ? "/floodsub/1.0.0"
                                     : n & 32 ? "/meshsub/1.2.0"
                                              : "/vac/waku/relay/2.0.0",
                                     (n & 128) != 0, SPAN_ARRAY(ip));
    if (err != OK && err != ERR_EXISTS)
        abort();
}

static void pump(struct world *w)
{
    struct gossipsub_out out;

    while (gossipsub_poll(w->g, &out)) {
        if (out.kind != GOSSIPSUB_OUT_MESSAGE)
            continue;
        if (out.data.len > w->p.message_bytes_max || out.topic.len == 0)
            abort();
        if (w->ticket_count < 16)
            w->tickets[w->ticket_count++] = out.ticket;
        else
            gossipsub_verdict(w->g, &w->t.env, out.ticket, GOSSIPSUB_ACCEPT);
    }
}

static void hear(struct world *w, uint8_t peer, size_t room)
{
    struct gossipsub_rpc_out out;

    while (gossipsub_next_rpc(w->g, &w->t.env, peer % PEERS, room, &out)) {
        size_t bytes = out.head_len;
        for (size_t i = 0; i < out.count; i++)
            bytes += out.parts[i]->len;
        if (bytes != out.bytes || bytes > room || out.count == 0)
            abort();
    }
}

static void check(struct world *w)
{
    const struct gossipsub_counts *c = gossipsub_counts(w->g);
    struct gossipsub_peer_view v;

    if (c->mcache_bytes > w->p.mcache_bytes_max || c->seen_entries > 64 || c->peers > PEERS)
        abort();
    for (size_t cursor = 0; gossipsub_peer_next(w->g, &cursor, &v);)
        if (v.queued_bytes > w->p.peer_queue_bytes_max)
            abort();
}

static void step(struct world *w)
{
    uint8_t what = read_u8(&w->in), n = read_u8(&w->in);
    struct env *env = &w->t.env;
    struct peer_id id = {.len = 36, .bytes = {0x00, 0x22, [35] = (uint8_t)(n % PEERS)}};

    switch (what % 12) {
    case 0:
        peer_up(w, n);
        break;
    case 1:
        gossipsub_peer_down(w->g, env, n % PEERS);
        break;
    case 2:
        (void)!gossipsub_subscribe(w->g, env, topic_of(n));
        break;
    case 3:
        gossipsub_unsubscribe(w->g, env, topic_of(n));
        break;
    case 4:
    case 5: { /* a raw RPC */
        size_t have = w->in.rest.len, size = read_u8(&w->in);
        struct span rpc = read_bytes(&w->in, size < have ? size : 0);
        (void)!gossipsub_rpc(w->g, env, n % PEERS, rpc);
        break;
    }
    case 6:
        (void)!gossipsub_publish(w->g, env, topic_of(n), read_bytes(&w->in, 3), NULL);
        break;
    case 7:
        if (w->ticket_count > 0)
            gossipsub_verdict(w->g, env, w->tickets[--w->ticket_count],
                              (enum gossipsub_verdict)(n % 3));
        break;
    case 8:
        hear(w, n, n & 1 ? 200 : 1u << 20);
        break;
    case 9:
        test_env_advance(&w->t, (int64_t)n * 50 * NS_PER_MS);
        gossipsub_tick(w->g, env);
        break;
    case 10:
        (void)!gossipsub_direct(w->g, env, &id, (n & 64) != 0);
        break;
    case 11:
        gossipsub_peer_record(w->g, n % PEERS, read_bytes(&w->in, 2));
        gossipsub_peer_app_score(w->g, n % PEERS, (double)n - 100);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct world w = {.in = reader_of(span_of(data, len))};

    test_env_init(&w.t, 1);
    w.p = gossipsub_params_default();
    w.p.message_bytes_max = 100;
    w.p.peer_queue_bytes_max = 1000;
    w.p.mcache_bytes_max = 1000;
    w.p.seen_bytes_max = (size_t)64 * 24;
    w.p.validating_bytes_max = 300;
    w.p.retained_peers_max = 4;
    w.p.idontwant_bytes_min = 4;
    w.g = gossipsub_new(&w.p, &w.t.env);
    if (w.g == NULL)
        abort();
    while (!w.in.failed) {
        step(&w);
        pump(&w);
        check(&w);
        arena_reset(w.t.env.scratch);
    }
    gossipsub_free(w.g);
    test_env_clear(&w.t);
    return 0;
}
