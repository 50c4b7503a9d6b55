/* /chat/v1: accounts, cards, persons, devices. */
#include "node/api/chat.h"

#include "crypto/base/wipe.h"

#include <stdio.h>

static bool part_account(const struct chat_call *q, struct chat_account *out)
{
    return chat_part_id(q, 0, out->bytes, sizeof out->bytes);
}

bool chat_on_accounts(struct chat_call *q)
{
    const struct chats *all = q->c->a->chats;
    json_t *list = json_array();

    for (size_t i = 0; i < all->count; i++) {
        struct chat_person p;
        json_t *o = json_object();
        json_object_set_new(o, "name", chat_json_text(all->list[i].name));
        if (chat_self(all->list[i].chat, &p) == OK)
            json_object_set_new(o, "account",
                                chat_json_id(p.account.bytes, sizeof p.account.bytes));
        json_array_append_new(list, o);
    }
    return chat_answer_json(q, OK, list);
}

bool chat_on_self(struct chat_call *q)
{
    struct chat_person p;
    enum err err = chat_self(q->chat, &p);

    return chat_answer_json(q, err, err == OK ? chat_json_person(&p) : NULL);
}

bool chat_on_set_self(struct chat_call *q)
{
    struct span name = SPAN_EMPTY;
    bool has_name, has_policy, has_receipts, receipts;
    size_t policy;
    enum err err = OK;

    if (!chat_get_text(q, "callsSelf", &name, &has_name))
        return chat_bad(q, "callsSelf");
    if (!chat_get_word(q, "policy", chat_policies, &policy, &has_policy))
        return chat_bad(q, "policy");
    if (!chat_get_bool(q, "receipts", &receipts, &has_receipts))
        return chat_bad(q, "receipts");
    if (has_name)
        err = chat_set_profile(q->chat, q->env, name);
    if (err == OK && has_policy)
        err = chat_set_policy(q->chat, q->env, (enum chat_policy)policy);
    if (err == OK && has_receipts)
        err = chat_set_receipts(q->chat, q->env, receipts);
    return chat_answer(q, err);
}

/* ---- cards ---- */

static bool answer_card(struct chat_call *q, bool private_link)
{
    char text[CHAT_CARD_TEXT_MAX];
    enum err err = chat_card(q->chat, q->env, private_link, text);

    return chat_answer_json(q, err, err == OK ? json_pack("{s:s}", "card", text) : NULL);
}

bool chat_on_card(struct chat_call *q)
{
    return answer_card(q, false);
}

bool chat_on_new_link(struct chat_call *q)
{
    return answer_card(q, true);
}

bool chat_on_links(struct chat_call *q)
{
    json_t *list = json_array();
    char text[CHAT_CARD_TEXT_MAX];

    for (size_t cursor = 0; chat_links(q->chat, &cursor, text);)
        json_array_append_new(list, chat_json_text(text));
    return chat_answer_json(q, OK, list);
}

bool chat_on_unlink(struct chat_call *q)
{
    struct span card;

    if (!chat_get_text(q, "card", &card, NULL))
        return chat_bad(q, "card");
    return chat_answer(q, chat_unlink(q->chat, q->env, card));
}

/* Nodes that know the card's owner: without one he may not be found. */
static void follow_hints(struct chat_call *q, struct span card)
{
    struct api_backend *b = &q->c->a->backend;
    struct buf keep = BUF_INIT(CHAT_CARD_TEXT_MAX);
    struct span hints[API_CARD_HINTS_MAX];
    size_t count = 0;

    if (chat_card_hints(card, &keep, hints, API_CARD_HINTS_MAX, &count) == OK)
        for (size_t i = 0; i < count; i++)
            b->hint(b->state, q->env, hints[i]);
    buf_clear(&keep);
}

bool chat_on_contact(struct chat_call *q)
{
    struct chat_conversation id = {{0}};
    struct span card;

    if (!chat_get_text(q, "card", &card, NULL))
        return chat_bad(q, "card");
    enum err err = chat_contact(q->chat, q->env, card, &id);
    if (err == OK)
        follow_hints(q, card);
    return chat_answer_json(
        q, err,
        err != OK ? NULL
                  : json_pack("{s:o}", "conversation", chat_json_id(id.bytes, sizeof id.bytes)));
}

/* ---- persons ---- */

bool chat_on_people(struct chat_call *q)
{
    json_t *list = json_array();
    struct chat_person p;

    for (size_t cursor = 0; chat_people(q->chat, &cursor, &p);)
        json_array_append_new(list, chat_json_person(&p));
    return chat_answer_json(q, OK, list);
}

bool chat_on_person(struct chat_call *q)
{
    struct chat_account id;
    struct chat_person p;

    if (!part_account(q, &id))
        return chat_bad(q, "person");
    enum err err = chat_person(q->chat, &id, &p);
    return chat_answer_json(q, err, err == OK ? chat_json_person(&p) : NULL);
}

bool chat_on_set_person(struct chat_call *q)
{
    struct chat_account id;
    struct chat_person p;
    struct span name = SPAN_EMPTY;
    bool has_name, has_verified, has_blocked, verified, blocked;

    if (!part_account(q, &id))
        return chat_bad(q, "person");
    if (!chat_get_text(q, "name", &name, &has_name))
        return chat_bad(q, "name");
    if (!chat_get_bool(q, "verified", &verified, &has_verified))
        return chat_bad(q, "verified");
    if (!chat_get_bool(q, "blocked", &blocked, &has_blocked))
        return chat_bad(q, "blocked");
    enum err err = chat_person(q->chat, &id, &p);
    if (err == OK && has_name)
        err = chat_set_name(q->chat, q->env, &id, name);
    if (err == OK && has_verified)
        err = chat_set_verified(q->chat, q->env, &id, verified);
    if (err == OK && has_blocked)
        err = chat_block(q->chat, q->env, &id, blocked);
    return chat_answer(q, err);
}

bool chat_on_safety(struct chat_call *q)
{
    struct chat_account id;
    char text[CHAT_SAFETY_MAX];

    if (!part_account(q, &id))
        return chat_bad(q, "person");
    enum err err = chat_safety_number(q->chat, &id, text);
    return chat_answer_json(q, err, err == OK ? json_pack("{s:s}", "safetyNumber", text) : NULL);
}

/* ---- devices ---- */

bool chat_on_devices(struct chat_call *q)
{
    struct chat_account id;
    struct chat_device d;
    json_t *list;

    if (!part_account(q, &id))
        return chat_bad(q, "person");
    list = json_array();
    for (size_t cursor = 0; chat_devices(q->chat, &id, &cursor, &d);)
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:b, s:b}", "installation",
                            chat_json_id(d.installation.bytes, sizeof d.installation.bytes), "name",
                            chat_json_text(d.name), "thisOne", d.this_one, "keeper", d.keeper));
    return chat_answer_json(q, OK, list);
}

bool chat_on_revoke(struct chat_call *q)
{
    struct chat_installation id;
    struct span reason = chat_query(q, "reason");

    if (!chat_part_id(q, 0, id.bytes, sizeof id.bytes))
        return chat_bad(q, "installation");
    for (size_t i = CHAT_REASON_RETIRED; chat_reasons[i] != NULL; i++)
        if (span_eq(reason, span_str(chat_reasons[i])))
            return chat_answer(q, chat_revoke(q->chat, q->env, &id, (enum chat_reason)i));
    return chat_bad(q, "reason");
}

bool chat_on_rekey(struct chat_call *q)
{
    return chat_answer(q, chat_rekey(q->chat, q->env));
}
