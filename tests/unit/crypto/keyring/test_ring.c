#include "crypto/keyring/keyring.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define QUICK ((struct scrypt_cost){4, 1, 1})

static struct keyring *ring_of_three(struct test_env *t)
{
    struct keyring *k;
    uint8_t seed[32] = {9};
    assert_ok(keyring_new(&k));
    assert_ok(keyring_draw(k, t->env.rng, SPAN_LIT("installation"), KEYRING_ED25519,
                           KEYRING_MAY_SIGN | KEYRING_MAY_SIGN_LABEL));
    assert_ok(keyring_draw(k, t->env.rng, SPAN_LIT("host"), KEYRING_SECP256K1, KEYRING_MAY_HOST));
    assert_ok(keyring_add(k, SPAN_LIT("words"), KEYRING_SECRET,
                          KEYRING_MAY_DERIVE | KEYRING_MAY_REVEAL, seed));
    return k;
}

static void handles_do_what_they_may_and_no_more(void **state)
{
    (void)state;
    struct test_env t;
    test_env_init(&t, 1);
    struct keyring *k = ring_of_three(&t);
    struct keyring_key *raw, *labelled, *words, *none;
    uint8_t sig[64], out[32];
    assert_ok(keyring_open(k, SPAN_LIT("installation"), KEYRING_MAY_SIGN, &raw));
    assert_ok(keyring_open(k, SPAN_LIT("installation"), KEYRING_MAY_SIGN_LABEL, &labelled));
    assert_ok(keyring_open(k, SPAN_LIT("words"), KEYRING_MAY_DERIVE, &words));
    assert_err(keyring_open(k, SPAN_LIT("host"), KEYRING_MAY_SIGN, &none), ERR_REFUSED);
    assert_err(keyring_open(k, SPAN_LIT("hosts"), KEYRING_MAY_HOST, &none), ERR_NOT_FOUND);
    assert_null(none);

    assert_ok(keyring_sign(raw, SPAN_LIT("m"), sig));
    assert_ok(ed25519_verify(keyring_public(raw).ptr, SPAN_LIT("m"), sig));
    assert_err(keyring_sign(labelled, SPAN_LIT("m"), sig), ERR_REFUSED);
    assert_err(keyring_sign_label(raw, LABEL_GROUP_ACK, SPAN_LIT("m"), sig), ERR_REFUSED);
    assert_ok(keyring_sign_label(labelled, LABEL_GROUP_ACK, SPAN_LIT("m"), sig));
    assert_ok(label_verify(LABEL_GROUP_ACK, keyring_public(raw).ptr, SPAN_LIT("m"), sig));

    assert_ok(keyring_derive(words, LABEL_WORDS_RECOVERY, SPAN_EMPTY, out, 32));
    assert_err(keyring_reveal(words, out), ERR_REFUSED);
    assert_err(keyring_sign(words, SPAN_LIT("m"), sig), ERR_REFUSED);
    assert_true(keyring_same(raw, labelled));
    assert_false(keyring_same(raw, words));

    keyring_close(words);
    assert_ok(keyring_remove(k, SPAN_LIT("installation")));
    assert_err(keyring_remove(k, SPAN_LIT("installation")), ERR_NOT_FOUND);
    assert_ok(keyring_sign(raw, SPAN_LIT("m"), sig)); /* an open handle keeps its key */
    keyring_free(k);
    assert_ok(keyring_sign(raw, SPAN_LIT("m"), sig));
    keyring_close(raw);
    keyring_close(labelled);
    test_env_clear(&t);
}

static void a_host_key_becomes_a_host(void **state)
{
    (void)state;
    struct test_env t;
    test_env_init(&t, 2);
    struct keyring *k = ring_of_three(&t);
    struct keyring_key *key;
    struct keyring_host *host;
    assert_ok(keyring_open(k, SPAN_LIT("host"), KEYRING_MAY_HOST, &key));
    assert_ok(keyring_host_open(key, &host));
    assert_span_equal(keyring_host_raw_public(host), keyring_public(key));
    keyring_host_free(host);
    keyring_close(key);
    assert_ok(keyring_open(k, SPAN_LIT("words"), KEYRING_MAY_REVEAL, &key));
    assert_err(keyring_host_open(key, &host), ERR_REFUSED);
    keyring_close(key);
    keyring_free(k);
    test_env_clear(&t);
}

static void bad_keys_are_refused(void **state)
{
    (void)state;
    struct keyring *k;
    uint8_t zero[32] = {0};
    assert_ok(keyring_new(&k));
    assert_err(keyring_add(k, SPAN_LIT("x"), KEYRING_SECP256K1, KEYRING_MAY_HOST, zero),
               ERR_ARGUMENT);
    assert_err(keyring_add(k, SPAN_EMPTY, KEYRING_SECRET, 0, zero), ERR_ARGUMENT);
    assert_err(
        keyring_add(k, SPAN_LIT("a name of more than 32 characters"), KEYRING_SECRET, 0, zero),
        ERR_ARGUMENT);
    assert_err(keyring_add(k, SPAN_LIT("x"), KEYRING_SECRET, 64, zero), ERR_ARGUMENT);
    assert_ok(keyring_add(k, SPAN_LIT("x"), KEYRING_SECRET, 0, zero));
    assert_err(keyring_add(k, SPAN_LIT("x"), KEYRING_SECRET, 0, zero), ERR_EXISTS);
    for (uint8_t i = 1; i < KEYRING_KEYS_MAX; i++)
        assert_ok(keyring_add(k, span_of(&i, 1), KEYRING_SECRET, 0, zero));
    assert_err(keyring_add(k, SPAN_LIT("y"), KEYRING_SECRET, 0, zero), ERR_FULL);
    keyring_free(k);
}

static void check_seal(const struct keyring_lock *lock, const struct keyring_lock *wrong,
                       const struct keyring_lock *other)
{
    struct test_env t;
    test_env_init(&t, 3);
    struct keyring *k = ring_of_three(&t), *back;
    struct buf sealed = BUF_INIT(KEYRING_SEALED_MAX);
    assert_ok(keyring_seal(k, t.env.rng, lock, &sealed));
    assert_int_equal((sealed.len - 45 - 16) % 512, 0);
    assert_ok(keyring_unseal(&back, buf_span(&sealed), lock));
    for (size_t i = 0; i < 3; i++) {
        struct keyring_key *a, *b;
        assert_span_equal(keyring_name(back, i), keyring_name(k, i));
        assert_ok(keyring_open(k, keyring_name(k, i), 0, &a));
        assert_ok(keyring_open(back, keyring_name(k, i), 0, &b));
        assert_true(keyring_same(a, b));
        assert_int_equal(keyring_kind_of(a), keyring_kind_of(b));
        keyring_close(a);
        keyring_close(b);
    }
    assert_int_equal(keyring_name(back, 3).len, 0);
    keyring_free(back);

    assert_err(keyring_unseal(&back, buf_span(&sealed), wrong), ERR_AUTH);
    assert_null(back);
    assert_err(keyring_unseal(&back, buf_span(&sealed), other), ERR_ARGUMENT);
    for (size_t i = 0; i < sealed.len; i += i < 64 ? 1 : 41) {
        sealed.ptr[i] ^= 0x80;
        assert_int_not_equal(keyring_unseal(&back, buf_span(&sealed), lock), OK);
        sealed.ptr[i] ^= 0x80;
        assert_int_not_equal(keyring_unseal(&back, span_of(sealed.ptr, i), lock), OK);
    }
    buf_clear(&sealed);
    keyring_free(k);
    test_env_clear(&t);
}

static void sealed_rings_open_with_their_lock_only(void **state)
{
    (void)state;
    uint8_t file[40] = {1}, another[40] = {2};
    struct keyring_lock pass = {.passphrase = SPAN_LIT("correct horse"), .cost = QUICK};
    struct keyring_lock wrong_pass = {.passphrase = SPAN_LIT("correct horsf")};
    struct keyring_lock key_file = {.key_file = SPAN_ARRAY(file)};
    struct keyring_lock wrong_file = {.key_file = SPAN_ARRAY(another)};
    check_seal(&pass, &wrong_pass, &key_file);
    check_seal(&key_file, &wrong_file, &pass);
}

static void locks_are_checked_before_they_cost(void **state)
{
    (void)state;
    struct test_env t;
    test_env_init(&t, 4);
    struct keyring *k = ring_of_three(&t), *back;
    struct buf sealed = BUF_INIT(KEYRING_SEALED_MAX);
    uint8_t file[31] = {0};
    struct keyring_lock lock = {0};
    assert_err(keyring_seal(k, t.env.rng, &lock, &sealed), ERR_ARGUMENT);
    lock.key_file = SPAN_ARRAY(file);
    assert_err(keyring_seal(k, t.env.rng, &lock, &sealed), ERR_ARGUMENT);
    lock = (struct keyring_lock){.passphrase = SPAN_LIT("p"), .cost = {21, 8, 1}};
    assert_err(keyring_seal(k, t.env.rng, &lock, &sealed), ERR_LIMIT);
    assert_int_equal(sealed.len, 0);
    lock.cost = QUICK;
    assert_ok(keyring_seal(k, t.env.rng, &lock, &sealed));
    sealed.ptr[10] = 31; /* a file that asks for 2^31 */
    assert_err(keyring_unseal(&back, buf_span(&sealed), &lock), ERR_LIMIT);
    sealed.ptr[8] = 2;
    assert_err(keyring_unseal(&back, buf_span(&sealed), &lock), ERR_UNSUPPORTED);
    sealed.ptr[0] = 'x';
    assert_err(keyring_unseal(&back, buf_span(&sealed), &lock), ERR_FORMAT);
    buf_clear(&sealed);
    keyring_free(k);
    test_env_clear(&t);
}

static void scrypt_is_that_of_rfc_7914(void **state)
{
    (void)state; /* 12, second vector: N = 1024, r = 8, and p = 16 is over our maximum, so the first
                  */
    uint8_t out[64];
    assert_ok(scrypt(SPAN_EMPTY, SPAN_EMPTY, QUICK, out, 64));
    assert_span_equal(SPAN_ARRAY(out),
                      test_hex("77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                               "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"));
    assert_ok(scrypt(SPAN_LIT("pleaseletmein"), SPAN_LIT("SodiumChloride"),
                     (struct scrypt_cost){14, 8, 1}, out, 64));
    assert_span_equal(SPAN_ARRAY(out),
                      test_hex("7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                               "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handles_do_what_they_may_and_no_more),
        cmocka_unit_test(a_host_key_becomes_a_host),
        cmocka_unit_test(bad_keys_are_refused),
        cmocka_unit_test(sealed_rings_open_with_their_lock_only),
        cmocka_unit_test(locks_are_checked_before_they_cost),
        cmocka_unit_test(scrypt_is_that_of_rfc_7914),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
