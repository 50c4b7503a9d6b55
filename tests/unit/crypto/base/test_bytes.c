#include "crypto/base/blob.h"
#include "crypto/base/reader.h"
#include "crypto/base/wipe.h"
#include "crypto/base/writer.h"
#include "tests/lib/testing.h"

static void buf_never_grows_over_its_bound(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(100);
    assert_ok(buf_append(&b, SPAN_LIT("0123456789")));
    uint8_t *room;
    assert_err(buf_extend(&b, 91, &room), ERR_FULL);
    assert_err(buf_extend(&b, SIZE_MAX, &room), ERR_FULL);
    assert_ok(buf_extend(&b, 90, &room));
    memset(room, 'x', 90);
    assert_int_equal(b.len, 100);
    buf_drop(&b, 5);
    assert_span_equal(span_sub(buf_span(&b), 0, 5), SPAN_LIT("56789"));
    buf_truncate(&b, 5);
    assert_int_equal(b.ptr[5], 0); /* wiped */
    struct buf to = BUF_INIT(1);
    buf_move(&to, &b);
    assert_null(b.ptr);
    assert_span_equal(buf_span(&to), SPAN_LIT("56789"));
    buf_clear(&to);
}

static void reader_is_poisoned_by_the_first_short_read(void **state)
{
    (void)state;
    struct reader r = reader_of(test_hex("01 0203 04050607 08"));
    assert_int_equal(read_u8(&r), 1);
    assert_int_equal(read_be16(&r), 0x0203);
    assert_int_equal(read_be32(&r), 0x04050607);
    assert_int_equal(read_be16(&r), 0);
    assert_int_equal(read_u8(&r), 0); /* one byte is left, but the reader is poisoned */
    assert_err(reader_status(&r), ERR_MORE);
    r = reader_of(test_hex("0102"));
    (void)read_u8(&r);
    assert_err(reader_end(&r), ERR_FORMAT);
}

static void writer_writes_what_reader_reads(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(17);
    struct writer w = writer_to(&b);
    write_u8(&w, 1);
    write_be16(&w, 2);
    write_be24(&w, 3);
    write_be64(&w, 4);
    assert_ok(writer_status(&w));
    write_be32(&w, 5);
    assert_err(writer_status(&w), ERR_FULL);
    assert_span_equal(buf_span(&b), test_hex("01 0002 000003 0000000000000004"));
    buf_clear(&b);
}

static void arena_is_bounded_and_reusable(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 100000);
    for (int round = 0; round < 3; round++) {
        assert_non_null(arena_alloc(&a, 100)); /* an ordinary chunk, then a giant one on top */
        assert_non_null(arena_alloc(&a, 50000));
        assert_null(arena_alloc(&a, 60000));
        assert_span_equal(arena_copy(&a, SPAN_LIT("abc")), SPAN_LIT("abc"));
        arena_reset(&a);
    }
    arena_clear(&a);
}

static void arena_forgets_all_chunks_at_a_reset(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 1000000);
    uint8_t *small = arena_alloc(&a, 16000);
    memset(small, 'x', 16000);
    assert_non_null(arena_alloc(&a, 200000)); /* a chunk of its own, far larger than the first */
    arena_reset(&a);
    small = arena_alloc(&a, 16000);
    for (size_t i = 0; i < 16000; i++)
        assert_int_equal(small[i], 0);
    arena_clear(&a);
}

static void blob_is_freed_by_its_last_reference(void **state)
{
    (void)state;
    struct blob *b = blob_new(SPAN_LIT("abc"));
    blob_unref(blob_ref(b));
    assert_span_equal(blob_span(b), SPAN_LIT("abc"));
    blob_unref(b); /* the leak sanitizer tells if not */
    blob_unref(NULL);
}

static void hex_refuses_odd_and_foreign_digits(void **state)
{
    (void)state;
    uint8_t out[4];
    assert_ok(hex_decode(SPAN_LIT("00fFA1"), out));
    assert_memory_equal(out, "\x00\xff\xa1", 3);
    assert_err(hex_decode(SPAN_LIT("000"), out), ERR_FORMAT);
    assert_err(hex_decode(SPAN_LIT("0g"), out), ERR_FORMAT);
    assert_true(ct_equal("abc", "abc", 3));
    assert_false(ct_equal("abc", "abd", 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_never_grows_over_its_bound),
        cmocka_unit_test(reader_is_poisoned_by_the_first_short_read),
        cmocka_unit_test(writer_writes_what_reader_reads),
        cmocka_unit_test(arena_is_bounded_and_reusable),
        cmocka_unit_test(arena_forgets_all_chunks_at_a_reset),
        cmocka_unit_test(blob_is_freed_by_its_last_reference),
        cmocka_unit_test(hex_refuses_odd_and_foreign_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
