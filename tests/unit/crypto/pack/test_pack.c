/* One form for every object: what is written is read, and nothing else is. */
#include "crypto/pack/pack.h"
#include "tests/lib/testing.h"

#include <msgpack.h>

static enum err open_hex(const char *hex)
{
    struct pack_reader r;

    return pack_open(test_hex(hex), &r);
}

static void numbers_take_their_shortest_form(void **state)
{
    (void)state;
    static const struct {
        int64_t v;
        const char *hex;
    } rows[] = {{0, "00"},
                {127, "7f"},
                {128, "cc80"},
                {255, "ccff"},
                {256, "cd0100"},
                {65535, "cdffff"},
                {65536, "ce00010000"},
                {4294967295, "ceffffffff"},
                {4294967296, "cf0000000100000000"},
                {INT64_MAX, "cf7fffffffffffffff"},
                {-1, "ff"},
                {-32, "e0"},
                {-33, "d0df"},
                {-128, "d080"},
                {-129, "d1ff7f"},
                {-32768, "d18000"},
                {-32769, "d2ffff7fff"},
                {INT32_MIN, "d280000000"},
                {INT32_MIN - 1ll, "d3ffffffff7fffffff"},
                {INT64_MIN, "d38000000000000000"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf b = BUF_INIT(16);
        struct pack_writer w = pack_writer_to(&b);
        struct pack_reader r;
        pack_write_int(&w, rows[i].v);
        assert_ok(pack_writer_status(&w));
        assert_span_equal(buf_span(&b), test_hex(rows[i].hex));
        assert_ok(pack_open(buf_span(&b), &r));
        assert_true(pack_read_int(&r) == rows[i].v);
        assert_ok(pack_end(&r));
        buf_clear(&b);
    }
}

static void longer_forms_are_malformed(void **state)
{
    (void)state;
    static const char *const longer[] = {"cc7f",
                                         "cd00ff",
                                         "ce0000ffff",
                                         "cf00000000ffffffff", /* uint */
                                         "d0e0",
                                         "d000",
                                         "d17fff",
                                         "d1ff80",
                                         "d2ffff8000", /* int that fits below */
                                         "d3ffffffff80000000",
                                         "d07f", /* and positive ones */
                                         "c5000141",
                                         "c60000000141", /* bin */
                                         "d90161",
                                         "da000161",
                                         "db0000000161", /* str */
                                         "dc000101",
                                         "dd0000000101"}; /* array */
    for (size_t i = 0; i < sizeof longer / sizeof *longer; i++)
        assert_err(open_hex(longer[i]), ERR_FORMAT);
}

static void other_types_are_malformed(void **state)
{
    (void)state;
    static const char *const others[] = {
        "c0",     "c1",       "c2",         "c3",         "80",
        "8100",   "de0000",   "df00000000", "ca00000000", "cb0000000000000000",
        "d40000", "d5000000", "d600000000", "c7000000",   "9180",
        "91c0"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_err(open_hex(others[i]), ERR_FORMAT);
}

static void cut_or_continued_objects_are_malformed(void **state)
{
    (void)state;
    struct span whole = test_hex("93 c403616263 a3616263 92 cd0100 d0df");
    struct pack_reader r;
    assert_ok(pack_open(whole, &r));
    for (size_t n = 0; n < whole.len; n++)
        assert_err(pack_open(span_sub(whole, 0, n), &r), ERR_FORMAT);
    assert_err(open_hex("0000"), ERR_FORMAT);
    assert_err(open_hex("910000"), ERR_FORMAT);
    assert_err(open_hex("c4ff"), ERR_FORMAT); /* announces more than there is */
    assert_err(open_hex("c6ffffffff"), ERR_FORMAT);
}

static void depth_and_counts_are_bounded(void **state)
{
    (void)state;
    assert_ok(open_hex("91919191 91919191 00"));
    assert_err(open_hex("91919191 91919191 91 00"), ERR_LIMIT);
    assert_ok(open_hex("90"));
    struct pack_reader r;
    static uint8_t many[3 + 65535];
    memcpy(many, "\xdc\xff\xff", 3);
    assert_ok(pack_open(SPAN_ARRAY(many), &r));
    assert_err(open_hex("dd00010000"), ERR_LIMIT); /* before its elements are looked for */
}

static void text_is_utf8(void **state)
{
    (void)state;
    assert_true(pack_is_utf8(
        SPAN_LIT("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xed\x9f\xbf\xf4\x8f\xbf\xbf")));
    static const char *const bad[] = {
        "80",       "c0af", "c1bf", "e09fbf", "eda080", "edbfbf", "f08fbfbf", "f4908080",
        "f5808080", "ff",   "c3",   "e282",   "f09f98", "c328",   "e28228",   "61c3"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(pack_is_utf8(test_hex(bad[i])));
    assert_err(open_hex("a2c328"), ERR_FORMAT);
    assert_ok(open_hex("c402c328")); /* bytes are no text */
}

static void a_failure_sticks(void **state)
{
    (void)state;
    struct pack_reader r;
    uint8_t four[4] = {1, 1, 1, 1};
    assert_ok(pack_open(test_hex("94 05 c40161 a162 00"), &r));
    assert_int_equal(pack_read_array(&r, 1, 4), 4);
    assert_true(pack_read_uint(&r, 4) == 0); /* 5 is over the limit */
    assert_int_equal(r.err, ERR_FORMAT);
    assert_int_equal(pack_read_bin(&r, 0, 9).len, 0);
    pack_read_fixed(&r, four, sizeof four);
    assert_span_equal(SPAN_ARRAY(four), test_hex("00000000"));
    assert_int_equal(pack_read_raw(&r).len, 0);
    assert_err(pack_end(&r), ERR_FORMAT);
}

static void kinds_and_lengths_are_held(void **state)
{
    (void)state;
    struct pack_reader r;
    struct span in = test_hex("c40161");
    assert_ok(pack_open(in, &r));
    assert_int_equal(pack_read_str(&r, 0, 9).len, 0);
    assert_err(pack_end(&r), ERR_FORMAT);
    assert_ok(pack_open(in, &r));
    assert_int_equal(pack_read_bin(&r, 2, 9).len, 0);
    assert_err(pack_end(&r), ERR_FORMAT);
    assert_ok(pack_open(in, &r));
    assert_span_equal(pack_read_bin(&r, 1, 1), SPAN_LIT("a"));
    assert_ok(pack_end(&r));
    assert_ok(pack_open(test_hex("9101"), &r));
    assert_int_equal(pack_read_array(&r, 2, 3), 0);
    assert_err(pack_end(&r), ERR_FORMAT);
    assert_ok(pack_open(test_hex("ff"), &r));
    assert_true(pack_read_uint(&r, UINT64_MAX) == 0);
    assert_err(pack_end(&r), ERR_FORMAT);
    assert_ok(pack_open(test_hex("920102"), &r));
    (void)pack_read_array(&r, 2, 2);
    (void)pack_read_uint(&r, 9);
    assert_err(pack_end(&r), ERR_FORMAT); /* one is left */
}

static void elements_are_taken_as_they_stand(void **state)
{
    (void)state;
    struct pack_reader r;
    assert_ok(pack_open(test_hex("93 01 92 c40161 91 02 03"), &r));
    (void)pack_read_array(&r, 3, 3);
    (void)pack_read_uint(&r, 9);
    assert_span_equal(pack_read_raw(&r), test_hex("92 c40161 91 02"));
    assert_true(pack_read_uint(&r, 9) == 3);
    assert_ok(pack_end(&r));
}

static void extensions_are_kept_or_refused(void **state)
{
    (void)state;
    struct span in = test_hex("93 93 01 00 c40161 93 05 01 c400 93 cd0100 00 c40162");
    struct pack_reader r;
    struct pack_extensions x;
    static const uint64_t five[] = {5};
    assert_ok(pack_open(in, &r));
    pack_read_extensions(&r, &x);
    assert_ok(pack_end(&r));
    assert_int_equal(x.count, 3);
    assert_span_equal(pack_extension(&x, 256)->bytes, SPAN_LIT("b"));
    assert_null(pack_extension(&x, 2));
    assert_ok(pack_extensions_known(&x, five, 1));
    assert_err(pack_extensions_known(&x, NULL, 0), ERR_UNSUPPORTED);
    struct buf again = BUF_INIT(64);
    struct pack_writer w = pack_writer_to(&again);
    pack_write_extensions(&w, &x);
    assert_ok(pack_writer_status(&w));
    assert_span_equal(buf_span(&again), in);
    buf_clear(&again);

    static const char *const bad[] = {"92 93 05 00 c400 93 05 00 c400", /* twice */
                                      "92 93 05 00 c400 93 04 00 c400", /* falling */
                                      "91 93 05 02 c400", "91 92 05 00", "91 93 05 00 a0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_ok(pack_open(test_hex(bad[i]), &r));
        pack_read_extensions(&r, &x);
        assert_err(pack_end(&r), ERR_FORMAT);
    }
}

static void a_full_buffer_is_told(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(4);
    struct pack_writer w = pack_writer_to(&b);
    pack_write_bin(&w, SPAN_LIT("abc"));
    assert_err(pack_writer_status(&w), ERR_FULL);
    pack_write_uint(&w, 1);
    assert_err(pack_writer_status(&w), ERR_FULL);
    buf_clear(&b);
}

/* What a stranger's MessagePack reader sees is what ours sees. */
static void msgpack_c_reads_the_same(void **state)
{
    (void)state;
    struct buf b = BUF_INIT(1024);
    struct pack_writer w = pack_writer_to(&b);
    static uint8_t big[300];
    pack_write_array(&w, 4);
    pack_write_uint(&w, 1u << 20);
    pack_write_bin(&w, SPAN_ARRAY(big));
    pack_write_str(&w, SPAN_LIT("h\xc3\xb6r"));
    pack_write_array(&w, 0);
    assert_ok(pack_writer_status(&w));
    msgpack_unpacked got;
    msgpack_unpacked_init(&got);
    assert_int_equal(msgpack_unpack_next(&got, (const char *)b.ptr, b.len, NULL),
                     MSGPACK_UNPACK_SUCCESS);
    assert_int_equal(got.data.type, MSGPACK_OBJECT_ARRAY);
    const msgpack_object *o = got.data.via.array.ptr;
    assert_true(o[0].via.u64 == 1u << 20);
    assert_int_equal(o[1].type, MSGPACK_OBJECT_BIN);
    assert_int_equal(o[1].via.bin.size, sizeof big);
    assert_int_equal(o[2].type, MSGPACK_OBJECT_STR);
    assert_int_equal(o[2].via.str.size, 4);
    assert_int_equal(o[3].via.array.size, 0);
    msgpack_unpacked_destroy(&got);
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_take_their_shortest_form),
        cmocka_unit_test(longer_forms_are_malformed),
        cmocka_unit_test(other_types_are_malformed),
        cmocka_unit_test(cut_or_continued_objects_are_malformed),
        cmocka_unit_test(depth_and_counts_are_bounded),
        cmocka_unit_test(text_is_utf8),
        cmocka_unit_test(a_failure_sticks),
        cmocka_unit_test(kinds_and_lengths_are_held),
        cmocka_unit_test(elements_are_taken_as_they_stand),
        cmocka_unit_test(extensions_are_kept_or_refused),
        cmocka_unit_test(a_full_buffer_is_told),
        cmocka_unit_test(msgpack_c_reads_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
