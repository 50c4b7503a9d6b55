/* The line editor. */
#include "node/tui/line.h"
#include "node/tui/params.h"

void line_init(struct line *l)
{
    *l = (struct line){.text = BUF_INIT(TUI_INPUT_BYTES_MAX)};
}

void line_clear(struct line *l)
{
    buf_clear(&l->text);
    l->cursor = 0;
}

void line_reset(struct line *l)
{
    buf_reset(&l->text);
    l->cursor = 0;
}

/* CR and CR LF become LF, as pasted text has them. */
static enum err keep(struct buf *out, struct span text)
{
    while (text.len > 0) {
        struct span before = text;
        uint32_t rune = rune_next(&text);
        struct span taken = span_sub(before, 0, before.len - text.len);
        if (rune == '\r') {
            if (text.len > 0 && text.ptr[0] == '\n')
                continue;
            TRY(buf_append(out, SPAN_LIT("\n")));
        } else if (rune == '\n' || rune == '\t' ||
                   (rune >= 0x20 && rune != 0x7f && rune != 0xfffd &&
                    (rune < 0x80 || rune >= 0xa0))) {
            TRY(buf_append(out, taken));
        }
    }
    return OK;
}

enum err line_insert(struct line *l, struct span text)
{
    struct buf whole = BUF_INIT(l->text.max);
    struct span now = buf_span(&l->text);
    enum err err = buf_append(&whole, span_sub(now, 0, l->cursor));
    if (err == OK)
        err = keep(&whole, text);
    size_t cursor = whole.len;
    if (err == OK)
        err = buf_append(&whole, span_after(now, l->cursor));
    if (err == OK) {
        buf_move(&l->text, &whole);
        l->cursor = cursor;
    }
    buf_clear(&whole);
    return err;
}

enum err line_set(struct line *l, struct span text)
{
    line_reset(l);
    return line_insert(l, text);
}

static uint8_t byte_at(const struct line *l, size_t at)
{
    return l->text.ptr[at];
}

static size_t behind(const struct line *l, size_t at)
{
    struct span rest = span_after(buf_span(&l->text), at);
    struct glyph g;
    (void)glyph_next(&rest, &g);
    return l->text.len - rest.len;
}

/* Glyphs are found from the front: the beginning of the line, then on. */
static size_t before(const struct line *l, size_t at)
{
    size_t from = at - 1;
    while (from > 0 && byte_at(l, from - 1) != '\n')
        from--;
    for (size_t next = behind(l, from); next < at; next = behind(l, from))
        from = next;
    return from;
}

static size_t home(const struct line *l, size_t at)
{
    while (at > 0 && byte_at(l, at - 1) != '\n')
        at--;
    return at;
}

static size_t end(const struct line *l, size_t at)
{
    while (at < l->text.len && byte_at(l, at) != '\n')
        at++;
    return at;
}

static size_t column(const struct line *l, size_t from, size_t column)
{
    size_t to = end(l, from), cells = 0;
    while (from < to && cells < column) {
        size_t next = behind(l, from);
        cells += clean_width(span_sub(buf_span(&l->text), from, next - from));
        from = next;
    }
    return from;
}

static size_t upright(const struct line *l, bool up)
{
    size_t from = home(l, l->cursor);
    size_t cells = clean_width(span_sub(buf_span(&l->text), from, l->cursor - from));
    if (up)
        return from == 0 ? l->cursor : column(l, home(l, from - 1), cells);
    size_t to = end(l, l->cursor);
    return to == l->text.len ? l->cursor : column(l, to + 1, cells);
}

static size_t word(const struct line *l, bool left)
{
    size_t at = l->cursor;
    if (left) {
        while (at > 0 && byte_at(l, at - 1) <= ' ')
            at--;
        while (at > 0 && byte_at(l, at - 1) > ' ')
            at--;
        return at;
    }
    while (at < l->text.len && byte_at(l, at) <= ' ')
        at++;
    while (at < l->text.len && byte_at(l, at) > ' ')
        at++;
    return at;
}

static size_t target(const struct line *l, enum line_move to)
{
    size_t at = l->cursor;
    switch (to) {
    case LINE_LEFT:
        return at > 0 ? before(l, at) : at;
    case LINE_RIGHT:
        return at < l->text.len ? behind(l, at) : at;
    case LINE_WORD_LEFT:
    case LINE_WORD_RIGHT:
        return word(l, to == LINE_WORD_LEFT);
    case LINE_HOME:
        return home(l, at);
    case LINE_END:
        return end(l, at);
    case LINE_UP:
    case LINE_DOWN:
        return upright(l, to == LINE_UP);
    }
    return at;
}

bool line_move(struct line *l, enum line_move to)
{
    size_t at = l->text.len > 0 ? target(l, to) : 0;
    bool moved = at != l->cursor;
    l->cursor = at;
    return moved;
}

void line_erase(struct line *l, enum line_move to)
{
    size_t at = l->text.len > 0 ? target(l, to) : 0;
    size_t from = at < l->cursor ? at : l->cursor, until = at < l->cursor ? l->cursor : at;
    if (from == until)
        return;
    memmove(l->text.ptr + from, l->text.ptr + until, l->text.len - until);
    buf_truncate(&l->text, l->text.len - (until - from));
    l->cursor = from;
}

unsigned line_rows(const struct line *l, unsigned cols, unsigned *cursor_row, unsigned *cursor_col)
{
    struct span rest = buf_span(&l->text), row;
    unsigned rows = 0;
    size_t start = 0;

    *cursor_row = *cursor_col = 0;
    while (wrap_next(&rest, cols, &row)) {
        if (l->cursor >= start) {
            *cursor_row = rows;
            size_t to = l->cursor - start < row.len ? l->cursor - start : row.len;
            *cursor_col = (unsigned)clean_width(span_sub(row, 0, to));
        }
        start = l->text.len - rest.len;
        rows++;
    }
    if (l->text.len > 0 && byte_at(l, l->text.len - 1) == '\n') { /* an empty line at the end */
        if (l->cursor == l->text.len) {
            *cursor_row = rows;
            *cursor_col = 0;
        }
        rows++;
    }
    return rows == 0 ? 1 : rows;
}
