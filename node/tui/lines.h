/* Lines with a style, made once and drawn or counted: entries, panes. What goes in comes out clean.
 * When memory or the bound is out, the rest is missing and nothing else happens. */
#pragma once

#include "node/tui/grid.h"

struct lines {
    struct buf bytes; /* style, text, '\n' */
    size_t count;
};

void lines_init(struct lines *l);
void lines_reset(struct lines *l);
void lines_clear(struct lines *l); /* free */
void lines_add(struct lines *l, enum tui_style style, struct span text);
void lines_addf(struct lines *l, enum tui_style style, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Every line of `text`, broken at `cols`, behind `indent` blanks. */
void lines_wrap(struct lines *l, enum tui_style style, unsigned indent, unsigned cols,
                struct span text);

/** Put `text` behind the last line, if it fits into `cols` there; false: it does not. */
bool lines_join(struct lines *l, unsigned cols, struct span text);

/** Step through; start with *at = 0. */
bool lines_next(const struct lines *l, size_t *at, enum tui_style *style, struct span *text);
