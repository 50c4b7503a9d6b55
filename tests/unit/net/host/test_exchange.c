/* One request and one answer on a stream: metadata is the server and the client that is at hand,
 * the store the one that answers late. */
#include "net/host/exchange.h"
#include "net/host/params.h"
#include "net/services/store_query.h"
#include "net/waku/waku.h"
#include "tests/lib/fake_streams.h"

static struct fake_host *begin(void)
{
    struct fake_host *f = fake_host_new(false, true);
    fake_peer_up(f, 1);
    fake_pump(f);
    return f;
}

static void metadata_frame(struct fake_host *f, uint64_t stream, uint32_t cluster)
{
    struct waku_metadata m = {.has_cluster = true, .cluster = cluster};
    struct buf b = BUF_INIT(4096);
    assert_ok(waku_metadata_encode(&m, &b));
    fake_frame(f, stream, buf_span(&b));
    buf_clear(&b);
}

static void query_frame(struct fake_host *f, uint64_t stream)
{
    struct store_query q = {.request_id = SPAN_LIT("id"), .include_data = true};
    struct buf b = BUF_INIT(4096);
    assert_ok(store_query_encode(&q, &b));
    fake_frame(f, stream, buf_span(&b));
    buf_clear(&b);
}

static uint64_t asked(struct fake_host *f)
{
    uint64_t s = fake_incoming(f, 1, STORE_QUERY_PROTOCOL);
    query_frame(f, s);
    fake_pump(f);
    return s;
}

/* ---- server ---- */

/* Half of a request of 150 KiB on each of many streams: at the bound the next one is reset. */
static void unfinished_requests_are_bounded_in_bytes(void **state)
{
    (void)state;
    static uint8_t half[80 << 10] = {0x80, 0x80, 0x0a}; /* a length of 160 KiB */
    struct fake_host *f = begin();
    size_t taken = 0;
    uint64_t s;
    for (;; taken += sizeof half - 3) {
        s = fake_incoming(f, 1, STORE_QUERY_PROTOCOL);
        fake_bytes(f, s, span_of(half, sizeof half));
        fake_pump(f);
        if (fake_at(f, s)->reset)
            break;
    }
    assert_in_range(taken, HOST_EXCHANGES_PARTIAL_PEER_MAX - sizeof half,
                    HOST_EXCHANGES_PARTIAL_PEER_MAX);
    fake_peer_up(f, 2); /* others are served */
    fake_pump(f);
    s = fake_incoming(f, 2, STORE_QUERY_PROTOCOL);
    query_frame(f, s);
    fake_pump(f);
    assert_false(fake_at(f, s)->reset);
    fake_run(f, HOST_EXCHANGE_TIMEOUT_MS * NS_PER_MS); /* the slow ones are gone: room again */
    s = fake_incoming(f, 1, STORE_QUERY_PROTOCOL);
    fake_bytes(f, s, span_of(half, sizeof half));
    fake_pump(f);
    assert_false(fake_at(f, s)->reset);
    fake_host_free(f);
}

static void an_idle_stream_waits_for_ever(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_incoming(f, 1, WAKU_METADATA_PROTOCOL);
    fake_pump(f);
    fake_run(f, 3600 * NS_PER_S);
    assert_false(fake_at(f, s)->reset);
    metadata_frame(f, s, 66);
    fake_pump(f);
    assert_true(fake_wrote(f, s).len > 0);
    assert_true(fake_at(f, s)->ended_write);
    fake_host_free(f);
}

static void an_idle_stream_ends_in_peace(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_incoming(f, 1, WAKU_METADATA_PROTOCOL);
    fake_end(f, s);
    fake_pump(f);
    assert_false(fake_at(f, s)->reset);
    assert_true(fake_at(f, s)->ended_write);
    fake_host_free(f);
}

static void a_request_in_pieces_is_answered_then_half_closed(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_incoming(f, 1, WAKU_METADATA_PROTOCOL);
    struct waku_metadata m = {.has_cluster = true, .cluster = 66}, said;
    struct buf b = BUF_INIT(64);
    assert_ok(waku_metadata_encode(&m, &b));
    uint8_t len = (uint8_t)b.len;
    fake_bytes(f, s, span_of(&len, 1));
    for (size_t i = 0; i < b.len; i++) {
        fake_pump(f);
        assert_int_equal(fake_at(f, s)->wrote.len, 0);
        fake_bytes(f, s, span_sub(buf_span(&b), i, 1));
    }
    fake_pump(f);
    assert_ok(waku_metadata_decode(fake_wrote(f, s), &said));
    assert_int_equal(said.cluster, 66);
    assert_true(fake_at(f, s)->ended_write);
    assert_false(fake_at(f, s)->reset);
    buf_clear(&b);
    fake_host_free(f);
}

static void a_request_over_its_bound_is_reset(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_incoming(f, 1, WAKU_METADATA_PROTOCOL);
    uint8_t head[10];
    fake_bytes(f, s, span_of(head, varint_encode(METADATA_BYTES_MAX + 1, head)));
    fake_pump(f);
    assert_true(fake_at(f, s)->reset);
    fake_host_free(f);
}

static void half_a_request_times_out_or_ends_in_a_reset(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t slow = fake_incoming(f, 1, WAKU_METADATA_PROTOCOL);
    uint64_t cut = fake_incoming(f, 1, WAKU_METADATA_PROTOCOL);
    fake_bytes(f, slow, SPAN_LIT("\x05x"));
    fake_bytes(f, cut, SPAN_LIT("\x05x"));
    fake_end(f, cut);
    fake_pump(f);
    assert_true(fake_at(f, cut)->reset);
    fake_run(f, HOST_EXCHANGE_TIMEOUT_MS * NS_PER_MS - 1);
    assert_false(fake_at(f, slow)->reset);
    fake_run(f, 2);
    assert_true(fake_at(f, slow)->reset);
    fake_host_free(f);
}

static void a_second_request_is_ignored(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = asked(f);
    query_frame(f, s);
    fake_pump(f);
    assert_int_equal(f->told[HOST_OUT_QUERY], 1);
    struct store_answer *none = calloc(1, sizeof *none);
    host_answer(f->h, f->env, f->said[HOST_OUT_QUERY].ticket, OK, none);
    fake_pump(f);
    query_frame(f, s);
    fake_pump(f);
    assert_int_equal(f->told[HOST_OUT_QUERY], 1);
    assert_true(fake_wrote(f, s).len > 0); /* one frame */
    free(none);
    fake_host_free(f);
}

static void an_answer_after_the_stream_died_goes_nowhere(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    struct store_answer *none = calloc(1, sizeof *none);
    uint64_t s = asked(f);
    fake_break(f, s, STREAM_RESET, ERR_CLOSED);
    fake_pump(f);
    host_answer(f->h, f->env, f->said[HOST_OUT_QUERY].ticket, OK, none);
    fake_pump(f);
    assert_int_equal(fake_at(f, s)->wrote.len, 0);
    s = asked(f);
    fake_peer_down(f, 1);
    fake_pump(f);
    host_answer(f->h, f->env, f->said[HOST_OUT_QUERY].ticket, OK, none);
    fake_pump(f);
    assert_int_equal(fake_at(f, s)->wrote.len, 0);
    free(none);
    fake_host_free(f);
}

/* The stream dies in the same wake-up in which it asked, before anybody took the query. */
static void a_query_nobody_took_goes_with_its_stream(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_incoming(f, 1, STORE_QUERY_PROTOCOL);
    f->no_poll = true;
    query_frame(f, s);
    fake_pump(f);
    fake_break(f, s, STREAM_RESET, ERR_CLOSED);
    fake_pump(f);
    f->no_poll = false;
    fake_pump(f);
    if (f->told[HOST_OUT_QUERY] > 0)
        assert_int_equal(f->said[HOST_OUT_QUERY].query->content_topics_count, 0);
    assert_int_equal(f->told[HOST_OUT_QUERY], 0);
    fake_host_free(f);
}

/* Many streams of one peer that begin a request and never end it. */
static void one_peer_has_so_many_requests(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = 0;
    for (size_t i = 0; i <= HOST_EXCHANGES_PEER_MAX; i++) {
        assert_false(s != 0 && fake_at(f, s)->reset);
        s = fake_incoming(f, 1, WAKU_METADATA_PROTOCOL);
        fake_bytes(f, s, SPAN_LIT("\x05"));
        fake_pump(f);
    }
    assert_true(fake_at(f, s)->reset);
    fake_peer_up(f, 2);
    fake_pump(f);
    uint64_t other = fake_incoming(f, 2, WAKU_METADATA_PROTOCOL);
    fake_bytes(f, other, SPAN_LIT("\x05"));
    fake_pump(f);
    assert_false(fake_at(f, other)->reset);
    fake_run(f, HOST_EXCHANGE_TIMEOUT_MS * NS_PER_MS); /* all time out: there is room again */
    s = fake_incoming(f, 1, WAKU_METADATA_PROTOCOL);
    metadata_frame(f, s, 66);
    fake_pump(f);
    assert_false(fake_at(f, s)->reset);
    assert_true(fake_at(f, s)->wrote.len > 0);
    fake_host_free(f);
}

static void all_peers_together_have_so_many(void **state)
{
    (void)state;
    struct fake_host *f = fake_host_new(false, false);
    size_t begun = 0;
    for (uint64_t peer = 1; peer < 64; peer++) {
        fake_peer_up(f, peer);
        fake_pump(f);
        uint64_t own = fake_find(f, peer, WAKU_METADATA_PROTOCOL, true);
        if (peer < 60)
            fake_break(f, own, STREAM_REFUSED, ERR_UNSUPPORTED);
        else
            begun++; /* a question of ours, not opened yet */
    }
    fake_pump(f);
    for (uint64_t peer = 1; peer < 64;
         peer++) /* 63 times 64 is less than 4096: nobody is refused */
        for (size_t i = 0; i < HOST_EXCHANGES_PEER_MAX; i++, begun++) {
            uint64_t s = fake_incoming(f, peer, WAKU_METADATA_PROTOCOL);
            fake_bytes(f, s, SPAN_LIT("\x05"));
            fake_pump(f);
            assert_false(fake_at(f, s)->reset);
        }
    struct store_query q = {.request_id = SPAN_LIT("id")};
    for (uint64_t ticket = 1; begun < HOST_EXCHANGES_MAX; ticket++, begun++) {
        assert_ok(host_query(f->h, f->env, 1, &q, ticket));
        fake_pump(f);
        assert_int_equal(f->told[HOST_OUT_ANSWER], 0);
    }
    assert_ok(host_query(f->h, f->env, 1, &q, 1000));
    fake_pump(f);
    assert_int_equal(f->told[HOST_OUT_ANSWER], 1);
    assert_int_equal(f->said[HOST_OUT_ANSWER].err, ERR_FULL);
    fake_host_free(f);
}

static void who_does_not_end_an_answered_stream_loses_it(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t ours = fake_find(f, 1, WAKU_METADATA_PROTOCOL, true);
    uint64_t theirs = fake_incoming(f, 1, WAKU_METADATA_PROTOCOL);
    fake_opened(f, ours);
    metadata_frame(f, ours, 66);
    metadata_frame(f, theirs, 66);
    fake_pump(f);
    fake_run(f, HOST_EXCHANGE_LINGER_MS * NS_PER_MS - 1);
    assert_false(fake_at(f, ours)->reset || fake_at(f, theirs)->reset);
    fake_run(f, 2);
    assert_true(fake_at(f, ours)->reset && fake_at(f, theirs)->reset);
    fake_host_free(f);
}

/* ---- client ---- */

static struct fake_host *question(uint64_t *stream)
{
    struct fake_host *f = begin();
    struct store_query q = {.request_id = SPAN_LIT("id")};
    assert_ok(host_query(f->h, f->env, 1, &q, 9));
    fake_pump(f);
    *stream = fake_find(f, 1, STORE_QUERY_PROTOCOL, true);
    assert_true(*stream != 0);
    return f;
}

static void answer_frame(struct fake_host *f, uint64_t stream)
{
    struct store_answer *a = calloc(1, sizeof *a);
    struct buf b = BUF_INIT(4096);
    a->request_id = SPAN_LIT("id");
    a->status = 200;
    assert_ok(store_answer_encode(a, &b));
    fake_frame(f, stream, buf_span(&b));
    buf_clear(&b);
    free(a);
}

static void answered_once(struct fake_host *f, enum err err)
{
    fake_pump(f);
    fake_run(f, 100 * NS_PER_S);
    assert_int_equal(f->told[HOST_OUT_ANSWER], 1);
    assert_int_equal(f->said[HOST_OUT_ANSWER].ticket, 9);
    assert_int_equal(f->said[HOST_OUT_ANSWER].err, err);
    fake_host_free(f);
}

static void writes_the_request_and_half_closes(void **state)
{
    (void)state;
    uint64_t s;
    struct fake_host *f = question(&s);
    struct store_query q;
    const char *why;
    assert_int_equal(fake_at(f, s)->wrote.len, 0);
    fake_opened(f, s);
    fake_pump(f);
    assert_ok(store_query_decode(fake_wrote(f, s), &q, &why));
    assert_span_equal(q.request_id, SPAN_LIT("id"));
    store_query_clear(&q);
    assert_true(fake_at(f, s)->ended_write);
    answer_frame(f, s);
    answer_frame(f, s); /* one more is not read */
    fake_end(f, s);
    fake_pump(f);
    assert_int_equal(f->answer_status, 200);
    answered_once(f, OK);
}

static void answered_once_when_refused(void **state)
{
    (void)state;
    uint64_t s;
    struct fake_host *f = question(&s);
    fake_break(f, s, STREAM_REFUSED, ERR_UNSUPPORTED);
    answered_once(f, ERR_UNSUPPORTED);
}

static void answered_once_when_reset(void **state)
{
    (void)state;
    uint64_t s;
    struct fake_host *f = question(&s);
    fake_opened(f, s);
    fake_break(f, s, STREAM_RESET, ERR_CLOSED);
    answered_once(f, ERR_CLOSED);
}

static void answered_once_when_reset_after_the_answer(void **state)
{
    (void)state;
    uint64_t s;
    struct fake_host *f = question(&s);
    fake_opened(f, s);
    answer_frame(f, s);
    fake_break(f, s, STREAM_RESET, ERR_CLOSED);
    answered_once(f, OK);
}

static void answered_once_when_it_ends_without_an_answer(void **state)
{
    (void)state;
    uint64_t s;
    struct fake_host *f = question(&s);
    fake_opened(f, s);
    fake_end(f, s);
    answered_once(f, ERR_CLOSED);
}

static void answered_once_when_nothing_comes(void **state)
{
    (void)state;
    uint64_t s;
    struct fake_host *f = question(&s);
    fake_opened(f, s);
    answered_once(f, ERR_TIMEOUT);
}

static void answered_once_when_it_never_opens(void **state)
{
    (void)state;
    uint64_t s;
    struct fake_host *f = question(&s);
    answered_once(f, ERR_TIMEOUT);
}

static void answered_once_when_the_answer_is_too_long(void **state)
{
    (void)state;
    uint64_t s;
    struct fake_host *f = question(&s);
    uint8_t head[10];
    fake_opened(f, s);
    fake_bytes(f, s, span_of(head, varint_encode(STORE_QUERY_ANSWER_BYTES_MAX + 1, head)));
    fake_pump(f);
    assert_true(fake_at(f, s)->reset);
    answered_once(f, ERR_LIMIT);
}

static void answered_once_when_the_stream_takes_nothing(void **state)
{
    (void)state;
    uint64_t s;
    struct fake_host *f = question(&s);
    fake_at(f, s)->room = 3;
    fake_opened(f, s);
    fake_pump(f);
    assert_true(fake_at(f, s)->reset);
    answered_once(f, ERR_FULL);
}

static void answered_once_when_the_peer_goes(void **state)
{
    (void)state;
    uint64_t s;
    struct fake_host *f = question(&s);
    fake_peer_down(f, 1);
    answered_once(f, ERR_CLOSED);
}

static void answered_once_when_it_cannot_open(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    struct store_query q = {.request_id = SPAN_LIT("id")};
    f->open_err = ERR_LIMIT;
    assert_ok(host_query(f->h, f->env, 1, &q, 9));
    answered_once(f, ERR_LIMIT);
}

/* The question's own time-out is told before the exchange's, when the request went out late. */
static void a_late_request_outlives_its_question(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    struct store_query q = {.request_id = SPAN_LIT("id")};
    assert_ok(host_query(f->h, f->env, 1, &q, 9));
    test_env_advance(&f->t, NS_PER_S);
    fake_pump(f);
    uint64_t s = fake_find(f, 1, STORE_QUERY_PROTOCOL, true);
    fake_opened(f, s);
    fake_pump(f);
    fake_run(f, STORE_CLIENT_TIMEOUT_NS - NS_PER_S + NS_PER_MS);
    assert_int_equal(f->told[HOST_OUT_ANSWER], 1);
    answer_frame(f, s);
    answered_once(f, ERR_TIMEOUT);
}

static void a_host_is_freed_with_all_under_way(void **state)
{
    (void)state;
    uint64_t s;
    struct fake_host *f = question(&s);
    fake_opened(f, s);
    asked(f);
    fake_bytes(f, fake_incoming(f, 1, WAKU_METADATA_PROTOCOL), SPAN_LIT("\x05"));
    fake_incoming(f, 1, WAKU_METADATA_PROTOCOL);
    fake_pump(f);
    fake_host_free(f);
}

/* ---- whoever asks is told once ---- */

static const struct exchange small = {.request_max = 64, .answer_max = 64};

static void count(struct host *h, const struct env *env, void *ctx, enum err err,
                  struct span answer)
{
    int *told = ctx;
    (void)h, (void)env, (void)answer;
    told[err == OK ? 0 : 1]++;
}

/* A stream of ours on which `told` counts answers and failures. */
static uint64_t ask(struct fake_host *f, int told[2])
{
    assert_ok(exchange_ask(f->h, f->env, &adapter_metadata, &small, 1, SPAN_LIT("?"), count, told));
    return fake_find(f, 1, WAKU_METADATA_PROTOCOL, true);
}

static void who_asks_is_told_once_whatever_follows(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t own = fake_find(f, 1, WAKU_METADATA_PROTOCOL, true); /* the adapter's own question */
    fake_break(f, own, STREAM_REFUSED, ERR_UNSUPPORTED);
    fake_pump(f);
    int told[2] = {0};
    uint64_t s = ask(f, told);
    fake_opened(f, s);
    fake_frame(f, s, SPAN_LIT("yes"));
    fake_pump(f);
    assert_int_equal(told[0], 1);
    fake_break(f, s, STREAM_RESET, ERR_CLOSED);
    fake_pump(f);
    fake_run(f, 2 * HOST_EXCHANGE_LINGER_MS * NS_PER_MS);
    assert_int_equal(told[0], 1);
    assert_int_equal(told[1], 0);

    s = ask(f, told); /* no answer in time, then everything else that may happen */
    fake_opened(f, s);
    fake_pump(f);
    fake_run(f, 2 * HOST_EXCHANGE_TIMEOUT_MS * NS_PER_MS);
    assert_int_equal(told[1], 1);
    fake_peer_down(f, 1);
    fake_pump(f);
    assert_int_equal(told[0], 1);
    assert_int_equal(told[1], 1);
    fake_host_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asks_is_told_once_whatever_follows),
        cmocka_unit_test(unfinished_requests_are_bounded_in_bytes),
        cmocka_unit_test(an_idle_stream_waits_for_ever),
        cmocka_unit_test(an_idle_stream_ends_in_peace),
        cmocka_unit_test(a_request_in_pieces_is_answered_then_half_closed),
        cmocka_unit_test(a_request_over_its_bound_is_reset),
        cmocka_unit_test(half_a_request_times_out_or_ends_in_a_reset),
        cmocka_unit_test(a_second_request_is_ignored),
        cmocka_unit_test(an_answer_after_the_stream_died_goes_nowhere),
        cmocka_unit_test(a_query_nobody_took_goes_with_its_stream),
        cmocka_unit_test(one_peer_has_so_many_requests),
        cmocka_unit_test(all_peers_together_have_so_many),
        cmocka_unit_test(who_does_not_end_an_answered_stream_loses_it),
        cmocka_unit_test(writes_the_request_and_half_closes),
        cmocka_unit_test(answered_once_when_refused),
        cmocka_unit_test(answered_once_when_reset),
        cmocka_unit_test(answered_once_when_reset_after_the_answer),
        cmocka_unit_test(answered_once_when_it_ends_without_an_answer),
        cmocka_unit_test(answered_once_when_nothing_comes),
        cmocka_unit_test(answered_once_when_it_never_opens),
        cmocka_unit_test(answered_once_when_the_answer_is_too_long),
        cmocka_unit_test(answered_once_when_the_stream_takes_nothing),
        cmocka_unit_test(answered_once_when_the_peer_goes),
        cmocka_unit_test(answered_once_when_it_cannot_open),
        cmocka_unit_test(a_late_request_outlives_its_question),
        cmocka_unit_test(a_host_is_freed_with_all_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
