#include "net/wire/varint.h"
#include "tests/lib/testing.h"

static void round_trips_at_every_length(void **state)
{
    (void)state;
    uint8_t tmp[PB_VARINT_BYTES_MAX];
    for (unsigned bits = 0; bits < 63; bits++)
        for (int below = 0; below < 2; below++) {
            uint64_t v = ((uint64_t)1 << bits) - (uint64_t)below, got;
            size_t n = varint_encode(v, tmp), used;
            assert_int_equal(n, varint_size(v));
            assert_ok(varint_decode(span_of(tmp, n), &got, &used));
            assert_true(got == v && used == n);
            assert_err(varint_decode(span_of(tmp, n - 1), &got, &used), ERR_MORE);
        }
    assert_int_equal(varint_encode(300, tmp), 2);
    assert_span_equal(span_of(tmp, 2), test_hex("ac02"));
}

static void refuses_longer_forms_and_over_nine_bytes(void **state)
{
    (void)state;
    uint64_t v;
    size_t used;
    assert_err(varint_decode(test_hex("8000"), &v, &used), ERR_FORMAT);
    assert_err(varint_decode(test_hex("ff8000"), &v, &used), ERR_FORMAT);
    assert_ok(varint_decode(test_hex("ffffffffffffffff7f"), &v, &used));
    assert_true(v == INT64_MAX);
    assert_err(varint_decode(test_hex("ffffffffffffffffff01"), &v, &used), ERR_FORMAT);
    assert_ok(varint_decode(test_hex("00"), &v, &used));
    assert_int_equal(used, 1);
    assert_err(varint_decode(SPAN_EMPTY, &v, &used), ERR_MORE);
}

static void poisons_the_reader(void **state)
{
    (void)state;
    struct reader r = reader_of(test_hex("03 616263 05 6162"));
    assert_span_equal(read_varint_bytes(&r), SPAN_LIT("abc"));
    assert_span_equal(read_varint_bytes(&r), SPAN_EMPTY);
    assert_true(r.failed);
    assert_int_equal(read_varint(&r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_at_every_length),
        cmocka_unit_test(refuses_longer_forms_and_over_nine_bytes),
        cmocka_unit_test(poisons_the_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
