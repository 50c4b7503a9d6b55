/* One entry, as the person sees it: its state, its content, its reactions. */
#include "node/chat/delivery/content.h"
#include "node/chat/notes.h"
#include "node/chat/notices.h"

#include <stdlib.h>

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

enum err entry_show(struct chat *c, const struct talk *t, const struct entry_id *id,
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

enum err entry_show_notice(struct chat *c, const struct talk *t, const struct entry_place *at,
                           struct chat_entry *out)
{
    TRY(notice_show(c, t, &at->id, buf_span(&c->row), out));
    out->time_ns = (int64_t)at->lamport * NS_PER_MS;
    return OK;
}

bool entry_shown(const struct chat *c, const struct note *n)
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
    if (!entry_shown(c, &n))
        return ERR_NOT_FOUND;
    at.lamport = n.lamport;
    struct row_key key = entry_key(t, &at);
    buf_reset(&c->row);
    enum err err = vault_get(c->vault, VAULT_T_ENTRIES, row_span(&key), &c->row);
    if (err == OK)
        return entry_show(c, t, &at.id, &n, out);
    if (err != ERR_NOT_FOUND)
        return err;
    TRY(vault_get(c->vault, VAULT_T_NOTICES, row_span(&key), &c->row));
    return entry_show_notice(c, t, &at, out);
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
