#include "crypto/keyring/keyring.h"
#include "crypto/prim/secp.h"
#include "tests/lib/testing.h"

static void keys_are_drawn_from_the_given_randomness(void **state)
{
    (void)state;
    struct test_env a, b, c;
    struct keyring_host *ka, *kb, *kc;
    test_env_init(&a, 1);
    test_env_init(&b, 1);
    test_env_init(&c, 2);
    assert_ok(keyring_host_new(&ka, &a.rng, KEYRING_HOST_SECP256K1));
    assert_ok(keyring_host_new(&kb, &b.rng, KEYRING_HOST_SECP256K1));
    assert_ok(keyring_host_new(&kc, &c.rng, KEYRING_HOST_SECP256K1));
    assert_span_equal(keyring_host_public(ka), keyring_host_public(kb));
    assert_false(span_eq(keyring_host_public(ka), keyring_host_public(kc)));
    assert_int_equal(keyring_host_kind(ka), KEYRING_HOST_SECP256K1);
    assert_int_equal(keyring_host_raw_public(ka).len, 33);
    keyring_host_free(ka);
    keyring_host_free(kb);
    keyring_host_free(kc);
    keyring_host_free(NULL);
    test_env_clear(&a);
    test_env_clear(&b);
    test_env_clear(&c);
}

static void secp256k1_signs_hashes_and_agrees(void **state)
{
    (void)state;
    struct test_env t;
    struct keyring_host *a, *b, *ed;
    uint8_t sig[64], hash[32] = {9}, ab[33], ba[33];
    test_env_init(&t, 1);
    assert_ok(keyring_host_new(&a, &t.rng, KEYRING_HOST_SECP256K1));
    assert_ok(keyring_host_new(&b, &t.rng, KEYRING_HOST_SECP256K1));
    assert_ok(keyring_host_new(&ed, &t.rng, KEYRING_HOST_ED25519));
    assert_ok(keyring_host_sign_hash(a, hash, sig));
    assert_ok(secp_verify_hash(keyring_host_raw_public(a), hash, sig));
    assert_ok(keyring_host_agree(a, keyring_host_raw_public(b), ab));
    assert_ok(keyring_host_agree(b, keyring_host_raw_public(a), ba));
    assert_memory_equal(ab, ba, 33);
    assert_err(keyring_host_agree(a, keyring_host_raw_public(ed), ab), ERR_FORMAT);
    assert_err(keyring_host_agree(ed, keyring_host_raw_public(a), ab), ERR_UNSUPPORTED);
    assert_err(keyring_host_sign_hash(ed, hash, sig), ERR_UNSUPPORTED);
    keyring_host_free(a);
    keyring_host_free(b);
    keyring_host_free(ed);
    test_env_clear(&t);
}

static void an_impossible_secret_is_refused(void **state)
{
    (void)state;
    struct keyring_host *h = NULL;
    uint8_t secret[32] = {0};
    assert_err(keyring_host_from_bytes(&h, KEYRING_HOST_SECP256K1, secret), ERR_ARGUMENT);
    memset(secret, 0xff, sizeof secret);
    assert_err(keyring_host_from_bytes(&h, KEYRING_HOST_SECP256K1, secret), ERR_ARGUMENT);
    assert_null(h);
    assert_ok(keyring_host_from_bytes(&h, KEYRING_HOST_ED25519, secret));
    keyring_host_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_drawn_from_the_given_randomness),
        cmocka_unit_test(secp256k1_signs_hashes_and_agrees),
        cmocka_unit_test(an_impossible_secret_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
