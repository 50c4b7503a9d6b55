#include "crypto/prim/secp.h"
#include "crypto/prim/sha2.h"
#include "tests/lib/testing.h"

static const uint8_t ONE[32] = {[31] = 1};
static const char ORDER[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

/* a widely published RFC 6979 vector: secret 1 signs "Satoshi Nakamoto" */
static const char SATOSHI[] = "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
                              "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5";

static void signatures_are_deterministic(void **state)
{
    (void)state;
    uint8_t pub[33], hash[32], sig[64];
    assert_ok(secp_public(ONE, pub));
    assert_span_equal(
        SPAN_ARRAY(pub),
        test_hex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"));
    sha256(SPAN_LIT("Satoshi Nakamoto"), hash);
    assert_ok(secp_sign_hash(ONE, hash, sig));
    assert_span_equal(SPAN_ARRAY(sig), test_hex(SATOSHI));
    assert_ok(secp_verify_hash(SPAN_ARRAY(pub), hash, sig));
    hash[0] ^= 1;
    assert_err(secp_verify_hash(SPAN_ARRAY(pub), hash, sig), ERR_AUTH);
}

static void der_signs_the_hash_of_the_message(void **state)
{
    (void)state;
    uint8_t pub[33], der[SECP_DER_BYTES_MAX];
    size_t len;
    assert_ok(secp_public(ONE, pub));
    assert_ok(secp_sign_der(ONE, SPAN_LIT("Satoshi Nakamoto"), der, &len));
    assert_int_equal(len, 71); /* r has its top bit set */
    assert_memory_equal(der + 5, test_hex(SATOSHI).ptr, 32);
    struct span sig = span_of(der, len);
    assert_ok(secp_verify_der(SPAN_ARRAY(pub), SPAN_LIT("Satoshi Nakamoto"), sig));
    assert_err(secp_verify_der(SPAN_ARRAY(pub), SPAN_LIT("satoshi Nakamoto"), sig), ERR_AUTH);
    assert_err(secp_verify_der(SPAN_ARRAY(pub), SPAN_LIT("Satoshi Nakamoto"), SPAN_EMPTY),
               ERR_AUTH);
    for (size_t i = 0; i < len; i++) {
        der[i] ^= 1;
        assert_err(secp_verify_der(SPAN_ARRAY(pub), SPAN_LIT("Satoshi Nakamoto"), sig), ERR_AUTH);
        der[i] ^= 1;
    }
    for (size_t i = 0; i < len; i++)
        assert_err(secp_verify_der(SPAN_ARRAY(pub), SPAN_LIT("Satoshi Nakamoto"), span_of(der, i)),
                   ERR_AUTH);
}

static void the_upper_s_is_refused(void **state)
{
    (void)state;
    uint8_t pub[33], hash[32], sig[64];
    struct span order = test_hex(ORDER);
    assert_ok(secp_public(ONE, pub));
    sha256(SPAN_LIT("Satoshi Nakamoto"), hash);
    memcpy(sig, test_hex(SATOSHI).ptr, 64);
    int borrow = 0;
    for (size_t i = 32; i-- > 0;) { /* s becomes order - s, which also solves the equation */
        int d = order.ptr[i] - sig[32 + i] - borrow;
        borrow = d < 0;
        sig[32 + i] = (uint8_t)(d + 256 * borrow);
    }
    assert_err(secp_verify_hash(SPAN_ARRAY(pub), hash, sig), ERR_AUTH);
}

static void odd_secrets_and_points_are_refused(void **state)
{
    (void)state;
    uint8_t pub[33], out[64], zero[32] = {0};
    size_t len;
    assert_err(secp_public(zero, pub), ERR_ARGUMENT);
    assert_err(secp_public(test_hex(ORDER).ptr, pub), ERR_ARGUMENT);
    assert_err(secp_sign_hash(zero, ONE, out), ERR_ARGUMENT);
    assert_err(secp_sign_der(zero, SPAN_EMPTY, (uint8_t[SECP_DER_BYTES_MAX]){0}, &len),
               ERR_ARGUMENT);
    assert_ok(secp_public(ONE, pub));
    assert_ok(secp_uncompressed(SPAN_ARRAY(pub), out));
    uint8_t whole[65] = {4};
    memcpy(whole + 1, out, 64);
    assert_ok(secp_uncompressed(SPAN_ARRAY(whole), out));
    whole[0] = 6 | (whole[64] & 1); /* hybrid */
    assert_err(secp_uncompressed(SPAN_ARRAY(whole), out), ERR_FORMAT);
    whole[0] = 4;
    whole[64] ^= 1; /* off the curve */
    assert_err(secp_uncompressed(SPAN_ARRAY(whole), out), ERR_FORMAT);
    assert_err(secp_uncompressed(SPAN_EMPTY, out), ERR_FORMAT);
    assert_err(secp_uncompressed(span_of(pub, 32), out), ERR_FORMAT);
}

static void both_ends_share_a_point(void **state)
{
    (void)state;
    uint8_t a[32] = {1}, b[32] = {2}, pub_a[33], pub_b[33], ab[33], ba[33];
    assert_ok(secp_public(a, pub_a));
    assert_ok(secp_public(b, pub_b));
    assert_ok(secp_ecdh(a, SPAN_ARRAY(pub_b), ab));
    assert_ok(secp_ecdh(b, SPAN_ARRAY(pub_a), ba));
    assert_memory_equal(ab, ba, 33);
    assert_ok(secp_ecdh(ONE, SPAN_ARRAY(pub_a), ab)); /* one times a point is the point */
    assert_memory_equal(ab, pub_a, 33);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_deterministic),
        cmocka_unit_test(der_signs_the_hash_of_the_message),
        cmocka_unit_test(the_upper_s_is_refused),
        cmocka_unit_test(odd_secrets_and_points_are_refused),
        cmocka_unit_test(both_ends_share_a_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
