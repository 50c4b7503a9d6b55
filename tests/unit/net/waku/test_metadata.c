#include "net/waku/waku.h"
#include "tests/lib/testing.h"

static const struct waku_metadata ours = {
    .has_cluster = true, .cluster = 66, .shards = {0, 1, 300}, .count = 3};

static void shards_are_sent_unpacked_in_2_and_packed_in_3(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(256);
    assert_ok(waku_metadata_encode(&ours, &b));
    assert_span_equal(buf_span(&b), test_hex("0842 1000 1001 10ac02 1a04 0001ac02"));
    buf_clear(&b);
}

static void check_shards(const char *hex, size_t count)
{
    struct waku_metadata m;
    assert_ok(waku_metadata_decode(test_hex(hex), &m));
    assert_true(m.has_cluster && m.cluster == 66);
    assert_int_equal(m.count, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(m.shards[i], i);
}

static void shards_are_read_in_every_form(void **state)
{
    (void)state;
    check_shards("0842", 0);                     /* js-waku */
    check_shards("0842 1000 1001", 2);           /* unpacked */
    check_shards("0842 1202 0001", 2);           /* packed in field 2 */
    check_shards("0842 1a02 0001", 2);           /* packed in field 3 */
    check_shards("0842 1000 1001 1a02 0001", 2); /* both: once */
    check_shards("1a02 0001 1000 1001 0842", 2); /* in any order */
}

static void malformed_metadata_is_refused(void **state)
{
    (void)state;
    struct waku_metadata m;
    assert_err(waku_metadata_decode(test_hex("08"), &m), ERR_FORMAT);
    assert_err(waku_metadata_decode(test_hex("0a0142"), &m), ERR_FORMAT);
    assert_err(waku_metadata_decode(test_hex("10808004"), &m), ERR_LIMIT); /* 65536 */
    uint8_t many[2 * (WAKU_SHARDS_MAX + 1)];
    for (size_t i = 0; i <= WAKU_SHARDS_MAX; i++) {
        many[2 * i] = 0x10;
        many[2 * i + 1] = 1;
    }
    assert_err(waku_metadata_decode(SPAN_ARRAY(many), &m), ERR_LIMIT);
    assert_ok(waku_metadata_decode(span_of(many, sizeof many - 2), &m));
}

static void other_cluster_is_foreign_and_an_empty_shard_list_is_not(void **state)
{
    (void)state;
    struct test_env t;
    struct metadata_out out;
    test_env_init(&t, 1);
    struct metadata *m = metadata_new(&ours);
    for (uint64_t peer = 1; peer <= 3; peer++)
        assert_ok(metadata_ask(m, &t.env, peer));
    assert_ok(metadata_ask(m, &t.env, 3)); /* under way */
    for (uint64_t peer = 1; peer <= 3; peer++) {
        assert_true(metadata_poll(m, &out));
        assert_int_equal(out.kind, METADATA_REQUEST);
        assert_int_equal(out.peer, peer);
        assert_true(out.bytes.len > 0);
    }
    assert_false(metadata_poll(m, &out));
    assert_ok(metadata_answer(m, &t.env, 1, test_hex("0842")));
    assert_true(metadata_poll(m, &out));
    assert_true(out.kind == METADATA_KNOWN && !out.foreign && out.said->count == 0);
    assert_ok(metadata_answer(m, &t.env, 2, test_hex("0801")));
    assert_true(metadata_poll(m, &out));
    assert_true(out.kind == METADATA_KNOWN && out.foreign && out.said->cluster == 1);
    assert_err(metadata_answer(m, &t.env, 3, test_hex("08")), ERR_FORMAT);
    assert_true(metadata_poll(m, &out));
    assert_true(out.kind == METADATA_FAILED && out.err == ERR_FORMAT);
    assert_err(metadata_answer(m, &t.env, 3, test_hex("0842")), ERR_PROTOCOL);
    metadata_free(m);
    test_env_clear(&t);
}

static void requests_are_answered_and_tell_about_the_asker(void **state)
{
    (void)state;
    struct test_env t;
    struct metadata_out out;
    struct waku_metadata said;
    test_env_init(&t, 1);
    struct metadata *m = metadata_new(&ours);
    assert_ok(metadata_request(m, &t.env, 5, 77, test_hex("0842")));
    assert_true(metadata_poll(m, &out));
    assert_true(out.kind == METADATA_ANSWER && out.stream == 77);
    assert_ok(waku_metadata_decode(out.bytes, &said));
    assert_true(said.cluster == 66 && said.count == 3);
    assert_true(metadata_poll(m, &out));
    assert_true(out.kind == METADATA_KNOWN && out.peer == 5 && !out.foreign);
    assert_err(metadata_request(m, &t.env, 5, 78, test_hex("08")), ERR_FORMAT);
    assert_false(metadata_poll(m, &out));
    metadata_free(m);
    test_env_clear(&t);
}

static void unanswered_questions_end_after_ten_seconds(void **state)
{
    (void)state;
    struct test_env t;
    struct metadata_out out;
    test_env_init(&t, 1);
    struct metadata *m = metadata_new(&ours);
    assert_int_equal(metadata_deadline(m).ns, MONO_NEVER.ns);
    assert_ok(metadata_ask(m, &t.env, 1));
    test_env_advance(&t, 5 * NS_PER_S);
    assert_ok(metadata_ask(m, &t.env, 2));
    assert_ok(metadata_ask(m, &t.env, 3));
    while (metadata_poll(m, &out))
        ;
    assert_int_equal(metadata_deadline(m).ns, t.env.now.ns + 5 * NS_PER_S);
    test_env_advance(&t, 5 * NS_PER_S);
    metadata_gone(m, 3, ERR_CLOSED);
    metadata_tick(m, &t.env);
    assert_true(metadata_poll(m, &out));
    assert_true(out.kind == METADATA_FAILED && out.peer == 3 && out.err == ERR_CLOSED);
    assert_true(metadata_poll(m, &out));
    assert_true(out.kind == METADATA_FAILED && out.peer == 1 && out.err == ERR_TIMEOUT);
    assert_false(metadata_poll(m, &out));
    metadata_free(m);
    test_env_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_are_sent_unpacked_in_2_and_packed_in_3),
        cmocka_unit_test(shards_are_read_in_every_form),
        cmocka_unit_test(malformed_metadata_is_refused),
        cmocka_unit_test(other_cluster_is_foreign_and_an_empty_shard_list_is_not),
        cmocka_unit_test(requests_are_answered_and_tell_about_the_asker),
        cmocka_unit_test(unanswered_questions_end_after_ten_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
