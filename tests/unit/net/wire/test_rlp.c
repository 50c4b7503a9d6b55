#include "net/wire/rlp.h"

#include "tests/lib/testing.h"

static void written_as_in_the_yellow_paper(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(4096);
    struct writer w = writer_to(&b);
    static const char text[] = "Lorem ipsum dolor sit amet, consectetur adipisicing elit";
    write_rlp_bytes(&w, SPAN_LIT("dog"));
    write_rlp_bytes(&w, SPAN_EMPTY);
    write_rlp_uint(&w, 0);
    write_rlp_uint(&w, 15);
    write_rlp_uint(&w, 1024);
    write_rlp_uint(&w, UINT64_MAX);
    size_t outer = rlp_begin(&w); /* [ [], [[]], [ [], [[]] ] ]: the set of three */
    rlp_end(&w, rlp_begin(&w));
    size_t one = rlp_begin(&w);
    rlp_end(&w, rlp_begin(&w));
    rlp_end(&w, one);
    one = rlp_begin(&w);
    rlp_end(&w, rlp_begin(&w));
    size_t two = rlp_begin(&w);
    rlp_end(&w, rlp_begin(&w));
    rlp_end(&w, two);
    rlp_end(&w, one);
    rlp_end(&w, outer);
    assert_ok(writer_status(&w));
    assert_span_equal(buf_span(&b),
                      test_hex("83646f67 80 80 0f 820400 88ffffffffffffffff c7c0c1c0c3c0c1c0"));
    buf_reset(&b);
    write_rlp_bytes(&w, SPAN_LIT(text));
    assert_span_equal(span_sub(buf_span(&b), 0, 3), test_hex("b8384c"));
    buf_reset(&b);
    outer = rlp_begin(&w);
    for (size_t i = 0; i < 19; i++)
        write_rlp_bytes(&w, SPAN_LIT("cat"));
    rlp_end(&w, outer);
    assert_span_equal(span_sub(buf_span(&b), 0, 3), test_hex("f84c83"));
    buf_clear(&b);
}

static void read_as_written(void **state)
{
    (void)state;
    struct span in = test_hex("cb 83646f67 820400 01 c20102");
    struct reader r = reader_of(in), list = read_rlp_list(&r);
    assert_span_equal(read_rlp_bytes(&list), SPAN_LIT("dog"));
    assert_int_equal(read_rlp_uint(&list), 1024);
    assert_int_equal(read_rlp_uint(&list), 1);
    assert_true(rlp_more(&list));
    struct rlp_item item = read_rlp(&list);
    assert_true(item.is_list);
    assert_span_equal(item.body, test_hex("0102"));
    assert_span_equal(item.whole, test_hex("c20102"));
    assert_false(rlp_more(&list));
    assert_ok(reader_end(&list));
    assert_ok(reader_end(&r));
}

static void one_encoding_for_each_value(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",                   /* nothing */
        "8101",               /* a lone byte needs no prefix */
        "b801ff",             /* a short length in the long form */
        "b90001ff",           /* a length with a leading zero */
        "f800",               /* the same for lists */
        "f7",                 /* a list that is not there */
        "83646f",             /* a string that ends early */
        "bfffffffffffffffff", /* a length over memory */
        "ffffffffffffffffff", /* the same for lists */
        "b838",               /* the long form, with nothing behind it */
        "bb00000040",         /* a length of zeros */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct reader r = reader_of(test_hex(bad[i]));
        struct rlp_item item = read_rlp(&r);
        if (!r.failed || item.body.len != 0)
            fail_msg("%s was read", bad[i]);
    }
}

static void kinds_are_not_mixed_up(void **state)
{
    (void)state;
    struct reader r = reader_of(test_hex("c0"));
    read_rlp_bytes(&r);
    assert_true(r.failed);
    r = reader_of(test_hex("820001")); /* an integer with a leading zero */
    read_rlp_uint(&r);
    assert_true(r.failed);
    r = reader_of(test_hex("00")); /* zero is the empty string */
    read_rlp_uint(&r);
    assert_true(r.failed);
    r = reader_of(test_hex("89010000000000000000")); /* nine bytes */
    read_rlp_uint(&r);
    assert_true(r.failed);
    r = reader_of(test_hex("83646f67"));
    struct reader list = read_rlp_list(&r);
    assert_true(list.failed);
    assert_false(rlp_more(&list));
    assert_err(reader_end(&list), ERR_FORMAT);
}

static void a_full_buffer_is_told(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(3);
    struct writer w = writer_to(&b);
    size_t begun = rlp_begin(&w);
    write_rlp_bytes(&w, test_hex("414243"));
    rlp_end(&w, begun);
    assert_err(writer_status(&w), ERR_FULL);
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_as_in_the_yellow_paper), cmocka_unit_test(read_as_written),
        cmocka_unit_test(one_encoding_for_each_value),    cmocka_unit_test(kinds_are_not_mixed_up),
        cmocka_unit_test(a_full_buffer_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
