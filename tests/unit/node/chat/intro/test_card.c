/* Cards as text, where they lead, and what a stranger's message costs. */
#include "node/chat/envelope/stamp.h"
#include "node/chat/intro/card.h"
#include "tests/lib/testing.h"

static struct card card_of(bool private_link)
{
    struct card c = {.private_link = private_link};
    memset(c.account, 0x11, sizeof c.account);
    if (private_link)
        memset(c.secret, 0x22, sizeof c.secret);
    return c;
}

static void a_card_is_a_text(void **state)
{
    (void)state;
    static uint8_t record[300];
    char text[CARD_TEXT_MAX], padded[CARD_TEXT_MAX + 8];
    struct buf keep = BUF_INIT(CARD_BYTES_MAX);
    struct card got;
    for (size_t hints = 0; hints <= CARD_HINTS_MAX; hints++) {
        struct card c = card_of(hints != 1);
        for (size_t i = 0; i < hints; i++)
            c.hints[c.hints_count++] = SPAN_ARRAY(record);
        assert_ok(card_text(&c, text));
        (void)snprintf(padded, sizeof padded, " %s\r\n", text);
        assert_ok(card_parse(span_str(padded), &got, &keep));
        assert_memory_equal(got.account, c.account, 32);
        assert_int_equal(got.private_link, hints != 1);
        assert_memory_equal(got.secret, c.secret, 16);
        assert_int_equal(got.hints_count, hints);
        for (size_t i = 0; i < hints; i++)
            assert_span_equal(got.hints[i], SPAN_ARRAY(record));
    }
    text[20] = text[20] == 'q' ? 'p' : 'q';
    assert_err(card_parse(span_str(text), &got, &keep), ERR_FORMAT);
    assert_int_equal(got.account[0], 0);
    identity_text(got.account, text);
    assert_err(card_parse(span_str(text), &got, &keep), ERR_UNSUPPORTED); /* an account, no card */
    assert_err(card_parse(SPAN_EMPTY, &got, &keep), ERR_FORMAT);
    buf_clear(&keep);
}

static void odd_cards_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum err wanted;
    } rows[] = {
        {"96 01 01 c4200000000000000000000000000000000000000000000000000000000000000000 c400 90 90",
         OK},
        {"96 01 02 c4200000000000000000000000000000000000000000000000000000000000000000 c400 90 90",
         ERR_UNSUPPORTED},
        {"96 02 01 c4200000000000000000000000000000000000000000000000000000000000000000 c400 90 90",
         ERR_UNSUPPORTED},
        {"96 01 01 c4200000000000000000000000000000000000000000000000000000000000000000 c40101 90 "
         "90",
         ERR_FORMAT},
        {"96 01 01 c4200000000000000000000000000000000000000000000000000000000000000000 c400 94 "
         "c40101 c40101 c40101 c40101 90",
         ERR_FORMAT},
        {"96 01 01 c4200000000000000000000000000000000000000000000000000000000000000000 c400 90 91 "
         "93 07 01 c400",
         ERR_UNSUPPORTED},
        {"96 01 01 c4200000000000000000000000000000000000000000000000000000000000000000 c400 90 91 "
         "93 07 00 c400",
         OK},
        {"92 01 01", ERR_FORMAT}};
    char text[CARD_TEXT_MAX];
    struct buf keep = BUF_INIT(CARD_BYTES_MAX);
    struct card got;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bech32m_encode("sottocard", test_hex(rows[i].hex), text);
        assert_err(card_parse(span_str(text), &got, &keep), rows[i].wanted);
    }
    buf_clear(&keep);
}

static void only_holders_of_the_secret_see_the_same(void **state)
{
    (void)state;
    struct card open = card_of(false), link = card_of(true), second = card_of(true);
    struct envelope_keys a, b;
    second.secret[0] ^= 1;
    card_keys(&open, 20000, &a);
    card_keys(&link, 20000, &b);
    assert_memory_not_equal(&a, &b, sizeof a);
    card_keys(&second, 20000, &a);
    assert_memory_not_equal(&a, &b, sizeof a);
    card_keys(&link, 20001, &a);
    assert_memory_not_equal(&a, &b, sizeof a);
    card_keys(&link, 20000, &a);
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(a.header, a.body, sizeof a.header);
    unsigned same = 0;
    for (unsigned i = 0; i < 64; i++) {
        second.secret[1] = (uint8_t)i;
        same += card_bucket(&second) == card_bucket(&link);
    }
    assert_in_range(same, 0, 6);
}

static void a_stamp_is_for_one_recipient_day_and_body(void **state)
{
    (void)state;
    uint8_t account[32] = {1}, stamp[STAMP_BYTES];
    struct stamp_of of, other;
    uint64_t next = 0;
    unsigned others = 0;
    stamp_for(account, 20000, SPAN_LIT("body"), &of);
    assert_false(stamp_make(&of, 30, &next, 100, stamp));
    assert_true(next == 100);
    next = 0;
    assert_true(stamp_make(&of, 12, &next, 1u << 20, stamp));
    assert_true(stamp_holds(&of, stamp, 12));
    assert_true(stamp_holds(&of, stamp, 0));
    assert_true(next > 16); /* it cost something */
    for (uint32_t i = 0; i < 20; i++) {
        account[1] = (uint8_t)i;
        stamp_for(account, 20001 + i, SPAN_LIT("body"), &other);
        others += stamp_holds(&other, stamp, 12);
        stamp_for(of.account, 20000, span_of(&i, sizeof i), &other);
        others += stamp_holds(&other, stamp, 12);
    }
    assert_in_range(others, 0, 1);
    stamp[7] ^= 1;
    assert_false(stamp_holds(&of, stamp, 12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_card_is_a_text),
        cmocka_unit_test(odd_cards_are_refused),
        cmocka_unit_test(only_holders_of_the_secret_see_the_same),
        cmocka_unit_test(a_stamp_is_for_one_recipient_day_and_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
