/* Content: every type both ways, and those of tomorrow. */
#include "node/chat/delivery/content.h"
#include "tests/lib/testing.h"

static struct content both_ways(const struct content *c, struct buf *out)
{
    struct content got;
    buf_reset(out);
    assert_ok(content_encode(c, out));
    assert_ok(content_decode(buf_span(out), &got));
    assert_true(got.known);
    assert_int_equal(got.tag, c->tag);
    return got;
}

static void every_type_goes_both_ways(void **state)
{
    (void)state;
    struct buf out = BUF_INIT(ENTRY_CONTENT_MAX);
    struct content got;
    struct entry_id target = {{1, 2, 3}};
    got = both_ways(&(struct content){.tag = CONTENT_TEXT, .text = SPAN_LIT("grüße")}, &out);
    assert_span_equal(got.text, SPAN_LIT("grüße"));
    got = both_ways(
        &(struct content){.tag = CONTENT_REPLY, .target = target, .text = SPAN_LIT("yes")}, &out);
    assert_true(entry_id_eq(&got.target, &target));
    assert_span_equal(got.text, SPAN_LIT("yes"));
    got = both_ways(&(struct content){.tag = CONTENT_REACTION,
                                      .target = target,
                                      .text = SPAN_LIT("\xf0\x9f\x91\x8d"),
                                      .on = true},
                    &out);
    assert_true(got.on && content_changes(&got) && !content_passes(&got));
    got = both_ways(
        &(struct content){.tag = CONTENT_EDIT, .target = target, .text = SPAN_LIT("no")}, &out);
    assert_true(content_changes(&got));
    got = both_ways(&(struct content){.tag = CONTENT_DELETE, .target = target}, &out);
    assert_true(content_changes(&got));
    got =
        both_ways(&(struct content){.tag = CONTENT_RECEIPT, .target = target, .lamport = 77}, &out);
    assert_true(got.lamport == 77 && content_passes(&got));
    got = both_ways(&(struct content){.tag = CONTENT_TYPING, .on = true}, &out);
    assert_true(got.on && content_passes(&got));
    got = both_ways(&(struct content){.tag = CONTENT_ATTACHMENT,
                                      .name = SPAN_LIT("a.png"),
                                      .media_type = SPAN_LIT("image/png"),
                                      .size = 5000000,
                                      .hash = {1},
                                      .root = {2},
                                      .key = {3}},
                    &out);
    assert_span_equal(got.media_type, SPAN_LIT("image/png"));
    assert_true(got.size == 5000000 && got.hash[0] == 1 && got.root[0] == 2 && got.key[0] == 3);
    got = both_ways(&(struct content){.tag = CONTENT_TIMER, .seconds = 86400}, &out);
    assert_int_equal(got.seconds, 86400);
    got = both_ways(
        &(struct content){.tag = CONTENT_PROFILE, .name = SPAN_LIT("Raya"), .text = SPAN_LIT("")},
        &out);
    assert_span_equal(got.name, SPAN_LIT("Raya"));
    got = both_ways(&(struct content){.tag = CONTENT_CUSTOM,
                                      .name = SPAN_LIT("chess/move"),
                                      .bytes = SPAN_LIT("\xff\x00"),
                                      .fallback = SPAN_LIT("plays e4")},
                    &out);
    assert_span_equal(got.bytes, SPAN_LIT("\xff\x00"));
    assert_span_equal(got.fallback, SPAN_LIT("plays e4"));
    got = both_ways(
        &(struct content){.tag = CONTENT_TEXT, .text = SPAN_LIT("hi"), .vanishes_s = 3600}, &out);
    assert_int_equal(got.vanishes_s, 3600);
    assert_span_equal(got.text, SPAN_LIT("hi"));
    got = both_ways(&(struct content){.tag = CONTENT_LONG, .size = 9, .root = {4}}, &out);
    assert_true(got.size == 9 && got.root[0] == 4);
    buf_clear(&out);
}

static void an_unknown_type_is_kept_with_its_fallback(void **state)
{
    (void)state;
    static const char *const later[] = {
        "96 01 7f 01 c4020102 a3 706f6c 90",              /* a tag of tomorrow */
        "96 01 01 02 c4020102 a3 706f6c 90",              /* a later version of text */
        "96 07 01 01 c4020102 a3 706f6c 90",              /* another domain */
        "96 01 01 01 c405 92a16990 a3 706f6c 9193 09 01", /* cut short below */
    };
    struct content c, got;
    struct buf out = BUF_INIT(1000);
    for (size_t i = 0; i < 3; i++) {
        assert_ok(content_decode(test_hex(later[i]), &c));
        assert_false(c.known);
        assert_false(content_passes(&c) || content_changes(&c));
        assert_span_equal(c.fallback, SPAN_LIT("pol"));
        assert_span_equal(c.payload, SPAN_LIT("\x01\x02"));
    }
    assert_err(content_decode(test_hex(later[3]), &c), ERR_FORMAT);
    /* a critical extension makes a known type unknown; another one does not */
    assert_ok(content_decode(test_hex("96 01 01 01 c404 92a16990 a0 91 93 09 00 c400"), &c));
    assert_true(c.known && c.extensions.count == 1);
    assert_ok(content_decode(test_hex("96 01 01 01 c404 92a16990 a0 91 93 09 01 c400"), &c));
    assert_false(c.known);
    assert_ok(content_decode(test_hex("96 01 01 01 c409 92a16991 93 09 01 c400 a0 90"), &c));
    assert_false(c.known);
    /* an application's own */
    c = (struct content){.domain = 7, .tag = 1, .version = 3, .payload = SPAN_LIT("p")};
    assert_ok(content_encode_foreign(&c, &out));
    assert_ok(content_decode(buf_span(&out), &got));
    assert_true(!got.known && got.domain == 7 && got.version == 3);
    c.domain = CONTENT_DOMAIN;
    assert_err(content_encode_foreign(&c, &out), ERR_ARGUMENT);
    buf_clear(&out);
}

static void what_is_out_of_bounds_is_refused(void **state)
{
    (void)state;
    static uint8_t big[CONTENT_TEXT_MAX + 1];
    struct buf out = BUF_INIT(ENTRY_CONTENT_MAX);
    const struct content bad[] = {
        {.tag = 99},
        {.tag = CONTENT_TEXT, .text = span_of(big, sizeof big)},
        {.tag = CONTENT_TEXT, .text = SPAN_LIT("\xff")},
        {.tag = CONTENT_REACTION, .text = SPAN_EMPTY},
        {.tag = CONTENT_TIMER, .seconds = CONTENT_TIMER_S_MAX + 1},
        {.tag = CONTENT_TEXT, .text = SPAN_LIT("a"), .vanishes_s = CONTENT_TIMER_S_MAX + 1},
        {.tag = CONTENT_TEXT, .text = SPAN_LIT("a"), .fallback = SPAN_LIT("\x80")},
    };
    struct content c;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_err(content_encode(&bad[i], &out), ERR_ARGUMENT);
    assert_int_equal(out.len, 0);
    /* a known type's payload of another shape is malformed, not unknown */
    assert_err(content_decode(test_hex("96 01 01 01 c400 a0 90"), &c), ERR_FORMAT);
    assert_err(content_decode(test_hex("96 01 07 01 c403 920290 a0 90"), &c), ERR_FORMAT);
    /* a time to disappear of no seconds, and none at all */
    assert_err(content_decode(test_hex("96 01 01 01 c404 92a16990 a0 91 93 01 00 c40100"), &c),
               ERR_FORMAT);
    assert_err(content_decode(test_hex("96 01 01 01 c404 92a16990 a0 91 93 01 00 c400"), &c),
               ERR_FORMAT);
    buf_clear(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_goes_both_ways),
        cmocka_unit_test(an_unknown_type_is_kept_with_its_fallback),
        cmocka_unit_test(what_is_out_of_bounds_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
