/* What the person looks at: conversations, members, entries. */
#include "node/chat/delivery/content.h"
#include "node/chat/notes.h"
#include "node/chat/notices.h"

#include <stdlib.h>

/* ---- conversations ---- */

static unsigned accounts_in(const struct talk *t)
{
    unsigned count = 0;
    for (size_t i = 0; i < t->roster_count; i++) {
        size_t k = 0;
        while (k < i && memcmp(t->roster[k].account, t->roster[i].account, 32) != 0)
            k++;
        count += k == i;
    }
    return count;
}

static void name_of(const struct chat *c, const struct talk *t, char out[CHAT_NAME_MAX])
{
    const struct person *p = t->type == CHAT_DIRECT ? people_find(c, t->with.bytes) : NULL;
    size_t len = t->data.name_len < CHAT_NAME_MAX - 1 ? t->data.name_len : CHAT_NAME_MAX - 1;
    if (p != NULL) {
        memcpy(out, p->name[0] != '\0' ? p->name : p->calls_self, CHAT_NAME_MAX);
    } else {
        memcpy(out, t->data.name, len);
        out[len] = '\0';
    }
}

static void summary(const struct chat *c, const struct talk *t, struct chat_summary *out)
{
    *out =
        (struct chat_summary){.id = t->id,
                              .type = t->type,
                              .state = t->state,
                              .with = t->with,
                              .accounts = accounts_in(t),
                              .installations = (unsigned)t->roster_count,
                              .unread = t->unread,
                              .muted = t->muted,
                              .last_ns = t->last_ns,
                              .disappearing_s = t->disappearing_s,
                              .role = (enum chat_role)profile_data_role(&t->data, c->self.account)};
    name_of(c, t, out->name);
    memcpy(out->last, t->last, sizeof out->last);
}

static int newest_first(const void *a, const void *b)
{
    const struct talk *x = *(struct talk *const *)a, *y = *(struct talk *const *)b;
    if (x->last_ns != y->last_ns)
        return x->last_ns > y->last_ns ? -1 : 1;
    return memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

static void list_talks(struct chat *c)
{
    size_t cursor = 0;
    free(c->listed);
    c->listed_count = 0;
    c->listed = calloc(map_count(&c->talks) + 1, sizeof(struct talk *));
    for (struct talk *t; c->listed != NULL && (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->type != CHAT_SELF)
            c->listed[c->listed_count++] = t;
    if (c->listed_count > 1)
        qsort(c->listed, c->listed_count, sizeof(struct talk *), newest_first);
}

bool chat_conversations(struct chat *c, size_t *cursor, struct chat_summary *out)
{
    if (*cursor == 0)
        list_talks(c);
    if (*cursor >= c->listed_count)
        return false;
    summary(c, c->listed[(*cursor)++], out);
    return true;
}

enum err chat_conversation(struct chat *c, const struct chat_conversation *id,
                           struct chat_summary *out)
{
    struct talk *t;
    TRY(talks_named(c, id, &t));
    summary(c, t, out);
    return OK;
}

bool chat_members(struct chat *c, const struct chat_conversation *id, size_t *cursor,
                  struct chat_member *out)
{
    const struct talk *t = talks_find(c, id->bytes);
    for (; t != NULL && *cursor < t->roster_count; ++*cursor) {
        const uint8_t *account = t->roster[*cursor].account;
        size_t first = 0;
        while (memcmp(t->roster[first].account, account, 32) != 0)
            first++;
        struct chat_account id_of;
        memcpy(id_of.bytes, account, 32);
        *out = (struct chat_member){.role = (enum chat_role)profile_data_role(&t->data, account)};
        if (first != *cursor || chat_person(c, &id_of, &out->person) != OK)
            continue;
        for (size_t i = 0; i < t->roster_count; i++)
            out->leaves += memcmp(t->roster[i].account, account, 32) == 0;
        ++*cursor;
        return true;
    }
    return false;
}

/* ---- one entry ---- */

/* Of one entry, by all accounts: as many kinds as are counted. */
struct tally {
    struct chat_reaction list[REACTION_KINDS_MAX];
    size_t count;
};

static void count_reaction(struct tally *t, const char *text, bool mine)
{
    size_t k = 0;
    while (k < t->count && strcmp(t->list[k].text, text) != 0)
        k++;
    if (k == REACTION_KINDS_MAX || strlen(text) >= sizeof t->list[k].text)
        return;
    if (k == t->count) {
        t->list[t->count++] = (struct chat_reaction){.count = 0};
        text_copy(t->list[k].text, span_str(text));
    }
    t->list[k].count++;
    t->list[k].mine |= mine;
}

static int by_count(const void *a, const void *b)
{
    const struct chat_reaction *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return strcmp(x->text, y->text);
}

static void show_reactions(struct chat *c, const struct talk *t, const struct entry_id *id,
                           struct chat_entry *out)
{
    struct tally all = {.count = 0};
    struct vault_key key = {.len = 0};
    struct reactions said;
    while (reactions_next(c, t, id, &key, &said)) {
        bool mine = memcmp(said.account, c->self.account, 32) == 0;
        for (size_t i = 0; i < said.count && !people_blocked(c, said.account); i++)
            if (said.list[i].on)
                count_reaction(&all, said.list[i].text, mine);
    }
    if (all.count > 1)
        qsort(all.list, all.count, sizeof all.list[0], by_count);
    while (out->reactions_count < all.count && out->reactions_count < CHAT_REACTIONS_MAX) {
        out->reactions[out->reactions_count] = all.list[out->reactions_count];
        out->reactions_count++;
    }
}

static void show_state(const struct talk *t, struct chat_entry *out)
{
    static const enum chat_entry_state states[] = {
        [OUTBOX_QUEUED] = CHAT_ENTRY_QUEUED, [OUTBOX_SENT] = CHAT_ENTRY_SENT,
        [OUTBOX_STORED] = CHAT_ENTRY_STORED, [OUTBOX_DELIVERED] = CHAT_ENTRY_DELIVERED,
        [OUTBOX_READ] = CHAT_ENTRY_READ,     [OUTBOX_FAILED] = CHAT_ENTRY_FAILED,
    };
    struct outbox_status s;
    struct entry_id id;
    memcpy(id.bytes, out->id.bytes, sizeof id.bytes);
    out->state = out->mine ? CHAT_ENTRY_DELIVERED : CHAT_ENTRY_RECEIVED;
    if (!out->mine || t->delivery == NULL || !outbox_status(delivery_outbox(t->delivery), &id, &s))
        return;
    out->state = states[s.state];
    out->delivered = (unsigned)s.installations;
    out->recipients = (unsigned)s.installations_all;
    out->read = (unsigned)s.accounts_read;
    out->why = s.state == OUTBOX_FAILED ? ERR_TIMEOUT : OK;
}

static void show_content(const struct content *k, struct chat_entry *out)
{
    out->content = CHAT_UNKNOWN;
    out->text = k->fallback;
    if (k->domain != CONTENT_DOMAIN) {
        out->content = CHAT_CUSTOM;
        out->payload = k->payload;
        out->tag = k->tag;
        return;
    }
    if (!k->known)
        return;
    switch (k->tag) {
    case CONTENT_REPLY:
        memcpy(out->reply_to.bytes, k->target.bytes, sizeof out->reply_to.bytes);
        out->content = CHAT_TEXT;
        out->text = k->text;
        break;
    case CONTENT_TEXT:
        out->content = CHAT_TEXT;
        out->text = k->text;
        break;
    case CONTENT_ATTACHMENT:
        out->content = CHAT_ATTACHMENT;
        out->text = k->text;
        out->file_name = k->name;
        out->file_type = k->media_type;
        out->file_bytes = k->size;
        break;
    case CONTENT_CUSTOM:
        out->content = CHAT_CUSTOM;
        out->domain = k->name;
        out->payload = k->bytes;
        break;
    default:
        break;
    }
}

/* As it reads since its last edit, whose row has the text. */
static void show_edit(struct chat *c, const struct talk *t, const struct note *n,
                      struct chat_entry *out)
{
    struct entry_author author;
    struct content k;
    if (entry_read(c, t, &n->edit, &c->edit, &author, &k) == OK && k.known)
        out->text = k.text;
}

static enum err show(struct chat *c, const struct talk *t, const struct entry_id *id,
                     const struct note *n, struct chat_entry *out)
{
    struct entry_author author;
    struct entry e;
    struct content k;
    struct span bytes;

    TRY(entry_row(buf_span(&c->row), &author, &bytes) == OK ? OK : ERR_CORRUPT);
    TRY(entry_decode(bytes, &e));
    if (content_decode(e.content, &k) != OK)
        k = (struct content){.domain = CONTENT_DOMAIN}; /* shown as one that cannot be read */
    *out = (struct chat_entry){.conversation = t->id,
                               .mine = memcmp(author.account, c->self.account, 32) == 0,
                               .time_ns = (int64_t)e.lamport * NS_PER_MS,
                               .edited = n->edited && !n->deleted,
                               .deleted = n->deleted,
                               .vanishes_ns = n->vanishes_ns};
    memcpy(out->id.bytes, id->bytes, sizeof out->id.bytes);
    memcpy(out->author.bytes, author.account, sizeof out->author.bytes);
    memcpy(out->device.bytes, author.installation, sizeof out->device.bytes);
    show_state(t, out);
    show_content(&k, out);
    if (n->deleted) {
        out->text = out->payload = out->domain = out->file_name = out->file_type = SPAN_EMPTY;
        return OK;
    }
    out->file_here = out->content == CHAT_ATTACHMENT && files_here(c, t, id);
    if (n->edited)
        show_edit(c, t, n, out);
    show_reactions(c, t, id, out);
    return OK;
}

static enum err show_notice(struct chat *c, const struct talk *t, const struct entry_place *at,
                            struct chat_entry *out)
{
    TRY(notice_show(c, t, &at->id, buf_span(&c->row), out));
    out->time_ns = (int64_t)at->lamport * NS_PER_MS;
    return OK;
}

/* Is it something that the person sees? */
static bool is_shown(const struct chat *c, const struct note *n)
{
    return n->here && !n->hidden && !n->gone && !people_blocked(c, n->author);
}

enum err chat_entry(struct chat *c, const struct chat_conversation *conversation,
                    const struct chat_entry_id *entry, struct chat_entry *out)
{
    const struct talk *t = talks_find(c, conversation->bytes);
    struct entry_place at;
    struct note n;

    if (t == NULL)
        return ERR_NOT_FOUND;
    memcpy(at.id.bytes, entry->bytes, sizeof at.id.bytes);
    TRY(note_load(c, t, &at.id, &n));
    if (!is_shown(c, &n))
        return ERR_NOT_FOUND;
    at.lamport = n.lamport;
    struct row_key key = entry_key(t, &at);
    buf_reset(&c->row);
    enum err err = vault_get(c->vault, VAULT_T_ENTRIES, row_span(&key), &c->row);
    if (err == OK)
        return show(c, t, &at.id, &n, out);
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(vault_get(c->vault, VAULT_T_NOTICES, row_span(&key), &c->row));
    return show_notice(c, t, &at, out);
}

enum err entry_content(struct chat *c, const struct chat_conversation *conversation,
                       const struct chat_entry_id *entry, struct chat_entry *out, struct content *k)
{
    struct entry_author author;
    struct entry e;
    struct span bytes;
    TRY(chat_entry(c, conversation, entry, out));
    TRY(entry_row(buf_span(&c->row), &author, &bytes));
    TRY(entry_decode(bytes, &e));
    return content_decode(e.content, k);
}

/* ---- in order ---- */

struct standing { /* in the order of a conversation */
    struct vault_key key;
    struct entry_place at;
    struct note note;
    bool notice;
};

static enum err beside(struct chat *c, enum vault_table table, const struct talk *t, bool back,
                       struct vault_key *key, struct buf *row)
{
    struct span prefix = SPAN_ARRAY(t->id.bytes);
    TRY(back ? vault_prev(c->vault, table, prefix, key, row)
             : vault_next(c->vault, table, prefix, key, row));
    return key->len == CHAT_CONVERSATION_BYTES + DELIVERY_KEY_BYTES ? OK : ERR_CORRUPT;
}

/* The next place, of an entry or a notice, whichever is nearer. */
static enum err step(struct chat *c, const struct talk *t, bool back, struct standing *s)
{
    struct vault_key entry = s->key, notice = s->key;
    enum err err = beside(c, VAULT_T_ENTRIES, t, back, &entry, NULL);
    enum err other = beside(c, VAULT_T_NOTICES, t, back, &notice, NULL);
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (other != OK && (other != ERR_NOT_FOUND || err != OK))
        return other;
    bool before = other == OK && err == OK && memcmp(notice.bytes, entry.bytes, notice.len) < 0;
    s->notice = err != OK || (other == OK && before != back);
    s->key = s->notice ? notice : entry;
    const uint8_t *at = s->key.bytes + CHAT_CONVERSATION_BYTES;
    s->at.lamport = 0;
    for (int i = 0; i < 8; i++)
        s->at.lamport = s->at.lamport << 8 | at[i];
    memcpy(s->at.id.bytes, at + 8, ENTRY_ID_BYTES);
    return note_load(c, t, &s->at.id, &s->note);
}

static enum err show_standing(struct chat *c, const struct talk *t, const struct standing *s,
                              struct chat_entry *out)
{
    buf_reset(&c->row);
    TRY(vault_get(c->vault, s->notice ? VAULT_T_NOTICES : VAULT_T_ENTRIES,
                  span_of(s->key.bytes, s->key.len), &c->row));
    return s->notice ? show_notice(c, t, &s->at, out) : show(c, t, &s->at.id, &s->note, out);
}

static enum err start_at(struct chat *c, const struct talk *t, const struct chat_entry_id *from,
                         struct vault_key *key)
{
    struct entry_place at;
    struct note n;
    *key = (struct vault_key){0};
    if (from == NULL)
        return OK;
    memcpy(at.id.bytes, from->bytes, sizeof at.id.bytes);
    TRY(note_load(c, t, &at.id, &n));
    if (!n.here)
        return ERR_NOT_FOUND;
    at.lamport = n.lamport;
    struct row_key row = entry_key(t, &at);
    memcpy(key->bytes, row.bytes, row.len);
    key->len = (uint8_t)row.len;
    return OK;
}

/* The shown one behind or before the row. */
static enum err next_shown(struct chat *c, const struct talk *t, bool back, struct standing *s,
                           struct chat_entry *out)
{
    do
        TRY(step(c, t, back, s));
    while (!is_shown(c, &s->note));
    return show_standing(c, t, s, out);
}

enum err entry_before(struct chat *c, const struct talk *t, const struct entry_place *place,
                      struct entry_place *at, struct chat_entry *out)
{
    struct standing s = {.key = {.len = 0}};
    if (place != NULL) {
        struct row_key row = entry_key(t, place);
        memcpy(s.key.bytes, row.bytes, row.len);
        s.key.len = (uint8_t)row.len;
    }
    TRY(next_shown(c, t, true, &s, out));
    *at = s.at;
    return OK;
}

enum err chat_history(struct chat *c, const struct chat_conversation *conversation,
                      const struct chat_entry_id *from, bool back, struct chat_entry *out)
{
    const struct talk *t = talks_find(c, conversation->bytes);
    struct standing s;

    if (t == NULL)
        return ERR_NOT_FOUND;
    TRY(start_at(c, t, from, &s.key));
    return next_shown(c, t, back, &s, out);
}
