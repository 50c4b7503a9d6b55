/* Cells, and text in them. */
#include "node/tui/grid.h"
#include "node/tui/params.h"

#include <stdlib.h>

static void blank(struct tui_cell *cell, enum tui_style style)
{
    *cell = (struct tui_cell){.text = " ", .width = 1, .style = (uint8_t)style};
}

void grid_blank(struct tui_grid *g)
{
    for (size_t i = 0; i < (size_t)g->cols * g->rows; i++)
        blank(&g->cells[i], TUI_PLAIN);
    g->cursor = false;
}

enum err grid_resize(struct tui_grid *g, unsigned cols, unsigned rows)
{
    cols = cols < 1 ? 1 : cols > TUI_COLS_MAX ? TUI_COLS_MAX : cols;
    rows = rows < 1 ? 1 : rows > TUI_ROWS_MAX ? TUI_ROWS_MAX : rows;
    struct tui_cell *cells = calloc((size_t)cols * rows, sizeof *cells);
    if (cells == NULL)
        return ERR_MEMORY;
    free(g->cells);
    *g = (struct tui_grid){.cols = cols, .rows = rows, .cells = cells};
    grid_blank(g);
    return OK;
}

void grid_clear(struct tui_grid *g)
{
    free(g->cells);
    *g = (struct tui_grid){.cells = NULL};
}

static struct tui_cell *cell_at(struct tui_grid *g, unsigned col, unsigned row)
{
    return &g->cells[(size_t)row * g->cols + col];
}

const struct tui_cell *grid_at(const struct tui_grid *g, unsigned col, unsigned row)
{
    return &g->cells[(size_t)row * g->cols + col];
}

static struct tui_area within(const struct tui_grid *g, struct tui_area a)
{
    a.col = a.col > g->cols ? g->cols : a.col;
    a.row = a.row > g->rows ? g->rows : a.row;
    a.cols = a.cols > g->cols - a.col ? g->cols - a.col : a.cols;
    a.rows = a.rows > g->rows - a.row ? g->rows - a.row : a.rows;
    return a;
}

static void put(struct tui_grid *g, unsigned col, unsigned row, enum tui_style style,
                const struct glyph *glyph)
{
    struct tui_cell *cell = cell_at(g, col, row);
    memcpy(cell->text, glyph->text, sizeof cell->text);
    cell->width = glyph->width;
    cell->style = (uint8_t)style;
    if (glyph->width == 2)
        cell[1] = (struct tui_cell){.width = 0, .style = (uint8_t)style};
}

unsigned grid_text(struct tui_grid *g, struct tui_area a, unsigned col, unsigned row,
                   enum tui_style style, struct span text)
{
    static const struct glyph more = {.text = "…", .bytes = 3, .width = 1};
    struct glyph glyph;

    a = within(g, a);
    if (row >= a.rows)
        return col;
    while (col < a.cols && glyph_next(&text, &glyph) && glyph.width > 0) {
        struct span rest = text;
        struct glyph next;
        bool last = !glyph_next(&rest, &next) || next.width == 0;
        unsigned room = a.cols - col;
        if (glyph.width > room || (glyph.width == room && !last)) {
            put(g, a.col + col, a.row + row, style, &more);
            return col + 1;
        }
        put(g, a.col + col, a.row + row, style, &glyph);
        col += glyph.width;
    }
    return col;
}

void grid_fill(struct tui_grid *g, struct tui_area a, enum tui_style style)
{
    a = within(g, a);
    for (unsigned row = 0; row < a.rows; row++)
        for (unsigned col = 0; col < a.cols; col++)
            blank(cell_at(g, a.col + col, a.row + row), style);
}

void grid_upright(struct tui_grid *g, unsigned col, unsigned row, unsigned rows)
{
    struct tui_area a = {col, row, 1, rows};
    for (unsigned i = 0; i < rows; i++)
        grid_text(g, a, 0, i, TUI_DIM, span_str("│"));
}

/* Behind a space if there was one, else where the cells end; a line end is taken away. */
bool wrap_next(struct span *text, unsigned cols, struct span *line)
{
    struct span rest = *text, at_space = SPAN_EMPTY;
    struct glyph glyph;
    size_t used = 0;

    if (text->len == 0)
        return false;
    for (struct span before = rest; glyph_next(&rest, &glyph); before = rest) {
        if (glyph.width == 0) {
            *line = span_sub(*text, 0, text->len - before.len);
            *text = rest;
            return true;
        }
        if (used + glyph.width > cols && used > 0) {
            struct span from = at_space.ptr != NULL ? at_space : before;
            *line = span_sub(*text, 0, text->len - from.len);
            *text = from;
            return true;
        }
        used += glyph.width;
        if (glyph.text[0] == ' ')
            at_space = rest;
    }
    *line = *text;
    *text = SPAN_EMPTY;
    return true;
}

enum err grid_dump(const struct tui_grid *g, struct buf *out)
{
    for (unsigned row = 0; row < g->rows; row++) {
        size_t end = out->len;
        for (unsigned col = 0; col < g->cols; col++) {
            const struct tui_cell *cell = grid_at(g, col, row);
            TRY(buf_append(out, span_str(cell->text)));
            if (cell->width > 0 && strcmp(cell->text, " ") != 0)
                end = out->len;
        }
        buf_truncate(out, end);
        TRY(buf_append(out, SPAN_LIT("\n")));
    }
    return OK;
}
