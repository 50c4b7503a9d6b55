/* BIP-350's strings, and what people do to texts. */
#include "net/wire/bech32m.h"
#include "tests/lib/testing.h"

#include <ctype.h>

/* Decode under whatever stands before the last '1'. */
static enum err decode_any(const char *text)
{
    char prefix[100] = "";
    uint8_t out[128];
    size_t len;
    const char *one = strrchr(text, '1');

    for (size_t i = 0; one != NULL && i < (size_t)(one - text); i++)
        prefix[i] = (char)tolower((unsigned char)text[i]);
    return bech32m_decode(prefix, span_str(text), out, sizeof out, &len);
}

static void strings_of_bip350(void **state)
{
    (void)state;
    static const char longest[] = /* 83 characters of prefix */
        "an83characterlonghumanreadablepartthatcontainsthetheexcludedcharacters"
        "bioandnumber11sg7hg6";
    static const char *const valid[] = {
        "A1LQFN3A",
        "a1lqfn3a",
        "?1v759aa",
        longest,
        "abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
        "split1checkupstagehandshakeupstreamerranterredcaperredlc445v"};
    static const char too_long[] = /* 84 characters of prefix */
        "an84characterslonghumanreadablepartthatcontainsthetheexcludedcharacters"
        "bioandnumber11d6pts4";
    static const char no_bytes[] = /* sound, but 82 digits of 31 are no whole number of bytes */
        "11lllllllllllllllllllllllllllllllllllllllll"
        "lllllllllllllllllllllllllllllllllllllllllludsr8";
    static const char *const invalid[] = {
        "\0401xj0phk", "\1771g6xzxy", "\2001vctc34", too_long,    "qyrz8wqd2c9m", "1qyrz8wqd2c9m",
        "y1b0jsk6g",   "lt1igcx5c0",  "in1muywd",    "mm1crxm3i", "au1s5cgom",    "M1VUXWEZ",
        "16plkw9",     "1p2gdwpf",    "a12uel5l",    no_bytes};
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++)
        assert_ok(decode_any(valid[i]));
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++)
        assert_err(decode_any(invalid[i]), ERR_FORMAT);
}

static void bytes_are_those_of_the_reference(void **state)
{
    (void)state;
    const char *text = "split1checkupstagehandshakeupstreamerranterredcaperredlc445v";
    struct span bytes = test_hex("c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d");
    uint8_t out[30];
    size_t len;
    char again[BECH32M_CHARS(5, 30)];
    assert_ok(bech32m_decode("split", span_str(text), out, sizeof out, &len));
    assert_span_equal(span_of(out, len), bytes);
    bech32m_encode("split", bytes, again);
    assert_string_equal(again, text);
    assert_err(bech32m_decode("splat", span_str(text), out, sizeof out, &len), ERR_UNSUPPORTED);
    assert_err(bech32m_decode("split", span_str(text), out, 29, &len), ERR_LIMIT);
}

static void every_length_comes_back(void **state)
{
    (void)state;
    static uint8_t in[BECH32M_BYTES_MAX], out[BECH32M_BYTES_MAX];
    static char text[BECH32M_CHARS(5, BECH32M_BYTES_MAX)];
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 151 + 7);
    for (size_t n = 0; n <= sizeof in; n += n < 70 ? 1 : 113) {
        size_t len;
        bech32m_encode("sotto", span_of(in, n), text);
        assert_int_equal(strlen(text) + 1, BECH32M_CHARS(5, n));
        assert_ok(bech32m_decode("sotto", span_str(text), out, sizeof out, &len));
        assert_span_equal(span_of(out, len), span_of(in, n));
    }
}

static void a_wrong_character_is_found_wherever_it_stands(void **state)
{
    (void)state;
    char text[BECH32M_CHARS(5, 32)];
    uint8_t id[32], out[32];
    size_t len;
    memset(id, 0x5a, sizeof id);
    bech32m_encode("sotto", SPAN_ARRAY(id), text);
    for (size_t i = 0; text[i] != '\0'; i++) {
        char was = text[i];
        text[i] = was == 'q' ? 'p' : 'q';
        assert_int_not_equal(bech32m_decode("sotto", span_str(text), out, sizeof out, &len), OK);
        text[i] = was;
    }
    text[8] = (char)toupper((unsigned char)text[8]); /* mixed case */
    text[9] = (char)toupper((unsigned char)text[9]);
    assert_err(bech32m_decode("sotto", span_str(text), out, sizeof out, &len), ERR_FORMAT);
    for (size_t i = 0; text[i] != '\0'; i++)
        text[i] = (char)toupper((unsigned char)text[i]);
    assert_ok(
        bech32m_decode("sotto", span_str(text), out, sizeof out, &len)); /* as QR codes like it */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_of_bip350),
        cmocka_unit_test(bytes_are_those_of_the_reference),
        cmocka_unit_test(every_length_comes_back),
        cmocka_unit_test(a_wrong_character_is_found_wherever_it_stands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
