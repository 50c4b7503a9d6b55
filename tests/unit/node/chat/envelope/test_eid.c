/* The name of an epoch: what it covers, how names compare. */
#include "crypto/prim/labels.h"
#include "node/chat/envelope/eid.h"
#include "tests/lib/testing.h"

static void the_name_covers_transcript_and_secrets(void **state)
{
    (void)state;
    uint8_t transcript[32] = {1}, tag[32] = {2};
    static const char label[] = "\x11sotto/1/group/eid";
    uint8_t input[18 + 64], hash[SHA256_BYTES];
    struct eid a = eid_of(SPAN_ARRAY(transcript), SPAN_ARRAY(tag));

    memcpy(input, label, 18);
    memcpy(input + 18, transcript, 32);
    memcpy(input + 50, tag, 32);
    sha256(SPAN_ARRAY(input), hash);
    assert_memory_equal(a.bytes, hash, EID_BYTES);
    for (size_t i = 0; i < 32; i++) {
        transcript[i] ^= 1;
        struct eid b = eid_of(SPAN_ARRAY(transcript), SPAN_ARRAY(tag));
        transcript[i] ^= 1;
        tag[i] ^= 1;
        struct eid c = eid_of(SPAN_ARRAY(transcript), SPAN_ARRAY(tag));
        tag[i] ^= 1;
        assert_false(eid_eq(&a, &b) || eid_eq(&a, &c) || eid_eq(&b, &c));
        assert_int_equal(eid_cmp(&a, &b) > 0, eid_cmp(&b, &a) < 0);
    }
    assert_false(eid_is_none(&a));
    assert_true(eid_is_none(&(struct eid){{0}}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_covers_transcript_and_secrets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
