/* The main screen: title, list of conversations, messages or a pane, the line, the last answer.
 * Narrow windows show the list or the messages; nothing is drawn where it does not fit. */
#include "node/tui/inside.h"

#include <stdio.h>

#define TWO_COLS_MIN 60u /* cells; below, one column at a time */
#define LIST_COLS    26u

static void title(struct tui *t)
{
    struct tui_area a = {0, 0, t->grid.cols, 1};
    char text[CHAT_NAME_MAX + 64], right[64];
    struct chat_summary s;
    unsigned unread = 0;
    for (size_t cursor = 0; t->source->conversations(t->chat, &cursor, &s);)
        unread += s.muted ? 0 : s.unread;
    grid_fill(&t->grid, a, TUI_TITLE);
    if (unread > 0)
        snprintf(text, sizeof text, " sotto  %s  %u unread", t->account, unread);
    else
        snprintf(text, sizeof text, " sotto  %s", t->account);
    if (t->online)
        snprintf(right, sizeof right, "online, %u peer%s ", t->peers, t->peers == 1 ? "" : "s");
    else
        snprintf(right, sizeof right, "offline ");
    unsigned len = (unsigned)strlen(right);
    unsigned end = grid_text(&t->grid, a, 0, 0, TUI_TITLE, span_str(text));
    if (end + len < a.cols)
        grid_text(&t->grid, a, a.cols - len, 0, TUI_TITLE, span_str(right));
}

static void list_line(struct tui *t, struct tui_area a, unsigned row, const struct chat_summary *s)
{
    bool here = t->open && memcmp(&s->id, &t->now, sizeof t->now) == 0;
    enum tui_style style = here ? TUI_CHOSEN : s->unread > 0 && !s->muted ? TUI_UNREAD : TUI_PLAIN;
    char mark = s->state == CHAT_REQUESTED   ? '?'
                : s->state == CHAT_LOOKING   ? '~'
                : s->state == CHAT_REJOINING ? '~'
                : s->state == CHAT_LEFT      ? '-'
                : s->type == CHAT_DIRECT     ? ' '
                : s->type == CHAT_SELF       ? '*'
                                             : '#';
    char name_text[CHAT_NAME_MAX], left[CHAT_NAME_MAX + 4], right[16] = "";
    name_of_talk(t, s, name_text);
    snprintf(left, sizeof left, "%c %s", mark, name_text);
    if (s->unread > 0)
        snprintf(right, sizeof right, " %u%s", s->unread, s->muted ? " m" : "");
    else if (s->muted)
        snprintf(right, sizeof right, " m");
    unsigned len = (unsigned)strlen(right);
    grid_fill(&t->grid, (struct tui_area){a.col, a.row + row, a.cols, 1}, style);
    struct tui_area name = {a.col, a.row, a.cols > len + 1 ? a.cols - len - 1 : a.cols, a.rows};
    grid_text(&t->grid, name, 0, row, style, span_str(left));
    if (a.cols > len + 1)
        grid_text(&t->grid, a, a.cols - len - 1, row, style, span_str(right));
}

/* Scrolled so that the open one is seen. */
static void list(struct tui *t, struct tui_area a)
{
    struct chat_summary s;
    size_t cursor = 0, here = 0, at = 0;
    while (at < TUI_LIST_MAX && t->source->conversations(t->chat, &cursor, &s)) {
        if (t->open && memcmp(&s.id, &t->now, sizeof t->now) == 0)
            here = at;
        at++;
    }
    if (at == 0) {
        lines_reset(&t->entry);
        lines_wrap(&t->entry, TUI_DIM, 1, a.cols,
                   SPAN_LIT("Nobody yet. /contact with somebody's card begins a conversation, "
                            "/card shows yours."));
        enum tui_style style;
        struct span text;
        size_t place = 0;
        for (unsigned row = 0; lines_next(&t->entry, &place, &style, &text); row++)
            grid_text(&t->grid, a, 0, row, style, text);
        return;
    }
    size_t skip = here < a.rows ? 0 : here - a.rows + 1;
    cursor = at = 0;
    for (unsigned row = 0; row < a.rows && t->source->conversations(t->chat, &cursor, &s); at++)
        if (at >= skip)
            list_line(t, a, row++, &s);
}

static const char *roles(enum chat_role role)
{
    return role == CHAT_OWNER ? ", you own it" : role == CHAT_ADMIN ? ", you are admin" : "";
}

static const char *states(enum chat_conversation_state state)
{
    switch (state) {
    case CHAT_LOOKING:
        return ", looking for it: what you write waits";
    case CHAT_REQUESTED:
        return ", not accepted yet";
    case CHAT_LEFT:
        return ", left";
    case CHAT_REJOINING:
        return ", coming back";
    case CHAT_JOINED:
        break;
    }
    return "";
}

static void head(struct tui *t, struct tui_area a)
{
    struct chat_summary s;
    struct chat_person p = {.verified = false};
    char text[CHAT_NAME_MAX + 240], who[CHAT_NAME_MAX];
    if (t->source->conversation(t->chat, &t->now, &s) != OK)
        return;
    name_of_talk(t, &s, who);
    int n = snprintf(text, sizeof text, " %s", who);
    if (s.type == CHAT_DIRECT && t->source->person(t->chat, &s.with, &p) == OK)
        n += snprintf(text + n, sizeof text - (size_t)n, "  %s, %u device%s",
                      p.verified ? "verified" : "not verified", p.installations,
                      p.installations == 1 ? "" : "s");
    else if (s.type != CHAT_SELF)
        n += snprintf(text + n, sizeof text - (size_t)n, "  %u members, %u devices%s", s.accounts,
                      s.installations, roles(s.role));
    n += snprintf(text + n, sizeof text - (size_t)n, "%s%s", states(s.state),
                  s.muted ? ", muted" : "");
    if (s.disappearing_s > 0)
        n += snprintf(text + n, sizeof text - (size_t)n, ", vanishes after %llu s",
                      (unsigned long long)s.disappearing_s);
    if (t->typing.kind == CHAT_EVENT_TYPING &&
        memcmp(&t->typing.conversation, &t->now, sizeof t->now) == 0) {
        name_of(t, &t->typing.account, who);
        snprintf(text + n, sizeof text - (size_t)n, "  %.60s is typing", who);
    }
    unsigned end = grid_text(&t->grid, a, 0, 0, p.verified ? TUI_GOOD : TUI_BOLD, span_str(text));
    snprintf(text, sizeof text, " ↓ %u new", t->view.behind);
    unsigned len = (unsigned)clean_width(span_str(text));
    if (t->view.behind > 0 && a.cols > len + 1)
        grid_text(&t->grid, a, end + len < a.cols ? end + 1 : a.cols - len, 0, TUI_UNREAD,
                  span_str(text));
}

static void request(struct tui *t, struct tui_area *a)
{
    struct chat_summary s;
    if (a->rows < 3 || t->source->conversation(t->chat, &t->now, &s) != OK ||
        s.state != CHAT_REQUESTED)
        return;
    a->rows -= 2;
    struct tui_area at = {a->col, a->row + a->rows, a->cols, 2};
    grid_text(&t->grid, at, 0, 0, TUI_ALARM,
              SPAN_LIT("They wrote first, and are not told that you see it."));
    grid_text(&t->grid, at, 0, 1, TUI_ALARM,
              SPAN_LIT("/accept to answer, /block to hear no more."));
}

static void pane(struct tui *t, struct tui_area a)
{
    size_t at = 0;
    enum tui_style style;
    struct span text;
    struct tui_area body = {a.col + 1, a.row + 1, a.cols > 1 ? a.cols - 1 : 0, a.rows - 1};
    char head_text[96];
    bool beyond = t->pane.count > body.rows;

    if (a.rows < 2)
        return;
    if (beyond && t->pane_top > t->pane.count - body.rows)
        t->pane_top = t->pane.count - body.rows;
    if (!beyond)
        t->pane_top = 0;
    snprintf(head_text, sizeof head_text, " %s%s", t->pane_title,
             beyond ? "  (PgUp, PgDn; Esc closes)" : "  (Esc closes)");
    grid_text(&t->grid, a, 0, 0, TUI_BOLD, span_str(head_text));
    for (size_t i = 0; lines_next(&t->pane, &at, &style, &text); i++)
        if (i >= t->pane_top)
            grid_text(&t->grid, body, 0, (unsigned)(i - t->pane_top), style, text);
}

static void main_area(struct tui *t, struct tui_area a)
{
    if (t->pane_title != NULL) {
        pane(t, a);
        return;
    }
    if (!t->open) {
        grid_text(&t->grid, a, 1, 0, TUI_DIM, SPAN_LIT("Ctrl-N opens a conversation. F1: help."));
        return;
    }
    head(t, a);
    struct tui_area below = {a.col + 1, a.row + 1, a.cols > 1 ? a.cols - 1 : 0, a.rows - 1};
    request(t, &below);
    messages_draw(t, below);
}

/* The rows it takes; at most a third of the window. */
static unsigned input(struct tui *t, unsigned below)
{
    unsigned row, col, cols = t->grid.cols > 3 ? t->grid.cols - 3 : 1;
    unsigned rows = line_rows(&t->input, cols, &row, &col), most = t->grid.rows / 3;
    most = most < 1 ? 1 : most > TUI_PASTE_LINES_MAX ? TUI_PASTE_LINES_MAX : most;
    unsigned seen = rows < most ? rows : most, top = row >= seen ? row - seen + 1 : 0;
    struct tui_area a = {0, below - seen, t->grid.cols, seen};
    struct span rest = line_span(&t->input), line;

    grid_fill(&t->grid, a, TUI_PLAIN);
    grid_text(&t->grid, a, 0, 0, TUI_BOLD, span_str(t->editing ? "e>" : t->replying ? "r>" : "> "));
    for (unsigned i = 0; wrap_next(&rest, cols, &line) && i < top + seen; i++)
        if (i >= top)
            grid_text(&t->grid, (struct tui_area){2, a.row, t->grid.cols - 2, seen}, 0, i - top,
                      TUI_PLAIN, line);
    t->grid.cursor = true;
    t->grid.cursor_col = 2 + col < t->grid.cols ? 2 + col : t->grid.cols - 1;
    t->grid.cursor_row = a.row + (row - top);
    return seen;
}

static void status(struct tui *t)
{
    struct tui_area a = {0, t->grid.rows - 1, t->grid.cols, 1};
    static const char keys[] =
        "F1 help  Ctrl-N/P conversations  Tab unread  PgUp scroll  Up choose";
    static const char choosing[] = "r reply  + react  e edit  d delete  s save  Esc done";
    const char *text = t->status[0] != '\0' ? t->status : t->view.choosing ? choosing : keys;
    grid_text(&t->grid, a, 1, 0,
              t->status[0] == '\0' ? TUI_DIM
              : t->alarm           ? TUI_ALARM
                                   : TUI_GOOD,
              span_str(text));
}

void main_draw(struct tui *t)
{
    unsigned cols = t->grid.cols, rows = t->grid.rows;
    if (cols < 16 || rows < 5) {
        grid_text(&t->grid, (struct tui_area){0, 0, cols, rows}, 0, 0, TUI_ALARM,
                  SPAN_LIT("too small"));
        return;
    }
    title(t);
    unsigned below = rows - 1 - input(t, rows - 1);
    struct tui_area a = {0, 1, cols, below - 1};
    if (t->pane_title != NULL && t->pane_wide) {
        main_area(t, a);
    } else if (cols < TWO_COLS_MIN) {
        if (t->in_list && t->pane_title == NULL)
            list(t, a);
        else
            main_area(t, a);
    } else {
        unsigned width = cols >= 100 ? LIST_COLS + 4 : LIST_COLS;
        list(t, (struct tui_area){0, 1, width, a.rows});
        grid_upright(&t->grid, width, 1, a.rows);
        main_area(t, (struct tui_area){width + 1, 1, cols - width - 1, a.rows});
    }
    status(t);
}
