/* One invite after another: each step cheaper than what it guards. */
#include "node/chat/intro/inbox.h"

#include "crypto/base/wipe.h"
#include "crypto/mls/mls.h"
#include "node/chat/intro/inbox_state.h"

/* one envelope on its way through the steps */
struct passage {
    struct inbox *in;
    const struct env *env;
    const struct inbox_world *world;
    const struct inbox_address *address;
    uint32_t day;
    struct intro intro;
    struct invite_sealed sealed;
    struct inbox_prekey prekey;
    struct inbox_result *out;
};

const char *inbox_verdict_text(enum inbox_verdict v)
{
    static const char *const texts[INBOX_VERDICTS] = {
        [INBOX_TAKEN] = "taken",
        [INBOX_NOT_OURS] = "not for us",
        [INBOX_MALFORMED] = "malformed",
        [INBOX_NEWER_VERSION] = "of a newer version",
        [INBOX_STAMP_SHORT] = "without the work that is asked for",
        [INBOX_STAMP_USED] = "its stamp was used before",
        [INBOX_TOO_FAST] = "more than this address takes in a minute",
        [INBOX_NOT_SEALED] = "not sealed or signed for us",
        [INBOX_WRONG_DAY] = "signed for another day",
        [INBOX_BAD_LOG] = "the sender's log does not hold",
        [INBOX_NOT_INSTALLED] = "from a device that is not of the account",
        [INBOX_NOBODY_TO_TRUST] = "from an account that nobody can trust now",
        [INBOX_BLOCKED] = "blocked",
        [INBOX_REPLAYED] = "taken before",
        [INBOX_TOO_MANY_ASK] = "too many wait for an answer",
        [INBOX_SIGNER_DIFFERS] = "who welcomes is not who invites",
        [INBOX_GROUP_AGAIN] = "we are in that group",
        [INBOX_WAITS] = "its Welcome is fetched",
        [INBOX_NO_WELCOME] = "it leads into no group",
        [INBOX_FAILED] = "failed on our side",
    };

    return (unsigned)v < INBOX_VERDICTS ? texts[v] : "?";
}

void inbox_result_clear(struct inbox_result *r)
{
    buf_clear(&r->keep);
    identity_log_free(r->log);
    r->log = NULL;
    r->invite = (struct invite){0};
}

/* An error of ours is not the sender's fault. */
static enum inbox_verdict fault(struct passage *p, enum err err, enum inbox_verdict theirs)
{
    p->out->err = err;
    if (err == ERR_UNSUPPORTED)
        return INBOX_NEWER_VERSION;
    return err_actor(err) == ERR_ACTOR_LOCAL ? INBOX_FAILED : theirs;
}

/* ---- before anything is decapsulated ---- */

static enum inbox_verdict find_prekey(struct passage *p)
{
    enum err err = invite_decode(p->intro.body, &p->sealed);

    if (err != OK)
        return fault(p, err, INBOX_MALFORMED);
    for (size_t i = 0; i < p->sealed.count; i++) {
        const uint8_t *id = p->sealed.recipients[i].prekey_id;
        if (!p->world->prekey(p->world->ctx, id, &p->prekey))
            continue;
        memcpy(p->out->prekey_id, id, PREKEY_ID_BYTES);
        return INBOX_TAKEN;
    }
    return INBOX_NOT_OURS;
}

static enum inbox_verdict check_stamp(struct passage *p)
{
    struct stamp_of of;
    uint8_t hash[32];

    stamp_for(p->address->card->account, p->day, p->intro.body, &of);
    if (!stamp_holds(&of, p->intro.stamp, p->prekey.bits))
        return INBOX_STAMP_SHORT;
    stamp_hash(&of, p->intro.stamp, hash);
    if (inbox_marked(&p->in->stamps, p->day, hash))
        return INBOX_STAMP_USED;
    if (!inbox_pace(p->in, p->env, p->address->number))
        return INBOX_TOO_FAST;
    inbox_mark(&p->in->stamps, p->day, hash);
    p->out->changed = true;
    return INBOX_TAKEN;
}

/* ---- what it costs ---- */

static enum inbox_verdict open_sealed(struct passage *p)
{
    const struct invite_key key = {p->address->card->account, p->out->prekey_id, p->prekey.secret};
    enum err err =
        invite_open(&p->sealed, &key, p->day, &p->out->keep, &p->out->invite, p->out->hash);

    if (err == ERR_PROTOCOL)
        return INBOX_WRONG_DAY;
    if (err == ERR_FORMAT || err == ERR_LIMIT)
        return INBOX_MALFORMED;
    if (err != OK)
        return fault(p, err, INBOX_NOT_SEALED);
    return inbox_marked(&p->in->invites, p->day, p->out->hash) ? INBOX_REPLAYED : INBOX_TAKEN;
}

/* What it brings, together with what we know: an old log does not bring back who was revoked. */
static enum inbox_verdict judge_sender(struct passage *p)
{
    struct identity_fork fork;
    enum identity_verdict verdict;
    enum err err = identity_log_read(p->out->invite.log, &p->out->log);

    if (err != OK)
        return fault(p, err, INBOX_BAD_LOG);
    const struct identity *now = identity_log_now(p->out->log);
    const struct identity_log *known = p->world->known(p->world->ctx, now->account);
    if (known != NULL) {
        err = identity_log_merge(p->out->log, known, &verdict, &fork);
        identity_fork_clear(&fork);
        if (err != OK)
            return fault(p, err, INBOX_BAD_LOG);
    }
    if (now->status != IDENTITY_ALIVE)
        return INBOX_NOBODY_TO_TRUST;
    return identity_has(now, p->out->invite.installation, NULL) ? INBOX_TAKEN : INBOX_NOT_INSTALLED;
}

static enum inbox_verdict ask_consent(struct passage *p)
{
    const uint8_t *account = identity_log_now(p->out->log)->account;
    enum inbox_consent consent = p->world->consent(p->world->ctx, account);

    if (consent == INBOX_CONSENT_BLOCKED)
        return INBOX_BLOCKED;
    p->out->asks = consent == INBOX_CONSENT_NONE &&
                   memcmp(account, p->address->card->account, ACCOUNT_ID_BYTES) != 0;
    return p->out->asks && !inbox_has_room(p->in, account) ? INBOX_TOO_MANY_ASK : INBOX_TAKEN;
}

static enum inbox_verdict join(struct passage *p)
{
    struct inbox_result *out = p->out;

    enum err err =
        p->world->join(p->world->ctx, &out->invite, out->log, out->prekey_id, &out->group);
    out->err = err;
    if (mls_err_class(err) == ERR_EXISTS)
        return INBOX_GROUP_AGAIN;
    if (err == ERR_MORE)
        return INBOX_WAITS;
    if (err != OK)
        return fault(p, mls_err_class(err), INBOX_NO_WELCOME);
    return memcmp(out->group.signer, out->invite.installation, sizeof out->group.signer) == 0
               ? INBOX_TAKEN
               : INBOX_SIGNER_DIFFERS;
}

/* ---- all of it ---- */

static enum inbox_verdict pass(struct passage *p)
{
    static enum inbox_verdict (*const steps[])(struct passage *) = {
        find_prekey, check_stamp, open_sealed, judge_sender, ask_consent, join};
    enum inbox_verdict v = INBOX_TAKEN;

    for (size_t i = 0; i < sizeof steps / sizeof *steps && v == INBOX_TAKEN; i++)
        v = steps[i](p);
    return v;
}

static void keep_or_not(struct passage *p)
{
    struct inbox_result *out = p->out;

    out->again = out->verdict == INBOX_TOO_FAST || out->verdict == INBOX_TOO_MANY_ASK ||
                 out->verdict == INBOX_FAILED || out->verdict == INBOX_WAITS;
    if (out->again && out->changed) { /* its stamp is good for the next time */
        inbox_unmark(&p->in->stamps);
        out->changed = false;
    }
    if (out->verdict != INBOX_TAKEN) {
        inbox_result_clear(out);
        return;
    }
    inbox_mark(&p->in->invites, p->day, out->hash);
    if (out->asks)
        inbox_asks(p->in, identity_log_now(out->log)->account);
}

void inbox_receive(struct inbox *in, const struct env *env, const struct inbox_world *world,
                   const struct inbox_address *address, struct span envelope,
                   struct inbox_result *out)
{
    struct passage p = {.in = in, .env = env, .world = world, .address = address, .out = out};
    uint32_t today = (uint32_t)(env->wall.ns / NS_PER_S / INTRO_DAY_S);
    struct buf opened = BUF_INIT(ENVELOPE_BYTES_MAX);

    assert(address->number < INBOX_ADDRESSES_MAX);
    inbox_forget_before(&in->stamps, today > INVITE_DAYS ? today - INVITE_DAYS : 0);
    inbox_forget_before(&in->invites, today > INVITE_DAYS ? today - INVITE_DAYS : 0);
    *out = (struct inbox_result){.verdict = INBOX_NOT_OURS, .keep = BUF_INIT(INVITE_BYTES_MAX)};
    for (uint32_t back = 0; back <= INVITE_DAYS + 1 && back <= today; back++) {
        p.day = today + 1 - back;
        enum err err = intro_open(address->card, p.day, envelope, &opened, &p.intro);
        if (err == ERR_NOT_FOUND || err == ERR_AUTH)
            continue;
        if (err != OK)
            out->verdict = fault(&p, err, INBOX_MALFORMED);
        else if (intro_body_type(p.intro.body) == INTRO_INVITE)
            out->verdict = pass(&p);
        keep_or_not(&p);
        break;
    }
    buf_clear(&opened);
}
