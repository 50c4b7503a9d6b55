/* Bounds of the swarm: connections of every sort, trimming, half-open links, and strangers who do
 * not speak our language. */
#include "tests/lib/memlinks.h"

static const char *const echo[] = {"/test/echo/1.0.0", NULL};
static struct mem_world *w;
static struct swarm_params params;

static int start(void **state)
{
    (void)state;
    w = calloc(1, sizeof *w);
    params = SWARM_PARAMS_DEFAULT;
    mem_start(w, 7);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mem_stop(w);
    free(w);
    return 0;
}

/* A link from a raw peer at 10.0.<third>.<last>, which the test plays itself. */
static struct mem_pipe *raw_from(struct mem_node *n, uint8_t third, uint8_t last)
{
    struct endpoint at = mem_endpoint(0);
    struct mem_pipe *p = mem_pipe_new(w);

    at.ip[14] = third;
    at.ip[15] = last;
    p->end[1].node = n;
    p->end[1].link = w->next_incoming += 2;
    swarm_link_incoming(n->swarm, &w->t.env, p->end[1].link, &at);
    return p;
}

static void raw_say(struct mem_pipe *p, struct span bytes)
{
    assert_ok(buf_append(&p->end[1].queue, bytes));
    mem_settle(w);
}

static size_t links(const struct mem_node *n)
{
    struct swarm_conn_info info;
    size_t cursor = 0, count = 0;

    while (swarm_each_conn(n->swarm, &cursor, &info))
        count++;
    return count;
}

static void half_open_links_are_limited_and_time_out(void **state)
{
    (void)state;
    params.half_open_max = 5;
    params.per_ip_max = 100;
    struct mem_node *n = mem_node_new(w, &params);
    struct mem_node *good = mem_node_new(w, NULL);

    for (uint8_t i = 0; i < 10; i++)
        raw_from(n, 1, i);
    mem_settle(w);
    assert_int_equal(links(n), 5);
    assert_int_equal(swarm_counters(n->swarm)->upgrades_failed, 5); /* the older ones yielded */
    mem_dial_node(good, n);
    mem_settle(w);
    assert_int_equal(mem_count(n, STREAM_PEER_UP), 1); /* a flood of them shuts nobody out */
    mem_run(w, 16 * NS_PER_S);
    assert_int_equal(links(n), 1);
    assert_int_equal(swarm_counters(n->swarm)->upgrades_failed, 10);
}

static void a_refused_link_that_ends_first_is_not_closed_again(void **state)
{
    (void)state;
    params.half_open_max = 0;
    struct mem_node *n = mem_node_new(w, &params);
    struct mem_pipe *p = raw_from(n, 1, 1);

    p->end[1].closed = true; /* mem_close fails the test for a dead link */
    swarm_link_down(n->swarm, &w->t.env, p->end[1].link, ERR_CLOSED);
    mem_settle(w);
    assert_true(swarm_idle(n->swarm));
}

static void slow_handshakes_do_not_buy_time(void **state)
{
    (void)state;
    struct mem_node *n = mem_node_new(w, &params);
    struct mem_pipe *p = raw_from(n, 1, 1);
    static const char line[] = "\x13/multistream/1.0.0\n\x07/noise\n";

    for (size_t i = 0; i < 20; i++) {
        raw_say(p, span_of(line + i, 1)); /* a byte a second */
        mem_run(w, NS_PER_S);
        if (p->end[1].closed)
            break;
    }
    assert_true(p->end[1].closed);
    assert_int_equal(links(n), 0);
}

static void links_of_one_address_are_limited(void **state)
{
    (void)state;
    params.per_ip_max = 3;
    struct mem_node *n = mem_node_new(w, &params);

    for (int i = 0; i < 5; i++)
        raw_from(n, 1, 1);
    raw_from(n, 1, 2);
    mem_settle(w);
    assert_int_equal(links(n), 4);
}

static void loopback_is_exempt_unless_told(void **state)
{
    (void)state;
    params.per_ip_max = 1;
    for (int limited = 0; limited < 2; limited++) {
        params.loopback_limited = limited;
        struct mem_node *n = mem_node_new(w, &params);
        struct endpoint at = {.port = 1, .ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}};
        for (int i = 0; i < 4; i++) {
            struct mem_pipe *p = mem_pipe_new(w);
            p->end[1].node = n;
            p->end[1].link = w->next_incoming += 2;
            swarm_link_incoming(n->swarm, &w->t.env, p->end[1].link, &at);
        }
        mem_settle(w);
        assert_int_equal(links(n), limited ? 1 : 4);
    }
}

static void an_idle_incoming_connection_makes_room_a_used_or_protected_one_does_not(void **state)
{
    (void)state;
    params.conns_max = 2;
    struct mem_node *n = mem_node_new(w, &params);
    struct mem_node *one = mem_node_new(w, NULL), *two = mem_node_new(w, NULL);
    struct mem_node *three = mem_node_new(w, NULL);
    uint64_t stream;

    assert_ok(n->streams.serve(n->swarm, echo));
    mem_dial_node(one, n);
    mem_dial_node(two, n);
    mem_settle(w);
    assert_int_equal(mem_count(n, STREAM_PEER_UP), 2);
    assert_ok(
        one->streams.open(one->swarm, &w->t.env, swarm_find(one->swarm, &n->id), echo, &stream));
    swarm_protect(n->swarm, swarm_find(n->swarm, &two->id), true);
    mem_run(w, 20 * NS_PER_S);
    mem_dial_node(three, n);
    mem_run(w, NS_PER_S);
    assert_int_equal(mem_count(n, STREAM_PEER_DOWN), 0); /* nobody had to go */
    swarm_protect(n->swarm, swarm_find(n->swarm, &two->id), false);
    mem_run(w, 30 * NS_PER_S);
    mem_dial_node(three, n); /* is refused, and the idle one goes */
    mem_run(w, 30 * NS_PER_S);
    assert_int_equal(swarm_counters(n->swarm)->conns_trimmed, 1);
    mem_dial_node(three, n);
    mem_run(w, NS_PER_S);
    assert_true(swarm_find(n->swarm, &three->id) != 0);
    assert_true(swarm_find(n->swarm, &one->id) != 0);
    assert_true(swarm_find(n->swarm, &two->id) == 0);
}

static void garbage_ends_the_link_at_once(void **state)
{
    (void)state;
    const struct span cases[] = {
        SPAN_LIT("GET / HTTP/1.1\r\n\r\n"),
        SPAN_LIT("\x16\x03\x01\x02\x00"),                             /* TLS */
        SPAN_LIT("\x13/multistream/1.0.0\n\xff\xff\xff\x7f"),         /* oversize line */
        SPAN_LIT("\x13/multistream/1.0.0\n\x07/noise\n\x00\x00\x00"), /* empty noise message */
        SPAN_LIT("\x13/multistream/1.0.0\n\x07/noise\n\x00\x03xxx"),  /* too short */
        SPAN_LIT("\x13/multistream/1.0.0\n\x07/noise\n\xff\xff\x00"), /* too long */
    };
    struct mem_node *n = mem_node_new(w, &params);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mem_pipe *p = raw_from(n, 1, 1);
        raw_say(p, cases[i]);
        assert_true(p->end[1].closed);
        assert_int_equal(links(n), 0);
    }
}

static void endless_negotiation_ends_the_link(void **state)
{
    (void)state;
    struct mem_node *n = mem_node_new(w, &params);
    struct mem_pipe *p = raw_from(n, 1, 1);
    int lines = 0;

    raw_say(p, SPAN_LIT("\x13/multistream/1.0.0\n"));
    while (!p->end[1].closed) {
        raw_say(p, SPAN_LIT("\x03no\n"));
        assert_true(++lines < 100);
    }
    assert_int_equal(links(n), 0);
}

static void a_listener_that_dials_itself_notices(void **state)
{
    (void)state;
    struct mem_node *n = mem_node_new(w, &params);
    struct multiaddr m = mem_addr(n, false);
    struct swarm_dialed done;
    uint64_t dial;

    assert_ok(swarm_dial(n->swarm, &w->t.env, NULL, &m, 1, 0, &dial));
    mem_run(w, 2 * NS_PER_S);
    assert_true(swarm_poll_dialed(n->swarm, &done));
    assert_true(done.err != OK);
    assert_int_equal(mem_count(n, STREAM_PEER_UP), 0);
    assert_int_equal(links(n), 0);
    struct multiaddr named = mem_addr(n, true);
    assert_err(swarm_dial(n->swarm, &w->t.env, NULL, &named, 1, 0, &dial), ERR_ARGUMENT);
}

static void dials_beyond_the_limits_are_refused(void **state)
{
    (void)state;
    params.outbound_max = 1;
    struct mem_node *n = mem_node_new(w, &params), *b = mem_node_new(w, NULL);
    struct mem_node *c = mem_node_new(w, NULL);
    struct multiaddr m = mem_addr(c, true);
    uint64_t dial;

    mem_dial_node(n, b);
    assert_err(swarm_dial(n->swarm, &w->t.env, NULL, &m, 1, 0, &dial), ERR_LIMIT);
    mem_settle(w);
    assert_err(swarm_dial(n->swarm, &w->t.env, NULL, &m, 1, 0, &dial), ERR_LIMIT);
}

static void a_failing_address_is_left_alone_longer_and_longer(void **state)
{
    (void)state;
    struct mem_node *n = mem_node_new(w, &params);
    struct mem_node *gone = mem_node_new(w, NULL);
    struct multiaddr m = mem_addr(gone, true);
    int64_t last = 0;
    uint64_t dial;

    swarm_free(gone->swarm);
    gone->swarm = NULL; /* nobody listens there */
    for (int round = 0; round < 6; round++) {
        int64_t waited = 0;
        while (swarm_dial(n->swarm, &w->t.env, NULL, &m, 1, 0, &dial) == ERR_BUSY) {
            mem_run(w, 100 * NS_PER_MS);
            waited += 100;
            assert_true(waited < 1000000);
        }
        mem_run(w, NS_PER_MS);
        if (round >= 3)
            assert_true(waited >= last);
        last = round == 2 ? 1000 : waited / 2; /* jitter is up to a half */
    }
    assert_true(last >= 2000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        TEST(half_open_links_are_limited_and_time_out),
        TEST(a_refused_link_that_ends_first_is_not_closed_again),
        TEST(slow_handshakes_do_not_buy_time),
        TEST(links_of_one_address_are_limited),
        TEST(loopback_is_exempt_unless_told),
        TEST(an_idle_incoming_connection_makes_room_a_used_or_protected_one_does_not),
        TEST(garbage_ends_the_link_at_once),
        TEST(endless_negotiation_ends_the_link),
        TEST(a_listener_that_dials_itself_notices),
        TEST(dials_beyond_the_limits_are_refused),
        TEST(a_failing_address_is_left_alone_longer_and_longer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
