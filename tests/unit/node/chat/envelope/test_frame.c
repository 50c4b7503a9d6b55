/* Lists of frames. */
#include "node/chat/envelope/envelope.h"
#include "node/chat/envelope/frame.h"
#include "tests/lib/testing.h"

static void frames_come_back_in_their_order_and_unknown_kinds_as_they_were(void **state)
{
    (void)state;
    struct frames f = {0}, got;
    struct buf bytes = BUF_INIT(4096), again = BUF_INIT(4096);

    assert_ok(frames_add(&f, FRAME_MLS, SPAN_LIT("commit")));
    assert_ok(frames_add(&f, FRAME_TICKET, SPAN_LIT("ticket")));
    assert_ok(frames_add(&f, 4711, SPAN_LIT("of a later version")));
    assert_ok(frames_add(&f, FRAME_MLS, SPAN_LIT("message")));
    assert_ok(frames_encode(&f, &bytes));
    assert_ok(frames_decode(buf_span(&bytes), &got));
    assert_int_equal(got.count, 4);
    assert_int_equal(got.list[0].kind, FRAME_MLS);
    assert_span_equal(got.list[2].bytes, SPAN_LIT("of a later version"));
    assert_int_equal(got.list[2].kind, 4711);
    assert_false(frame_known(got.list[2].kind));
    assert_true(frame_known(got.list[3].kind));
    assert_ok(frames_encode(&got, &again));
    assert_span_equal(buf_span(&again), buf_span(&bytes));
    buf_clear(&bytes);
    buf_clear(&again);
}

static void sixteen_frames_and_no_more(void **state)
{
    (void)state;
    struct frames f = {0};
    struct buf bytes = BUF_INIT(4096);

    for (unsigned i = 0; i < FRAMES_MAX; i++)
        assert_ok(frames_add(&f, FRAME_ACKS, SPAN_LIT("x")));
    assert_err(frames_add(&f, FRAME_ACKS, SPAN_LIT("x")), ERR_FULL);
    assert_ok(frames_encode(&f, &bytes));
    assert_ok(frames_decode(buf_span(&bytes), &f));
    buf_reset(&bytes);

    struct pack_writer w = pack_writer_to(&bytes);
    pack_write_array(&w, FRAMES_MAX + 1);
    for (unsigned i = 0; i <= FRAMES_MAX; i++) {
        pack_write_array(&w, 2);
        pack_write_uint(&w, FRAME_ACKS);
        pack_write_bin(&w, SPAN_LIT("x"));
    }
    assert_err(frames_decode(buf_span(&bytes), &f), ERR_FORMAT);
    buf_clear(&bytes);
}

static void malformed_lists_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *why, *hex;
    } bad[] = {
        {"no frame", "90"},
        {"no array", "c401 00"},
        {"kind zero", "91 92 00 c401aa"},
        {"empty frame", "91 92 01 c400"},
        {"a third field", "91 93 01 c401aa 00"},
        {"text for bytes", "91 92 01 a161"},
        {"kind over 65,535", "91 92 ce00010000 c401aa"},
        {"long form of a kind", "91 92 cc01 c401aa"},
        {"something behind", "91 92 01 c401aa 00"},
        {"cut short", "92 92 01 c401aa"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct frames f;
        if (frames_decode(test_hex(bad[i].hex), &f) != ERR_FORMAT)
            fail_msg("accepted: %s", bad[i].why);
        assert_int_equal(f.count, 0);
    }
}

static void what_no_envelope_holds_is_not_written(void **state)
{
    (void)state;
    static uint8_t big[ENVELOPE_BYTES_MAX];
    struct frames f = {0};
    struct buf bytes = BUF_INIT(1u << 20);

    assert_err(frames_encode(&f, &bytes), ERR_ARGUMENT);
    assert_err(frames_add(&f, FRAME_MLS, SPAN_EMPTY), ERR_ARGUMENT);
    assert_err(frames_add(&f, 0, SPAN_LIT("x")), ERR_ARGUMENT);
    assert_err(frames_add(&f, FRAME_KIND_MAX + 1, SPAN_LIT("x")), ERR_ARGUMENT);
    assert_ok(frames_add(&f, FRAME_MLS, SPAN_ARRAY(big)));
    assert_err(frames_encode(&f, &bytes), ERR_LIMIT);
    assert_int_equal(bytes.len, 0);

    f.list[0].bytes.len = envelope_content_max() - frame_bytes(0) - 1;
    assert_ok(frames_encode(&f, &bytes));
    assert_ok(frames_decode(buf_span(&bytes), &f));
    buf_clear(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back_in_their_order_and_unknown_kinds_as_they_were),
        cmocka_unit_test(sixteen_frames_and_no_more),
        cmocka_unit_test(malformed_lists_are_refused),
        cmocka_unit_test(what_no_envelope_holds_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
