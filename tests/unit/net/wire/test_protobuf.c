#include "net/wire/protobuf.h"
#include "tests/lib/testing.h"

static void reads_back_every_kind_it_writes(void **state)
{
    (void)state;
    static const int64_t signed_values[] = {0, -1, 1, INT64_MIN, INT64_MAX, 1767225600000000000};
    struct buf b = BUF_INIT(1000);
    struct writer w = writer_to(&b);
    pb_put_u64(&w, 1, UINT64_MAX);
    pb_put_bytes(&w, 2, SPAN_LIT("abc"));
    pb_put_bool(&w, PB_FIELD_MAX, true);
    pb_put_double(&w, 4, -0.5);
    for (size_t i = 0; i < 6; i++)
        pb_put_sint64(&w, 5, signed_values[i]);
    assert_ok(writer_status(&w));

    struct pb p = pb_of(buf_span(&b));
    struct pb_field f;
    assert_true(pb_next(&p, &f) && f.number == 1);
    assert_true(pb_u64(&p, &f) == UINT64_MAX);
    assert_true(pb_next(&p, &f) && f.number == 2);
    assert_span_equal(pb_bytes(&p, &f), SPAN_LIT("abc"));
    assert_true(pb_next(&p, &f) && f.number == PB_FIELD_MAX);
    assert_true(pb_bool(&p, &f));
    assert_true(pb_next(&p, &f));
    assert_true(pb_double(&p, &f) == -0.5);
    for (size_t i = 0; i < 6; i++) {
        assert_true(pb_next(&p, &f));
        assert_true(pb_sint64(&p, &f) == signed_values[i]);
    }
    assert_false(pb_next(&p, &f));
    assert_ok(pb_status(&p));
    buf_clear(&b);
}

static void lists_are_read_packed_and_unpacked(void **state)
{
    (void)state;
    static const char *const forms[] = {"1000 10ac02 1007", "1204 00ac0207", "1000 1203 ac0207",
                                        "1000 1200 1203 ac0207"};
    for (size_t i = 0; i < 4; i++) {
        struct pb p = pb_of(test_hex(forms[i]));
        uint64_t got[4], v;
        size_t n = 0;
        for (struct pb_field f; pb_next(&p, &f);)
            for (struct pb_list l = pb_list(&p, &f); pb_list_next(&p, &l, &v);)
                got[n++] = v;
        assert_ok(pb_status(&p));
        assert_int_equal(n, 3);
        assert_true(got[0] == 0 && got[1] == 300 && got[2] == 7);
    }
    struct buf b = BUF_INIT(100);
    struct writer w = writer_to(&b);
    pb_put_packed(&w, 2, (const uint64_t[]){0, 300, 7}, 3);
    pb_put_packed(&w, 2, NULL, 0);
    assert_span_equal(buf_span(&b), test_hex("1204 00ac0207"));
    buf_clear(&b);
}

static void a_wrong_wire_type_poisons_the_reader(void **state)
{
    (void)state;
    struct pb p = pb_of(test_hex("0801 0802"));
    struct pb_field f;
    assert_true(pb_next(&p, &f));
    assert_span_equal(pb_bytes(&p, &f), SPAN_EMPTY);
    assert_false(pb_next(&p, &f));
    assert_err(pb_status(&p), ERR_FORMAT);

    p = pb_of(test_hex("088080808010")); /* 2^32 does not fit 32 bits */
    assert_true(pb_next(&p, &f));
    assert_int_equal(pb_u32(&p, &f), 0);
    assert_err(pb_status(&p), ERR_FORMAT);

    p = pb_of(test_hex("1202 0180")); /* a packed list that ends inside a number */
    uint64_t v;
    assert_true(pb_next(&p, &f));
    struct pb_list l = pb_list(&p, &f);
    assert_true(pb_list_next(&p, &l, &v));
    assert_false(pb_list_next(&p, &l, &v));
    assert_err(pb_status(&p), ERR_FORMAT);
}

static void malformed_fields_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0001",          /* field number 0 */
        "8080808010 01", /* field number 2^29 */
        "0b",
        "0c", /* groups */
        "0e",
        "0f", /* wire types 6 and 7 */
        "08",
        "0880", /* no value, a cut one */
        "0a0361",
        "0affffffff0f61", /* longer than the message */
        "0900",
        "0d000000",                 /* cut fixed values */
        "08ffffffffffffffffff02",   /* 65 bits */
        "08ffffffffffffffffffff01", /* 11 bytes */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pb p = pb_of(test_hex(bad[i]));
        struct pb_field f;
        while (pb_next(&p, &f))
            ;
        if (pb_status(&p) != ERR_FORMAT)
            fail_msg("accepted %s", bad[i]);
    }
}

static void long_varints_and_unknown_fields_are_read(void **state)
{
    (void)state;
    struct pb p = pb_of(test_hex("088100 3d01020304 390102030405060708 0aff00"
                                 "00")); /* the last is cut: wanted 127 bytes */
    struct pb_field f;
    assert_true(pb_next(&p, &f) && pb_u64(&p, &f) == 1);
    assert_true(pb_next(&p, &f) && f.number == 7 && f.value == 0x04030201);
    assert_true(pb_next(&p, &f) && f.number == 7 && f.value == 0x0807060504030201);
    assert_false(pb_next(&p, &f));
    assert_err(pb_status(&p), ERR_FORMAT);
}

static void nested_lengths_are_widened_as_needed(void **state)
{
    (void)state;
    for (size_t len = 0; len < 20000; len = len * 3 + 1) {
        struct buf b = BUF_INIT(100000);
        struct writer w = writer_to(&b);
        size_t outer = pb_begin(&w, 1);
        size_t inner = pb_begin(&w, 2);
        for (size_t i = 0; i < len; i++)
            write_u8(&w, (uint8_t)i);
        pb_end(&w, inner);
        pb_put_u64(&w, 3, 9);
        pb_end(&w, outer);
        pb_put_u64(&w, 4, 10);
        assert_ok(writer_status(&w));

        struct pb p = pb_of(buf_span(&b)), q;
        struct pb_field f, g;
        assert_true(pb_next(&p, &f) && f.number == 1);
        q = pb_of(f.bytes);
        assert_true(pb_next(&q, &g) && g.number == 2);
        assert_int_equal(g.bytes.len, len);
        assert_int_equal(pb_head_size(2, len) + len + 2, f.bytes.len);
        for (size_t i = 0; i < len; i++)
            assert_int_equal(g.bytes.ptr[i], i & 0xff);
        assert_true(pb_next(&q, &g) && g.number == 3 && g.value == 9);
        assert_true(pb_next(&p, &f) && f.number == 4 && f.value == 10);
        buf_clear(&b);
    }
    struct buf b = BUF_INIT(4);
    struct writer w = writer_to(&b);
    size_t at = pb_begin(&w, 1);
    pb_put_u64(&w, 1, 1);
    pb_put_u64(&w, 1, 1);
    pb_end(&w, at);
    assert_err(writer_status(&w), ERR_FULL);
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_every_kind_it_writes),
        cmocka_unit_test(lists_are_read_packed_and_unpacked),
        cmocka_unit_test(a_wrong_wire_type_poisons_the_reader),
        cmocka_unit_test(malformed_fields_are_refused),
        cmocka_unit_test(long_varints_and_unknown_fields_are_read),
        cmocka_unit_test(nested_lengths_are_widened_as_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
