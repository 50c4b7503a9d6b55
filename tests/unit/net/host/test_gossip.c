/* Relay on streams: which stream is written to, how many are read, what resets them, who waits. */
#include "net/gossipsub/rpc.h"
#include "net/host/params.h"
#include "net/waku/waku.h"
#include "tests/lib/fake_streams.h"

#define TOPIC  SPAN_LIT("/waku/2/rs/66/0")
#define SPEAKS "/meshsub/1.2.0"

/* The protocol that our open() proposes first stands for all. */
static uint64_t out_of(struct fake_host *f, uint64_t peer)
{
    return fake_find(f, peer, gossipsub_protocols[0], true);
}

static void subscribe(struct fake_host *f, uint64_t stream)
{
    struct buf b = BUF_INIT(4096);
    struct writer w = writer_to(&b);
    size_t at = pb_begin(&w, RPC_SUBSCRIPTIONS);
    pb_put_bool(&w, 1, true);
    pb_put_bytes(&w, 2, TOPIC);
    pb_end(&w, at);
    fake_frame(f, stream, buf_span(&b));
    buf_clear(&b);
}

/* A peer that is connected, subscribed, and heard by us on the stream returned. */
static uint64_t join(struct fake_host *f, uint64_t peer)
{
    fake_peer_up(f, peer);
    fake_pump(f);
    fake_opened(f, out_of(f, peer));
    uint64_t in = fake_incoming(f, peer, SPEAKS);
    subscribe(f, in);
    fake_pump(f);
    return in;
}

static struct fake_host *begin(void)
{
    struct fake_host *f = fake_host_new(true, false);
    assert_ok(gossipsub_subscribe(host_gossipsub(f->h), f->env, TOPIC));
    return f;
}

static struct blob *message(unsigned n, size_t bytes)
{
    uint8_t *payload = calloc(1, bytes);
    struct waku_message m = {.payload = span_of(payload, bytes),
                             .content_topic = SPAN_LIT("/a/1/b/c")};
    struct buf b = BUF_INIT(bytes + 1024);
    struct span at;
    memcpy(payload, &n, sizeof n);
    assert_ok(waku_message_encode(&m, &b));
    struct blob *rpc = rpc_encode_message(TOPIC, buf_span(&b), &at);
    assert_non_null(rpc);
    buf_clear(&b);
    free(payload);
    return rpc;
}

static void say(struct fake_host *f, uint64_t stream, unsigned n, size_t bytes)
{
    struct blob *rpc = message(n, bytes);
    fake_frame(f, stream, blob_span(rpc));
    blob_unref(rpc);
    fake_pump(f);
}

/* Messages and subscriptions written to a stream. */
static void heard(struct fake_host *f, uint64_t stream, unsigned *messages, unsigned *subscriptions)
{
    struct span rest = buf_span(&fake_at(f, stream)->wrote);
    *messages = *subscriptions = 0;
    while (rest.len > 0) {
        uint64_t len;
        size_t used;
        assert_ok(varint_decode(rest, &len, &used));
        struct pb p = pb_of(span_sub(rest, used, (size_t)len));
        for (struct pb_field fd; pb_next(&p, &fd);) {
            *messages += fd.number == RPC_PUBLISH;
            *subscriptions += fd.number == RPC_SUBSCRIPTIONS;
        }
        rest = span_after(rest, used + (size_t)len);
    }
}

static unsigned messages_to(struct fake_host *f, uint64_t peer)
{
    unsigned messages = 0, all = 0, subscriptions;
    for (uint64_t id = 1; id <= f->streams_count; id++) {
        const struct fake_stream *s = fake_at(f, id);
        if (s->peer != peer || !s->outbound || strcmp(s->protocol, gossipsub_protocols[0]) != 0)
            continue;
        heard(f, id, &messages, &subscriptions);
        all += messages;
    }
    return all;
}

static void a_message_is_told_and_goes_on(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t one = join(f, 1);
    join(f, 2);
    fake_run(f, 2 * NS_PER_S);
    say(f, one, 1, 50);
    say(f, one, 1, 50); /* the same */
    assert_int_equal(f->told[HOST_OUT_MESSAGE], 1);
    assert_int_equal(f->said[HOST_OUT_MESSAGE].peer, 1);
    assert_int_equal(messages_to(f, 2), 1);
    assert_int_equal(messages_to(f, 1), 0);
    fake_host_free(f);
}

static void an_invalid_one_is_told_and_goes_nowhere(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t one = join(f, 1);
    struct span at;
    join(f, 2);
    fake_run(f, 2 * NS_PER_S);
    struct blob *rpc = rpc_encode_message(TOPIC, SPAN_LIT("\xff\xff"), &at);
    fake_frame(f, one, blob_span(rpc));
    blob_unref(rpc);
    fake_pump(f);
    say(f, one, 1, 160000);
    assert_int_equal(f->told[HOST_OUT_INVALID], 2);
    assert_int_equal(f->said[HOST_OUT_INVALID].err, ERR_LIMIT);
    assert_int_equal(f->told[HOST_OUT_MESSAGE], 0);
    assert_int_equal(messages_to(f, 2), 0);
    fake_host_free(f);
}

static void over_the_bandwidth_of_a_shard_messages_are_ignored_without_blame(void **state)
{
    (void)state;
    struct streams streams;
    struct fake_host *f = fake_new(&streams);
    struct gossipsub_peer_view view;
    struct host_params p = {.key = f->key,
                            .agent_version = "test",
                            .cluster = 66,
                            .listen = &f->addr,
                            .listen_count = 1,
                            .relay = true,
                            .shard_bytes_s = 10000, /* ten messages */
                            .gossipsub = gossipsub_params_default(),
                            .message_bytes_max = 153600};
    assert_ok(host_new(&f->h, f->env, &p, &streams));
    assert_ok(gossipsub_subscribe(host_gossipsub(f->h), f->env, TOPIC));
    uint64_t one = join(f, 1);
    join(f, 2);
    fake_run(f, 2 * NS_PER_S);
    for (unsigned i = 0; i < 10; i++)
        say(f, one, i, 1000);
    assert_int_equal(f->told[HOST_OUT_MESSAGE], 10);
    say(f, one, 10, 1000);
    assert_int_equal(f->told[HOST_OUT_MESSAGE], 10);
    assert_int_equal(f->told[HOST_OUT_INVALID], 1);
    assert_int_equal(f->said[HOST_OUT_INVALID].err, ERR_FULL);
    assert_int_equal(messages_to(f, 2), 10);
    assert_int_equal(gossipsub_counts(host_gossipsub(f->h))->rejected, 0);
    assert_true(gossipsub_peer_get(host_gossipsub(f->h), 1, &view) && view.score >= 0);
    fake_run(f, NS_PER_S);
    say(f, one, 11, 1000);
    assert_int_equal(f->told[HOST_OUT_MESSAGE], 11);
    fake_host_free(f);
}

static void a_reset_stream_is_opened_again_and_renewed(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    unsigned messages, subscriptions;
    uint64_t one = join(f, 1);
    join(f, 2);
    fake_run(f, 20 * NS_PER_S);
    uint64_t before = out_of(f, 2);
    fake_break(f, before, STREAM_RESET, ERR_CLOSED);
    fake_pump(f);
    uint64_t after = 0;
    for (uint64_t id = before + 1; id <= f->streams_count; id++)
        after = fake_at(f, id)->outbound ? id : after;
    assert_true(after != 0);
    fake_opened(f, after);
    fake_pump(f);
    heard(f, after, &messages, &subscriptions);
    assert_int_equal(subscriptions, 1); /* told again: the peer may have forgotten us */
    say(f, one, 1, 50);
    heard(f, after, &messages, &subscriptions);
    assert_int_equal(messages, 1);
    fake_host_free(f);
}

/* The other half of our stream is of no use, but its end says that nobody reads. */
static void a_stream_that_the_peer_ended_is_replaced(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    join(f, 1);
    fake_run(f, 20 * NS_PER_S);
    uint64_t before = out_of(f, 1);
    fake_end(f, before);
    fake_pump(f);
    assert_true(fake_at(f, before)->reset);
    assert_true(out_of(f, 1) > before);
    fake_host_free(f);
}

static void who_breaks_every_stream_is_left_alone_for_a_while(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    join(f, 1);
    uint64_t opened = 0, last;
    for (;;) {
        last = f->streams_count;
        fake_break(f, out_of(f, 1), STREAM_RESET, ERR_CLOSED);
        fake_at(f, out_of(f, 1))->protocol = "dead"; /* not found again */
        fake_pump(f);
        if (f->streams_count == last)
            break;
        assert_true(++opened < 100);
        fake_opened(f, out_of(f, 1));
        fake_pump(f);
    }
    assert_in_range(opened, 1, 3);
    struct gossipsub_peer_view view;
    assert_false(gossipsub_peer_get(host_gossipsub(f->h), 1, &view));
    fake_run(f, HOST_GOSSIP_STEADY_MS * NS_PER_MS + NS_PER_S);
    assert_true(f->streams_count > last);
    fake_opened(f, out_of(f, 1));
    fake_pump(f);
    assert_true(gossipsub_peer_get(host_gossipsub(f->h), 1, &view));
    fake_host_free(f);
}

static void who_speaks_no_relay_is_not_asked_again(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    fake_peer_up(f, 1);
    fake_pump(f);
    uint64_t count = f->streams_count;
    fake_break(f, out_of(f, 1), STREAM_REFUSED, ERR_UNSUPPORTED);
    fake_pump(f);
    fake_run(f, 100 * NS_PER_S);
    assert_int_equal(f->streams_count, count);
    fake_host_free(f);
}

static void so_many_streams_of_a_peer_are_read(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t in = join(f, 1);
    for (size_t i = 1; i < HOST_GOSSIP_INBOUND_MAX; i++) {
        uint64_t more = fake_incoming(f, 1, SPEAKS);
        fake_pump(f);
        assert_false(fake_at(f, more)->reset);
    }
    uint64_t over = fake_incoming(f, 1, SPEAKS);
    fake_pump(f);
    assert_true(fake_at(f, over)->reset);
    fake_end(f, in); /* one ends: there is a place again */
    fake_pump(f);
    over = fake_incoming(f, 1, SPEAKS);
    say(f, over, 5, 50);
    assert_false(fake_at(f, over)->reset);
    assert_int_equal(f->told[HOST_OUT_MESSAGE], 1);
    fake_host_free(f);
}

static void malformed_and_oversize_rpcs_reset(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint8_t head[10];
    uint64_t one = join(f, 1), two = join(f, 2);
    fake_frame(f, one, SPAN_LIT("\xff\xff\xff"));
    fake_bytes(f, two, span_of(head, varint_encode(GOSSIPSUB_RPC_BYTES_MAX + 1, head)));
    fake_pump(f);
    assert_true(fake_at(f, one)->reset);
    assert_true(fake_at(f, two)->reset);
    fake_host_free(f);
}

/* A peer may leave one RPC unfinished, not one on every stream; a finished one makes room again. */
static void unfinished_rpcs_of_a_peer_share_one_bound(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t first = join(f, 1), second = fake_incoming(f, 1, SPEAKS);
    uint8_t head[PB_VARINT_BYTES_MAX];
    size_t head_len = varint_encode(GOSSIPSUB_RPC_BYTES_MAX, head),
           part = GOSSIPSUB_RPC_BYTES_MAX / 2;
    uint8_t *zeros = calloc(1, part);
    assert_non_null(zeros);
    fake_bytes(f, first, span_of(head, head_len));
    fake_bytes(f, first, span_of(zeros, part));
    fake_pump(f);
    fake_bytes(f, second, span_of(head, head_len));
    fake_bytes(f, second, span_of(zeros, part - 100));
    fake_pump(f);
    assert_false(fake_at(f, first)->reset || fake_at(f, second)->reset);
    fake_bytes(f, second, span_of(zeros, 200));
    fake_pump(f);
    assert_true(fake_at(f, second)->reset);
    assert_false(fake_at(f, first)->reset);
    uint64_t third = fake_incoming(f, 1, SPEAKS); /* what the reset stream held is free again */
    fake_bytes(f, third, span_of(head, head_len));
    fake_bytes(f, third, span_of(zeros, part - 100));
    fake_pump(f);
    assert_false(fake_at(f, third)->reset);
    free(zeros);
    fake_host_free(f);
}

static void a_slow_peer_slows_nobody(void **state)
{
    (void)state;
    enum {
        COUNT = 60
    };
    struct fake_host *f = begin();
    uint64_t one = join(f, 1);
    struct gossipsub_peer_view view;
    for (uint64_t peer = 2; peer <= 4; peer++)
        join(f, peer);
    fake_run(f, 3 * NS_PER_S);
    fake_at(f, out_of(f, 3))->room = 0; /* takes nothing */
    for (unsigned n = 0; n < COUNT; n++) {
        say(f, one, n, 100000);
        for (uint64_t peer = 2; peer <= 4; peer += 2)
            fake_at(f, out_of(f, peer))->room = STREAM_SEND_BYTES_MAX;
        assert_false(fake_at(f, one)->paused);
    }
    assert_int_equal(f->told[HOST_OUT_MESSAGE], COUNT);
    assert_int_equal(messages_to(f, 2), COUNT);
    assert_int_equal(messages_to(f, 4), COUNT);
    assert_int_equal(messages_to(f, 3), 0);
    assert_true(gossipsub_peer_get(host_gossipsub(f->h), 3, &view));
    assert_true(view.queued_bytes <= gossipsub_params_default().peer_queue_bytes_max);
    fake_host_free(f);
}

/* The only way on is full but moves: its source waits, and loses nothing. */
static void a_source_is_held_while_all_others_are_full(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t one = join(f, 1);
    unsigned sent = 0;
    join(f, 2);
    fake_run(f, 3 * NS_PER_S);
    uint64_t out = out_of(f, 2);
    fake_at(f, out)->room = 0;
    while (!fake_at(f, one)->paused && sent < 500)
        say(f, one, sent++, 100000);
    assert_true(sent < 500);
    assert_int_equal(messages_to(f, 2), 0);
    for (int i = 0; i < 500 && fake_at(f, one)->paused; i++) { /* it takes more and more */
        fake_at(f, out)->room += 200000;
        fake_pump(f);
    }
    assert_false(fake_at(f, one)->paused);
    fake_at(f, out)->room = (size_t)64 << 20;
    fake_pump(f);
    assert_int_equal(messages_to(f, 2), sent);
    fake_host_free(f);
}

static void a_paused_relay_reads_nothing(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t one = join(f, 1);
    host_pause_relay(f->h, true);
    assert_true(fake_at(f, one)->paused);
    uint64_t two = join(f, 2);
    assert_true(fake_at(f, two)->paused);
    host_pause_relay(f->h, false);
    assert_false(fake_at(f, one)->paused || fake_at(f, two)->paused);
    fake_host_free(f);
}

static void what_may_not_be_published(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    size_t peers;
    struct span good = SPAN_LIT("\x0a\x01x\x12\x01y");
    uint8_t *much = calloc(1, 153601);
    assert_err(host_publish(f->h, f->env, TOPIC, SPAN_LIT("\xff"), &peers), ERR_FORMAT);
    assert_err(host_publish(f->h, f->env, TOPIC, span_of(much, 153601), &peers), ERR_LIMIT);
    join(f, 1);
    fake_run(f, 2 * NS_PER_S);
    assert_ok(host_publish(f->h, f->env, TOPIC, good, &peers));
    assert_int_equal(peers, 1);
    fake_pump(f);
    assert_int_equal(messages_to(f, 1), 1);
    free(much);
    fake_host_free(f);
    f = fake_host_new(false, false);
    assert_err(host_publish(f->h, f->env, TOPIC, good, &peers), ERR_NOT_FOUND);
    fake_host_free(f);
}

static void peers_come_and_go_in_one_wake_up(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t one = join(f, 1);
    fake_bytes(f, one, SPAN_LIT("\x05x"));
    fake_peer_down(f, 1);
    fake_peer_up(f, 2);
    fake_peer_down(f, 2);
    fake_pump(f);
    assert_null(host_peer(f->h, 1));
    assert_null(host_peer(f->h, 2));
    assert_int_equal(f->told[HOST_OUT_PEER_UP], 2);
    assert_int_equal(f->told[HOST_OUT_PEER_DOWN], 2);
    fake_run(f, 30 * NS_PER_S);
    fake_host_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_told_and_goes_on),
        cmocka_unit_test(an_invalid_one_is_told_and_goes_nowhere),
        cmocka_unit_test(over_the_bandwidth_of_a_shard_messages_are_ignored_without_blame),
        cmocka_unit_test(a_reset_stream_is_opened_again_and_renewed),
        cmocka_unit_test(a_stream_that_the_peer_ended_is_replaced),
        cmocka_unit_test(who_breaks_every_stream_is_left_alone_for_a_while),
        cmocka_unit_test(who_speaks_no_relay_is_not_asked_again),
        cmocka_unit_test(so_many_streams_of_a_peer_are_read),
        cmocka_unit_test(malformed_and_oversize_rpcs_reset),
        cmocka_unit_test(unfinished_rpcs_of_a_peer_share_one_bound),
        cmocka_unit_test(a_slow_peer_slows_nobody),
        cmocka_unit_test(a_source_is_held_while_all_others_are_full),
        cmocka_unit_test(a_paused_relay_reads_nothing),
        cmocka_unit_test(what_may_not_be_published),
        cmocka_unit_test(peers_come_and_go_in_one_wake_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
