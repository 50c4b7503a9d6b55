/* Text of strangers, made harmless: one glyph after the other, each with the cells it takes.
 *
 * In:  any bytes.
 * Out: characters that a terminal prints and nothing else: no control character (C0, DEL, C1), no
 *      character that changes direction, joins, tags or has no width, no private use, no broken
 *      UTF-8. Every glyph is one character of one or two cells with at most TUI_GLYPH_MARKS_MAX
 *      marks on it, so that what is drawn is where it was meant to be.
 *
 * What is shown instead: control characters as their pictures (U+2400...), broken and private ones
 * as U+FFFD, flags as their letters, a mark without a character on a dotted circle. Invisible ones
 * are left out; joined emoji come apart.
 *
 * @source UAX #9 (direction), UAX #11 (width), ECMA-48 (controls)
 */
#pragma once

#include "crypto/base/buf.h"

#define GLYPH_BYTES 16u /* UTF-8 of a character and its marks, with NUL */

struct glyph {
    char text[GLYPH_BYTES];
    uint8_t bytes;
    uint8_t width; /* cells: 1 or 2; 0: a new line */
};

/** Take the next glyph off `text`; false: none is left. */
bool glyph_next(struct span *text, struct glyph *out);

/** Cells that a code point takes: 0, 1 or 2. Of printable ones; others count as 1. */
unsigned rune_width(uint32_t rune);

/** Read one code point of UTF-8 off `text` (not empty); U+FFFD for a byte that begins none. */
uint32_t rune_next(struct span *text);

/** Cells of the first line of `text`. */
size_t clean_width(struct span text);

/** Append `text` clean; lines stay apart by '\n' when `lines`, else by a space. */
enum err clean_append(struct buf *out, struct span text, bool lines) MUST_CHECK;
