/* Names in addresses: dns, dns4, dns6, dnsaddr. */
#include "tests/lib/memlinks.h"

static struct mem_world *w;
static struct mem_node *a, *b;
static struct swarm_dialed done;
static uint64_t dial;

static int start(void **state)
{
    (void)state;
    w = calloc(1, sizeof *w);
    mem_start(w, 7);
    a = mem_node_new(w, NULL);
    b = mem_node_new(w, NULL);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mem_stop(w);
    free(w);
    return 0;
}

static enum err dial_text(const char *text, const struct peer_id *peer)
{
    struct multiaddr m;

    assert_ok(multiaddr_parse(span_str(text), &m));
    if (peer != NULL)
        assert_ok(multiaddr_add_peer(&m, peer));
    enum err err = swarm_dial(a->swarm, &w->t.env, NULL, &m, 1, 0, &dial);
    mem_settle(w);
    return err;
}

static void answer(enum err err, struct span record)
{
    swarm_resolved(a->swarm, &w->t.env, a->last_query, err, &record, 1);
    mem_settle(w);
}

static const uint8_t b_ip[4] = {10, 0, 0, 2};

static void a_dns4_name_is_looked_up_and_dialed(void **state)
{
    (void)state;
    assert_ok(dial_text("/dns4/node.example.org/tcp/4001", &b->id));
    assert_string_equal(a->last_name, "node.example.org");
    assert_int_equal(a->last_type, 1);
    assert_int_equal(a->last_query % 2, 0);
    assert_false(swarm_poll_dialed(a->swarm, &done));
    answer(OK, SPAN_ARRAY(b_ip));
    assert_true(swarm_poll_dialed(a->swarm, &done));
    assert_ok(done.err);
    assert_true(mem_last(a, STREAM_PEER_UP)->outbound);
}

static void dns_asks_for_both_families(void **state)
{
    (void)state;
    assert_ok(dial_text("/dns/node.example.org/tcp/4001", &b->id));
    assert_int_equal(a->resolves, 2);
    assert_int_equal(a->last_type, 28);
    answer(ERR_NOT_FOUND, SPAN_EMPTY);
    assert_false(swarm_poll_dialed(a->swarm, &done));
    a->last_query -= 2;
    answer(OK, SPAN_ARRAY(b_ip));
    assert_true(swarm_poll_dialed(a->swarm, &done));
    assert_ok(done.err);
}

static void text_of(const struct mem_node *n, const struct peer_id *id, char *out, size_t size)
{
    char text[MULTIADDR_TEXT_MAX];
    struct multiaddr m = mem_addr(n, false);

    assert_ok(multiaddr_add_peer(&m, id));
    multiaddr_text(&m, text);
    snprintf(out, size, "dnsaddr=%s", text);
}

static void a_dnsaddr_leads_to_addresses_of_the_named_peer_only(void **state)
{
    (void)state;
    char wrong[MULTIADDR_TEXT_MAX + 20], right[MULTIADDR_TEXT_MAX + 20];

    text_of(b, &a->id, wrong, sizeof wrong);
    text_of(b, &b->id, right, sizeof right);
    assert_ok(dial_text("/dnsaddr/boot.example.org", &b->id));
    assert_string_equal(a->last_name, "_dnsaddr.boot.example.org");
    assert_int_equal(a->last_type, 16);
    struct span records[] = {SPAN_LIT("v=spf1 -all"), SPAN_LIT("dnsaddr=garbage"), span_str(wrong),
                             span_str(right)};
    swarm_resolved(a->swarm, &w->t.env, a->last_query, OK, records, 4);
    mem_settle(w);
    assert_true(swarm_poll_dialed(a->swarm, &done));
    assert_ok(done.err);
    assert_int_equal(swarm_counters(a->swarm)->dials_started, 1);
}

static void dnsaddr_that_leads_in_circles_ends(void **state)
{
    (void)state;
    unsigned rounds = 0;

    assert_ok(dial_text("/dnsaddr/loop.example.org", NULL));
    while (!swarm_poll_dialed(a->swarm, &done)) {
        answer(OK, SPAN_LIT("dnsaddr=/dnsaddr/loop.example.org"));
        assert_true(++rounds < 20);
    }
    assert_err(done.err, ERR_NOT_FOUND);
    assert_int_equal(rounds, SWARM_DNSADDR_DEPTH_MAX);
}

static void a_bush_of_dnsaddrs_is_cut(void **state)
{
    (void)state;
    struct span records[50];

    for (size_t i = 0; i < 50; i++)
        records[i] = SPAN_LIT("dnsaddr=/dnsaddr/more.example.org");
    assert_ok(dial_text("/dnsaddr/bush.example.org", NULL));
    for (int i = 0; i < 100 && !swarm_poll_dialed(a->swarm, &done); i++) {
        a->last_query = 0;
        for (uint64_t q = 2; q <= 200; q += 2)
            swarm_resolved(a->swarm, &w->t.env, q, OK, records, 50);
        mem_settle(w);
    }
    assert_err(done.err, ERR_NOT_FOUND);
    assert_true(a->resolves <= SWARM_DIAL_LOOKUPS_MAX);
}

static void a_lookup_that_is_never_answered_times_out(void **state)
{
    (void)state;
    assert_ok(dial_text("/dns4/node.example.org/tcp/4001", &b->id));
    mem_run(w, 11 * NS_PER_S);
    assert_true(swarm_poll_dialed(a->swarm, &done));
    assert_err(done.err, ERR_TIMEOUT);
    answer(OK, SPAN_ARRAY(b_ip)); /* too late, and harmless */
    assert_true(swarm_idle(a->swarm));
}

static void addresses_that_we_cannot_dial_are_skipped(void **state)
{
    (void)state;
    assert_err(dial_text("/ip4/10.0.0.2/udp/4001/quic-v1", NULL), ERR_NOT_FOUND);
    assert_err(dial_text("/ip4/10.0.0.2/tcp/0", NULL), ERR_NOT_FOUND);
    struct multiaddr m[2];
    assert_ok(multiaddr_parse(SPAN_LIT("/ip4/10.0.0.2/udp/4001/quic-v1"), &m[0]));
    m[1] = mem_addr(b, true);
    assert_ok(swarm_dial(a->swarm, &w->t.env, &b->id, m, 2, 0, &dial));
    mem_settle(w);
    assert_true(swarm_poll_dialed(a->swarm, &done));
    assert_ok(done.err);
}

static void a_wss_name_is_handed_down_for_sni(void **state)
{
    (void)state;
    struct swarm_conn_info info;
    size_t cursor = 0;
    char text[MULTIADDR_TEXT_MAX];

    b->deaf = true;
    assert_ok(dial_text("/dns4/ws.example.org/tcp/4001/wss", &b->id));
    answer(OK, SPAN_ARRAY(b_ip));
    assert_true(swarm_each_conn(a->swarm, &cursor, &info));
    multiaddr_text(info.remote, text);
    assert_string_equal(text, "/ip4/10.0.0.2/tcp/4001/wss");
    assert_string_equal(a->last_host, "ws.example.org");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(a_dns4_name_is_looked_up_and_dialed),
        TEST(dns_asks_for_both_families),
        TEST(a_dnsaddr_leads_to_addresses_of_the_named_peer_only),
        TEST(dnsaddr_that_leads_in_circles_ends),
        TEST(a_bush_of_dnsaddrs_is_cut),
        TEST(a_lookup_that_is_never_answered_times_out),
        TEST(addresses_that_we_cannot_dial_are_skipped),
        TEST(a_wss_name_is_handed_down_for_sni),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
