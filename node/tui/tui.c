/* The object: making it, its outputs, what it learns of the chat. */
#include "crypto/base/wipe.h"
#include "node/tui/inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TYPING_NS    (8 * NS_PER_S)
#define SECRET_BYTES 1024u

enum err tui_new(struct tui **out, const struct tui_config *config, bool locked)
{
    struct tui *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_MEMORY;
    t->source = config->source;
    t->utc_offset_s = config->utc_offset_s;
    t->plain = config->plain;
    for (size_t i = 0; i < config->accounts_count && i < TUI_ACCOUNTS_MAX; i++)
        snprintf(t->accounts[t->accounts_count++], CHAT_NAME_MAX, "%s", config->accounts[i]);
    line_init(&t->input);
    lines_init(&t->pane);
    lines_init(&t->entry);
    t->secret = BUF_INIT(SECRET_BYTES);
    t->words = BUF_INIT(SECRET_BYTES);
    t->out_path = BUF_INIT(SECRET_BYTES * 4);
    t->out_bytes = BUF_INIT(256u << 20);
    t->written = BUF_INIT(TUI_PLAIN_OUT_MAX);
    tui_account(t, config->account, locked);
    enum err err = grid_resize(&t->grid, 80, 24);
    if (err != OK) {
        tui_free(t);
        return err;
    }
    *out = t;
    return OK;
}

void tui_free(struct tui *t)
{
    if (t == NULL)
        return;
    grid_clear(&t->grid);
    line_clear(&t->input);
    lines_clear(&t->pane);
    lines_clear(&t->entry);
    buf_clear(&t->secret);
    buf_clear(&t->words);
    buf_clear(&t->out_path);
    buf_clear(&t->out_bytes);
    buf_clear(&t->written);
    wipe(t, sizeof *t);
    free(t);
}

/* ---- answers ---- */

__attribute__((format(printf, 3, 0))) static void answer(struct tui *t, bool alarm,
                                                         const char *format, va_list args)
{
    char text[TUI_STATUS_BYTES];
    struct buf clean = BUF_INIT(sizeof t->status - 1);
    vsnprintf(text, sizeof text, format, args);
    if (t->plain) {
        plain_said(t, alarm ? "error" : "answer", text);
        return;
    }
    (void)!clean_append(&clean, span_str(text), false); /* cut where it does not fit */
    snprintf(t->status, sizeof t->status, "%.*s", (int)clean.len, (const char *)clean.ptr);
    t->alarm = alarm;
    buf_clear(&clean);
}

void tui_say(struct tui *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    answer(t, false, format, args);
    va_end(args);
}

void tui_alarm(struct tui *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    answer(t, true, format, args);
    va_end(args);
}

void tui_out(struct tui *t, const struct tui_out *out)
{
    if (t->outs_count < OUTS_MAX)
        t->outs[t->outs_count++] = *out;
}

bool tui_poll(struct tui *t, struct tui_out *out)
{
    if (t->outs_taken == t->outs_count) {
        t->outs_taken = t->outs_count = 0;
        return false;
    }
    *out = t->outs[t->outs_taken++];
    return true;
}

struct buf *tui_written(struct tui *t)
{
    return &t->written;
}

void tui_pane(struct tui *t, const char *title)
{
    lines_reset(&t->pane);
    t->pane_title = title;
    t->pane_top = 0;
    t->pane_wide = false;
}

/* ---- accounts ---- */

static void forget(struct tui *t)
{
    line_reset(&t->input);
    buf_reset(&t->secret);
    buf_reset(&t->words);
    lines_reset(&t->pane);
    lines_reset(&t->entry);
    t->chat = NULL;
    t->pane_title = NULL;
    t->open = t->replying = t->editing = t->input_changed = t->tell_typing = false;
    t->hits_count = 0;
    t->status[0] = '\0';
    t->typing = (struct chat_event){.number = 0};
    t->view = (struct view){.following = true};
    t->in_list = true;
}

void tui_account(struct tui *t, const char *name, bool locked)
{
    forget(t);
    snprintf(t->account, sizeof t->account, "%s", name);
    snprintf(t->name, sizeof t->name, "%s", name);
    t->screen = locked ? SCREEN_LOCKED : SCREEN_CHOOSE;
}

void tui_enter(struct tui *t, const struct env *env)
{
    t->env = env;
    line_reset(&t->input);
    buf_reset(&t->words);
    buf_reset(&t->secret);
    t->screen = SCREEN_MAIN;
}

void tui_opened(struct tui *t, const struct env *env, struct chat *chat, struct span text)
{
    t->env = env;
    t->chat = chat;
    t->cursor = t->source->event_last(chat);
    t->status[0] = '\0';
    if (t->plain) {
        plain_opened(t, text);
        t->screen = SCREEN_MAIN;
        return;
    }
    if (text.len > 0) {
        buf_reset(&t->words);
        line_reset(&t->input);
        (void)!buf_append(&t->words, text);
        t->screen = t->goal == GOAL_PAIR ? SCREEN_PAIRING : SCREEN_WORDS;
        t->six[0] = '\0';
        return;
    }
    tui_enter(t, env);
    tui_step(t, 0, false);
}

void tui_refused(struct tui *t, const struct env *env, enum err why)
{
    t->env = env;
    line_reset(&t->input);
    if (why == ERR_AUTH)
        tui_alarm(t, "That is not the passphrase.");
    else if (why == ERR_LOCKED)
        tui_alarm(t, "It is open elsewhere: stop that sotto chat or node, or use the node's "
                     "/chat/v1.");
    else if (why == ERR_ARGUMENT)
        tui_alarm(t, "Those are not the 24 words of an account.");
    else
        tui_alarm(t, "It did not work: %s.", err_text(why));
    if (t->screen != SCREEN_LOCKED)
        t->screen = why == ERR_ARGUMENT ? SCREEN_RECOVER : SCREEN_CHOOSE;
}

void tui_network(struct tui *t, bool online, unsigned peers)
{
    t->online = online;
    t->peers = peers;
}

enum err tui_resize(struct tui *t, unsigned cols, unsigned rows)
{
    return grid_resize(&t->grid, cols, rows);
}

/* ---- conversations ---- */

void tui_keep_draft(struct tui *t)
{
    if (!t->input_changed || !t->open || t->chat == NULL || t->plain || t->editing)
        return;
    struct span text = line_span(&t->input);
    bool command = text.len > 0 && text.ptr[0] == '/'; /* may hold a passphrase */
    (void)!t->source->set_draft(t->chat, t->env, &t->now, command ? SPAN_EMPTY : text);
    t->input_changed = false;
}

static void read_all(struct tui *t)
{
    struct chat_entry e;
    struct chat_summary s;
    if (t->open && t->view.following && t->pane_title == NULL && !t->plain &&
        t->source->conversation(t->chat, &t->now, &s) == OK && s.unread > 0 &&
        s.state != CHAT_REQUESTED && t->source->history(t->chat, &t->now, NULL, true, &e) == OK) {
        struct chat_entry_id last = e.id;
        (void)!t->source->set_read(t->chat, t->env, &t->now, &last);
    }
}

void tui_go(struct tui *t, const struct chat_conversation *id)
{
    struct buf draft = BUF_INIT(TUI_INPUT_BYTES_MAX);
    tui_keep_draft(t);
    t->now = *id;
    t->open = true;
    t->in_list = t->replying = t->editing = false;
    t->view = (struct view){.following = true};
    t->pane_title = NULL;
    line_reset(&t->input);
    if (!t->plain && t->source->draft(t->chat, id, &draft) == OK)
        (void)!line_insert(&t->input, buf_span(&draft));
    t->input_changed = false;
    buf_clear(&draft);
    read_all(t);
}

/* The next (by 1) or former (by -1) in the list; by 0 the first, if any has something unread. */
void tui_step(struct tui *t, int by, bool unread)
{
    struct chat_summary s, first = {.unread = 0}, before = {.unread = 0};
    size_t cursor = 0, at = 0;
    bool passed = !t->open, have_first = false, have_before = false;

    for (; at < TUI_LIST_MAX && t->source->conversations(t->chat, &cursor, &s); at++) {
        if (unread && (s.unread == 0 || s.muted) && memcmp(&s.id, &t->now, sizeof s.id) != 0)
            continue;
        if (!have_first)
            first = s;
        have_first = true;
        if (by > 0 && passed) {
            tui_go(t, &s.id);
            return;
        }
        if (t->open && memcmp(&s.id, &t->now, sizeof s.id) == 0) {
            passed = true;
            if (by < 0 && have_before) {
                tui_go(t, &before.id);
                return;
            }
        }
        before = s;
        have_before = true;
    }
    if (have_first)
        tui_go(t, by < 0 ? &before.id : &first.id);
}

/* ---- what has happened ---- */

static void came(struct tui *t, const struct chat_event *ev)
{
    struct chat_summary s;
    struct chat_entry e;
    if (t->source->entry(t->chat, &ev->conversation, &ev->entry, &e) != OK || e.mine)
        return;
    bool here = t->open && memcmp(&ev->conversation, &t->now, sizeof t->now) == 0;
    if (here && !t->view.following)
        t->view.behind++;
    if (!here && t->source->conversation(t->chat, &ev->conversation, &s) == OK && !s.muted &&
        s.state != CHAT_REQUESTED)
        tui_out(t, &(struct tui_out){.kind = TUI_OUT_BELL});
}

/* What a person must know of, by the kind of event: one sentence with a name in it. */
static const struct notice {
    enum chat_event_kind kind;
    bool alarm;
    const char *text;
} notices[] = {
    {CHAT_EVENT_REQUEST, false, "%s has written for the first time: /accept or /block there."},
    {CHAT_EVENT_DEVICE_ADDED, true, "%s added a device. /safety shows what to compare."},
    {CHAT_EVENT_DEVICE_REVOKED, false, "%s revoked a device: it reads nothing more."},
    {CHAT_EVENT_ROTATED, true, "%s changed the root key. The identity is the same."},
    {CHAT_EVENT_RECOVERED, true, "%s recovered the account with its 24 words."},
    {CHAT_EVENT_FROZEN, true, "%s: two histories of this account are signed. It is frozen."},
    {CHAT_EVENT_LOST, true, "%s: this account was recovered twice and is lost."},
    {CHAT_EVENT_ENDED, false, "%s gave this account up."},
    {CHAT_EVENT_PAIRED, false, "This device was let in. %s is ready here."},
    {CHAT_EVENT_UNREACHED, false, "Nothing of them was found yet; it is tried again. (%s)"},
    {CHAT_EVENT_UNSUPPORTED, false, "Something needs a newer version of this program. (%s)"},
    {CHAT_EVENT_REJOINED, false, "%s had lost the thread and is back in the conversation."},
    {CHAT_EVENT_EXPELLED, true, "%s: a device of theirs cheated and is removed from here."},
    {CHAT_EVENT_FILE, false, "A file of %s is here: /save writes it."},
};

static void happened(struct tui *t, const struct chat_event *ev)
{
    char who[CHAT_NAME_MAX];
    if (t->plain) {
        plain_event(t, ev);
        return;
    }
    if (ev->kind == CHAT_EVENT_ENTRY)
        came(t, ev);
    for (size_t i = 0; i < sizeof notices / sizeof *notices; i++)
        if (notices[i].kind == ev->kind) {
            char text[TUI_STATUS_BYTES];
            name_of(t, &ev->account, who);
            const char *cut = strstr(notices[i].text, "%s");
            snprintf(text, sizeof text, "%.*s%s%s", (int)(cut - notices[i].text), notices[i].text,
                     who, cut + 2);
            if (notices[i].alarm)
                tui_alarm(t, "%s", text);
            else
                tui_say(t, "%s", text);
        }
    if (t->screen == SCREEN_PAIRING && ev->kind == CHAT_EVENT_PAIRED)
        tui_enter(t, t->env);
}

void tui_tick(struct tui *t, const struct env *env)
{
    struct chat_event ev;
    enum err err;
    t->env = env;
    if (t->chat == NULL)
        return;
    while ((err = t->source->event(t->chat, t->cursor, &ev)) == OK) {
        t->cursor = ev.number;
        happened(t, &ev);
    }
    if (err == ERR_LIMIT) { /* events were dropped: the screen reads all anew anyway */
        t->cursor = t->source->event_last(t->chat);
        if (t->plain)
            plain_said(t, "gap", "events were dropped: read the conversations anew");
    }
    while (t->source->event_passing(t->chat, &ev)) {
        t->typing = ev;
        if (t->plain)
            plain_event(t, &ev);
    }
    if (env->wall.ns - t->typing.time_ns > TYPING_NS)
        t->typing.kind = 0;
    if (t->screen == SCREEN_PAIRING && t->six[0] == '\0')
        (void)!t->source->pair_words(t->chat, t->six);
    if (t->screen == SCREEN_MAIN) {
        read_all(t);
        tui_keep_draft(t);
    }
}

const struct tui_grid *tui_draw(struct tui *t, const struct env *env)
{
    t->env = env;
    grid_blank(&t->grid);
    if (t->screen == SCREEN_MAIN)
        main_draw(t);
    else
        start_draw(t);
    return &t->grid;
}
