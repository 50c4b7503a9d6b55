/* Swarms over links that carry WebSocket frames. */
#include "tests/lib/memlinks.h"

static struct mem_world *w;
static const char *const chat[] = {"/chat/1", NULL};

static int start(void **state)
{
    (void)state;
    w = calloc(1, sizeof *w);
    mem_start(w, 9);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    mem_stop(w);
    free(w);
    return 0;
}

static struct mem_node *node(void)
{
    struct mem_node *n = mem_node_new(w, NULL);

    assert_ok(n->streams.serve(n->swarm, chat));
    n->keep = true;
    return n;
}

static uint64_t dial(struct mem_node *from, const struct mem_node *to, enum multiaddr_code code)
{
    struct multiaddr m = mem_addr(to, false);
    uint64_t number = 0;

    assert_ok(multiaddr_add(&m, code, SPAN_EMPTY));
    assert_ok(multiaddr_add_peer(&m, &to->id));
    assert_ok(swarm_dial(from->swarm, &w->t.env, NULL, &m, 1, 0, &number));
    return number;
}

static uint64_t open_stream(struct mem_node *from)
{
    uint64_t stream = 0;

    assert_ok(from->streams.open(from->swarm, &w->t.env, mem_last(from, STREAM_PEER_UP)->peer, chat,
                                 &stream));
    mem_settle(w);
    assert_int_equal(mem_count(from, STREAM_OPENED), 1);
    return stream;
}

static void carry(enum multiaddr_code code, size_t chunk)
{
    static uint8_t bytes[300000];
    struct mem_node *a = node(), *b = node();
    struct swarm_dialed done;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 + i / 977);
    w->chunk = chunk;
    dial(a, b, code);
    mem_settle(w);
    assert_true(swarm_poll_dialed(a->swarm, &done));
    assert_ok(done.err);
    uint64_t stream = open_stream(a);
    assert_ok(mem_send(a, stream, SPAN_ARRAY(bytes)));
    mem_settle(w);
    assert_ok(mem_send(b, mem_last(b, STREAM_INCOMING)->stream, SPAN_ARRAY(bytes)));
    mem_settle(w);
    assert_span_equal(buf_span(&a->received), SPAN_ARRAY(bytes));
    assert_span_equal(buf_span(&b->received), SPAN_ARRAY(bytes));
    mem_run(w, 200 * NS_PER_S); /* keep-alives of the muxer pass as well */
    assert_int_equal(mem_count(a, STREAM_PEER_DOWN) + mem_count(b, STREAM_PEER_DOWN), 0);
}

static void streams_run_over_frames(void **state)
{
    (void)state;
    carry(MULTIADDR_WS, 0);
}

static void streams_run_over_frames_cut_anywhere(void **state)
{
    (void)state;
    carry(MULTIADDR_WSS, 333); /* TLS is the world's: the same bytes */
}

static void many_small_writes_are_one_message(void **state)
{
    (void)state;
    struct mem_node *a = node(), *b = node();

    dial(a, b, MULTIADDR_WS);
    mem_settle(w);
    uint64_t stream = open_stream(a);
    for (int i = 0; i < 3000; i++) /* more parts than a seal or a frame of noise gathers */
        assert_ok(a->streams.write(a->swarm, stream, SPAN_LIT("abc"), NULL, 0));
    uint64_t writes = swarm_counters(a->swarm)->writes;
    mem_settle(w);
    assert_int_equal(b->received.len, 9000);
    assert_true(swarm_counters(a->swarm)->writes - writes < 20);
}

static void good_bye_is_said_in_both_languages(void **state)
{
    (void)state;
    struct mem_node *a = node(), *b = node();

    dial(a, b, MULTIADDR_WS);
    mem_settle(w);
    swarm_stop(a->swarm, &w->t.env);
    mem_settle(w);
    assert_int_equal(mem_count(a, STREAM_PEER_DOWN), 1);
    assert_int_equal(mem_count(b, STREAM_PEER_DOWN), 1);
}

/* A raw end that plays a client by hand. */
static struct mem_end *stranger(struct mem_node *to)
{
    struct mem_pipe *p = mem_pipe_new(w);

    p->kind = LINK_WS;
    p->end[1].node = to;
    p->end[1].link = w->next_incoming += 2;
    p->end[1].pending_incoming = true;
    return &p->end[0];
}

static void say(struct mem_end *from, struct span bytes)
{
    struct mem_pipe *p = (struct mem_pipe *)(void *)((char *)from - offsetof(struct mem_pipe, end));

    assert_ok(buf_append(&p->end[1].queue, bytes));
    mem_settle(w);
}

static void a_slow_upgrade_is_given_up(void **state)
{
    (void)state;
    struct mem_node *a = node();
    struct mem_end *s = stranger(a);

    mem_settle(w);
    for (int i = 0; i < 14; i++) { /* a byte a second */
        say(s, SPAN_LIT("G"));
        mem_run(w, NS_PER_S);
    }
    assert_false(s->closed);
    mem_run(w, 2 * NS_PER_S);
    assert_int_equal(a->events_count, 0);
    assert_true(swarm_counters(a->swarm)->upgrades_failed == 1);
}

static void half_open_upgrades_are_bounded(void **state)
{
    (void)state;
    struct swarm_params params = SWARM_PARAMS_DEFAULT;
    params.per_ip_max = UINT32_MAX;
    struct mem_node *a = mem_node_new(w, &params);

    for (unsigned i = 0; i < params.half_open_max + 5; i++)
        (void)stranger(a);
    mem_settle(w);
    assert_int_equal(swarm_counters(a->swarm)->upgrades_failed, 5); /* the oldest made room */
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, start, stop)
    const struct CMUnitTest tests[] = {
        T(streams_run_over_frames),           T(streams_run_over_frames_cut_anywhere),
        T(many_small_writes_are_one_message), T(good_bye_is_said_in_both_languages),
        T(a_slow_upgrade_is_given_up),        T(half_open_upgrades_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
