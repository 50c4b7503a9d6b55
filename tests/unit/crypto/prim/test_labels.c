#include "crypto/prim/hkdf.h"
#include "crypto/prim/labels.h"
#include "tests/lib/testing.h"

static void labels_are_distinct_and_none_begins_another(void **state)
{
    (void)state;
    for (unsigned a = 0; a < LABEL_COUNT; a++) {
        assert_true(span_starts(label_text(a), SPAN_LIT("sotto/1/")));
        assert_true(label_text(a).len <= LABEL_BYTES_MAX);
        for (unsigned b = 0; b < LABEL_COUNT; b++) {
            if (a != b && span_starts(label_text(a), label_text(b)))
                fail_msg("%s begins with %s", label_text(a).ptr, label_text(b).ptr);
        }
    }
}

/* RFC 9420 5.1.2: SignContent = label<V> || content<V>, label beginning with "MLS 1.0 " */
static bool parses_as_mls(struct span signed_bytes)
{
    for (size_t prefix = 1; prefix <= 4; prefix *= 2) { /* lengths of the varint */
        if (signed_bytes.len > prefix &&
            span_starts(span_after(signed_bytes, prefix), SPAN_LIT("MLS 1.0 ")))
            return true;
    }
    return false;
}

static void no_signed_input_is_one_of_mls(void **state)
{
    (void)state;
    uint8_t out[LABEL_SIGNED_MAX];
    unsigned count = 0;
    /* the control: what MLS signs is recognised */
    assert_true(parses_as_mls(SPAN_LIT("\x18MLS 1.0 FramedContentTBS\x01x")));
    for (unsigned l = 0; l < LABEL_COUNT; l++) {
        if (label_use(l) != LABEL_SIGN)
            continue;
        struct span in = label_signed(l, SPAN_LIT("MLS 1.0 x"), out);
        assert_false(parses_as_mls(in));
        assert_int_equal(in.ptr[0],
                         label_text(l).len); /* the length ends the label, in all of them */
        assert_true(span_starts(span_after(in, 1), label_text(l)));
        assert_int_equal(in.len, 1 + label_text(l).len + 32);
        count++;
    }
    assert_true(count >= 8);
}

static void a_signature_holds_under_its_label_only(void **state)
{
    (void)state;
    uint8_t seed[32] = {1}, pk[32], sig[64], in[LABEL_SIGNED_MAX];
    ed25519_public(seed, pk);
    ed25519_sign(seed, pk, label_signed(LABEL_GROUP_ACK, SPAN_LIT("b"), in), sig);
    assert_ok(label_verify(LABEL_GROUP_ACK, pk, SPAN_LIT("b"), sig));
    assert_err(label_verify(LABEL_GROUP_ACK, pk, SPAN_LIT("c"), sig), ERR_AUTH);
    assert_err(label_verify(LABEL_GROUP_TICKET, pk, SPAN_LIT("b"), sig), ERR_AUTH);
}

/* The bytes of docs/protocol.md: a change of any of these breaks every stored and sent thing. */
static void encodings_stay(void **state)
{
    (void)state;
    uint8_t out[32], wanted[32], key[32] = {7};
    struct span parts[] = {SPAN_LIT("ab"), SPAN_LIT("c")};
    label_hash(LABEL_GROUP_EID, parts, 2, out);
    sha256(SPAN_LIT("\x11sotto/1/group/eidabc"), wanted);
    assert_memory_equal(out, wanted, 32);
    label_derive(LABEL_STORE_NAME, SPAN_ARRAY(key), SPAN_LIT("ctx"), out, 32);
    hkdf_expand(&hash_sha256, SPAN_ARRAY(key), SPAN_LIT("\x12sotto/1/store/name\0\3ctx"), wanted,
                32);
    assert_memory_equal(out, wanted, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_distinct_and_none_begins_another),
        cmocka_unit_test(no_signed_input_is_one_of_mls),
        cmocka_unit_test(a_signature_holds_under_its_label_only),
        cmocka_unit_test(encodings_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
