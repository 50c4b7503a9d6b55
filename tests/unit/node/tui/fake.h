/* A scripted chat behind struct tui_source: a few people and what they wrote, in arrays. */
#pragma once

#include "node/tui/tui.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

#define FAKE_ENTRIES 200

struct fake_entry {
    struct chat_entry e;
    char text[400];
};

struct chat {
    struct chat_person people[4];
    struct chat_summary talks[4];
    size_t talks_count;
    struct fake_entry entries[FAKE_ENTRIES];
    size_t entries_count;
    struct chat_event events[64];
    uint64_t events_count;
    char drafts[4][200], last_call[64], last_text[4096];
    enum err sends;
};

#define CALLED(c, what) snprintf((c)->last_call, sizeof(c)->last_call, "%s", what)

static struct chat_person *fake_person(struct chat *c, const char *text, const char *name,
                                       const char *calls_self)
{
    static uint8_t next;
    struct chat_person *p = &c->people[next++ % 4];
    memset(p, 0, sizeof *p);
    p->account.bytes[0] = next;
    snprintf(p->text, sizeof p->text, "%s", text);
    snprintf(p->name, sizeof p->name, "%s", name);
    snprintf(p->calls_self, sizeof p->calls_self, "%s", calls_self);
    p->consent = CHAT_CONSENT_GIVEN;
    p->installations = 2;
    return p;
}

static struct chat_entry *fake_says(struct chat *c, size_t talk, const struct chat_person *who,
                                    int64_t minute, const char *text)
{
    struct fake_entry *f = &c->entries[c->entries_count++];
    snprintf(f->text, sizeof f->text, "%s", text);
    f->e = (struct chat_entry){.id = {{(uint8_t)c->entries_count, 1}},
                               .conversation = c->talks[talk].id,
                               .author = who->account,
                               .mine = who->self,
                               .content = CHAT_TEXT,
                               .time_ns = (1767225600ll + 12 * 3600 + minute * 60) * NS_PER_S,
                               .state = who->self ? CHAT_ENTRY_SENT : CHAT_ENTRY_RECEIVED};
    return &f->e;
}

__attribute__((unused)) static void fake_event(struct chat *c, enum chat_event_kind kind,
                                               const struct chat_entry *e,
                                               const struct chat_person *who)
{
    struct chat_event *ev = &c->events[c->events_count++];
    *ev = (struct chat_event){.number = c->events_count, .kind = kind, .account = who->account};
    if (e != NULL) {
        ev->conversation = e->conversation;
        ev->entry = e->id;
    }
}

static enum err f_event(struct chat *c, uint64_t after, struct chat_event *out)
{
    if (after >= c->events_count)
        return ERR_NOT_FOUND;
    *out = c->events[after];
    return OK;
}

static uint64_t f_last(const struct chat *c)
{
    return c->events_count;
}

static bool f_passing(struct chat *c, struct chat_event *out)
{
    (void)c;
    (void)out;
    return false;
}

static enum err f_self(struct chat *c, struct chat_person *out)
{
    *out = c->people[0];
    return OK;
}

static enum err f_person(struct chat *c, const struct chat_account *a, struct chat_person *out)
{
    for (size_t i = 0; i < 4; i++)
        if (memcmp(&c->people[i].account, a, sizeof *a) == 0) {
            *out = c->people[i];
            return OK;
        }
    return ERR_NOT_FOUND;
}

static bool f_people(struct chat *c, size_t *cursor, struct chat_person *out)
{
    if (*cursor == 4 || c->people[*cursor].text[0] == '\0')
        return false;
    *out = c->people[(*cursor)++];
    return true;
}

static bool f_talks(struct chat *c, size_t *cursor, struct chat_summary *out)
{
    if (*cursor == c->talks_count)
        return false;
    *out = c->talks[(*cursor)++];
    return true;
}

static enum err f_talk(struct chat *c, const struct chat_conversation *id, struct chat_summary *out)
{
    for (size_t i = 0; i < c->talks_count; i++)
        if (memcmp(&c->talks[i].id, id, sizeof *id) == 0) {
            *out = c->talks[i];
            return OK;
        }
    return ERR_NOT_FOUND;
}

/* spans are only good until the next call: the former one is spoilt */
static void fake_lend(struct fake_entry *f, struct chat_entry *out)
{
    static char *lent;
    free(lent);
    lent = strdup(f->text);
    *out = f->e;
    out->text = span_str(lent);
}

static enum err f_entry(struct chat *c, const struct chat_conversation *id,
                        const struct chat_entry_id *entry, struct chat_entry *out)
{
    (void)id;
    for (size_t i = 0; i < c->entries_count; i++)
        if (memcmp(&c->entries[i].e.id, entry, sizeof *entry) == 0) {
            fake_lend(&c->entries[i], out);
            return OK;
        }
    return ERR_NOT_FOUND;
}

static enum err f_history(struct chat *c, const struct chat_conversation *id,
                          const struct chat_entry_id *from, bool back, struct chat_entry *out)
{
    size_t at = back ? c->entries_count : (size_t)-1;
    if (from != NULL)
        for (at = 0; memcmp(&c->entries[at].e.id, from, sizeof *from) != 0;)
            at++;
    for (;;) {
        at += back ? (size_t)-1 : 1;
        if (at >= c->entries_count)
            return ERR_NOT_FOUND;
        if (memcmp(&c->entries[at].e.conversation, id, sizeof *id) == 0) {
            fake_lend(&c->entries[at], out);
            return OK;
        }
    }
}

static enum err f_search(struct chat *c, const struct chat_conversation *id, struct span word,
                         const struct chat_entry_id *from, struct chat_entry *out)
{
    size_t at = c->entries_count;
    char needle[64];
    (void)id;
    snprintf(needle, sizeof needle, "%.*s", (int)word.len, (const char *)word.ptr);
    for (size_t i = 0; i < c->entries_count; i++)
        if (memcmp(&c->entries[i].e.id, from, sizeof *from) == 0)
            at = i;
    while (at-- > 0)
        if (strstr(c->entries[at].text, needle) != NULL) {
            fake_lend(&c->entries[at], out);
            return OK;
        }
    return ERR_NOT_FOUND;
}

static enum err f_send(struct chat *c, const struct env *env, const struct chat_conversation *id,
                       struct span text, const struct chat_entry_id *reply_to,
                       struct chat_entry_id *out)
{
    (void)env;
    (void)id;
    CALLED(c, reply_to != NULL ? "reply" : "send");
    snprintf(c->last_text, sizeof c->last_text, "%.*s", (int)text.len, (const char *)text.ptr);
    *out = (struct chat_entry_id){.bytes = {9}};
    return c->sends;
}

static enum err f_text(struct chat *c, const struct env *env, const struct chat_conversation *id,
                       struct span text)
{
    (void)env;
    snprintf(c->drafts[id->bytes[0]], sizeof c->drafts[0], "%.*s", (int)text.len,
             text.len > 0 ? (const char *)text.ptr : "");
    return OK;
}

static enum err f_draft(struct chat *c, const struct chat_conversation *id, struct buf *out)
{
    return buf_append(out, span_str(c->drafts[id->bytes[0]]));
}

static enum err f_read(struct chat *c, const struct env *env, const struct chat_conversation *id,
                       const struct chat_entry_id *entry)
{
    (void)env;
    (void)entry;
    for (size_t i = 0; i < c->talks_count; i++)
        if (memcmp(&c->talks[i].id, id, sizeof *id) == 0)
            c->talks[i].unread = 0;
    return OK;
}

static enum err f_accept(struct chat *c, const struct env *env, const struct chat_conversation *id)
{
    (void)env;
    (void)id;
    CALLED(c, "accept");
    return OK;
}

static enum err f_card(struct chat *c, const struct env *env, bool private_link,
                       char out[CHAT_CARD_TEXT_MAX])
{
    (void)c;
    (void)env;
    snprintf(out, CHAT_CARD_TEXT_MAX, "sottocard1%s",
             private_link ? "q9"
                          : "qpzry9x8gf2tvdw0s3jn54khce6mua7lqpzry9x8gf2tvdw0s3jn54khce6mua7l");
    return OK;
}

static enum err f_profile(struct chat *c, const struct env *env, struct span name)
{
    (void)env;
    snprintf(c->people[0].calls_self, CHAT_NAME_MAX, "%.*s", (int)name.len, (const char *)name.ptr);
    return OK;
}

static enum err f_safety(struct chat *c, const struct chat_account *with, char out[CHAT_SAFETY_MAX])
{
    (void)c;
    (void)with;
    snprintf(out, CHAT_SAFETY_MAX, "12345 67890 12345 67890 12345 67890 12345 67890 12345 67890");
    return OK;
}

static enum err f_delete(struct chat *c, const struct env *env, const struct chat_conversation *id,
                         const struct chat_entry_id *entry)
{
    (void)env;
    (void)id;
    (void)entry;
    CALLED(c, "delete");
    return OK;
}

static enum err f_file(struct chat *c, const struct chat_conversation *id,
                       const struct chat_entry_id *entry, struct buf *out)
{
    (void)c;
    (void)id;
    (void)entry;
    return buf_append(out, SPAN_LIT("bytes"));
}

static bool f_devices(struct chat *c, const struct chat_account *account, size_t *cursor,
                      struct chat_device *out)
{
    (void)c;
    (void)account;
    *out = (struct chat_device){.installation = {{0xab, 0xcd}}, .keeper = true, .this_one = true};
    return (*cursor)++ == 0;
}

static enum err f_contact(struct chat *c, const struct env *env, struct span card,
                          struct chat_conversation *out)
{
    (void)env;
    *out = c->talks[0].id;
    return span_eq(card, SPAN_LIT("sottocard1qpzry9x8gf2tvdw0s3jn54khce6mua7l")) ? OK : ERR_FORMAT;
}

static const struct tui_source fake_source = {
    .event = f_event,
    .event_last = f_last,
    .event_passing = f_passing,
    .self = f_self,
    .person = f_person,
    .people = f_people,
    .conversations = f_talks,
    .conversation = f_talk,
    .entry = f_entry,
    .history = f_history,
    .search = f_search,
    .send = f_send,
    .set_draft = f_text,
    .draft = f_draft,
    .set_read = f_read,
    .accept = f_accept,
    .card = f_card,
    .contact = f_contact,
    .set_profile = f_profile,
    .safety_number = f_safety,
    .delete = f_delete,
    .file = f_file,
    .devices = f_devices,
};
