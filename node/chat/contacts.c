/* Contacts: writing to somebody by a card, accepting who writes, what we think of them. */
#include "node/chat/self.h"

/* ---- writing to somebody, being written to ---- */

static struct profile_data direct_data(const struct chat *c, const uint8_t account[32])
{
    struct profile_data d = {.type = PROFILE_DIRECT, .roles_count = 2};
    bool first = memcmp(c->self.account, account, 32) < 0;
    memcpy(d.roles[first ? 0 : 1].account, c->self.account, 32);
    memcpy(d.roles[first ? 1 : 0].account, account, 32);
    return d;
}

enum err talk_accept(struct chat *c, const struct env *env, struct talk *t)
{
    struct person *p = people_find(c, t->with.bytes);
    if (p != NULL && t->type == CHAT_DIRECT) {
        p->consent = CHAT_CONSENT_GIVEN;
        p->changed = true;
    }
    inviting_answered(c, t->with.bytes);
    t->state = CHAT_JOINED;
    t->changed = t->active = t->last_stale = true;
    delivery_set_silent(t->delivery, talk_silent(c, t));
    delivery_ready(t->delivery, env, true);
    t->reconcile_at = env->now;
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_CONVERSATION, .conversation = t->id.bytes});
    return OK;
}

static void consent(struct chat *c, const struct env *env, struct person *p,
                    const struct card *card)
{
    p->consent = CHAT_CONSENT_GIVEN;
    p->private_link = card->private_link;
    memcpy(p->secret, card->secret, sizeof p->secret);
    p->changed = true;
    self_decided(c, env, DECISION_CONSENT, SPAN_ARRAY(p->account));
    self_decided(c, env, DECISION_CARD, SPAN_ARRAY(p->account));
}

static enum err contact(struct chat *c, const struct env *env, const struct card *card,
                        struct talk **out)
{
    struct wish wish = {.kind = WISH_ADD};
    struct profile_data data = direct_data(c, card->account);
    struct person *p = people_get(c, card->account);

    if (p == NULL)
        return ERR_FULL;
    if (p->consent == CHAT_CONSENT_BLOCKED)
        return ERR_REFUSED;
    step_open(c);
    *out = talks_direct(c, card->account);
    if (*out != NULL) {
        consent(c, env, p, card);
        return (*out)->state == CHAT_REQUESTED ? talk_accept(c, env, *out) : OK;
    }
    TRY(talk_found(c, env, &data, out));
    consent(c, env, p, card);
    (*out)->state = CHAT_LOOKING;
    memcpy((*out)->with.bytes, card->account, 32);
    memcpy(wish.account, card->account, 32);
    TRY(talk_wish(*out, env, &wish));
    TRY(talk_adopt(c, env, *out)); /* the other one is waited for */
    finding_start(c, env, p);
    return OK;
}

enum err chat_contact(struct chat *c, const struct env *env, struct span text,
                      struct chat_conversation *out)
{
    struct card card;
    struct buf keep = BUF_INIT(CARD_BYTES_MAX);
    struct talk *t;

    enum err err = card_parse(text, &card, &keep);
    buf_clear(&keep);
    TRY(err);
    if (memcmp(card.account, c->self.account, 32) == 0)
        return ERR_ARGUMENT;
    if (c->phase != CHAT_PHASE_READY)
        return ERR_REFUSED;
    TRY(contact(c, env, &card, &t));
    *out = t->id;
    return step_close(c, env);
}

enum err chat_accept(struct chat *c, const struct env *env, const struct chat_conversation *id)
{
    struct talk *t;
    TRY(talks_named(c, id, &t));
    if (t->state != CHAT_REQUESTED)
        return ERR_EXISTS;
    step_open(c);
    TRY(talk_accept(c, env, t));
    self_decided(c, env, DECISION_TAKES_PART, SPAN_ARRAY(t->id.bytes));
    if (t->type == CHAT_DIRECT)
        self_decided(c, env, DECISION_CONSENT, SPAN_ARRAY(t->with.bytes));
    return step_close(c, env);
}

/* ---- what we think of them ---- */

static enum err known(struct chat *c, const struct chat_account *account, struct person **out)
{
    *out = people_find(c, account->bytes);
    if (*out == NULL)
        return ERR_NOT_FOUND;
    step_open(c);
    (*out)->changed = true;
    return OK;
}

enum err chat_set_name(struct chat *c, const struct env *env, const struct chat_account *account,
                       struct span name)
{
    struct person *p;
    if (name.len >= CHAT_NAME_MAX)
        return ERR_LIMIT;
    if (!pack_is_utf8(name) || (name.len > 0 && memchr(name.ptr, 0, name.len) != NULL))
        return ERR_FORMAT;
    TRY(known(c, account, &p));
    text_copy(p->name, name);
    self_decided(c, env, DECISION_NAME, SPAN_ARRAY(p->account));
    return step_close(c, env);
}

enum err chat_set_verified(struct chat *c, const struct env *env,
                           const struct chat_account *account, bool verified)
{
    struct person *p;
    TRY(known(c, account, &p));
    p->verified = verified;
    self_decided(c, env, DECISION_VERIFIED, SPAN_ARRAY(p->account));
    return step_close(c, env);
}

/* What of it is left unread when some of it is not shown any more. */
static void recount(struct chat *c, struct talk *t)
{
    struct chat_entry e;
    struct chat_entry_id at;
    unsigned unread = 0, looked = 0;
    for (const struct chat_entry_id *from = NULL; unread < t->unread && looked < RECOUNT_MAX &&
                                                  chat_history(c, &t->id, from, true, &e) == OK;
         from = &at, looked++) {
        struct entry_place place = {.lamport = (uint64_t)(e.time_ns / NS_PER_MS)};
        memcpy(place.id.bytes, e.id.bytes, sizeof place.id.bytes);
        if (entry_place_cmp(&place, &t->seen) <= 0)
            break;
        at = e.id;
        unread += !e.mine;
    }
    t->unread = unread;
}

static bool is_in(const struct talk *t, const uint8_t account[32])
{
    for (size_t i = 0; i < t->roster_count; i++)
        if (memcmp(t->roster[i].account, account, 32) == 0)
            return true;
    return memcmp(t->with.bytes, account, 32) == 0;
}

/* Their entries are hidden, or shown again, wherever they are. */
static void hide(struct chat *c, const struct env *env, const struct person *p)
{
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;) {
        if (!is_in(t, p->account))
            continue;
        recount(c, t);
        t->last_stale = t->active = t->changed = true;
        if (t->delivery != NULL)
            delivery_set_silent(t->delivery, talk_silent(c, t));
        journal_add(
            c, env,
            &(struct happened){.kind = CHAT_EVENT_CONVERSATION, .conversation = t->id.bytes});
    }
}

/* Whom we talk with is a contact again; who asks, asks again. */
static enum chat_consent consent_without_block(const struct chat *c, const uint8_t account[32])
{
    const struct talk *t = talks_direct(c, account);
    if (t == NULL)
        return CHAT_CONSENT_NONE;
    return t->state == CHAT_REQUESTED ? CHAT_CONSENT_ASKED : CHAT_CONSENT_GIVEN;
}

void people_block(struct chat *c, const struct env *env, struct person *p, bool blocked)
{
    if (blocked == (p->consent == CHAT_CONSENT_BLOCKED))
        return;
    p->consent = blocked ? CHAT_CONSENT_BLOCKED : consent_without_block(c, p->account);
    p->changed = true;
    inviting_answered(c, p->account);
    inviting_block(c, p->account, blocked);
    hide(c, env, p);
}

enum err chat_block(struct chat *c, const struct env *env, const struct chat_account *account,
                    bool blocked)
{
    struct person *p;
    if (memcmp(account->bytes, c->self.account, 32) == 0)
        return ERR_ARGUMENT;
    TRY(known(c, account, &p));
    people_block(c, env, p, blocked);
    self_decided(c, env, DECISION_CONSENT, SPAN_ARRAY(p->account));
    return step_close(c, env);
}

enum err chat_safety_number(struct chat *c, const struct chat_account *with,
                            char out[CHAT_SAFETY_MAX])
{
    const struct person *p = people_find(c, with->bytes);
    if (p == NULL || p->log == NULL || c->me->log == NULL)
        return ERR_NOT_FOUND;
    identity_safety_number(identity_log_now(c->me->log), identity_log_now(p->log), out);
    return OK;
}
