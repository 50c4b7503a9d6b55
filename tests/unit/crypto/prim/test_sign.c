#include "crypto/prim/sign.h"
#include "tests/lib/testing.h"

/* DER of two positive integers, for the (r, s) that RFC 6979 prints */
static size_t der_integer(struct span n, uint8_t *out)
{
    size_t at = 2;
    while (n.len > 1 && n.ptr[0] == 0)
        n = span_after(n, 1);
    if (n.ptr[0] & 0x80)
        out[at++] = 0;
    memcpy(out + at, n.ptr, n.len);
    out[0] = 2;
    out[1] = (uint8_t)(at - 2 + n.len);
    return at + n.len;
}

static struct span der(const char *r, const char *s, uint8_t *out)
{
    uint8_t body[160];
    size_t n = der_integer(test_hex(r), body), head = 2;
    n += der_integer(test_hex(s), body + n);
    out[0] = 0x30;
    if (n >= 0x80) {
        out[1] = 0x81;
        head = 3;
    }
    out[head - 1] = (uint8_t)n;
    memcpy(out + head, body, n);
    return span_of(out, head + n);
}

static void check(const struct sign *s, struct span secret, struct span wanted)
{
    uint8_t pub[SIGN_PUBLIC_BYTES_MAX], sig[SIGN_SIGNATURE_BYTES_MAX];
    size_t len = 0;
    struct span msg = SPAN_LIT("sample");

    assert_int_equal(secret.len, s->secret_bytes);
    assert_ok(sign_public(s, secret.ptr, pub));
    struct span pk = span_of(pub, s->public_bytes);
    assert_ok(sign_make(s, secret.ptr, pub, msg, sig, &len));
    assert_true(len <= s->signature_bytes_max);
    if (wanted.len > 0)
        assert_span_equal(span_of(sig, len), wanted);
    assert_ok(sign_verify(s, pk, msg, span_of(sig, len)));
    assert_err(sign_verify(s, pk, SPAN_LIT("samplf"), span_of(sig, len)), ERR_AUTH);
    assert_err(sign_verify(s, pk, msg, span_of(sig, len - 1)), ERR_AUTH);
    assert_err(sign_verify(s, span_of(pub, s->public_bytes - 1), msg, span_of(sig, len)), ERR_AUTH);
    for (size_t i = 0; i < len; i++) {
        sig[i] ^= 1;
        assert_err(sign_verify(s, pk, msg, span_of(sig, len)), ERR_AUTH);
        sig[i] ^= 1;
    }
    pub[s->public_bytes / 2] ^= 4;
    assert_err(sign_verify(s, pk, msg, span_of(sig, len)), ERR_AUTH);
}

static void ecdsa_is_that_of_rfc_6979(void **state)
{
    (void)state; /* A.2.5, A.2.6, A.2.7: the message "sample" */
    uint8_t out[160];
    check(&sign_ecdsa_p256_sha256,
          test_hex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"),
          der("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
              "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8", out));
    check(&sign_ecdsa_p384_sha384,
          test_hex("6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA47740787137D8"
                   "96D5724E4C70A825F872C9EA60D2EDF5"),
          der("94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C"
              "81A648152E44ACF96E36DD1E80FABE46",
              "99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94F"
              "A329C145786E679E7B82C71A38628AC8",
              out));
    check(&sign_ecdsa_p521_sha512,
          test_hex("00FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7E75"
                   "CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B0E996B83538"),
          der("00C328FAFCBD79DD77850370C46325D987CB525569FB63C5D3BC53950E6D4C5F"
              "174E25A1EE9017B5D450606ADD152B534931D7D4E8455CC91F9B15BF05EC36E377FA",
              "00617CCE7CF5064806C467F678D3B4080D6F1CC50AF26CA209417308281B68AF"
              "282623EAA63E5B5C0723D8B8C37FF0777B1A20F8CCB1DCCC43997F1EE0E44DA4A67A",
              out));
}

static void edwards_schemes_sign_and_verify(void **state)
{
    (void)state;
    check(&sign_ed25519,
          test_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"), SPAN_EMPTY);
    check(&sign_ed448,
          test_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
                   "202122232425262728292a2b2c2d2e2f303132333435363738"),
          SPAN_EMPTY);
}

static void ed448_is_that_of_rfc_8032(void **state)
{
    (void)state; /* 7.4, blank */
    uint8_t pub[57], sig[114];
    size_t len;
    struct span secret = test_hex("6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348a3"
                                  "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b");
    assert_ok(sign_public(&sign_ed448, secret.ptr, pub));
    assert_span_equal(SPAN_ARRAY(pub),
                      test_hex("5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"
                               "edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180"));
    assert_ok(sign_make(&sign_ed448, secret.ptr, pub, SPAN_EMPTY, sig, &len));
    assert_span_equal(SPAN_ARRAY(sig),
                      test_hex("533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a591f"
                               "2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4b18a"
                               "9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113a0f4db"
                               "b61149f05a7363268c71d95808ff2e652600"));
}

static void scalars_out_of_range_are_no_keys(void **state)
{
    (void)state;
    uint8_t zero[66] = {0}, big[66], pub[133], sig[139];
    size_t len;
    memset(big, 0xff, sizeof big);
    assert_err(sign_public(&sign_ecdsa_p256_sha256, zero, pub), ERR_ARGUMENT);
    assert_err(sign_public(&sign_ecdsa_p384_sha384, big, pub), ERR_ARGUMENT);
    assert_err(sign_make(&sign_ecdsa_p521_sha512, big, pub, SPAN_EMPTY, sig, &len), ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ecdsa_is_that_of_rfc_6979),
        cmocka_unit_test(edwards_schemes_sign_and_verify),
        cmocka_unit_test(ed448_is_that_of_rfc_8032),
        cmocka_unit_test(scalars_out_of_range_are_no_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
