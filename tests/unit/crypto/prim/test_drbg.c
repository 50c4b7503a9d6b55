#include "crypto/prim/drbg.h"
#include "tests/lib/testing.h"

static const uint8_t SEED[DRBG_SEED_BYTES] = {1, 2, 3};

static void bytes_do_not_depend_on_how_they_are_asked_for(void **state)
{
    (void)state;
    struct drbg a, b;
    uint8_t whole[5000], pieces[5000];
    drbg_init(&a, SEED);
    drbg_init(&b, SEED);
    drbg_fill(&a, whole, sizeof whole);
    struct rng rng = drbg_rng(&b);
    for (size_t at = 0, n = 1; at < sizeof pieces; at += n, n = n % 97 + 1) {
        n = sizeof pieces - at < n ? sizeof pieces - at : n;
        rng_fill(&rng, pieces + at, n);
    }
    assert_memory_equal(whole, pieces, sizeof whole);
    drbg_clear(&a);
    drbg_clear(&b);
}

/* RFC 8439's ChaCha20 under a zero key and nonce begins 76b8e0ad...; the first 32 bytes of it are
 * the next key here, so output begins at byte 32. */
static void stream_is_chacha20(void **state)
{
    (void)state;
    static const uint8_t zero[DRBG_SEED_BYTES];
    struct drbg d;
    uint8_t out[32];
    drbg_init(&d, zero);
    drbg_fill(&d, out, sizeof out);
    assert_span_equal(SPAN_ARRAY(out),
                      test_hex("da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586"));
    drbg_clear(&d);
}

static void bytes_handed_out_are_forgotten(void **state)
{
    (void)state;
    struct drbg d;
    uint8_t out[2000];
    drbg_init(&d, SEED);
    drbg_fill(&d, out, sizeof out);
    for (size_t i = DRBG_SEED_BYTES; i < d.used; i++)
        assert_int_equal(d.pool[i], 0);
    assert_memory_not_equal(d.pool, SEED, sizeof SEED);
    assert_memory_not_equal(out, out + 1000, 1000);
    drbg_clear(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_do_not_depend_on_how_they_are_asked_for),
        cmocka_unit_test(stream_is_chacha20),
        cmocka_unit_test(bytes_handed_out_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
