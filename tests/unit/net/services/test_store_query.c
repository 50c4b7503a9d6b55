#include "net/services/store_query.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

static struct test_env t;
static struct store_server *server;
static struct store_client *client;

static int set_up(void **state)
{
    (void)state;
    test_env_init(&t, 5);
    assert_ok(store_server_new(&server, &t.env));
    assert_ok(store_client_new(&client, &t.env));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_server_free(server);
    store_client_free(client);
    test_env_clear(&t);
    return 0;
}

/* What js-waku's encoder writes for a page of five of one content topic. */
static const char js_request[] =
    "0a026161 1001 520f2f77616b752f322f72732f36362f30 5a0c2f612f312f622f70726f746f a00301 a80305";

static void reads_a_request_of_js_waku(void **state)
{
    (void)state;
    struct store_query q;
    const char *why;
    assert_ok(store_query_decode(test_hex(js_request), &q, &why));
    assert_span_equal(q.request_id, SPAN_LIT("aa"));
    assert_true(q.include_data && q.forward && q.has_limit && q.limit == 5);
    assert_span_equal(q.pubsub_topic, SPAN_LIT("/waku/2/rs/66/0"));
    assert_int_equal(q.content_topics_count, 1);
    assert_false(q.has_time_start || q.has_time_end || q.has_cursor);
    store_query_clear(&q);
}

static struct store_query full_query(uint8_t hashes[3][32])
{
    struct store_query q = {
        .request_id = SPAN_LIT("an id"),
        .include_data = true,
        .has_pubsub_topic = true,
        .pubsub_topic = SPAN_LIT("/waku/2/rs/66/0"),
        .content_topics = {SPAN_LIT("/a/1/b/proto"), SPAN_LIT("/a/1/c/proto")},
        .content_topics_count = 2,
        .has_time_start = true,
        .time_start_ns = -5,
        .has_time_end = true,
        .time_end_ns = INT64_MAX,
        .hashes_count = 3,
        .has_cursor = true,
        .cursor = {9},
        .forward = true,
        .has_limit = true,
        .limit = UINT64_MAX,
    };
    q.hashes = hashes;
    return q;
}

static void a_request_survives_encoding(void **state)
{
    (void)state;
    uint8_t hashes[3][32] = {{1}, {2}, {3}};
    struct store_query q = full_query(hashes), back;
    struct buf bytes = BUF_INIT(10000);
    const char *why;
    assert_ok(store_query_encode(&q, &bytes));
    assert_ok(store_query_decode(buf_span(&bytes), &back, &why));
    assert_span_equal(back.request_id, q.request_id);
    assert_span_equal(back.pubsub_topic, q.pubsub_topic);
    assert_span_equal(back.content_topics[1], q.content_topics[1]);
    assert_true(back.time_start_ns == -5 && back.time_end_ns == INT64_MAX);
    assert_int_equal(back.hashes_count, 3);
    assert_memory_equal(back.hashes, hashes, sizeof hashes);
    assert_memory_equal(back.cursor, q.cursor, 32);
    assert_true(back.limit == UINT64_MAX && back.forward && back.include_data);
    store_query_clear(&back);
    buf_clear(&bytes);
}

static uint32_t status_of(struct span request, struct span id)
{
    struct store_server_out o;
    static struct store_answer a;
    assert_ok(store_server_request(server, &t.env, 1, 1, request));
    assert_true(store_server_poll(server, &o));
    assert_int_equal(o.kind, STORE_SERVER_ANSWER);
    assert_ok(store_answer_decode(blob_span(o.bytes), &a));
    assert_span_equal(a.request_id, id);
    assert_true(a.status_desc.len > 0);
    blob_unref(o.bytes);
    return a.status;
}

static void a_malformed_request_is_answered_400(void **state)
{
    (void)state;
    assert_int_equal(status_of(SPAN_EMPTY, SPAN_EMPTY), 400);
    assert_int_equal(status_of(test_hex("0a05"), SPAN_EMPTY), 400);
    assert_int_equal(status_of(test_hex("0a0161 08"), SPAN_LIT("a")), 400);
    assert_int_equal(status_of(test_hex("0a0161 a2010101"), SPAN_LIT("a")), 400); /* hash of 1 */
    assert_int_equal(status_of(test_hex("0a0161 9a03021111"), SPAN_LIT("a")), 400);
    uint8_t zero_cursor[38] = {0x0a, 1, 'a', 0x9a, 3, 32};
    assert_int_equal(status_of(SPAN_ARRAY(zero_cursor), SPAN_LIT("a")), 400);
    uint8_t many[3 + 3 * 101] = {0x0a, 1, 'a'};
    for (size_t i = 0; i < 101; i++)
        memcpy(many + 3 + 3 * i, "\x5a\x01t", 3);
    assert_int_equal(status_of(SPAN_ARRAY(many), SPAN_LIT("a")), 400);
    assert_int_equal(store_server_counters(server)->malformed, 7);
}

static struct store_server_out ask_server(uint64_t peer, uint64_t stream)
{
    uint8_t hashes[3][32] = {{1}, {2}, {3}};
    struct store_query q = full_query(hashes);
    struct buf bytes = BUF_INIT(10000);
    struct store_server_out o;
    assert_ok(store_query_encode(&q, &bytes));
    assert_ok(store_server_request(server, &t.env, peer, stream, buf_span(&bytes)));
    buf_clear(&bytes);
    assert_true(store_server_poll(server, &o));
    return o;
}

static void too_many_questions_of_a_peer_are_answered_429(void **state)
{
    (void)state;
    struct store_answer *a = calloc(1, sizeof *a);
    struct store_server_out o;
    for (uint64_t i = 0; i < STORE_SERVER_PENDING_PEER_MAX; i++)
        assert_int_equal(ask_server(1, i).kind, STORE_SERVER_QUERY);
    o = ask_server(1, 100);
    assert_int_equal(o.kind, STORE_SERVER_ANSWER);
    assert_ok(store_answer_decode(blob_span(o.bytes), a));
    assert_int_equal(a->status, 429);
    blob_unref(o.bytes);
    assert_int_equal(ask_server(2, 101).kind, STORE_SERVER_QUERY); /* others are served */
    store_server_gone(server, 3);
    assert_int_equal(ask_server(1, 102).kind, STORE_SERVER_QUERY);
    free(a);
}

static void answers_failures_in_nwakus_words(void **state)
{
    (void)state;
    static struct store_answer a;
    struct store_server_out o = ask_server(1, 1);
    assert_ok(store_server_fail(server, &t.env, o.ticket, ERR_NOT_FOUND));
    assert_true(store_server_poll(server, &o));
    assert_ok(store_answer_decode(blob_span(o.bytes), &a));
    assert_int_equal(a.status, 300);
    assert_span_equal(a.request_id, SPAN_LIT("an id"));
    assert_span_equal(a.status_desc,
                      SPAN_LIT("BAD_RESPONSE: archive error: DRIVER_ERROR: cursor not found"));
    blob_unref(o.bytes);
}

static void a_stream_that_went_gets_no_answer(void **state)
{
    (void)state;
    static struct store_answer a;
    struct store_server_out o = ask_server(1, 1);
    uint64_t ticket = o.ticket;
    store_server_gone(server, 1);
    assert_err(store_server_answer(server, &t.env, ticket, &a), ERR_NOT_FOUND);
    assert_err(store_server_fail(server, &t.env, ticket, ERR_IO), ERR_NOT_FOUND);
    assert_false(store_server_poll(server, &o));
}

/* The whole way: client, server, archive's answer, client. */
static void a_question_comes_back_answered(void **state)
{
    (void)state;
    struct store_query q = {.include_data = true, .forward = true};
    struct store_client_out c;
    struct store_server_out s;
    static struct store_answer a;
    assert_ok(store_client_ask(client, &t.env, 7, &q));
    assert_err(store_client_ask(client, &t.env, 7, &q), ERR_EXISTS);
    assert_true(store_client_poll(client, &c));
    assert_int_equal(c.kind, STORE_CLIENT_REQUEST);
    assert_ok(store_server_request(server, &t.env, 1, 1, blob_span(c.bytes)));
    blob_unref(c.bytes);
    assert_true(store_server_poll(server, &s));
    assert_int_equal(s.kind, STORE_SERVER_QUERY);
    assert_int_equal(s.query->request_id.len, 20);

    a = (struct store_answer){.count = 2, .has_cursor = true, .cursor = {4}};
    a.entries[0] = (struct store_entry){{3}, true, SPAN_LIT("message"), SPAN_LIT("topic")};
    a.entries[1] = (struct store_entry){{4}, true, SPAN_LIT("other"), SPAN_LIT("topic")};
    assert_ok(store_server_answer(server, &t.env, s.ticket, &a));
    assert_true(store_server_poll(server, &s));
    assert_ok(store_client_answer(client, &t.env, 7, blob_span(s.bytes)));
    blob_unref(s.bytes);
    assert_true(store_client_poll(client, &c));
    assert_int_equal(c.kind, STORE_CLIENT_DONE);
    assert_ok(c.err);
    assert_int_equal(c.answer->status, 200);
    assert_int_equal(c.answer->count, 2);
    assert_span_equal(c.answer->entries[1].message, SPAN_LIT("other"));
    assert_span_equal(c.answer->entries[1].pubsub_topic, SPAN_LIT("topic"));
    assert_true(c.answer->has_cursor && c.answer->cursor[0] == 4);
    assert_ok(store_client_answer(client, &t.env, 7, SPAN_EMPTY)); /* late: ignored */
    assert_false(store_client_poll(client, &c));
}

static void a_question_ends_by_deadline_loss_or_nonsense(void **state)
{
    (void)state;
    struct store_query q = {.request_id = SPAN_LIT("x")};
    struct store_client_out c;
    struct buf bytes = BUF_INIT(1000);
    static struct store_answer a;
    for (uint64_t ticket = 1; ticket <= 4; ticket++) {
        assert_ok(store_client_ask(client, &t.env, ticket, &q));
        assert_true(store_client_poll(client, &c));
        blob_unref(c.bytes);
    }
    store_client_gone(client, 2, ERR_CLOSED);
    assert_true(store_client_poll(client, &c));
    assert_int_equal(c.err, ERR_CLOSED);
    assert_ok(store_client_answer(client, &t.env, 3, SPAN_LIT("\xff")));
    assert_true(store_client_poll(client, &c));
    assert_int_equal(c.err, ERR_FORMAT);
    a = (struct store_answer){.request_id = SPAN_LIT("y"), .status = 200};
    assert_ok(store_answer_encode(&a, &bytes));
    assert_ok(store_client_answer(client, &t.env, 4, buf_span(&bytes)));
    assert_true(store_client_poll(client, &c));
    assert_int_equal(c.err, ERR_PROTOCOL);
    buf_clear(&bytes);
    assert_true(store_client_deadline(client).ns == t.env.now.ns + STORE_CLIENT_TIMEOUT_NS);
    test_env_advance(&t, STORE_CLIENT_TIMEOUT_NS);
    store_client_tick(client, &t.env);
    assert_true(store_client_poll(client, &c));
    assert_int_equal(c.ticket, 1);
    assert_int_equal(c.err, ERR_TIMEOUT);
    assert_true(store_client_deadline(client).ns == MONO_NEVER.ns);
}

static void a_client_that_does_not_poll_stops_asking(void **state)
{
    (void)state;
    struct store_query q = {.request_id = SPAN_LIT("x")};
    uint64_t ticket = 0;
    enum err err = OK;
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 40 && err == OK; i++)
            err = store_client_ask(client, &t.env, ++ticket, &q);
        test_env_advance(&t, STORE_CLIENT_TIMEOUT_NS);
        store_client_tick(client, &t.env);
    }
    assert_err(err, ERR_FULL);
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(reads_a_request_of_js_waku),
        UNIT(a_request_survives_encoding),
        UNIT(a_malformed_request_is_answered_400),
        UNIT(too_many_questions_of_a_peer_are_answered_429),
        UNIT(answers_failures_in_nwakus_words),
        UNIT(a_stream_that_went_gets_no_answer),
        UNIT(a_question_comes_back_answered),
        UNIT(a_question_ends_by_deadline_loss_or_nonsense),
        UNIT(a_client_that_does_not_poll_stops_asking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
