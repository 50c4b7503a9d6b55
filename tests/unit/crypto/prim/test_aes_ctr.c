#include "crypto/prim/aes_ctr.h"

#include "tests/lib/testing.h"

/* NIST SP 800-38A, F.5.1 */
static void as_nist_says(void **state)
{
    (void)state;
    struct span key = test_hex("2b7e151628aed2a6abf7158809cf4f3c");
    struct span iv = test_hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    struct span plain =
        test_hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
    uint8_t out[32];
    assert_ok(aes128_ctr(key.ptr, iv.ptr, plain, out));
    assert_span_equal(SPAN_ARRAY(out),
                      test_hex("874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"));
    assert_ok(aes128_ctr(key.ptr, iv.ptr, span_of(out, 20), out)); /* in place, a part of a block */
    assert_span_equal(span_of(out, 20), span_sub(plain, 0, 20));
    assert_ok(aes128_ctr(key.ptr, iv.ptr, SPAN_EMPTY, out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_nist_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
