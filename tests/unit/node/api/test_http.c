#include "node/api/http.h"
#include "tests/lib/testing.h"

static struct arena arena;

static void percent_escapes_are_undone_or_refused(void **state)
{
    (void)state;
    struct span out;
    arena_init(&arena, 1u << 16);
    assert_true(http_decode(&arena, SPAN_LIT("%2Fwaku%2f2+x"), false, &out));
    assert_span_equal(out, SPAN_LIT("/waku/2+x"));
    assert_true(http_decode(&arena, SPAN_LIT("a+b%2Bc"), true, &out));
    assert_span_equal(out, SPAN_LIT("a b+c"));
    static const char *const bad[] = {"%", "%2", "a%zz", "%2G", "%00"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(http_decode(&arena, span_str(bad[i]), false, &out));
    arena_clear(&arena);
}

static void parameters_are_found_by_their_whole_name(void **state)
{
    (void)state;
    struct span out, query = SPAN_LIT("xa=0&a=&b=%2&a=2&c=x%2Cy");
    bool broken = false;
    arena_init(&arena, 1u << 16);
    assert_false(http_parameter(&arena, query, "a", &out, &broken)); /* the first is empty */
    assert_false(broken);
    assert_true(http_parameter(&arena, query, "xa", &out, &broken));
    assert_true(http_parameter(&arena, query, "c", &out, &broken));
    assert_span_equal(out, SPAN_LIT("x,y"));
    assert_false(http_parameter(&arena, query, "d", &out, &broken));
    assert_false(broken);
    assert_false(http_parameter(&arena, query, "b", &out, &broken));
    assert_true(broken);
    arena_clear(&arena);
}

static void hosts_that_could_be_rebound_are_refused(void **state)
{
    (void)state;
    static const char *const good[] = {
        "127.0.0.1:8645", "localhost:8645",   "[::1]:8645",        "sotto",
        "10.0.0.1",       "node.example.org", "node.example.org:1"};
    static const char *const bad[] = {"evil.example.com", "127.0.0.1.nip.io:8645", "[::1", ":80"};
    static const char *const patterns[] = {"https://node.example.org"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(http_host_ok(span_str(good[i]), patterns, 1));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(http_host_ok(span_str(bad[i]), patterns, 1));
}

static void origins_need_a_pattern_or_the_same_host(void **state)
{
    (void)state;
    static const char *const patterns[] = {"localhost:*", "https://*.example.org"};
    struct span host = SPAN_LIT("127.0.0.1:8645");
    static const char *const good[] = {"http://localhost:3000", "https://a.example.org",
                                       "http://127.0.0.1:8645"};
    static const char *const bad[] = {"null", "http://evil.org", "http://a.example.org",
                                      "http://127.0.0.1:8646", "https://example.org.evil.org"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(http_origin_ok(span_str(good[i]), host, patterns, 2));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(http_origin_ok(span_str(bad[i]), host, patterns, 2));
    static const char *const all[] = {"*"};
    assert_true(http_origin_ok(SPAN_LIT("https://any.org"), host, all, 1));
}

static void globs_match_as_shells_do(void **state)
{
    (void)state;
    assert_true(http_glob("*", SPAN_EMPTY));
    assert_true(http_glob("a*b*c", SPAN_LIT("aXbXbc")));
    assert_true(http_glob("a?c", SPAN_LIT("aBC")));
    assert_false(http_glob("a?c", SPAN_LIT("ac")));
    assert_false(http_glob("a*b", SPAN_LIT("abc")));
    assert_false(http_glob("", SPAN_LIT("a")));
}

static void numbers_are_bounded(void **state)
{
    (void)state;
    uint64_t v;
    assert_true(http_number(SPAN_LIT("9223372036854775807"), INT64_MAX, &v));
    assert_false(http_number(SPAN_LIT("9223372036854775808"), INT64_MAX, &v));
    assert_false(http_number(SPAN_LIT("-1"), 10, &v));
    assert_false(http_number(SPAN_EMPTY, 10, &v));
    assert_false(http_number(SPAN_LIT("5"), 3, &v));
}

static void json_is_told_by_its_media_type(void **state)
{
    (void)state;
    assert_true(http_is_json(SPAN_LIT("Application/JSON; charset=utf-8")));
    assert_false(http_is_json(SPAN_LIT("application/jsonp")));
    assert_false(http_is_json(SPAN_LIT("text/plain")));
    assert_false(http_is_json(SPAN_EMPTY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_escapes_are_undone_or_refused),
        cmocka_unit_test(parameters_are_found_by_their_whole_name),
        cmocka_unit_test(hosts_that_could_be_rebound_are_refused),
        cmocka_unit_test(origins_need_a_pattern_or_the_same_host),
        cmocka_unit_test(globs_match_as_shells_do),
        cmocka_unit_test(numbers_are_bounded),
        cmocka_unit_test(json_is_told_by_its_media_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
