/* Text of strangers becomes glyphs: nothing that a terminal obeys comes out, every glyph has its
 * width, cleaning twice is cleaning once, and lines are never wider than asked. */
#include "node/tui/grid.h"
#include "node/tui/line.h"
#include "node/tui/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_harmless(struct span text)
{
    while (text.len > 0) {
        struct span before = text;
        uint32_t rune = rune_next(&text);
        assert(rune == '\n' || (rune >= 0x20 && rune != 0x7f && (rune < 0x80 || rune >= 0xa0)));
        assert(!(rune >= 0x200b && rune <= 0x200f) && !(rune >= 0x202a && rune <= 0x202e));
        assert(!(rune >= 0x2060 && rune <= 0x206f) && rune != 0x61c && rune != 0xfeff);
        assert(!(rune >= 0xe000 && rune <= 0xf8ff) && rune < 0xe0000);
        assert(rune != 0xfffd || before.len - text.len == 3); /* what we wrote is UTF-8 */
    }
}

static void check_lines(struct span text, unsigned cols)
{
    struct span line;
    size_t taken = 0, all = text.len;
    for (struct span rest = text; wrap_next(&rest, cols, &line); taken = all - rest.len) {
        assert(clean_width(line) <= (cols < 2 ? 2 : cols));
        assert(all - rest.len > taken);
    }
    assert(taken == all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct buf once = BUF_INIT(1u << 24), twice = BUF_INIT(1u << 24);
    struct tui_grid grid = {.cells = NULL};
    struct span text = span_of(data, len > 4096 ? 4096 : len);
    struct line line;
    unsigned row, col;

    enum err err = clean_append(&once, text, true);
    assert(err == OK);
    check_harmless(buf_span(&once));
    err = clean_append(&twice, buf_span(&once), true);
    assert(err == OK && span_eq(buf_span(&once), buf_span(&twice)));
    check_lines(text, len == 0 ? 1 : data[0] % 90 + 1);

    err = grid_resize(&grid, 12, 2);
    assert(err == OK);
    grid_text(&grid, (struct tui_area){1, 0, 9, 1}, 0, 0, TUI_PLAIN, text);
    assert(strcmp(grid_at(&grid, 0, 0)->text, " ") == 0);
    for (unsigned i = 10; i < 12; i++)
        assert(strcmp(grid_at(&grid, i, 0)->text, " ") == 0);
    grid_clear(&grid);

    line_init(&line);
    if (line_insert(&line, text) == OK) {
        for (size_t i = 0; i < text.len && i < 64; i++)
            line_erase(&line, (enum line_move)(text.ptr[i] % 8));
        assert(line_rows(&line, 10, &row, &col) > row && line.cursor <= line.text.len);
    }
    line_clear(&line);
    buf_clear(&once);
    buf_clear(&twice);
    return 0;
}
