/* A datagram from anybody on the local network. */
#include "net/discovery/mdns.h"
#include "tests/lib/testing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct peer_id id = {.len = 3, .bytes = {0, 1, 7}};
    struct test_env t;
    struct mdns *m;
    struct mdns_out out;
    struct multiaddr addr;

    test_env_init(&t, 1);
    assert_ok(multiaddr_parse(SPAN_LIT("/ip4/192.168.1.7/tcp/60000"), &addr));
    assert_ok(mdns_new(&m, &t.env, &id, &addr, 1));
    (void)!mdns_receive(m, &t.env, span_of(data, len));
    mdns_tick(m, &t.env);
    for (unsigned n = 0; mdns_poll(m, &out); n++) {
        assert_true(n < MDNS_OUT_MAX);
        if (out.kind == MDNS_OUT_SEND) /* what we say, we can read */
            assert_ok(mdns_receive(m, &t.env, out.bytes));
        mdns_tick(m, &t.env);
    }
    mdns_free(m);
    test_env_clear(&t);
    return 0;
}
