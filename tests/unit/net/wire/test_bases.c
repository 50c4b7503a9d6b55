#include "net/wire/bases.h"
#include "tests/lib/testing.h"

static void base58_knows_leading_zeros(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", ""},
        {"00", "1"},
        {"0000", "11"},
        {"61", "2g"},
        {"626262", "a3gV"},
        {"00000000000000000000", "1111111111"},
        {"73696d706c792061206c6f6e6720737472696e67", "2cFupjhnEsSn59qHXstmK2ffpLv2"},
        {"00eb15231dfceb60925886b67d065299925915aeb172c06647",
         "1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span bytes = test_hex(cases[i][0]);
        char text[BASE58_CHARS(BASE58_BYTES_MAX)];
        uint8_t back[BASE58_BYTES_MAX];
        size_t len;
        base58_encode(bytes, text);
        assert_string_equal(text, cases[i][1]);
        assert_ok(base58_decode(span_str(text), back, sizeof back, &len));
        assert_span_equal(span_of(back, len), bytes);
        if (bytes.len > 0)
            assert_err(base58_decode(span_str(text), back, bytes.len - 1, &len), ERR_LIMIT);
    }
}

static void base58_fills_its_largest_text(void **state)
{
    (void)state;
    uint8_t bytes[BASE58_BYTES_MAX], back[BASE58_BYTES_MAX];
    char text[BASE58_CHARS(BASE58_BYTES_MAX)];
    size_t len;
    memset(bytes, 0xff, sizeof bytes);
    base58_encode(SPAN_ARRAY(bytes), text);
    assert_true(strlen(text) < sizeof text);
    assert_ok(base58_decode(span_str(text), back, sizeof back, &len));
    assert_span_equal(span_of(back, len), SPAN_ARRAY(bytes));
    assert_err(base58_decode(SPAN_LIT("0"), back, sizeof back, &len), ERR_FORMAT);
    assert_err(base58_decode(SPAN_LIT("l"), back, sizeof back, &len), ERR_FORMAT);
    assert_err(base58_decode(SPAN_LIT("a\0b"), back, sizeof back, &len), ERR_FORMAT);
}

/* RFC 4648 section 10, lower case and without padding */
static void base32_and_base64_match_the_rfc(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"", "", ""},
        {"f", "my", "Zg"},
        {"fo", "mzxq", "Zm8"},
        {"foo", "mzxw6", "Zm9v"},
        {"foob", "mzxw6yq", "Zm9vYg"},
        {"fooba", "mzxw6ytb", "Zm9vYmE"},
        {"foobar", "mzxw6ytboi", "Zm9vYmFy"},
        {"\xfb\xff\xfe", "7p774", "-__-"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span bytes = span_str(cases[i][0]);
        char text[BASE32_CHARS(6)];
        uint8_t back[8];
        size_t len;
        base32_encode(bytes, text);
        assert_string_equal(text, cases[i][1]);
        assert_ok(base32_decode(span_str(text), back, &len));
        assert_span_equal(span_of(back, len), bytes);
        base64url_encode(bytes, text);
        assert_string_equal(text, cases[i][2]);
        assert_ok(base64url_decode(span_str(text), back, &len));
        assert_span_equal(span_of(back, len), bytes);
    }
}

static void each_byte_string_has_one_text(void **state)
{
    (void)state;
    static const char *const bad32[] = {"m", "mzx", "mzxw6y", "mz", "my=", "m1", "m8", "mzxr"};
    static const char *const bad64[] = {"Z", "Zh", "Zm9", "Zg==", "Zm+v", "Zm/v", "Zm9vY"};
    uint8_t out[8];
    size_t len;
    for (size_t i = 0; i < sizeof bad32 / sizeof *bad32; i++)
        if (base32_decode(span_str(bad32[i]), out, &len) != ERR_FORMAT)
            fail_msg("base32 accepted %s", bad32[i]);
    for (size_t i = 0; i < sizeof bad64 / sizeof *bad64; i++)
        if (base64url_decode(span_str(bad64[i]), out, &len) != ERR_FORMAT)
            fail_msg("base64url accepted %s", bad64[i]);
    assert_ok(base32_decode(SPAN_LIT("MZXW6"), out, &len)); /* EIP-1459 writes capitals */
    assert_span_equal(span_of(out, len), SPAN_LIT("foo"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base58_knows_leading_zeros),
        cmocka_unit_test(base58_fills_its_largest_text),
        cmocka_unit_test(base32_and_base64_match_the_rfc),
        cmocka_unit_test(each_byte_string_has_one_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
