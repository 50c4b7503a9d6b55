/* Search: texts of one conversation or of all, the newest first. */
#include "node/chat/notes.h"

#include <stdlib.h>

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

/* Of each conversation the newest line that was not looked at. */
struct search {
    struct head {
        const struct talk *t;
        struct entry_place at;
    } * heads; /* owned */
    size_t count;
};

/* To the next of this conversation, before `from`; NULL: the last. None: it is done. */
static void put_head(struct chat *c, struct search *s, const struct talk *t,
                     const struct entry_place *from)
{
    struct chat_entry e;
    struct head *h = &s->heads[s->count];
    if (entry_before(c, t, from, &h->at, &e) != OK)
        return;
    h->t = t;
    s->count++;
}

static bool find_place(struct chat *c, const struct talk *t, const struct chat_entry_id *entry,
                       struct entry_place *out)
{
    struct note n;
    memcpy(out->id.bytes, entry->bytes, sizeof out->id.bytes);
    if (note_load(c, t, &out->id, &n) != OK || !n.here)
        return false;
    out->lamport = n.lamport;
    return true;
}

/* Where the last hit stands, in whatever conversation. */
static bool find_from(struct chat *c, const struct talk *only, const struct chat_entry_id *from,
                      struct entry_place *out)
{
    size_t cursor = 0;
    if (only != NULL)
        return find_place(c, only, from, out);
    for (const struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (find_place(c, t, from, out))
            return true;
    return false;
}

static enum err begin(struct chat *c, struct search *s, const struct talk *only,
                      const struct chat_entry_id *from)
{
    static const struct chat_entry_id zeros;
    struct entry_place place;
    size_t cursor = 0;
    bool goes_on = memcmp(from, &zeros, sizeof zeros) != 0;
    if (goes_on && !find_from(c, only, from, &place))
        return ERR_NOT_FOUND;
    s->heads = calloc(map_count(&c->talks) + 1, sizeof *s->heads);
    if (s->heads == NULL)
        return ERR_MEMORY;
    for (const struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (only == NULL || t == only)
            put_head(c, s, t, goes_on ? &place : NULL);
    return OK;
}

/* The newest of the heads, whose conversation goes on to the one before. ERR_NOT_FOUND: no more. */
static enum err look(struct chat *c, struct search *s, struct chat_entry *out)
{
    struct chat_entry_id id;
    size_t best = 0;
    if (s->count == 0)
        return ERR_NOT_FOUND;
    for (size_t i = 1; i < s->count; i++)
        if (entry_place_cmp(&s->heads[i].at, &s->heads[best].at) > 0)
            best = i;
    struct head h = s->heads[best];
    s->heads[best] = s->heads[--s->count];
    put_head(c, s, h.t, &h.at);
    memcpy(id.bytes, h.at.id.bytes, sizeof id.bytes);
    return chat_entry(c, &h.t->id, &id, out);
}

enum err chat_search(struct chat *c, const struct chat_conversation *conversation, struct span word,
                     const struct chat_entry_id *from, struct chat_entry *out)
{
    const struct talk *only = conversation == NULL ? NULL : talks_find(c, conversation->bytes);
    struct search s = {.count = 0};
    unsigned looked = 0;
    if (word.len == 0)
        return ERR_ARGUMENT;
    if (conversation != NULL && only == NULL)
        return ERR_NOT_FOUND;
    enum err err = begin(c, &s, only, from);
    while (err == OK) {
        err = looked++ == SEARCH_LOOK_MAX ? ERR_MORE : look(c, &s, out);
        if (err == OK && contains(out->text, word))
            break;
    }
    free(s.heads);
    return err;
}
