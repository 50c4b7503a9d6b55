/* What the one Ed25519 verifier accepts: Wycheproof's verdicts, and CCTV's edge cases under the
 * rules of crypto/prim/sign.h (those of ed25519-dalek's verify_strict). A libsodium that judged
 * otherwise would fork groups, and fails here first. */
#include "crypto/prim/sign.h"
#include "tests/lib/json.h"

static bool has_flag(const struct json *v, const char *flag)
{
    const struct json *flags = json_get(v, "flags");

    if (json_absent(flags))
        return false;
    for (JSON_EACH(f, flags)) {
        if (span_eq(f->text, span_str(flag)))
            return true;
    }
    return false;
}

static bool accepted_by_the_rules(const struct json *v)
{
    return !has_flag(v, "low_order_A") && !has_flag(v, "low_order_R") &&
           !has_flag(v, "non_canonical_A") && !has_flag(v, "non_canonical_R") &&
           !has_flag(v, "low_order_residue");
}

static void cctv_edge_cases(void **state)
{
    (void)state;
    struct arena a;
    size_t count = 0, accepted = 0;
    arena_init(&a, (size_t)16 << 20);
    for (JSON_EACH(v, json_load(&a, "tests/vectors/ed25519_cctv.json"))) {
        enum err err = ed25519_verify(json_hex(&a, v, "key").ptr, json_text(v, "msg"),
                                      json_hex(&a, v, "sig").ptr);
        if ((err == OK) != accepted_by_the_rules(v))
            fail_msg("vector %u: %s", (unsigned)json_u64(v, "number"), err_name(err));
        accepted += err == OK;
        count++;
    }
    assert_int_equal(count, 914);
    assert_true(accepted > 30);
    arena_clear(&a);
}

static void wycheproof(void **state)
{
    (void)state;
    struct arena a;
    size_t count = 0;
    arena_init(&a, (size_t)16 << 20);
    for (JSON_EACH(v, json_load(&a, "tests/vectors/ed25519_wycheproof.json"))) {
        enum err err = sign_verify(&sign_ed25519, json_hex(&a, v, "pk"), json_hex(&a, v, "msg"),
                                   json_hex(&a, v, "sig"));
        if ((err == OK) != span_eq(json_text(v, "result"), SPAN_LIT("valid")))
            fail_msg("tcId %u: %s", (unsigned)json_u64(v, "tcId"), err_name(err));
        count++;
    }
    assert_true(count > 100);
    arena_clear(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cctv_edge_cases),
                                       cmocka_unit_test(wycheproof)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
