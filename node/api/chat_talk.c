/* /chat/v1/conversations: conversations and their members. */
#include "node/api/chat.h"

#include <stdlib.h>

static bool part_id(const struct chat_call *q, struct chat_conversation *out)
{
    return chat_part_id(q, 0, out->bytes, sizeof out->bytes);
}

bool chat_on_conversations(struct chat_call *q)
{
    json_t *list = json_array();
    struct chat_summary s;

    for (size_t cursor = 0; chat_conversations(q->chat, &cursor, &s);)
        json_array_append_new(list, chat_json_conversation(&s));
    return chat_answer_json(q, OK, list);
}

bool chat_on_conversation(struct chat_call *q)
{
    struct chat_conversation id;
    struct chat_summary s;

    if (!part_id(q, &id))
        return chat_bad(q, "conversation");
    enum err err = chat_conversation(q->chat, &id, &s);
    return chat_answer_json(q, err, err == OK ? chat_json_conversation(&s) : NULL);
}

bool chat_on_found(struct chat_call *q)
{
    struct chat_conversation id = {{0}};
    struct span name;
    size_t type = CHAT_GROUP, count;
    bool has_type;

    if (!chat_get_text(q, "name", &name, NULL))
        return chat_bad(q, "name");
    if (!chat_get_word(q, "type", chat_types, &type, &has_type) ||
        (has_type && type != CHAT_GROUP && type != CHAT_CROWD))
        return chat_bad(q, "type");
    struct chat_account *accounts = chat_get_accounts(json_object_get(q->body, "accounts"), &count);
    if (accounts == NULL)
        return chat_bad(q, "accounts");
    enum err err = chat_found(q->chat, q->env, has_type ? (enum chat_type)type : CHAT_GROUP, name,
                              accounts, count, &id);
    free(accounts);
    return chat_answer_json(
        q, err,
        err != OK ? NULL
                  : json_pack("{s:o}", "conversation", chat_json_id(id.bytes, sizeof id.bytes)));
}

/* What PUT may carry: read whole before anything is changed. */
struct marks {
    bool has_name, has_muted, has_draft, has_read, has_disappearing;
    struct span name, draft, read;
    struct chat_entry_id entry;
    bool muted;
    uint64_t disappearing;
};

/* The field that is malformed; NULL: none. */
static const char *read_marks(const struct chat_call *q, struct marks *m)
{
    *m = (struct marks){.muted = false};
    if (!chat_get_text(q, "name", &m->name, &m->has_name))
        return "name";
    if (!chat_get_bool(q, "muted", &m->muted, &m->has_muted))
        return "muted";
    if (!chat_get_text(q, "draft", &m->draft, &m->has_draft))
        return "draft";
    if (!chat_get_text(q, "read", &m->read, &m->has_read) ||
        (m->has_read && !chat_hex(m->read, m->entry.bytes, sizeof m->entry.bytes)))
        return "read";
    if (!chat_get_number(q, "disappearing", &m->disappearing, &m->has_disappearing))
        return "disappearing";
    return NULL;
}

bool chat_on_set_conversation(struct chat_call *q)
{
    struct chat_conversation id;
    struct chat_summary s;
    struct marks m;
    const char *bad = part_id(q, &id) ? read_marks(q, &m) : "conversation";

    if (bad != NULL)
        return chat_bad(q, bad);
    enum err err = chat_conversation(q->chat, &id, &s);
    if (err == OK && m.has_name)
        err = chat_set_group_name(q->chat, q->env, &id, m.name);
    if (err == OK && m.has_muted)
        err = chat_set_muted(q->chat, q->env, &id, m.muted);
    if (err == OK && m.has_draft)
        err = chat_set_draft(q->chat, q->env, &id, m.draft);
    if (err == OK && m.has_read)
        err = chat_set_read(q->chat, q->env, &id, &m.entry);
    if (err == OK && m.has_disappearing)
        err = chat_set_disappearing(q->chat, q->env, &id, m.disappearing);
    return chat_answer(q, err);
}

bool chat_on_leave(struct chat_call *q)
{
    struct chat_conversation id;

    return part_id(q, &id) ? chat_answer(q, chat_leave(q->chat, q->env, &id))
                           : chat_bad(q, "conversation");
}

bool chat_on_accept(struct chat_call *q)
{
    struct chat_conversation id;

    return part_id(q, &id) ? chat_answer(q, chat_accept(q->chat, q->env, &id))
                           : chat_bad(q, "conversation");
}

bool chat_on_typing(struct chat_call *q)
{
    struct chat_conversation id;

    return part_id(q, &id) ? chat_answer(q, chat_typing(q->chat, q->env, &id))
                           : chat_bad(q, "conversation");
}

bool chat_on_draft(struct chat_call *q)
{
    struct chat_conversation id;
    struct buf text = BUF_INIT(API_CHAT_BODY_BYTES_MAX);

    if (!part_id(q, &id))
        return chat_bad(q, "conversation");
    enum err err = chat_draft(q->chat, &id, &text);
    json_t *j = err == OK ? json_pack("{s:o}", "draft", json_span(buf_span(&text))) : NULL;
    buf_clear(&text);
    return chat_answer_json(q, err, j);
}

/* ---- members ---- */

bool chat_on_members(struct chat_call *q)
{
    struct chat_conversation id;
    struct chat_summary s;
    struct chat_member m;

    if (!part_id(q, &id))
        return chat_bad(q, "conversation");
    enum err err = chat_conversation(q->chat, &id, &s);
    if (err != OK)
        return chat_answer(q, err);
    json_t *list = json_array();
    for (size_t cursor = 0; chat_members(q->chat, &id, &cursor, &m);)
        json_array_append_new(list,
                              json_pack("{s:o, s:s, s:i}", "person", chat_json_person(&m.person),
                                        "role", chat_roles[m.role], "leaves", (int)m.leaves));
    return chat_answer_json(q, OK, list);
}

bool chat_on_add(struct chat_call *q)
{
    struct chat_conversation id;
    size_t count;
    struct chat_account *accounts;

    if (!part_id(q, &id))
        return chat_bad(q, "conversation");
    accounts = chat_get_accounts(q->body, &count);
    if (accounts == NULL)
        return chat_bad(q, "accounts");
    enum err err = chat_add(q->chat, q->env, &id, accounts, count);
    free(accounts);
    return chat_answer(q, err);
}

static const char *member_of(const struct chat_call *q, struct chat_conversation *id,
                             struct chat_account *person)
{
    if (!part_id(q, id))
        return "conversation";
    return chat_part_id(q, 1, person->bytes, sizeof person->bytes) ? NULL : "person";
}

bool chat_on_set_role(struct chat_call *q)
{
    struct chat_conversation id;
    struct chat_account person;
    const char *bad = member_of(q, &id, &person);
    size_t role = 0;

    if (bad == NULL && !chat_get_word(q, "role", chat_roles, &role, NULL))
        bad = "role";
    return bad == NULL
               ? chat_answer(q, chat_set_role(q->chat, q->env, &id, &person, (enum chat_role)role))
               : chat_bad(q, bad);
}

bool chat_on_remove(struct chat_call *q)
{
    struct chat_conversation id;
    struct chat_account person;
    const char *bad = member_of(q, &id, &person);

    return bad == NULL ? chat_answer(q, chat_remove(q->chat, q->env, &id, &person))
                       : chat_bad(q, bad);
}
