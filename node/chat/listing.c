/* Conversations and their members, as the person sees them. */
#include "node/chat/talk.h"

#include <stdlib.h>

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
