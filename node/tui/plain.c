/* The line mode: commands as of the screens, without the slash, and what happens as one JSON object
 * a line. All that is not printable ASCII is escaped, so the lines are safe on a terminal too and
 * nothing is lost. docs/chat.md lists the objects. */
#include "node/tui/inside.h"

#include <stdio.h>

static void raw(struct tui *t, const char *text)
{
    (void)!buf_append(&t->written, span_str(text)); /* full: the reader sleeps; lines are cut */
}

static void quoted(struct tui *t, struct span text)
{
    char out[16];
    raw(t, "\"");
    while (text.len > 0) {
        uint32_t rune = rune_next(&text);
        if (rune == '"' || rune == '\\')
            snprintf(out, sizeof out, "\\%c", (char)rune);
        else if (rune == '\n')
            snprintf(out, sizeof out, "\\n");
        else if (rune >= 0x20 && rune < 0x7f)
            snprintf(out, sizeof out, "%c", (char)rune);
        else if (rune < 0x10000)
            snprintf(out, sizeof out, "\\u%04x", (unsigned)rune);
        else
            snprintf(out, sizeof out, "\\u%04x\\u%04x", 0xd800 + (unsigned)((rune - 0x10000) >> 10),
                     0xdc00 + (unsigned)((rune - 0x10000) & 0x3ff));
        raw(t, out);
    }
    raw(t, "\"");
}

/* ---- one object: begin, fields, end; a line that does not fit whole is dropped ---- */

struct object {
    struct tui *t;
    size_t from;
};

static struct object begin(struct tui *t, const char *event)
{
    struct object o = {t, t->written.len};
    raw(t, "{\"event\":");
    quoted(t, span_str(event));
    return o;
}

static void key(struct object *o, const char *name)
{
    raw(o->t, ",\"");
    raw(o->t, name);
    raw(o->t, "\":");
}

static void text(struct object *o, const char *name, struct span value)
{
    key(o, name);
    quoted(o->t, value);
}

static void number(struct object *o, const char *name, uint64_t value)
{
    char out[24];
    key(o, name);
    snprintf(out, sizeof out, "%llu", (unsigned long long)value);
    raw(o->t, out);
}

static void truth(struct object *o, const char *name, bool value)
{
    if (!value)
        return;
    key(o, name);
    raw(o->t, "true");
}

static void hex(struct object *o, const char *name, struct span bytes)
{
    char two[3];
    key(o, name);
    raw(o->t, "\"");
    for (size_t i = 0; i < bytes.len; i++) {
        snprintf(two, sizeof two, "%02x", bytes.ptr[i]);
        raw(o->t, two);
    }
    raw(o->t, "\"");
}

static void end(struct object *o)
{
    if (buf_append(&o->t->written, SPAN_LIT("}\n")) != OK)
        buf_truncate(&o->t->written, o->from);
}

/* ---- what is told ---- */

static const char *const contents[] = {
    [CHAT_TEXT] = "text",     [CHAT_ATTACHMENT] = "file", [CHAT_CUSTOM] = "custom",
    [CHAT_NOTICE] = "notice", [CHAT_UNKNOWN] = "unknown",
};
static const char *const states[] = {
    [CHAT_ENTRY_RECEIVED] = "received",   [CHAT_ENTRY_QUEUED] = "queued",
    [CHAT_ENTRY_SENT] = "sent",           [CHAT_ENTRY_STORED] = "stored",
    [CHAT_ENTRY_DELIVERED] = "delivered", [CHAT_ENTRY_READ] = "read",
    [CHAT_ENTRY_FAILED] = "failed",
};

static void entry(struct object *o, const struct chat_entry *e)
{
    static const struct chat_entry_id none;
    char who[CHAT_NAME_MAX];
    hex(o, "conversation", SPAN_ARRAY(e->conversation.bytes));
    hex(o, "entry", SPAN_ARRAY(e->id.bytes));
    text(o, "content", span_str(contents[e->content]));
    text(o, "state", span_str(states[e->state]));
    if (e->mine) {
        number(o, "delivered", e->delivered);
        number(o, "recipients", e->recipients);
    }
    number(o, "time", (uint64_t)(e->time_ns / NS_PER_MS));
    truth(o, "mine", e->mine);
    truth(o, "edited", e->edited);
    truth(o, "deleted", e->deleted);
    if (memcmp(&e->reply_to, &none, sizeof none) != 0)
        hex(o, "reply_to", SPAN_ARRAY(e->reply_to.bytes));
    if (e->content == CHAT_ATTACHMENT) {
        text(o, "file", e->file_name);
        number(o, "bytes", e->file_bytes);
        truth(o, "here", e->file_here);
    }
    for (size_t i = 0; i < e->reactions_count && i < CHAT_REACTIONS_MAX; i++) {
        raw(o->t, i == 0 ? ",\"reactions\":[" : ",");
        quoted(o->t, span_str(e->reactions[i].text));
    }
    raw(o->t, e->reactions_count > 0 ? "]" : "");
    if (!e->deleted)
        text(o, "text", e->text);
    struct chat_account author = e->author; /* last: the entry is borrowed until the next call */
    name_of(o->t, &author, who);
    text(o, "from", span_str(who));
}

static void summary(struct tui *t, const struct chat_summary *s, size_t at)
{
    static const char *const types[] = {"", "direct", "group", "crowd", "self"};
    static const char *const phases[] = {"looking", "joined", "requested", "left", "rejoining"};
    char called[CHAT_NAME_MAX];
    struct object o = begin(t, "conversation");
    if (at > 0)
        number(&o, "number", at);
    hex(&o, "conversation", SPAN_ARRAY(s->id.bytes));
    text(&o, "type", span_str(types[s->type]));
    text(&o, "state", span_str(phases[s->state]));
    name_of_talk(t, s, called);
    text(&o, "name", span_str(called));
    number(&o, "members", s->accounts);
    number(&o, "unread", s->unread);
    truth(&o, "muted", s->muted);
    end(&o);
}

static const char *const kinds[] = {
    [CHAT_EVENT_ENTRY] = "message",
    [CHAT_EVENT_STATE] = "state",
    [CHAT_EVENT_CONVERSATION] = "conversation",
    [CHAT_EVENT_REQUEST] = "request",
    [CHAT_EVENT_DEVICE_ADDED] = "device-added",
    [CHAT_EVENT_DEVICE_REVOKED] = "device-revoked",
    [CHAT_EVENT_ROTATED] = "rotated",
    [CHAT_EVENT_RECOVERED] = "recovered",
    [CHAT_EVENT_FROZEN] = "frozen",
    [CHAT_EVENT_LOST] = "lost",
    [CHAT_EVENT_ENDED] = "ended",
    [CHAT_EVENT_PAIRED] = "paired",
    [CHAT_EVENT_UNREACHED] = "unreached",
    [CHAT_EVENT_UNSUPPORTED] = "unsupported",
    [CHAT_EVENT_REJOINED] = "rejoined",
    [CHAT_EVENT_FILE] = "file",
    [CHAT_EVENT_TYPING] = "typing",
    [CHAT_EVENT_EXPELLED] = "expelled",
};

static void plain_happened(struct tui *t, const struct chat_event *ev)
{
    char who[CHAT_NAME_MAX];
    struct object o = begin(t, kinds[ev->kind]);
    number(&o, "number", ev->number);
    hex(&o, "conversation", SPAN_ARRAY(ev->conversation.bytes));
    hex(&o, "account", SPAN_ARRAY(ev->account.bytes));
    hex(&o, "device", SPAN_ARRAY(ev->installation.bytes));
    hex(&o, "entry", SPAN_ARRAY(ev->entry.bytes));
    name_of(t, &ev->account, who);
    text(&o, "from", span_str(who));
    end(&o);
}

void plain_event(struct tui *t, const struct chat_event *ev)
{
    struct chat_entry e;
    struct chat_summary s;
    bool of_entry = ev->kind == CHAT_EVENT_ENTRY || ev->kind == CHAT_EVENT_STATE;
    if (ev->kind < CHAT_EVENT_ENTRY || ev->kind > CHAT_EVENT_EXPELLED)
        return; /* of a newer engine */
    if (of_entry && t->source->entry(t->chat, &ev->conversation, &ev->entry, &e) == OK) {
        struct object o = begin(t, kinds[ev->kind]);
        number(&o, "number", ev->number);
        entry(&o, &e);
        end(&o);
    } else if (ev->kind == CHAT_EVENT_CONVERSATION &&
               t->source->conversation(t->chat, &ev->conversation, &s) == OK) {
        summary(t, &s, 0);
    } else {
        plain_happened(t, ev);
    }
}

void plain_said(struct tui *t, const char *what, const char *said)
{
    struct object o = begin(t, what);
    text(&o, "text", span_str(said));
    end(&o);
}

void plain_opened(struct tui *t, struct span words)
{
    struct chat_person self;
    struct object o = begin(t, "ready");
    if (words.len > 0)
        text(&o, words.len > 11 && memcmp(words.ptr, "sottopair1", 10) == 0 ? "pair" : "words",
             words);
    if (t->source->self(t->chat, &self) == OK)
        text(&o, "account", span_str(self.text));
    end(&o);
}

/* ---- lists that only scripts need ---- */

static void list(struct tui *t)
{
    struct chat_summary s;
    size_t cursor = 0;
    for (size_t at = 1; t->source->conversations(t->chat, &cursor, &s); at++)
        summary(t, &s, at);
}

/* The last `count` entries of the open conversation, oldest first. */
static void history(struct tui *t, struct span rest)
{
    struct span word = word_next(&rest);
    size_t count = 0, found = 0;
    struct chat_entry e;
    struct chat_entry_id id;
    for (size_t i = 0; i < word.len && i < 5; i++)
        count = count * 10 + (size_t)(word.ptr[i] - '0') % 10;
    count = count == 0 ? 20 : count;
    if (t->source->history(t->chat, &t->now, NULL, true, &e) != OK)
        return;
    do
        id = e.id;
    while (++found < count && t->source->history(t->chat, &t->now, &id, true, &e) == OK);
    for (bool more = t->source->entry(t->chat, &t->now, &id, &e) == OK; more && found > 0;
         found--) {
        struct object o = begin(t, "history");
        id = e.id;
        entry(&o, &e);
        end(&o);
        more = t->source->history(t->chat, &t->now, &id, false, &e) == OK;
    }
}

static void read_now(struct tui *t)
{
    struct chat_entry e;
    if (t->source->history(t->chat, &t->now, NULL, true, &e) != OK)
        return;
    struct chat_entry_id id = e.id;
    (void)!t->source->set_read(t->chat, t->env, &t->now, &id);
}

static void panes(struct tui *t)
{
    size_t at = 0;
    enum tui_style style;
    struct span line;
    while (lines_next(&t->pane, &at, &style, &line))
        if (style != TUI_QR) {
            struct object o = begin(t, "line");
            text(&o, "text", line);
            end(&o);
        }
    lines_reset(&t->pane);
}

void tui_line(struct tui *t, const struct env *env, struct span line)
{
    struct span rest = line, name = word_next(&rest);
    t->env = env;
    if (name.len == 0)
        return;
    if (line.len > TUI_PLAIN_LINE_MAX)
        plain_said(
            t, "error",
            "the line is too long: a text has at most 65536 bytes, a longer one is sent as a file");
    else if (t->chat == NULL)
        plain_said(t, "error", "the account is not open");
    else if (span_eq(name, SPAN_LIT("list")))
        list(t);
    else if (span_eq(name, SPAN_LIT("history")) || span_eq(name, SPAN_LIT("read"))) {
        if (!t->open)
            tui_alarm(t, "Choose a conversation first: open NAME.");
        else if (name.len == 4)
            read_now(t);
        else
            history(t, rest);
    } else
        command_run(t, line);
    panes(t);
    if (t->chat != NULL)
        tui_tick(t, env);
}
