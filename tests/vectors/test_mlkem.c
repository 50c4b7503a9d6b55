/* NIST's ACVP vectors for ML-KEM-768, the X-Wing draft's, and what the vectors do not say. */
#include "crypto/hpke/hpke.h"
#include "crypto/prim/mlkem768.h"
#include "crypto/prim/mlkem_poly.h"
#include "tests/lib/json.h"

struct file {
    struct arena a;
    const struct json *root;
};

static struct file open_file(const char *path)
{
    struct file f;
    arena_init(&f.a, (size_t)32 << 20);
    f.root = json_load(&f.a, path);
    return f;
}

static void acvp_key_generation(void **state)
{
    (void)state;
    struct file f = open_file("tests/vectors/mlkem768_acvp.json");
    uint8_t seed[64], pub[MLKEM768_PUBLIC_BYTES], secret[MLKEM768_SECRET_BYTES];
    size_t count = 0;
    for (JSON_EACH(t, json_get(f.root, "keyGen"))) {
        memcpy(seed, json_hex(&f.a, t, "d").ptr, 32);
        memcpy(seed + 32, json_hex(&f.a, t, "z").ptr, 32);
        mlkem768_key_pair(seed, pub, secret);
        assert_span_equal(SPAN_ARRAY(pub), json_hex(&f.a, t, "ek"));
        assert_span_equal(SPAN_ARRAY(secret), json_hex(&f.a, t, "dk"));
        assert_ok(mlkem768_check_public(pub));
        assert_ok(mlkem768_check_secret(secret));
        count++;
    }
    assert_int_equal(count, 25);
    secret[1200] ^= 1;
    assert_err(mlkem768_check_secret(secret), ERR_CORRUPT);
    arena_clear(&f.a);
}

static void acvp_encapsulation_and_decapsulation(void **state)
{
    (void)state;
    struct file f = open_file("tests/vectors/mlkem768_acvp.json");
    uint8_t c[MLKEM768_CIPHERTEXT_BYTES], shared[32];
    size_t count = 0;
    for (JSON_EACH(t, json_get(f.root, "encapsulation"))) {
        assert_ok(
            mlkem768_encap(json_hex(&f.a, t, "ek").ptr, json_hex(&f.a, t, "m").ptr, c, shared));
        assert_span_equal(SPAN_ARRAY(c), json_hex(&f.a, t, "c"));
        assert_span_equal(SPAN_ARRAY(shared), json_hex(&f.a, t, "k"));
        count++;
    }
    for (JSON_EACH(t, json_get(f.root, "decapsulation"))) { /* some are tampered with */
        mlkem768_decap(json_hex(&f.a, t, "dk").ptr, json_hex(&f.a, t, "c").ptr, shared);
        assert_span_equal(SPAN_ARRAY(shared), json_hex(&f.a, t, "k"));
        count++;
    }
    assert_int_equal(count, 35);
    arena_clear(&f.a);
}

static void unreduced_public_keys_are_refused(void **state)
{
    (void)state;
    uint8_t seed[64] = {3}, pub[MLKEM768_PUBLIC_BYTES], secret[MLKEM768_SECRET_BYTES];
    uint8_t c[MLKEM768_CIPHERTEXT_BYTES], shared[32];
    mlkem768_key_pair(seed, pub, secret);
    for (size_t at = 0; at < 1152; at += 3) { /* both coefficients of every three bytes */
        uint8_t keep[3];
        memcpy(keep, pub + at, 3);
        pub[at] = 0x01, pub[at + 1] = (uint8_t)((keep[1] & 0xf0) | 0x0d); /* 3329 */
        assert_err(mlkem768_encap(pub, seed, c, shared), ERR_AUTH);
        memcpy(pub + at, keep, 3);
        pub[at + 1] = (uint8_t)((keep[1] & 0x0f) | 0x10), pub[at + 2] = 0xd0;
        assert_err(mlkem768_check_public(pub), ERR_AUTH);
        pub[at + 1] = (uint8_t)(keep[1] & 0x0f); /* 3328 is fine */
        assert_ok(mlkem768_check_public(pub));
        memcpy(pub + at, keep, 3);
    }
}

static void rounding_is_exact_for_every_coefficient(void **state)
{
    (void)state;
    static const unsigned widths[] = {1, 4, 10};
    for (size_t w = 0; w < 3; w++) {
        for (uint32_t x = 0; x < MLKEM_Q; x++) {
            uint32_t wanted = ((x << widths[w]) + MLKEM_Q / 2) / MLKEM_Q % (1u << widths[w]);
            assert_int_equal(mlkem_compress((uint16_t)x, widths[w]), wanted);
        }
    }
}

static void products_in_the_ntt_domain_are_products(void **state)
{
    (void)state; /* against schoolbook multiplication modulo x^256 + 1 */
    struct poly a, b, sum = {{0}};
    uint32_t wanted[256] = {0};
    for (uint32_t i = 0; i < 256; i++) {
        a.c[i] = (uint16_t)((i * i * 31 + 3328) % MLKEM_Q);
        b.c[i] = (uint16_t)((i * 977 + 3327) % MLKEM_Q);
    }
    for (size_t i = 0; i < 256; i++) {
        for (size_t j = 0; j < 256; j++) {
            uint32_t product = (uint32_t)a.c[i] * b.c[j] % MLKEM_Q;
            size_t at = (i + j) % 256;
            wanted[at] = (wanted[at] + (i + j < 256 ? product : MLKEM_Q - product)) % MLKEM_Q;
        }
    }
    poly_ntt(&a);
    poly_ntt(&b);
    poly_add_product(&sum, &a, &b);
    poly_ntt_inverse(&sum);
    for (size_t i = 0; i < 256; i++)
        assert_int_equal(sum.c[i], wanted[i]);
}

static void fill_from_span(void *state, uint8_t *out, size_t len)
{
    struct span *left = state;
    assert_true(len <= left->len);
    memcpy(out, left->ptr, len);
    *left = span_after(*left, len);
}

static void xwing_draft(void **state)
{
    (void)state;
    struct file f = open_file("tests/vectors/xwing.json");
    uint8_t pub[1216], enc[1120], shared[32];
    size_t count = 0;
    for (JSON_EACH(t, f.root)) {
        struct span seed = json_hex(&f.a, t, "seed"), eseed = json_hex(&f.a, t, "eseed");
        assert_span_equal(seed, json_hex(&f.a, t, "sk"));
        assert_ok(hpke_public(&hpke_xwing, seed, pub));
        assert_span_equal(SPAN_ARRAY(pub), json_hex(&f.a, t, "pk"));
        assert_ok(hpke_xwing.encap(&hpke_xwing, eseed.ptr, pub, NULL, enc, shared));
        assert_span_equal(SPAN_ARRAY(enc), json_hex(&f.a, t, "ct"));
        assert_span_equal(SPAN_ARRAY(shared), json_hex(&f.a, t, "ss"));
        assert_ok(hpke_xwing.decap(&hpke_xwing, enc, seed.ptr, pub, NULL, shared));
        assert_span_equal(SPAN_ARRAY(shared), json_hex(&f.a, t, "ss"));
        count++;
    }
    assert_int_equal(count, 3);
    arena_clear(&f.a);
}

/* no vectors exist for this suite: both ends here must agree, and any damage must be noticed */
static void xwing_in_hpke(void **state)
{
    (void)state;
    struct hpke_suite suite = {&hpke_xwing, &hash_sha256, &aead_chacha20poly1305};
    uint8_t secret[32], pub[1216], enc[1120], sealed[20], text[4], random[96];
    memset(random, 7, sizeof random);
    struct span left = SPAN_ARRAY(random);
    struct rng rng = {fill_from_span, &left};
    assert_ok(hpke_key_pair(&hpke_xwing, &rng, secret, pub));
    assert_ok(hpke_seal(&suite, &rng, SPAN_ARRAY(pub), SPAN_LIT("i"), SPAN_LIT("a"),
                        SPAN_LIT("text"), enc, sealed));
    assert_ok(hpke_open(&suite, SPAN_ARRAY(enc), SPAN_ARRAY(secret), SPAN_EMPTY, SPAN_LIT("i"),
                        SPAN_LIT("a"), SPAN_ARRAY(sealed), text));
    assert_memory_equal(text, "text", 4);
    for (size_t i = 0; i < sizeof enc; i += 37) {
        enc[i] ^= 1;
        assert_err(hpke_open(&suite, SPAN_ARRAY(enc), SPAN_ARRAY(secret), SPAN_EMPTY, SPAN_LIT("i"),
                             SPAN_LIT("a"), SPAN_ARRAY(sealed), text),
                   ERR_AUTH);
        assert_int_equal(text[0], 0);
        enc[i] ^= 1;
    }
    struct hpke_mode mode = {.auth_secret = SPAN_ARRAY(secret)};
    struct hpke_context c;
    assert_err(hpke_setup_sender(&c, &suite, &rng, SPAN_ARRAY(pub), SPAN_EMPTY, &mode, enc),
               ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(acvp_key_generation),
        cmocka_unit_test(acvp_encapsulation_and_decapsulation),
        cmocka_unit_test(unreduced_public_keys_are_refused),
        cmocka_unit_test(rounding_is_exact_for_every_coefficient),
        cmocka_unit_test(products_in_the_ntt_domain_are_products),
        cmocka_unit_test(xwing_draft),
        cmocka_unit_test(xwing_in_hpke),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
