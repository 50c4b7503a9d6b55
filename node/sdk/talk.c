/* libsotto: conversations and entries. Each call is one of chat.h; what differs is the form. */
#include "node/sdk/inside.h"

#include <stdio.h>
#include <string.h>

static const struct chat_account *account_of(const struct sotto_id *id)
{
    return (const struct chat_account *)(const void *)id; /* both are 32 bytes and nothing else */
}

static const struct chat_conversation *id_of(const struct sotto_id *id)
{
    return (const struct chat_conversation *)(const void *)id;
}

static const struct chat_entry_id *entry_of(const struct sotto_entry_id *id)
{
    return (const struct chat_entry_id *)(const void *)id;
}

/* A copy: what is sent may be borrowed from the chat, until this call. */
static enum err copy(struct sotto *s, struct sotto_text t, struct span *out)
{
    buf_clear(&s->given);
    TRY(buf_append(&s->given, span_of(t.ptr, t.len)));
    *out = buf_span(&s->given);
    return OK;
}

/* ---- conversations ---- */

static void fill(const struct chat_summary *from, struct sotto_conversation *out)
{
    *out = (struct sotto_conversation){.type = (int)from->type,
                                       .state = (int)from->state,
                                       .role = (int)from->role,
                                       .accounts = from->accounts,
                                       .installations = from->installations,
                                       .unread = from->unread,
                                       .muted = from->muted,
                                       .last_ns = from->last_ns,
                                       .disappearing_s = from->disappearing_s};
    memcpy(out->id.bytes, from->id.bytes, sizeof out->id.bytes);
    memcpy(out->with.bytes, from->with.bytes, sizeof out->with.bytes);
    snprintf(out->name, sizeof out->name, "%s", from->name);
    snprintf(out->last, sizeof out->last, "%s", from->last);
}

int sotto_conversations(struct sotto *s, size_t *cursor, struct sotto_conversation *out)
{
    struct chat_summary c;

    if (!chat_conversations(chat_of(s), cursor, &c))
        return 0;
    fill(&c, out);
    return 1;
}

int sotto_conversation(struct sotto *s, const struct sotto_id *id, struct sotto_conversation *out)
{
    struct chat_summary c;
    enum err err = chat_conversation(chat_of(s), id_of(id), &c);

    if (err == OK)
        fill(&c, out);
    return sdk_result(err);
}

int sotto_found(struct sotto *s, int type, const char *name, const struct sotto_id *accounts,
                size_t count, struct sotto_id *conversation)
{
    struct chat_conversation id;

    if (type != CHAT_GROUP && type != CHAT_CROWD)
        return SOTTO_INVALID;
    enum err err = chat_found(chat_of(s), ENV(s), (enum chat_type)type, span_str(name),
                              account_of(accounts), count, &id);
    if (err == OK)
        memcpy(conversation->bytes, id.bytes, sizeof conversation->bytes);
    return sdk_done(s, err);
}

int sotto_members(struct sotto *s, const struct sotto_id *id, size_t *cursor,
                  struct sotto_member *out)
{
    struct chat_member m;

    if (!chat_members(chat_of(s), id_of(id), cursor, &m))
        return 0;
    *out = (struct sotto_member){.role = (int)m.role, .leaves = m.leaves};
    sdk_fill_person(&m.person, &out->person);
    return 1;
}

int sotto_add(struct sotto *s, const struct sotto_id *id, const struct sotto_id *accounts,
              size_t count)
{
    return sdk_done(s, chat_add(chat_of(s), ENV(s), id_of(id), account_of(accounts), count));
}

int sotto_remove(struct sotto *s, const struct sotto_id *id, const struct sotto_id *account)
{
    return sdk_done(s, chat_remove(chat_of(s), ENV(s), id_of(id), account_of(account)));
}

int sotto_set_role(struct sotto *s, const struct sotto_id *id, const struct sotto_id *account,
                   int role)
{
    if (role < CHAT_MEMBER || role > CHAT_OWNER)
        return SOTTO_INVALID;
    return sdk_done(
        s, chat_set_role(chat_of(s), ENV(s), id_of(id), account_of(account), (enum chat_role)role));
}

int sotto_set_group_name(struct sotto *s, const struct sotto_id *id, const char *name)
{
    return sdk_done(s, chat_set_group_name(chat_of(s), ENV(s), id_of(id), span_str(name)));
}

int sotto_leave(struct sotto *s, const struct sotto_id *id)
{
    return sdk_done(s, chat_leave(chat_of(s), ENV(s), id_of(id)));
}

int sotto_set_muted(struct sotto *s, const struct sotto_id *id, int muted)
{
    return sdk_done(s, chat_set_muted(chat_of(s), ENV(s), id_of(id), muted != 0));
}

int sotto_set_draft(struct sotto *s, const struct sotto_id *id, const char *text)
{
    return sdk_done(s, chat_set_draft(chat_of(s), ENV(s), id_of(id), span_str(text)));
}

int sotto_draft(struct sotto *s, const struct sotto_id *id, struct sotto_text *out)
{
    buf_clear(&s->lent);
    enum err err = chat_draft(chat_of(s), id_of(id), &s->lent);

    *out = sdk_text(buf_span(&s->lent));
    return sdk_result(err);
}

int sotto_set_read(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry)
{
    return sdk_done(s, chat_set_read(chat_of(s), ENV(s), id_of(id), entry_of(entry)));
}

int sotto_set_receipts(struct sotto *s, int on)
{
    return sdk_done(s, chat_set_receipts(chat_of(s), ENV(s), on != 0));
}

int sotto_set_disappearing(struct sotto *s, const struct sotto_id *id, uint64_t seconds)
{
    return sdk_done(s, chat_set_disappearing(chat_of(s), ENV(s), id_of(id), seconds));
}

int sotto_typing(struct sotto *s, const struct sotto_id *id)
{
    return sdk_done(s, chat_typing(chat_of(s), ENV(s), id_of(id)));
}

/* ---- sending ---- */

/* `out` of the caller may be NULL. */
static int sent(struct sotto *s, enum err err, const struct chat_entry_id *id,
                struct sotto_entry_id *out)
{
    if (err == OK && out != NULL)
        memcpy(out->bytes, id->bytes, sizeof out->bytes);
    return sdk_done(s, err);
}

int sotto_send(struct sotto *s, const struct sotto_id *id, struct sotto_text text,
               const struct sotto_entry_id *reply_to, struct sotto_entry_id *out)
{
    struct chat_entry_id entry;
    struct span bytes;
    enum err err = copy(s, text, &bytes);

    if (err == OK)
        err = chat_send(chat_of(s), ENV(s), id_of(id), bytes, entry_of(reply_to), &entry);
    return sent(s, err, &entry, out);
}

int sotto_send_file(struct sotto *s, const struct sotto_id *id, const char *name, const char *type,
                    const void *bytes, size_t len, struct sotto_entry_id *out)
{
    struct chat_entry_id entry;

    return sent(s,
                chat_send_file(chat_of(s), ENV(s), id_of(id), span_str(name), span_str(type),
                               span_of(bytes, len), &entry),
                &entry, out);
}

int sotto_send_custom(struct sotto *s, const struct sotto_id *id, const char *domain, uint64_t tag,
                      const void *payload, size_t len, const char *fallback,
                      struct sotto_entry_id *out)
{
    struct chat_entry_id entry;

    return sent(s,
                chat_send_custom(chat_of(s), ENV(s), id_of(id), span_str(domain), tag,
                                 span_of(payload, len), span_str(fallback), &entry),
                &entry, out);
}

int sotto_react(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry,
                const char *reaction, int on)
{
    return sdk_done(
        s, chat_react(chat_of(s), ENV(s), id_of(id), entry_of(entry), span_str(reaction), on != 0));
}

int sotto_edit(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry,
               struct sotto_text text)
{
    struct span bytes;
    enum err err = copy(s, text, &bytes);

    if (err == OK)
        err = chat_edit(chat_of(s), ENV(s), id_of(id), entry_of(entry), bytes);
    return sdk_done(s, err);
}

int sotto_delete(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry)
{
    return sdk_done(s, chat_delete(chat_of(s), ENV(s), id_of(id), entry_of(entry)));
}

/* ---- reading ---- */

static void fill_reactions(const struct chat_entry *from, struct sotto_entry *out)
{
    out->reactions_count = from->reactions_count < sizeof out->reactions / sizeof *out->reactions
                               ? from->reactions_count
                               : sizeof out->reactions / sizeof *out->reactions;
    for (size_t i = 0; i < out->reactions_count; i++) {
        snprintf(out->reactions[i].text, sizeof out->reactions[i].text, "%s",
                 from->reactions[i].text);
        out->reactions[i].count = from->reactions[i].count;
        out->reactions[i].mine = from->reactions[i].mine;
    }
}

static void fill_entry(const struct chat_entry *from, struct sotto_entry *out)
{
    *out = (struct sotto_entry){.mine = from->mine,
                                .time_ns = from->time_ns,
                                .content = (int)from->content,
                                .text = sdk_text(from->text),
                                .edited = from->edited,
                                .deleted = from->deleted,
                                .history = from->history,
                                .vanishes_ns = from->vanishes_ns,
                                .state = (int)from->state,
                                .delivered = from->delivered,
                                .read = from->read,
                                .recipients = from->recipients,
                                .file_name = sdk_text(from->file_name),
                                .file_type = sdk_text(from->file_type),
                                .file_bytes = from->file_bytes,
                                .file_here = from->file_here,
                                .domain = sdk_text(from->domain),
                                .payload = sdk_text(from->payload),
                                .tag = from->tag};
    memcpy(out->id.bytes, from->id.bytes, sizeof out->id.bytes);
    memcpy(out->conversation.bytes, from->conversation.bytes, sizeof out->conversation.bytes);
    memcpy(out->author.bytes, from->author.bytes, sizeof out->author.bytes);
    memcpy(out->device.bytes, from->device.bytes, sizeof out->device.bytes);
    memcpy(out->reply_to.bytes, from->reply_to.bytes, sizeof out->reply_to.bytes);
    fill_reactions(from, out);
}

static int read_one(enum err err, const struct chat_entry *from, struct sotto_entry *out)
{
    if (err == OK)
        fill_entry(from, out);
    return sdk_result(err);
}

int sotto_entry(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry,
                struct sotto_entry *out)
{
    struct chat_entry e;

    return read_one(chat_entry(chat_of(s), id_of(id), entry_of(entry), &e), &e, out);
}

int sotto_history(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *from,
                  int back, struct sotto_entry *out)
{
    struct chat_entry e;

    return read_one(chat_history(chat_of(s), id_of(id), entry_of(from), back != 0, &e), &e, out);
}

int sotto_search(struct sotto *s, const struct sotto_id *id, const char *word,
                 const struct sotto_entry_id *from, struct sotto_entry *out)
{
    struct chat_entry e;
    struct chat_entry_id at = {.bytes = {0}};
    enum err err;

    if (from != NULL)
        at = *entry_of(from);
    while ((err = chat_search(chat_of(s), id_of(id), span_str(word), &at, &e)) == ERR_MORE)
        at = e.id;
    return read_one(err, &e, out);
}

int sotto_file_fetch(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry)
{
    return sdk_done(s, chat_file_fetch(chat_of(s), ENV(s), id_of(id), entry_of(entry)));
}

int sotto_file(struct sotto *s, const struct sotto_id *id, const struct sotto_entry_id *entry,
               struct sotto_text *out)
{
    buf_clear(&s->lent);
    enum err err = chat_file(chat_of(s), id_of(id), entry_of(entry), &s->lent);

    *out = sdk_text(buf_span(&s->lent));
    return sdk_result(err);
}
