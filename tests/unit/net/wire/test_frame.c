#include "net/wire/frame.h"
#include "net/wire/varint.h"
#include "tests/lib/testing.h"

static void whole_messages_are_not_copied(void **state)
{
    (void)state;
    struct frames f;
    frames_init(&f, 100);
    struct span in = test_hex("03 616263 00 01 64 05 6566"), rest = in, m;
    assert_ok(frames_next(&f, &rest, &m));
    assert_ptr_equal(m.ptr, in.ptr + 1);
    assert_span_equal(m, SPAN_LIT("abc"));
    assert_ok(frames_next(&f, &rest, &m));
    assert_int_equal(m.len, 0);
    assert_ok(frames_next(&f, &rest, &m));
    assert_span_equal(m, SPAN_LIT("d"));
    assert_err(frames_next(&f, &rest, &m), ERR_MORE);
    assert_int_equal(rest.len, 0);
    assert_true(frames_pending(&f) > 0);
    rest = SPAN_LIT("ghi");
    assert_ok(frames_next(&f, &rest, &m));
    assert_span_equal(m, SPAN_LIT("efghi"));
    assert_int_equal(frames_pending(&f), 0);
    assert_err(frames_next(&f, &rest, &m), ERR_MORE);
    frames_clear(&f);
}

static void messages_survive_any_cut(void **state)
{
    (void)state;
    struct buf wire = BUF_INIT(1 << 20);
    struct writer w = writer_to(&wire);
    uint8_t body[700];
    for (size_t len = 0; len < sizeof body; len += 137) {
        memset(body, (int)len, sizeof body);
        write_varint(&w, len);
        write_bytes(&w, span_of(body, len));
    }
    for (size_t step = 1; step < 300; step += 7) {
        struct frames f;
        struct span m;
        size_t wanted = 0;
        frames_init(&f, sizeof body);
        for (size_t at = 0; at < wire.len; at += step) {
            struct span in =
                span_sub(buf_span(&wire), at, wire.len - at < step ? wire.len - at : step);
            enum err err;
            while ((err = frames_next(&f, &in, &m)) == OK) {
                memset(body, (int)wanted, sizeof body);
                assert_span_equal(m, span_of(body, wanted));
                wanted += 137;
            }
            assert_err(err, ERR_MORE);
        }
        assert_int_equal(wanted, 822);
        frames_clear(&f);
    }
    buf_clear(&wire);
}

static void announced_lengths_cost_nothing(void **state)
{
    (void)state;
    struct frames f;
    struct span m, in = test_hex("808040 61"); /* 1 MiB */
    frames_init(&f, 1 << 20);
    assert_err(frames_next(&f, &in, &m), ERR_MORE);
    assert_true(f.part.cap <= 64);
    frames_clear(&f);
    in = test_hex("818040");
    assert_err(frames_next(&f, &in, &m), ERR_LIMIT);
    frames_clear(&f);
    in = test_hex("8000");
    assert_err(frames_next(&f, &in, &m), ERR_FORMAT);
    frames_clear(&f);
    in = test_hex("ffffffffffffffffff01");
    assert_err(frames_next(&f, &in, &m), ERR_FORMAT);
    frames_clear(&f);
}

static void a_large_message_leaves_no_buffer_behind(void **state)
{
    (void)state;
    static uint8_t body[100000];
    struct frames f;
    struct span m, in = test_hex("a08d06");
    frames_init(&f, sizeof body);
    assert_err(frames_next(&f, &in, &m), ERR_MORE);
    in = span_of(body, 50000);
    assert_err(frames_next(&f, &in, &m), ERR_MORE);
    in = span_of(body, 50000);
    assert_ok(frames_next(&f, &in, &m));
    assert_int_equal(m.len, 100000);
    assert_int_equal(f.part.cap, 100000);
    assert_err(frames_next(&f, &in, &m), ERR_MORE);
    assert_int_equal(f.part.cap, 0);
    frames_clear(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_messages_are_not_copied),
        cmocka_unit_test(messages_survive_any_cut),
        cmocka_unit_test(announced_lengths_cost_nothing),
        cmocka_unit_test(a_large_message_leaves_no_buffer_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
