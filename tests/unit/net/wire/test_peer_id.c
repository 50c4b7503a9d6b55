#include "net/wire/peer_id.h"
#include "tests/lib/testing.h"

static void assert_text(const struct peer_id *id, const char *wanted)
{
    char text[PEER_ID_TEXT_MAX];
    peer_id_text(id, text);
    assert_string_equal(text, wanted);
}

static void short_keys_are_inlined_and_long_ones_hashed(void **state)
{
    (void)state;
    struct span ed25519 = test_hex("0801 1220 1ed1e8fae2c4a144b8be8fd4b47bf3d3"
                                   "b34b871c3cacf6010f0e42d474fce27e");
    struct peer_id id;
    peer_id_from_key(ed25519, &id);
    assert_int_equal(id.len, 38);
    assert_span_equal(peer_id_key(&id), ed25519);
    struct span ecdsa =
        test_hex("0803125b3059301306072a8648ce3d020106082a8648ce3d03010703420004de3d300fa36ae0e8f5"
                 "d530899d83abab44abf3161f162a4bc901d8e6ecda020e8b6d5f8da30525e71d6851510c098e5c47"
                 "c646a597fb4dcec034e9f77c409e62");
    peer_id_from_key(ecdsa, &id);
    assert_int_equal(id.len, 34);
    assert_int_equal(id.bytes[0], 0x12);
    assert_int_equal(peer_id_key(&id).len, 0);
    uint8_t key[43] = {8, 1};
    peer_id_from_key(span_of(key, 42), &id);
    assert_int_equal(id.len, 44);
    peer_id_from_key(span_of(key, 43), &id);
    assert_int_equal(id.len, 34);
}

static void every_text_form_is_read(void **state)
{
    (void)state;
    /* the examples of peer-ids.md */
    struct peer_id id, same;
    assert_ok(peer_id_parse(SPAN_LIT("QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N"), &id));
    assert_text(&id, "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N");
    assert_ok(peer_id_parse(SPAN_LIT("bafzbeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe"),
                            &same));
    assert_true(peer_id_eq(&id, &same));
    assert_ok(peer_id_parse(SPAN_LIT("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"), &id));
    assert_text(&id, "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA");
    assert_int_equal(peer_id_key(&id).len, 36);

    uint8_t cid[46] = {1, 0x72};
    char text[1 + BASE58_CHARS(46)] = "z";
    memcpy(cid + 2, id.bytes, id.len);
    base58_encode(span_of(cid, id.len + 2u), text + 1);
    assert_ok(peer_id_parse(span_str(text), &same));
    assert_true(peer_id_eq(&id, &same));
}

static void malformed_ids_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum err err;
    } bytes[] = {
        {"", ERR_FORMAT},
        {"00", ERR_FORMAT},
        {"0000", ERR_FORMAT},
        {"000261", ERR_FORMAT},
        {"00016162", ERR_FORMAT},
        {"1202aabb", ERR_FORMAT},
        {"1302aabb", ERR_UNSUPPORTED},
        {"80000161", ERR_FORMAT},
        {"002b"
         "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
         ERR_FORMAT},
    };
    struct peer_id id;
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++)
        assert_err(peer_id_from_bytes(test_hex(bytes[i].hex), &id), bytes[i].err);
    assert_err(peer_id_parse(SPAN_LIT(""), &id), ERR_FORMAT);
    assert_err(peer_id_parse(SPAN_LIT("Qm"), &id), ERR_FORMAT);
    assert_err(peer_id_parse(SPAN_LIT("k51abc"), &id), ERR_UNSUPPORTED);
    assert_err(peer_id_parse(SPAN_LIT("bafy"), &id), ERR_FORMAT);
    assert_err(peer_id_parse(SPAN_LIT("12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5S0"), &id),
               ERR_FORMAT);
    /* CIDv1 with the codec dag-pb */
    assert_err(
        peer_id_parse(SPAN_LIT("bafybeie5745rpv2m6tjyuugywy4d5ewrqgqqhfnf445he3omzpjbx5xqxe"), &id),
        ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_keys_are_inlined_and_long_ones_hashed),
        cmocka_unit_test(every_text_form_is_read),
        cmocka_unit_test(malformed_ids_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
