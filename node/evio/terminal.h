/* The terminal of a person: node/tui's grids on it, and its keys to node/tui. Plain escape
 * sequences (ECMA-48, and xterm's for the alternate screen and bracketed paste), no curses: the
 * grid is a difference of two screens already, its widths are ours and must not be second-guessed,
 * and pastes come whole. Every terminal since the VT100 that Debian has speaks these.
 *
 *     bytes of the terminal -> terminal_keys.c -> struct tui_key
 *     struct tui_grid -> terminal_paint.c -> bytes: what has changed only
 *
 * terminal_close gives the terminal back as it was; so does the end of the process by exit().
 * Bounds: TERMINAL_PASTE_BYTES_MAX. On the loop's thread.
 */
#pragma once

#include "node/evio/evio.h"
#include "node/tui/tui.h"

#define TERMINAL_PASTE_BYTES_MAX (64u << 10) /* of one paste; the rest is dropped */

struct terminal;

struct terminal_owner {
    void *ctx;
    void (*key)(void *ctx, const struct tui_key *key);
    void (*resized)(void *ctx, unsigned cols, unsigned rows); /* once at the start, too */
    void (*closed)(void *ctx);                                /* nobody is there any more */
};

/** Take standard input and output over. ERR_ARGUMENT they are no terminal; ERR_MEMORY; ERR_IO. */
enum err terminal_open(struct terminal **out, struct evio *e,
                       const struct terminal_owner *owner) MUST_CHECK;
void terminal_close(struct terminal *t); /* accepts NULL */

void terminal_draw(struct terminal *t, const struct tui_grid *grid);
void terminal_forget(struct terminal *t); /* what it shows: the next draw writes all */
void terminal_bell(struct terminal *t);

/* ---- the line mode: standard input line by line, files and pipes too ---- */

struct script;

struct script_owner {
    void *ctx;
    size_t line_bytes_max;
    void (*line)(void *ctx, struct span line); /* without its end; a longer one is cut there */
    void (*closed)(void *ctx);
};

enum err script_open(struct script **out, struct evio *e,
                     const struct script_owner *owner) MUST_CHECK;
void script_close(struct script *s); /* accepts NULL */

/** Write all of it to standard output and empty it; waits while the reader is slow. ERR_IO: nobody
 * reads. */
enum err script_write(struct buf *bytes) MUST_CHECK;
