#include "crypto/prim/aead.h"
#include "crypto/prim/hkdf.h"
#include "crypto/prim/sha2.h"
#include "tests/lib/testing.h"

#include <pthread.h>
#include <stdlib.h>

static void digests_are_those_of_fips_180(void **state)
{
    (void)state;
    uint8_t out[HASH_BYTES_MAX];
    struct span abc = SPAN_LIT("abc");
    sha256(abc, out);
    assert_span_equal(span_of(out, 32),
                      test_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    sha256(SPAN_EMPTY, out);
    assert_span_equal(span_of(out, 32),
                      test_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    hash_parts(&hash_sha384, &abc, 1, out);
    assert_span_equal(span_of(out, 48),
                      test_hex("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded163"
                               "1a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"));
    hash_parts(&hash_sha512, &abc, 1, out);
    assert_span_equal(span_of(out, 64), test_hex("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea2"
                                                 "0a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
                                                 "454d4423643ce80e2a9ac94fa54ca49f"));
}

static void a_running_hash_is_a_value(void **state)
{
    (void)state;
    uint8_t bytes[300], whole[32], piecewise[32], fork_out[32];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (size_t cut = 0; cut <= sizeof bytes; cut += 13) {
        struct span parts[3] = {span_of(bytes, cut), SPAN_EMPTY,
                                span_of(bytes + cut, sizeof bytes - cut)};
        struct hash_state s, fork;
        sha256(SPAN_ARRAY(bytes), whole);
        sha256_parts(parts, 3, piecewise);
        assert_memory_equal(whole, piecewise, 32);
        hash_init(&s, &hash_sha256);
        hash_add(&s, parts[0]);
        fork = s;
        hash_add(&s, parts[2]);
        hash_end(&s, piecewise);
        assert_memory_equal(whole, piecewise, 32);
        assert_null(s.hash); /* wiped */
        hash_add(&fork, parts[2]);
        hash_end(&fork, fork_out);
        assert_memory_equal(whole, fork_out, 32);
    }
}

static void hmac_is_that_of_rfc_4231(void **state)
{
    (void)state;
    uint8_t key[131], out[64];
    struct span hi = SPAN_LIT("Hi There");
    memset(key, 0x0b, 20);
    hmac(&hash_sha256, span_of(key, 20), &hi, 1, out);
    assert_span_equal(span_of(out, 32),
                      test_hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"));
    hmac(&hash_sha512, span_of(key, 20), &hi, 1, out);
    assert_span_equal(span_of(out, 64),
                      test_hex("87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                               "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854"));
    memset(key, 0xaa, sizeof key); /* longer than a block */
    struct span parts[2] = {SPAN_LIT("Test Using Larger Than Block-Size"),
                            SPAN_LIT(" Key - Hash Key First")};
    hmac(&hash_sha256, SPAN_ARRAY(key), parts, 2, out);
    assert_span_equal(span_of(out, 32),
                      test_hex("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"));
    hmac(&hash_sha384, SPAN_ARRAY(key), parts, 2, out);
    assert_span_equal(span_of(out, 48),
                      test_hex("4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f"
                               "3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952"));
}

static void hkdf_is_that_of_rfc_5869(void **state)
{
    (void)state;
    uint8_t ikm[80], prk[32], okm[82];
    memset(ikm, 0x0b, 22); /* A.1 */
    hkdf_extract(&hash_sha256, test_hex("000102030405060708090a0b0c"), span_of(ikm, 22), prk);
    assert_span_equal(SPAN_ARRAY(prk),
                      test_hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"));
    hkdf_expand(&hash_sha256, SPAN_ARRAY(prk), test_hex("f0f1f2f3f4f5f6f7f8f9"), okm, 42);
    assert_span_equal(span_of(okm, 42), test_hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c"
                                                 "5db02d56ecc4c5bf34007208d5b887185865"));
    hkdf_extract(&hash_sha256, SPAN_EMPTY, span_of(ikm, 22), prk); /* A.3: no salt, no info */
    hkdf_expand(&hash_sha256, SPAN_ARRAY(prk), SPAN_EMPTY, okm, 42);
    assert_span_equal(span_of(okm, 42), test_hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879e"
                                                 "c3454e5f3c738d2d9d201395faa4b61a96c8"));
    for (size_t i = 0; i < 80; i++) /* A.2: more than two blocks */
        ikm[i] = (uint8_t)i;
    uint8_t salt[80], info[80];
    for (size_t i = 0; i < 80; i++)
        salt[i] = (uint8_t)(0x60 + i), info[i] = (uint8_t)(0xb0 + i);
    hkdf_extract(&hash_sha256, SPAN_ARRAY(salt), SPAN_ARRAY(ikm), prk);
    struct span cut[2] = {span_of(info, 33), span_of(info + 33, 47)};
    hkdf_expand_parts(&hash_sha256, SPAN_ARRAY(prk), cut, 2, okm, 82);
    assert_span_equal(SPAN_ARRAY(okm),
                      test_hex("b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                               "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                               "cc30c58179ec3e87c14c01d5c1f3434f1d87"));
}

static const struct aead *const all[] = {&aead_chacha20poly1305, &aead_aes128gcm, &aead_aes256gcm,
                                         &aead_null};

static void chacha20poly1305_is_that_of_rfc_8439(void **state)
{
    (void)state;
    struct span text = SPAN_LIT("Ladies and Gentlemen of the class of '99: If I could offer you "
                                "only one tip for the future, sunscreen would be it.");
    struct span key = test_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    struct span sealed = test_hex(
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da"
        "92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585"
        "808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691");
    uint8_t out[200];
    struct span parts[3] = {span_sub(text, 0, 1), span_sub(text, 1, 70), span_after(text, 71)};
    assert_ok(aead_seal_once(&aead_chacha20poly1305, key.ptr,
                             test_hex("070000004041424344454647").ptr,
                             test_hex("50515253c0c1c2c3c4c5c6c7"), parts, 3, out));
    assert_span_equal(span_of(out, text.len + 16), sealed);
}

static void gcm_is_that_of_nist(void **state)
{
    (void)state; /* McGrew and Viega, test cases 4 and 16 */
    struct span key = test_hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    struct span nonce = test_hex("cafebabefacedbaddecaf888");
    struct span ad = test_hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    struct span text = test_hex("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
                                "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    uint8_t out[76];
    assert_ok(aead_seal_once(&aead_aes128gcm, key.ptr, nonce.ptr, ad, &text, 1, out));
    assert_span_equal(SPAN_ARRAY(out),
                      test_hex("42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
                               "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
                               "5bc94fbc3221a5db94fae95ae7121a47"));
    assert_ok(aead_seal_once(&aead_aes256gcm, key.ptr, nonce.ptr, ad, &text, 1, out));
    assert_span_equal(SPAN_ARRAY(out),
                      test_hex("522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                               "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
                               "76fc6ece0f4e1768cddf8853bb2d551b"));
}

static void any_damage_is_noticed(void **state)
{
    (void)state;
    uint8_t key[32] = {1, 2, 3}, nonce[12] = {9}, text[70], sealed[86], plain[70];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)i;
    for (size_t a = 0; a < sizeof all / sizeof *all; a++) {
        struct aead_key k = {0};
        struct span in = SPAN_ARRAY(text), ad = SPAN_LIT("ad");
        assert_ok(aead_key_init(&k, all[a], key));
        assert_ok(aead_seal(&k, nonce, ad, &in, 1, sealed));
        assert_ok(aead_open(&k, nonce, ad, SPAN_ARRAY(sealed), plain));
        assert_memory_equal(plain, text, sizeof text);
        for (size_t i = 0; i < sizeof sealed; i++) {
            sealed[i] ^= 0x40;
            assert_err(aead_open(&k, nonce, ad, SPAN_ARRAY(sealed), plain), ERR_AUTH);
            assert_int_equal(plain[1], 0); /* nothing unauthenticated stays */
            sealed[i] ^= 0x40;
        }
        assert_err(aead_open(&k, nonce, SPAN_LIT("aD"), SPAN_ARRAY(sealed), plain), ERR_AUTH);
        assert_err(aead_open(&k, key, ad, SPAN_ARRAY(sealed), plain), ERR_AUTH);
        assert_err(aead_open(&k, nonce, ad, span_of(sealed, 15), plain), ERR_AUTH);
        assert_err(aead_open(&k, nonce, ad, span_of(sealed, 85), plain), ERR_AUTH);
        key[0] ^= 1;
        assert_ok(aead_rekey(&k, key));
        assert_err(aead_open(&k, nonce, ad, SPAN_ARRAY(sealed), plain), ERR_AUTH);
        key[0] ^= 1;
        assert_ok(aead_rekey(&k, key));
        assert_ok(aead_open(&k, nonce, ad, SPAN_ARRAY(sealed), sealed)); /* in place */
        assert_memory_equal(sealed, text, sizeof text);
        aead_key_clear(&k);
    }
}

static void *seal_many(void *arg)
{
    const uint8_t *key = arg;
    uint8_t nonce[12] = {0}, out[48];
    struct span text = span_of(key, 32);
    uintptr_t sum = 0;
    for (unsigned i = 0; i < 300; i++) {
        nonce[0] = (uint8_t)i;
        if (aead_seal_once(all[i % 4], key, nonce, SPAN_EMPTY, &text, 1, out) != OK ||
            aead_open_once(all[i % 4], key, nonce, SPAN_EMPTY, SPAN_ARRAY(out), out) != OK)
            return NULL;
        sum += out[0];
    }
    return (void *)(sum + 1);
}

static void threads_keep_their_own_contexts(void **state)
{
    (void)state;
    pthread_t threads[4];
    uint8_t keys[4][32] = {{1}, {2}, {3}, {4}};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, seal_many, keys[i]), 0);
    for (size_t i = 0; i < 4; i++) {
        void *sum;
        assert_int_equal(pthread_join(threads[i], &sum), 0);
        assert_int_equal((uintptr_t)sum, 300 * (i + 1) + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_fips_180),
        cmocka_unit_test(a_running_hash_is_a_value),
        cmocka_unit_test(hmac_is_that_of_rfc_4231),
        cmocka_unit_test(hkdf_is_that_of_rfc_5869),
        cmocka_unit_test(chacha20poly1305_is_that_of_rfc_8439),
        cmocka_unit_test(gcm_is_that_of_nist),
        cmocka_unit_test(any_damage_is_noticed),
        cmocka_unit_test(threads_keep_their_own_contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
