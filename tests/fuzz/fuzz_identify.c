/* The engine of identify: the first bytes choose calls and time steps, the rest are streams. */
#include "net/identify/identify.h"

#include "crypto/prim/drbg.h"
#include "net/identify/message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void poll_all(struct identify *g)
{
    struct identify_out out;

    while (identify_poll(g, &out))
        if (out.kind == IDENTIFY_OUT_INFO) {
            assert(out.info->addr_count <= IDENTIFY_ADDRS_MAX);
            assert(out.info->protocol_count <= IDENTIFY_PROTOCOLS_MAX);
        }
}

static void call(struct identify *g, struct env *env, uint8_t what, struct span in)
{
    const struct peer_id id = {.len = 34, .bytes = {0x12, 0x20, what}};
    uint64_t peer = what & 3;
    enum identify_stream stream = (what & 4) != 0 ? IDENTIFY_PUSHED : IDENTIFY_ANSWER;
    struct buf out = BUF_INIT(20000);

    switch (what >> 3 & 7) {
    case 0:
        (void)!identify_peer_up(g, peer, &id, NULL);
        break;
    case 1:
        identify_peer_down(g, peer);
        break;
    case 2:
        identify_end(g, peer, stream);
        break;
    case 3:
        (void)!identify_message(g, peer, &out);
        break;
    case 4:
        env->now.ns += NS_PER_S * what;
        identify_tick(g, env);
        break;
    case 5:
        identify_fail(g, peer, stream, ERR_CLOSED);
        break;
    default:
        (void)!identify_begin(g, env, peer, stream);
        (void)!identify_feed(g, peer, stream, in);
        break;
    }
    buf_clear(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct identify_info info;
    struct drbg drbg;
    const uint8_t seed[DRBG_SEED_BYTES] = {0};
    drbg_init(&drbg, seed);
    struct rng rng = drbg_rng(&drbg);
    struct env env = {.rng = &rng};
    struct identify *g = identify_new(&env);

    if (g == NULL)
        abort();
    (void)!identify_stream_decode(&info, span_of(data, len));
    info = (struct identify_info){.addr_count = 0};
    for (size_t i = 0; i < len && i < 64; i++) {
        call(g, &env, data[i], span_of(data + i, len - i));
        if (data[i] & 0x80)
            poll_all(g);
    }
    poll_all(g);
    identify_free(g);
    return 0;
}
