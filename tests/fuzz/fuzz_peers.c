/* The peer manager with calls, peers and times as the bytes choose: its bounds hold after each. */
#include "crypto/base/reader.h"
#include "tests/lib/peers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void tell(struct kit *k, struct reader *r, uint32_t who)
{
    struct peer_id id = kit_id(who);
    struct multiaddr m[3];
    uint8_t what = read_u8(r);
    struct peers_shards shards = kit_shards(read_u8(r));
    for (size_t i = 0; i < 3; i++)
        m[i] = kit_addr(what & 8 ? 1 : who, (uint16_t)(read_u8(r) + i));
    struct peers_candidate c = {.id = &id,
                                .addrs = m,
                                .addrs_count = what % 4,
                                .source = read_u8(r) % PEERS_SOURCES_COUNT,
                                .via = what >> 4,
                                .cluster_known = what & 4,
                                .cluster = read_u8(r) & 1 ? 66 : 1,
                                .shards = what & 16 ? &shards : NULL,
                                .capabilities_known = what & 32,
                                .capabilities = read_u8(r)};
    (void)peers_candidate(k->p, k->env, &c);
}

static void op(struct kit *k, struct reader *r)
{
    uint8_t what = read_u8(r);
    uint32_t who = read_u8(r) % 64u;
    struct peer_id id = kit_id(who);
    struct multiaddr m = kit_addr(what & 128 ? 1 : who, 7);

    switch (what % 8) {
    case 0:
    case 1:
        tell(k, r, who);
        break;
    case 2:
        peers_connected(k->p, k->env, &id, who + 1u, &m, what & 16);
        break;
    case 3:
        kit_identify(k, who, read_u8(r), read_u8(r));
        break;
    case 4:
        kit_lose(k, who, what & 16 ? ERR_REFUSED : ERR_CLOSED);
        break;
    case 5:
        kit_fail(k, who, what & 16 ? OK : ERR_TIMEOUT);
        break;
    case 6:
        kit_run(k, read_u8(r) * (what & 16 ? 40000 : 100));
        break;
    case 7:
        if (what & 16)
            (void)peers_restore(k->p, k->env, peer_id_span(&id), read_bytes(r, read_u8(r)));
        else
            peers_set_mesh(k->p, &id, what & 32);
        break;
    }
}

/* What the book says of itself agrees with a count. */
static void check(const struct kit *k)
{
    struct peers_view v;
    size_t known = 0, up = 0, held = 0;

    for (size_t cursor = 0; peers_next(k->p, &cursor, &v); known++) {
        up += v.peer != 0;
        held += v.peer != 0 || v.dialing || v.fixed;
        assert_false(v.peer != 0 && v.dialing);
    }
    assert_int_equal(known, peers_counters(k->p)->known);
    assert_int_equal(up, peers_counters(k->p)->connected);
    assert_true(known - held <= k->params.capacity);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct kit *k = calloc(1, sizeof *k);
    struct reader r = reader_of(span_of(data, len < 4096 ? len : 4096));

    kit_begin(k);
    k->params.capacity = 16;
    k->params.service_target[1] = 2;
    peers_free(k->p);
    kit_begin(k);
    while (r.rest.len > 0 && !r.failed) {
        op(k, &r);
        check(k);
    }
    kit_end(k);
    free(k);
    return 0;
}
