/* Commands about people and groups. Who is meant: find_person, else the other side of the open
 * direct conversation. */
#include "node/tui/inside.h"

#include <stdio.h>

#define ADD_MAX 64u /* people in one command */

static void done(struct tui *t, enum err err, const char *what)
{
    if (err == OK)
        tui_say(t, "%s", what);
    else if (err == ERR_REFUSED)
        tui_alarm(t, "Your role does not allow that.");
    else
        tui_alarm(t, "It did not work: %s.", err_text(err));
}

static bool who(struct tui *t, struct span name, struct chat_person *out)
{
    struct chat_summary s;
    enum err err = ERR_NOT_FOUND;
    if (name.len > 0)
        err = find_person(t, name, out);
    else if (t->open && t->source->conversation(t->chat, &t->now, &s) == OK &&
             s.type == CHAT_DIRECT)
        err = t->source->person(t->chat, &s.with, out);
    if (err == ERR_ARGUMENT)
        tui_alarm(t, "Several call themselves so: give them names with name, or use sotto1...");
    else if (err != OK)
        tui_alarm(t, "Who? A name, or the beginning of sotto1...");
    return err == OK;
}

static void contact(struct tui *t, struct span rest)
{
    struct chat_conversation id;
    buf_reset(&t->out_bytes);
    for (struct span part; (part = word_next(&rest)).len > 0;) /* as copied from a narrow window */
        if (buf_append(&t->out_bytes, part) != OK)
            return;
    struct span card = buf_span(&t->out_bytes);
    enum err err = t->source->contact(t->chat, t->env, card, &id);
    if (err == ERR_FORMAT || err == ERR_UNSUPPORTED)
        tui_alarm(t, "That is no card: it begins with sottocard1.");
    else if (err == ERR_ARGUMENT)
        tui_alarm(t, "That is your own card.");
    else if (err == ERR_REFUSED)
        tui_alarm(t, "You have blocked them: unblock first.");
    else if (err != OK)
        done(t, err, "");
    else {
        tui_out(t, &(struct tui_out){.kind = TUI_OUT_MET, .bytes = card});
        tui_go(t, &id);
        tui_say(t, "Write: it arrives when they are found, even if you are gone by then.");
    }
}

static void accept(struct tui *t, struct span rest)
{
    (void)rest;
    done(t, t->source->accept(t->chat, t->env, &t->now), "Accepted.");
}

static void block_them(struct tui *t, struct span rest, bool blocked)
{
    struct chat_person p;
    if (who(t, rest, &p))
        done(t, t->source->block(t->chat, t->env, &p.account, blocked),
             blocked ? "Blocked. They are not told." : "Heard again.");
}

static void block(struct tui *t, struct span rest)
{
    block_them(t, rest, true);
}

static void unblock(struct tui *t, struct span rest)
{
    block_them(t, rest, false);
}

/* "name NAME" for the other side, "name WHO = NAME" for somebody else. */
static void name(struct tui *t, struct span rest)
{
    struct chat_person p;
    struct span of = SPAN_EMPTY;
    for (size_t i = 1; i + 2 < rest.len; i++)
        if (memcmp(rest.ptr + i, " = ", 3) == 0) {
            of = span_sub(rest, 0, i);
            rest = span_after(rest, i + 3);
            break;
        }
    if (who(t, of, &p))
        done(t, t->source->set_name(t->chat, t->env, &p.account, rest), "Only you see that name.");
}

static void verify_them(struct tui *t, struct span rest, bool verified)
{
    struct chat_person p;
    if (who(t, rest, &p))
        done(t, t->source->set_verified(t->chat, t->env, &p.account, verified),
             verified ? "Verified." : "No more verified.");
}

static void verify(struct tui *t, struct span rest)
{
    verify_them(t, rest, true);
}

static void unverify(struct tui *t, struct span rest)
{
    verify_them(t, rest, false);
}

static void found(struct tui *t, enum chat_type type, struct span title)
{
    struct chat_conversation id;
    if (title.len == 0) {
        tui_alarm(t, "Its name is missing.");
        return;
    }
    enum err err = t->source->found(t->chat, t->env, type, title, NULL, 0, &id);
    if (err == OK)
        tui_go(t, &id);
    done(t, err,
         t->plain ? "Founded: add NAME brings people in." : "Founded: /add NAME brings people in.");
}

static void group(struct tui *t, struct span rest)
{
    found(t, CHAT_GROUP, rest);
}

static void crowd(struct tui *t, struct span rest)
{
    found(t, CHAT_CROWD, rest);
}

/* A name with blanks, or several names with commas between them. */
static void add(struct tui *t, struct span rest)
{
    struct chat_account accounts[ADD_MAX];
    struct chat_person p;
    size_t count = 0;
    while (rest.len > 0 && count < ADD_MAX) {
        const uint8_t *comma = memchr(rest.ptr, ',', rest.len);
        size_t len = comma != NULL ? (size_t)(comma - rest.ptr) : rest.len;
        struct span one = span_sub(rest, 0, len);
        rest = span_after(rest, comma != NULL ? len + 1 : len);
        while (one.len > 0 && one.ptr[0] == ' ')
            one = span_after(one, 1);
        if (!who(t, one, &p))
            return;
        accounts[count++] = p.account;
    }
    done(t, t->source->add(t->chat, t->env, &t->now, accounts, count), "Invited.");
}

static void remove_one(struct tui *t, struct span rest)
{
    struct chat_person p;
    if (rest.len == 0)
        tui_alarm(t, "Who?");
    else if (who(t, rest, &p))
        done(t, t->source->remove(t->chat, t->env, &t->now, &p.account),
             "Removed: they read nothing that is written from now on.");
}

static void role(struct tui *t, struct span rest)
{
    static const char *const names[] = {"member", "admin", "owner"};
    struct chat_person p;
    struct span which = word_next(&rest);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (span_eq(which, span_str(names[i]))) {
            if (who(t, rest, &p))
                done(t,
                     t->source->set_role(t->chat, t->env, &t->now, &p.account, (enum chat_role)i),
                     "Done.");
            return;
        }
    tui_alarm(t, "member, admin or owner, then a name.");
}

static void title(struct tui *t, struct span rest)
{
    done(t, t->source->set_group_name(t->chat, t->env, &t->now, rest), "Named.");
}

static void leave(struct tui *t, struct span rest)
{
    (void)rest;
    done(t, t->source->leave(t->chat, t->env, &t->now), "Left. What was written stays readable.");
}

const struct command commands_people[] = {
    {"contact", "CARD", "write to somebody who gave you a card", contact, true},
    {"accept", "", "answer somebody who has written for the first time", accept, false},
    {"block", "[WHO]", "hear no more of them", block, true},
    {"unblock", "[WHO]", "", unblock, true},
    {"people", "", "all that are known, blocked ones too", pane_people, true},
    {"name", "[WHO = ]NAME", "what you call them; only you see it", name, true},
    {"safety", "[WHO]", "the number to compare with theirs", pane_safety, true},
    {"verify", "[WHO]", "the numbers were the same", verify, true},
    {"unverify", "[WHO]", "", unverify, true},
    {"devices", "[WHO]", "devices, yours without a name", pane_devices, true},
    {"group", "NAME", "found a group of up to 64 devices", group, true},
    {"crowd", "NAME", "found a larger one", crowd, true},
    {"members", "", "who is in it", pane_members, false},
    {"add", "WHO[, WHO...]", "bring people in", add, false},
    {"remove", "WHO", "", remove_one, false},
    {"role", "member|admin|owner WHO", "what they may do", role, false},
    {"title", "NAME", "name the group", title, false},
    {"leave", "", "", leave, false},
    {NULL, NULL, NULL, NULL, false},
};
