/* Styled lines. */
#include "node/tui/lines.h"
#include "node/tui/params.h"

#include <stdarg.h>
#include <stdio.h>

#define LINE_BYTES 2048u /* of one made by lines_addf */

void lines_init(struct lines *l)
{
    *l = (struct lines){.bytes = BUF_INIT(TUI_LINES_MAX * 1024u)};
}

void lines_reset(struct lines *l)
{
    buf_reset(&l->bytes);
    l->count = 0;
}

void lines_clear(struct lines *l)
{
    buf_clear(&l->bytes);
    l->count = 0;
}

static void add(struct lines *l, enum tui_style style, unsigned indent, struct span text)
{
    static const char blanks[] = "                                ";
    uint8_t first = (uint8_t)style;
    size_t before = l->bytes.len;
    if (l->count == TUI_LINES_MAX)
        return;
    enum err err = buf_append(&l->bytes, span_of(&first, 1));
    if (err == OK)
        err = buf_append(&l->bytes, span_of(blanks, indent < 32 ? indent : 32));
    if (err == OK)
        err = clean_append(&l->bytes, text, false);
    if (err == OK)
        err = buf_append(&l->bytes, SPAN_LIT("\n"));
    if (err != OK) {
        buf_truncate(&l->bytes, before);
        return;
    }
    l->count++;
}

void lines_add(struct lines *l, enum tui_style style, struct span text)
{
    add(l, style, 0, text);
}

void lines_addf(struct lines *l, enum tui_style style, const char *format, ...)
{
    char text[LINE_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add(l, style, 0, span_str(text));
}

void lines_wrap(struct lines *l, enum tui_style style, unsigned indent, unsigned cols,
                struct span text)
{
    struct span line;
    cols = cols > indent ? cols - indent : 1;
    for (unsigned i = 0; wrap_next(&text, cols, &line); i++) {
        if (i == TUI_ENTRY_LINES_MAX) {
            add(l, TUI_DIM, indent, SPAN_LIT("(the rest is not shown)"));
            return;
        }
        add(l, style, indent, line);
    }
}

bool lines_join(struct lines *l, unsigned cols, struct span text)
{
    size_t from = l->bytes.len;
    if (l->count == 0)
        return false;
    for (from--; from > 0 && l->bytes.ptr[from - 1] != '\n';)
        from--;
    struct span last = span_sub(buf_span(&l->bytes), from + 1, l->bytes.len - from - 2);
    if (clean_width(last) + clean_width(text) > cols)
        return false;
    buf_truncate(&l->bytes, l->bytes.len - 1);
    bool fits = clean_append(&l->bytes, text, false) == OK;
    return buf_append(&l->bytes, SPAN_LIT("\n")) == OK && fits; /* room was there before */
}

bool lines_next(const struct lines *l, size_t *at, enum tui_style *style, struct span *text)
{
    if (*at >= l->bytes.len)
        return false;
    const uint8_t *from = l->bytes.ptr + *at + 1;
    const uint8_t *end = memchr(from, '\n', l->bytes.len - *at - 1);
    *style = (enum tui_style)l->bytes.ptr[*at];
    *text = span_of(from, (size_t)(end - from));
    *at += text->len + 2;
    return true;
}
