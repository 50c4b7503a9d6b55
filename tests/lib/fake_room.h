/* The whole door of node/chat, played in memory: for tests of what stands on it (node/api,
 * node/sdk). A test that includes this defines chat_* itself, so the real ones are not linked.
 * Never shipped.
 *
 * One account; a contact is another account named by the text behind "sottocard1"; the other side
 * speaks through fake_say. Calls that a test does not need answer ERR_UNSUPPORTED. */
#pragma once

#include "node/chat/chat.h"
#include "store/kv.h"
#include "tests/lib/testing.h"

#include <stdlib.h>
#include <string.h>

#define FAKE_TALKS   8
#define FAKE_ENTRIES 256
#define FAKE_EVENTS  1024

struct fake_talk {
    struct chat_summary summary;
    char draft[64];
};

struct fake_entry {
    size_t talk;
    struct chat_entry e;
    char *text; /* owned */
    char *name; /* owned, of a file */
};

struct chat {
    const struct chat_config *unused;
    char words[CHAT_WORDS_TEXT_MAX];
    struct fake_talk talks[FAKE_TALKS];
    size_t talks_count;
    struct fake_entry entries[FAKE_ENTRIES];
    size_t entries_count;
    struct chat_event events[FAKE_EVENTS];
    uint64_t events_count, events_dropped;
    struct chat_event passing;
    bool has_passing;
    char profile[CHAT_NAME_MAX];
    char link[CHAT_CARD_TEXT_MAX];
    bool blocked, accepted, verified, receipts;
    unsigned ticks;
    int policy;
};

static struct chat *fake_last_chat; /* of the last chat_open, chat_create */

const char *const chat_tables[] = {"fake", NULL};

static const struct chat_installation fake_device = {{0xd1}};
static const struct chat_account fake_self = {{0x5e}}, fake_other = {{0x07}};

static inline struct chat_event *fake_event_of(struct chat *c, enum chat_event_kind kind)
{
    assert_true(c->events_count < FAKE_EVENTS);
    struct chat_event *ev = &c->events[c->events_count++];
    *ev = (struct chat_event){.number = c->events_count,
                              .kind = kind,
                              .time_ns = (int64_t)c->events_count * NS_PER_S,
                              .account = fake_other};
    return ev;
}

static inline struct fake_entry *fake_add(struct chat *c, size_t talk, struct span text, bool mine)
{
    assert_true(c->entries_count < FAKE_ENTRIES && talk < c->talks_count);
    struct fake_entry *f = &c->entries[c->entries_count++];
    f->talk = talk;
    f->text = calloc(1, text.len + 1);
    assert_non_null(f->text);
    if (text.len > 0)
        memcpy(f->text, text.ptr, text.len);
    f->e = (struct chat_entry){.conversation = c->talks[talk].summary.id,
                               .author = mine ? fake_self : fake_other,
                               .device = fake_device,
                               .mine = mine,
                               .time_ns = (int64_t)c->entries_count * NS_PER_S,
                               .content = CHAT_TEXT,
                               .text = span_of(f->text, text.len),
                               .state = mine ? CHAT_ENTRY_QUEUED : CHAT_ENTRY_RECEIVED};
    f->e.id.bytes[0] = (uint8_t)c->entries_count;
    f->e.id.bytes[1] = (uint8_t)(c->entries_count >> 8);
    struct chat_event *ev = fake_event_of(c, CHAT_EVENT_ENTRY);
    ev->conversation = f->e.conversation;
    ev->entry = f->e.id;
    ev->account = f->e.author;
    return f;
}

/* The other side says something. */
static inline void fake_say(struct chat *c, size_t talk, const char *text)
{
    fake_add(c, talk, span_str(text), false);
}

static inline size_t fake_talk_new(struct chat *c, enum chat_type type, const char *name,
                                   enum chat_conversation_state state)
{
    assert_true(c->talks_count < FAKE_TALKS);
    struct fake_talk *t = &c->talks[c->talks_count++];
    t->summary =
        (struct chat_summary){.type = type, .state = state, .with = fake_other, .accounts = 2};
    t->summary.id.bytes[0] = (uint8_t)c->talks_count;
    snprintf(t->summary.name, sizeof t->summary.name, "%s", name);
    struct chat_event *ev =
        fake_event_of(c, state == CHAT_REQUESTED ? CHAT_EVENT_REQUEST : CHAT_EVENT_CONVERSATION);
    ev->conversation = t->summary.id;
    return c->talks_count - 1;
}

static inline struct fake_talk *fake_find(struct chat *c, const struct chat_conversation *id)
{
    for (size_t i = 0; i < c->talks_count; i++)
        if (memcmp(&c->talks[i].summary.id, id, sizeof *id) == 0)
            return &c->talks[i];
    return NULL;
}

static inline struct fake_entry *fake_find_entry(struct chat *c, const struct chat_entry_id *id)
{
    for (size_t i = 0; i < c->entries_count; i++)
        if (memcmp(&c->entries[i].e.id, id, sizeof *id) == 0)
            return &c->entries[i];
    return NULL;
}

/* ---- life ---- */

static inline enum err fake_put(struct kv *kv)
{
    struct kv_txn *txn;
    TRY(kv_begin(kv, true, &txn));
    TRY(kv_put(txn, 0, SPAN_LIT("account"), SPAN_LIT("x")));
    return kv_commit(txn);
}

enum err chat_exists(struct kv *kv)
{
    struct kv_txn *txn;
    struct span value;
    TRY(kv_begin(kv, false, &txn));
    enum err err = kv_get(txn, 0, SPAN_LIT("account"), &value);
    kv_abort(txn);
    return err;
}

static inline enum err fake_new_chat(struct chat **out)
{
    struct chat *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_MEMORY;
    snprintf(c->words, sizeof c->words, "one two three secret words");
    fake_last_chat = *out = c;
    return OK;
}

enum err chat_create(struct chat **out, const struct chat_config *config, const struct env *env,
                     char words[CHAT_WORDS_TEXT_MAX])
{
    (void)env;
    if ((config->passphrase.len > 0) == (config->key_file.len > 0))
        return ERR_ARGUMENT;
    TRY(fake_put(config->kv));
    snprintf(words, CHAT_WORDS_TEXT_MAX, "one two three secret words");
    return fake_new_chat(out);
}

enum err chat_recover(struct chat **out, const struct chat_config *config, const struct env *env,
                      struct span words)
{
    (void)env;
    if (!span_eq(words, SPAN_LIT("one two three secret words")))
        return ERR_ARGUMENT;
    TRY(fake_put(config->kv));
    return fake_new_chat(out);
}

enum err chat_pair(struct chat **out, const struct chat_config *config, const struct env *env,
                   char text[CHAT_PAIR_TEXT_MAX])
{
    (void)env;
    snprintf(text, CHAT_PAIR_TEXT_MAX, "sottopair1fake");
    TRY(fake_put(config->kv));
    return fake_new_chat(out);
}

enum err chat_open(struct chat **out, const struct chat_config *config, const struct env *env)
{
    (void)env;
    TRY(chat_exists(config->kv));
    if (span_eq(config->passphrase, SPAN_LIT("wrong")))
        return ERR_AUTH;
    return fake_new_chat(out);
}

void chat_close(struct chat *c)
{
    for (size_t i = 0; c != NULL && i < c->entries_count; i++) {
        free(c->entries[i].text);
        free(c->entries[i].name);
    }
    free(c);
}

enum err chat_passphrase(struct chat *c, const struct env *env, struct span old, struct span fresh)
{
    (void)c, (void)env, (void)fresh;
    return span_eq(old, SPAN_LIT("right")) ? OK : ERR_AUTH;
}

/* ---- the network ---- */

bool chat_poll(struct chat *c, const struct env *env, struct chat_out *out)
{
    (void)c, (void)env, (void)out;
    return false;
}

void chat_received(struct chat *c, const struct env *env, struct span topic, struct span payload)
{
    (void)c, (void)env, (void)topic, (void)payload;
}

void chat_published(struct chat *c, const struct env *env, uint64_t ticket, enum err err)
{
    (void)c, (void)env, (void)ticket, (void)err;
}

void chat_fetched(struct chat *c, const struct env *env, uint64_t ticket, enum err err)
{
    (void)c, (void)env, (void)ticket, (void)err;
}

void chat_online(struct chat *c, const struct env *env, bool online)
{
    (void)c, (void)env, (void)online;
}

void chat_tick(struct chat *c, const struct env *env)
{
    (void)env;
    c->ticks++;
}

struct mono chat_deadline(const struct chat *c)
{
    (void)c;
    return MONO_NEVER;
}

/* ---- journal ---- */

enum err chat_event(struct chat *c, uint64_t after, struct chat_event *out)
{
    if (after < c->events_dropped)
        return ERR_LIMIT;
    if (after >= c->events_count)
        return ERR_NOT_FOUND;
    *out = c->events[after];
    return OK;
}

uint64_t chat_event_last(const struct chat *c)
{
    return c->events_count;
}

bool chat_event_passing(struct chat *c, struct chat_event *out)
{
    bool any = c->has_passing;
    *out = c->passing;
    c->has_passing = false;
    return any;
}

/* ---- persons ---- */

static inline struct chat_person fake_person(const struct chat *c, bool self)
{
    struct chat_person p = {.account = self ? fake_self : fake_other,
                            .consent = c->blocked ? CHAT_CONSENT_BLOCKED : CHAT_CONSENT_GIVEN,
                            .self = self,
                            .verified = self || c->verified,
                            .installations = 1};
    snprintf(p.text, sizeof p.text, "sotto1%s", self ? "self" : "other");
    snprintf(p.calls_self, sizeof p.calls_self, "%s", self ? c->profile : "\"Bea\"\n");
    return p;
}

enum err chat_self(struct chat *c, struct chat_person *out)
{
    *out = fake_person(c, true);
    return OK;
}

enum err chat_person(struct chat *c, const struct chat_account *account, struct chat_person *out)
{
    bool self = memcmp(account, &fake_self, sizeof *account) == 0;
    if (!self && memcmp(account, &fake_other, sizeof *account) != 0)
        return ERR_NOT_FOUND;
    *out = fake_person(c, self);
    return OK;
}

bool chat_people(struct chat *c, size_t *cursor, struct chat_person *out)
{
    if (*cursor > 1)
        return false;
    *out = fake_person(c, (*cursor)++ == 0);
    return true;
}

enum err chat_card(struct chat *c, const struct env *env, bool private_link,
                   char out[CHAT_CARD_TEXT_MAX])
{
    (void)env;
    snprintf(out, CHAT_CARD_TEXT_MAX, "sottocard1%s", private_link ? "link" : "self");
    if (private_link)
        snprintf(c->link, sizeof c->link, "%s", out);
    return OK;
}

bool chat_links(struct chat *c, size_t *cursor, char out[CHAT_CARD_TEXT_MAX])
{
    if (*cursor > 0 || c->link[0] == '\0')
        return false;
    ++*cursor;
    snprintf(out, CHAT_CARD_TEXT_MAX, "%s", c->link);
    return true;
}

enum err chat_unlink(struct chat *c, const struct env *env, struct span card)
{
    (void)env;
    if (c->link[0] == '\0' || !span_eq(card, span_str(c->link)))
        return ERR_NOT_FOUND;
    c->link[0] = '\0';
    return OK;
}

enum err chat_card_hints(struct span card, struct buf *keep, struct span *hints, size_t max,
                         size_t *count)
{
    *count = 0;
    if (!span_eq(card, SPAN_LIT("sottocard1hint")) || max == 0)
        return OK;
    TRY(buf_append(keep, SPAN_LIT("a record")));
    hints[(*count)++] = buf_span(keep);
    return OK;
}

enum err chat_set_policy(struct chat *c, const struct env *env, enum chat_policy policy)
{
    (void)env;
    c->policy = (int)policy;
    return OK;
}

enum err chat_set_profile(struct chat *c, const struct env *env, struct span name)
{
    (void)env;
    snprintf(c->profile, sizeof c->profile, "%.*s", (int)name.len, (const char *)name.ptr);
    return OK;
}

/* ---- devices ---- */

bool chat_devices(struct chat *c, const struct chat_account *account, size_t *cursor,
                  struct chat_device *out)
{
    (void)c, (void)account;
    if (*cursor > 0)
        return false;
    ++*cursor;
    *out = (struct chat_device){.installation = fake_device, .this_one = true, .keeper = true};
    return true;
}

enum err chat_pair_accept(struct chat *c, const struct env *env, struct span text,
                          char words[CHAT_SIX_WORDS_MAX])
{
    (void)c, (void)env;
    if (!span_eq(text, SPAN_LIT("sottopair1fake")))
        return ERR_FORMAT;
    snprintf(words, CHAT_SIX_WORDS_MAX, "a b c d e f");
    return OK;
}

enum err chat_pair_words(struct chat *c, char words[CHAT_SIX_WORDS_MAX])
{
    (void)c, (void)words;
    return ERR_NOT_FOUND;
}

enum err chat_revoke(struct chat *c, const struct env *env, const struct chat_installation *which,
                     enum chat_reason why)
{
    (void)c, (void)env, (void)why;
    return memcmp(which, &fake_device, sizeof *which) == 0 ? ERR_REFUSED : ERR_NOT_FOUND;
}

enum err chat_rotate(struct chat *c, const struct env *env, struct span words)
{
    (void)c, (void)env, (void)words;
    return ERR_UNSUPPORTED;
}

enum err chat_rekey(struct chat *c, const struct env *env)
{
    (void)c, (void)env;
    return OK;
}

enum err chat_safety_number(struct chat *c, const struct chat_account *with,
                            char out[CHAT_SAFETY_MAX])
{
    (void)c, (void)with;
    snprintf(out, CHAT_SAFETY_MAX, "11111 22222");
    return OK;
}

enum err chat_set_verified(struct chat *c, const struct env *env,
                           const struct chat_account *account, bool verified)
{
    (void)env, (void)account;
    c->verified = verified;
    return OK;
}

/* ---- contacts ---- */

enum err chat_contact(struct chat *c, const struct env *env, struct span card,
                      struct chat_conversation *out)
{
    (void)env;
    if (card.len < 10 || memcmp(card.ptr, "sottocard1", 10) != 0)
        return ERR_FORMAT;
    *out = c->talks[fake_talk_new(c, CHAT_DIRECT, "bea", CHAT_JOINED)].summary.id;
    return OK;
}

enum err chat_accept(struct chat *c, const struct env *env,
                     const struct chat_conversation *conversation)
{
    struct fake_talk *t = fake_find(c, conversation);
    (void)env;
    if (t == NULL)
        return ERR_NOT_FOUND;
    t->summary.state = CHAT_JOINED;
    c->accepted = true;
    return OK;
}

enum err chat_block(struct chat *c, const struct env *env, const struct chat_account *account,
                    bool blocked)
{
    (void)env, (void)account;
    c->blocked = blocked;
    return OK;
}

enum err chat_set_name(struct chat *c, const struct env *env, const struct chat_account *account,
                       struct span name)
{
    (void)c, (void)env, (void)account, (void)name;
    return OK;
}

/* ---- conversations ---- */

bool chat_conversations(struct chat *c, size_t *cursor, struct chat_summary *out)
{
    if (*cursor >= c->talks_count)
        return false;
    *out = c->talks[(*cursor)++].summary;
    return true;
}

enum err chat_conversation(struct chat *c, const struct chat_conversation *id,
                           struct chat_summary *out)
{
    const struct fake_talk *t = fake_find(c, id);
    if (t == NULL)
        return ERR_NOT_FOUND;
    *out = t->summary;
    return OK;
}

enum err chat_found(struct chat *c, const struct env *env, enum chat_type type, struct span name,
                    const struct chat_account *accounts, size_t count,
                    struct chat_conversation *out)
{
    char text[64];
    (void)env, (void)accounts;
    if (count > 10)
        return ERR_LIMIT;
    snprintf(text, sizeof text, "%.*s", (int)name.len, (const char *)name.ptr);
    *out = c->talks[fake_talk_new(c, type, text, CHAT_JOINED)].summary.id;
    return OK;
}

bool chat_members(struct chat *c, const struct chat_conversation *id, size_t *cursor,
                  struct chat_member *out)
{
    (void)id;
    if (*cursor > 1)
        return false;
    *out = (struct chat_member){
        .person = fake_person(c, *cursor == 0), .role = CHAT_OWNER, .leaves = 1};
    ++*cursor;
    return true;
}

static inline enum err fake_known(struct chat *c, const struct chat_conversation *id)
{
    return fake_find(c, id) == NULL ? ERR_NOT_FOUND : OK;
}

enum err chat_add(struct chat *c, const struct env *env, const struct chat_conversation *id,
                  const struct chat_account *accounts, size_t count)
{
    (void)env, (void)accounts;
    return count == 0 ? ERR_ARGUMENT : fake_known(c, id);
}

enum err chat_remove(struct chat *c, const struct env *env, const struct chat_conversation *id,
                     const struct chat_account *account)
{
    (void)env, (void)account;
    return fake_known(c, id);
}

enum err chat_set_role(struct chat *c, const struct env *env, const struct chat_conversation *id,
                       const struct chat_account *account, enum chat_role role)
{
    (void)env, (void)account, (void)role;
    return fake_known(c, id);
}

enum err chat_set_group_name(struct chat *c, const struct env *env,
                             const struct chat_conversation *id, struct span name)
{
    struct fake_talk *t = fake_find(c, id);
    (void)env;
    if (t == NULL)
        return ERR_NOT_FOUND;
    snprintf(t->summary.name, sizeof t->summary.name, "%.*s", (int)name.len,
             (const char *)name.ptr);
    return OK;
}

enum err chat_leave(struct chat *c, const struct env *env, const struct chat_conversation *id)
{
    struct fake_talk *t = fake_find(c, id);
    (void)env;
    if (t == NULL)
        return ERR_NOT_FOUND;
    t->summary.state = CHAT_LEFT;
    return OK;
}

enum err chat_set_muted(struct chat *c, const struct env *env, const struct chat_conversation *id,
                        bool muted)
{
    struct fake_talk *t = fake_find(c, id);
    (void)env;
    if (t == NULL)
        return ERR_NOT_FOUND;
    t->summary.muted = muted;
    return OK;
}

enum err chat_set_draft(struct chat *c, const struct env *env, const struct chat_conversation *id,
                        struct span text)
{
    struct fake_talk *t = fake_find(c, id);
    (void)env;
    if (t == NULL)
        return ERR_NOT_FOUND;
    snprintf(t->draft, sizeof t->draft, "%.*s", (int)text.len, (const char *)text.ptr);
    return OK;
}

enum err chat_draft(struct chat *c, const struct chat_conversation *id, struct buf *out)
{
    const struct fake_talk *t = fake_find(c, id);
    return t == NULL ? ERR_NOT_FOUND : buf_append(out, span_str(t->draft));
}

enum err chat_set_read(struct chat *c, const struct env *env, const struct chat_conversation *id,
                       const struct chat_entry_id *entry)
{
    (void)env;
    return fake_find_entry(c, entry) == NULL ? ERR_NOT_FOUND : fake_known(c, id);
}

enum err chat_set_receipts(struct chat *c, const struct env *env, bool on)
{
    (void)env;
    c->receipts = on;
    return OK;
}

enum err chat_set_disappearing(struct chat *c, const struct env *env,
                               const struct chat_conversation *id, uint64_t seconds)
{
    struct fake_talk *t = fake_find(c, id);
    (void)env;
    if (t == NULL)
        return ERR_NOT_FOUND;
    t->summary.disappearing_s = seconds;
    return OK;
}

enum err chat_typing(struct chat *c, const struct env *env, const struct chat_conversation *id)
{
    (void)env;
    return fake_known(c, id);
}

/* ---- entries ---- */

enum err chat_send(struct chat *c, const struct env *env, const struct chat_conversation *id,
                   struct span text, const struct chat_entry_id *reply_to,
                   struct chat_entry_id *out)
{
    struct fake_talk *t = fake_find(c, id);
    (void)env;
    if (t == NULL)
        return ERR_NOT_FOUND;
    if (text.len > CHAT_TEXT_BYTES_MAX)
        return ERR_LIMIT;
    if (t->summary.state == CHAT_LEFT)
        return ERR_REFUSED;
    struct fake_entry *f = fake_add(c, (size_t)(t - c->talks), text, true);
    if (reply_to != NULL)
        f->e.reply_to = *reply_to;
    *out = f->e.id;
    return OK;
}

enum err chat_send_file(struct chat *c, const struct env *env, const struct chat_conversation *id,
                        struct span name, struct span type, struct span bytes,
                        struct chat_entry_id *out)
{
    (void)type;
    TRY(chat_send(c, env, id, bytes, NULL, out));
    struct fake_entry *f = fake_find_entry(c, out);
    f->name = calloc(1, name.len + 1);
    assert_non_null(f->name);
    memcpy(f->name, name.ptr, name.len);
    f->e.content = CHAT_ATTACHMENT;
    f->e.file_name = span_of(f->name, name.len);
    f->e.file_type = SPAN_LIT("text/html");
    f->e.file_bytes = bytes.len;
    f->e.file_here = true;
    return OK;
}

enum err chat_send_custom(struct chat *c, const struct env *env, const struct chat_conversation *id,
                          struct span domain, uint64_t tag, struct span payload,
                          struct span fallback, struct chat_entry_id *out)
{
    (void)domain, (void)payload;
    TRY(chat_send(c, env, id, fallback, NULL, out));
    struct fake_entry *f = fake_find_entry(c, out);
    f->e.content = CHAT_CUSTOM;
    f->e.domain = SPAN_LIT("game");
    f->e.payload = SPAN_LIT("\x01\x02");
    f->e.tag = tag;
    return OK;
}

enum err chat_react(struct chat *c, const struct env *env, const struct chat_conversation *id,
                    const struct chat_entry_id *entry, struct span reaction, bool on)
{
    struct fake_entry *f = fake_find_entry(c, entry);
    (void)env, (void)id;
    if (f == NULL)
        return ERR_NOT_FOUND;
    f->e.reactions_count = on ? 1 : 0;
    f->e.reactions[0] = (struct chat_reaction){.count = 1, .mine = true};
    snprintf(f->e.reactions[0].text, sizeof f->e.reactions[0].text, "%.*s", (int)reaction.len,
             (const char *)reaction.ptr);
    return OK;
}

enum err chat_edit(struct chat *c, const struct env *env, const struct chat_conversation *id,
                   const struct chat_entry_id *entry, struct span text)
{
    struct fake_entry *f = fake_find_entry(c, entry);
    (void)env, (void)id;
    if (text.len > CHAT_TEXT_BYTES_MAX)
        return ERR_LIMIT;
    if (f == NULL)
        return ERR_NOT_FOUND;
    if (!f->e.mine)
        return ERR_REFUSED;
    f->e.edited = true;
    return OK;
}

enum err chat_delete(struct chat *c, const struct env *env, const struct chat_conversation *id,
                     const struct chat_entry_id *entry)
{
    struct fake_entry *f = fake_find_entry(c, entry);
    (void)env, (void)id;
    if (f == NULL)
        return ERR_NOT_FOUND;
    f->e.deleted = true;
    return OK;
}

enum err chat_entry(struct chat *c, const struct chat_conversation *id,
                    const struct chat_entry_id *entry, struct chat_entry *out)
{
    const struct fake_entry *f = fake_find_entry(c, entry);
    if (f == NULL || memcmp(&f->e.conversation, id, sizeof *id) != 0)
        return ERR_NOT_FOUND;
    *out = f->e;
    return OK;
}

enum err chat_history(struct chat *c, const struct chat_conversation *id,
                      const struct chat_entry_id *from, bool back, struct chat_entry *out)
{
    struct fake_entry *f = from == NULL ? NULL : fake_find_entry(c, from);
    size_t at = f == NULL ? (back ? c->entries_count : SIZE_MAX) : (size_t)(f - c->entries);
    while (back ? at-- > 0 : ++at < c->entries_count)
        if (memcmp(&c->entries[at].e.conversation, id, sizeof *id) == 0) {
            *out = c->entries[at].e;
            return OK;
        }
    return ERR_NOT_FOUND;
}

enum err chat_search(struct chat *c, const struct chat_conversation *id, struct span word,
                     const struct chat_entry_id *from, struct chat_entry *out)
{
    const struct fake_entry *f = fake_find_entry(c, from);
    size_t at = f == NULL ? c->entries_count : (size_t)(f - c->entries);
    char text[64];
    (void)id;
    snprintf(text, sizeof text, "%.*s", (int)word.len, (const char *)word.ptr);
    while (at-- > 0)
        if (strstr(c->entries[at].text, text) != NULL) {
            *out = c->entries[at].e;
            return OK;
        }
    return ERR_NOT_FOUND;
}

enum err chat_file_fetch(struct chat *c, const struct env *env, const struct chat_conversation *id,
                         const struct chat_entry_id *entry)
{
    (void)env, (void)id;
    return fake_find_entry(c, entry) == NULL ? ERR_NOT_FOUND : ERR_EXISTS;
}

enum err chat_file(struct chat *c, const struct chat_conversation *id,
                   const struct chat_entry_id *entry, struct buf *out)
{
    const struct fake_entry *f = fake_find_entry(c, entry);
    (void)id;
    return f == NULL ? ERR_NOT_FOUND : buf_append(out, f->e.text);
}

enum err chat_export(struct chat *c, const struct env *env, struct span passphrase, struct buf *out)
{
    (void)c, (void)env;
    return passphrase.len == 0 ? ERR_ARGUMENT : buf_append(out, SPAN_LIT("sealed\x00\xff"));
}

enum err chat_import(struct chat *c, const struct env *env, struct span passphrase, struct span in)
{
    (void)c, (void)env, (void)passphrase;
    return span_eq(in, SPAN_LIT("sealed\x00\xff")) ? OK : ERR_FORMAT;
}

uint64_t chat_import_left_out(const struct chat *c)
{
    (void)c;
    return 0;
}
