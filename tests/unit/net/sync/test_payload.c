/* Payloads byte by byte, as waku_store_sync/codec.nim writes and reads them. */
#include "crypto/base/writer.h"
#include "net/sync/payload.h"
#include "tests/lib/testing.h"

#define HASH_A "aa00000000000000000000000000000000000000000000000000000000000000"
#define HASH_B "bb00000000000000000000000000000000000000000000000000000000000000"

/* 1 pubsub topic "/waku/2/rs/66/0" (15 bytes), no content topic, times from 1000 */
#define HEAD                                                                                       \
    "01"                                                                                           \
    "0f"                                                                                           \
    "2f77616b752f322f72732f36362f30"                                                               \
    "00"                                                                                           \
    "e807"

static struct sync_id id_of(int64_t time_ns, const char *hash)
{
    struct sync_id id = SYNC_ID_AT(time_ns);
    memcpy(id.hash, test_hex(hash).ptr, 32);
    return id;
}

static const struct scope one = {.kind = SCOPE_TOPICS, .shards_count = 1};

static void fingerprint_skip_and_set(void **state)
{
    struct buf b = BUF_INIT(1000), items = BUF_INIT(1000);
    struct payload_writer w;
    const struct sync_id a = id_of(1400, HASH_A), c = id_of(1401, HASH_B);
    (void)state;
    payload_begin(&w, &b, 66, &one, &SYNC_ID_AT(1000));
    assert_ok(payload_fingerprint(&w, &SYNC_ID_AT(1100), test_hex(HASH_A).ptr));
    payload_skip(&w, &SYNC_ID_AT(1200));
    payload_skip(&w, &SYNC_ID_AT(1300)); /* one with the one before */
    assert_ok(items_put(&items, &a, 0));
    assert_ok(items_put(&items, &c, 1400));
    assert_ok(payload_items(&w, &SYNC_ID_AT(1500), buf_span(&items), 2, true));
    payload_skip(&w, &SYNC_ID_AT(9000)); /* at the end: left out */
    assert_ok(payload_end(&w));
    assert_span_equal(buf_span(&b), test_hex(HEAD "64"
                                                  "01" HASH_A /* 100 on */
                                                  "c801"
                                                  "00" /* 200 on, skip */
                                                  "c801"
                                                  "02"
                                                  "02"                /* two items */
                                                  "f80a" HASH_A       /* 1400 from 0 */
                                                  "01" HASH_B "01")); /* resolved */
    buf_clear(&b);
    buf_clear(&items);
}

static void what_was_written_is_read(void **state)
{
    struct scope s;
    struct payload_reader r;
    struct range g;
    struct sync_id id;
    struct span in = test_hex(HEAD "64"
                                   "01" HASH_A "c801"
                                   "00"
                                   "c801"
                                   "02"
                                   "02"
                                   "f80a" HASH_A "01" HASH_B "00");
    (void)state;
    assert_ok(payload_open(in, 66, &s, &r));
    assert_int_equal(s.kind, SCOPE_TOPICS);
    assert_int_equal(s.shards_count, 1);
    assert_int_equal(s.shards[0], 0);
    assert_false(s.foreign || s.all);
    assert_ok(payload_range(&r, &g));
    assert_int_equal(g.kind, RANGE_FINGERPRINT);
    assert_int_equal(g.lower.time_ns, 1000);
    assert_int_equal(g.upper.time_ns, 1100);
    assert_int_equal(g.fingerprint[0], 0xaa);
    assert_ok(payload_range(&r, &g));
    assert_int_equal(g.kind, RANGE_SKIP);
    assert_int_equal(g.upper.time_ns, 1300);
    assert_ok(payload_range(&r, &g));
    assert_int_equal(g.kind, RANGE_ITEMS);
    assert_false(g.resolved);
    assert_true(items_next(&g.items, &id));
    assert_int_equal(id.time_ns, 1400);
    assert_true(items_next(&g.items, &id));
    assert_int_equal(id.time_ns, 1401);
    assert_int_equal(id.hash[0], 0xbb);
    assert_false(items_next(&g.items, &id));
    assert_err(payload_range(&r, &g), ERR_MORE);
}

/* Bounds of one time are told apart by the first bytes of a hash. */
static void bound_within_a_nanosecond(void **state)
{
    struct buf b = BUF_INIT(1000);
    struct payload_writer w;
    struct scope s;
    struct payload_reader r;
    struct range g;
    const struct sync_id upper =
        id_of(1000, "aabb"
                    "000000000000000000000000000000000000000000000000000000000000");
    (void)state;
    payload_begin(&w, &b, 66, &one, &SYNC_ID_AT(1000));
    assert_ok(payload_items(&w, &upper, SPAN_EMPTY, 0, true));
    assert_ok(payload_end(&w));
    assert_span_equal(buf_span(&b), test_hex(HEAD "00"
                                                  "02"
                                                  "aabb"
                                                  "02"
                                                  "00"
                                                  "01"));
    assert_ok(payload_open(buf_span(&b), 66, &s, &r));
    assert_ok(payload_range(&r, &g));
    assert_int_equal(sync_id_cmp(&g.upper, &upper), 0);
    buf_clear(&b);
}

static void cluster_and_shards(void **state)
{
    struct scope s;
    struct payload_reader r;
    struct buf b = BUF_INIT(1000);
    struct payload_writer w;
    const struct scope own = {.kind = SCOPE_SHARDS, .shards = {0, 5, 300}, .shards_count = 3};
    const char *wanted = "42"
                         "03"
                         "00"
                         "05"
                         "ac02"
                         "e807"
                         "64"
                         "01" HASH_A;
    (void)state;
    payload_begin(&w, &b, 66, &own, &SYNC_ID_AT(1000));
    assert_ok(payload_fingerprint(&w, &SYNC_ID_AT(1100), test_hex(HASH_A).ptr));
    assert_ok(payload_end(&w));
    assert_span_equal(buf_span(&b), test_hex(wanted));
    assert_ok(payload_open(buf_span(&b), 66, &s, &r));
    assert_int_equal(s.kind, SCOPE_SHARDS);
    assert_int_equal(s.shards_count, 3);
    assert_int_equal(s.shards[2], 300);
    assert_false(s.foreign);
    assert_ok(payload_open(buf_span(&b), 67, &s, &r));
    assert_true(s.foreign);
    buf_clear(&b);
}

static void empty_payloads(void **state)
{
    struct scope s;
    struct payload_reader r;
    struct buf b = BUF_INIT(10);
    struct payload_writer w;
    (void)state;
    assert_err(payload_open(SPAN_EMPTY, 66, &s, &r), ERR_NOT_FOUND);
    assert_err(payload_open(test_hex("00"), 66, &s, &r), ERR_NOT_FOUND);
    payload_begin(&w, &b, 66, &one, &SYNC_ID_AT(1000));
    payload_skip(&w, &SYNC_ID_AT(2000));
    assert_ok(payload_end(&w));
    assert_span_equal(buf_span(&b), test_hex("00"));
    buf_clear(&b);
}

static void topics_are_bounded_and_foreign_ones_noted(void **state)
{
    struct scope s;
    struct payload_reader r;
    struct buf b = BUF_INIT(100000);
    struct writer w = writer_to(&b);
    (void)state;
    for (unsigned over = 0; over < 2; over++) {
        buf_reset(&b);
        write_u8(&w, 0);
        write_u8(&w, (uint8_t)(0x80 | ((SYNC_CONTENTS_MAX + over) & 0x7f)));
        write_u8(&w, (uint8_t)((SYNC_CONTENTS_MAX + over) >> 7));
        for (unsigned i = 0; i < SYNC_CONTENTS_MAX + over; i++)
            write_bytes(&w, test_hex("02"
                                     "2f61"));
        write_bytes(&w, test_hex("e807"
                                 "64"
                                 "00"));
        assert_ok(writer_status(&w));
        assert_err(payload_open(buf_span(&b), 66, &s, &r), over ? ERR_LIMIT : OK);
    }
    assert_ok(payload_open(test_hex("01"
                                    "0e"
                                    "2f77616b752f322f72732f312f30"
                                    "00"
                                    "e807"
                                    "64"
                                    "00"),
                           66, &s, &r));
    assert_true(s.foreign);
    assert_int_equal(s.shards_count, 0);
    buf_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fingerprint_skip_and_set),
        cmocka_unit_test(what_was_written_is_read),
        cmocka_unit_test(bound_within_a_nanosecond),
        cmocka_unit_test(cluster_and_shards),
        cmocka_unit_test(empty_payloads),
        cmocka_unit_test(topics_are_bounded_and_foreign_ones_noted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
