/* DCUtR: bytes choose calls, messages and steps of time for two circuits; nothing private is
 * dialed, and never more than the bound. A message that can be read comes back the same after
 * writing. */
#include "crypto/base/reader.h"
#include "net/reach/reach.h"
#include "net/wire/ip.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_message(struct span in)
{
    struct dcutr_message m, again;
    struct buf b = BUF_INIT(2 * DCUTR_MESSAGE_MAX);

    if (dcutr_decode(in, &m) != OK)
        return;
    if (dcutr_encode(&m, &b) != OK)
        abort();
    if (b.len <= DCUTR_MESSAGE_MAX && (dcutr_decode(buf_span(&b), &again) != OK ||
                                       again.type != m.type || again.addrs_count != m.addrs_count))
        abort();
    buf_clear(&b);
}

static void drain(struct dcutr *d)
{
    struct dcutr_out out;
    uint8_t ip[16];
    uint16_t port;

    while (dcutr_poll(d, &out)) {
        if (out.addrs_count > DCUTR_ADDRS_MAX)
            abort();
        for (size_t i = 0; i < out.addrs_count; i++)
            if (!multiaddr_ip(&out.addrs[i], ip, &port) || ip_is_private(ip))
                abort();
    }
}

static void step(struct dcutr *d, struct test_env *t, struct reader *r)
{
    uint8_t op = read_u8(r);
    uint64_t peer = 1 + (op >> 7);
    struct span bytes = op % 8 == 4 ? read_bytes(r, read_u8(r)) : SPAN_EMPTY;
    struct span addr = SPAN_EMPTY;

    switch (op % 8) {
    case 0:
        dcutr_relayed(d, &t->env, peer, op & 64);
        break;
    case 1:
        addr = read_bytes(r, 8);
        dcutr_identified(d, &t->env, peer, op & 64, &addr, addr.len > 0);
        break;
    case 2:
        dcutr_opened(d, &t->env, peer);
        break;
    case 3:
        if (dcutr_incoming(d, &t->env, peer) && op & 64)
            dcutr_broken(d, &t->env, peer);
        break;
    case 4:
        check_message(bytes);
        if (dcutr_take(d, &t->env, peer, bytes) != OK)
            dcutr_broken(d, &t->env, peer);
        break;
    case 5:
        dcutr_dialed(d, &t->env, peer, op & 64 ? ERR_TIMEOUT : OK);
        break;
    case 6:
        test_env_advance(t, (int64_t)read_u8(r) * 100 * NS_PER_MS);
        dcutr_tick(d, &t->env);
        break;
    default:
        if (op & 64)
            dcutr_direct(d, peer);
        else
            dcutr_gone(d, peer);
    }
    drain(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct reader r = reader_of(span_of(data, len));
    struct test_env t;
    struct dcutr *d;

    test_env_init(&t, 1);
    if (dcutr_new(&d, &t.env, false) != OK)
        abort();
    while (!r.failed && r.rest.len > 0)
        step(d, &t, &r);
    dcutr_free(d);
    test_env_clear(&t);
    return 0;
}
