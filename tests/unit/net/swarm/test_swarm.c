/* Two swarms in virtual time: connections, streams, and what goes wrong with them. */
#include "tests/lib/memlinks.h"

static const char *const echo[] = {"/test/echo/1.0.0", NULL};
static const char *const other[] = {"/test/other/1.0.0", NULL};
static const char *const either[] = {"/test/other/1.0.0", "/test/echo/1.0.0", NULL};

static struct mem_world *w;
static struct mem_node *a, *b;

static int start_with(const char *const *muxers)
{
    struct swarm_params params = SWARM_PARAMS_DEFAULT;

    w = calloc(1, sizeof *w);
    mem_start(w, 7);
    params.muxers = muxers;
    a = mem_node_new(w, &params);
    b = mem_node_new(w, NULL);
    assert_ok(a->streams.serve(a->swarm, echo));
    assert_ok(b->streams.serve(b->swarm, echo));
    return 0;
}

static int start(void **state)
{
    (void)state;
    return start_with(NULL);
}

static int start_mplex(void **state)
{
    static const char *const mplex[] = {"/mplex/6.7.0", NULL};

    (void)state;
    return start_with(mplex);
}

static int stop(void **state)
{
    (void)state;
    mem_stop(w);
    free(w);
    return 0;
}

static void connect_them(void)
{
    mem_dial_node(a, b);
    mem_settle(w);
    assert_int_equal(mem_count(a, STREAM_PEER_UP), 1);
    assert_int_equal(mem_count(b, STREAM_PEER_UP), 1);
}

static uint64_t open_stream(const char *const *protocols)
{
    uint64_t stream = 0;

    assert_ok(a->streams.open(a->swarm, &w->t.env, mem_last(a, STREAM_PEER_UP)->peer, protocols,
                              &stream));
    mem_settle(w);
    return stream;
}

static void a_dial_is_upgraded_and_both_learn_the_peer(void **state)
{
    (void)state;
    struct swarm_dialed done;
    struct swarm_conn_info info;
    size_t cursor = 0;

    uint64_t dial = mem_dial_node(a, b);
    mem_settle(w);
    assert_true(swarm_poll_dialed(a->swarm, &done));
    assert_int_equal(done.dial, dial);
    assert_ok(done.err);
    assert_int_equal(done.peer, swarm_find(a->swarm, &b->id));
    assert_true(swarm_find(b->swarm, &a->id) != 0);
    assert_true(mem_last(a, STREAM_PEER_UP)->outbound);
    assert_false(mem_last(b, STREAM_PEER_UP)->outbound);
    assert_true(swarm_each_conn(a->swarm, &cursor, &info));
    assert_string_equal(info.muxer, "/yamux/1.0.0");
    assert_true(peer_id_eq(info.peer_id, &b->id));
    assert_false(swarm_each_conn(a->swarm, &cursor, &info));
    assert_int_equal(swarm_counters(a->swarm)->conns_out, 1);
    assert_int_equal(swarm_counters(b->swarm)->conns_in, 1);
}

static void a_stream_carries_bytes_both_ways_and_ends_when_both_closed(void **state)
{
    (void)state;
    connect_them();
    uint64_t s = open_stream(echo);
    assert_int_equal(mem_last(a, STREAM_OPENED)->stream, s);
    assert_string_equal(mem_last(b, STREAM_INCOMING)->protocol, echo[0]);
    uint64_t t = mem_last(b, STREAM_INCOMING)->stream;
    a->keep = b->keep = true;
    assert_ok(mem_send(a, s, SPAN_LIT("question")));
    a->streams.close_write(a->swarm, s);
    assert_err(mem_send(a, s, SPAN_LIT("more")), ERR_CLOSED);
    mem_settle(w);
    assert_span_equal(buf_span(&b->received), SPAN_LIT("question"));
    assert_int_equal(mem_count(b, STREAM_END), 1);
    assert_ok(mem_send(b, t, SPAN_LIT("answer")));
    b->streams.close_write(b->swarm, t);
    mem_settle(w);
    assert_span_equal(buf_span(&a->received), SPAN_LIT("answer"));
    assert_int_equal(mem_count(a, STREAM_END), 1);
    assert_int_equal(mem_count(a, STREAM_RESET) + mem_count(b, STREAM_RESET), 0);
    assert_int_equal(swarm_counters(a->swarm)->streams_out, 0);
    assert_int_equal(swarm_counters(b->swarm)->streams_in, 0);
    assert_err(mem_send(b, t, SPAN_LIT("more")), ERR_CLOSED);
}

static void the_first_protocol_that_the_peer_speaks_is_used(void **state)
{
    (void)state;
    connect_them();
    open_stream(either);
    assert_string_equal(mem_last(a, STREAM_OPENED)->protocol, echo[0]);
    uint64_t s = open_stream(other);
    assert_int_equal(mem_last(a, STREAM_REFUSED)->stream, s);
    assert_err(mem_last(a, STREAM_REFUSED)->err, ERR_UNSUPPORTED);
    assert_int_equal(mem_count(b, STREAM_RESET), 0);
    assert_int_equal(mem_count(b, STREAM_INCOMING), 1);
}

static void a_reset_is_heard_by_the_other_end(void **state)
{
    (void)state;
    connect_them();
    uint64_t s = open_stream(echo);
    assert_ok(mem_send(a, s, SPAN_LIT("x")));
    a->streams.reset(a->swarm, s);
    mem_settle(w);
    assert_int_equal(mem_count(b, STREAM_RESET), 1);
    assert_int_equal(mem_count(a, STREAM_RESET), 0);
    assert_int_equal(swarm_counters(b->swarm)->streams_in, 0);
}

static void a_slow_reader_fills_only_its_own_queue(void **state)
{
    (void)state;
    connect_them();
    uint64_t slow = open_stream(echo), quick = open_stream(echo);
    uint64_t slow_b = 0;
    static uint8_t kilobytes[65536];
    size_t sent = 0;

    for (size_t i = 0; i < b->events_count; i++)
        if (b->events[i].kind == STREAM_INCOMING && slow_b == 0)
            slow_b = b->events[i].stream;
    b->streams.pause(b->swarm, slow_b, true);
    while (mem_send(a, slow, SPAN_ARRAY(kilobytes)) == OK) {
        mem_settle(w);
        assert_true(++sent < 1000);
    }
    /* the window, and one queue */
    assert_in_range(sent * sizeof kilobytes, STREAM_SEND_BYTES_MAX + 262144 - sizeof kilobytes,
                    STREAM_SEND_BYTES_MAX + 262144);
    assert_true(a->streams.room(a->swarm, slow) < sizeof kilobytes);
    assert_int_equal(b->received_bytes, 0);
    assert_ok(mem_send(a, quick, SPAN_LIT("hello")));
    mem_settle(w);
    assert_int_equal(b->received_bytes, 5);
    b->streams.pause(b->swarm, slow_b, false);
    mem_settle(w);
    assert_int_equal(b->received_bytes, 5 + sent * sizeof kilobytes);
    assert_int_equal(mem_last(a, STREAM_WRITABLE)->stream, slow);
    assert_int_equal(mem_count(a, STREAM_WRITABLE), 1);
}

static void bytes_survive_small_pieces_and_a_narrow_carrier(void **state)
{
    (void)state;
    w->chunk = 7;
    w->pipe_bytes = 1000;
    connect_them();
    uint64_t s = open_stream(echo);
    static uint8_t data[200000];
    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i * 7 + i / 251);
    b->keep = true;
    assert_ok(mem_send(a, s, SPAN_ARRAY(data)));
    a->streams.close_write(a->swarm, s);
    mem_settle(w);
    assert_span_equal(buf_span(&b->received), SPAN_ARRAY(data));
    assert_int_equal(mem_count(b, STREAM_END), 1);
}

static void simultaneous_dials_leave_exactly_one_connection(void **state)
{
    (void)state;
    mem_dial_node(a, b);
    mem_dial_node(b, a);
    mem_settle(w);
    assert_int_equal(mem_count(a, STREAM_PEER_UP), 1);
    assert_int_equal(mem_count(b, STREAM_PEER_UP), 1);
    assert_int_equal(swarm_counters(a->swarm)->conns_in + swarm_counters(a->swarm)->conns_out, 2);
    mem_run(w, 10 * NS_PER_S);
    assert_int_equal(swarm_counters(a->swarm)->conns_in + swarm_counters(a->swarm)->conns_out, 1);
    assert_int_equal(swarm_counters(b->swarm)->conns_in + swarm_counters(b->swarm)->conns_out, 1);
    bool a_smaller = span_cmp(peer_id_span(&a->id), peer_id_span(&b->id)) < 0;
    assert_int_equal(swarm_counters(a->swarm)->conns_out, a_smaller ? 1 : 0);
    assert_int_equal(mem_count(a, STREAM_PEER_DOWN) + mem_count(b, STREAM_PEER_DOWN), 0);
    open_stream(echo);
    assert_int_equal(mem_count(a, STREAM_OPENED), 1);
}

static void when_the_kept_connection_dies_the_other_one_stays(void **state)
{
    (void)state;
    mem_dial_node(a, b);
    mem_dial_node(b, a);
    mem_settle(w);
    /* a peer without our rule closes the one that we would keep */
    bool a_smaller = span_cmp(peer_id_span(&a->id), peer_id_span(&b->id)) < 0;
    for (size_t i = 0; i < MEM_PIPES_MAX; i++) {
        struct mem_pipe *p = &w->pipes[i];
        if (!p->used || (p->end[0].node == a) != a_smaller)
            continue;
        for (int e = 0; e < 2; e++) {
            p->end[e].closed = p->end[e].told = true;
            swarm_link_down(p->end[e].node->swarm, &w->t.env, p->end[e].link, ERR_CLOSED);
        }
        break;
    }
    mem_run(w, 10 * NS_PER_S);
    assert_int_equal(swarm_counters(a->swarm)->conns_in + swarm_counters(a->swarm)->conns_out, 1);
    assert_int_equal(mem_count(a, STREAM_PEER_DOWN) + mem_count(b, STREAM_PEER_DOWN), 0);
}

static void another_peer_than_expected_is_refused(void **state)
{
    (void)state;
    struct multiaddr m = mem_addr(b, false);
    struct swarm_dialed done;
    struct peer_id wrong = b->id;
    uint64_t dial;

    wrong.bytes[wrong.len - 1] ^= 1;
    assert_ok(swarm_dial(a->swarm, &w->t.env, &wrong, &m, 1, 0, &dial));
    mem_settle(w);
    assert_true(swarm_poll_dialed(a->swarm, &done));
    assert_err(done.err, ERR_AUTH);
    assert_int_equal(mem_count(a, STREAM_PEER_UP), 0);
    assert_int_equal(mem_count(b, STREAM_PEER_UP), mem_count(b, STREAM_PEER_DOWN));
    /* and the address is left alone for a while */
    assert_err(swarm_dial(a->swarm, &w->t.env, &wrong, &m, 1, 0, &dial), ERR_BUSY);
    assert_ok(swarm_dial(a->swarm, &w->t.env, &b->id, &m, 1, SWARM_DIAL_FORCE, &dial));
    mem_settle(w);
    assert_true(swarm_poll_dialed(a->swarm, &done));
    assert_ok(done.err);
}

static void a_dead_address_does_not_hold_up_the_next(void **state)
{
    (void)state;
    struct mem_node *c = mem_node_new(w, NULL);
    struct multiaddr m[2];
    struct swarm_dialed done;
    uint64_t dial;

    c->deaf = true;
    m[0] = mem_addr(c, false);
    m[1] = mem_addr(b, false);
    assert_ok(swarm_dial(a->swarm, &w->t.env, &b->id, m, 2, 0, &dial));
    mem_settle(w);
    assert_false(swarm_poll_dialed(a->swarm, &done));
    mem_run(w, 300 * NS_PER_MS);
    assert_true(swarm_poll_dialed(a->swarm, &done));
    assert_ok(done.err);
    assert_int_equal(swarm_counters(a->swarm)->dials_started, 2);
    size_t cursor = 0, links = 0;
    struct swarm_conn_info info;
    while (swarm_each_conn(a->swarm, &cursor, &info))
        links++;
    assert_int_equal(links, 1); /* the other attempt was dropped */
}

static void a_dial_that_nobody_answers_times_out(void **state)
{
    (void)state;
    struct swarm_dialed done;

    b->deaf = true;
    mem_dial_node(a, b);
    mem_run(w, 14 * NS_PER_S);
    assert_false(swarm_poll_dialed(a->swarm, &done));
    mem_run(w, 2 * NS_PER_S);
    assert_true(swarm_poll_dialed(a->swarm, &done));
    assert_err(done.err, ERR_TIMEOUT);
    assert_true(swarm_idle(a->swarm));
}

static void disconnect_flushes_what_is_queued(void **state)
{
    (void)state;
    connect_them();
    uint64_t s = open_stream(echo);
    static uint8_t data[700000]; /* more than one window */
    assert_ok(mem_send(a, s, SPAN_ARRAY(data)));
    a->streams.disconnect(a->swarm, &w->t.env, mem_last(a, STREAM_PEER_UP)->peer, OK);
    mem_settle(w);
    assert_int_equal(b->received_bytes, sizeof data);
    assert_int_equal(mem_count(a, STREAM_PEER_DOWN), 1);
    assert_int_equal(mem_count(b, STREAM_PEER_DOWN), 1);
    assert_int_equal(mem_count(a, STREAM_RESET), 1);
    assert_true(swarm_idle(a->swarm));
    assert_true(swarm_idle(b->swarm));
}

static void stop_closes_everything(void **state)
{
    (void)state;
    connect_them();
    open_stream(echo);
    swarm_stop(a->swarm, &w->t.env);
    mem_settle(w);
    assert_true(swarm_idle(a->swarm));
    assert_int_equal(mem_count(b, STREAM_PEER_DOWN), 1);
    struct multiaddr m = mem_addr(b, true);
    uint64_t dial;
    assert_err(swarm_dial(a->swarm, &w->t.env, NULL, &m, 1, 0, &dial), ERR_CLOSED);
}

static void a_silent_link_is_noticed_by_pings(void **state)
{
    (void)state;
    connect_them();
    mem_run(w, 600 * NS_PER_S);
    assert_int_equal(mem_count(a, STREAM_PEER_DOWN), 0);
    w->partition = true;
    mem_run(w, 100 * NS_PER_S);
    assert_int_equal(mem_count(a, STREAM_PEER_DOWN), 1);
    assert_err(mem_last(a, STREAM_PEER_DOWN)->err, ERR_TIMEOUT);
}

static uint64_t first_incoming(const struct mem_node *n)
{
    for (size_t i = 0; i < n->events_count; i++)
        if (n->events[i].kind == STREAM_INCOMING)
            return n->events[i].stream;
    return 0;
}

static void mplex_is_used_when_the_dialer_speaks_nothing_else(void **state)
{
    (void)state;
    struct swarm_conn_info info;
    size_t cursor = 0;

    connect_them();
    assert_true(swarm_each_peer(b->swarm, &cursor, &info));
    assert_string_equal(info.muxer, "/mplex/6.7.0");
    assert_int_equal(swarm_counters(b->swarm)->conns_opened_mplex, 1);
}

static void over_mplex_a_paused_stream_holds_a_bound_then_the_reading_stops(void **state)
{
    (void)state;
    static uint8_t data[65536];
    size_t sent = 0;

    connect_them();
    uint64_t s = open_stream(echo);
    b->streams.pause(b->swarm, first_incoming(b), true);
    while (mem_send(a, s, SPAN_ARRAY(data)) == OK) {
        mem_settle(w);
        assert_true(++sent < 1000);
    }
    assert_int_equal(b->received_bytes, 0);
    assert_true(sent * sizeof data >= 4u << 20); /* what b holds, and then a's own queue */
    assert_true(sent * sizeof data <= 8u << 20);
    b->streams.pause(b->swarm, first_incoming(b), false);
    mem_settle(w);
    assert_int_equal(b->received_bytes, sent * sizeof data);
    assert_int_equal(mem_count(a, STREAM_WRITABLE), 1);
}

static void what_is_held_and_the_end_behind_it_are_given_on_resume(void **state)
{
    (void)state;
    connect_them();
    uint64_t s = open_stream(echo);
    b->keep = true;
    /* pause before the bytes, read later, with the end behind them */
    b->streams.pause(b->swarm, first_incoming(b), true);
    assert_ok(mem_send(a, s, SPAN_LIT("held")));
    a->streams.close_write(a->swarm, s);
    mem_settle(w);
    b->streams.close_write(b->swarm, first_incoming(b));
    mem_settle(w);
    assert_int_equal(mem_count(b, STREAM_END), 0);
    b->streams.pause(b->swarm, first_incoming(b), false);
    mem_settle(w);
    assert_span_equal(buf_span(&b->received), SPAN_LIT("held"));
    assert_int_equal(mem_count(b, STREAM_END), 1);
    assert_int_equal(swarm_counters(b->swarm)->streams_in, 0);
}

static void what_is_held_is_given_on_resume_though_the_peer_has_left(void **state)
{
    (void)state;
    connect_them();
    uint64_t s = open_stream(echo);
    b->keep = true;
    b->streams.pause(b->swarm, first_incoming(b), true);
    assert_ok(mem_send(a, s, SPAN_LIT("last words")));
    mem_settle(w);
    swarm_stop(a->swarm, &w->t.env);
    mem_settle(w);
    assert_int_equal(mem_count(b, STREAM_PEER_DOWN), 0);
    b->streams.pause(b->swarm, first_incoming(b), false);
    mem_settle(w);
    assert_span_equal(buf_span(&b->received), SPAN_LIT("last words"));
    assert_int_equal(mem_count(b, STREAM_PEER_DOWN), 1);
}

static void a_flood_of_streams_is_cut_and_the_rest_still_works(void **state)
{
    (void)state;
    uint64_t peer, stream;
    size_t opened = 0;

    connect_them();
    peer = mem_last(a, STREAM_PEER_UP)->peer;
    for (int round = 0; round < 10; round++) {
        while (a->streams.open(a->swarm, &w->t.env, peer, echo, &stream) == OK)
            opened++;
        mem_settle(w);
    }
    assert_int_equal(opened, 1000);
    assert_int_equal(swarm_counters(b->swarm)->streams_in, 1000);
    a->streams.reset(a->swarm, mem_last(a, STREAM_OPENED)->stream);
    open_stream(echo);
    assert_int_equal(swarm_counters(b->swarm)->streams_in, 1000);
}

static void a_stream_that_never_negotiates_is_reset(void **state)
{
    (void)state;
    uint64_t stream;

    connect_them();
    w->partition = true; /* the answer does not come */
    assert_ok(
        a->streams.open(a->swarm, &w->t.env, mem_last(a, STREAM_PEER_UP)->peer, echo, &stream));
    mem_run(w, 31 * NS_PER_S);
    assert_int_equal(mem_last(a, STREAM_REFUSED)->stream, stream);
    assert_err(mem_last(a, STREAM_REFUSED)->err, ERR_TIMEOUT);
    w->partition = false;
    mem_settle(w);
    assert_int_equal(swarm_counters(b->swarm)->streams_in, 0);
    assert_int_equal(mem_count(a, STREAM_PEER_DOWN), 0);
}

static void when_a_link_ends_streams_die_before_the_peer(void **state)
{
    (void)state;
    connect_them();
    open_stream(echo);
    open_stream(echo);
    for (int e = 0; e < 2; e++) {
        struct mem_end *end = &w->pipes[0].end[e];
        end->closed = end->told = true;
        swarm_link_down(end->node->swarm, &w->t.env, end->link, ERR_IO);
    }
    mem_settle(w);
    assert_int_equal(mem_count(a, STREAM_RESET), 2);
    assert_int_equal(a->events[a->events_count - 1].kind, STREAM_PEER_DOWN);
    assert_err(a->events[a->events_count - 1].err, ERR_IO);
    assert_int_equal(b->events[b->events_count - 1].kind, STREAM_PEER_DOWN);
    assert_true(swarm_idle(a->swarm));
    assert_int_equal(swarm_counters(a->swarm)->streams_out, 0);
}

static void many_writes_leave_in_one_write_of_the_carrier(void **state)
{
    (void)state;
    connect_them();
    uint64_t s = open_stream(echo);
    uint64_t before = swarm_counters(a->swarm)->writes;

    for (int i = 0; i < 100; i++)
        assert_ok(mem_send(a, s, SPAN_LIT("a message of a hundred")));
    mem_pump(a);
    assert_int_equal(swarm_counters(a->swarm)->writes, before + 1);
}

int main(void)
{
#define TEST(name)  cmocka_unit_test_setup_teardown(name, start, stop)
#define MPLEX(name) cmocka_unit_test_setup_teardown(name, start_mplex, stop)
    const struct CMUnitTest tests[] = {
        TEST(a_dial_is_upgraded_and_both_learn_the_peer),
        TEST(a_stream_carries_bytes_both_ways_and_ends_when_both_closed),
        TEST(the_first_protocol_that_the_peer_speaks_is_used),
        TEST(a_reset_is_heard_by_the_other_end),
        TEST(a_slow_reader_fills_only_its_own_queue),
        TEST(bytes_survive_small_pieces_and_a_narrow_carrier),
        TEST(simultaneous_dials_leave_exactly_one_connection),
        TEST(when_the_kept_connection_dies_the_other_one_stays),
        TEST(another_peer_than_expected_is_refused),
        TEST(a_dead_address_does_not_hold_up_the_next),
        TEST(a_dial_that_nobody_answers_times_out),
        TEST(disconnect_flushes_what_is_queued),
        TEST(stop_closes_everything),
        TEST(a_silent_link_is_noticed_by_pings),
        TEST(what_is_held_and_the_end_behind_it_are_given_on_resume),
        TEST(what_is_held_is_given_on_resume_though_the_peer_has_left),
        TEST(a_flood_of_streams_is_cut_and_the_rest_still_works),
        TEST(a_stream_that_never_negotiates_is_reset),
        TEST(when_a_link_ends_streams_die_before_the_peer),
        TEST(many_writes_leave_in_one_write_of_the_carrier),
        MPLEX(mplex_is_used_when_the_dialer_speaks_nothing_else),
        MPLEX(over_mplex_a_paused_stream_holds_a_bound_then_the_reading_stops),
        MPLEX(a_stream_carries_bytes_both_ways_and_ends_when_both_closed),
        MPLEX(the_first_protocol_that_the_peer_speaks_is_used),
        MPLEX(a_reset_is_heard_by_the_other_end),
        MPLEX(bytes_survive_small_pieces_and_a_narrow_carrier),
        MPLEX(what_is_held_and_the_end_behind_it_are_given_on_resume),
        MPLEX(a_flood_of_streams_is_cut_and_the_rest_still_works),
        MPLEX(a_stream_that_never_negotiates_is_reset),
        MPLEX(when_a_link_ends_streams_die_before_the_peer),
        MPLEX(disconnect_flushes_what_is_queued),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
