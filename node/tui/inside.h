/* Private to node/tui: the state of the screens. Every file draws or changes its part of it. */
#pragma once

#include "node/tui/line.h"
#include "node/tui/lines.h"
#include "node/tui/params.h"
#include "node/tui/tui.h"

enum screen {
    SCREEN_CHOOSE,
    SCREEN_NAME,
    SCREEN_PASSPHRASE,
    SCREEN_AGAIN,
    SCREEN_RECOVER,
    SCREEN_WORDS,
    SCREEN_CHECK,
    SCREEN_PAIRING,
    SCREEN_OLD,
    SCREEN_LOCKED,
    SCREEN_MAIN,
    SCREENS,
};

enum goal { /* what the passphrase is typed for */
    GOAL_CREATE,
    GOAL_RECOVER,
    GOAL_PAIR,
    GOAL_CHANGE,
    GOAL_EXPORT,
    GOAL_IMPORT,
};

struct hit { /* of the last search: /go N */
    struct chat_conversation conversation;
    struct chat_entry_id entry;
};

#define HITS_MAX 50u
#define OUTS_MAX 8u

struct view {       /* of the message pane: the entry at its lower edge */
    bool following; /* the newest, whatever comes */
    struct chat_entry_id bottom;
    unsigned hidden; /* lines of it below the edge */
    unsigned behind; /* entries that came meanwhile */
    bool choosing;   /* keys act on `chosen` */
    struct chat_entry_id chosen;
};

struct tui {
    const struct tui_source *source;
    struct chat *chat;     /* NULL: not opened */
    const struct env *env; /* of the call that runs */
    char account[CHAT_NAME_MAX];
    char accounts[TUI_ACCOUNTS_MAX][CHAT_NAME_MAX];
    size_t accounts_count;
    int64_t utc_offset_s;
    bool plain, online;
    unsigned peers;

    struct tui_grid grid;
    enum screen screen;
    struct line input;
    bool input_changed; /* since the draft was kept */
    bool leaving;       /* Ctrl-C on an empty line: once more */

    /* the start */
    enum goal goal;
    struct buf secret, words; /* passphrase typed first; the 24 words */
    char name[CHAT_NAME_MAX];
    unsigned asked[2], answered; /* which words are asked for, from 0 */
    char six[CHAT_SIX_WORDS_MAX];

    /* main */
    uint64_t cursor; /* of the journal */
    bool open;       /* `now` is one */
    struct chat_conversation now;
    struct view view;
    bool in_list; /* narrow screens show one of the two */
    bool replying;
    struct chat_entry_id reply_to;
    bool editing; /* input replaces the text of reply_to */
    struct lines pane;
    const char *pane_title; /* NULL: no pane, the messages are seen */
    size_t pane_top;
    bool pane_wide; /* over the list too: nothing beside what a mouse selects */
    struct hit hits[HITS_MAX];
    size_t hits_count;
    bool tell_typing;
    struct chat_event typing; /* the last that came */
    char status[TUI_STATUS_BYTES];
    bool alarm;

    struct tui_out outs[OUTS_MAX];
    size_t outs_count, outs_taken;
    struct buf out_bytes, out_path; /* what the last READ and WRITE name */
    bool reading_import;
    struct lines entry; /* scratch of the message pane */
    struct buf written; /* line mode */
};

/* tui.c */
void tui_say(struct tui *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tui_alarm(struct tui *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tui_out(struct tui *t, const struct tui_out *out);
void tui_enter(struct tui *t, const struct env *env); /* the main screen */
void tui_go(struct tui *t, const struct chat_conversation *id);
void tui_keep_draft(struct tui *t);
void tui_step(struct tui *t, int by, bool unread); /* conversations in their order */
bool tui_edit_key(struct tui *t, const struct tui_key *key);
void tui_pane(struct tui *t, const char *title); /* an empty one */

/* keys.c */
void main_key(struct tui *t, const struct tui_key *key);

/* start.c */
void start_key(struct tui *t, const struct tui_key *key);
void start_draw(struct tui *t);
void start_ask(struct tui *t, enum goal goal);

/* draw.c */
void main_draw(struct tui *t);

/* messages.c */
void messages_draw(struct tui *t, struct tui_area a);
void messages_scroll(struct tui *t, int lines, unsigned cols);
void messages_choose(struct tui *t, bool back);
const char *state_mark(const struct chat_entry *e, char out[24]);

/* names.c */
void name_of(struct tui *t, const struct chat_account *account, char out[CHAT_NAME_MAX]);
void name_of_person(const struct chat_person *p, char out[CHAT_NAME_MAX]);
/* Of the group, or of the other person. */
void name_of_talk(struct tui *t, const struct chat_summary *s, char out[CHAT_NAME_MAX]);
enum err find_person(struct tui *t, struct span who, struct chat_person *out) MUST_CHECK;
enum err find_conversation(struct tui *t, struct span which, struct chat_summary *out) MUST_CHECK;
void time_text(const struct tui *t, int64_t ns, char out[24], bool day);

/* commands.c: one table; `line` without its slash */
void command_run(struct tui *t, struct span line);
struct span word_next(struct span *text);

struct command {
    const char *name, *arguments, *help;
    void (*run)(struct tui *t, struct span rest);
    bool alone; /* works without an open conversation */
};
extern const struct command commands_talk[], commands_people[], commands_self[];
struct command_group {
    const char *title;
    const struct command *commands; /* ends with a NULL name */
};
extern const struct command_group command_groups[3];

/* panes.c */
void pane_help(struct tui *t, struct span rest);
void pane_members(struct tui *t, struct span rest);
void pane_devices(struct tui *t, struct span rest);
void pane_people(struct tui *t, struct span rest);
void pane_safety(struct tui *t, struct span rest);
void pane_search(struct tui *t, struct span rest);
void pane_card(struct tui *t, struct span rest);
void pane_link(struct tui *t, struct span rest);
void pane_links(struct tui *t, struct span rest);
void pane_info(struct tui *t, struct span rest);

/* qr.c */
enum err qr_lines(struct lines *out, struct span text) MUST_CHECK;

/* plain.c */
void plain_line(struct tui *t, struct span line);
void plain_event(struct tui *t, const struct chat_event *ev);
void plain_said(struct tui *t, const char *what, const char *text);
void plain_opened(struct tui *t, struct span text);
