#include "net/waku/waku.h"
#include "tests/lib/testing.h"

#define CONTENT_TOPIC SPAN_LIT("/waku/2/default-content/proto")

static struct waku_message sample(void)
{
    return (struct waku_message){.payload = test_hex("010203045445535405060708"),
                                 .content_topic = CONTENT_TOPIC,
                                 .timestamp_ns = 0x175789bfa23f8400};
}

static void all_fields_come_back_as_they_went(void **state)
{
    (void)state;
    struct waku_message m = sample(), back;
    struct buf b = BUF_INIT(1024);
    m.meta = SPAN_LIT("super-secret");
    m.proof = SPAN_LIT("proof");
    m.version = 2;
    m.timestamp_ns = -5;
    m.ephemeral = true;
    assert_ok(waku_message_encode(&m, &b));
    assert_ok(waku_message_decode(buf_span(&b), &back));
    assert_span_equal(back.payload, m.payload);
    assert_span_equal(back.content_topic, m.content_topic);
    assert_span_equal(back.meta, m.meta);
    assert_span_equal(back.proof, m.proof);
    assert_int_equal(back.version, 2);
    assert_int_equal(back.timestamp_ns, -5);
    assert_true(back.ephemeral && back.has_payload && back.has_content_topic);
    buf_clear(&b);
}

static void field_numbers_and_zigzag_are_those_of_the_specification(void **state)
{
    (void)state;
    struct waku_message m;
    /* 1: "a", 2: "/t", 3: 7, 10: zigzag(-1) = 1, 11: ff, 21: ee, 31: true, 40: skipped */
    assert_ok(waku_message_decode(
        test_hex("0a0161 12022f74 1807 5001 5a01ff aa0101ee f80101 c00205"), &m));
    assert_span_equal(m.payload, SPAN_LIT("a"));
    assert_span_equal(m.content_topic, SPAN_LIT("/t"));
    assert_int_equal(m.version, 7);
    assert_int_equal(m.timestamp_ns, -1);
    assert_span_equal(m.meta, test_hex("ff"));
    assert_span_equal(m.proof, test_hex("ee"));
    assert_true(m.ephemeral);
}

static void absent_fields_are_zero(void **state)
{
    (void)state;
    struct waku_message m;
    assert_ok(waku_message_decode(SPAN_EMPTY, &m));
    assert_false(m.has_payload || m.has_content_topic || m.ephemeral);
    assert_int_equal(m.version, 0);
    assert_int_equal(m.timestamp_ns, 0);
    assert_ok(waku_message_decode(test_hex("1800f80100"), &m)); /* js writes defaults out */
    assert_false(m.ephemeral);
}

static void meta_over_64_bytes_is_refused(void **state)
{
    (void)state;
    struct waku_message m = sample();
    struct buf b = BUF_INIT(1024);
    uint8_t meta[65] = {0};
    m.meta = span_of(meta, 65);
    assert_err(waku_message_encode(&m, &b), ERR_LIMIT);
    m.meta = span_of(meta, 64);
    assert_ok(waku_message_encode(&m, &b));
    assert_ok(waku_message_decode(buf_span(&b), &m));
    assert_err(waku_message_decode(test_hex("5a41"
                                            "00000000000000000000000000000000"
                                            "00000000000000000000000000000000"
                                            "00000000000000000000000000000000"
                                            "00000000000000000000000000000000"
                                            "00"),
                                   &m),
               ERR_LIMIT);
    buf_clear(&b);
}

static void malformed_messages_are_refused(void **state)
{
    (void)state;
    struct waku_message m;
    assert_err(waku_message_decode(test_hex("0a05"), &m), ERR_FORMAT);     /* cut */
    assert_err(waku_message_decode(test_hex("0801"), &m), ERR_FORMAT);     /* payload as varint */
    assert_err(waku_message_decode(test_hex("520161"), &m), ERR_FORMAT);   /* timestamp as bytes */
    assert_err(waku_message_decode(test_hex("ffffffff"), &m), ERR_FORMAT); /* no key */
}

static void check_hash(struct span topic, const struct waku_message *m, const char *wanted)
{
    uint8_t hash[32];
    waku_message_hash(topic, m, hash);
    assert_span_equal(SPAN_ARRAY(hash), test_hex(wanted));
}

/* 14/WAKU2-MESSAGE "Test vectors", and those of nwaku's test_message_digest.nim */
static void message_hash_agrees_with_the_vectors(void **state)
{
    (void)state;
    struct span old = SPAN_LIT("/waku/2/default-waku/proto"), rs = SPAN_LIT("/waku/2/rs/0/0");
    struct waku_message m = sample();
    uint8_t meta[64];
    for (uint8_t i = 0; i < 64; i++)
        meta[i] = i;
    check_hash(old, &m, "a2554498b31f5bcdfcbf7fa58ad1c2d45f0254f3f8110a85588ec3cf10720fd8");
    check_hash(rs, &m, "cccab07fed94181c83937c8ca8340c9108492b7ede354a6d95421ad34141fd37");
    m.meta = SPAN_LIT("super-secret");
    check_hash(old, &m, "64cce733fed134e83da02b02c6f689814872b1a0ac97ea56b76095c3c72bfe05");
    check_hash(rs, &m, "b9b4852f9d8c489846e8bfc6c5ca6a1a8d460a40d28832a966e029eb39619199");
    m.meta = SPAN_ARRAY(meta);
    check_hash(old, &m, "7158b6498753313368b9af8f6e0a0a05104f68f972981da42a43bc53fb0c1b27");
    check_hash(rs, &m, "653460d04f66c5b11814d235152f4f246e6f03ef80a305a825913636fbafd0ba");
    m.meta = SPAN_LIT("super-secret");
    m.payload = SPAN_EMPTY;
    check_hash(old, &m, "483ea950cb63f9b9d6926b262bb36194d3f40a0463ce8446228350bd44e96de4");
    check_hash(rs, &m, "0f6448cc23b2db6c696aa6ab4b693eff4cf3549ff346fe1dbeb281697396a09f");
}

static enum gossipsub_verdict verdict(const char *hex)
{
    struct waku_message m;
    return waku_relay_verdict(test_hex(hex), WAKU_MESSAGE_BYTES_MAX, &m);
}

static void relay_accepts_what_everyone_accepts(void **state)
{
    (void)state;
    assert_int_equal(verdict("0a0161 12022f74"),
                     GOSSIPSUB_ACCEPT);                      /* no timestamp: not relay's rule */
    assert_int_equal(verdict("12022f74"), GOSSIPSUB_REJECT); /* no payload */
    assert_int_equal(verdict("0a0161"), GOSSIPSUB_REJECT);   /* no content topic */
    assert_int_equal(verdict(""), GOSSIPSUB_REJECT);
    assert_int_equal(verdict("0a0161 1202"), GOSSIPSUB_REJECT); /* cut */
    assert_int_equal(verdict("0a00 12022f74"), GOSSIPSUB_IGNORE);
    assert_int_equal(verdict("0a0161 1200"), GOSSIPSUB_IGNORE);
}

static void relay_limit_counts_the_encoded_message(void **state)
{
    (void)state;
    struct waku_message m = sample(), out;
    struct buf b = BUF_INIT(200000);
    static uint8_t payload[WAKU_MESSAGE_BYTES_MAX];
    size_t overhead;
    m.payload = span_of(payload, 150000);
    assert_ok(waku_message_encode(&m, &b));
    overhead = b.len - 150000;
    buf_reset(&b);
    m.payload = span_of(payload, WAKU_MESSAGE_BYTES_MAX - overhead);
    assert_ok(waku_message_encode(&m, &b));
    assert_int_equal(b.len, WAKU_MESSAGE_BYTES_MAX);
    assert_int_equal(waku_relay_verdict(buf_span(&b), WAKU_MESSAGE_BYTES_MAX, &out),
                     GOSSIPSUB_ACCEPT);
    assert_int_equal(waku_relay_verdict(buf_span(&b), WAKU_MESSAGE_BYTES_MAX - 1, &out),
                     GOSSIPSUB_REJECT);
    buf_clear(&b);
}

static void archive_takes_20_seconds_either_way_and_nothing_ephemeral(void **state)
{
    (void)state;
    struct waku_message m = sample();
    int64_t t = m.timestamp_ns;
    assert_true(waku_archivable(&m, (struct wall){t}));
    assert_true(waku_archivable(&m, (struct wall){t + 20 * NS_PER_S}));
    assert_true(waku_archivable(&m, (struct wall){t - 20 * NS_PER_S}));
    assert_false(waku_archivable(&m, (struct wall){t + 20 * NS_PER_S + 1}));
    assert_false(waku_archivable(&m, (struct wall){t - 20 * NS_PER_S - 1}));
    m.ephemeral = true;
    assert_false(waku_archivable(&m, (struct wall){t}));
    m.ephemeral = false;
    m.timestamp_ns = INT64_MIN; /* no overflow */
    assert_false(waku_archivable(&m, (struct wall){t}));
    m.timestamp_ns = INT64_MAX;
    assert_false(waku_archivable(&m, (struct wall){-5}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_fields_come_back_as_they_went),
        cmocka_unit_test(field_numbers_and_zigzag_are_those_of_the_specification),
        cmocka_unit_test(absent_fields_are_zero),
        cmocka_unit_test(meta_over_64_bytes_is_refused),
        cmocka_unit_test(malformed_messages_are_refused),
        cmocka_unit_test(message_hash_agrees_with_the_vectors),
        cmocka_unit_test(relay_accepts_what_everyone_accepts),
        cmocka_unit_test(relay_limit_counts_the_encoded_message),
        cmocka_unit_test(archive_takes_20_seconds_either_way_and_nothing_ephemeral),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
