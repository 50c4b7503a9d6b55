/* AutoNAT: whom we dial for others, and what their answers make us believe. */
#include "net/reach/reach.h"
#include "net/wire/ip.h"
#include "tests/lib/testing.h"

static struct test_env t;
static struct autonat *a;

static int start(void **state)
{
    (void)state;
    test_env_init(&t, 3);
    assert_ok(autonat_new(&a, &t.env, &(struct autonat_params){.serve = true, .ask = true}));
    return 0;
}

static int stop(void **state)
{
    (void)state;
    autonat_free(a);
    test_env_clear(&t);
    return 0;
}

static struct multiaddr addr(const char *text)
{
    struct multiaddr m;

    assert_ok(multiaddr_parse(span_str(text), &m));
    return m;
}

static struct peer_id peer(unsigned n)
{
    struct peer_id id = {.len = 36, .bytes = {0x00, 0x22, 0x08, 0x02}};

    id.bytes[34] = (uint8_t)(n >> 8);
    id.bytes[35] = (uint8_t)n;
    return id;
}

static void request(unsigned from, const char *remote, const char *const *addrs, size_t count)
{
    struct peer_id id = peer(from);
    struct multiaddr list[40], at = addr(remote);
    struct buf b = BUF_INIT(AUTONAT_MESSAGE_MAX);

    for (size_t i = 0; i < count; i++)
        list[i] = addr(addrs[i]);
    assert_ok(autonat_request(&id, list, count, &b));
    autonat_server_request(a, &t.env, from, &id, &at, buf_span(&b));
    buf_clear(&b);
}

static enum autonat_status answered(uint64_t stream)
{
    struct autonat_out out;
    struct autonat_message m;

    assert_true(autonat_poll(a, &out));
    assert_int_equal(out.kind, AUTONAT_OUT_ANSWER);
    assert_int_equal(out.stream, stream);
    assert_ok(autonat_decode(out.bytes, &m));
    assert_true(m.is_answer);
    return (enum autonat_status)m.status;
}

#define LIST(...) ((const char *const[]){__VA_ARGS__})
#define COUNT(l)  (sizeof(l) / sizeof *(l))

static void only_the_address_a_peer_is_seen_at_is_dialed(void **state)
{
    (void)state;
    struct autonat_out out;
    char text[MULTIADDR_TEXT_MAX];
    struct multiaddr_part part;
    uint8_t ip[16];
    uint16_t port;

    request(1, "/ip4/203.0.113.7/tcp/50001",
            LIST("/ip4/198.51.100.1/tcp/60000", "/ip4/10.0.0.1/tcp/60001", "/dns4/victim/tcp/443",
                 "/ip6/2001:db8::1/tcp/60002", "/ip4/203.0.113.7/tcp/22",
                 "/ip4/203.0.113.7/udp/9000", "/ip4/203.0.113.7/tcp/8000/ws"),
            7);
    assert_true(autonat_poll(a, &out));
    assert_int_equal(out.kind, AUTONAT_OUT_DIAL);
    assert_int_equal(out.addrs_count, 3); /* 60000, 60001 and 8000 */
    for (size_t i = 0; i < out.addrs_count; i++) {
        assert_true(multiaddr_ip(&out.addrs[i], ip, &port));
        ip_text(ip, text);
        assert_string_equal(text, "203.0.113.7");
        assert_true(port == 60000 || port == 60001 || port == 8000);
        assert_true(multiaddr_find(&out.addrs[i], MULTIADDR_P2P, &part));
    }
    struct multiaddr at = addr("/ip4/203.0.113.7/tcp/60000");
    autonat_server_dialed(a, out.ticket, OK, &at);
    assert_int_equal(answered(1), AUTONAT_OK);
}

static void what_became_of_the_dial_is_answered(void **state)
{
    (void)state;
    struct autonat_out out;

    request(1, "/ip4/203.0.113.7/tcp/50001", LIST("/ip4/203.0.113.7/tcp/60000"), 1);
    assert_true(autonat_poll(a, &out));
    uint64_t ticket = out.ticket;
    assert_false(autonat_poll(a, &out));
    autonat_server_dialed(a, ticket, ERR_TIMEOUT, NULL);
    assert_int_equal(answered(1), AUTONAT_DIAL_ERROR);
    autonat_server_dialed(a, ticket, OK, NULL); /* once only */
    assert_false(autonat_poll(a, &out));
    request(2, "/ip4/203.0.113.8/tcp/50001", LIST("/ip4/203.0.113.8/tcp/60000"), 1);
    assert_true(autonat_poll(a, &out));
    autonat_server_dialed(a, out.ticket, ERR_FULL, NULL); /* our bound is no verdict */
    assert_int_equal(answered(2), AUTONAT_DIAL_REFUSED);
}

static void relayed_private_and_malformed_requests_are_refused(void **state)
{
    (void)state;
    struct peer_id id = peer(9), other = peer(8);
    struct multiaddr at = addr("/ip4/203.0.113.7/tcp/5"), to = addr("/ip4/203.0.113.7/tcp/6000");
    struct buf b = BUF_INIT(AUTONAT_MESSAGE_MAX);

    request(1, "/ip4/203.0.113.7/tcp/4001/p2p-circuit", LIST("/ip4/203.0.113.7/tcp/6000"), 1);
    assert_int_equal(answered(1), AUTONAT_DIAL_REFUSED);
    request(2, "/ip4/192.168.0.7/tcp/4001", LIST("/ip4/192.168.0.7/tcp/6000"), 1);
    assert_int_equal(answered(2), AUTONAT_DIAL_REFUSED);
    request(3, "/ip4/127.0.0.1/tcp/4001", LIST("/ip4/127.0.0.1/tcp/6000"), 1);
    assert_int_equal(answered(3), AUTONAT_DIAL_REFUSED);
    request(4, "/ip4/203.0.113.7/tcp/4001", LIST("/dns4/victim.example/tcp/80"), 1);
    assert_int_equal(answered(4), AUTONAT_DIAL_REFUSED);
    assert_ok(autonat_request(&other, &to, 1, &b));
    autonat_server_request(a, &t.env, 5, &id, &at, buf_span(&b));
    assert_int_equal(answered(5), AUTONAT_BAD_REQUEST); /* another's id */
    autonat_server_request(a, &t.env, 6, &id, &at, SPAN_LIT("\x0a\xff"));
    assert_int_equal(answered(6), AUTONAT_BAD_REQUEST);
    autonat_server_request(a, &t.env, 7, &id, &at, SPAN_LIT("\x08\x00"));
    assert_int_equal(answered(7), AUTONAT_BAD_REQUEST); /* no peer */
    buf_clear(&b);
    assert_int_equal(autonat_counters(a)->dial_backs, 0);
}

static void a_peer_and_an_address_are_dialed_once_in_a_while(void **state)
{
    (void)state;
    struct autonat_out out;

    request(1, "/ip4/203.0.113.7/tcp/5", LIST("/ip4/203.0.113.7/tcp/6000"), 1);
    assert_true(autonat_poll(a, &out));
    autonat_server_dialed(a, out.ticket, ERR_TIMEOUT, NULL);
    assert_int_equal(answered(1), AUTONAT_DIAL_ERROR);
    request(1, "/ip4/203.0.113.8/tcp/5", LIST("/ip4/203.0.113.8/tcp/6000"), 1); /* same peer */
    assert_int_equal(answered(1), AUTONAT_DIAL_REFUSED);
    request(2, "/ip4/203.0.113.7/tcp/5", LIST("/ip4/203.0.113.7/tcp/6000"), 1); /* same address */
    assert_int_equal(answered(2), AUTONAT_DIAL_REFUSED);
    test_env_advance(&t, AUTONAT_PEER_PAUSE_MS * NS_PER_MS);
    request(1, "/ip4/203.0.113.7/tcp/5", LIST("/ip4/203.0.113.7/tcp/6000"), 1);
    assert_true(autonat_poll(a, &out));
    assert_int_equal(out.kind, AUTONAT_OUT_DIAL);
}

static void a_thousand_peers_cause_no_more_than_the_bounds(void **state)
{
    (void)state;
    struct autonat_out out;
    uint64_t tickets[AUTONAT_MINUTE_MAX + 1];
    size_t dials = 0, refused = 0;
    char at[64], to[64];

    for (unsigned i = 0; i < 1000; i++) {
        snprintf(at, sizeof at, "/ip4/203.0.%u.%u/tcp/5", i / 250, i % 250 + 1);
        snprintf(to, sizeof to, "/ip4/203.0.%u.%u/tcp/6000", i / 250, i % 250 + 1);
        request(i + 1, at, LIST(to), 1);
        while (autonat_poll(a, &out)) {
            if (out.kind == AUTONAT_OUT_DIAL)
                tickets[dials++] = out.ticket;
            else
                refused++;
        }
    }
    assert_int_equal(dials, AUTONAT_DIALS_MAX); /* at a time */
    assert_int_equal(refused, 1000 - AUTONAT_DIALS_MAX);
    for (size_t i = 0; i < dials; i++)
        autonat_server_dialed(a, tickets[i], ERR_TIMEOUT, NULL);
    while (autonat_poll(a, &out))
        continue;
    size_t more = 0;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(at, sizeof at, "/ip4/203.1.0.%u/tcp/5", i + 1);
        snprintf(to, sizeof to, "/ip4/203.1.0.%u/tcp/6000", i + 1);
        request(2000 + i, at, LIST(to), 1);
        while (autonat_poll(a, &out))
            if (out.kind == AUTONAT_OUT_DIAL) {
                more++;
                autonat_server_dialed(a, out.ticket, ERR_TIMEOUT, NULL);
            }
    }
    assert_int_equal(dials + more, AUTONAT_MINUTE_MAX); /* in a minute */
}

/* ---- client ---- */

static void ip_of(unsigned n, uint8_t ip[16])
{
    uint8_t v4[4] = {198, 51, 100, (uint8_t)n};

    ip_from_v4(v4, ip);
}

static void add_peers(unsigned from, unsigned count)
{
    uint8_t ip[16];

    for (unsigned i = 0; i < count; i++) {
        ip_of(from + i, ip);
        autonat_client_peer(a, &t.env, from + i, ip);
    }
}

static size_t run_to_asks(uint64_t *peers)
{
    struct autonat_out out;
    size_t n = 0;

    assert_true(autonat_deadline(a).ns < MONO_NEVER.ns);
    if (autonat_deadline(a).ns > t.env.now.ns)
        test_env_advance(&t, autonat_deadline(a).ns - t.env.now.ns);
    autonat_tick(a, &t.env);
    while (autonat_poll(a, &out))
        if (out.kind == AUTONAT_OUT_ASK)
            peers[n++] = out.peer;
    return n;
}

static void say(uint64_t from, enum autonat_status status)
{
    struct buf b = BUF_INIT(AUTONAT_MESSAGE_MAX);
    struct autonat_message m = {.is_answer = true, .status = (uint32_t)status};

    assert_ok(autonat_encode(&m, &b));
    autonat_client_answer(a, &t.env, from, buf_span(&b));
    buf_clear(&b);
}

static void three_that_dialed_us_make_us_reachable(void **state)
{
    (void)state;
    uint64_t asked[8];
    struct autonat_out out;
    double confidence;

    assert_int_equal(autonat_deadline(a).ns, MONO_NEVER.ns);
    add_peers(1, 5);
    assert_int_equal(run_to_asks(asked), AUTONAT_ASK_PEERS);
    assert_true(t.env.now.ns >= AUTONAT_ASK_AGE_MS * NS_PER_MS);
    say(asked[0], AUTONAT_OK);
    say(asked[1], AUTONAT_OK);
    assert_int_equal(autonat_reach(a, NULL), AUTONAT_UNKNOWN);
    say(asked[2], AUTONAT_DIAL_REFUSED); /* says nothing */
    assert_int_equal(autonat_reach(a, NULL), AUTONAT_UNKNOWN);
    assert_false(autonat_poll(a, &out));
    assert_int_equal(run_to_asks(asked), AUTONAT_ASK_PEERS); /* the two that were not asked first */
    assert_true(asked[0] == 4 && asked[1] == 5);
    say(4, AUTONAT_OK);
    assert_int_equal(autonat_reach(a, &confidence), AUTONAT_REACHABLE);
    assert_true(confidence == 1);
    assert_true(autonat_poll(a, &out));
    assert_int_equal(out.kind, AUTONAT_OUT_REACH);
    assert_int_equal(out.reach, AUTONAT_REACHABLE);
}

static void one_machine_with_many_names_has_one_voice(void **state)
{
    (void)state;
    uint8_t ip[16];

    ip_of(1, ip);
    for (uint64_t i = 1; i <= 5; i++) {
        autonat_client_peer(a, &t.env, i, ip);
        say(i, AUTONAT_OK);
    }
    assert_int_equal(autonat_reach(a, NULL), AUTONAT_UNKNOWN);
}

static void failures_say_not_reachable_and_fade(void **state)
{
    (void)state;
    struct autonat_out out;

    add_peers(1, 3);
    for (uint64_t i = 1; i <= 3; i++)
        say(i, AUTONAT_DIAL_ERROR);
    assert_int_equal(autonat_reach(a, NULL), AUTONAT_NOT_REACHABLE);
    add_peers(4, 4); /* the port was forwarded meanwhile */
    for (uint64_t i = 4; i <= 7; i++)
        say(i, AUTONAT_OK);
    assert_int_equal(autonat_reach(a, NULL), AUTONAT_REACHABLE);
    for (uint64_t i = 1; i <= 7; i++)
        autonat_client_peer_down(a, i);
    test_env_advance(&t, AUTONAT_ANSWER_LIFE_MS * NS_PER_MS);
    autonat_tick(a, &t.env);
    assert_int_equal(autonat_reach(a, NULL), AUTONAT_UNKNOWN);
    while (autonat_poll(a, &out))
        continue;
    assert_int_equal(out.reach, AUTONAT_UNKNOWN);
    autonat_tick(a, &t.env);
    assert_int_equal(autonat_deadline(a).ns, MONO_NEVER.ns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
        T(only_the_address_a_peer_is_seen_at_is_dialed),
        T(what_became_of_the_dial_is_answered),
        T(relayed_private_and_malformed_requests_are_refused),
        T(a_peer_and_an_address_are_dialed_once_in_a_while),
        T(a_thousand_peers_cause_no_more_than_the_bounds),
        T(three_that_dialed_us_make_us_reachable),
        T(one_machine_with_many_names_has_one_voice),
        T(failures_say_not_reachable_and_fade),
#undef T
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
