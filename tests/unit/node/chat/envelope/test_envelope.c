/* What the network sees: sizes of nine classes and nothing else. */
#include "node/chat/envelope/envelope.h"
#include "tests/lib/testing.h"

#define TOPIC SPAN_LIT("/sotto/1/b2a/bin")

static struct envelope_keys keys_of(struct test_env *t)
{
    struct envelope_keys k;
    rng_fill(t->env.rng, &k, sizeof k);
    return k;
}

static void every_content_comes_back_in_its_class(void **state)
{
    (void)state;
    struct test_env t;
    test_env_init(&t, 1);
    struct envelope_keys k = keys_of(&t);
    static uint8_t content[131072];
    rng_fill(t.env.rng, content, sizeof content);
    size_t max = envelope_content_max();
    const size_t lengths[] = {1, 475, 476, 1000, 5000, 65499, 65500, max};
    struct buf sealed = BUF_INIT(ENVELOPE_BYTES_MAX), opened = BUF_INIT(ENVELOPE_BYTES_MAX);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        buf_reset(&sealed);
        assert_ok(envelope_seal(&k, t.env.rng, TOPIC, span_of(content, lengths[i]), &sealed));
        assert_int_equal(sealed.len, envelope_class(lengths[i]));
        assert_true(envelope_matches(buf_span(&sealed), k.header));
        assert_ok(envelope_open(&k, TOPIC, buf_span(&sealed), &opened));
        assert_span_equal(buf_span(&opened), span_of(content, lengths[i]));
    }
    assert_int_equal(envelope_class(475), 512);
    assert_int_equal(envelope_class(476), 1024);
    assert_int_equal(envelope_class(max + 1), 0);
    buf_reset(&sealed);
    assert_err(envelope_seal(&k, t.env.rng, TOPIC, span_of(content, max + 1), &sealed), ERR_LIMIT);
    assert_err(envelope_seal(&k, t.env.rng, TOPIC, SPAN_EMPTY, &sealed), ERR_LIMIT);
    assert_int_equal(sealed.len, 0);
    buf_clear(&sealed);
    buf_clear(&opened);
    test_env_clear(&t);
}

static void changed_moved_or_foreign_envelopes_do_not_open(void **state)
{
    (void)state;
    struct test_env t;
    test_env_init(&t, 2);
    struct envelope_keys k = keys_of(&t), other = keys_of(&t);
    struct buf sealed = BUF_INIT(ENVELOPE_BYTES_MAX), opened = BUF_INIT(ENVELOPE_BYTES_MAX);
    assert_ok(envelope_seal(&k, t.env.rng, TOPIC, SPAN_LIT("hello"), &sealed));
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.ptr[i] ^= 0x40;
        enum err err = envelope_open(&k, TOPIC, buf_span(&sealed), &opened);
        assert_err(err, i == 0 ? ERR_UNSUPPORTED : ERR_AUTH);
        assert_int_equal(opened.len, 0);
        sealed.ptr[i] ^= 0x40;
    }
    assert_err(envelope_open(&k, SPAN_LIT("/sotto/1/b2b/bin"), buf_span(&sealed), &opened),
               ERR_AUTH);
    assert_err(envelope_open(&other, TOPIC, buf_span(&sealed), &opened), ERR_AUTH);
    memcpy(other.header, k.header, sizeof other.header);
    assert_true(envelope_matches(buf_span(&sealed), other.header));
    assert_err(envelope_open(&other, TOPIC, buf_span(&sealed), &opened), ERR_AUTH);
    assert_err(envelope_open(&k, TOPIC, span_sub(buf_span(&sealed), 0, 511), &opened), ERR_FORMAT);
    assert_err(envelope_open(&k, TOPIC, SPAN_EMPTY, &opened), ERR_FORMAT);
    assert_false(envelope_matches(SPAN_EMPTY, k.header));
    buf_clear(&sealed);
    buf_clear(&opened);
    test_env_clear(&t);
}

/* Every byte behind the version is uniform: 1,024 envelopes of one text, chi-square with 255
 * degrees of freedom over each offset; 400 is passed once in 10^8. A fixed nonce fails at offset 1.
 */
static void nothing_but_the_version_repeats(void **state)
{
    (void)state;
    struct test_env t;
    test_env_init(&t, 3);
    struct envelope_keys k = keys_of(&t);
    static uint32_t seen[ENVELOPE_BYTES_MIN][256];
    struct buf sealed = BUF_INIT(ENVELOPE_BYTES_MAX);
    memset(seen, 0, sizeof seen);
    for (int n = 0; n < 1024; n++) {
        buf_reset(&sealed);
        assert_ok(envelope_seal(&k, t.env.rng, TOPIC, SPAN_LIT("always the same"), &sealed));
        for (size_t i = 0; i < sealed.len; i++)
            seen[i][sealed.ptr[i]]++;
    }
    assert_int_equal(seen[0][1], 1024);
    for (size_t i = 1; i < ENVELOPE_BYTES_MIN; i++) {
        double sum = 0;
        for (size_t v = 0; v < 256; v++)
            sum += (seen[i][v] - 4.0) * (seen[i][v] - 4.0) / 4.0;
        if (sum > 400)
            fail_msg("offset %zu: chi-square %.0f", i, sum);
    }
    buf_clear(&sealed);
    test_env_clear(&t);
}

static void buckets_hold_for_a_week_and_spread(void **state)
{
    (void)state;
    struct test_env t;
    test_env_init(&t, 4);
    uint8_t address[32];
    unsigned used[256] = {0}, different = 0;
    char topic[ENVELOPE_TOPIC_BYTES];
    for (int i = 0; i < 2000; i++) {
        rng_fill(t.env.rng, address, sizeof address);
        uint8_t now = envelope_bucket(address, 2900), later = envelope_bucket(address, 2901);
        assert_int_equal(now, envelope_bucket(address, 2900));
        used[now]++;
        different += now != later;
    }
    assert_true(different > 1900);
    for (size_t i = 0; i < 256; i++)
        assert_in_range(used[i], 0, 30);
    envelope_topic(ENVELOPE_BUCKET, 0x2a, topic);
    assert_string_equal(topic, "/sotto/1/b2a/bin");
    envelope_topic(ENVELOPE_INTRO, 0xf0, topic);
    assert_string_equal(topic, "/sotto/1/if0/bin");
    test_env_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_content_comes_back_in_its_class),
        cmocka_unit_test(changed_moved_or_foreign_envelopes_do_not_open),
        cmocka_unit_test(nothing_but_the_version_repeats),
        cmocka_unit_test(buckets_hold_for_a_week_and_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
