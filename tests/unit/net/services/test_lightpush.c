#include "net/services/lightpush.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define TOPIC SPAN_LIT("/waku/2/rs/66/0")

static struct test_env t;
static struct lightpush_server *server;
static struct lightpush_client *client;

static int set_up(void **state)
{
    (void)state;
    test_env_init(&t, 5);
    assert_ok(lightpush_server_new(&server, &t.env));
    assert_ok(lightpush_client_new(&client, &t.env));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    lightpush_server_free(server);
    lightpush_client_free(client);
    test_env_clear(&t);
    return 0;
}

/* What js-waku's encoders write: request "e", /waku/2/rs/66/0, a message of four bytes. */
static const char js_v3[] = "0a0165 a2010f2f77616b752f322f72732f36362f30 aa0104 0a020102";
static const char js_v2[] = "0a0172 1217 0a0f2f77616b752f322f72732f36362f30 1204 0a020102";

static void reads_requests_of_js_waku(void **state)
{
    (void)state;
    struct lightpush_request r;
    const char *why;
    assert_ok(lightpush_codecs[LIGHTPUSH_V3].read_request(test_hex(js_v3), &r, &why));
    assert_span_equal(r.request_id, SPAN_LIT("e"));
    assert_span_equal(r.pubsub_topic, TOPIC);
    assert_span_equal(r.message, test_hex("0a020102"));
    assert_ok(lightpush_codecs[LIGHTPUSH_V2].read_request(test_hex(js_v2), &r, &why));
    assert_span_equal(r.request_id, SPAN_LIT("r"));
    assert_span_equal(r.pubsub_topic, TOPIC);
    assert_span_equal(r.message, test_hex("0a020102"));
}

static void both_versions_survive_encoding(void **state)
{
    (void)state;
    struct lightpush_request r = {SPAN_LIT("an id"), TOPIC, SPAN_LIT("message")}, back;
    struct lightpush_answer a = {
        .request_id = SPAN_LIT("an id"),
        .result = {.status = LIGHTPUSH_STATUS_OK, .has_relay_peers = true, .relay_peers = 7}};
    struct lightpush_answer got;
    const char *why;
    for (size_t v = 0; v < LIGHTPUSH_VERSIONS; v++) {
        struct buf b = BUF_INIT(1000), c = BUF_INIT(1000);
        assert_ok(lightpush_codecs[v].write_request(&r, &b));
        assert_ok(lightpush_codecs[v].read_request(buf_span(&b), &back, &why));
        assert_span_equal(back.request_id, r.request_id);
        assert_span_equal(back.pubsub_topic, r.pubsub_topic);
        assert_span_equal(back.message, r.message);
        assert_ok(lightpush_codecs[v].write_answer(&a, &c));
        assert_ok(lightpush_codecs[v].read_answer(buf_span(&c), &got));
        assert_span_equal(got.request_id, a.request_id);
        assert_int_equal(got.result.status, 200);
        assert_int_equal(got.result.relay_peers, v == LIGHTPUSH_V3 ? 7 : 0);
        assert_int_equal(got.result.has_relay_peers, v == LIGHTPUSH_V3);
        buf_clear(&b);
        buf_clear(&c);
    }
}

/* Version 2 has texts where version 3 has codes. */
static void failures_keep_their_kind_in_version_2(void **state)
{
    (void)state;
    static const enum lightpush_status kept[] = {LIGHTPUSH_STATUS_TOO_MANY,
                                                 LIGHTPUSH_STATUS_NO_PEERS};
    struct lightpush_answer a = {.request_id = SPAN_LIT("x")}, got;
    struct buf b = BUF_INIT(1000);
    for (size_t i = 0; i < 2; i++) {
        a.result = lightpush_result(kept[i], NULL);
        buf_reset(&b);
        assert_ok(lightpush_codecs[LIGHTPUSH_V2].write_answer(&a, &b));
        assert_ok(lightpush_codecs[LIGHTPUSH_V2].read_answer(buf_span(&b), &got));
        assert_int_equal(got.result.status, kept[i]);
    }
    a.result = lightpush_result(LIGHTPUSH_STATUS_TOO_LARGE, "much too large");
    buf_reset(&b);
    assert_ok(lightpush_codecs[LIGHTPUSH_V2].write_answer(&a, &b));
    assert_ok(lightpush_codecs[LIGHTPUSH_V2].read_answer(buf_span(&b), &got));
    assert_int_equal(got.result.status, LIGHTPUSH_STATUS_FAILED);
    assert_string_equal(got.result.desc, "much too large");
    /* a description longer than is kept is cut */
    uint8_t longer[3 * LIGHTPUSH_DESC_BYTES_MAX] = {0x0a, 1, 'x', 0x50, 200, 3};
    longer[6] = 0x5a;
    longer[7] = 0xac;
    longer[8] = 0x02;
    memset(longer + 9, 'y', 300);
    assert_ok(lightpush_codecs[LIGHTPUSH_V3].read_answer(span_of(longer, 309), &got));
    assert_int_equal(strlen(got.result.desc), LIGHTPUSH_DESC_BYTES_MAX - 1);
    buf_clear(&b);
}

static struct lightpush_answer answered(enum lightpush_version v, uint64_t stream)
{
    static struct buf kept;
    struct lightpush_server_out o;
    struct lightpush_answer a;
    assert_true(lightpush_server_poll(server, &o));
    assert_int_equal(o.kind, LIGHTPUSH_SERVER_ANSWER);
    assert_int_equal(o.stream, stream);
    buf_clear(&kept);
    buf_init(&kept, 10000);
    assert_ok(buf_append(&kept, blob_span(o.bytes)));
    blob_unref(o.bytes);
    assert_ok(lightpush_codecs[v].read_answer(buf_span(&kept), &a));
    return a;
}

static void a_malformed_request_is_answered_400(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "ffffff07010203",                              /* no protobuf */
        "0a0165 a2010f2f77616b752f322f72732f36362f30", /* no message */
        "aa0104 0a020102",                             /* no request id */
        "0a0165 a801 05",                              /* a message that is a number */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_ok(
            lightpush_server_request(server, &t.env, LIGHTPUSH_V3, 1, i + 1, test_hex(bad[i])));
        struct lightpush_answer a = answered(LIGHTPUSH_V3, i + 1);
        assert_int_equal(a.result.status, LIGHTPUSH_STATUS_BAD_REQUEST);
        assert_true(a.result.desc[0] != '\0');
        assert_span_equal(a.request_id, i == 1 || i == 3 ? SPAN_LIT("e") : SPAN_LIT("N/A"));
    }
    assert_ok(lightpush_server_request(server, &t.env, LIGHTPUSH_V2, 1, 9, test_hex("0a0172")));
    struct lightpush_answer a = answered(LIGHTPUSH_V2, 9);
    assert_int_equal(a.result.status, LIGHTPUSH_STATUS_FAILED);
    assert_span_equal(a.request_id, SPAN_LIT("r"));
    assert_int_equal(lightpush_server_counters(server)->answers.BAD_REQUEST[LIGHTPUSH_V3], 4);
}

static uint64_t push(uint64_t peer, uint64_t stream)
{
    struct lightpush_server_out o;
    assert_ok(
        lightpush_server_request(server, &t.env, LIGHTPUSH_V3, peer, stream, test_hex(js_v3)));
    assert_true(lightpush_server_poll(server, &o));
    assert_int_equal(o.kind, LIGHTPUSH_SERVER_PUSH);
    assert_int_equal(o.peer, peer);
    assert_span_equal(o.push->pubsub_topic, TOPIC);
    return o.ticket;
}

static void a_push_is_answered_once_with_its_id(void **state)
{
    (void)state;
    struct lightpush_result fine = {
        .status = LIGHTPUSH_STATUS_OK, .has_relay_peers = true, .relay_peers = 3};
    uint64_t ticket = push(1, 5);
    assert_ok(lightpush_server_answer(server, ticket, &fine));
    assert_err(lightpush_server_answer(server, ticket, &fine), ERR_NOT_FOUND);
    struct lightpush_answer a = answered(LIGHTPUSH_V3, 5);
    assert_span_equal(a.request_id, SPAN_LIT("e"));
    assert_int_equal(a.result.relay_peers, 3);
    ticket = push(1, 6);
    assert_err(lightpush_server_request(server, &t.env, LIGHTPUSH_V3, 1, 6, test_hex(js_v3)),
               ERR_PROTOCOL);
    lightpush_server_gone(server, 6);
    assert_err(lightpush_server_answer(server, ticket, &fine), ERR_NOT_FOUND);
    struct lightpush_server_out o;
    assert_false(lightpush_server_poll(server, &o));
}

static void pushes_of_a_peer_and_of_all_are_bounded(void **state)
{
    (void)state;
    uint64_t stream = 1;
    for (; stream <= LIGHTPUSH_SERVER_PENDING_PEER; stream++)
        push(1, stream);
    assert_ok(lightpush_server_request(server, &t.env, LIGHTPUSH_V3, 1, stream, test_hex(js_v3)));
    assert_int_equal(answered(LIGHTPUSH_V3, stream).result.status, LIGHTPUSH_STATUS_TOO_MANY);
    lightpush_server_gone(server, 1);
    push(1, ++stream); /* room again */
    for (size_t n = LIGHTPUSH_SERVER_PENDING_PEER; n < LIGHTPUSH_SERVER_PENDING_MAX; n++)
        push(1000 + n, ++stream);
    stream++;
    assert_ok(lightpush_server_request(server, &t.env, LIGHTPUSH_V3, 9, stream, test_hex(js_v3)));
    assert_int_equal(answered(LIGHTPUSH_V3, stream).result.status, LIGHTPUSH_STATUS_TOO_MANY);
}

static void bytes_under_way_are_bounded(void **state)
{
    (void)state;
    size_t len = LIGHTPUSH_REQUEST_BYTES_MAX;
    uint8_t *big = calloc(1, len);
    struct lightpush_server_out o;
    uint64_t stream = 1, taken = 0;
    assert_non_null(big);
    struct span head = test_hex("0a0165 aa01");
    memcpy(big, head.ptr, head.len);
    size_t body = len - head.len - 4; /* a length of four bytes */
    for (size_t i = 0; i < 4; i++)
        big[head.len + i] = (uint8_t)((body >> (7 * i) & 127) | (i < 3 ? 128 : 0));
    for (;; stream++) {
        assert_ok(lightpush_server_request(server, &t.env, LIGHTPUSH_V3, stream, stream,
                                           span_of(big, len)));
        assert_true(lightpush_server_poll(server, &o));
        if (o.kind == LIGHTPUSH_SERVER_ANSWER)
            break;
        taken += len;
    }
    assert_in_range(taken, LIGHTPUSH_SERVER_PENDING_BYTES - len, LIGHTPUSH_SERVER_PENDING_BYTES);
    blob_unref(o.bytes);
    lightpush_server_gone(server, 1);
    push(1, stream + 1);
    free(big);
}

/* ---- client ---- */

static struct lightpush_client_out polled(void)
{
    struct lightpush_client_out o;
    assert_true(lightpush_client_poll(client, &o));
    return o;
}

static void answer(uint64_t ticket, struct span id, const struct lightpush_result *result)
{
    struct lightpush_answer a = {.request_id = id, .result = *result};
    struct buf b = BUF_INIT(1000);
    assert_ok(lightpush_codecs[LIGHTPUSH_V3].write_answer(&a, &b));
    lightpush_client_answer(client, ticket, buf_span(&b));
    buf_clear(&b);
}

static void a_push_comes_back_answered(void **state)
{
    (void)state;
    struct lightpush_result fine = {
        .status = LIGHTPUSH_STATUS_OK, .has_relay_peers = true, .relay_peers = 2};
    struct lightpush_request r;
    const char *why;
    assert_ok(lightpush_client_push(client, &t.env, 4, LIGHTPUSH_V3, TOPIC, SPAN_LIT("message")));
    assert_err(lightpush_client_push(client, &t.env, 4, LIGHTPUSH_V3, TOPIC, SPAN_LIT("message")),
               ERR_EXISTS);
    struct lightpush_client_out o = polled();
    assert_int_equal(o.kind, LIGHTPUSH_CLIENT_REQUEST);
    assert_ok(lightpush_codecs[LIGHTPUSH_V3].read_request(blob_span(o.bytes), &r, &why));
    assert_span_equal(r.message, SPAN_LIT("message"));
    answer(4, r.request_id, &fine);
    blob_unref(o.bytes);
    o = polled();
    assert_int_equal(o.kind, LIGHTPUSH_CLIENT_DONE);
    assert_ok(o.err);
    assert_int_equal(o.result.relay_peers, 2);
    answer(4, SPAN_LIT("late"), &fine); /* unknown by now */
    assert_false(lightpush_client_poll(client, &o));
}

static void a_push_ends_by_deadline_loss_or_nonsense(void **state)
{
    (void)state;
    struct lightpush_result fine = {.status = LIGHTPUSH_STATUS_OK};
    struct lightpush_result busy = lightpush_result(LIGHTPUSH_STATUS_TOO_MANY, NULL);
    for (uint64_t i = 0; i < 5; i++) {
        assert_ok(lightpush_client_push(client, &t.env, i, LIGHTPUSH_V3, TOPIC, SPAN_LIT("m")));
        blob_unref(polled().bytes);
    }
    answer(0, SPAN_LIT("another id"), &fine);
    assert_err(polled().err, ERR_PROTOCOL);
    answer(1, SPAN_LIT("N/A"), &busy); /* as nwaku */
    struct lightpush_client_out o = polled();
    assert_ok(o.err);
    assert_int_equal(o.result.status, LIGHTPUSH_STATUS_TOO_MANY);
    lightpush_client_answer(client, 2, SPAN_LIT("\xff"));
    assert_err(polled().err, ERR_FORMAT);
    lightpush_client_gone(client, 3, ERR_CLOSED);
    assert_err(polled().err, ERR_CLOSED);
    test_env_advance(&t, LIGHTPUSH_CLIENT_TIMEOUT_NS - 1);
    lightpush_client_tick(client, &t.env);
    assert_false(lightpush_client_poll(client, &o));
    assert_int_equal(lightpush_client_deadline(client).ns, t.env.now.ns + 1);
    test_env_advance(&t, 1);
    lightpush_client_tick(client, &t.env);
    assert_err(polled().err, ERR_TIMEOUT);
    assert_int_equal(lightpush_client_deadline(client).ns, MONO_NEVER.ns);
}

static void own_pushes_are_bounded(void **state)
{
    (void)state;
    static uint8_t huge[LIGHTPUSH_REQUEST_BYTES_MAX];
    uint64_t n = 0;
    assert_err(
        lightpush_client_push(client, &t.env, 1, LIGHTPUSH_V3, TOPIC, span_of(huge, sizeof huge)),
        ERR_ARGUMENT);
    assert_err(lightpush_client_push(client, &t.env, 1, LIGHTPUSH_V3,
                                     span_of(huge, LIGHTPUSH_TOPIC_BYTES_MAX + 1), SPAN_LIT("m")),
               ERR_ARGUMENT);
    while (lightpush_client_push(client, &t.env, n, LIGHTPUSH_V3, TOPIC, SPAN_LIT("m")) == OK) {
        n++;
        blob_unref(polled().bytes);
    }
    assert_int_equal(n, LIGHTPUSH_CLIENT_PENDING_MAX);
    lightpush_client_gone(client, 0, ERR_CLOSED);
    assert_ok(lightpush_client_push(client, &t.env, n, LIGHTPUSH_V3, TOPIC, SPAN_LIT("m")));
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(reads_requests_of_js_waku),
        UNIT(both_versions_survive_encoding),
        UNIT(failures_keep_their_kind_in_version_2),
        UNIT(a_malformed_request_is_answered_400),
        UNIT(a_push_is_answered_once_with_its_id),
        UNIT(pushes_of_a_peer_and_of_all_are_bounded),
        UNIT(bytes_under_way_are_bounded),
        UNIT(a_push_comes_back_answered),
        UNIT(a_push_ends_by_deadline_loss_or_nonsense),
        UNIT(own_pushes_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
