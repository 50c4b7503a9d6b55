/* A screen as cells. Whatever is put into it goes through clean.h, so a grid holds nothing that
 * could drive a terminal. A wide character takes a cell and leaves the next with width 0. */
#pragma once

#include "node/tui/clean.h"

enum tui_style { /* what a cell means; colours are the terminal's business */
    TUI_PLAIN,
    TUI_DIM,
    TUI_BOLD,
    TUI_TITLE,  /* bars */
    TUI_CHOSEN, /* the line that keys act on */
    TUI_OWN,
    TUI_PERSON,
    TUI_GOOD,
    TUI_ALARM,
    TUI_UNREAD,
    TUI_QR, /* dark on light, whatever the terminal's colours */
    TUI_STYLES,
};

struct tui_cell {
    char text[GLYPH_BYTES];
    uint8_t width; /* 1 or 2; 0: the second half of a wide one */
    uint8_t style; /* enum tui_style */
};

struct tui_grid {
    unsigned cols, rows;
    struct tui_cell *cells; /* owned; rows * cols */
    unsigned cursor_col, cursor_row;
    bool cursor;
};

struct tui_area { /* a part of a grid; what reaches beyond it is cut */
    unsigned col, row, cols, rows;
};

/** Blank, of this size, cut to TUI_COLS_MAX and TUI_ROWS_MAX. ERR_MEMORY: as it was. */
enum err grid_resize(struct tui_grid *g, unsigned cols, unsigned rows) MUST_CHECK;
void grid_clear(struct tui_grid *g); /* free */
void grid_blank(struct tui_grid *g);
const struct tui_cell *grid_at(const struct tui_grid *g, unsigned col, unsigned row);

/** Write a line into an area from its cell (col, row) on; "…" stands for what does not fit. The
 * column behind it. */
unsigned grid_text(struct tui_grid *g, struct tui_area a, unsigned col, unsigned row,
                   enum tui_style style, struct span text);
void grid_fill(struct tui_grid *g, struct tui_area a, enum tui_style style);
void grid_upright(struct tui_grid *g, unsigned col, unsigned row, unsigned rows);

/** Take the next line of at most `cols` cells off `text`, broken at a space where there is one. The
 * span lies in `text` as it was. false: nothing is left. */
bool wrap_next(struct span *text, unsigned cols, struct span *line);

/** All lines as text for people and tests, without blanks at their ends. */
enum err grid_dump(const struct tui_grid *g, struct buf *out) MUST_CHECK;
