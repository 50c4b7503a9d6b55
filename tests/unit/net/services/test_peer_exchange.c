/* Peer exchange: messages byte by byte, samples, and what is not given away. */
#include "net/services/peer_exchange.h"
#include "tests/lib/testing.h"

static struct enr record_of(unsigned who)
{
    struct enr e = {.len = 80};
    memset(e.bytes, (int)who, e.len);
    memcpy(e.bytes, &who, sizeof who);
    memcpy(e.node_id, &who, sizeof who);
    return e;
}

static size_t ask(struct px_server *s, const struct env *env, uint64_t n, unsigned *who)
{
    struct buf request = BUF_INIT(PX_REQUEST_BYTES_MAX), out = BUF_INIT(PX_ANSWER_BYTES_MAX);
    struct px_answer a;
    assert_ok(px_request_encode(n, &request));
    assert_ok(px_server_answer(s, env, buf_span(&request), &out));
    assert_ok(px_answer_decode(buf_span(&out), &a));
    assert_int_equal(a.status, PX_STATUS_OK);
    for (size_t i = 0; i < a.count && who != NULL; i++) {
        assert_int_equal(a.records[i].len, 80);
        memcpy(&who[i], a.records[i].ptr, sizeof *who);
    }
    buf_clear(&request);
    buf_clear(&out);
    return a.count;
}

static void messages_are_as_nwakus(void **state)
{
    struct buf out = BUF_INIT(1024);
    struct px_answer a = {.status = PX_STATUS_OK, .count = 1, .records = {SPAN_LIT("abc")}};
    uint64_t n;
    (void)state;
    assert_ok(px_request_encode(5, &out));
    assert_span_equal(buf_span(&out), test_hex("0a02 0805"));
    assert_ok(px_request_decode(buf_span(&out), &n));
    assert_int_equal(n, 5);
    buf_reset(&out);
    assert_ok(px_answer_encode(&a, &out)); /* with the query field that nwaku demands */
    assert_span_equal(buf_span(&out), test_hex("0a00 120a 0a05 0a03616263 50c801"));
    assert_err(px_request_decode(test_hex("1200"), &n), ERR_FORMAT);
    assert_err(px_request_decode(test_hex("0a03 0805"), &n), ERR_FORMAT);
    assert_ok(px_answer_decode(test_hex("1207 0a05 0a03616263"), &a)); /* before there were codes */
    assert_int_equal(a.status, PX_STATUS_OK);
    assert_ok(px_answer_decode(test_hex("1200"), &a));
    assert_int_equal(a.status, PX_STATUS_UNAVAILABLE);
    buf_clear(&out);
}

static void samples_are_random_bounded_and_without_twins(void **state)
{
    struct test_env t;
    struct px_server *s;
    unsigned who[PX_ANSWER_MAX], given[PX_CACHE_MAX] = {0};
    (void)state;
    test_env_init(&t, 5);
    assert_ok(px_server_new(&s, &t.env));
    assert_int_equal(ask(s, &t.env, 10, who), 0);
    for (unsigned i = 0; i < PX_CACHE_MAX; i++) {
        struct enr e = record_of(i);
        px_server_add(s, &t.env, &e);
        px_server_add(s, &t.env, &e);
    }
    assert_int_equal(px_server_counters(s)->cached, PX_CACHE_MAX);
    for (int round = 0; round < 200; round++) {
        assert_int_equal(ask(s, &t.env, 12, who), 12);
        for (int i = 0; i < 12; i++) {
            given[who[i]]++;
            for (int k = 0; k < i; k++)
                assert_int_not_equal(who[i], who[k]);
        }
    }
    for (unsigned i = 0; i < PX_CACHE_MAX; i++)
        assert_in_range(given[i], 1, 40); /* ten on the average */
    assert_int_equal(ask(s, &t.env, UINT64_MAX, who), PX_ANSWER_MAX);
    assert_int_equal(ask(s, &t.env, 0, who), 0);
    px_server_free(s);
    test_env_clear(&t);
}

static void a_full_cache_forgets_the_oldest_and_stale_ones_are_not_given(void **state)
{
    struct test_env t;
    struct px_server *s;
    unsigned who[PX_ANSWER_MAX];
    (void)state;
    test_env_init(&t, 5);
    assert_ok(px_server_new(&s, &t.env));
    for (unsigned i = 0; i < 2 * PX_CACHE_MAX; i++) {
        struct enr e = record_of(i);
        px_server_add(s, &t.env, &e);
        test_env_advance(&t, NS_PER_MS);
    }
    for (int round = 0; round < 20; round++)
        for (size_t n = ask(s, &t.env, 60, who); n-- > 0;)
            assert_true(who[n] >= PX_CACHE_MAX);
    test_env_advance(&t, (PX_FRESH_MS - 10) * NS_PER_MS);
    struct enr again = record_of(300);
    px_server_add(s, &t.env, &again); /* seen again */
    test_env_advance(&t, 1000 * NS_PER_MS);
    assert_int_equal(ask(s, &t.env, 60, who), 1);
    assert_int_equal(who[0], 300);
    px_server_free(s);
    test_env_clear(&t);
}

static void a_malformed_request_is_answered_400(void **state)
{
    struct test_env t;
    struct px_server *s;
    struct px_answer a;
    struct buf out = BUF_INIT(PX_ANSWER_BYTES_MAX);
    (void)state;
    test_env_init(&t, 5);
    assert_ok(px_server_new(&s, &t.env));
    assert_ok(px_server_answer(s, &t.env, SPAN_LIT("no protobuf"), &out));
    assert_ok(px_answer_decode(buf_span(&out), &a));
    assert_int_equal(a.status, PX_STATUS_BAD_REQUEST);
    assert_int_equal(px_server_counters(s)->malformed, 1);
    buf_clear(&out);
    px_server_free(s);
    test_env_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_as_nwakus),
        cmocka_unit_test(samples_are_random_bounded_and_without_twins),
        cmocka_unit_test(a_full_cache_forgets_the_oldest_and_stale_ones_are_not_given),
        cmocka_unit_test(a_malformed_request_is_answered_400),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
