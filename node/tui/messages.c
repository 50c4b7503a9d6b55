/* The message pane: entries as lines, from the lower edge up, so that what is read stays where it
 * is when the window changes or something new comes. */
#include "node/tui/inside.h"

#include <stdio.h>

#define TOGETHER_NS (300 * NS_PER_S) /* entries of one author within this share a heading */
#define QUOTE_BYTES 120u

const char *state_mark(const struct chat_entry *e, char out[24])
{
    static const char *const marks[] = {
        [CHAT_ENTRY_RECEIVED] = "",       [CHAT_ENTRY_QUEUED] = "· waiting",
        [CHAT_ENTRY_SENT] = "→ sent",     [CHAT_ENTRY_STORED] = "▪ stored",
        [CHAT_ENTRY_DELIVERED] = "✓",     [CHAT_ENTRY_READ] = "✓✓ read",
        [CHAT_ENTRY_FAILED] = "✗ failed",
    };
    if (e->state == CHAT_ENTRY_DELIVERED && e->delivered < e->recipients)
        snprintf(out, 24, "✓ %u/%u", e->delivered, e->recipients);
    else
        snprintf(out, 24, "%s", marks[e->state]);
    return out;
}

static bool none(const struct chat_entry_id *id)
{
    static const struct chat_entry_id zeros;
    return memcmp(id, &zeros, sizeof zeros) == 0;
}

static bool same(const struct chat_entry_id *a, const struct chat_entry_id *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* the parts of an entry that must outlive the next call on the chat */
struct heading {
    bool first, day;
    char who[CHAT_NAME_MAX], when[24], date[24];
};

static void heading_of(struct tui *t, const struct chat_entry *e, struct heading *h)
{
    struct chat_entry before;
    struct chat_account author = e->author;
    char then[24];

    *h = (struct heading){.first = true, .day = true};
    time_text(t, e->time_ns, h->when, false);
    time_text(t, e->time_ns, h->date, true);
    if (t->source->history(t->chat, &t->now, &e->id, true, &before) == OK) {
        time_text(t, before.time_ns, then, true);
        h->day = strcmp(then, h->date) != 0;
        int64_t apart = e->time_ns - before.time_ns;
        h->first = h->day || before.content == CHAT_NOTICE || apart > TOGETHER_NS ||
                   apart < -TOGETHER_NS || memcmp(&before.author, &author, sizeof author) != 0;
    }
    name_of(t, &author, h->who);
}

static void quote(struct tui *t, const struct chat_entry_id *id, unsigned cols)
{
    struct chat_entry e;
    char who[CHAT_NAME_MAX], text[QUOTE_BYTES];
    if (t->source->entry(t->chat, &t->now, id, &e) != OK) {
        lines_addf(&t->entry, TUI_DIM, "  ┃ (a message that is not here)");
        return;
    }
    struct chat_account author = e.author;
    struct span line = SPAN_EMPTY;
    (void)wrap_next(&e.text, cols > 30 ? cols - 24 : 8, &line);
    snprintf(text, sizeof text, "%.*s", (int)line.len,
             e.deleted ? "(deleted)" : (const char *)line.ptr);
    name_of(t, &author, who);
    lines_addf(&t->entry, TUI_DIM, "  ┃ %s: %s", who, text);
}

static void reactions(struct tui *t, const struct chat_entry *e)
{
    char text[CHAT_REACTIONS_MAX * 48] = "  ";
    size_t len = 2;
    for (size_t i = 0; i < e->reactions_count && i < CHAT_REACTIONS_MAX; i++) {
        const struct chat_reaction *r = &e->reactions[i];
        int n = snprintf(text + len, sizeof text - len, "%s%.31s %u%s", i == 0 ? "" : "  ", r->text,
                         r->count, r->mine ? "*" : "");
        if (n > 0 && (size_t)n < sizeof text - len)
            len += (size_t)n;
    }
    lines_add(&t->entry, TUI_PERSON, span_of(text, len));
}

static void body(struct tui *t, const struct chat_entry *e, enum tui_style style, unsigned cols)
{
    if (e->deleted) {
        lines_addf(&t->entry, TUI_DIM, "  (deleted)");
        return;
    }
    switch (e->content) {
    case CHAT_ATTACHMENT:
        lines_addf(&t->entry, style, "  [file] %.*s, %llu bytes%s", (int)e->file_name.len,
                   (const char *)e->file_name.ptr, (unsigned long long)e->file_bytes,
                   e->file_here ? ", here: /save" : ", /fetch gets it");
        return;
    case CHAT_UNKNOWN:
        lines_addf(&t->entry, TUI_DIM, "  (of a newer version)");
        break;
    case CHAT_CUSTOM:
        lines_addf(&t->entry, TUI_DIM, "  (%.*s)", (int)e->domain.len, (const char *)e->domain.ptr);
        break;
    case CHAT_NOTICE:
    case CHAT_TEXT:
        break;
    }
    lines_wrap(&t->entry, style, 2, cols, e->text);
}

static void trailer(struct tui *t, const struct chat_entry *e, unsigned cols)
{
    char mark[24], until[24] = "", text[160];
    if (e->vanishes_ns != 0)
        time_text(t, e->vanishes_ns, until, false);
    snprintf(text, sizeof text, "  %s%s%s%s%s%s%s", e->mine ? state_mark(e, mark) : "",
             e->state == CHAT_ENTRY_FAILED ? ": " : "",
             e->state == CHAT_ENTRY_FAILED ? err_text(e->why) : "", e->edited ? " (edited)" : "",
             e->history ? " (handed on)" : "", until[0] != '\0' ? " vanishes " : "", until);
    if (text[2] == '\0')
        return;
    if (e->state == CHAT_ENTRY_FAILED || !lines_join(&t->entry, cols, span_str(text)))
        lines_add(&t->entry, e->state == CHAT_ENTRY_FAILED ? TUI_ALARM : TUI_DIM, span_str(text));
}

/* The lines of one entry into t->entry. */
static enum err entry_lines(struct tui *t, const struct chat_entry_id *id, unsigned cols)
{
    struct chat_entry e;
    struct heading h;

    lines_reset(&t->entry);
    TRY(t->source->entry(t->chat, &t->now, id, &e));
    struct chat_entry_id reply_to = e.reply_to;
    heading_of(t, &e, &h);
    TRY(t->source->entry(t->chat, &t->now, id, &e));
    bool chosen = t->view.choosing && same(&t->view.chosen, id);
    if (h.day)
        lines_addf(&t->entry, TUI_DIM, "── %s ──", h.date);
    if (e.content == CHAT_NOTICE) {
        lines_wrap(&t->entry, TUI_DIM, 2, cols, e.text);
        return OK;
    }
    if (h.first || chosen)
        lines_addf(&t->entry,
                   chosen   ? TUI_CHOSEN
                   : e.mine ? TUI_OWN
                            : TUI_PERSON,
                   "%s%s  %s", chosen ? "▶ " : "", h.who, h.when);
    if (!none(&reply_to)) {
        quote(t, &reply_to, cols);
        TRY(t->source->entry(t->chat, &t->now, id, &e));
    }
    body(t, &e, TUI_PLAIN, cols);
    if (e.reactions_count > 0 && !e.deleted)
        reactions(t, &e);
    trailer(t, &e, cols);
    return OK;
}

static enum err neighbour(struct tui *t, struct chat_entry_id *id, bool back)
{
    struct chat_entry e;
    TRY(t->source->history(t->chat, &t->now, id, back, &e));
    *id = e.id;
    return OK;
}

static bool bottom(struct tui *t, struct chat_entry_id *id)
{
    struct chat_entry e;
    *id = t->view.bottom;
    if (!t->view.following && t->source->entry(t->chat, &t->now, id, &e) == OK)
        return true;
    t->view.following = true;
    t->view.hidden = 0;
    if (t->source->history(t->chat, &t->now, NULL, true, &e) != OK)
        return false;
    *id = e.id;
    return true;
}

/* Lines [0, count - hidden) of t->entry, their last at row `below` - 1; the row of the first. */
static unsigned draw_up(struct tui *t, struct tui_area a, unsigned below, unsigned hidden)
{
    size_t count = t->entry.count > hidden ? t->entry.count - hidden : 0, at = 0;
    size_t skip = count > below ? count - below : 0;
    unsigned row = (unsigned)(below - (count - skip)), first = row;
    enum tui_style style;
    struct span text;

    for (size_t i = 0; i < count && lines_next(&t->entry, &at, &style, &text); i++)
        if (i >= skip)
            grid_text(&t->grid, a, 0, row++, style, text);
    return first;
}

void messages_draw(struct tui *t, struct tui_area a)
{
    struct chat_entry_id id;
    unsigned row = a.rows, hidden;

    if (a.rows == 0 || !bottom(t, &id)) {
        grid_text(&t->grid, a, 1, 0, TUI_DIM, SPAN_LIT("Nothing was written here yet."));
        return;
    }
    hidden = t->view.hidden;
    do {
        if (entry_lines(t, &id, a.cols) != OK)
            break;
        row = draw_up(t, a, row, hidden);
        hidden = 0;
    } while (row > 0 && neighbour(t, &id, true) == OK);
}

static bool scroll_up(struct tui *t, struct chat_entry_id *id, unsigned cols)
{
    if (entry_lines(t, id, cols) == OK && t->view.hidden + 1 < t->entry.count) {
        t->view.hidden++;
        return true;
    }
    if (neighbour(t, id, true) != OK)
        return false;
    t->view.hidden = 0;
    return true;
}

static bool scroll_down(struct tui *t, struct chat_entry_id *id, unsigned cols)
{
    if (t->view.hidden > 0) {
        t->view.hidden--;
        return true;
    }
    if (neighbour(t, id, false) != OK)
        return false;
    if (entry_lines(t, id, cols) == OK && t->entry.count > 0)
        t->view.hidden = (unsigned)t->entry.count - 1;
    return true;
}

/* Positive: back in time. */
void messages_scroll(struct tui *t, int lines, unsigned cols)
{
    struct chat_entry_id id;
    if (!t->open || !bottom(t, &id))
        return;
    for (; lines > 0 && scroll_up(t, &id, cols); lines--)
        t->view.following = false;
    for (; lines < 0; lines++)
        if (!scroll_down(t, &id, cols)) {
            t->view = (struct view){.following = true};
            return;
        }
    t->view.bottom = id;
}

void messages_choose(struct tui *t, bool back)
{
    struct chat_entry_id id = t->view.chosen;
    if (!t->view.choosing) {
        if (!t->open || !bottom(t, &id))
            return;
    } else if (neighbour(t, &id, back) != OK) {
        if (!back)
            t->view = (struct view){.following = true};
        return;
    }
    t->view.choosing = true;
    t->view.chosen = id;
    t->view.bottom = id;
    t->view.following = false;
    t->view.hidden = 0;
}
