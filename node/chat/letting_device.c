/* A new device: offers itself, replies to the keeper, and is a part of the account when the finish
 * has come. */
#include "crypto/base/wipe.h"
#include "node/chat/account.h"
#include "node/chat/handover.h"
#include "node/chat/letting.h"
#include "node/chat/self.h"

#include <stdlib.h>

_Static_assert(PAIR_TEXT_MAX <= CHAT_PAIR_TEXT_MAX, "chat.h holds an offer");
_Static_assert(PAIR_WORDS_MAX <= CHAT_SIX_WORDS_MAX, "chat.h holds six words");

enum err letting_offer(struct chat *c, const struct env *env, char text[CHAT_PAIR_TEXT_MAX])
{
    struct pair_offer offer;
    pair_offer_make(&offer, c->installation, env->rng);
    enum err err = pair_offer_text(&offer, text);
    if (err == OK)
        err = letting_new(c, env, false, &offer);
    wipe(&offer, sizeof offer);
    if (err == OK)
        letting_save(c);
    return err;
}

/* ---- the proposal ---- */

/* The first proposal counts: should it be somebody else's, the words differ. Its key package is not
 * needed: we lay out parts as soon as we are in. */
static enum err reply(struct chat *c, const struct env *env, struct span proposal)
{
    struct letting *l = c->letting;
    struct pair_replied r;

    TRY(pair_reply(&l->offer, c->installation, proposal, env->rng,
                   (uint64_t)(env->wall.ns / NS_PER_S), &r));
    buf_reset(&l->known);
    buf_reset(&l->message);
    enum err err = identity_log_write(r.log, &l->known);
    if (err == OK)
        err = buf_append(&l->message, buf_span(&r.message));
    if (err == OK) {
        text_copy(l->words, span_str(r.words));
        l->state = LETTING_REPLIED;
        l->until_ns = env->wall.ns + PAIR_LIFE_S * NS_PER_S;
        letting_save(c);
        letting_send(c, env);
    }
    pair_replied_clear(&r);
    return err;
}

/* ---- the finish ---- */

static enum err take_contacts(struct chat *c, const struct env *env, const struct handover *h)
{
    for (size_t i = 0; i < h->contacts_count; i++) {
        const struct handover_contact *k = &h->contacts[i];
        struct person *p = people_get(c, k->account);
        if (p == NULL)
            return ERR_FULL;
        if (p == c->me)
            continue;
        text_copy(p->name, k->name);
        text_copy(p->calls_self, k->calls_self);
        p->consent = k->consent;
        p->verified = k->verified;
        p->private_link = k->private_link;
        memcpy(p->secret, k->secret, sizeof p->secret);
        p->changed = true;
    }
    (void)env;
    return OK;
}

/* From nobody to the account: the person that stood for it goes. */
static enum err become(struct chat *c, const uint8_t account[32])
{
    struct person *me = people_get(c, account);
    if (me == NULL)
        return ERR_MEMORY;
    people_forget(c, c->me);
    memcpy(c->self.account, account, 32);
    me->consent = CHAT_CONSENT_GIVEN;
    c->me = me;
    return OK;
}

/* Does it continue what we have replied to? */
static enum err check_log(const struct letting *l, const struct identity_log *log)
{
    struct identity_log *replied;
    struct identity_fork fork;
    enum identity_verdict verdict;

    TRY(identity_log_read(buf_span(&l->known), &replied));
    enum err err = identity_log_merge(replied, log, &verdict, &fork);
    if (err == OK) {
        identity_fork_clear(&fork);
        bool goes_on = verdict == IDENTITY_SAME || verdict == IDENTITY_EXTENDED;
        bool in = identity_has(identity_log_now(replied), l->offer.key, NULL);
        err = goes_on && in ? OK : ERR_PROTOCOL;
    }
    identity_log_free(replied);
    return err;
}

static enum err enter(struct chat *c, const struct env *env, const struct identity_log *log,
                      const struct handover *h)
{
    TRY(check_log(c->letting, log));
    TRY(become(c, identity_log_now(log)->account));
    TRY(people_learn_log(c, env, log));
    TRY(take_contacts(c, env, h));
    memcpy(c->words_secret, h->words_secret, sizeof c->words_secret);
    text_copy(c->profile, h->profile);
    c->policy = h->policy;
    c->receipts = h->receipts;
    c->phase = CHAT_PHASE_READY;
    settings_save(c);
    if (h->decisions.len > 0 && self_take(c, env, h->decisions) != OK)
        log_unusual(env, "chat", "pairing: decisions not taken over");
    c->letting->state = LETTING_DONE;
    c->letting->again_at = MONO_NEVER;
    c->letting->until_ns = env->wall.ns + PAIR_LIFE_S * NS_PER_S;
    buf_reset(&c->letting->message);
    letting_save(c);
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_PAIRED,
                                   .account = c->self.account,
                                   .installation = c->self.installation});
    bundles_renew(c, env);
    finding_begin(c, env);
    inviting_look(c, env);
    network_listen(c);
    return OK;
}

static enum err finished(struct chat *c, const struct env *env, struct span message)
{
    struct identity_log *log;
    struct handover h;
    struct span blob;

    TRY(pair_finished(message, &log, &blob));
    enum err err = handover_decode(blob, &h);
    if (err == OK) {
        err = enter(c, env, log, &h);
        handover_clear(&h);
    }
    identity_log_free(log);
    return err;
}

void letting_told(struct chat *c, const struct env *env, struct span message)
{
    bool first = c->letting->state == LETTING_OFFERED;
    enum err err = first ? reply(c, env, message) : finished(c, env, message);
    if (err != OK) /* the proposal once more, or nothing of the keeper's */
        log_info(env, "chat", "pairing: not taken err=%s", err_name(err));
}
