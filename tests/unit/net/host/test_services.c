/* Identify, ping, metadata and the store between streams and what the host tells. */
#include "net/host/params.h"
#include "net/identify/identify.h"
#include "net/identify/message.h"
#include "net/ping/params.h"
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

/* ---- identify ---- */

static void info_frame(struct fake_host *f, uint64_t stream, const char *agent)
{
    static const char *const protocols[] = {"/a/1", "/b/2", NULL};
    struct identify_self self = {.agent_version = span_str(agent), .protocols = protocols};
    struct buf b = BUF_INIT(4096);
    assert_ok(identify_message_encode(&self, &b));
    fake_frame(f, stream, buf_span(&b));
    buf_clear(&b);
}

static void asks_every_peer_who_it_is(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_find(f, 1, IDENTIFY_PROTOCOL, true);
    fake_opened(f, s);
    fake_pump(f);
    assert_true(fake_at(f, s)->ended_write);
    assert_int_equal(fake_at(f, s)->wrote.len, 0);
    info_frame(f, s, "nwaku");
    fake_pump(f);
    assert_int_equal(f->told[HOST_OUT_PEER_KNOWN], 0); /* more may come */
    fake_end(f, s);
    fake_pump(f);
    assert_int_equal(f->told[HOST_OUT_PEER_KNOWN], 0); /* metadata has not answered */
    fake_break(f, fake_find(f, 1, WAKU_METADATA_PROTOCOL, true), STREAM_REFUSED, ERR_NOT_FOUND);
    fake_pump(f);
    assert_int_equal(f->told[HOST_OUT_PEER_KNOWN], 1);
    const struct host_peer *p = host_peer(f->h, 1);
    assert_string_equal(p->agent, "nwaku");
    assert_int_equal(p->protocols_count, 2);
    assert_string_equal(p->protocols[1], "/b/2");
    fake_host_free(f);
}

static void says_who_we_are(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_incoming(f, 1, IDENTIFY_PROTOCOL);
    fake_pump(f);
    struct identify_info info = {0};
    assert_ok(identify_stream_decode(&info, buf_span(&fake_at(f, s)->wrote)));
    assert_span_equal(info.agent_version, SPAN_LIT("test"));
    assert_true(fake_at(f, s)->ended_write);
    bool store = false, relay = false;
    for (size_t i = 0; i < info.protocol_count; i++) {
        store = store || span_eq(info.protocols[i], SPAN_LIT(STORE_QUERY_PROTOCOL));
        relay = relay || span_eq(info.protocols[i], SPAN_LIT("/meshsub/1.1.0"));
    }
    assert_true(store && !relay); /* relay is off */
    fake_host_free(f);
}

static void believes_a_push(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_incoming(f, 1, IDENTIFY_PUSH_PROTOCOL);
    info_frame(f, s, "changed");
    fake_end(f, s);
    fake_pump(f);
    assert_string_equal(host_peer(f->h, 1)->agent, "changed");
    assert_true(fake_at(f, s)->ended_write);
    fake_host_free(f);
}

/* A second push beside the first is refused, and does not disturb it. */
static void one_push_at_a_time(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t first = fake_incoming(f, 1, IDENTIFY_PUSH_PROTOCOL);
    uint64_t second = fake_incoming(f, 1, IDENTIFY_PUSH_PROTOCOL);
    fake_pump(f);
    assert_true(fake_at(f, second)->reset);
    info_frame(f, first, "first");
    fake_end(f, first);
    fake_pump(f);
    assert_string_equal(host_peer(f->h, 1)->agent, "first");
    fake_host_free(f);
}

static void tells_changes_to_who_takes_pushes(void **state)
{
    (void)state;
    static const char *const protocols[] = {IDENTIFY_PUSH_PROTOCOL, NULL};
    struct identify_self self = {.protocols = protocols};
    struct fake_host *f = begin();
    struct buf b = BUF_INIT(4096);
    uint64_t s = fake_find(f, 1, IDENTIFY_PROTOCOL, true);
    assert_ok(identify_message_encode(&self, &b));
    fake_opened(f, s);
    fake_frame(f, s, buf_span(&b));
    fake_end(f, s);
    fake_pump(f);
    struct multiaddr now;
    assert_ok(multiaddr_parse(SPAN_LIT("/ip4/10.9.9.9/tcp/1"), &now));
    assert_ok(host_set_listen(f->h, f->env, &now, 1));
    fake_pump(f);
    uint64_t push = fake_find(f, 1, IDENTIFY_PUSH_PROTOCOL, true);
    assert_true(push != 0);
    fake_opened(f, push);
    fake_pump(f);
    struct identify_info info = {0};
    assert_ok(identify_stream_decode(&info, buf_span(&fake_at(f, push)->wrote)));
    assert_int_equal(info.addr_count, 1);
    assert_span_equal(info.addrs[0], span_of(now.bytes, now.len));
    assert_true(fake_at(f, push)->ended_write);
    buf_clear(&b);
    fake_host_free(f);
}

static void too_many_addresses_change_nothing(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    struct multiaddr many[600];
    for (size_t i = 0; i < 600; i++)
        assert_ok(multiaddr_parse(
            SPAN_LIT("/dns4/a-rather-long-name-of-a-host.example.org/tcp/60000"), &many[i]));
    assert_int_not_equal(host_set_listen(f->h, f->env, many, 600), OK);
    uint64_t s = fake_incoming(f, 1, IDENTIFY_PROTOCOL);
    fake_pump(f);
    struct identify_info info = {0};
    assert_ok(identify_stream_decode(&info, buf_span(&fake_at(f, s)->wrote)));
    assert_int_equal(info.addr_count, 1);
    assert_ok(host_set_listen(f->h, f->env, &f->addr, 1));
    fake_host_free(f);
}

/* Who does not end what he says about himself is cut off; his next push is heard alone. */
static void a_push_that_never_ends_is_reset(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_incoming(f, 1, IDENTIFY_PUSH_PROTOCOL);
    fake_bytes(f, s, SPAN_LIT("\x20"));
    fake_pump(f);
    fake_run(f, IDENTIFY_TIMEOUT_NS + NS_PER_S);
    assert_true(fake_at(f, s)->reset);
    s = fake_incoming(f, 1, IDENTIFY_PUSH_PROTOCOL);
    info_frame(f, s, "again");
    fake_end(f, s);
    fake_pump(f);
    assert_string_equal(host_peer(f->h, 1)->agent, "again");
    fake_host_free(f);
}

static void too_long_an_identity_is_reset(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_find(f, 1, IDENTIFY_PROTOCOL, true);
    uint8_t *much = calloc(1, IDENTIFY_BYTES_MAX + 1);
    fake_opened(f, s);
    fake_bytes(f, s, span_of(much, IDENTIFY_BYTES_MAX + 1));
    fake_pump(f);
    assert_true(fake_at(f, s)->reset);
    assert_int_equal(f->told[HOST_OUT_PEER_KNOWN], 0);
    free(much);
    fake_host_free(f);
}

/* ---- ping ---- */

static void echoes_whole_payloads(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_incoming(f, 1, PING_PROTOCOL);
    uint8_t bytes[80];
    memset(bytes, 'x', sizeof bytes);
    fake_bytes(f, s, span_of(bytes, 80));
    fake_pump(f);
    assert_int_equal(fake_at(f, s)->wrote.len, 64);
    fake_bytes(f, s, span_of(bytes, 16));
    fake_end(f, s);
    fake_pump(f);
    assert_int_equal(fake_at(f, s)->wrote.len, 96);
    assert_true(fake_at(f, s)->ended_write);
    fake_host_free(f);
}

static void ping_streams_of_a_peer_have_a_bound(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t all[PING_STREAMS_IN_MAX];
    for (size_t i = 0; i < PING_STREAMS_IN_MAX; i++)
        all[i] = fake_incoming(f, 1, PING_PROTOCOL);
    uint64_t c = fake_incoming(f, 1, PING_PROTOCOL);
    fake_pump(f);
    assert_false(fake_at(f, all[0])->reset || fake_at(f, all[PING_STREAMS_IN_MAX - 1])->reset);
    assert_true(fake_at(f, c)->reset);
    fake_end(f, all[0]);
    fake_break(f, all[1], STREAM_RESET, ERR_CLOSED);
    fake_pump(f);
    c = fake_incoming(f, 1, PING_PROTOCOL);
    uint64_t d = fake_incoming(f, 1, PING_PROTOCOL);
    fake_pump(f);
    assert_false(fake_at(f, c)->reset || fake_at(f, d)->reset);
    fake_peer_up(f, 2);
    uint64_t other = fake_incoming(f, 2, PING_PROTOCOL);
    fake_pump(f);
    assert_false(fake_at(f, other)->reset);
    fake_peer_down(f, 1);
    fake_pump(f);
    fake_host_free(f);
}

/* Who does not read the echoes is not read; then all of it comes. */
static void echoes_wait_for_room(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_incoming(f, 1, PING_PROTOCOL);
    uint8_t payload[PING_BYTES] = {1};
    fake_at(f, s)->room = 40;
    fake_bytes(f, s, SPAN_ARRAY(payload));
    fake_bytes(f, s, SPAN_ARRAY(payload));
    fake_pump(f);
    assert_int_equal(fake_at(f, s)->wrote.len, 32);
    assert_true(fake_at(f, s)->paused);
    fake_at(f, s)->room = 1000;
    fake_stream_event(f, s, STREAM_WRITABLE, OK);
    fake_pump(f);
    assert_int_equal(fake_at(f, s)->wrote.len, 64);
    assert_false(fake_at(f, s)->paused);
    uint8_t *flood = calloc(1, 2 * HOST_PING_ECHO_BYTES_MAX);
    fake_at(f, s)->room = 0;
    fake_bytes(f, s, span_of(flood, 2 * HOST_PING_ECHO_BYTES_MAX)); /* not stopped by the pause */
    fake_pump(f);
    assert_true(fake_at(f, s)->reset);
    free(flood);
    fake_host_free(f);
}

static uint64_t pinged(struct fake_host *f)
{
    assert_ok(host_ping(f->h, f->env, 1, 5));
    assert_err(host_ping(f->h, f->env, 1, 6), ERR_BUSY);
    uint64_t s = fake_find(f, 1, PING_PROTOCOL, true);
    fake_opened(f, s);
    fake_pump(f);
    assert_int_equal(fake_at(f, s)->wrote.len, PING_BYTES);
    return s;
}

static void ponged(struct fake_host *f, enum err err)
{
    fake_pump(f);
    fake_run(f, 60 * NS_PER_S);
    assert_int_equal(f->told[HOST_OUT_PONG], 1);
    assert_int_equal(f->said[HOST_OUT_PONG].ticket, 5);
    assert_int_equal(f->said[HOST_OUT_PONG].err, err);
    assert_ok(host_ping(f->h, f->env, 1, 7)); /* the next one may go */
    fake_host_free(f);
}

static void a_ping_measures_the_round_trip(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = pinged(f);
    test_env_advance(&f->t, 3 * NS_PER_MS);
    fake_bytes(f, s, buf_span(&fake_at(f, s)->wrote));
    fake_pump(f);
    assert_int_equal(f->said[HOST_OUT_PONG].round_trip_ns, 3 * NS_PER_MS);
    assert_int_equal(host_peer(f->h, 1)->ping_ns, 3 * NS_PER_MS);
    ponged(f, OK);
}

static void a_ping_fails_once(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    assert_err(host_ping(f->h, f->env, 2, 5), ERR_NOT_FOUND);
    pinged(f);
    ponged(f, ERR_TIMEOUT);
    f = begin();
    uint64_t s = pinged(f);
    fake_bytes(f, s, SPAN_LIT("wrong"));
    ponged(f, ERR_PROTOCOL);
    f = begin();
    s = pinged(f);
    fake_end(f, s);
    ponged(f, ERR_CLOSED);
    f = begin();
    assert_ok(host_ping(f->h, f->env, 1, 5));
    fake_break(f, fake_find(f, 1, PING_PROTOCOL, true), STREAM_REFUSED, ERR_UNSUPPORTED);
    ponged(f, ERR_UNSUPPORTED);
    f = begin();
    f->open_err = ERR_LIMIT;
    assert_err(host_ping(f->h, f->env, 1, 5), ERR_LIMIT);
    f->open_err = OK;
    assert_ok(host_ping(f->h, f->env, 1, 6));
    fake_host_free(f);
}

/* ---- metadata ---- */

static void told_metadata(struct fake_host *f, const struct waku_metadata *m)
{
    uint64_t s = fake_find(f, 1, WAKU_METADATA_PROTOCOL, true);
    struct buf b = BUF_INIT(8192);
    assert_ok(waku_metadata_encode(m, &b));
    fake_opened(f, s);
    fake_frame(f, s, buf_span(&b));
    fake_end(f, s);
    fake_pump(f);
    buf_clear(&b);
}

static void a_peer_of_another_cluster_is_disconnected(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    told_metadata(f, &(struct waku_metadata){.has_cluster = true, .cluster = 1});
    assert_int_equal(f->disconnected, 1);
    fake_host_free(f);
    f = begin();
    told_metadata(f, &(struct waku_metadata){.has_cluster = false});
    assert_int_equal(f->disconnected, 1);
    fake_host_free(f);
}

static void a_peer_without_shards_is_kept(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    told_metadata(f, &(struct waku_metadata){.has_cluster = true, .cluster = 66});
    assert_int_equal(f->disconnected, 0);
    const struct host_peer *p = host_peer(f->h, 1);
    assert_true(p->metadata_known);
    assert_int_equal(p->cluster, 66);
    assert_int_equal(p->shards_count, 0);
    fake_host_free(f);
}

static void shards_are_told_both_ways(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    static const uint16_t ours[] = {3, 7};
    struct waku_metadata said = {
        .has_cluster = true, .cluster = 66, .shards = {1, 2, 1023}, .count = 3};
    host_set_shards(f->h, ours, 2);
    told_metadata(f, &said);
    assert_int_equal(host_peer(f->h, 1)->shards_count, 3);
    assert_int_equal(host_peer(f->h, 1)->shards[2], 1023);
    uint64_t s = fake_incoming(f, 1, WAKU_METADATA_PROTOCOL);
    fake_frame(f, s, SPAN_LIT("\x08\x42"));
    fake_pump(f);
    assert_ok(waku_metadata_decode(fake_wrote(f, s), &said));
    assert_int_equal(said.count, 2);
    assert_int_equal(said.shards[1], 7);
    fake_host_free(f);
}

static void a_peer_that_says_nothing_or_nonsense_is_kept(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    uint64_t s = fake_find(f, 1, WAKU_METADATA_PROTOCOL, true);
    fake_opened(f, s);
    fake_frame(f, s, SPAN_LIT("\xff\xff"));
    fake_pump(f);
    assert_int_equal(f->disconnected, 0);
    assert_false(host_peer(f->h, 1)->metadata_known);
    fake_host_free(f);
}

/* ---- store ---- */

static void a_query_waits_for_its_answer(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    struct store_query q = {.request_id = SPAN_LIT("mine"), .include_data = true};
    struct store_answer *a = calloc(1, sizeof *a), *got = calloc(1, sizeof *got);
    struct buf b = BUF_INIT(4096);
    uint64_t s = fake_incoming(f, 1, STORE_QUERY_PROTOCOL);
    assert_ok(store_query_encode(&q, &b));
    fake_frame(f, s, buf_span(&b));
    fake_pump(f);
    assert_int_equal(f->told[HOST_OUT_QUERY], 1);
    assert_int_equal(f->said[HOST_OUT_QUERY].peer, 1);
    assert_int_equal(fake_at(f, s)->wrote.len, 0);
    a->count = 1;
    a->entries[0] = (struct store_entry){.hash = {9},
                                         .has_data = true,
                                         .message = SPAN_LIT("\x0a\x01x\x12\x01y"),
                                         .pubsub_topic = SPAN_LIT("t")};
    host_answer(f->h, f->env, f->said[HOST_OUT_QUERY].ticket, OK, a);
    fake_pump(f);
    assert_ok(store_answer_decode(fake_wrote(f, s), got));
    assert_span_equal(got->request_id, SPAN_LIT("mine"));
    assert_int_equal(got->status, 200);
    assert_int_equal(got->count, 1);
    assert_true(fake_at(f, s)->ended_write);
    host_answer(f->h, f->env, f->said[HOST_OUT_QUERY].ticket, OK, a); /* twice: nothing */
    fake_pump(f);
    assert_true(fake_wrote(f, s).len > 0);
    free(a);
    free(got);
    buf_clear(&b);
    fake_host_free(f);
}

static void nonsense_is_answered_400(void **state)
{
    (void)state;
    struct fake_host *f = begin();
    struct store_answer *got = calloc(1, sizeof *got);
    uint64_t s = fake_incoming(f, 1, STORE_QUERY_PROTOCOL);
    fake_frame(f, s, SPAN_LIT("\xff\xff"));
    fake_pump(f);
    assert_int_equal(f->told[HOST_OUT_QUERY], 0);
    assert_ok(store_answer_decode(fake_wrote(f, s), got));
    assert_int_equal(got->status, 400);
    free(got);
    fake_host_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_every_peer_who_it_is),
        cmocka_unit_test(says_who_we_are),
        cmocka_unit_test(believes_a_push),
        cmocka_unit_test(one_push_at_a_time),
        cmocka_unit_test(tells_changes_to_who_takes_pushes),
        cmocka_unit_test(too_many_addresses_change_nothing),
        cmocka_unit_test(a_push_that_never_ends_is_reset),
        cmocka_unit_test(too_long_an_identity_is_reset),
        cmocka_unit_test(echoes_whole_payloads),
        cmocka_unit_test(ping_streams_of_a_peer_have_a_bound),
        cmocka_unit_test(echoes_wait_for_room),
        cmocka_unit_test(a_ping_measures_the_round_trip),
        cmocka_unit_test(a_ping_fails_once),
        cmocka_unit_test(a_peer_of_another_cluster_is_disconnected),
        cmocka_unit_test(a_peer_without_shards_is_kept),
        cmocka_unit_test(shards_are_told_both_ways),
        cmocka_unit_test(a_peer_that_says_nothing_or_nonsense_is_kept),
        cmocka_unit_test(a_query_waits_for_its_answer),
        cmocka_unit_test(nonsense_is_answered_400),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
