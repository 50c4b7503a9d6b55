/* What the person looks at: conversations, members, entries. */
#include "node/chat/content.h"
#include "node/chat/notes.h"

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

static bool before(const struct talk *a, const struct talk *b)
{
    if (a->last_ns != b->last_ns)
        return a->last_ns > b->last_ns;
    return memcmp(a->id.bytes, b->id.bytes, sizeof a->id.bytes) < 0;
}

/* The conversation of that place when the newest is the first. */
bool chat_conversations(struct chat *c, size_t *cursor, struct chat_summary *out)
{
    size_t outer = 0;
    for (const struct talk *t; (t = map_next(&c->talks, &outer, NULL)) != NULL;) {
        size_t inner = 0, rank = 0;
        for (const struct talk *u; (u = map_next(&c->talks, &inner, NULL)) != NULL;)
            rank += u != t && before(u, t);
        if (rank == *cursor) {
            ++*cursor;
            summary(c, t, out);
            return true;
        }
    }
    return false;
}

enum err chat_conversation(struct chat *c, const struct chat_conversation *id,
                           struct chat_summary *out)
{
    const struct talk *t = talks_find(c, id->bytes);
    if (t == NULL)
        return ERR_NOT_FOUND;
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

struct reading {
    struct talk *t;
    struct entry_id id;
    struct note note;
};

static void show_reactions(const struct chat *c, const struct note *n, struct chat_entry *out)
{
    for (size_t i = 0; i < n->reactions_count; i++) {
        size_t k = 0;
        while (k < out->reactions_count &&
               strcmp(out->reactions[k].text, n->reactions[i].text) != 0)
            k++;
        if (k == CHAT_REACTIONS_MAX ||
            strlen(n->reactions[i].text) >= sizeof out->reactions[k].text)
            continue;
        if (k == out->reactions_count) {
            memcpy(out->reactions[k].text, n->reactions[i].text, strlen(n->reactions[i].text) + 1);
            out->reactions_count++;
        }
        out->reactions[k].count++;
        out->reactions[k].mine |= memcmp(n->reactions[i].account, c->self.account, 32) == 0;
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

/* A row of the table of entries: [1, 1, account, installation, epoch, received, entry, []]. */
static enum err read_row(struct span in, struct entry_author *author, struct span *bytes)
{
    struct pack_reader r;
    struct pack_extensions x;
    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 8, 8);
    (void)pack_read_uint(&r, UINT64_MAX);
    (void)pack_read_uint(&r, UINT64_MAX);
    pack_read_fixed(&r, author->account, sizeof author->account);
    pack_read_fixed(&r, author->installation, sizeof author->installation);
    (void)pack_read_uint(&r, UINT64_MAX);
    (void)pack_read_int(&r);
    *bytes = pack_read_bin(&r, 1, ENTRY_BYTES_MAX);
    pack_read_extensions(&r, &x);
    return pack_end(&r);
}

static enum err show(struct chat *c, const struct talk *t, const struct entry_id *id,
                     const struct note *n, struct chat_entry *out)
{
    struct entry_author author;
    struct entry e;
    struct content k;
    struct span bytes;

    TRY(read_row(buf_span(&c->row), &author, &bytes) == OK ? OK : ERR_CORRUPT);
    TRY(entry_decode(bytes, &e));
    TRY(content_decode(e.content, &k));
    *out = (struct chat_entry){.conversation = t->id,
                               .mine = memcmp(author.account, c->self.account, 32) == 0,
                               .time_ns = (int64_t)e.lamport * NS_PER_MS,
                               .edited = n->edited,
                               .deleted = n->deleted,
                               .vanishes_ns = n->vanishes_ns};
    memcpy(out->id.bytes, id->bytes, sizeof out->id.bytes);
    memcpy(out->author.bytes, author.account, sizeof out->author.bytes);
    memcpy(out->device.bytes, author.installation, sizeof out->device.bytes);
    show_content(&k, out);
    out->file_here = out->content == CHAT_ATTACHMENT && files_here(c, t, id);
    if (n->edited) {
        buf_reset(&c->edit);
        TRY(buf_append(&c->edit, buf_span(&n->text)));
        out->text = buf_span(&c->edit);
    }
    if (n->deleted)
        out->text = out->payload = SPAN_EMPTY;
    show_reactions(c, n, out);
    show_state(t, out);
    return OK;
}

static struct row_key row_of(const struct talk *t, uint64_t lamport, const struct entry_id *id)
{
    uint8_t key[DELIVERY_KEY_BYTES];
    struct entry_place place = {lamport, *id};
    delivery_key(&place, key);
    return row_key_of(SPAN_ARRAY(t->id.bytes), SPAN_ARRAY(key), SPAN_EMPTY);
}

enum err chat_entry(struct chat *c, const struct chat_conversation *conversation,
                    const struct chat_entry_id *entry, struct chat_entry *out)
{
    const struct talk *t = talks_find(c, conversation->bytes);
    struct entry_id id;
    struct note n;

    if (t == NULL)
        return ERR_NOT_FOUND;
    memcpy(id.bytes, entry->bytes, sizeof id.bytes);
    enum err err = note_load(c, t, &id, &n);
    if (err == OK && !n.here)
        err = ERR_NOT_FOUND;
    if (err == OK) {
        struct row_key key = row_of(t, n.lamport, &id);
        buf_reset(&c->row);
        err = vault_get(c->vault, VAULT_T_ENTRIES, row_span(&key), &c->row);
    }
    if (err == OK)
        err = show(c, t, &id, &n, out);
    note_clear(&n);
    return err;
}

enum err entry_content(struct chat *c, const struct chat_conversation *conversation,
                       const struct chat_entry_id *entry, struct chat_entry *out, struct content *k)
{
    struct entry_author author;
    struct entry e;
    struct span bytes;
    TRY(chat_entry(c, conversation, entry, out));
    TRY(read_row(buf_span(&c->row), &author, &bytes));
    TRY(entry_decode(bytes, &e));
    return content_decode(e.content, k);
}

/* ---- in order ---- */

/* The row behind or before *key; its note. */
static enum err step(struct chat *c, const struct talk *t, bool back, struct vault_key *key,
                     struct entry_id *id, struct note *n)
{
    struct span prefix = SPAN_ARRAY(t->id.bytes);
    buf_reset(&c->row);
    TRY(back ? vault_prev(c->vault, VAULT_T_ENTRIES, prefix, key, &c->row)
             : vault_next(c->vault, VAULT_T_ENTRIES, prefix, key, &c->row));
    if (key->len != CHAT_CONVERSATION_BYTES + DELIVERY_KEY_BYTES)
        return ERR_CORRUPT;
    memcpy(id->bytes, key->bytes + CHAT_CONVERSATION_BYTES + 8, ENTRY_ID_BYTES);
    return note_load(c, t, id, n);
}

static enum err start_at(struct chat *c, const struct talk *t, const struct chat_entry_id *from,
                         struct vault_key *key)
{
    struct entry_id id;
    struct note n;
    *key = (struct vault_key){0};
    if (from == NULL)
        return OK;
    memcpy(id.bytes, from->bytes, sizeof id.bytes);
    enum err err = note_load(c, t, &id, &n);
    if (err == OK && !n.here)
        err = ERR_NOT_FOUND;
    if (err == OK) {
        struct row_key row = row_of(t, n.lamport, &id);
        memcpy(key->bytes, row.bytes, row.len);
        key->len = (uint8_t)row.len;
    }
    note_clear(&n);
    return err;
}

enum err chat_history(struct chat *c, const struct chat_conversation *conversation,
                      const struct chat_entry_id *from, bool back, struct chat_entry *out)
{
    const struct talk *t = talks_find(c, conversation->bytes);
    struct vault_key key;
    struct entry_id id;

    if (t == NULL)
        return ERR_NOT_FOUND;
    TRY(start_at(c, t, from, &key));
    for (;;) {
        struct note n;
        TRY(step(c, t, back, &key, &id, &n));
        enum err err = n.hidden ? ERR_MORE : show(c, t, &id, &n, out);
        note_clear(&n);
        if (err != ERR_MORE)
            return err;
    }
}

/* ---- search ---- */

static uint8_t lower(uint8_t b)
{
    return b >= 'A' && b <= 'Z' ? (uint8_t)(b + 32) : b;
}

static bool contains(struct span text, struct span word)
{
    for (size_t at = 0; at + word.len <= text.len; at++) {
        size_t i = 0;
        while (i < word.len && lower(text.ptr[at + i]) == lower(word.ptr[i]))
            i++;
        if (i == word.len)
            return true;
    }
    return false;
}

static bool is_zero(const struct chat_entry_id *id)
{
    static const struct chat_entry_id zero;
    return memcmp(id, &zero, sizeof zero) == 0;
}

enum err chat_search(struct chat *c, const struct chat_conversation *conversation, struct span word,
                     const struct chat_entry_id *from, struct chat_entry *out)
{
    struct chat_entry_id at = *from;
    if (word.len == 0 || conversation == NULL)
        return ERR_ARGUMENT;
    for (;;) {
        TRY(chat_history(c, conversation, is_zero(&at) ? NULL : &at, true, out));
        at = out->id;
        if (contains(out->text, word))
            return OK;
    }
}
