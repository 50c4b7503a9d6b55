/* Lists beside the conversations. */
#include "node/tui/inside.h"

#include <stdio.h>

void pane_help(struct tui *t, struct span rest)
{
    static const char *const keys[] = {
        "Enter            send; Alt-Enter or Ctrl-J: a new line",
        "Ctrl-N, Ctrl-P   next, previous conversation (Alt-Down, Alt-Up)",
        "Tab              next one with something unread",
        "PgUp, PgDn       scroll; End: to the newest",
        "Up               choose a message: r reply, + react, e edit, d delete, s save",
        "Esc              close, or back to the list in a narrow window",
        "Ctrl-C           empty the line; twice: leave. Ctrl-L: draw anew",
    };
    static const char *const marks[] = {
        "· waiting, → sent, ▪ stored, ✓ 1/2 delivered to devices, ✓✓ read, ✗ failed",
        "In the list: # group, ? has written first, ~ looked for, - left, m muted",
        "~name: what somebody calls itself; without ~: what you call them",
    };
    struct span only = word_next(&rest);
    tui_pane(t, "Help");
    for (size_t i = 0; only.len == 0 && i < sizeof keys / sizeof *keys && !t->plain; i++)
        lines_add(&t->pane, TUI_PLAIN, span_str(keys[i]));
    for (size_t g = 0; g < sizeof command_groups / sizeof *command_groups; g++) {
        if (only.len == 0)
            lines_add(&t->pane, TUI_BOLD, span_str(command_groups[g].title));
        for (const struct command *c = command_groups[g].commands; c->name != NULL; c++) {
            char usage[64];
            if (only.len > 0 && !span_starts(span_str(c->name), only))
                continue;
            snprintf(usage, sizeof usage, "%s%s %s", t->plain ? "" : "/", c->name, c->arguments);
            lines_addf(&t->pane, TUI_PLAIN, "%-22s %s", usage, c->help);
        }
    }
    for (size_t i = 0; only.len == 0 && i < sizeof marks / sizeof *marks && !t->plain; i++)
        lines_add(&t->pane, TUI_DIM, span_str(marks[i]));
}

static const char *consent(const struct chat_person *p)
{
    static const char *const texts[] = {"", "asks", "", "blocked"};
    return p->self ? "you" : texts[p->consent];
}

static const char *state(enum chat_account_state s)
{
    static const char *const texts[] = {"", "given up", "moved", "FROZEN", "LOST", "not known yet"};
    return texts[s];
}

static void person_line(struct tui *t, const struct chat_person *p, const char *more)
{
    char who[CHAT_NAME_MAX];
    bool bad = p->state == CHAT_ACCOUNT_FROZEN || p->state == CHAT_ACCOUNT_LOST;
    name_of_person(p, who);
    lines_addf(&t->pane,
               bad           ? TUI_ALARM
               : p->verified ? TUI_GOOD
                             : TUI_PLAIN,
               "%s  %.14s  %u device%s  %s%s %s %s", who, p->text, p->installations,
               p->installations == 1 ? "" : "s", more, p->verified ? "verified" : "", consent(p),
               state(p->state));
}

void pane_people(struct tui *t, struct span rest)
{
    struct chat_person p;
    (void)rest;
    tui_pane(t, "People");
    for (size_t cursor = 0; t->source->people(t->chat, &cursor, &p);)
        person_line(t, &p, "");
}

void pane_members(struct tui *t, struct span rest)
{
    static const char *const roles[] = {"", "admin ", "owner "};
    struct chat_member m;
    (void)rest;
    tui_pane(t, "Members");
    for (size_t cursor = 0; t->source->members(t->chat, &t->now, &cursor, &m);)
        person_line(t, &m.person, roles[m.role]);
}

/* Named, the other side of the open conversation, or ourselves. */
static bool whom(struct tui *t, struct span name, bool other, struct chat_person *p)
{
    struct chat_summary s;
    enum err err;
    if (name.len > 0)
        err = find_person(t, name, p);
    else if (other && t->open && t->source->conversation(t->chat, &t->now, &s) == OK &&
             s.type == CHAT_DIRECT)
        err = t->source->person(t->chat, &s.with, p);
    else
        err = other ? ERR_NOT_FOUND : t->source->self(t->chat, p);
    if (err != OK)
        tui_alarm(t, "Who? A name, or the beginning of sotto1...");
    return err == OK;
}

static void hex8(const uint8_t *bytes, char out[20])
{
    snprintf(out, 20, "%02x%02x %02x%02x %02x%02x", bytes[0], bytes[1], bytes[2], bytes[3],
             bytes[4], bytes[5]);
}

void pane_devices(struct tui *t, struct span rest)
{
    struct chat_person p;
    struct chat_device d;
    char who[CHAT_NAME_MAX], key[20];
    if (!whom(t, rest, false, &p))
        return;
    name_of_person(&p, who);
    tui_pane(t, "Devices");
    lines_addf(&t->pane, TUI_BOLD, "of %s", who);
    size_t cursor = 0;
    for (unsigned i = 1; t->source->devices(t->chat, &p.account, &cursor, &d); i++) {
        hex8(d.installation.bytes, key);
        lines_addf(&t->pane, d.this_one ? TUI_GOOD : TUI_PLAIN, "%u  %s  %s%s%s", i, key,
                   d.name[0] != '\0' ? d.name : "", d.keeper ? "  keeper" : "",
                   d.this_one ? "  this one" : "");
    }
    if (p.self)
        lines_addf(&t->pane, TUI_DIM, "%srevoke NUMBER retired|lost|stolen", t->plain ? "" : "/");
}

void pane_safety(struct tui *t, struct span rest)
{
    struct chat_person p;
    char number[CHAT_SAFETY_MAX], who[CHAT_NAME_MAX];
    if (!whom(t, rest, true, &p))
        return;
    if (t->source->safety_number(t->chat, &p.account, number) != OK) {
        tui_alarm(t, "Their devices are not known yet.");
        return;
    }
    name_of_person(&p, who);
    tui_pane(t, "Safety number");
    lines_addf(&t->pane, TUI_PLAIN, "with %s: compare it where nobody can change it.", who);
    lines_wrap(&t->pane, TUI_BOLD, 2, 40, span_str(number));
    lines_addf(&t->pane, p.verified ? TUI_GOOD : TUI_DIM, "%s",
               p.verified ? "You have verified it." : "The same on both sides? verify says so.");
    (void)!qr_lines(&t->pane, span_str(number));
}

static void show_card(struct tui *t, bool private_link)
{
    char card[CHAT_CARD_TEXT_MAX];
    enum err err = t->source->card(t->chat, t->env, private_link, card);
    if (err != OK) {
        tui_alarm(t, "There is no card: %s.", err_text(err));
        return;
    }
    if (t->plain) {
        plain_said(t, private_link ? "link" : "card", card);
        return;
    }
    tui_pane(t, private_link ? "A private link" : "Your card");
    lines_add(&t->pane, TUI_PLAIN,
              span_str(private_link ? "Give it to one person; unlink takes it back alone."
                                    : "For those who may write to you: they paste it after "
                                      "/contact. It is no secret."));
    t->pane_wide = true;
    lines_wrap(&t->pane, TUI_BOLD, 0, t->grid.cols - 2, span_str(card));
    size_t before = t->pane.count;
    (void)!qr_lines(&t->pane, span_str(card));
    if (t->pane.count > before && t->grid.rows < t->pane.count + 5)
        lines_addf(&t->pane, TUI_DIM, "(a window of %zu rows shows the whole picture)",
                   t->pane.count + 6);
}

void pane_card(struct tui *t, struct span rest)
{
    (void)rest;
    show_card(t, false);
}

void pane_link(struct tui *t, struct span rest)
{
    (void)rest;
    show_card(t, true);
}

void pane_links(struct tui *t, struct span rest)
{
    char card[CHAT_CARD_TEXT_MAX];
    (void)rest;
    tui_pane(t, "Private links");
    for (size_t cursor = 0; t->source->links(t->chat, &cursor, card);) {
        t->pane_wide = true;
        lines_wrap(&t->pane, TUI_PLAIN, 0, t->plain ? CHAT_CARD_TEXT_MAX : t->grid.cols - 2,
                   span_str(card));
        lines_add(&t->pane, TUI_PLAIN, SPAN_EMPTY);
    }
}

void pane_info(struct tui *t, struct span rest)
{
    struct chat_person p;
    char day[24], at[24];
    (void)rest;
    if (t->source->self(t->chat, &p) != OK)
        return;
    tui_pane(t, "Your account");
    lines_addf(&t->pane, TUI_PLAIN, "local name  %s", t->account);
    lines_addf(&t->pane, TUI_PLAIN, "others see  %s", p.calls_self);
    lines_addf(&t->pane, TUI_PLAIN, "account     %s", p.text);
    lines_addf(&t->pane, TUI_PLAIN, "devices     %u", p.installations);
    if (p.confirmed_ns != 0) {
        time_text(t, p.confirmed_ns, day, true);
        time_text(t, p.confirmed_ns, at, false);
        lines_addf(&t->pane, TUI_PLAIN, "last seen in the network  %s %s", day, at);
    }
    if (p.state != CHAT_ACCOUNT_ALIVE)
        lines_addf(&t->pane, TUI_ALARM, "%s", state(p.state));
}

static void hit_lines(struct tui *t, const struct chat_entry *e)
{
    char who[CHAT_NAME_MAX], day[24], at[24];
    struct chat_account author = e->author;
    struct chat_summary s;
    struct span text = e->text, line = SPAN_EMPTY;
    char cut[200], called[CHAT_NAME_MAX] = "?";
    (void)wrap_next(&text, 60, &line);
    snprintf(cut, sizeof cut, "%.*s", (int)line.len, line.len > 0 ? (const char *)line.ptr : "");
    time_text(t, e->time_ns, day, true);
    time_text(t, e->time_ns, at, false);
    struct hit *hit = &t->hits[t->hits_count++];
    *hit = (struct hit){e->conversation, e->id};
    name_of(t, &author, who);
    if (t->source->conversation(t->chat, &hit->conversation, &s) == OK)
        name_of_talk(t, &s, called);
    lines_addf(&t->pane, TUI_PERSON, "%zu  %s, %s %s, in %s", t->hits_count, who, day, at, called);
    lines_addf(&t->pane, TUI_PLAIN, "   %s", cut);
}

void pane_search(struct tui *t, struct span rest)
{
    struct chat_entry e;
    struct chat_entry_id from = {.bytes = {0}};
    tui_pane(t, "Search");
    t->hits_count = 0;
    enum err err = rest.len > 0 ? OK : ERR_ARGUMENT;
    while ((err == OK || err == ERR_MORE) && t->hits_count < HITS_MAX) {
        err = t->source->search(t->chat, NULL, rest, &from, &e);
        if (err == OK)
            hit_lines(t, &e);
        if (err == OK || err == ERR_MORE)
            from = e.id;
    }
    lines_addf(&t->pane, TUI_DIM,
               t->hits_count > 0 ? "%sgo NUMBER shows it" : "%sNothing was found.",
               t->hits_count > 0 && !t->plain ? "/" : "");
}
