#include "net/wire/ip.h"
#include "net/wire/multiaddr.h"
#include "tests/lib/testing.h"

#define PEER "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"

static void text_and_bytes_say_the_same(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"/ip4/127.0.0.1/tcp/60000", "047f000001 06ea60"},
        {"/ip4/1.2.3.4/udp/9000/quic-v1", "0401020304 91022328 cd03"},
        {"/ip6/2001:db8::1/tcp/80/ws", "2920010db8000000000000000000000001 060050 dd03"},
        {"/dns4/a.example/tcp/443/wss", "3609612e6578616d706c65 0601bb de03"},
        {"/dns/a/tcp/443/tls/sni/b/ws", "350161 0601bb c003 c1030162 dd03"},
        {"/dnsaddr/a", "380161"},
        {"/dns6/a", "370161"},
        {"/p2p-circuit", "a202"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct multiaddr m, same;
        char text[MULTIADDR_TEXT_MAX];
        assert_ok(multiaddr_parse(span_str(cases[i][0]), &m));
        assert_span_equal(multiaddr_span(&m), test_hex(cases[i][1]));
        assert_ok(multiaddr_from_bytes(test_hex(cases[i][1]), &same));
        assert_true(multiaddr_eq(&m, &same));
        multiaddr_text(&m, text);
        assert_string_equal(text, cases[i][0]);
    }
}

static void text_becomes_canonical(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"/ip6/0:0::1/tcp/080/", "/ip6/::1/tcp/80"},
        {"/ipfs/" PEER, "/p2p/" PEER},
        {"/ip6/::ffff:1.2.3.4/tcp/1", "/ip6/::ffff:1.2.3.4/tcp/1"},
        {"/p2p/bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe",
         "/p2p/QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct multiaddr m;
        char text[MULTIADDR_TEXT_MAX];
        assert_ok(multiaddr_parse(span_str(cases[i][0]), &m));
        multiaddr_text(&m, text);
        assert_string_equal(text, cases[i][1]);
    }
}

static void malformed_text_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
    } bad[] = {
        {"", ERR_FORMAT},
        {"/", ERR_FORMAT},
        {"ip4/1.2.3.4", ERR_FORMAT},
        {"//ip4/1.2.3.4", ERR_FORMAT},
        {"/ip4", ERR_FORMAT},
        {"/ip4/", ERR_FORMAT},
        {"/ip4/1.2.3", ERR_FORMAT},
        {"/ip4/::1", ERR_FORMAT},
        {"/ip6/1.2.3.4", ERR_FORMAT},
        {"/ip4/1.2.3.4//tcp/1", ERR_FORMAT},
        {"/tcp/65536", ERR_FORMAT},
        {"/tcp/-1", ERR_FORMAT},
        {"/tcp/000001", ERR_FORMAT},
        {"/dns4/", ERR_FORMAT},
        {"/dns4/a b", ERR_FORMAT},
        {"/dns4/a\nb", ERR_FORMAT},
        {"/p2p/abc", ERR_UNSUPPORTED},
        {"/p2p/QmX", ERR_FORMAT},
        {"/unix/tmp", ERR_UNSUPPORTED},
        {"/onion3/x", ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct multiaddr m = {.len = 0};
        if (multiaddr_parse(span_str(bad[i].text), &m) != bad[i].err || m.len != 0)
            fail_msg("%s", bad[i].text);
    }
}

static void malformed_bytes_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum err err;
    } bad[] = {
        {"", ERR_FORMAT},
        {"04", ERR_FORMAT},
        {"047f0000", ERR_FORMAT},
        {"047f000001 06ea", ERR_FORMAT},
        {"8400 7f000001", ERR_FORMAT},                /* a code that is not minimal */
        {"3600", ERR_FORMAT},                         /* an empty name */
        {"360a61", ERR_FORMAT},                       /* a cut name */
        {"3601 2f", ERR_FORMAT},                      /* a slash in a name */
        {"a503 02 1202", ERR_FORMAT},                 /* no peer id */
        {"047f000001 90032f746d70", ERR_UNSUPPORTED}, /* unix */
        {"ffffffffffffffff7f", ERR_UNSUPPORTED},
        {"047f000001 d203 221220", ERR_UNSUPPORTED}, /* certhash */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct multiaddr m = {.len = 0};
        if (multiaddr_from_bytes(test_hex(bad[i].hex), &m) != bad[i].err || m.len != 0)
            fail_msg("%s", bad[i].hex);
    }
}

static void nothing_grows_over_the_bound(void **state)
{
    (void)state;
    struct multiaddr m = {0}, copy;
    char text[MULTIADDR_TEXT_MAX];
    uint8_t too_long[MULTIADDR_BYTES_MAX + 2];
    for (size_t i = 0; i < MULTIADDR_BYTES_MAX / 2; i++)
        assert_ok(multiaddr_add(&m, MULTIADDR_WEBRTC_DIRECT, SPAN_EMPTY));
    assert_err(multiaddr_add(&m, MULTIADDR_WEBRTC_DIRECT, SPAN_EMPTY), ERR_LIMIT);
    multiaddr_text(&m, text); /* the wordiest address there is */
    assert_int_equal(strlen(text), 3584);
    assert_ok(multiaddr_parse(span_str(text), &copy));
    assert_true(multiaddr_eq(&m, &copy));
    for (size_t i = 0; i < sizeof too_long; i += 2)
        memcpy(too_long + i, m.bytes, 2);
    assert_err(multiaddr_from_bytes(SPAN_ARRAY(too_long), &m), ERR_LIMIT);
    text[3584 - 14] = '\0';
    strcat(text, "/ip4/1.2.3.4");
    assert_err(multiaddr_parse(span_str(text), &copy), ERR_LIMIT);

    multiaddr_drop_peer(&m);
    m.len = MULTIADDR_BYTES_MAX - 6;
    uint8_t ip[16] = {0};
    ip_from_v4((const uint8_t[]){1, 2, 3, 4}, ip);
    assert_err(multiaddr_add_endpoint(&m, ip, MULTIADDR_TCP, 1), ERR_LIMIT);
    assert_int_equal(m.len, MULTIADDR_BYTES_MAX - 6);
    assert_err(multiaddr_add(&m, MULTIADDR_TCP, SPAN_LIT("abc")), ERR_FORMAT);
}

static void parts_are_found(void **state)
{
    (void)state;
    struct multiaddr m = {0}, relayed;
    struct multiaddr_part part;
    struct peer_id id, got;
    uint8_t ip[16], ip_got[16];
    uint16_t port;
    assert_ok(ip_parse(SPAN_LIT("192.0.2.7"), ip));
    assert_ok(peer_id_parse(SPAN_LIT(PEER), &id));
    assert_ok(multiaddr_add_endpoint(&m, ip, MULTIADDR_TCP, 60001));
    assert_false(multiaddr_peer(&m, &got));
    assert_ok(multiaddr_add_peer(&m, &id));
    assert_true(multiaddr_ip(&m, ip_got, &port));
    assert_memory_equal(ip, ip_got, 16);
    assert_int_equal(port, 60001);
    assert_true(multiaddr_peer(&m, &got));
    assert_true(peer_id_eq(&id, &got));
    assert_true(multiaddr_find(&m, MULTIADDR_TCP, &part));
    assert_int_equal(multiaddr_port(&part), 60001);
    assert_false(multiaddr_find(&m, MULTIADDR_WS, &part));

    relayed = m;
    assert_ok(multiaddr_add(&relayed, MULTIADDR_P2P_CIRCUIT, SPAN_EMPTY));
    assert_false(multiaddr_peer(&relayed, &got)); /* the relay's id is not the target's */
    multiaddr_drop_peer(&m);
    char text[MULTIADDR_TEXT_MAX];
    multiaddr_text(&m, text);
    assert_string_equal(text, "/ip4/192.0.2.7/tcp/60001");

    assert_ok(multiaddr_parse(SPAN_LIT("/dns4/a/tcp/1"), &m));
    assert_false(multiaddr_ip(&m, ip, &port));
    assert_ok(multiaddr_parse(SPAN_LIT("/ip6/::1"), &m));
    assert_true(multiaddr_ip(&m, ip, &port) && port == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_and_bytes_say_the_same),
        cmocka_unit_test(text_becomes_canonical),
        cmocka_unit_test(malformed_text_is_refused),
        cmocka_unit_test(malformed_bytes_are_refused),
        cmocka_unit_test(nothing_grows_over_the_bound),
        cmocka_unit_test(parts_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
