/* The one way from received bytes to cells. */
#include "node/tui/clean.h"
#include "node/tui/params.h"
#include "node/tui/width_table.h"

#define REPLACEMENT 0xfffdu

static bool within(const struct range *table, size_t count, uint32_t rune)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (rune > table[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    return low < count && rune >= table[low].first;
}

#define WITHIN(table, rune) within(table, sizeof(table) / sizeof *(table), rune)

/* Neither seen nor counted: direction, joiners, fillers, selectors, tags, skin tones (terminals
 * disagree whether these are a character of their own). */
static const struct range invisible[] = {
    {0x00ad, 0x00ad},   {0x034f, 0x034f},   {0x061c, 0x061c},   {0x115f, 0x1160},
    {0x17b4, 0x17b5},   {0x180b, 0x180f},   {0x200b, 0x200f},   {0x202a, 0x202e},
    {0x2060, 0x206f},   {0x3164, 0x3164},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},   {0xfff0, 0xfffb},   {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a},
    {0x1f3fb, 0x1f3ff}, {0xe0000, 0xe0fff},
};

static bool private_use(uint32_t rune)
{
    return (rune >= 0xe000 && rune <= 0xf8ff) || rune >= 0xf0000 || (rune & 0xfffe) == 0xfffe ||
           (rune >= 0xfdd0 && rune <= 0xfdef);
}

unsigned rune_width(uint32_t rune)
{
    if (WITHIN(marks, rune))
        return 0;
    return WITHIN(wides, rune) ? 2 : 1;
}

/* Strict: shortest form, no surrogates, nothing over U+10FFFF (RFC 3629). A bad byte alone is
 * taken. */
uint32_t rune_next(struct span *text)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint8_t first = text->ptr[0];
    size_t more = first < 0x80 ? 0 : first < 0xc2 ? 9 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    uint32_t rune = more == 0 ? first : first & (0x3fu >> more);

    if (more > 3 || first > 0xf4 || text->len <= more) {
        *text = span_after(*text, 1);
        return first < 0x80 ? first : REPLACEMENT;
    }
    for (size_t i = 1; i <= more; i++) {
        if ((text->ptr[i] & 0xc0) != 0x80) {
            *text = span_after(*text, 1);
            return REPLACEMENT;
        }
        rune = rune << 6 | (text->ptr[i] & 0x3f);
    }
    bool bad = rune < least[more] || rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff);
    *text = span_after(*text, bad ? 1 : more + 1);
    return bad ? REPLACEMENT : rune;
}

static void put(struct glyph *g, uint32_t rune)
{
    uint8_t *at = (uint8_t *)g->text + g->bytes;
    if (rune < 0x80) {
        at[0] = (uint8_t)rune;
        g->bytes += 1;
    } else if (rune < 0x800) {
        at[0] = (uint8_t)(0xc0 | rune >> 6);
        at[1] = (uint8_t)(0x80 | (rune & 0x3f));
        g->bytes += 2;
    } else if (rune < 0x10000) {
        at[0] = (uint8_t)(0xe0 | rune >> 12);
        at[1] = (uint8_t)(0x80 | (rune >> 6 & 0x3f));
        at[2] = (uint8_t)(0x80 | (rune & 0x3f));
        g->bytes += 3;
    } else {
        at[0] = (uint8_t)(0xf0 | rune >> 18);
        at[1] = (uint8_t)(0x80 | (rune >> 12 & 0x3f));
        at[2] = (uint8_t)(0x80 | (rune >> 6 & 0x3f));
        at[3] = (uint8_t)(0x80 | (rune & 0x3f));
        g->bytes += 4;
    }
    g->text[g->bytes] = '\0';
}

/* What is drawn for a code point that is no mark and not invisible. */
static uint32_t shown(uint32_t rune)
{
    if (rune == '\t')
        return ' ';
    if (rune < 0x20)
        return 0x2400 + rune;
    if (rune == 0x7f)
        return 0x2421;
    if ((rune >= 0x80 && rune < 0xa0) || private_use(rune))
        return REPLACEMENT;
    if (rune >= 0x1f1e6 && rune <= 0x1f1ff) /* regional indicators */
        return 'A' + (rune - 0x1f1e6);
    if (rune >= 0x2000 && rune <= 0x200a) /* spaces of all sizes */
        return ' ';
    return rune;
}

static bool is_mark(uint32_t rune)
{
    return WITHIN(marks, rune) && !WITHIN(invisible, rune);
}

static bool new_line(uint32_t rune, struct span *text)
{
    if (rune == '\r' && text->len > 0 && text->ptr[0] == '\n')
        *text = span_after(*text, 1);
    return rune == '\n' || rune == '\r' || rune == 0x2028 || rune == 0x2029 || rune == 0x85;
}

static void take_marks(struct span *text, struct glyph *g, unsigned taken)
{
    while (text->len > 0) {
        struct span rest = *text;
        uint32_t rune = rune_next(&rest);
        bool seen = is_mark(rune);
        if (!seen && !WITHIN(invisible, rune))
            return;
        if (seen && taken++ < TUI_GLYPH_MARKS_MAX)
            put(g, rune);
        *text = rest;
    }
}

bool glyph_next(struct span *text, struct glyph *out)
{
    *out = (struct glyph){.width = 0};
    while (text->len > 0) {
        uint32_t rune = rune_next(text);
        if (WITHIN(invisible, rune))
            continue;
        if (new_line(rune, text))
            return true;
        if (is_mark(rune)) {
            put(out, 0x25cc);
            put(out, rune);
        } else {
            put(out, shown(rune));
        }
        out->width = is_mark(rune) ? 1 : (uint8_t)rune_width(shown(rune));
        if (out->text[0] != ' ') /* a mark on a blank would look like a character of ours */
            take_marks(text, out, is_mark(rune));
        return true;
    }
    return false;
}

size_t clean_width(struct span text)
{
    struct glyph g;
    size_t cells = 0;
    while (glyph_next(&text, &g) && g.width > 0)
        cells += g.width;
    return cells;
}

enum err clean_append(struct buf *out, struct span text, bool lines)
{
    struct glyph g;
    while (glyph_next(&text, &g))
        TRY(buf_append(out, g.width > 0 ? span_of(g.text, g.bytes)
                            : lines     ? SPAN_LIT("\n")
                                        : SPAN_LIT(" ")));
    return OK;
}
