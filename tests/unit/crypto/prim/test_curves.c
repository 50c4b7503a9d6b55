#include "crypto/prim/dh.h"
#include "crypto/prim/sign.h"
#include "tests/lib/testing.h"

static void x25519_is_that_of_rfc_7748(void **state)
{
    (void)state; /* 5.2 */
    uint8_t out[32];
    assert_ok(x25519(
        test_hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4").ptr,
        test_hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c").ptr, out));
    assert_span_equal(SPAN_ARRAY(out),
                      test_hex("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"));

    uint8_t k[32] = {9}, u[32] = {9}, next[32]; /* 5.2, iterated a thousand times */
    for (unsigned i = 0; i < 1000; i++) {
        assert_ok(x25519(k, u, next));
        memcpy(u, k, 32);
        memcpy(k, next, 32);
    }
    assert_span_equal(SPAN_ARRAY(k),
                      test_hex("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"));

    uint8_t nine[32] = {9}, pub[32];
    x25519_public(k, pub);
    assert_ok(x25519(k, nine, next));
    assert_memory_equal(pub, next, 32);
}

static void x25519_refuses_small_order(void **state)
{
    (void)state;
    uint8_t secret[32] = {7}, out[32];
    const char *points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    };
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        memset(out, 1, sizeof out);
        assert_err(x25519(secret, test_hex(points[i]).ptr, out), ERR_AUTH);
        assert_int_equal(out[0] | out[31], 0);
    }
}

static void ed25519_is_that_of_rfc_8032(void **state)
{
    (void)state; /* 7.1, tests 1 and 3 */
    static const struct {
        const char *seed, *pk, *msg, *sig;
    } cases[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701"
         "c"
         "f9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f7609"
         "8"
         "4dc6594a7c15e9716ed28dc027beceea1ec40a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span seed = test_hex(cases[i].seed), msg = test_hex(cases[i].msg);
        uint8_t pk[32], sig[64];
        ed25519_public(seed.ptr, pk);
        assert_span_equal(SPAN_ARRAY(pk), test_hex(cases[i].pk));
        ed25519_sign(seed.ptr, pk, msg, sig);
        assert_span_equal(SPAN_ARRAY(sig), test_hex(cases[i].sig));
        assert_ok(ed25519_verify(pk, msg, sig));
        for (size_t j = 0; j < 64; j++) {
            sig[j] ^= 8;
            assert_err(ed25519_verify(pk, msg, sig), ERR_AUTH);
            sig[j] ^= 8;
        }
    }
}

/* sig's S plus the group order: the same equation, another encoding */
static void add_order(uint8_t s[32])
{
    struct span order =
        test_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    unsigned carry = 0;
    for (size_t i = 0; i < 32; i++) {
        carry += (unsigned)s[i] + order.ptr[i];
        s[i] = (uint8_t)carry;
        carry >>= 8;
    }
}

static void ed25519_is_strict(void **state)
{
    (void)state;
    uint8_t seed[32] = {1}, pk[32], sig[64];
    struct span msg = SPAN_LIT("one verifier everywhere");
    ed25519_public(seed, pk);
    ed25519_sign(seed, pk, msg, sig);
    add_order(sig + 32);
    assert_err(ed25519_verify(pk, msg, sig), ERR_AUTH);

    /* A of small order, S = 0, R = identity: holds for every message by the bare equation */
    static const char *small[] = {
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* y = 1 + p */
        "0100000000000000000000000000000000000000000000000000000000000080", /* x = -0 */
    };
    uint8_t odd[64] = {1};
    for (size_t i = 0; i < sizeof small / sizeof *small; i++) {
        struct span a = test_hex(small[i]);
        assert_err(ed25519_verify(a.ptr, msg, odd), ERR_AUTH);
        memcpy(sig, a.ptr, 32); /* and as R under an honest key */
        assert_err(ed25519_verify(pk, msg, sig), ERR_AUTH);
    }
}

static void nist_points_are_checked(void **state)
{
    (void)state;
    static const struct dh *const groups[] = {&dh_p256, &dh_p384, &dh_p521};
    for (size_t g = 0; g < 3; g++) {
        const struct dh *d = groups[g];
        uint8_t secret[DH_SECRET_BYTES_MAX] = {0, 7}, pub[DH_PUBLIC_BYTES_MAX], out[66];
        assert_ok(dh_public(d, secret, pub));
        assert_ok(dh_check_public(d, pub));
        assert_ok(dh_agree(d, secret, pub, out));
        pub[0] =
            (uint8_t)(6 | (pub[d->public_bytes - 1] & 1)); /* the hybrid form of the same point */
        assert_err(dh_check_public(d, pub), ERR_FORMAT);
        assert_err(dh_agree(d, secret, pub, out), ERR_AUTH);
        pub[0] = 4, pub[9] ^= 1; /* off the curve */
        assert_err(dh_check_public(d, pub), ERR_FORMAT);
        assert_err(dh_agree(d, secret, pub, out), ERR_AUTH);
        assert_int_equal(out[0] | out[31], 0);
    }
}

static void descriptors_agree_with_the_functions(void **state)
{
    (void)state;
    uint8_t seed[32] = {4}, pk[32], sig[64];
    size_t len = 0;
    assert_ok(sign_public(&sign_ed25519, seed, pk));
    assert_ok(sign_make(&sign_ed25519, seed, pk, SPAN_LIT("m"), sig, &len));
    assert_int_equal(len, 64);
    assert_ok(ed25519_verify(pk, SPAN_LIT("m"), sig));
    assert_ok(sign_verify(&sign_ed25519, SPAN_ARRAY(pk), SPAN_LIT("m"), SPAN_ARRAY(sig)));
    assert_err(sign_verify(&sign_ed25519, span_of(pk, 31), SPAN_LIT("m"), SPAN_ARRAY(sig)),
               ERR_AUTH);
    assert_err(sign_verify(&sign_ed25519, SPAN_ARRAY(pk), SPAN_LIT("m"), span_of(sig, 63)),
               ERR_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(x25519_is_that_of_rfc_7748),
        cmocka_unit_test(x25519_refuses_small_order),
        cmocka_unit_test(ed25519_is_that_of_rfc_8032),
        cmocka_unit_test(ed25519_is_strict),
        cmocka_unit_test(nist_points_are_checked),
        cmocka_unit_test(descriptors_agree_with_the_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
