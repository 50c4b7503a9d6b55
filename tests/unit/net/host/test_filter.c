/* Filter on streams: subscribing as an exchange, each push on a stream of its own. */
#include "net/host/params.h"
#include "net/services/filter.h"
#include "tests/lib/fake_streams.h"

#define TOPIC "/waku/2/rs/66/3"

static struct fake_host *begin(bool serve, const char *rate)
{
    struct streams streams;
    struct fake_host *f = fake_new(&streams);
    struct filter_params filter = {10, 10, 300 * NS_PER_S};
    struct host_params p = {.key = f->key,
                            .agent_version = "test",
                            .cluster = 66,
                            .listen = &f->addr,
                            .listen_count = 1,
                            .filter = serve ? &filter : NULL,
                            .rate_limits = &rate,
                            .rate_limits_count = rate != NULL,
                            .gossipsub = gossipsub_params_default(),
                            .message_bytes_max = 153600};
    assert_ok(host_new(&f->h, f->env, &p, &streams));
    fake_peer_up(f, 1);
    fake_peer_up(f, 2);
    fake_pump(f);
    return f;
}

static uint32_t ask(struct fake_host *f, uint64_t peer, enum filter_kind kind, const char *topic)
{
    struct filter_request r = {.request_id = SPAN_LIT("1"), .kind = kind};
    struct filter_answer a;
    struct buf b = BUF_INIT(4096);
    uint64_t s = fake_incoming(f, peer, FILTER_SUBSCRIBE_PROTOCOL);
    if (topic != NULL) {
        r.pubsub_topic = SPAN_LIT(TOPIC);
        r.content_topics[r.count++] = span_str(topic);
    }
    assert_ok(filter_request_encode(&r, &b));
    fake_frame(f, s, buf_span(&b));
    buf_clear(&b);
    fake_pump(f);
    assert_ok(filter_answer_decode(fake_wrote(f, s), &a));
    assert_span_equal(a.request_id, SPAN_LIT("1"));
    assert_true(fake_at(f, s)->ended_write);
    return a.status;
}

static void publish(struct fake_host *f, uint8_t n)
{
    host_filter_message(f->h, f->env, SPAN_LIT(TOPIC), SPAN_LIT("/a"), (uint8_t[32]){n},
                        span_of(&n, 1));
    fake_pump(f);
}

static const struct filter_server_counters *counts(const struct fake_host *f)
{
    return filter_server_counters(host_filter_server(f->h));
}

static void a_push_is_written_half_closed_and_not_waited_for(void **state)
{
    (void)state;
    struct fake_host *f = begin(true, NULL);
    struct filter_push p;
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    publish(f, 5);
    uint64_t s = fake_find(f, 1, FILTER_PUSH_PROTOCOL, true);
    assert_int_not_equal(s, 0);
    assert_ok(filter_push_decode(fake_wrote(f, s), &p));
    assert_span_equal(p.pubsub_topic, SPAN_LIT(TOPIC));
    assert_true(fake_at(f, s)->ended_write);
    publish(f, 6); /* while the other stream is half open */
    uint64_t second = fake_find(f, 1, FILTER_PUSH_PROTOCOL, true);
    assert_int_not_equal(second, s);
    fake_opened(f, s);
    fake_end(f, s);
    fake_pump(f);
    assert_int_equal(counts(f)->pushes, 1);
    assert_false(fake_at(f, s)->reset);
    fake_opened(f, second);
    fake_end(f, second);
    fake_pump(f);
    assert_true(fake_at(f, second)->ended_write);
    assert_int_equal(counts(f)->pushes, 2);
    assert_int_equal(counts(f)->queued_bytes, 0);
    fake_host_free(f);
}

static void a_stream_that_js_leaves_open_is_ended_by_us(void **state)
{
    (void)state;
    struct fake_host *f = begin(true, NULL);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    publish(f, 5);
    uint64_t s = fake_find(f, 1, FILTER_PUSH_PROTOCOL, true);
    fake_opened(f, s);
    fake_pump(f);
    fake_at(f, s)->room = f->room; /* it has left */
    fake_run(f, HOST_PUSH_LINGER_MS * NS_PER_MS - 1);
    assert_false(fake_at(f, s)->reset);
    fake_run(f, 1);
    assert_true(fake_at(f, s)->reset);
    assert_int_equal(counts(f)->pushes, 1);
    fake_host_free(f);
}

static void a_push_that_does_not_leave_has_failed(void **state)
{
    (void)state;
    struct fake_host *f = begin(true, NULL);
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    publish(f, 5); /* never negotiated */
    uint64_t first = fake_find(f, 1, FILTER_PUSH_PROTOCOL, true);
    publish(f, 6); /* written, never read */
    uint64_t second = fake_find(f, 1, FILTER_PUSH_PROTOCOL, true);
    fake_at(f, first)->room = f->room;
    fake_opened(f, second);
    fake_pump(f);
    publish(f, 7); /* refused */
    uint64_t third = fake_find(f, 1, FILTER_PUSH_PROTOCOL, true);
    fake_break(f, third, STREAM_REFUSED, ERR_UNSUPPORTED);
    fake_pump(f);
    assert_int_equal(counts(f)->pushes_failed, 1);
    fake_run(f, HOST_PUSH_TIMEOUT_MS * NS_PER_MS - 1);
    assert_false(fake_at(f, first)->reset || fake_at(f, second)->reset);
    fake_run(f, HOST_PUSH_LINGER_MS * NS_PER_MS);
    assert_true(fake_at(f, first)->reset && fake_at(f, second)->reset);
    assert_int_equal(counts(f)->pushes_failed, 3);
    assert_int_equal(counts(f)->queued_bytes, 0);
    fake_host_free(f);
}

static void so_many_streams_are_open_to_a_peer_and_no_more(void **state)
{
    (void)state;
    struct fake_host *f = begin(true, NULL);
    unsigned open = 0;
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    for (unsigned i = 0; i < FILTER_PUSH_STREAMS_MAX + 3; i++)
        publish(f, (uint8_t)i);
    for (uint64_t id = 1; id <= f->streams_count; id++)
        open += strcmp(fake_at(f, id)->protocol, FILTER_PUSH_PROTOCOL) == 0;
    assert_int_equal(open, FILTER_PUSH_STREAMS_MAX);
    fake_peer_down(f, 1);
    fake_pump(f);
    assert_int_equal(counts(f)->queued_bytes, 0);
    assert_int_equal(counts(f)->pushes_dropped, 3);
    assert_int_equal(counts(f)->subscribers, 1); /* for a minute */
    fake_host_free(f);
}

static void over_the_rate_there_is_429(void **state)
{
    (void)state;
    struct fake_host *f = begin(true, "filter:2/1m");
    assert_int_equal(ask(f, 1, FILTER_SUBSCRIBE, "/a"), 200);
    assert_int_equal(ask(f, 1, FILTER_PING, NULL), 200);
    assert_int_equal(ask(f, 1, FILTER_PING, NULL), 429);
    assert_int_equal(ask(f, 2, FILTER_PING, NULL), 404);
    fake_host_free(f);
}

static void nwakus_default_is_thirty_a_minute(void **state)
{
    (void)state;
    struct fake_host *f = begin(true, NULL);
    for (int i = 0; i < 30; i++)
        assert_int_equal(ask(f, 1, FILTER_PING, NULL), 404);
    assert_int_equal(ask(f, 1, FILTER_PING, NULL), 429);
    test_env_advance(&f->t, 60 * NS_PER_S);
    assert_int_equal(ask(f, 1, FILTER_PING, NULL), 404);
    fake_host_free(f);
}

static bool serves(const struct fake_host *f, const char *protocol)
{
    for (size_t i = 0; f->served[i] != NULL; i++)
        if (strcmp(f->served[i], protocol) == 0)
            return true;
    return false;
}

static void without_filter_only_the_client_is_there(void **state)
{
    (void)state;
    struct fake_host *f = begin(false, NULL);
    assert_false(serves(f, FILTER_SUBSCRIBE_PROTOCOL));
    assert_true(serves(f, FILTER_PUSH_PROTOCOL));
    uint64_t s = fake_incoming(f, 1, FILTER_PUSH_PROTOCOL);
    fake_pump(f);
    assert_true(fake_at(f, s)->reset); /* of no service of ours */
    fake_host_free(f);
}

/* Subscribe with peer 1. */
static void subscribe(struct fake_host *f)
{
    struct filter_request r = {.kind = FILTER_SUBSCRIBE, .pubsub_topic = SPAN_LIT(TOPIC)}, got;
    struct buf b = BUF_INIT(4096);
    const char *why;
    r.content_topics[r.count++] = SPAN_LIT("/a");
    host_filter_use(f->h, f->env, 0, 1);
    assert_ok(host_filter_ask(f->h, f->env, 0, &r, 9));
    fake_pump(f);
    uint64_t s = fake_find(f, 1, FILTER_SUBSCRIBE_PROTOCOL, true);
    assert_int_not_equal(s, 0);
    fake_opened(f, s);
    fake_pump(f);
    assert_ok(filter_request_decode(fake_wrote(f, s), &got, &why));
    struct filter_answer a = {got.request_id, 200, SPAN_EMPTY};
    assert_ok(filter_answer_encode(&a, &b));
    fake_frame(f, s, buf_span(&b));
    fake_end(f, s);
    buf_clear(&b);
    fake_pump(f);
    assert_int_equal(f->told[HOST_OUT_FILTER_ANSWER], 1);
    assert_int_equal(f->said[HOST_OUT_FILTER_ANSWER].status, 200);
    assert_int_equal(f->said[HOST_OUT_FILTER_ANSWER].ticket, 9);
}

static void we_are_pushed_to_many_on_a_stream_or_one(void **state)
{
    (void)state;
    struct fake_host *f = begin(false, NULL);
    static const char one[] = "\x0a\x07\x0a\x01x\x12\x02/a\x12\x0f" TOPIC,
                      two[] = "\x0a\x07\x0a\x01y\x12\x02/a\x12\x0f" TOPIC;
    subscribe(f);
    uint64_t s = fake_incoming(f, 1, FILTER_PUSH_PROTOCOL);
    fake_frame(f, s, SPAN_LIT(one));
    fake_frame(f, s, SPAN_LIT(two));
    fake_pump(f);
    assert_int_equal(f->told[HOST_OUT_FILTERED], 2);
    fake_end(f, s);
    fake_pump(f);
    assert_true(fake_at(f, s)->ended_write && !fake_at(f, s)->reset);
    s = fake_incoming(f, 1, FILTER_PUSH_PROTOCOL);
    fake_frame(f, s, SPAN_LIT("\xff"));
    fake_pump(f);
    assert_true(fake_at(f, s)->reset);
    for (unsigned i = 0; i < HOST_PUSH_INBOUND_MAX; i++)
        s = fake_incoming(f, 1, FILTER_PUSH_PROTOCOL);
    fake_pump(f);
    assert_false(fake_at(f, s)->reset);
    s = fake_incoming(f, 1, FILTER_PUSH_PROTOCOL);
    fake_pump(f);
    assert_true(fake_at(f, s)->reset);
    fake_peer_down(f, 1);
    fake_pump(f);
    assert_int_equal(host_filter_peer(f->h, 0), 0);
    fake_host_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_push_is_written_half_closed_and_not_waited_for),
        cmocka_unit_test(a_stream_that_js_leaves_open_is_ended_by_us),
        cmocka_unit_test(a_push_that_does_not_leave_has_failed),
        cmocka_unit_test(so_many_streams_are_open_to_a_peer_and_no_more),
        cmocka_unit_test(over_the_rate_there_is_429),
        cmocka_unit_test(nwakus_default_is_thirty_a_minute),
        cmocka_unit_test(without_filter_only_the_client_is_there),
        cmocka_unit_test(we_are_pushed_to_many_on_a_stream_or_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
