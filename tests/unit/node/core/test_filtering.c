/* Filter in the whole node: what was accepted leaves for the subscribers in the same wake-up,
 * wherever it came from; and timestamps tell of our clock. */
#include "net/gossipsub/rpc.h"
#include "net/services/filter.h"
#include "net/waku/waku.h"
#include "node/core/inside.h"
#include "tests/lib/fake_streams.h"

#define TOPIC "/waku/2/rs/66/0"

struct world {
    struct fake_host *f;
    struct core *c;
    struct port port;
};

static struct world *begin(void)
{
    static const uint16_t shard;
    struct world *w = calloc(1, sizeof *w);
    struct streams streams;
    assert_non_null(w);
    w->f = fake_new(&streams);
    struct core_config config = {.key = w->f->key,
                                 .streams = &streams,
                                 .agent_version = "test",
                                 .cluster = 66,
                                 .shards_in_network = 8,
                                 .shards = &shard,
                                 .shards_count = 1,
                                 .relay = true,
                                 .filter = true,
                                 .filter_subscribers_max = 10,
                                 .filter_criteria_max = 10,
                                 .filter_timeout_s = 300,
                                 .message_bytes_max = 153600,
                                 .store_page_max = 100,
                                 .connections_max = 10,
                                 .connections_per_ip = 10};
    assert_ok(core_new(&w->c, &config, w->f->env));
    return w;
}

static void end(struct world *w)
{
    core_free(w->c);
    fake_host_free(w->f);
    free(w);
}

/* One wake-up, as the world makes it. */
static void wake(struct world *w)
{
    struct core_event ev;
    (void)core_pump(w->c, w->f->env, &w->port);
    while (core_poll(w->c, &ev)) {
    }
    arena_reset(w->f->env->scratch);
}

/* A peer that is connected, and heard by us on the stream returned. */
static uint64_t join(struct world *w, uint64_t peer)
{
    fake_peer_up(w->f, peer);
    wake(w);
    fake_opened(w->f, fake_find(w->f, peer, gossipsub_protocols[0], true));
    uint64_t in = fake_incoming(w->f, peer, "/meshsub/1.2.0");
    wake(w);
    return in;
}

static void subscribe(struct world *w, uint64_t peer)
{
    struct filter_request r = {
        .request_id = SPAN_LIT("1"), .kind = FILTER_SUBSCRIBE, .pubsub_topic = SPAN_LIT(TOPIC)};
    struct filter_answer a;
    struct buf b = BUF_INIT(4096);
    uint64_t s = fake_incoming(w->f, peer, FILTER_SUBSCRIBE_PROTOCOL);
    r.content_topics[r.count++] = SPAN_LIT("/a/1/b/c");
    assert_ok(filter_request_encode(&r, &b));
    fake_frame(w->f, s, buf_span(&b));
    buf_clear(&b);
    wake(w);
    assert_ok(filter_answer_decode(fake_wrote(w->f, s), &a));
    assert_int_equal(a.status, 200);
}

static void say(struct world *w, uint64_t stream, uint8_t n, int64_t timestamp_ns)
{
    struct waku_message m = {.payload = span_of(&n, 1),
                             .content_topic = SPAN_LIT("/a/1/b/c"),
                             .timestamp_ns = timestamp_ns};
    struct buf b = BUF_INIT(4096);
    struct span at;
    assert_ok(waku_message_encode(&m, &b));
    struct blob *rpc = rpc_encode_message(SPAN_LIT(TOPIC), buf_span(&b), &at);
    assert_non_null(rpc);
    fake_frame(w->f, stream, blob_span(rpc));
    blob_unref(rpc);
    buf_clear(&b);
}

/* The payload byte of the last push to a peer; -1: none. */
static int pushed(struct world *w, uint64_t peer)
{
    uint64_t s = fake_find(w->f, peer, FILTER_PUSH_PROTOCOL, true);
    struct filter_push p;
    struct waku_message m;
    if (s == 0)
        return -1;
    assert_ok(filter_push_decode(fake_wrote(w->f, s), &p));
    assert_ok(waku_message_decode(p.message, &m));
    return m.payload.ptr[0];
}

static void a_relayed_message_is_pushed_in_the_same_wake_up(void **state)
{
    (void)state;
    struct world *w = begin();
    uint64_t one = join(w, 1);
    join(w, 2);
    subscribe(w, 2);
    assert_int_equal(pushed(w, 2), -1);
    say(w, one, 7, w->f->env->wall.ns);
    wake(w);
    assert_int_equal(pushed(w, 2), 7);
    end(w);
}

static void an_own_message_is_pushed_too(void **state)
{
    (void)state;
    struct world *w = begin();
    uint8_t payload = 9;
    struct core_message m = {.payload = span_of(&payload, 1),
                             .content_topic = SPAN_LIT("/a/1/b/c")};
    join(w, 2);
    subscribe(w, 2);
    assert_ok(core_publish(w->c, w->f->env, SPAN_LIT(TOPIC), &m, NULL));
    wake(w);
    assert_int_equal(pushed(w, 2), 9);
    end(w);
}

static void what_three_peers_relay_tells_of_our_clock(void **state)
{
    (void)state;
    struct world *w = begin();
    int64_t ns = 0;
    for (uint64_t peer = 1; peer <= 3; peer++) {
        uint64_t in = join(w, peer);
        assert_false(core_clock_offset(w->c, &ns));
        say(w, in, (uint8_t)peer, w->f->env->wall.ns - 42 * NS_PER_S);
        wake(w);
    }
    assert_true(core_clock_offset(w->c, &ns));
    assert_int_equal(ns, 42 * NS_PER_S);
    fake_peer_down(w->f, 1);
    wake(w);
    assert_false(core_clock_offset(w->c, &ns));
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_relayed_message_is_pushed_in_the_same_wake_up),
        cmocka_unit_test(an_own_message_is_pushed_too),
        cmocka_unit_test(what_three_peers_relay_tells_of_our_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
