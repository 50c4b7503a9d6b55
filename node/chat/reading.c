/* The entries of a conversation in their order, with the notices between them. */
#include "node/chat/notes.h"

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
    return s->notice ? entry_show_notice(c, t, &s->at, out)
                     : entry_show(c, t, &s->at.id, &s->note, out);
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
    while (!entry_shown(c, &s->note));
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
