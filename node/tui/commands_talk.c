/* Commands on the open conversation and its messages. A message is the chosen one, else the last.
 */
#include "node/tui/inside.h"

#include <stdio.h>

static void done(struct tui *t, enum err err, const char *what)
{
    if (err == OK)
        tui_say(t, "%s", what);
    else if (err == ERR_REFUSED)
        tui_alarm(t, "That is not yours to do here.");
    else if (err == ERR_LIMIT)
        tui_alarm(t, "That is too long. Send it as a file: /file PATH.");
    else
        tui_alarm(t, "It did not work: %s.", err_text(err));
}

/* The message meant; `mine`: the last of our own. */
static bool target(struct tui *t, bool mine, struct chat_entry *e)
{
    enum err err = t->view.choosing ? t->source->entry(t->chat, &t->now, &t->view.chosen, e)
                                    : t->source->history(t->chat, &t->now, NULL, true, e);
    while (err == OK && !t->view.choosing && (e->content == CHAT_NOTICE || (mine && !e->mine))) {
        struct chat_entry_id id = e->id;
        err = t->source->history(t->chat, &t->now, &id, true, e);
    }
    if (err != OK)
        tui_alarm(t, "There is no such message: Up chooses one.");
    return err == OK;
}

static void reply(struct tui *t, struct span rest)
{
    struct chat_entry e;
    struct chat_entry_id sent;
    if (!target(t, false, &e))
        return;
    struct chat_entry_id id = e.id;
    if (rest.len > 0) {
        done(t, t->source->send(t->chat, t->env, &t->now, rest, &id, &sent), "Answered.");
        return;
    }
    t->reply_to = id;
    t->replying = true;
}

static void react_with(struct tui *t, struct span rest, bool on)
{
    struct chat_entry e;
    struct span reaction = word_next(&rest);
    if (!target(t, false, &e))
        return;
    struct chat_entry_id id = e.id;
    done(t, t->source->react(t->chat, t->env, &t->now, &id, reaction, on),
         on ? "Said." : "Taken back.");
    t->view.choosing = false;
}

static void react(struct tui *t, struct span rest)
{
    react_with(t, rest, true);
}

static void unreact(struct tui *t, struct span rest)
{
    react_with(t, rest, false);
}

static void edit(struct tui *t, struct span rest)
{
    struct chat_entry e;
    if (!target(t, true, &e))
        return;
    struct chat_entry_id id = e.id;
    if (rest.len > 0) {
        done(t, t->source->edit(t->chat, t->env, &t->now, &id, rest), "Changed.");
        return;
    }
    t->reply_to = id;
    t->editing = line_set(&t->input, e.text) == OK;
}

static void delete (struct tui *t, struct span rest)
{
    struct chat_entry e;
    (void)rest;
    if (!target(t, true, &e))
        return;
    struct chat_entry_id id = e.id;
    done(t, t->source->delete (t->chat, t->env, &t->now, &id), "Deleted.");
    t->view.choosing = false;
}

static void file(struct tui *t, struct span rest)
{
    buf_reset(&t->out_path);
    if (rest.len == 0 || buf_append(&t->out_path, rest) != OK) {
        tui_alarm(t, "The name of a file is missing.");
        return;
    }
    t->reading_import = false;
    tui_out(t, &(struct tui_out){.kind = TUI_OUT_READ, .path = buf_span(&t->out_path)});
}

static bool an_attachment(struct tui *t, struct chat_entry *e)
{
    enum err err = t->view.choosing ? t->source->entry(t->chat, &t->now, &t->view.chosen, e)
                                    : t->source->history(t->chat, &t->now, NULL, true, e);
    while (err == OK && e->content != CHAT_ATTACHMENT && !t->view.choosing) {
        struct chat_entry_id id = e->id;
        err = t->source->history(t->chat, &t->now, &id, true, e);
    }
    if (err == OK && e->content == CHAT_ATTACHMENT)
        return true;
    tui_alarm(t, "There is no file: Up chooses a message.");
    return false;
}

static void fetch(struct tui *t, struct span rest)
{
    struct chat_entry e;
    (void)rest;
    if (!an_attachment(t, &e))
        return;
    struct chat_entry_id id = e.id;
    enum err err = t->source->file_fetch(t->chat, t->env, &t->now, &id);
    done(t, err == ERR_EXISTS ? OK : err, err == ERR_EXISTS ? "It is here: save." : "On its way.");
}

/* A stranger's name for a file is a name only: no folder, no hidden file, nothing but plain
 * characters. */
static void keep_name(struct buf *out, struct span name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    for (size_t i = 0; i < name.len && out->len < 100; i++) {
        char c = (char)name.ptr[i];
        bool good = c != '\0' && strchr(plain, c) != NULL && (c != '.' || out->len > 0);
        (void)!buf_append(out, span_of(good ? &c : "_", 1));
    }
    if (out->len == 0)
        (void)!buf_append(out, SPAN_LIT("file"));
}

static void save(struct tui *t, struct span rest)
{
    struct chat_entry e;
    if (!an_attachment(t, &e))
        return;
    struct chat_entry_id id = e.id;
    buf_reset(&t->out_path);
    buf_reset(&t->out_bytes);
    if (rest.len > 0)
        (void)!buf_append(&t->out_path, rest);
    else
        keep_name(&t->out_path, e.file_name);
    enum err err = t->source->file(t->chat, &t->now, &id, &t->out_bytes);
    t->view.choosing = false;
    if (err == ERR_NOT_FOUND)
        tui_alarm(t, "Its bytes are not here yet: fetch gets them.");
    else if (err != OK)
        done(t, err, "");
    else
        tui_out(t, &(struct tui_out){.kind = TUI_OUT_WRITE,
                                     .path = buf_span(&t->out_path),
                                     .bytes = buf_span(&t->out_bytes)});
}

static void go(struct tui *t, struct span rest)
{
    struct span word = word_next(&rest);
    size_t number = 0;
    for (size_t i = 0; i < word.len && i < 4; i++)
        number = number * 10 + (size_t)(word.ptr[i] - '0');
    if (number == 0 || number > t->hits_count) {
        tui_alarm(t, "Its number in the last search is missing.");
        return;
    }
    struct hit hit = t->hits[number - 1];
    tui_go(t, &hit.conversation);
    t->view = (struct view){.bottom = hit.entry, .choosing = true, .chosen = hit.entry};
}

static void open(struct tui *t, struct span rest)
{
    struct chat_summary s;
    enum err err = find_conversation(t, rest, &s);
    if (err == ERR_ARGUMENT)
        tui_alarm(t, "Several are called so: use its number in the list.");
    else if (err != OK)
        tui_alarm(t, "There is no such conversation.");
    else
        tui_go(t, &s.id);
    if (err == OK && t->plain)
        tui_say(t, "This one now.");
}

static void send(struct tui *t, struct span rest)
{
    struct chat_entry_id id;
    enum err err = t->source->send(t->chat, t->env, &t->now, rest, NULL, &id);
    done(t, err, "Sent.");
}

/* "90", "10m", "12h", "7d", "off" */
static bool seconds_of(struct span text, uint64_t *out)
{
    static const struct {
        char unit;
        uint64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    size_t i = 0;
    *out = 0;
    if (span_eq(text, SPAN_LIT("off")))
        return true;
    for (; i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9' && i < 9; i++)
        *out = *out * 10 + (uint64_t)(text.ptr[i] - '0');
    if (i == 0 || text.len - i > 1)
        return false;
    for (size_t u = 0; u < sizeof units / sizeof *units; u++)
        if (i + 1 == text.len && text.ptr[i] == (uint8_t)units[u].unit) {
            *out *= units[u].seconds;
            return true;
        }
    return i == text.len;
}

static void vanish(struct tui *t, struct span rest)
{
    uint64_t seconds;
    if (!seconds_of(word_next(&rest), &seconds))
        tui_alarm(t, "A time is missing: 90s, 10m, 12h, 7d or off.");
    else
        done(t, t->source->set_disappearing(t->chat, t->env, &t->now, seconds),
             seconds > 0 ? "What is sent from now on vanishes everywhere after that time."
                         : "What is sent from now on stays.");
}

static void mute(struct tui *t, struct span rest)
{
    (void)rest;
    done(t, t->source->set_muted(t->chat, t->env, &t->now, true), "Muted.");
}

static void unmute(struct tui *t, struct span rest)
{
    (void)rest;
    done(t, t->source->set_muted(t->chat, t->env, &t->now, false), "Heard again.");
}

const struct command commands_talk[] = {
    {"open", "NAME|NUMBER", "go to a conversation", open, true},
    {"send", "TEXT", "send a text (in the screens: just type it)", send, false},
    {"reply", "[TEXT]", "answer the chosen message, else the last", reply, false},
    {"react", "SIGN", "react to it", react, false},
    {"unreact", "SIGN", "take that back", unreact, false},
    {"edit", "[TEXT]", "change the chosen message of yours, else the last", edit, false},
    {"delete", "", "delete it, everywhere", delete, false},
    {"file", "PATH", "send a file", file, false},
    {"fetch", "", "get the bytes of a file", fetch, false},
    {"save", "[PATH]", "write a file to disk", save, false},
    {"search", "WORD", "in all conversations", pane_search, true},
    {"go", "NUMBER", "to a hit of the last search", go, true},
    {"vanish", "TIME|off", "messages vanish everywhere after that time", vanish, false},
    {"mute", "", "no bell, no mark", mute, false},
    {"unmute", "", "", unmute, false},
    {NULL, NULL, NULL, NULL, false},
};
