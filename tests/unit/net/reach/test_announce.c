/* What is told to others about where we are, and where they see us. */
#include "net/reach/reach.h"
#include "net/wire/ip.h"
#include "tests/lib/testing.h"

static struct multiaddr addr(const char *text)
{
    struct multiaddr m;

    assert_ok(multiaddr_parse(span_str(text), &m));
    return m;
}

static void assert_list(const struct announce *a, size_t expected, const char *const *texts)
{
    struct multiaddr out[REACH_ADDRS_MAX];
    char text[MULTIADDR_TEXT_MAX];

    assert_int_equal(announce_write(a, out), expected);
    for (size_t i = 0; i < expected; i++) {
        multiaddr_text(&out[i], text);
        assert_string_equal(text, texts[i]);
    }
}

#define LIST(...) ((const char *const[]){__VA_ARGS__})

static void an_address_from_outside_stands_for_those_we_listen_at(void **state)
{
    (void)state;
    struct multiaddr bound[] = {addr("/ip4/192.168.1.5/tcp/60000"), addr("/ip6/fd00::5/tcp/60000"),
                                addr("/ip4/192.168.1.5/tcp/8000/ws")};
    struct multiaddr heads[] = {addr("/dns4/node.example.org"), addr("/ip4/203.0.113.7")};
    struct multiaddr given[] = {addr("/dns4/other.example.org/tcp/443/wss")};
    struct announce a = {.bound = {bound, 3}};

    assert_list(&a, 3,
                LIST("/ip4/192.168.1.5/tcp/60000", "/ip6/fd00::5/tcp/60000",
                     "/ip4/192.168.1.5/tcp/8000/ws"));
    a.heads = (struct announce_list){heads, 2};
    a.given = (struct announce_list){given, 1};
    assert_list(&a, 5,
                LIST("/dns4/node.example.org/tcp/60000", "/dns4/node.example.org/tcp/8000/ws",
                     "/ip4/203.0.113.7/tcp/60000", "/ip4/203.0.113.7/tcp/8000/ws",
                     "/dns4/other.example.org/tcp/443/wss"));
    a.given_only = true;
    assert_list(&a, 1, LIST("/dns4/other.example.org/tcp/443/wss"));
}

static void an_observed_address_counts_when_it_is_confirmed(void **state)
{
    (void)state;
    struct multiaddr bound[] = {addr("/ip4/192.168.1.5/tcp/60000")};
    struct multiaddr mapped[] = {addr("/ip4/203.0.113.9/tcp/61234")};
    struct multiaddr circuits[] = {addr("/ip4/198.51.100.1/tcp/1/p2p/"
                                        "16Uiu2HAmVvqEs9NQ4YsFyiJ2YzmUwXrLZd2ZSjpJvzKSLz3s3vKL/"
                                        "p2p-circuit")};
    uint8_t ip[16];
    struct announce a = {.bound = {bound, 1}, .observed_ip = ip, .circuits = {circuits, 1}};

    assert_ok(ip_parse(SPAN_LIT("203.0.113.7"), ip));
    struct multiaddr out[REACH_ADDRS_MAX];
    assert_int_equal(announce_write(&a, out), 2); /* itself and the circuit */
    a.reachable = true;
    a.circuits.count = 0;
    assert_list(&a, 2, LIST("/ip4/192.168.1.5/tcp/60000", "/ip4/203.0.113.7/tcp/60000"));
    a.mapped = (struct announce_list){mapped, 1}; /* the gateway knows better */
    assert_list(&a, 1, LIST("/ip4/203.0.113.9/tcp/61234"));
}

static void the_list_is_bounded_and_has_no_repetitions(void **state)
{
    (void)state;
    struct multiaddr given[REACH_ADDRS_MAX + 9], out[REACH_ADDRS_MAX];
    char text[64];

    for (size_t i = 0; i < REACH_ADDRS_MAX + 9; i++) {
        snprintf(text, sizeof text, "/ip4/203.0.113.1/tcp/%zu", 1000 + i);
        given[i] = addr(text);
    }
    given[1] = given[0];
    struct announce a = {.given = {given, 3}};
    assert_int_equal(announce_write(&a, out), 2);
    a.given.count = REACH_ADDRS_MAX + 9;
    assert_int_equal(announce_write(&a, out), REACH_ADDRS_MAX);
}

static bool vote(struct observed *o, unsigned from, const char *seen)
{
    uint8_t ip[16], v4[4] = {198, 51, (uint8_t)(from >> 8), (uint8_t)from};
    struct multiaddr m = addr(seen);

    ip_from_v4(v4, ip);
    return observed_add(o, ip, &m, false);
}

static void votes_of_three_addresses_agree_on_an_ip(void **state)
{
    (void)state;
    struct observed o = {.count = 0};
    struct multiaddr out[4];
    uint8_t ip[16];
    char text[IP_TEXT_MAX], addr_text[MULTIADDR_TEXT_MAX];

    for (unsigned i = 0; i < 5; i++)
        assert_true(vote(&o, 1, "/ip4/203.0.113.66/tcp/4001")); /* one voter, however often */
    assert_true(vote(&o, 2, "/ip4/203.0.113.7/tcp/60000"));
    assert_true(vote(&o, 3, "/ip4/203.0.113.7/tcp/60000"));
    assert_false(observed_ip(&o, ip));
    assert_true(vote(&o, 4, "/ip4/203.0.113.7/tcp/3333"));
    assert_true(observed_ip(&o, ip));
    ip_text(ip, text);
    assert_string_equal(text, "203.0.113.7");
    assert_int_equal(observed_addrs(&o, out, 4), 3);
    multiaddr_text(&out[0], addr_text); /* most votes first, with its port */
    assert_string_equal(addr_text, "/ip4/203.0.113.7/tcp/60000");
    for (unsigned i = 0; i < OBSERVED_VOTES_MAX; i++) /* the last ones push the old ones out */
        assert_true(vote(&o, 100 + i, "/ip4/203.0.113.99/tcp/1"));
    assert_int_equal(o.count, OBSERVED_VOTES_MAX);
    assert_int_equal(observed_addrs(&o, out, 4), 1);
}

static void votes_for_places_where_nobody_is_are_not_taken(void **state)
{
    (void)state;
    struct observed o = {.count = 0};
    uint8_t ip[16] = {0};
    struct multiaddr lan = addr("/ip4/192.168.1.5/tcp/60000");

    assert_false(vote(&o, 1, "/ip4/0.0.0.0/tcp/1"));
    assert_false(vote(&o, 1, "/ip4/224.0.0.1/tcp/1"));
    assert_false(vote(&o, 1, "/ip6/::/tcp/1"));
    assert_false(vote(&o, 1, "/ip6/ff02::1/tcp/1"));
    assert_false(vote(&o, 1, "/ip4/203.0.113.7/udp/1"));
    assert_false(vote(&o, 1, "/dns4/a.example/tcp/1"));
    assert_false(vote(&o, 1, "/ip4/192.168.1.5/tcp/60000"));
    assert_int_equal(o.count, 0);
    assert_true(observed_add(&o, ip, &lan, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_from_outside_stands_for_those_we_listen_at),
        cmocka_unit_test(an_observed_address_counts_when_it_is_confirmed),
        cmocka_unit_test(the_list_is_bounded_and_has_no_repetitions),
        cmocka_unit_test(votes_of_three_addresses_agree_on_an_ip),
        cmocka_unit_test(votes_for_places_where_nobody_is_are_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
