/* /chat/v1/conversations/{conversation}/entries: what was said, and saying it. */
#include "node/api/chat.h"

#include <stdlib.h>

struct place { /* of an entry */
    struct chat_conversation id;
    struct chat_entry_id entry;
};

/* The part of the path that is malformed; NULL: none. */
static const char *place_of(const struct chat_call *q, struct place *out)
{
    if (!chat_part_id(q, 0, out->id.bytes, sizeof out->id.bytes))
        return "conversation";
    return chat_part_id(q, 1, out->entry.bytes, sizeof out->entry.bytes) ? NULL : "entry";
}

static bool read_limit(struct chat_call *q, uint64_t *out)
{
    struct span text = chat_query(q, "limit");

    *out = API_PAGE_DEFAULT;
    if (text.len == 0)
        return true;
    return http_number(text, API_PAGE_MAX, out) && *out > 0;
}

/* An entry id in the query: 1, 0 it is not there, -1 malformed. */
static int read_entry(struct chat_call *q, const char *name, struct chat_entry_id *out)
{
    struct span text = chat_query(q, name);

    if (text.len == 0)
        return 0;
    return chat_hex(text, out->bytes, sizeof out->bytes) ? 1 : -1;
}

/* ---- reading ---- */

bool chat_on_entries(struct chat_call *q)
{
    struct place at;
    struct chat_summary s;
    struct chat_entry e;
    uint64_t limit;
    int before = read_entry(q, "before", &at.entry);
    int after = before != 0 ? 0 : read_entry(q, "after", &at.entry);

    if (!chat_part_id(q, 0, at.id.bytes, sizeof at.id.bytes))
        return chat_bad(q, "conversation");
    if (before < 0 || after < 0)
        return chat_bad(q, before < 0 ? "before" : "after");
    if (!read_limit(q, &limit))
        return chat_bad(q, "limit");
    enum err err = chat_conversation(q->chat, &at.id, &s);
    if (err != OK)
        return chat_answer(q, err);
    json_t *list = json_array();
    bool from = before + after > 0;
    for (uint64_t n = 0;
         n < limit && chat_history(q->chat, &at.id, from ? &at.entry : NULL, after == 0, &e) == OK;
         n++) {
        at.entry = e.id;
        from = true;
        if (after > 0)
            json_array_append_new(list, chat_json_entry(&e));
        else
            json_array_insert_new(list, 0, chat_json_entry(&e)); /* the order stays that of all */
    }
    return chat_answer_json(q, OK, list);
}

bool chat_on_entry(struct chat_call *q)
{
    struct place at;
    struct chat_entry e;
    const char *bad = place_of(q, &at);

    if (bad != NULL)
        return chat_bad(q, bad);
    enum err err = chat_entry(q->chat, &at.id, &at.entry, &e);
    return chat_answer_json(q, err, err == OK ? chat_json_entry(&e) : NULL);
}

bool chat_on_search(struct chat_call *q)
{
    struct span word = chat_query(q, "word"), where = chat_query(q, "conversation");
    struct place at = {.entry = {{0}}};
    struct chat_entry e;
    uint64_t limit;

    if (word.len == 0)
        return chat_bad(q, "word");
    if (where.len > 0 && !chat_hex(where, at.id.bytes, sizeof at.id.bytes))
        return chat_bad(q, "conversation");
    if (read_entry(q, "from", &at.entry) < 0)
        return chat_bad(q, "from");
    if (!read_limit(q, &limit))
        return chat_bad(q, "limit");
    json_t *list = json_array();
    for (enum err err = OK; (err == OK || err == ERR_MORE) && json_array_size(list) < limit;) {
        err = chat_search(q->chat, where.len > 0 ? &at.id : NULL, word, &at.entry, &e);
        if (err == OK)
            json_array_append_new(list, chat_json_entry(&e));
        if (err == OK || err == ERR_MORE)
            at.entry = e.id;
    }
    return chat_answer_json(q, OK, list);
}

/* ---- saying ---- */

static bool too_long(struct chat_call *q)
{
    return answer_text(q->c, 413, "a text has at most %u bytes: send it as a file",
                       CHAT_TEXT_BYTES_MAX);
}

static bool answer_entry(struct chat_call *q, enum err err, const struct chat_entry_id *id)
{
    return chat_answer_json(
        q, err,
        err == OK ? json_pack("{s:o}", "entry", chat_json_id(id->bytes, sizeof id->bytes)) : NULL);
}

/* {"domain", "tag", "payload", "fallback"} */
static bool send_custom(struct chat_call *q, const struct chat_conversation *id, json_t *custom)
{
    struct chat_call in = *q;
    struct chat_entry_id out = {{0}};
    struct span domain, payload, fallback;
    uint64_t tag;
    size_t len;

    in.body = custom;
    if (!chat_get_text(&in, "domain", &domain, NULL))
        return chat_bad(q, "domain");
    if (!chat_get_number(&in, "tag", &tag, NULL))
        return chat_bad(q, "tag");
    if (!chat_get_text(&in, "fallback", &fallback, NULL))
        return chat_bad(q, "fallback");
    if (!chat_get_text(&in, "payload", &payload, NULL))
        return chat_bad(q, "payload");
    uint8_t *bytes = arena_alloc(q->env->scratch, payload.len + 1);
    if (bytes == NULL || base64_decode(payload, bytes, &len) != OK)
        return chat_bad(q, "payload");
    enum err err =
        chat_send_custom(q->chat, q->env, id, domain, tag, span_of(bytes, len), fallback, &out);
    return answer_entry(q, err, &out);
}

bool chat_on_send(struct chat_call *q)
{
    struct chat_conversation id;
    struct chat_entry_id reply, out = {{0}};
    struct span text, reply_to;
    json_t *custom = json_object_get(q->body, "custom");
    bool has_reply;

    if (!chat_part_id(q, 0, id.bytes, sizeof id.bytes))
        return chat_bad(q, "conversation");
    if (custom != NULL)
        return send_custom(q, &id, custom);
    if (!chat_get_text(q, "text", &text, NULL))
        return chat_bad(q, "text");
    if (!chat_get_text(q, "replyTo", &reply_to, &has_reply) ||
        (has_reply && !chat_hex(reply_to, reply.bytes, sizeof reply.bytes)))
        return chat_bad(q, "replyTo");
    enum err err = chat_send(q->chat, q->env, &id, text, has_reply ? &reply : NULL, &out);
    return err == ERR_LIMIT ? too_long(q) : answer_entry(q, err, &out);
}

bool chat_on_send_file(struct chat_call *q)
{
    struct chat_conversation id;
    struct chat_entry_id out = {{0}};
    struct span name = chat_query(q, "name"), type = chat_query(q, "type");

    if (!chat_part_id(q, 0, id.bytes, sizeof id.bytes))
        return chat_bad(q, "conversation");
    if (name.len == 0)
        return chat_bad(q, "name");
    if (type.len == 0)
        type = SPAN_LIT("application/octet-stream");
    enum err err = chat_send_file(q->chat, q->env, &id, name, type, q->c->rq->body, &out);
    return answer_entry(q, err, &out);
}

bool chat_on_edit(struct chat_call *q)
{
    struct place at;
    struct span text;
    const char *bad = place_of(q, &at);

    if (bad == NULL && !chat_get_text(q, "text", &text, NULL))
        bad = "text";
    if (bad != NULL)
        return chat_bad(q, bad);
    enum err err = chat_edit(q->chat, q->env, &at.id, &at.entry, text);
    return err == ERR_LIMIT ? too_long(q) : chat_answer(q, err);
}

bool chat_on_delete(struct chat_call *q)
{
    struct place at;
    const char *bad = place_of(q, &at);

    return bad == NULL ? chat_answer(q, chat_delete(q->chat, q->env, &at.id, &at.entry))
                       : chat_bad(q, bad);
}

bool chat_on_react(struct chat_call *q)
{
    struct place at;
    struct span reaction;
    bool on = true, there;
    const char *bad = place_of(q, &at);

    if (bad == NULL && !chat_get_text(q, "reaction", &reaction, NULL))
        bad = "reaction";
    if (bad == NULL && !chat_get_bool(q, "on", &on, &there))
        bad = "on";
    if (bad != NULL)
        return chat_bad(q, bad);
    return chat_answer(q,
                       chat_react(q->chat, q->env, &at.id, &at.entry, reaction, there ? on : true));
}

/* ---- files ---- */

/* Never as what the sender calls it: a browser must not run what a stranger sent. */
bool chat_on_file(struct chat_call *q)
{
    struct place at;
    const char *bad = place_of(q, &at);

    if (bad != NULL)
        return chat_bad(q, bad);
    buf_reset(&q->c->out->body);
    enum err err = chat_file(q->chat, &at.id, &at.entry, &q->c->out->body);
    if (err != OK)
        return chat_answer(q, err);
    q->c->out->status = 200;
    q->c->out->type = "application/octet-stream";
    return true;
}

bool chat_on_fetch_file(struct chat_call *q)
{
    struct place at;
    const char *bad = place_of(q, &at);

    return bad == NULL ? chat_answer(q, chat_file_fetch(q->chat, q->env, &at.id, &at.entry))
                       : chat_bad(q, bad);
}
