/* The pure halves of the terminal: bytes to keys, grids to bytes. Private to the room, and to
 * tests. */
#pragma once

#include "node/evio/terminal.h"

struct keys {
    struct buf in;    /* not understood yet */
    struct buf paste; /* what lies between the brackets */
    bool pasting;
    char text[8];
};

void keys_init(struct keys *k);
void keys_clear(struct keys *k);

/** More bytes of the terminal. ERR_FULL, ERR_MEMORY: they are dropped. */
enum err keys_feed(struct keys *k, struct span bytes) MUST_CHECK;

/** The next key; its text is borrowed until the next call.
 *
 * @param idle  nothing came for a while: an escape alone is the key (in)
 */
bool keys_next(struct keys *k, bool idle, struct tui_key *out);
bool keys_waiting(const struct keys *k); /* something is there that is not a whole key */

struct painter {
    struct tui_cell *shown; /* NULL: nothing is known of the screen */
    unsigned cols, rows;
    bool ascii, colour;
};

void painter_clear(struct painter *p);

/** Append what makes the terminal show `grid`. ERR_MEMORY, ERR_FULL: forget what is shown. */
enum err painter_draw(struct painter *p, const struct tui_grid *grid, struct buf *out) MUST_CHECK;
