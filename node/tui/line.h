/* What is being typed: UTF-8 in one or many lines with a cursor, which stands at the beginning of a
 * glyph. Wiped when it goes, since passphrases are typed here too. */
#pragma once

#include "node/tui/grid.h"

struct line {
    struct buf text;
    size_t cursor; /* byte */
};

enum line_move {
    LINE_LEFT,
    LINE_RIGHT,
    LINE_WORD_LEFT,
    LINE_WORD_RIGHT,
    LINE_HOME, /* of its line */
    LINE_END,
    LINE_UP,
    LINE_DOWN,
};

void line_init(struct line *l);
void line_clear(struct line *l); /* free */
void line_reset(struct line *l); /* empty */

/** Put valid text in at the cursor; control characters but '\n' and '\t' are left out. ERR_FULL. */
enum err line_insert(struct line *l, struct span text) MUST_CHECK;
enum err line_set(struct line *l, struct span text) MUST_CHECK;
bool line_move(struct line *l, enum line_move to);  /* false: it is there already */
void line_erase(struct line *l, enum line_move to); /* from the cursor to there */

static inline struct span line_span(const struct line *l)
{
    return buf_span(&l->text);
}

/** Rows it takes at `cols` cells, and where the cursor is then. */
unsigned line_rows(const struct line *l, unsigned cols, unsigned *cursor_row, unsigned *cursor_col);
