#include "net/waku/waku.h"
#include "tests/lib/testing.h"

static void pubsub_topics_are_read_and_written(void **state)
{
    (void)state;
    struct waku_shard s;
    char text[WAKU_SHARD_TEXT_MAX];
    assert_ok(waku_shard_parse(SPAN_LIT("/waku/2/rs/66/7"), &s));
    assert_int_equal(s.cluster, 66);
    assert_int_equal(s.index, 7);
    assert_ok(waku_shard_parse(SPAN_LIT("/waku/2/rs/65535/65535"), &s));
    assert_int_equal(waku_shard_text(s, text), 22);
    assert_string_equal(text, "/waku/2/rs/65535/65535");
    assert_ok(waku_shard_parse(SPAN_LIT("/waku/2/rs/0/0"), &s));
}

static void other_pubsub_topics_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "/waku/2/rs/",
        "/waku/2/rs/1",
        "/waku/2/rs/1/",
        "/waku/2/rs//1",
        "/waku/2/rs/1/2/3",
        "/waku/2/rs/65536/1",
        "/waku/2/rs/1/65536",
        "/waku/2/rs/01/1",
        "/waku/2/rs/1/-1",
        "/waku/2/rs/1/ 1",
        "/waku/2/default-waku/proto",
        "/waku/2/rs/18446744073709551617/1",
    };
    struct waku_shard s;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(waku_shard_parse(span_str(bad[i]), &s), ERR_FORMAT);
}

static void content_topics_are_read_with_and_without_generation(void **state)
{
    (void)state;
    struct waku_content_topic t;
    assert_ok(waku_content_topic_parse(SPAN_LIT("/toychat/2/huilong/proto"), &t));
    assert_false(t.has_generation);
    assert_span_equal(t.application, SPAN_LIT("toychat"));
    assert_span_equal(t.version, SPAN_LIT("2"));
    assert_span_equal(t.name, SPAN_LIT("huilong"));
    assert_span_equal(t.encoding, SPAN_LIT("proto"));
    assert_ok(waku_content_topic_parse(SPAN_LIT("/0/toychat/2/huilong/proto"), &t));
    assert_true(t.has_generation && t.generation == 0);
    assert_span_equal(t.application, SPAN_LIT("toychat"));
}

static void malformed_content_topics_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",           "/",         "a/b/c/d",      "/a/b/c",
                                      "/a/b/c/",    "//b/c/d",   "/a//c/d",      "/a/b//d",
                                      "/x/a/b/c/d", "/0/a/b/c/", "/0/a/b/c/d/e", "/-1/a/b/c/d"};
    struct waku_content_topic t;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(waku_content_topic_parse(span_str(bad[i]), &t), ERR_FORMAT);
}

static void check_shard(const char *content_topic, uint32_t shards, uint16_t wanted)
{
    struct waku_shard s;
    assert_ok(waku_autoshard(span_str(content_topic), 1, shards, &s));
    assert_int_equal(s.cluster, 1);
    assert_int_equal(s.index, wanted);
}

/* values of nwaku's tests/waku_core/topics/test_sharding.nim */
static void autosharding_agrees_with_the_reference_node(void **state)
{
    (void)state;
    check_shard("/toychat/2/huilong/proto", 8, 3);
    check_shard("/0/toychat/2/huilong/proto", 8, 3);
    check_shard("/toychat2/2/huilong/proto", 8, 6);
    check_shard("/0/toychat2/2/huilong/proto", 8, 6);
    check_shard("/toychat/2/huilong/proto2", 8, 3); /* name and encoding do not count */
    check_shard("/0/toychat/4/huilong/proto2", 8, 7);
    check_shard("/toychat/2/huilong/proto", 1, 0);
}

static void other_generations_are_unsupported(void **state)
{
    (void)state;
    struct waku_shard s;
    assert_err(waku_autoshard(SPAN_LIT("/1/toychat/2/huilong/proto"), 1, 8, &s), ERR_UNSUPPORTED);
    assert_err(waku_autoshard(SPAN_LIT("nonsense"), 1, 8, &s), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pubsub_topics_are_read_and_written),
        cmocka_unit_test(other_pubsub_topics_are_refused),
        cmocka_unit_test(content_topics_are_read_with_and_without_generation),
        cmocka_unit_test(malformed_content_topics_are_refused),
        cmocka_unit_test(autosharding_agrees_with_the_reference_node),
        cmocka_unit_test(other_generations_are_unsupported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
