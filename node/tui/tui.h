/* What a person sees and types: screens as grids of cells, and a line mode for scripts. No terminal
 * in here: keys come in as calls, the screen is read as a grid (node/evio/terminal.h draws it).
 *
 *     tui_key, tui_tick, tui_resize -> +-----+ -> tui_draw: a grid
 *     tui_line (line mode)             | tui | -> tui_written: lines of JSON (line mode)
 *     tui_opened, tui_file          -> +-----+ -> tui_poll: open, create, read a file, quit ...
 *                                         |
 *                                         v struct tui_source: the chat
 *
 * start: CHOOSE -> NAME -> PASSPHRASE -> AGAIN -> (create) -> WORDS -> CHECK -> MAIN
 *          |-> RECOVER (24 words) -> PASSPHRASE -> AGAIN -> (recover) -> MAIN
 *          '-> PASSPHRASE -> AGAIN -> (pair) -> PAIRING -> MAIN
 *        LOCKED -> (open) -> MAIN -> /lock -> LOCKED
 *
 * Received text is drawn through clean.h only. Bounds: params.h. Single-threaded.
 * docs/chat.md is the manual of both modes.
 */
#pragma once

#include "node/tui/grid.h"
#include "node/tui/source.h"

struct tui;

struct tui_config {
    const struct tui_source *source; /* borrowed */
    const char *account;             /* name of the local account, copied; "": to be chosen */
    const char *const *accounts;     /* those that exist, copied */
    size_t accounts_count;
    int64_t utc_offset_s; /* of local time */
    bool plain;           /* line mode */
};

/** @param locked  the account exists: ask for its passphrase; else the start. ERR_MEMORY. */
enum err tui_new(struct tui **out, const struct tui_config *config, bool locked) MUST_CHECK;
void tui_free(struct tui *t); /* wipes; accepts NULL; the chat is the caller's */

/* ---- keys ---- */

enum tui_key_kind {
    TUI_KEY_TEXT,  /* text: what was typed */
    TUI_KEY_PASTE, /* text: many lines, perhaps; never sends anything */
    TUI_KEY_ENTER,
    TUI_KEY_NEWLINE, /* Alt-Enter, Ctrl-J */
    TUI_KEY_TAB,
    TUI_KEY_BACKTAB,
    TUI_KEY_ESCAPE,
    TUI_KEY_BACKSPACE,
    TUI_KEY_DELETE,
    TUI_KEY_LEFT,
    TUI_KEY_RIGHT,
    TUI_KEY_UP,
    TUI_KEY_DOWN,
    TUI_KEY_WORD_LEFT,
    TUI_KEY_WORD_RIGHT,
    TUI_KEY_HOME,
    TUI_KEY_END,
    TUI_KEY_PAGE_UP,
    TUI_KEY_PAGE_DOWN,
    TUI_KEY_NEXT, /* conversation: Ctrl-N, Alt-Down */
    TUI_KEY_PREVIOUS,
    TUI_KEY_ERASE_WORD, /* Ctrl-W */
    TUI_KEY_ERASE_LINE, /* Ctrl-U */
    TUI_KEY_ERASE_REST, /* Ctrl-K */
    TUI_KEY_HELP,       /* F1 */
    TUI_KEY_INTERRUPT,  /* Ctrl-C: empties the line, then leaves */
    TUI_KEY_REDRAW,     /* Ctrl-L */
};

struct tui_key {
    enum tui_key_kind kind;
    struct span text;
};

void tui_key(struct tui *t, const struct env *env, const struct tui_key *key);
enum err tui_resize(struct tui *t, unsigned cols, unsigned rows) MUST_CHECK;

/** Look at what has happened in the chat. After every call on the chat, and once a second. */
void tui_tick(struct tui *t, const struct env *env);

/** The network as the title shows it. */
void tui_network(struct tui *t, bool online, unsigned peers);

/** The screen now; borrowed until the next call. */
const struct tui_grid *tui_draw(struct tui *t, const struct env *env);

/* ---- what the owner must do ---- */

enum tui_out_kind {
    TUI_OUT_CREATE,  /* passphrase, may be empty: a key file then; name */
    TUI_OUT_RECOVER, /* passphrase, words */
    TUI_OUT_PAIR,    /* passphrase */
    TUI_OUT_OPEN,    /* passphrase; all four are answered by tui_opened or tui_refused */
    TUI_OUT_LOCK,    /* close the chat; it is no more used here */
    TUI_OUT_ACCOUNT, /* name: close the chat, go on with this account; then tui_account */
    TUI_OUT_READ,    /* path: answered by tui_file */
    TUI_OUT_WRITE,   /* path, bytes, private to the user: answered by tui_wrote */
    TUI_OUT_MET,     /* bytes: a card that was taken; its hints lead to its owner */
    TUI_OUT_BELL,
    TUI_OUT_REDRAW, /* forget what the terminal shows */
    TUI_OUT_QUIT,
};

struct tui_out { /* borrowed until the next call */
    enum tui_out_kind kind;
    struct span passphrase, words, name, path, bytes;
};

bool tui_poll(struct tui *t, struct tui_out *out);

/** @param text  the 24 words after TUI_OUT_CREATE, the text to show after TUI_OUT_PAIR; copied */
void tui_opened(struct tui *t, const struct env *env, struct chat *chat, struct span text);
void tui_refused(struct tui *t, const struct env *env, enum err why);
void tui_account(struct tui *t, const char *name, bool locked);
void tui_file(struct tui *t, const struct env *env, enum err err, struct span bytes);
void tui_wrote(struct tui *t, enum err err);

/* ---- line mode ---- */

#define TUI_PLAIN_LINE_MAX (CHAT_TEXT_BYTES_MAX + 1024u) /* bytes of a command with its text */

/** One command of a script, without its line end: docs/chat.md. One that is longer than
 * TUI_PLAIN_LINE_MAX is refused with an error as a whole. */
void tui_line(struct tui *t, const struct env *env, struct span line);

/** Lines to write to standard output; the caller drops what it wrote. */
struct buf *tui_written(struct tui *t);

/** The commands with their arguments, for the manual and /help. */
enum err tui_commands(struct buf *out) MUST_CHECK;
