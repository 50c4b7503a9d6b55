/* The keeper lets a device in: proposes it, puts it into the log, hands over. */
#include "crypto/base/wipe.h"
#include "node/chat/account.h"
#include "node/chat/handover.h"
#include "node/chat/letting.h"
#include "node/chat/self.h"

#include <stdlib.h>

static enum err propose(struct chat *c, const struct env *env)
{
    struct identity_event e = {.time_s = (uint64_t)(env->wall.ns / NS_PER_S)};
    struct letting *l = c->letting;
    TRY(account_checkpoint(c, env));
    TRY(pair_propose(&l->offer, c->me->log, c->root, &e, l->words, &l->message));
    return identity_event_encode(&e, &l->known);
}

enum err chat_pair_accept(struct chat *c, const struct env *env, struct span text,
                          char words[CHAT_SIX_WORDS_MAX])
{
    struct pair_offer offer;

    if (!account_is_keeper(c))
        return ERR_REFUSED;
    TRY(pair_offer_parse(text, &offer));
    if (identity_has(identity_log_now(c->me->log), offer.key, NULL))
        return ERR_EXISTS;
    TRY(account_may_sign(c));
    step_open(c);
    TRY(letting_new(c, env, true, &offer));
    wipe(&offer, sizeof offer);
    enum err err = propose(c, env);
    if (err == OK) {
        letting_save(c);
        letting_send(c, env);
        inviting_look(c, env); /* stores as well, until it is done */
        text_copy(words, span_str(c->letting->words));
    } else {
        letting_drop(c);
    }
    enum err written = step_close(c, env);
    return err != OK ? err : written;
}

/* ---- the hand-over ---- */

static size_t contacts_of(const struct chat *c, struct handover_contact *out)
{
    size_t count = 0, cursor = 0;
    for (const struct person *p; (p = map_next(&c->people, &cursor, NULL)) != NULL;) {
        if (p == c->me || (p->consent == CHAT_CONSENT_NONE && p->name[0] == '\0'))
            continue;
        struct handover_contact *k = &out[count++];
        *k = (struct handover_contact){.name = span_str(p->name),
                                       .calls_self = span_str(p->calls_self),
                                       .consent = p->consent,
                                       .verified = p->verified,
                                       .private_link = p->private_link};
        memcpy(k->account, p->account, sizeof k->account);
        memcpy(k->secret, p->secret, sizeof k->secret);
    }
    return count;
}

static enum err finish_message(struct chat *c, struct buf *out)
{
    struct buf bytes = BUF_INIT(HANDOVER_BYTES_MAX), decisions = BUF_INIT(HANDOVER_DECISIONS_MAX);
    struct handover h = {
        .profile = span_str(c->profile), .policy = c->policy, .receipts = c->receipts};

    h.contacts = calloc(map_count(&c->people) + 1, sizeof *h.contacts);
    if (h.contacts == NULL)
        return ERR_MEMORY;
    memcpy(h.words_secret, c->words_secret, sizeof h.words_secret);
    h.contacts_count = contacts_of(c, h.contacts);
    enum err err = self_snapshot(c, HANDOVER_DECISIONS_MAX - 2048, &decisions);
    h.decisions = buf_span(&decisions);
    if (err == OK)
        err = handover_encode(&h, &bytes);
    if (err == OK)
        err = pair_finish(c->me->log, buf_span(&bytes), out);
    handover_clear(&h);
    buf_clear(&bytes);
    buf_clear(&decisions);
    return err;
}

/* ---- the reply ---- */

static enum err let_in(struct chat *c, const struct env *env, struct span reply)
{
    struct letting *l = c->letting;
    struct identity_event proposed;
    struct span package;

    TRY(account_may_sign(c)); /* the reply comes again */
    TRY(identity_event_decode(buf_span(&l->known), &proposed));
    TRY(pair_accept(&l->offer, &proposed, reply, (uint64_t)(env->wall.ns / NS_PER_S), c->me->log,
                    &package));
    c->me->log_changed = true;
    l->state = LETTING_DONE;
    buf_reset(&l->message);
    TRY(self_found(c, env));
    TRY(finish_message(c, &l->message));
    letting_save(c);
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_DEVICE_ADDED,
                                   .account = c->self.account,
                                   .installation = l->offer.key});
    bundles_renew(c, env);
    talks_log_changed(c, env, c->me);
    return OK;
}

void letting_answered(struct chat *c, const struct env *env, struct span message)
{
    enum err err = OK;
    if (c->letting->state == LETTING_PROPOSED)
        err = let_in(c, env, message);
    else if (env->now.ns < c->letting->again_at.ns && c->letting->again_at.ns != INT64_MAX)
        return; /* just sent */
    if (err != OK) {
        log_unusual(env, "chat", "pairing: reply refused err=%s", err_name(err));
        return;
    }
    letting_send(c, env);
}
