/* Large work that is done once: what is skipped, and that no other input gets its result. */
#include "crypto/prim/aead.h"
#include "crypto/prim/large_memo.h"
#include "crypto/prim/sha2.h"
#include "tests/lib/testing.h"

static uint8_t text[3 * LARGE_MEMO_BYTES];

static void digest_of(const struct span *parts, size_t count, uint8_t out[SHA256_BYTES])
{
    memset(out, 0xaa, SHA256_BYTES);
    sha256_parts(parts, count, out);
}

static void digests_are_those_without_it(void **state)
{
    uint8_t plain[4][SHA256_BYTES], with[SHA256_BYTES], longer[HASH_BYTES_MAX],
        again[HASH_BYTES_MAX];
    (void)state;

    for (size_t round = 0; round < 3; round++) {
        uint64_t hits = large_memo_hits();
        for (size_t i = 0; i < 4; i++) {
            text[sizeof text - 1] = (uint8_t)i; /* only the last byte differs */
            struct span part = SPAN_ARRAY(text);
            digest_of(&part, 1, round == 0 ? plain[i] : with);
            if (round > 0)
                assert_memory_equal(with, plain[i], SHA256_BYTES);
        }
        assert_int_equal(large_memo_hits() - hits, round == 2 ? 4 : 0);
        if (round == 0)
            assert_ok(large_memo_begin());
    }
    struct span part = SPAN_ARRAY(text);
    hash_parts(&hash_sha512, &part, 1, longer); /* another function of the same bytes */
    hash_parts(&hash_sha512, &part, 1, again);
    assert_memory_equal(longer, again, 64);
    assert_memory_not_equal(longer, plain[3], SHA256_BYTES);
    large_memo_end();
    assert_int_equal(large_memo_hits(), 0);
    hash_parts(&hash_sha512, &part, 1, again);
    assert_memory_equal(longer, again, 64);
}

static void short_ones_and_others_cut_are_worked_out(void **state)
{
    uint8_t a[SHA256_BYTES], b[SHA256_BYTES];
    struct span brief = span_of(text, LARGE_MEMO_BYTES - 1), whole = SPAN_ARRAY(text);
    struct span halves[] = {span_of(text, 100), span_of(text + 100, sizeof text - 100)};
    (void)state;

    assert_ok(large_memo_begin());
    digest_of(&brief, 1, a);
    digest_of(&brief, 1, a);
    assert_int_equal(large_memo_hits(), 0);
    digest_of(&whole, 1, a);
    digest_of(halves, 2, b); /* the same digest, by work of its own */
    assert_memory_equal(a, b, SHA256_BYTES);
    assert_int_equal(large_memo_hits(), 0);
    digest_of(halves, 2, b);
    assert_memory_equal(a, b, SHA256_BYTES);
    assert_int_equal(large_memo_hits(), 1);
    large_memo_end();
}

static void the_oldest_gives_way(void **state)
{
    uint8_t a[SHA256_BYTES];
    struct span whole = SPAN_ARRAY(text);
    (void)state;

    assert_ok(large_memo_begin());
    for (uint8_t i = 0; i <= LARGE_MEMO_PLACES; i++) {
        text[0] = i;
        digest_of(&whole, 1, a);
    }
    text[0] = 0;
    digest_of(&whole, 1, a);
    assert_int_equal(large_memo_hits(), 0);
    text[0] = LARGE_MEMO_PLACES;
    digest_of(&whole, 1, a);
    assert_int_equal(large_memo_hits(), 1);
    large_memo_end();
}

static void what_does_not_open_is_not_remembered(void **state)
{
    static uint8_t sealed[sizeof text + AEAD_TAG_BYTES], opened[sizeof text];
    static const uint8_t nonce[AEAD_NONCE_BYTES], zeros[sizeof text];
    const struct aead *a = &aead_chacha20poly1305;
    uint8_t key[32] = {1}, other[32] = {2};
    struct span part = SPAN_ARRAY(text), ad = SPAN_LIT("ad");
    (void)state;

    assert_ok(aead_seal_once(a, key, nonce, ad, &part, 1, sealed));
    assert_ok(large_memo_begin());
    for (int i = 0; i < 2; i++) {
        memset(opened, 0, sizeof opened);
        assert_ok(aead_open_once(a, key, nonce, ad, SPAN_ARRAY(sealed), opened));
        assert_memory_equal(opened, text, sizeof text);
    }
    assert_int_equal(large_memo_hits(), 1);
    for (int i = 0; i < 2; i++) { /* another key, another text beside it, a damaged byte */
        assert_err(aead_open_once(a, other, nonce, ad, SPAN_ARRAY(sealed), opened), ERR_AUTH);
        assert_memory_equal(opened, zeros, sizeof opened);
        assert_err(aead_open_once(a, key, nonce, SPAN_EMPTY, SPAN_ARRAY(sealed), opened), ERR_AUTH);
        sealed[9000] ^= 1;
        assert_err(aead_open_once(a, key, nonce, ad, SPAN_ARRAY(sealed), opened), ERR_AUTH);
        sealed[9000] ^= 1;
    }
    assert_int_equal(large_memo_hits(), 1);
    large_memo_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_without_it),
        cmocka_unit_test(short_ones_and_others_cut_are_worked_out),
        cmocka_unit_test(the_oldest_gives_way),
        cmocka_unit_test(what_does_not_open_is_not_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
