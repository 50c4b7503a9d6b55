/* Signatures that are verified once: what is skipped, and that nothing else passes. */
#include "crypto/prim/sign_memo.h"
#include "tests/lib/testing.h"

static const uint8_t seed[2][ED25519_SEED_BYTES] = {{1}, {2}};

struct signed_text {
    uint8_t pk[ED25519_PUBLIC_BYTES], sig[ED25519_SIGNATURE_BYTES];
    uint8_t text[8];
};

static struct signed_text make(size_t who, uint8_t what)
{
    struct signed_text t = {.text = {what}};

    ed25519_public(seed[who], t.pk);
    ed25519_sign(seed[who], t.pk, SPAN_ARRAY(t.text), t.sig);
    return t;
}

static enum err check(const struct signed_text *t)
{
    return ed25519_verify(t->pk, SPAN_ARRAY(t->text), t->sig);
}

static void an_equal_one_is_verified_once(void **state)
{
    struct signed_text a = make(0, 7);
    (void)state;

    assert_int_equal(check(&a), OK);
    assert_int_equal(sign_memo_hits(), 0); /* nobody began one */
    assert_int_equal(sign_memo_begin(64), OK);
    assert_int_equal(check(&a), OK);
    assert_int_equal(sign_memo_hits(), 0);
    assert_int_equal(check(&a), OK);
    assert_int_equal(check(&a), OK);
    assert_int_equal(sign_memo_hits(), 2);
    sign_memo_end();
    assert_int_equal(check(&a), OK);
    assert_int_equal(sign_memo_hits(), 0);
}

static void nothing_else_passes(void **state)
{
    struct signed_text a = make(0, 7), other_key = a, other_text = a, other_sig = a;
    struct signed_text b = make(1, 7);
    (void)state;

    memcpy(other_key.pk, b.pk, sizeof b.pk);
    other_text.text[7] ^= 1;
    other_sig.sig[63] ^= 1;
    assert_int_equal(sign_memo_begin(1), OK); /* one place: each pushes out the last */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(check(&a), OK);
        assert_int_equal(check(&other_key), ERR_AUTH);
        assert_int_equal(check(&other_text), ERR_AUTH);
        assert_int_equal(check(&other_sig), ERR_AUTH);
        assert_int_equal(check(&other_sig), ERR_AUTH); /* a bad one is not remembered */
        assert_int_equal(sign_memo_hits(), i);
        assert_int_equal(check(&a), OK);
        assert_int_equal(sign_memo_hits(), i + 1);
        assert_int_equal(check(&b), OK);
    }
    sign_memo_end();
}

static void it_ends_with_the_last_of_those_who_began(void **state)
{
    struct signed_text a = make(0, 1);
    (void)state;

    assert_int_equal(sign_memo_begin(8), OK);
    assert_int_equal(sign_memo_begin(8), OK);
    assert_int_equal(check(&a), OK);
    sign_memo_end();
    assert_int_equal(check(&a), OK);
    assert_int_equal(sign_memo_hits(), 1);
    sign_memo_end();
    assert_false(sign_memo_on());
    sign_memo_end(); /* once too often: harmless */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_equal_one_is_verified_once),
        cmocka_unit_test(nothing_else_passes),
        cmocka_unit_test(it_ends_with_the_last_of_those_who_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
