#include "crypto/prim/keccak.h"
#include "tests/lib/testing.h"

#include <openssl/evp.h>

static void keccak_256_is_ethereums(void **state)
{
    (void)state; /* the hash of nothing, and of "abc", as in every Ethereum client */
    uint8_t out[32];
    keccak256(SPAN_EMPTY, out);
    assert_span_equal(SPAN_ARRAY(out),
                      test_hex("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"));
    keccak256(SPAN_LIT("abc"), out);
    assert_span_equal(SPAN_ARRAY(out),
                      test_hex("4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"));
}

static void sha3_is_that_of_fips_202(void **state)
{
    (void)state;
    uint8_t out[64];
    sha3_256(SPAN_LIT("abc"), out);
    assert_span_equal(span_of(out, 32),
                      test_hex("3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"));
    sha3_512(SPAN_EMPTY, out);
    assert_span_equal(SPAN_ARRAY(out),
                      test_hex("a69f73cca23a9ac5c8b567dc185a756e97c982164fe25859e0d1dcc1475c80a6"
                               "15b2123af1f5f94c11e3e9402c3ac558f500199d95b6d3e301758586281dcd26"));
}

/* libcrypto as the peer: every length around the rates, cut in two, squeezed in two */
static void agrees_with_libcrypto(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        struct keccak_variant variant;
        size_t bytes;
    } peers[] = {{"SHA3-256", {136, 0x06}, 32},
                 {"SHA3-512", {72, 0x06}, 64},
                 {"SHAKE128", {168, 0x1f}, 400},
                 {"SHAKE256", {136, 0x1f}, 400}};
    uint8_t in[400], wanted[400], got[400];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 13 + 1);
    for (size_t p = 0; p < 4; p++) {
        EVP_MD *md = EVP_MD_fetch(NULL, peers[p].name, NULL);
        EVP_MD_CTX *ctx = EVP_MD_CTX_new();
        for (size_t len = 0; len <= sizeof in; len++) {
            size_t n = peers[p].bytes;
            struct keccak k;
            assert_int_equal(EVP_DigestInit_ex2(ctx, md, NULL), 1);
            assert_int_equal(EVP_DigestUpdate(ctx, in, len), 1);
            assert_int_equal(n > 64 ? EVP_DigestFinalXOF(ctx, wanted, n)
                                    : EVP_DigestFinal_ex(ctx, wanted, NULL),
                             1);
            keccak_init(&k, peers[p].variant);
            keccak_absorb(&k, span_of(in, len / 3));
            keccak_absorb(&k, span_of(in + len / 3, len - len / 3));
            keccak_squeeze(&k, got, n / 5);
            keccak_squeeze(&k, got + n / 5, n - n / 5);
            assert_memory_equal(got, wanted, n);
        }
        EVP_MD_CTX_free(ctx);
        EVP_MD_free(md);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keccak_256_is_ethereums),
        cmocka_unit_test(sha3_is_that_of_fips_202),
        cmocka_unit_test(agrees_with_libcrypto),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
