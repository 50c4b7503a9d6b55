/* Commands about one's own account, devices and this program. */
#include "crypto/base/wipe.h"
#include "node/tui/inside.h"

#include <stdio.h>

static void done(struct tui *t, enum err err, const char *what)
{
    if (err == OK)
        tui_say(t, "%s", what);
    else if (err == ERR_REFUSED)
        tui_alarm(t, "Only the keeper, your first device, can do that.");
    else
        tui_alarm(t, "It did not work: %s.", err_text(err));
}

static void me(struct tui *t, struct span rest)
{
    done(t, t->source->set_profile(t->chat, t->env, rest), "Those you talk with see it.");
}

static void policy(struct tui *t, struct span rest)
{
    static const char *const names[] = {"open", "links", "groups"};
    struct span which = word_next(&rest);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_eq(which, span_str(names[i]))) {
            done(t, t->source->set_policy(t->chat, t->env, (enum chat_policy)i), "So be it.");
            return;
        }
    tui_alarm(t, "open: everybody; links: holders of a private link; groups: nobody else.");
}

static bool on_off(struct tui *t, struct span rest, bool *on)
{
    struct span which = word_next(&rest);
    *on = span_eq(which, SPAN_LIT("on"));
    if (*on || span_eq(which, SPAN_LIT("off")))
        return true;
    tui_alarm(t, "on or off.");
    return false;
}

static void receipts(struct tui *t, struct span rest)
{
    bool on;
    if (on_off(t, rest, &on))
        done(t, t->source->set_receipts(t->chat, t->env, on),
             on ? "Others see what you have read." : "Others do not see what you have read.");
}

static void typing(struct tui *t, struct span rest)
{
    if (on_off(t, rest, &t->tell_typing))
        tui_say(t, t->tell_typing ? "Others see that you type, until this program ends."
                                  : "Others do not see that you type.");
}

static void revoke_link(struct tui *t, struct span rest)
{
    done(t, t->source->unlink(t->chat, t->env, word_next(&rest)), "Nobody reaches you by it now.");
}

static void pair(struct tui *t, struct span rest)
{
    char words[CHAT_SIX_WORDS_MAX];
    enum err err = t->source->pair_accept(t->chat, t->env, word_next(&rest), words);
    if (err == ERR_FORMAT)
        tui_alarm(t, "That is not the text that the new device shows: sottopair1...");
    else if (err != OK)
        done(t, err, "");
    else
        tui_say(t, "The new device must show: %s", words);
}

/* By its number in devices. */
static void revoke(struct tui *t, struct span rest)
{
    static const char *const reasons[] = {"retired", "lost", "stolen"};
    struct span word = word_next(&rest), why = word_next(&rest);
    struct chat_person self;
    struct chat_device d;
    size_t cursor = 0;
    enum chat_reason reason = CHAT_REASON_RETIRED;

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (span_eq(why, span_str(reasons[i])))
            reason = (enum chat_reason)(i + 1);
    if (t->source->self(t->chat, &self) != OK)
        return;
    for (unsigned i = 1; t->source->devices(t->chat, &self.account, &cursor, &d); i++) {
        char number[8];
        snprintf(number, sizeof number, "%u", i);
        if (span_eq(word, span_str(number))) {
            done(t, t->source->revoke(t->chat, t->env, &d.installation, reason),
                 "Revoked. Everybody you talk with is told.");
            return;
        }
    }
    tui_alarm(t, "Its number in devices, then retired, lost or stolen.");
}

static void rotate(struct tui *t, struct span rest)
{
    enum err err = t->source->rotate(t->chat, t->env, rest);
    if (err == ERR_ARGUMENT)
        tui_alarm(t, "The 24 words are missing, or are not yours.");
    else
        done(t, err, "The root key is changed. This device is the keeper now.");
}

static void rekey(struct tui *t, struct span rest)
{
    (void)rest;
    done(t, t->source->rekey(t->chat, t->env), "This device has a new key. Conversations follow.");
}

static void passphrase(struct tui *t, struct span rest)
{
    if (t->plain) {
        struct span old = word_next(&rest);
        enum err err = t->source->passphrase(t->chat, t->env, old, rest);
        done(t, err, "The passphrase is changed.");
        return;
    }
    t->screen = SCREEN_OLD;
    line_reset(&t->input);
}

static void lock(struct tui *t, struct span rest)
{
    (void)rest;
    tui_keep_draft(t);
    tui_out(t, &(struct tui_out){.kind = TUI_OUT_LOCK});
    tui_account(t, t->account, true);
}

static void account(struct tui *t, struct span rest)
{
    struct span name = word_next(&rest);
    for (size_t i = 0; i < t->accounts_count; i++)
        if (span_eq(name, span_str(t->accounts[i]))) {
            tui_keep_draft(t);
            tui_out(t,
                    &(struct tui_out){.kind = TUI_OUT_ACCOUNT, .name = span_str(t->accounts[i])});
            return;
        }
    tui_pane(t, "Accounts on this machine");
    for (size_t i = 0; i < t->accounts_count; i++)
        lines_add(&t->pane, strcmp(t->accounts[i], t->account) == 0 ? TUI_GOOD : TUI_PLAIN,
                  span_str(t->accounts[i]));
    lines_add(&t->pane, TUI_DIM, SPAN_LIT("A new one: sotto chat --account=NAME"));
}

static void export(struct tui *t, struct span rest)
{
    struct span path = word_next(&rest);
    buf_reset(&t->out_path);
    buf_reset(&t->out_bytes);
    if (path.len == 0 || buf_append(&t->out_path, path) != OK) {
        tui_alarm(t, "The name of a file is missing.");
        return;
    }
    if (!t->plain) {
        start_ask(t, GOAL_EXPORT);
        return;
    }
    enum err err = t->source->export_to(t->chat, t->env, rest, &t->out_bytes);
    if (err != OK)
        done(t, err, "");
    else
        tui_out(t, &(struct tui_out){.kind = TUI_OUT_WRITE,
                                     .path = buf_span(&t->out_path),
                                     .bytes = buf_span(&t->out_bytes)});
}

static void import(struct tui *t, struct span rest)
{
    struct span path = word_next(&rest);
    buf_reset(&t->out_path);
    buf_reset(&t->secret);
    if (path.len == 0 || buf_append(&t->out_path, path) != OK) {
        tui_alarm(t, "The name of a file is missing.");
        return;
    }
    if (!t->plain) {
        start_ask(t, GOAL_IMPORT);
        return;
    }
    t->reading_import = buf_append(&t->secret, rest) == OK;
    tui_out(t, &(struct tui_out){.kind = TUI_OUT_READ, .path = buf_span(&t->out_path)});
}

static void quit(struct tui *t, struct span rest)
{
    (void)rest;
    tui_keep_draft(t);
    tui_out(t, &(struct tui_out){.kind = TUI_OUT_QUIT});
}

const struct command commands_self[] = {
    {"card", "", "your card, as text and QR", pane_card, true},
    {"link", "", "a private link, which can be taken back alone", pane_link, true},
    {"links", "", "the private links you gave away", pane_links, true},
    {"unlink", "CARD", "take one back", revoke_link, true},
    {"policy", "open|links|groups", "who may write to you first", policy, true},
    {"me", "NAME", "what those you talk with see", me, true},
    {"info", "", "your account", pane_info, true},
    {"receipts", "on|off", "tell others what you have read", receipts, true},
    {"typing", "on|off", "tell others that you type", typing, true},
    {"pair", "TEXT", "let the new device in that shows this text", pair, true},
    {"revoke", "NUMBER [retired|lost|stolen]", "a device of yours", revoke, true},
    {"rotate", "24 WORDS", "change the root key", rotate, true},
    {"rekey", "", "a new key for this device", rekey, true},
    {"passphrase", "", "change it", passphrase, true},
    {"lock", "", "wipe the keys from memory and ask for the passphrase", lock, true},
    {"account", "[NAME]", "another account on this machine", account, true},
    {"export", "FILE", "identity, contacts and history, sealed", export, true},
    {"import", "FILE", "contacts and history of an export", import, true},
    {"help", "[COMMAND]", "", pane_help, true},
    {"quit", "", "", quit, true},
    {NULL, NULL, NULL, NULL, false},
};

/* ---- files, which the owner reads and writes ---- */

static struct span base_name(struct span path)
{
    for (size_t i = path.len; i > 0; i--)
        if (path.ptr[i - 1] == '/')
            return span_after(path, i);
    return path;
}

void tui_file(struct tui *t, const struct env *env, enum err err, struct span bytes)
{
    struct chat_entry_id id;
    t->env = env;
    if (err != OK) {
        tui_alarm(t, "The file cannot be read: %s.", err_text(err));
    } else if (t->reading_import) {
        err = t->source->import_from(t->chat, env, buf_span(&t->secret), bytes);
        done(t, err, "Contacts and history are here.");
        uint64_t left_out = err == OK ? t->source->import_left_out(t->chat) : 0;
        if (left_out > 0)
            tui_alarm(t, "Not taken: %llu entries whose author's device is not known.",
                      (unsigned long long)left_out);
    } else {
        err = t->source->send_file(t->chat, env, &t->now, base_name(buf_span(&t->out_path)),
                                   SPAN_LIT("application/octet-stream"), bytes, &id);
        done(t, err, "The file is on its way.");
    }
    t->reading_import = false;
    buf_reset(&t->secret);
}

void tui_wrote(struct tui *t, enum err err)
{
    if (err == ERR_EXISTS)
        tui_alarm(t, "There is a file %.200s already: it was left alone.",
                  (const char *)t->out_path.ptr);
    else if (err != OK)
        tui_alarm(t, "It cannot be written: %s.", err_text(err));
    else
        tui_say(t, "Written: %.*s", (int)t->out_path.len, (const char *)t->out_path.ptr);
    buf_reset(&t->out_bytes);
}
