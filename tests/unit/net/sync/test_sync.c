/* Two archives, or one and a liar: what is exchanged, what is refused, and when it is over. */
#include "net/sync/payload.h"
#include "net/sync/sync.h"
#include "tests/lib/sync_pair.h"

static struct pair *start(void)
{
    struct pair *p = malloc(sizeof *p);
    assert_non_null(p);
    pair_init(p, &PAIR_PARAMS);
    return p;
}

static void end(struct pair *p)
{
    pair_clear(p);
    free(p);
}

static void assert_equal_archives(struct pair *p)
{
    struct pair_message *m;
    assert_int_equal(map_count(&p->has[0]), map_count(&p->has[1]));
    for (size_t cursor = 0; (m = map_next(&p->has[0], &cursor, NULL)) != NULL;)
        assert_non_null(map_get(&p->has[1], SPAN_ARRAY(m->hash)));
    assert_int_equal(sync_ids(p->side[0]), sync_ids(p->side[1]));
}

/* `total` over the last hour, of which every `stride`-th is on one side only, by turns. */
static void fill(struct pair *p, size_t total, size_t stride, uint32_t payload_bytes)
{
    pair_reserve(p, total);
    for (size_t i = 0; i < total; i++) {
        int64_t ago = 25 * NS_PER_S + (int64_t)((double)i / (double)total * 3590e9);
        struct pair_message *m = pair_message(p, ago, (uint16_t)(i % 8), payload_bytes);
        bool differs = stride > 0 && i % stride == 0;
        unsigned only = (unsigned)(i / (stride == 0 ? 1 : stride) % 2);
        for (unsigned k = 0; k < 2; k++)
            if (!differs || k == only)
                pair_store(p, k, m);
    }
    pair_ready(p);
}

static void sync_now(struct pair *p)
{
    p->end[0].ended = p->end[1].ended = false;
    assert_ok(sync_begin(p->side[0], &p->t.env, 7));
    pair_run(p);
}

static void equal_archives_say_so_in_one_round(void **state)
{
    struct pair *p = start();
    (void)state;
    fill(p, 3000, 0, 32);
    sync_now(p);
    for (int i = 0; i < 2; i++) {
        assert_true(p->end[i].ended);
        assert_ok(p->end[i].err);
        assert_int_equal(p->end[i].rounds, 1);
        assert_int_equal(p->end[i].differences, 0);
    }
    assert_true(p->bytes[0][SYNC_RECONCILIATION] < 260); /* eight topics, a bound, a fingerprint */
    assert_int_equal(p->bytes[1][SYNC_RECONCILIATION], 2);
    end(p);
}

static void differences_go_both_ways(void **state)
{
    static const size_t totals[] = {1, 2, 7, 100, 5000}, strides[] = {1, 2, 3, 50};
    (void)state;
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 4; k++) {
            struct pair *p = start();
            fill(p, totals[i], strides[k], 40);
            sync_now(p);
            assert_true(p->end[0].ended && p->end[1].ended);
            assert_ok(p->end[0].err);
            assert_ok(p->end[1].err);
            assert_equal_archives(p);
            assert_int_equal(map_count(&p->has[0]), totals[i]);
            end(p);
        }
}

static void one_empty_archive_is_filled(void **state)
{
    (void)state;
    for (unsigned filled = 0; filled < 2; filled++) {
        struct pair *p = start();
        pair_reserve(p, 4000);
        for (int i = 0; i < 4000; i++)
            pair_store(p, filled,
                       pair_message(p, (30 + i / 2) * NS_PER_S + i, (uint16_t)(i % 3), 50));
        pair_ready(p);
        sync_now(p);
        assert_ok(p->end[0].err);
        assert_ok(p->end[1].err);
        assert_equal_archives(p);
        assert_int_equal(p->messages[1 - filled], 4000);
        end(p);
    }
}

/* The figure of docs/figures.md: what is not a message is at most twice what differs. */
static void overhead_of_scattered_differences(void **state)
{
    struct pair *p = start();
    (void)state;
    fill(p, 100000, 100, 1000);
    sync_now(p);
    assert_ok(p->end[0].err);
    assert_ok(p->end[1].err);
    assert_equal_archives(p);
    uint64_t differing = 1000 * 1000, transfer = 0, overhead = 0;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(p->messages[i], 500);
        transfer += p->bytes[i][SYNC_TRANSFER];
        overhead += p->bytes[i][SYNC_RECONCILIATION];
    }
    overhead += transfer - differing;
    print_message("rounds %u, ids %u + %u bytes, transfer %u + %u, overhead %u of %u differing\n",
                  (unsigned)p->end[0].rounds, (unsigned)p->bytes[0][SYNC_RECONCILIATION],
                  (unsigned)p->bytes[1][SYNC_RECONCILIATION], (unsigned)p->bytes[0][SYNC_TRANSFER],
                  (unsigned)p->bytes[1][SYNC_TRANSFER], (unsigned)overhead, (unsigned)differing);
    assert_true(overhead < differing); /* half of what is allowed */
    end(p);
}

static void many_of_one_nanosecond_are_equal_in_the_end(void **state)
{
    struct pair *p = start();
    (void)state;
    pair_reserve(p, 300);
    for (int i = 0; i < 300; i++)
        pair_store(p, i % 3 == 0, pair_message(p, 60 * NS_PER_S, (uint16_t)(i % 2), 40));
    pair_ready(p);
    sync_now(p);
    assert_ok(p->end[0].err);
    assert_equal_archives(p);
    end(p);
}

static void what_is_outside_the_range_stays(void **state)
{
    struct pair *p = start();
    (void)state;
    pair_reserve(p, 3);
    pair_store(p, 0, pair_message(p, 5 * NS_PER_S, 0, 40)); /* relay may be bringing it still */
    pair_store(p, 0, pair_message(p, 3615 * NS_PER_S, 0, 40));
    pair_store(p, 0, pair_message(p, 3640 * NS_PER_S, 0, 40)); /* too old */
    pair_ready(p);
    sync_now(p);
    assert_ok(p->end[0].err);
    assert_int_equal(p->messages[1], 1);
    end(p);
}

static void only_common_shards_are_compared(void **state)
{
    struct pair *p = start();
    const uint16_t few[] = {1, 9};
    (void)state;
    sync_set_shards(p->side[1], few, 2);
    pair_reserve(p, 400);
    for (int i = 0; i < 400; i++)
        pair_store(p, 0, pair_message(p, (30 + i) * NS_PER_S, (uint16_t)(i % 8), 40));
    pair_ready(p);
    sync_now(p);
    assert_ok(p->end[0].err);
    assert_ok(p->end[1].err);
    assert_int_equal(p->messages[1], 50);
    const uint16_t other[] = {100};
    sync_set_shards(p->side[1], other, 1);
    test_env_advance(&p->t, 11 * NS_PER_S);
    sync_now(p);
    assert_ok(p->end[0].err);
    assert_int_equal(p->messages[1], 50);
    end(p);
}

static void sessions_are_bounded(void **state)
{
    struct pair *p = start();
    (void)state;
    assert_err(sync_begin(p->side[0], &p->t.env, 1), ERR_BUSY); /* its ids are not read yet */
    assert_err(sync_incoming(p->side[0], &p->t.env, 1, 100, SYNC_RECONCILIATION), ERR_BUSY);
    pair_ready(p);
    for (unsigned i = 0; i < SYNC_SESSIONS_IN_MAX; i++)
        assert_ok(sync_incoming(p->side[0], &p->t.env, i, 100 + i, SYNC_RECONCILIATION));
    assert_err(sync_incoming(p->side[0], &p->t.env, 0, 200, SYNC_RECONCILIATION), ERR_REFUSED);
    assert_err(sync_incoming(p->side[0], &p->t.env, 50, 200, SYNC_RECONCILIATION), ERR_FULL);
    assert_ok(sync_begin(p->side[0], &p->t.env, 49)); /* strangers cannot keep us from it */
    assert_err(sync_begin(p->side[0], &p->t.env, 50), ERR_FULL);
    assert_err(sync_begin(p->side[0], &p->t.env, 1), ERR_EXISTS);
    assert_err(sync_incoming(p->side[0], &p->t.env, 50, 201, SYNC_TRANSFER), ERR_PROTOCOL);
    assert_ok(sync_incoming(p->side[0], &p->t.env, 1, 202, SYNC_TRANSFER));
    assert_err(sync_incoming(p->side[0], &p->t.env, 1, 203, SYNC_TRANSFER), ERR_FULL);
    /* who says nothing makes room, and is shunned */
    test_env_advance(&p->t, SYNC_PAYLOAD_NS);
    assert_true(sync_deadline(p->side[0]).ns <= p->t.env.now.ns);
    sync_tick(p->side[0], &p->t.env);
    assert_int_equal(sync_counters(p->side[0])->sessions_failed, SYNC_SESSIONS_MAX);
    assert_true(sync_shuns(p->side[0], &p->t.env, 1));
    assert_err(sync_incoming(p->side[0], &p->t.env, 1, 300, SYNC_RECONCILIATION), ERR_REFUSED);
    assert_ok(sync_incoming(p->side[0], &p->t.env, 50, 301, SYNC_RECONCILIATION));
    test_env_advance(&p->t, SYNC_SHUN_NS);
    assert_false(sync_shuns(p->side[0], &p->t.env, 1));
    end(p);
}

/* ---- liars: the test plays side 1 ---- */

struct liar {
    struct pair *p;
    uint64_t stream, inlet;
    struct buf payload;
    struct payload_writer w;
    struct scope scope;
    int64_t from_ns, to_ns;
};

static struct liar *liar_start(size_t honest)
{
    struct liar *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->p = start();
    sync_free(l->p->side[1]);
    l->p->side[1] = NULL;
    pair_reserve(l->p, honest + 10);
    for (size_t i = 0; i < honest; i++)
        pair_store(l->p, 0, pair_message(l->p, (30 + (int64_t)i) * NS_PER_S, 0, 40));
    pair_ready(l->p);
    l->stream = pair_open(l->p, 1, SYNC_RECONCILIATION);
    assert_ok(sync_incoming(l->p->side[0], &l->p->t.env, 7, l->stream, SYNC_RECONCILIATION));
    buf_init(&l->payload, SYNC_PAYLOAD_IN_BYTES_MAX * 2);
    l->scope = (struct scope){.kind = SCOPE_TOPICS, .shards = {0}, .shards_count = 1};
    l->to_ns = l->p->t.env.wall.ns - 20 * NS_PER_S;
    l->from_ns = l->to_ns - 3600 * NS_PER_S;
    return l;
}

static void liar_end(struct liar *l)
{
    buf_clear(&l->payload);
    end(l->p);
    free(l);
}

static struct payload_writer *liar_begin(struct liar *l)
{
    buf_reset(&l->payload);
    payload_begin(&l->w, &l->payload, PAIR_CLUSTER, &l->scope, &SYNC_ID_AT(l->from_ns));
    return &l->w;
}

static void liar_send(struct liar *l)
{
    assert_ok(payload_end(&l->w));
    pair_frame(l->p, 1, l->stream, buf_span(&l->payload));
    pair_run(l->p);
}

/* Announce one id, resolved, and close. */
static void liar_announce(struct liar *l, const struct sync_id *id)
{
    struct buf item = BUF_INIT(100);
    assert_ok(items_put(&item, id, 0));
    assert_ok(payload_items(liar_begin(l), &SYNC_ID_AT(l->to_ns), buf_span(&item), 1, true));
    liar_send(l);
    buf_clear(&item);
}

static void liar_transfer(struct liar *l, const char *topic, struct span message)
{
    struct buf b = BUF_INIT(300000);
    struct writer w = writer_to(&b);
    if (l->inlet == 0) {
        l->inlet = pair_open(l->p, 1, SYNC_TRANSFER);
        assert_ok(sync_incoming(l->p->side[0], &l->p->t.env, 7, l->inlet, SYNC_TRANSFER));
    }
    pb_put_bytes(&w, 1, span_str(topic));
    pb_put_bytes(&w, 2, message);
    assert_ok(writer_status(&w));
    pair_frame(l->p, 1, l->inlet, buf_span(&b));
    pair_run(l->p);
    buf_clear(&b);
}

static void assert_failed(struct liar *l)
{
    assert_true(l->p->end[0].ended);
    assert_true(l->p->end[0].err != OK);
    assert_int_equal(l->p->messages[0], 0);
    assert_true(sync_shuns(l->p->side[0], &l->p->t.env, 7));
}

static void message_that_was_announced_is_taken(void **state)
{
    struct liar *l = liar_start(20);
    struct buf b = BUF_INIT(1000);
    (void)state;
    struct pair_message *m = pair_message(l->p, 100 * NS_PER_S, 0, 40);
    struct sync_id id = SYNC_ID_AT(m->time_ns);
    memcpy(id.hash, m->hash, 32);
    liar_announce(l, &id);
    pair_encode(m, &b);
    liar_transfer(l, "/waku/2/rs/66/0", buf_span(&b));
    assert_int_equal(l->p->messages[0], 1);
    assert_int_equal(sync_counters(l->p->side[0])->lies, 0);
    buf_clear(&b);
    liar_end(l);
}

static void message_before_its_announcement_waits(void **state)
{
    struct liar *l = liar_start(20);
    struct buf b = BUF_INIT(1000);
    (void)state;
    struct pair_message *m = pair_message(l->p, 100 * NS_PER_S, 0, 40);
    struct sync_id id = SYNC_ID_AT(m->time_ns);
    memcpy(id.hash, m->hash, 32);
    pair_encode(m, &b);
    liar_transfer(l, "/waku/2/rs/66/0", buf_span(&b));
    assert_int_equal(l->p->messages[0], 0);
    liar_announce(l, &id);
    assert_int_equal(l->p->messages[0], 1);
    buf_clear(&b);
    liar_end(l);
}

static void liars_fail_and_change_nothing(void **state)
{
    static const struct {
        const char *topic;
        bool announced;
        int64_t ago_s;
        uint32_t payload_bytes;
    } lies[] = {
        {"/waku/2/rs/66/0", false, 100, 40},    /* another hash than announced */
        {"/waku/2/rs/66/0", true, 100, 153600}, /* too large */
        {"/waku/2/rs/66/9", true, 100, 40},     /* another shard */
        {"/waku/2/rs/1/0", true, 100, 40},      /* another cluster */
        {"/waku/2/rs/66/0", true, 9000, 40},    /* too old */
        {"/waku/2/rs/66/0", true, -300, 40},    /* of the future */
        {"garbage", true, 100, 40},
    };
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct liar *l = liar_start(20);
        struct buf b = BUF_INIT(200000);
        struct pair_message *m =
            pair_message(l->p, lies[i].ago_s * NS_PER_S, 0, lies[i].payload_bytes);
        struct sync_id id = SYNC_ID_AT(l->to_ns - 5 * NS_PER_S);
        struct waku_message sent;
        pair_encode(m, &b);
        assert_ok(waku_message_decode(buf_span(&b), &sent));
        waku_message_hash(span_str(lies[i].topic), &sent, id.hash); /* the topic is part of it */
        if (lies[i].announced && lies[i].ago_s == 100)
            id.time_ns = m->time_ns;
        else
            id.hash[0] ^= 1;
        liar_announce(l, &id);
        liar_transfer(l, lies[i].topic, buf_span(&b));
        assert_failed(l);
        assert_int_equal(sync_ids(l->p->side[0]), 20);
        buf_clear(&b);
        liar_end(l);
    }
}

static void unannounced_messages_are_bounded_and_told_at_the_end(void **state)
{
    struct liar *l = liar_start(20);
    struct buf b = BUF_INIT(1000);
    (void)state;
    struct pair_message *m = pair_message(l->p, 100 * NS_PER_S, 0, 40);
    pair_encode(m, &b);
    buf_reset(&b);
    b.max = 200000;
    m->payload_bytes = 100000;
    pair_encode(m, &b);
    for (unsigned i = 0; i < SYNC_HELD_BYTES_MAX / 100200; i++)
        liar_transfer(l, "/waku/2/rs/66/0", buf_span(&b));
    assert_false(l->p->end[0].ended);
    assert_int_equal(l->p->holds[0], 1);               /* its stream is not read any more */
    liar_transfer(l, "/waku/2/rs/66/0", buf_span(&b)); /* what was on the way, and too much */
    assert_failed(l);
    liar_end(l);

    l = liar_start(20);
    m = pair_message(l->p, 100 * NS_PER_S, 0, 40);
    buf_reset(&b);
    pair_encode(m, &b);
    liar_transfer(l, "/waku/2/rs/66/0", buf_span(&b));
    liar_begin(l);
    liar_send(l); /* empty: all is said, and this was not */
    assert_failed(l);
    buf_clear(&b);
    liar_end(l);
}

static void what_is_announced_and_not_sent_is_an_error_in_time(void **state)
{
    struct liar *l = liar_start(20);
    struct sync_id id = SYNC_ID_AT(l->to_ns - NS_PER_S);
    (void)state;
    liar_announce(l, &id);
    pair_tick(l->p, SYNC_TRANSFER_NS - 1);
    assert_false(l->p->end[0].ended);
    pair_tick(l->p, 1);
    assert_failed(l);
    assert_err(l->p->end[0].err, ERR_TIMEOUT);
    assert_int_equal(sync_counters(l->p->side[0])->lies, 1);
    liar_end(l);
}

static void endless_ranges_end(void **state)
{
    struct liar *l = liar_start(1000);
    uint8_t sum[32] = {1};
    unsigned rounds = 0;
    (void)state;
    for (; rounds < 1000 && !l->p->end[0].ended; rounds++) {
        sum[1]++;
        assert_ok(payload_fingerprint(liar_begin(l), &SYNC_ID_AT(l->to_ns), sum));
        liar_send(l);
    }
    assert_int_equal(rounds, SYNC_ROUNDS_MAX + 1);
    assert_failed(l);
    liar_end(l);

    /* slowly: the time for all payloads is over before their number */
    l = liar_start(1000);
    for (rounds = 0; rounds < 10 && !l->p->end[0].ended; rounds++) {
        sum[1]++;
        assert_ok(payload_fingerprint(liar_begin(l), &SYNC_ID_AT(l->to_ns), sum));
        liar_send(l);
        pair_tick(l->p, 9 * NS_PER_S);
    }
    assert_true(rounds <= 4);
    assert_failed(l);
    liar_end(l);
}

static void a_million_ids_are_refused_or_bounded(void **state)
{
    struct liar *l = liar_start(10);
    uint8_t head[PB_VARINT_BYTES_MAX];
    size_t n = varint_encode(41000000, head);
    (void)state;
    pair_deliver(l->p, 1, l->stream, span_of(head, n)); /* announced: refused before a byte */
    pair_run(l->p);
    assert_failed(l);
    liar_end(l);

    /* as many as payloads hold: wants stop at their bound, what is over is not remembered */
    l = liar_start(10);
    struct buf items = BUF_INIT(SYNC_PAYLOAD_IN_BYTES_MAX);
    struct sync_id id = SYNC_ID_AT(l->from_ns + NS_PER_S);
    int64_t before = 0;
    size_t count = 0;
    for (; count < 45000; count++, before = id.time_ns, id.time_ns++) {
        memcpy(id.hash, &count, sizeof count);
        assert_ok(items_put(&items, &id, before));
    }
    assert_ok(payload_items(liar_begin(l), &SYNC_ID_AT(l->to_ns), buf_span(&items), count, true));
    liar_send(l);
    buf_clear(&items);
    assert_false(l->p->end[0].ended);
    pair_tick(l->p, SYNC_TRANSFER_NS);
    assert_failed(l);
    assert_int_equal(l->p->end[0].differences, SYNC_WANTS_MAX);
    liar_end(l);
}

static void malformed_payloads_end_the_session(void **state)
{
    static const char *const bad[] = {
        "0101",                         /* a topic without its name */
        "000080808080808080808080",     /* a time over 63 bits */
        "0000010002",                   /* a bound that is not behind the last */
        "00000101ff",                   /* no such kind */
        "0000010101aabb",               /* a fingerprint cut short */
        "000001010201",                 /* a set cut short */
        "00000101020002",               /* neither resolved nor not */
        "0000010102ffffffffffffff7f01", /* a set of 2^56 */
        "0000010021",                   /* 33 bytes of a hash */
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct liar *l = liar_start(10);
        pair_frame(l->p, 1, l->stream, test_hex(bad[i]));
        pair_run(l->p);
        assert_failed(l);
        liar_end(l);
    }
}

/* nwaku before 0.37 names cluster and shards; it must have the same, or nothing is said. */
static void cluster_and_shards_are_understood(void **state)
{
    uint8_t sum[32] = {1};
    (void)state;
    for (int same = 0; same < 2; same++) {
        struct liar *l = liar_start(30);
        l->scope.kind = SCOPE_SHARDS;
        l->scope.shards_count = same ? 8 : 7;
        for (uint16_t i = 0; i < 8; i++)
            l->scope.shards[i] = i;
        assert_ok(payload_fingerprint(liar_begin(l), &SYNC_ID_AT(l->to_ns), sum));
        liar_send(l);
        assert_true(same ? l->p->bytes[0][SYNC_RECONCILIATION] > 50
                         : l->p->bytes[0][SYNC_RECONCILIATION] == 2);
        assert_int_equal(l->p->end[0].ended, !same);
        liar_end(l);
    }
}

/* Peers whose sessions are over cannot keep others from sending theirs. */
static void idle_transfer_streams_make_room(void **state)
{
    static const uint8_t nothing[] = {1, 0};
    struct pair *p = start();
    struct sync_out o;
    unsigned resets = 0;
    (void)state;
    pair_ready(p);
    for (uint64_t peer = 1; peer <= SYNC_INLETS_MAX + 1; peer++) {
        struct sync *s = p->side[0];
        assert_ok(sync_incoming(s, &p->t.env, peer, 2 * peer, SYNC_RECONCILIATION));
        assert_ok(sync_incoming(s, &p->t.env, peer, 2 * peer + 1, SYNC_TRANSFER));
        assert_ok(sync_bytes(s, &p->t.env, 2 * peer, SPAN_ARRAY(nothing)));
        while (sync_poll(s, &o)) {
            if (o.kind != SYNC_OUT_RESET)
                continue;
            assert_int_equal(o.stream, 3);
            resets++;
        }
    }
    assert_int_equal(resets, 1);
    end(p);
}

static void a_peer_that_does_not_read_is_left(void **state)
{
    struct pair *p = start();
    struct sync_out o;
    (void)state;
    fill(p, 500, 2, 40);
    assert_ok(sync_begin(p->side[0], &p->t.env, 7));
    /* by hand: open its streams, never say that a transfer drained */
    for (int i = 0; i < 100000; i++) {
        bool moved = pair_step(p, 1);
        if (sync_poll(p->side[0], &o)) {
            moved = true;
            if (o.kind == SYNC_OUT_OPEN) {
                uint64_t stream = pair_open(p, 0, o.stream_kind);
                if (o.stream_kind == SYNC_RECONCILIATION)
                    assert_ok(sync_incoming(p->side[1], &p->t.env, 7, stream, o.stream_kind));
                sync_opened(p->side[0], &p->t.env, o.session, o.stream_kind, stream);
            } else if (o.kind == SYNC_OUT_SEND) {
                if (o.stream_kind == SYNC_RECONCILIATION)
                    pair_frame(p, 0, o.stream, blob_span(o.bytes));
                blob_unref(o.bytes);
            } else if (o.kind == SYNC_OUT_FETCH) {
                sync_fetched(p->side[0], &p->t.env, o.session, SPAN_LIT("/waku/2/rs/66/0"),
                             SPAN_LIT("x"));
                sync_fetch_end(p->side[0], &p->t.env, o.session);
            } else if (o.kind == SYNC_OUT_CLOSE) {
                pair_close(p, 0, o.stream);
            }
        }
        if (!moved)
            break;
    }
    test_env_advance(&p->t, SYNC_TRANSFER_NS);
    sync_tick(p->side[0], &p->t.env);
    assert_int_equal(sync_counters(p->side[0])->sessions_failed, 1);
    end(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_archives_say_so_in_one_round),
        cmocka_unit_test(differences_go_both_ways),
        cmocka_unit_test(one_empty_archive_is_filled),
        cmocka_unit_test(overhead_of_scattered_differences),
        cmocka_unit_test(many_of_one_nanosecond_are_equal_in_the_end),
        cmocka_unit_test(what_is_outside_the_range_stays),
        cmocka_unit_test(only_common_shards_are_compared),
        cmocka_unit_test(sessions_are_bounded),
        cmocka_unit_test(message_that_was_announced_is_taken),
        cmocka_unit_test(message_before_its_announcement_waits),
        cmocka_unit_test(liars_fail_and_change_nothing),
        cmocka_unit_test(unannounced_messages_are_bounded_and_told_at_the_end),
        cmocka_unit_test(what_is_announced_and_not_sent_is_an_error_in_time),
        cmocka_unit_test(endless_ranges_end),
        cmocka_unit_test(a_million_ids_are_refused_or_bounded),
        cmocka_unit_test(malformed_payloads_end_the_session),
        cmocka_unit_test(cluster_and_shards_are_understood),
        cmocka_unit_test(a_peer_that_does_not_read_is_left),
        cmocka_unit_test(idle_transfer_streams_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
