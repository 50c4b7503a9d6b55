/* A grid as escape sequences: runs of cells that differ from what the terminal shows.
 * @source ECMA-48 8.3: CUP, SGR, ED */
#include "node/evio/terminal_inside.h"

#include <stdio.h>
#include <stdlib.h>

#define PAINT_TEXT 32u

static const struct {
    const char *colour, *plain; /* SGR parameters; plain: for NO_COLOR */
} styles[TUI_STYLES] = {
    [TUI_PLAIN] = {"0", "0"},          [TUI_DIM] = {"0;2", "0;2"},
    [TUI_BOLD] = {"0;1", "0;1"},       [TUI_TITLE] = {"0;7", "0;7"},
    [TUI_CHOSEN] = {"0;7", "0;7"},     [TUI_OWN] = {"0;1;36", "0;1"},
    [TUI_PERSON] = {"0;1;33", "0;1"},  [TUI_GOOD] = {"0;32", "0"},
    [TUI_ALARM] = {"0;1;31", "0;1"},   [TUI_UNREAD] = {"0;1", "0;1"},
    [TUI_QR] = {"0;30;47", "0;30;47"},
};

/* where the locale is not UTF-8 */
static const char *const ascii_for[][2] = {
    {"│", "|"}, {"─", "-"}, {"┃", "|"}, {"…", "."}, {"✓", "v"}, {"✗", "x"},
    {"→", ">"}, {"▪", "*"}, {"·", "."}, {"▶", ">"}, {"↓", "v"},
};

static const char *text_of(const struct painter *p, const struct tui_cell *cell)
{
    if (!p->ascii || (uint8_t)cell->text[0] < 0x80)
        return p->ascii && cell->text[1] != '\0' ? "?" : cell->text;
    for (size_t i = 0; i < sizeof ascii_for / sizeof *ascii_for; i++)
        if (strcmp(cell->text, ascii_for[i][0]) == 0)
            return ascii_for[i][1];
    return cell->width == 2 ? "??" : "?";
}

static enum err move_to(struct buf *out, unsigned col, unsigned row)
{
    char text[PAINT_TEXT];
    snprintf(text, sizeof text, "\033[%u;%uH", row + 1, col + 1);
    return buf_append(out, span_str(text));
}

static enum err set_style(const struct painter *p, uint8_t style, int *now, struct buf *out)
{
    if (*now == style)
        return OK;
    *now = style;
    TRY(buf_append(out, SPAN_LIT("\033[")));
    TRY(buf_append(out, span_str(p->colour ? styles[style].colour : styles[style].plain)));
    return buf_append(out, SPAN_LIT("m"));
}

static bool same(const struct tui_cell *a, const struct tui_cell *b)
{
    return a->width == b->width && a->style == b->style && strcmp(a->text, b->text) == 0;
}

/* One row from its first to its last difference. */
static enum err draw_row(struct painter *p, const struct tui_grid *g, unsigned row, int *style,
                         struct buf *out)
{
    const struct tui_cell *cells = grid_at(g, 0, row), *shown = &p->shown[(size_t)row * g->cols];
    unsigned from = 0, to = g->cols;
    while (from < to && same(&cells[from], &shown[from]))
        from++;
    while (to > from && same(&cells[to - 1], &shown[to - 1]))
        to--;
    if (from == to)
        return OK;
    from -= cells[from].width == 0; /* the second half goes with the first */
    TRY(move_to(out, from, row));
    for (unsigned col = from; col < to; col++) {
        if (cells[col].width == 0)
            continue;
        TRY(set_style(p, cells[col].style, style, out));
        TRY(buf_append(out, span_str(text_of(p, &cells[col]))));
    }
    return OK;
}

static enum err draw(struct painter *p, const struct tui_grid *g, struct buf *out)
{
    int style = -1;
    TRY(buf_append(out, SPAN_LIT("\033[?25l")));
    if (p->shown == NULL || p->cols != g->cols || p->rows != g->rows) {
        free(p->shown);
        p->shown = calloc((size_t)g->cols * g->rows, sizeof *p->shown);
        if (p->shown == NULL)
            return ERR_MEMORY;
        p->cols = g->cols;
        p->rows = g->rows;
        TRY(buf_append(out, SPAN_LIT("\033[0m\033[2J")));
    }
    for (unsigned row = 0; row < g->rows; row++)
        TRY(draw_row(p, g, row, &style, out));
    TRY(buf_append(out, SPAN_LIT("\033[0m")));
    if (g->cursor) {
        TRY(move_to(out, g->cursor_col, g->cursor_row));
        TRY(buf_append(out, SPAN_LIT("\033[?25h")));
    }
    memcpy(p->shown, g->cells, (size_t)g->cols * g->rows * sizeof *g->cells);
    return OK;
}

enum err painter_draw(struct painter *p, const struct tui_grid *grid, struct buf *out)
{
    enum err err = draw(p, grid, out);
    if (err != OK)
        painter_clear(p);
    return err;
}

void painter_clear(struct painter *p)
{
    free(p->shown);
    p->shown = NULL;
}
