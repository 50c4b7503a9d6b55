#include "net/identify/identify.h"

#include "crypto/keyring/keyring.h"
#include "net/wire/frame.h"
#include "net/wire/protobuf.h"
#include "tests/lib/testing.h"

#define PEER 7u

static const char *const PROTOCOLS[] = {IDENTIFY_PROTOCOL, IDENTIFY_PUSH_PROTOCOL,
                                        "/vac/waku/relay/2.0.0", NULL};

/* Us (g), and a peer whose messages are made by an engine of its own (other). */
struct scene {
    struct test_env t;
    struct keyring_host *host;
    struct peer_id id;
    struct multiaddr addr;
    struct identify *g, *other;
    struct buf record, message;
    struct identify_self self;
};

static void sign_record(struct scene *s, uint64_t seq)
{
    struct buf record = BUF_INIT(4096), msg = BUF_INIT(4096);
    struct keyring_signature sig;

    buf_reset(&s->record);
    assert_ok(peer_record_encode(&s->id, seq, &s->addr, 1, &record));
    assert_ok(envelope_to_sign(buf_span(&record), &msg));
    assert_ok(keyring_host_sign(s->host, buf_span(&msg), &sig));
    assert_ok(envelope_encode(keyring_host_public(s->host), buf_span(&record),
                              span_of(sig.bytes, sig.len), &s->record));
    s->self.signed_record = buf_span(&s->record);
    buf_clear(&record);
    buf_clear(&msg);
}

static void start(struct scene *s)
{
    *s = (struct scene){.record = BUF_INIT(4096), .message = BUF_INIT(65536)};
    test_env_init(&s->t, 5);
    assert_ok(keyring_host_new(&s->host, &s->t.rng, KEYRING_HOST_SECP256K1));
    peer_id_from_key(keyring_host_public(s->host), &s->id);
    assert_ok(multiaddr_parse(SPAN_LIT("/ip4/192.0.2.1/tcp/60000"), &s->addr));
    s->g = identify_new(&s->t.env);
    s->other = identify_new(&s->t.env);
    assert_true(s->g != NULL && s->other != NULL);
    s->self = (struct identify_self){.protocol_version = SPAN_LIT("ipfs/0.1.0"),
                                     .agent_version = SPAN_LIT("sotto/1"),
                                     .public_key = keyring_host_public(s->host),
                                     .addrs = &s->addr,
                                     .addr_count = 1,
                                     .protocols = PROTOCOLS};
    sign_record(s, 10);
    assert_ok(identify_describe(s->other, &s->self));
    assert_ok(identify_peer_up(s->other, 1, &s->id, &s->addr));
    assert_ok(identify_message(s->other, 1, &s->message));
    assert_ok(identify_peer_up(s->g, PEER, &s->id, NULL));
}

static void stop(struct scene *s)
{
    identify_free(s->g);
    identify_free(s->other);
    keyring_host_free(s->host);
    buf_clear(&s->record);
    buf_clear(&s->message);
    test_env_clear(&s->t);
}

static struct identify_out next(struct identify *g)
{
    struct identify_out out;
    assert_true(identify_poll(g, &out));
    return out;
}

/* A whole stream, fed in two pieces. */
static struct identify_out hear(struct scene *s, enum identify_stream stream, struct span in)
{
    assert_ok(identify_begin(s->g, &s->t.env, PEER, stream));
    assert_ok(identify_feed(s->g, PEER, stream, span_sub(in, 0, in.len / 2)));
    assert_ok(identify_feed(s->g, PEER, stream, span_after(in, in.len / 2)));
    identify_end(s->g, PEER, stream);
    return next(s->g);
}

static void asks_and_hears_all_fields(void **state)
{
    (void)state;
    struct scene s;
    struct identify_out out;
    start(&s);
    out = next(s.g);
    assert_int_equal(out.kind, IDENTIFY_OUT_ASK);
    assert_int_equal(out.peer, PEER);
    assert_false(identify_poll(s.g, &out));
    out = hear(&s, IDENTIFY_ANSWER, buf_span(&s.message));
    assert_int_equal(out.kind, IDENTIFY_OUT_INFO);
    assert_span_equal(out.info->agent_version, SPAN_LIT("sotto/1"));
    assert_span_equal(out.info->protocol_version, SPAN_LIT("ipfs/0.1.0"));
    assert_span_equal(out.info->public_key, keyring_host_public(s.host));
    assert_span_equal(out.info->observed_addr, multiaddr_span(&s.addr));
    assert_int_equal(out.info->addr_count, 1);
    assert_span_equal(out.info->addrs[0], multiaddr_span(&s.addr));
    assert_int_equal(out.info->protocol_count, 3);
    assert_span_equal(out.info->protocols[2], SPAN_LIT("/vac/waku/relay/2.0.0"));
    assert_true(out.info->has_record);
    assert_int_equal(out.info->record.seq, 10);
    assert_false(identify_poll(s.g, &out));
    stop(&s);
}

static void a_key_of_somebody_else_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct identify_out out;
    struct peer_id mallory = {.len = 34, .bytes = {0x12, 0x20, 1}};
    start(&s);
    identify_peer_down(s.g, PEER);
    assert_ok(identify_peer_up(s.g, PEER, &mallory, NULL));
    (void)next(s.g); /* the ASK of the first connection is gone or not: either way one is left */
    while (identify_poll(s.g, &out))
        ;
    out = hear(&s, IDENTIFY_ANSWER, buf_span(&s.message));
    assert_int_equal(out.kind, IDENTIFY_OUT_FAILED);
    assert_err(out.err, ERR_AUTH);
    stop(&s);
}

static void several_messages_add_up(void **state)
{
    (void)state;
    struct scene s;
    struct identify_out out;
    start(&s);
    (void)next(s.g);
    struct buf b = BUF_INIT(1000);
    assert_ok(buf_append(&b, test_hex("0a 1a022f61 2a027631 3200"))); /* /a, v1, no agent */
    assert_ok(buf_append(&b, test_hex("0f 1a022f62 3201 78 2202 0102 1a02ff62"))); /* /b, x */
    out = hear(&s, IDENTIFY_ANSWER, buf_span(&b));
    assert_int_equal(out.kind, IDENTIFY_OUT_INFO);
    assert_int_equal(out.info->protocol_count, 2); /* the third is no plain text */
    assert_span_equal(out.info->protocols[1], SPAN_LIT("/b"));
    assert_span_equal(out.info->agent_version, SPAN_LIT("x"));
    assert_span_equal(out.info->protocol_version, SPAN_LIT("v1"));
    assert_false(out.info->has_record);
    buf_clear(&b);
    stop(&s);
}

static void malformed_streams_fail(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum err err;
    } bad[] = {
        {"", ERR_FORMAT},
        {"0a 1a022f61", ERR_FORMAT}, /* cut */
        {"02 1a05", ERR_FORMAT},     /* malformed inside */
        {"01 1a", ERR_FORMAT},
        {"8000", ERR_FORMAT},                  /* length not minimal */
        {"8140", ERR_LIMIT},                   /* 8,193 bytes */
        {"0000000000000000000000", ERR_LIMIT}, /* eleven messages */
    };
    struct scene s;
    start(&s);
    (void)next(s.g);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct identify_out out = hear(&s, IDENTIFY_PUSHED, test_hex(bad[i].hex));
        assert_int_equal(out.kind, IDENTIFY_OUT_FAILED);
        assert_err(out.err, bad[i].err);
        assert_int_equal(out.stream, IDENTIFY_PUSHED);
    }
    uint8_t flood[4096] = {0};
    enum err err = OK;
    assert_ok(identify_begin(s.g, &s.t.env, PEER, IDENTIFY_PUSHED));
    for (int i = 0; i < 5 && err == OK; i++)
        err = identify_feed(s.g, PEER, IDENTIFY_PUSHED, SPAN_ARRAY(flood));
    assert_err(err, ERR_LIMIT);
    assert_err(next(s.g).err, ERR_LIMIT);
    assert_err(identify_feed(s.g, PEER, IDENTIFY_PUSHED, SPAN_ARRAY(flood)), ERR_NOT_FOUND);
    stop(&s);
}

static void forged_and_old_records_are_left_out(void **state)
{
    (void)state;
    struct scene s;
    start(&s);
    (void)next(s.g);
    static const struct {
        uint64_t seq;
        bool kept;
    } steps[] = {{10, true}, {9, false}, {10, true}, {11, true}, {10, false}};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        sign_record(&s, steps[i].seq);
        assert_ok(identify_describe(s.other, &s.self));
        buf_reset(&s.message);
        assert_ok(identify_message(s.other, 1, &s.message));
        struct identify_out out = hear(&s, IDENTIFY_PUSHED, buf_span(&s.message));
        assert_int_equal(out.kind, IDENTIFY_OUT_INFO);
        assert_int_equal(out.info->has_record, steps[i].kept);
        assert_int_equal(out.info->signed_record.len > 0, steps[i].kept);
    }
    s.record.ptr[s.record.len - 1] ^= 1;
    s.self.agent_version = SPAN_LIT("sotto/2");
    assert_ok(identify_describe(s.other, &s.self));
    buf_reset(&s.message);
    assert_ok(identify_message(s.other, 1, &s.message));
    struct identify_out out = hear(&s, IDENTIFY_PUSHED, buf_span(&s.message));
    assert_int_equal(out.kind, IDENTIFY_OUT_INFO);
    assert_span_equal(out.info->agent_version, SPAN_LIT("sotto/2"));
    assert_false(out.info->has_record);
    stop(&s);
}

static void changes_are_pushed_to_who_takes_pushes(void **state)
{
    (void)state;
    struct scene s;
    struct identify_out out;
    start(&s);
    (void)next(s.g);
    assert_err(identify_message(s.g, PEER, &s.message), ERR_BUSY);
    assert_ok(identify_describe(s.g, &s.self)); /* the peer is not known to take pushes */
    assert_false(identify_poll(s.g, &out));
    (void)hear(&s, IDENTIFY_ANSWER, buf_span(&s.message));
    assert_ok(identify_describe(s.g, &s.self)); /* nothing new */
    assert_false(identify_poll(s.g, &out));
    s.self.addr_count = 0;
    assert_ok(identify_describe(s.g, &s.self));
    s.self.agent_version = SPAN_LIT("twice in a row: one push");
    assert_ok(identify_describe(s.g, &s.self));
    out = next(s.g);
    assert_int_equal(out.kind, IDENTIFY_OUT_PUSH);
    assert_int_equal(out.peer, PEER);
    assert_false(identify_poll(s.g, &out));
    s.self.agent_version = SPAN_LIT("again");
    assert_ok(identify_describe(s.g, &s.self));
    assert_int_equal(next(s.g).kind, IDENTIFY_OUT_PUSH);
    stop(&s);
}

static void slow_streams_end(void **state)
{
    (void)state;
    struct scene s;
    struct identify_out out;
    start(&s);
    (void)next(s.g);
    assert_int_equal(identify_deadline(s.g).ns, INT64_MAX);
    assert_ok(identify_begin(s.g, &s.t.env, PEER, IDENTIFY_ANSWER));
    assert_err(identify_begin(s.g, &s.t.env, PEER, IDENTIFY_ANSWER), ERR_BUSY);
    assert_ok(identify_begin(s.g, &s.t.env, PEER, IDENTIFY_PUSHED));
    assert_ok(identify_feed(s.g, PEER, IDENTIFY_PUSHED, buf_span(&s.message)));
    assert_int_equal(identify_deadline(s.g).ns, s.t.env.now.ns + IDENTIFY_TIMEOUT_NS);
    identify_tick(s.g, &s.t.env);
    assert_false(identify_poll(s.g, &out));
    test_env_advance(&s.t, IDENTIFY_TIMEOUT_NS);
    identify_tick(s.g, &s.t.env);
    out = next(s.g);
    assert_int_equal(out.kind, IDENTIFY_OUT_FAILED);
    assert_err(out.err, ERR_TIMEOUT);
    out = next(s.g); /* it never closed, but had said all */
    assert_int_equal(out.kind, IDENTIFY_OUT_INFO);
    assert_int_equal(out.stream, IDENTIFY_PUSHED);
    assert_int_equal(identify_deadline(s.g).ns, INT64_MAX);
    assert_ok(identify_begin(s.g, &s.t.env, PEER, IDENTIFY_ANSWER));
    identify_fail(s.g, PEER, IDENTIFY_ANSWER, ERR_UNSUPPORTED);
    assert_err(next(s.g).err, ERR_UNSUPPORTED);
    stop(&s);
}

static void who_left_is_forgotten(void **state)
{
    (void)state;
    struct scene s;
    struct identify_out out;
    start(&s);
    assert_err(identify_peer_up(s.g, PEER, &s.id, NULL), ERR_EXISTS);
    assert_ok(identify_begin(s.g, &s.t.env, PEER, IDENTIFY_ANSWER));
    assert_ok(identify_feed(s.g, PEER, IDENTIFY_ANSWER, buf_span(&s.message)));
    identify_end(s.g, PEER, IDENTIFY_ANSWER);
    assert_ok(identify_begin(s.g, &s.t.env, PEER, IDENTIFY_PUSHED));
    identify_peer_down(s.g, PEER);
    assert_false(identify_poll(s.g, &out));
    assert_int_equal(identify_deadline(s.g).ns, INT64_MAX);
    assert_err(identify_begin(s.g, &s.t.env, PEER, IDENTIFY_ANSWER), ERR_NOT_FOUND);
    assert_err(identify_message(s.g, PEER, &s.message), ERR_NOT_FOUND);
    identify_end(s.g, PEER, IDENTIFY_ANSWER);
    identify_peer_down(s.g, PEER);
    stop(&s);
}

static void what_is_too_long_is_not_said(void **state)
{
    (void)state;
    struct scene s;
    static const char *many[2000];
    start(&s);
    for (size_t i = 0; i < 1999; i++)
        many[i] = "/a/long/protocol/id";
    s.self.protocols = many;
    assert_err(identify_describe(s.other, &s.self), ERR_FULL);
    struct buf again = BUF_INIT(65536);
    assert_ok(identify_message(s.other, 1, &again)); /* unchanged */
    assert_span_equal(buf_span(&again), buf_span(&s.message));
    buf_clear(&again);
    stop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_and_hears_all_fields),
        cmocka_unit_test(a_key_of_somebody_else_is_refused),
        cmocka_unit_test(several_messages_add_up),
        cmocka_unit_test(malformed_streams_fail),
        cmocka_unit_test(forged_and_old_records_are_left_out),
        cmocka_unit_test(changes_are_pushed_to_who_takes_pushes),
        cmocka_unit_test(slow_streams_end),
        cmocka_unit_test(who_left_is_forgotten),
        cmocka_unit_test(what_is_too_long_is_not_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
