/* AutoNAT: the bytes are a message; what can be read comes back the same after writing, and a
 * server that is asked with it dials nobody but the asker. */
#include "net/reach/reach.h"
#include "net/wire/ip.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void ask(struct span in)
{
    static const uint8_t v4[4] = {203, 0, 113, 7};
    struct test_env t;
    struct autonat *a;
    struct autonat_out out;
    struct multiaddr remote;
    struct peer_id id = {.len = 36, .bytes = {0x00, 0x22, 0x08, 0x02}};
    uint8_t ip[16], seen[16];
    uint16_t port;

    ip_from_v4(v4, ip);
    test_env_init(&t, 1);
    if (autonat_new(&a, &t.env, &(struct autonat_params){.serve = true, .ask = true}) != OK ||
        multiaddr_parse(SPAN_LIT("/ip4/203.0.113.7/tcp/5"), &remote) != OK)
        abort();
    autonat_server_request(a, &t.env, 1, &id, &remote, in);
    autonat_client_peer(a, &t.env, 1, ip);
    autonat_client_answer(a, &t.env, 1, in);
    while (autonat_poll(a, &out))
        for (size_t i = 0; i < out.addrs_count; i++)
            if (!multiaddr_ip(&out.addrs[i], seen, &port) || memcmp(seen, ip, 16) != 0)
                abort();
    autonat_free(a);
    test_env_clear(&t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct span in = span_of(data, len);
    struct autonat_message m, again;
    struct buf b = BUF_INIT(4 * AUTONAT_MESSAGE_MAX);

    ask(in);
    if (autonat_decode(in, &m) != OK)
        return 0;
    if (autonat_encode(&m, &b) != OK)
        abort();
    if (b.len <= AUTONAT_MESSAGE_MAX &&
        (autonat_decode(buf_span(&b), &again) != OK || again.is_answer != m.is_answer ||
         (m.is_answer ? again.status != m.status || !span_eq(again.addr, m.addr)
                      : again.addrs_count != m.addrs_count)))
        abort();
    buf_clear(&b);
    return 0;
}
