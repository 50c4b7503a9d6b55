#include "node/tui/clean.h"
#include "node/tui/grid.h"
#include "node/tui/line.h"
#include "tests/lib/testing.h"

static void becomes(const char *in, const char *wanted)
{
    struct buf out = BUF_INIT(1u << 16);
    assert_ok(clean_append(&out, span_str(in), true));
    assert_ok(buf_append(&out, span_of("", 1)));
    assert_string_equal((const char *)out.ptr, wanted);
    buf_clear(&out);
}

static void received_text_cannot_drive_the_terminal(void **state)
{
    (void)state;
    becomes("\033]0;title\007", "␛]0;title␇");
    becomes("\033[2J\b\177", "␛[2J␈␡");
    becomes("\xc2\x9b"
            "31m",
            "\xef\xbf\xbd"
            "31m"); /* C1 CSI */
    becomes("\x9b"
            "31m",
            "\xef\xbf\xbd"
            "31m");                                    /* the same as a bare byte */
    becomes("pay \xe2\x80\xaegnp.exe", "pay gnp.exe"); /* right-to-left override */
    becomes("a\xe2\x80\x8b\xe2\x81\xa6z\xef\xbb\xbf", "az");
    becomes("\xee\x80\x80", "\xef\xbf\xbd"); /* private use */
    becomes("one\r\ntwo\rthree\xe2\x80\xa8"
            "four",
            "one\ntwo\nthree\nfour");
}

static void broken_utf8_stays_visible(void **state)
{
    (void)state;
    becomes("\xc0\x80", "\xef\xbf\xbd\xef\xbf\xbd");                 /* overlong NUL */
    becomes("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* surrogate */
    becomes("\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    becomes("\xe2\x82", "\xef\xbf\xbd\xef\xbf\xbd");
}

static void widths_are_those_of_terminals(void **state)
{
    (void)state;
    assert_int_equal(clean_width(span_str("abc")), 3);
    assert_int_equal(clean_width(span_str("你好")), 4);
    assert_int_equal(clean_width(span_str("e\xcc\x81")), 1); /* e and an acute accent */
    assert_int_equal(clean_width(span_str("😀")), 2);
    becomes("👨\xe2\x80\x8d👩\xe2\x80\x8d👧", "👨👩👧"); /* joined: terminals disagree */
    becomes("🇩🇪", "DE");
    becomes("👍🏽", "👍");
    becomes("\xcc\x81x", "\xe2\x97\x8c\xcc\x81x");
    becomes("e\xcc\x81\xcc\x81\xcc\x81\xcc\x81", "e\xcc\x81\xcc\x81"); /* a tower of marks */
    assert_int_equal(clean_width(span_str("\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8")), 2); /* jamo */
}

static void lines_break_at_spaces(void **state)
{
    (void)state;
    struct span text = span_str("the quick 你好你好 abcdefghij\n\nend"), line;
    static const char *const wanted[] = {"the ",    "quick ", "你好你", "好 ",
                                         "abcdefg", "hij",    "",       "end"};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        assert_true(wrap_next(&text, 7, &line));
        assert_span_equal(line, span_str(wanted[i]));
    }
    assert_false(wrap_next(&text, 7, &line));
}

static void a_grid_cuts_at_its_edges(void **state)
{
    (void)state;
    struct tui_grid g = {.cells = NULL};
    struct buf out = BUF_INIT(4096);
    assert_ok(grid_resize(&g, 8, 3));
    grid_text(&g, (struct tui_area){1, 0, 5, 1}, 0, 0, TUI_PLAIN, span_str("你好你好"));
    grid_text(&g, (struct tui_area){1, 1, 5, 1}, 0, 0, TUI_PLAIN, span_str("12345"));
    grid_text(&g, (struct tui_area){1, 2, 50, 9}, 0, 0, TUI_PLAIN, span_str("1234567890"));
    grid_text(&g, (struct tui_area){1, 2, 50, 9}, 0, 1, TUI_PLAIN, span_str("below"));
    assert_ok(grid_dump(&g, &out));
    assert_span_equal(buf_span(&out), span_str(" 你好…\n 12345\n 123456…\n"));
    buf_clear(&out);
    grid_clear(&g);
}

static void a_line_is_edited_by_glyphs(void **state)
{
    (void)state;
    struct line l;
    unsigned row, col;
    line_init(&l);
    assert_ok(line_insert(&l, span_str("one e\xcc\x81好\r\ntwo\033[A")));
    assert_span_equal(line_span(&l), span_str("one e\xcc\x81好\ntwo[A"));
    assert_true(line_move(&l, LINE_UP));
    assert_int_equal(line_rows(&l, 20, &row, &col), 2);
    assert_int_equal(row, 0);
    assert_int_equal(col, 5);
    line_erase(&l, LINE_LEFT); /* the accent goes with its letter */
    assert_span_equal(line_span(&l), span_str("one 好\ntwo[A"));
    line_erase(&l, LINE_WORD_LEFT);
    line_erase(&l, LINE_END);
    assert_span_equal(line_span(&l), span_str("\ntwo[A"));
    assert_false(line_move(&l, LINE_UP));
    assert_true(line_move(&l, LINE_DOWN));
    assert_true(line_move(&l, LINE_END));
    assert_int_equal(line_rows(&l, 3, &row, &col), 3);
    assert_int_equal(row, 2);
    line_clear(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(received_text_cannot_drive_the_terminal),
        cmocka_unit_test(broken_utf8_stays_visible),
        cmocka_unit_test(widths_are_those_of_terminals),
        cmocka_unit_test(lines_break_at_spaces),
        cmocka_unit_test(a_grid_cuts_at_its_edges),
        cmocka_unit_test(a_line_is_edited_by_glyphs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
