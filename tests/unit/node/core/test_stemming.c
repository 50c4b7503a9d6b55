/* The stem through the core: what leaves on which stream, what is shown to whom, and that hops that
 * drop, refuse or say nothing lose no message. Peer 2 relays and lists lightpush. */
#include "net/services/filter.h"
#include "net/wire/protobuf.h"
#include "tests/lib/pushing.h"

static const struct core_message mine = {.payload = {(const uint8_t *)"own words", 9},
                                         .content_topic = {(const uint8_t *)"/a/1/b/c", 8}};

static void start(struct world *w)
{
    begin(w, true, true);
    relay_peer(w);
    serves(w, 2, LIGHTPUSH_PROTOCOL);
}

static bool holds(struct span all, struct span part)
{
    for (size_t i = 0; i + part.len <= all.len; i++)
        if (memcmp(all.ptr + i, part.ptr, part.len) == 0)
            return true;
    return false;
}

/* Has peer 2 got these words by gossip? */
static bool gossiped(struct world *w, struct span words)
{
    uint64_t out = fake_find(w->f, 2, gossipsub_protocols[0], true);
    return holds(buf_span(&fake_at(w->f, out)->wrote), words);
}

/* The push that went to peer 2; its request is in `r`. 0: none. */
static uint64_t pushed(struct world *w, struct lightpush_request *r)
{
    const char *why;
    for (uint64_t id = 1; id <= w->f->streams_count; id++) {
        struct fake_stream *s = fake_at(w->f, id);
        if (s->peer != 2 || !s->outbound || s->reset ||
            strcmp(s->protocol, LIGHTPUSH_PROTOCOL) != 0)
            continue;
        if (!s->ended_write)
            fake_opened(w->f, id);
        pump(w);
        if (s->ended_write && s->wrote.len > 0) {
            assert_ok(lightpush_codecs[LIGHTPUSH_V3].read_request(fake_wrote(w->f, id), r, &why));
            return id;
        }
    }
    return 0;
}

static void answer(struct world *w, uint64_t stream, const struct lightpush_request *r,
                   enum lightpush_status status, uint32_t peers)
{
    struct lightpush_answer a = {
        .request_id = r->request_id,
        .result = {.status = (uint32_t)status, .has_relay_peers = true, .relay_peers = peers}};
    struct buf b = BUF_INIT(1000);
    assert_ok(lightpush_codecs[LIGHTPUSH_V3].write_answer(&a, &b));
    fake_frame(w->f, stream, buf_span(&b));
    fake_end(w->f, stream);
    pump(w);
    buf_clear(&b);
}

/* Peer 2 sends a message by gossip. */
static void gossip(struct world *w, struct span message)
{
    uint64_t in = fake_find(w->f, 2, "/meshsub/1.1.0", false);
    struct buf b = BUF_INIT(10000);
    struct writer wr = writer_to(&b);
    size_t begun = pb_begin(&wr, 2); /* publish */
    pb_put_bytes(&wr, 2, message);   /* data */
    pb_put_bytes(&wr, 4, TOPIC);
    pb_end(&wr, begun);
    assert_ok(writer_status(&wr));
    fake_frame(w->f, in, buf_span(&b));
    pump(w);
    buf_clear(&b);
}

/* What a stranger's store query brings. */
static size_t stranger_sees(struct world *w, bool cursor, const uint8_t hash[32], uint32_t *status)
{
    struct store_query q = {.request_id = SPAN_LIT("id"), .include_data = true, .forward = true};
    struct store_answer *a = calloc(1, sizeof *a);
    struct buf b = BUF_INIT(4096);
    if (cursor) {
        q.has_cursor = true;
        memcpy(q.cursor, hash, 32);
    }
    assert_ok(store_query_encode(&q, &b));
    uint64_t s = fake_incoming(w->f, 1, STORE_QUERY_PROTOCOL);
    fake_frame(w->f, s, buf_span(&b));
    pump(w);
    assert_ok(store_answer_decode(fake_wrote(w->f, s), a));
    size_t count = a->count;
    *status = a->status;
    fake_end(w->f, s);
    pump(w);
    buf_clear(&b);
    free(a);
    return count;
}

static size_t we_see(struct world *w)
{
    struct store_query q = {.include_data = true, .forward = true};
    w->answer.count = 0;
    assert_ok(core_query(w->c, w->f->env, &q, SPAN_EMPTY, 5));
    pump(w);
    return w->answer.count;
}

static void own_messages_are_shown_at_once_but_not_to_strangers(void **state)
{
    (void)state;
    struct world w;
    struct lightpush_request r;
    uint32_t status;
    uint8_t hash[32], message[200];
    start(&w);
    assert_ok(core_publish(w.c, w.f->env, TOPIC, &mine, hash));
    pump(&w);
    assert_int_equal(w.told[CORE_EVENT_MESSAGE], 1); /* at once */
    assert_memory_equal(w.hash, hash, 32);
    uint64_t s = pushed(&w, &r);
    assert_true(s != 0);
    assert_span_equal(r.pubsub_topic, TOPIC);
    assert_true(holds(r.message, mine.payload));
    assert_false(gossiped(&w, mine.payload));
    assert_int_equal(we_see(&w), 1); /* archived at once */
    assert_int_equal(stranger_sees(&w, false, hash, &status), 0);
    assert_int_equal(status, 200);
    (void)stranger_sees(&w, true, hash, &status);
    assert_int_equal(status, STORE_STATUS_FAILED); /* as any unknown cursor */
    answer(&w, s, &r, LIGHTPUSH_STATUS_OK, 3);
    size_t len = r.message.len;
    assert_true(len <= sizeof message);
    memcpy(message, r.message.ptr, len);
    gossip(&w, span_of(message, len));               /* it comes back */
    assert_int_equal(w.told[CORE_EVENT_MESSAGE], 1); /* once */
    assert_int_equal(stranger_sees(&w, false, hash, &status), 1);
    (void)stranger_sees(&w, true, hash, &status);
    assert_int_equal(status, 200);
    run(&w, 10 * NS_PER_S);
    assert_int_equal(core_stem(w.c)->failsafe, 0);
    assert_int_equal(core_stem(w.c)->seen, 1);
    end(&w);
}

/* A light client that subscribed hears of an own message when it is public, and then once. */
static void filter_pushes_nothing_that_is_not_public(void **state)
{
    (void)state;
    struct world w;
    struct lightpush_request r;
    struct filter_request f = {.request_id = SPAN_LIT("f"),
                               .kind = FILTER_SUBSCRIBE,
                               .pubsub_topic = TOPIC,
                               .content_topics = {SPAN_LIT("/a/1/b/c")},
                               .count = 1};
    struct buf b = BUF_INIT(1000), message = BUF_INIT(1000);
    start(&w);
    assert_ok(filter_request_encode(&f, &b));
    uint64_t s = fake_incoming(w.f, 1, FILTER_SUBSCRIBE_PROTOCOL);
    fake_frame(w.f, s, buf_span(&b));
    pump(&w);
    assert_ok(core_publish(w.c, w.f->env, TOPIC, &mine, NULL));
    pump(&w);
    s = pushed(&w, &r);
    answer(&w, s, &r, LIGHTPUSH_STATUS_OK, 3);
    assert_ok(buf_append(&message, r.message));
    assert_int_equal(fake_find(w.f, 1, FILTER_PUSH_PROTOCOL, true), 0);
    gossip(&w, buf_span(&message));
    assert_true(fake_find(w.f, 1, FILTER_PUSH_PROTOCOL, true) != 0);
    buf_clear(&b);
    buf_clear(&message);
    end(&w);
}

/* Not told by IHAVE either: peer 2 would hear it at the next heartbeats. */
static void a_black_hole_is_noticed(void **state)
{
    (void)state;
    struct world w;
    struct lightpush_request r;
    start(&w);
    assert_ok(core_publish(w.c, w.f->env, TOPIC, &mine, NULL));
    pump(&w);
    uint64_t s = pushed(&w, &r);
    answer(&w, s, &r, LIGHTPUSH_STATUS_OK, 3); /* and drops it */
    run(&w, STEM_OWN_SAFE_MS_MIN * NS_PER_MS - 1);
    assert_false(gossiped(&w, mine.payload));
    run(&w, (STEM_OWN_SAFE_MS_MAX - STEM_OWN_SAFE_MS_MIN) * NS_PER_MS + 1);
    assert_true(gossiped(&w, mine.payload));
    assert_int_equal(w.told[CORE_EVENT_MESSAGE], 1);
    assert_int_equal(core_counters(w.c)->messages_published, 1);
    assert_int_equal(core_stem(w.c)->failsafe, 1);
    end(&w);
}

static void a_refusal_is_published_at_once(void **state)
{
    (void)state;
    struct world w;
    struct lightpush_request r;
    start(&w);
    assert_ok(core_push(w.c, w.f->env, TOPIC, &mine, 8));
    pump(&w);
    assert_int_equal(w.told[CORE_EVENT_PUSHED], 0);
    uint64_t s = pushed(&w, &r);
    answer(&w, s, &r, LIGHTPUSH_STATUS_TOO_MANY, 0);
    assert_true(gossiped(&w, mine.payload));
    assert_int_equal(w.told[CORE_EVENT_PUSHED], 1);
    assert_int_equal(w.pushed.status, 200);
    assert_int_equal(w.pushed.relay_peers, 1); /* our own mesh */
    end(&w);
}

static void the_user_hears_the_next_hops_count(void **state)
{
    (void)state;
    struct world w;
    struct lightpush_request r;
    start(&w);
    assert_ok(core_push(w.c, w.f->env, TOPIC, &mine, 8));
    pump(&w);
    uint64_t s = pushed(&w, &r);
    answer(&w, s, &r, LIGHTPUSH_STATUS_OK, 6);
    assert_int_equal(w.ticket, 8);
    assert_int_equal(w.pushed.status, 200);
    assert_int_equal(w.pushed.relay_peers, 6);
    end(&w);
}

/* A light client's message, in an epoch of the stem: nobody here sees it before it is public. */
static void pushed_messages_are_shown_when_they_are_public(void **state)
{
    (void)state;
    struct world w;
    struct lightpush_request r, made = {.request_id = SPAN_LIT("c"), .pubsub_topic = TOPIC};
    struct lightpush_answer a;
    struct buf m = BUF_INIT(1), b = BUF_INIT(10000);
    uint32_t status;
    uint64_t s = 0, hop = 0;
    start(&w);
    for (int64_t n = 0; hop == 0; n++) { /* until the epoch is one of the stem */
        made.message =
            message_of(&m, SPAN_LIT("their words"), SPAN_LIT("/a/1/b/c"), w.f->env->wall.ns + n);
        w.told[CORE_EVENT_MESSAGE] = 0;
        buf_reset(&b);
        assert_ok(lightpush_codecs[LIGHTPUSH_V3].write_request(&made, &b));
        s = fake_incoming(w.f, 1, LIGHTPUSH_PROTOCOL);
        fake_frame(w.f, s, buf_span(&b));
        pump(&w);
        hop = core_stem(w.c)->relayed > 0 ? pushed(&w, &r) : 0;
        if (hop == 0)
            run(&w, STEM_EPOCH_S * NS_PER_S);
    }
    assert_int_equal(w.told[CORE_EVENT_MESSAGE], 0);
    assert_int_equal(fake_at(w.f, s)->wrote.len, 0); /* the client waits */
    answer(&w, hop, &r, LIGHTPUSH_STATUS_OK, 4);
    assert_ok(lightpush_codecs[LIGHTPUSH_V3].read_answer(fake_wrote(w.f, s), &a));
    assert_int_equal(a.result.status, 200);
    assert_int_equal(a.result.relay_peers, 4);
    assert_int_equal(w.told[CORE_EVENT_MESSAGE], 0);
    size_t before = stranger_sees(&w, false, w.hash, &status);
    gossip(&w, made.message);
    assert_int_equal(w.told[CORE_EVENT_MESSAGE], 1);
    assert_int_equal(stranger_sees(&w, false, w.hash, &status), before + 1);
    buf_clear(&m);
    buf_clear(&b);
    end(&w);
}

static void without_a_hop_it_is_published_at_once(void **state)
{
    (void)state;
    struct world w;
    begin(&w, true, true);
    relay_peer(&w); /* which lists no lightpush */
    assert_ok(core_push(w.c, w.f->env, TOPIC, &mine, 8));
    pump(&w);
    assert_true(gossiped(&w, mine.payload));
    assert_int_equal(w.pushed.status, 200);
    assert_int_equal(core_stem(w.c)->direct, 1);
    end(&w);
}

/* The hop goes while the message is on its way. */
static void a_hop_that_leaves(void **state)
{
    (void)state;
    struct world w;
    struct lightpush_request r;
    start(&w);
    assert_ok(core_publish(w.c, w.f->env, TOPIC, &mine, NULL));
    pump(&w);
    assert_true(pushed(&w, &r) != 0);
    fake_peer_down(w.f, 2);
    pump(&w);
    assert_int_equal(core_stem(w.c)->refused, 1);
    assert_int_equal(core_counters(w.c)->messages_published, 1); /* in the cache, for who comes */
    end(&w);
}

/* The next push takes the stream that was opened before. */
static void the_second_push_costs_no_round_trip(void **state)
{
    (void)state;
    struct world w;
    struct lightpush_request r;
    struct core_message other = mine;
    start(&w);
    assert_ok(core_publish(w.c, w.f->env, TOPIC, &mine, NULL));
    pump(&w);
    uint64_t s = pushed(&w, &r);
    answer(&w, s, &r, LIGHTPUSH_STATUS_OK, 3);
    other.payload = SPAN_LIT("more own words");
    for (uint64_t id = 1; id <= w.f->streams_count; id++) {
        struct fake_stream *st = fake_at(w.f, id);
        if (st->peer == 2 && st->outbound && !st->ended_write &&
            strcmp(st->protocol, LIGHTPUSH_PROTOCOL) == 0)
            fake_opened(w.f, id);
    }
    pump(&w);
    uint64_t streams = w.f->streams_count;
    assert_ok(core_publish(w.c, w.f->env, TOPIC, &other, NULL));
    pump(&w);
    bool written = false;
    for (uint64_t id = 1; id <= streams; id++)
        written = written || holds(buf_span(&fake_at(w.f, id)->wrote), other.payload);
    assert_true(written);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_messages_are_shown_at_once_but_not_to_strangers),
        cmocka_unit_test(filter_pushes_nothing_that_is_not_public),
        cmocka_unit_test(a_black_hole_is_noticed),
        cmocka_unit_test(a_refusal_is_published_at_once),
        cmocka_unit_test(the_user_hears_the_next_hops_count),
        cmocka_unit_test(pushed_messages_are_shown_when_they_are_public),
        cmocka_unit_test(without_a_hop_it_is_published_at_once),
        cmocka_unit_test(a_hop_that_leaves),
        cmocka_unit_test(the_second_push_costs_no_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
