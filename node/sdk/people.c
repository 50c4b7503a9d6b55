/* libsotto: persons, cards, devices. Each call is one of chat.h; what differs is the form. */
#include "node/sdk/inside.h"

#include <stdio.h>
#include <string.h>

static const struct chat_account *account_of(const struct sotto_id *id)
{
    return (const struct chat_account *)(const void *)id; /* both are 32 bytes and nothing else */
}

static const struct chat_installation *installation_of(const struct sotto_id *id)
{
    return (const struct chat_installation *)(const void *)id;
}

static const struct chat_conversation *conversation_of(const struct sotto_id *id)
{
    return (const struct chat_conversation *)(const void *)id;
}

void sdk_fill_person(const struct chat_person *from, struct sotto_person *out)
{
    *out = (struct sotto_person){.state = (int)from->state,
                                 .consent = (int)from->consent,
                                 .self = from->self,
                                 .verified = from->verified,
                                 .installations = from->installations,
                                 .confirmed_ns = from->confirmed_ns};
    memcpy(out->account.bytes, from->account.bytes, sizeof out->account.bytes);
    snprintf(out->text, sizeof out->text, "%s", from->text);
    snprintf(out->name, sizeof out->name, "%s", from->name);
    snprintf(out->calls_self, sizeof out->calls_self, "%s", from->calls_self);
}

int sotto_self(struct sotto *s, struct sotto_person *out)
{
    struct chat_person p;
    enum err err = chat_self(chat_of(s), &p);

    if (err == OK)
        sdk_fill_person(&p, out);
    return sdk_result(err);
}

int sotto_person(struct sotto *s, const struct sotto_id *account, struct sotto_person *out)
{
    struct chat_person p;
    enum err err = chat_person(chat_of(s), account_of(account), &p);

    if (err == OK)
        sdk_fill_person(&p, out);
    return sdk_result(err);
}

int sotto_people(struct sotto *s, size_t *cursor, struct sotto_person *out)
{
    struct chat_person p;

    if (!chat_people(chat_of(s), cursor, &p))
        return 0;
    sdk_fill_person(&p, out);
    return 1;
}

/* ---- cards ---- */

int sotto_card(struct sotto *s, int private_link, char out[SOTTO_CARD_MAX])
{
    return sdk_done(s, chat_card(chat_of(s), ENV(s), private_link != 0, out));
}

int sotto_links(struct sotto *s, size_t *cursor, char out[SOTTO_CARD_MAX])
{
    return chat_links(chat_of(s), cursor, out);
}

int sotto_unlink(struct sotto *s, const char *card)
{
    return sdk_done(s, chat_unlink(chat_of(s), ENV(s), span_str(card)));
}

int sotto_set_policy(struct sotto *s, int policy)
{
    if (policy < CHAT_POLICY_OPEN || policy > CHAT_POLICY_GROUPS)
        return SOTTO_INVALID;
    return sdk_done(s, chat_set_policy(chat_of(s), ENV(s), (enum chat_policy)policy));
}

int sotto_set_profile(struct sotto *s, const char *name)
{
    return sdk_done(s, chat_set_profile(chat_of(s), ENV(s), span_str(name)));
}

/* ---- contacts ---- */

/* Nodes that know the card's owner: without one he may not be found. */
static void follow_hints(struct sotto *s, struct span card)
{
    struct buf keep = BUF_INIT(CHAT_CARD_TEXT_MAX);
    struct span hints[SDK_HINTS_MAX];
    size_t count = 0;

    if (chat_card_hints(card, &keep, hints, SDK_HINTS_MAX, &count) == OK)
        for (size_t i = 0; i < count; i++)
            if (core_hint(s->core, ENV(s), hints[i]) != OK)
                log_debug(ENV(s), "sdk", "a record in a card is malformed");
    buf_clear(&keep);
}

int sotto_contact(struct sotto *s, const char *card, struct sotto_id *conversation)
{
    struct chat_conversation id;
    enum err err = chat_contact(chat_of(s), ENV(s), span_str(card), &id);

    if (err == OK) {
        memcpy(conversation->bytes, id.bytes, sizeof conversation->bytes);
        follow_hints(s, span_str(card));
    }
    return sdk_done(s, err);
}

int sotto_accept(struct sotto *s, const struct sotto_id *conversation)
{
    return sdk_done(s, chat_accept(chat_of(s), ENV(s), conversation_of(conversation)));
}

int sotto_block(struct sotto *s, const struct sotto_id *account, int blocked)
{
    return sdk_done(s, chat_block(chat_of(s), ENV(s), account_of(account), blocked != 0));
}

int sotto_set_name(struct sotto *s, const struct sotto_id *account, const char *name)
{
    return sdk_done(s, chat_set_name(chat_of(s), ENV(s), account_of(account), span_str(name)));
}

int sotto_safety_number(struct sotto *s, const struct sotto_id *account, char out[SOTTO_SAFETY_MAX])
{
    return sdk_result(chat_safety_number(chat_of(s), account_of(account), out));
}

int sotto_set_verified(struct sotto *s, const struct sotto_id *account, int verified)
{
    return sdk_done(s, chat_set_verified(chat_of(s), ENV(s), account_of(account), verified != 0));
}

/* ---- devices ---- */

int sotto_devices(struct sotto *s, const struct sotto_id *account, size_t *cursor,
                  struct sotto_device *out)
{
    struct chat_device d;

    if (!chat_devices(chat_of(s), account_of(account), cursor, &d))
        return 0;
    *out = (struct sotto_device){.this_one = d.this_one, .keeper = d.keeper};
    memcpy(out->installation.bytes, d.installation.bytes, sizeof out->installation.bytes);
    snprintf(out->name, sizeof out->name, "%s", d.name);
    return 1;
}

int sotto_pair_accept(struct sotto *s, const char *text, char words[SOTTO_SIX_MAX])
{
    return sdk_done(s, chat_pair_accept(chat_of(s), ENV(s), span_str(text), words));
}

int sotto_pair_words(struct sotto *s, char words[SOTTO_SIX_MAX])
{
    return sdk_result(chat_pair_words(chat_of(s), words));
}

int sotto_revoke(struct sotto *s, const struct sotto_id *installation, int why)
{
    if (why < CHAT_REASON_RETIRED || why > CHAT_REASON_STOLEN)
        return SOTTO_INVALID;
    return sdk_done(
        s, chat_revoke(chat_of(s), ENV(s), installation_of(installation), (enum chat_reason)why));
}

int sotto_rotate(struct sotto *s, const char *words)
{
    return sdk_done(s, chat_rotate(chat_of(s), ENV(s), span_str(words)));
}

int sotto_rekey(struct sotto *s)
{
    return sdk_done(s, chat_rekey(chat_of(s), ENV(s)));
}

/* ---- taking it elsewhere ---- */

int sotto_export(struct sotto *s, const char *passphrase, struct sotto_text *out)
{
    buf_clear(&s->lent);
    enum err err = chat_export(chat_of(s), ENV(s), span_str(passphrase), &s->lent);

    *out = sdk_text(buf_span(&s->lent));
    return sdk_done(s, err);
}

int sotto_import(struct sotto *s, const char *passphrase, const void *bytes, size_t len)
{
    return sdk_done(s, chat_import(chat_of(s), ENV(s), span_str(passphrase), span_of(bytes, len)));
}

uint64_t sotto_import_left_out(const struct sotto *s)
{
    return chat_import_left_out(chat_of(s));
}
