/* BIP-39's vectors of 24 words, and what people mistype. */
#include "crypto/keyring/keyring.h"
#include "tests/lib/json.h"

static void bip_39_both_ways(void **state)
{
    (void)state;
    struct arena a;
    size_t count = 0;
    arena_init(&a, 1 << 20);
    for (JSON_EACH(v, json_get(json_load(&a, "tests/vectors/bip39.json"), "english"))) {
        struct span entropy = json_hex(&a, v, "entropy"), words = json_text(v, "mnemonic");
        char text[KEYRING_WORDS_TEXT_MAX];
        uint8_t back[32];
        struct keyring_words_fault fault;
        assert_int_equal(entropy.len, 32);
        keyring_words_from(entropy.ptr, text);
        assert_span_equal(span_str(text), words);
        assert_ok(keyring_words_to(words, back, &fault));
        assert_span_equal(SPAN_ARRAY(back), entropy);
        count++;
    }
    assert_int_equal(count, 8);
    arena_clear(&a);
}

static void all_words_go_both_ways(void **state)
{
    (void)state; /* 2,048 words in 8 x 24 places, by patterns that hold each index somewhere */
    for (unsigned n = 0; n < 256; n++) {
        uint8_t in[32], back[32];
        char text[KEYRING_WORDS_TEXT_MAX];
        struct keyring_words_fault fault;
        for (size_t i = 0; i < 32; i++)
            in[i] = (uint8_t)(n * 167 + i * i * 31 + i * n);
        keyring_words_from(in, text);
        assert_ok(keyring_words_to(span_str(text), back, &fault));
        assert_memory_equal(in, back, 32);
    }
}

static const char good[] =
    "hamster diagram private dutch cause delay private meat slide toddler razor "
    "book happy fancy gospel tennis maple dilemma loan word shrug inflict delay "
    "length";

static void expect_fault(const char *text, enum keyring_words_kind kind, unsigned word,
                         const char *clause)
{
    uint8_t out[32];
    char explained[KEYRING_WORDS_EXPLAIN_MAX];
    struct keyring_words_fault fault;
    memset(out, 1, sizeof out);
    assert_err(keyring_words_to(span_str(text), out, &fault), ERR_ARGUMENT);
    assert_int_equal(fault.kind, kind);
    assert_int_equal(fault.word, word);
    assert_int_equal(out[0] | out[31], 0);
    keyring_words_explain(fault, explained);
    assert_string_equal(explained, clause);
}

static void faults_have_names(void **state)
{
    (void)state;
    char text[sizeof good + 20];
    uint8_t out[32];
    struct keyring_words_fault fault;
    assert_ok(keyring_words_to(span_str(good), out, &fault));

    expect_fault("", KEYRING_WORDS_WRONG_COUNT, 0, "0 words were given, 24 are needed");
    expect_fault("hamster diagram", KEYRING_WORDS_WRONG_COUNT, 2,
                 "2 words were given, 24 are needed");
    memcpy(text, good, sizeof good);
    strcat(text, " zoo zoo");
    expect_fault(text, KEYRING_WORDS_WRONG_COUNT, 26, "26 words were given, 24 are needed");
    memcpy(text, good, sizeof good);
    memcpy(text + 8, "diaxram", 7);
    expect_fault(text, KEYRING_WORDS_UNKNOWN, 2, "word 2 is not in the list");
    memcpy(text, good, sizeof good);
    memcpy(text, "hamstex", 7);
    expect_fault(text, KEYRING_WORDS_UNKNOWN, 1, "word 1 is not in the list");
    memcpy(text, good, sizeof good);
    memcpy(text, "wrestle", 7);
    expect_fault(text, KEYRING_WORDS_CHECKSUM, 0,
                 "the checksum does not fit: a word is wrong or two are swapped");
}

static void typing_is_forgiven(void **state)
{
    (void)state;
    uint8_t wanted[32], out[32];
    struct keyring_words_fault fault;
    assert_ok(keyring_words_to(span_str(good), wanted, &fault));
    assert_ok(
        keyring_words_to(SPAN_LIT("  HAMS Diag priv\tdutc caus dela PRIV meat slid todd razo\n"
                                  "book happ fanc gosp tenn mapl dile loan word shru infl "
                                  "dela leng\r\n"),
                         out, &fault));
    assert_memory_equal(wanted, out, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bip_39_both_ways),
        cmocka_unit_test(all_words_go_both_ways),
        cmocka_unit_test(faults_have_names),
        cmocka_unit_test(typing_is_forgiven),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
