#include "node/evio/terminal_inside.h"
#include "tests/lib/testing.h"

static void next_is(struct keys *k, bool idle, enum tui_key_kind kind, const char *text)
{
    struct tui_key key;
    assert_true(keys_next(k, idle, &key));
    assert_int_equal(key.kind, kind);
    assert_span_equal(key.text, span_str(text));
}

static void bytes_become_keys(void **state)
{
    (void)state;
    struct keys k;
    struct tui_key key;
    keys_init(&k);
    assert_ok(keys_feed(&k, SPAN_LIT("a\xe4\xbd\xa0\r\033[A\033\r\033[1;3B\033[99~\003")));
    next_is(&k, false, TUI_KEY_TEXT, "a");
    next_is(&k, false, TUI_KEY_TEXT, "\xe4\xbd\xa0");
    next_is(&k, false, TUI_KEY_ENTER, "");
    next_is(&k, false, TUI_KEY_UP, "");
    next_is(&k, false, TUI_KEY_NEWLINE, "");
    next_is(&k, false, TUI_KEY_NEXT, "");
    next_is(&k, false, TUI_KEY_INTERRUPT, "");
    assert_ok(keys_feed(&k, SPAN_LIT("\033")));
    assert_false(keys_next(&k, false, &key)); /* of what, is not known yet */
    assert_true(keys_waiting(&k));
    next_is(&k, true, TUI_KEY_ESCAPE, "");
    keys_clear(&k);
}

static void a_paste_comes_whole(void **state)
{
    (void)state;
    struct keys k;
    struct tui_key key;
    keys_init(&k);
    assert_ok(keys_feed(&k, SPAN_LIT("\033[200~one\rtwo\033[")));
    assert_false(keys_next(&k, false, &key));
    assert_false(keys_waiting(&k));
    assert_ok(keys_feed(&k, SPAN_LIT("A\003\033[201~x")));
    next_is(&k, false, TUI_KEY_PASTE, "one\rtwo\033[A\003");
    next_is(&k, false, TUI_KEY_TEXT, "x");
    keys_clear(&k);
}

static void only_what_changed_is_painted(void **state)
{
    (void)state;
    struct tui_grid g = {.cells = NULL};
    struct painter p = {.colour = true};
    struct buf out = BUF_INIT(1u << 16);
    const struct tui_area all = {0, 0, 10, 2};
    assert_ok(grid_resize(&g, 10, 2));
    grid_text(&g, all, 0, 1, TUI_ALARM, SPAN_LIT("ab 你"));
    assert_ok(painter_draw(&p, &g, &out));
    buf_reset(&out);
    assert_ok(painter_draw(&p, &g, &out));
    assert_span_equal(buf_span(&out), SPAN_LIT("\033[?25l\033[0m"));
    buf_reset(&out);
    grid_text(&g, all, 1, 1, TUI_PLAIN, SPAN_LIT("X"));
    g.cursor = true;
    g.cursor_col = 3;
    assert_ok(painter_draw(&p, &g, &out));
    assert_span_equal(buf_span(&out),
                      SPAN_LIT("\033[?25l\033[2;2H\033[0mX\033[0m\033[1;4H\033[?25h"));
    p.ascii = true;
    painter_clear(&p);
    buf_reset(&out);
    assert_ok(painter_draw(&p, &g, &out));
    for (size_t i = 0; i < out.len; i++)
        assert_true(out.ptr[i] < 0x80);
    painter_clear(&p);
    buf_clear(&out);
    grid_clear(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_become_keys),
        cmocka_unit_test(a_paste_comes_whole),
        cmocka_unit_test(only_what_changed_is_painted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
