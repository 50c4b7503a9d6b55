/* Invites to us, which the inbox has judged: followed. (Ours to others: waiting.c.) */
#include "crypto/base/wipe.h"
#include "node/chat/intro/inbox.h"
#include "node/chat/self.h"
#include "node/chat/welcomes.h"

#include <stdlib.h>

#define INBOX_ROW SPAN_LIT("inbox")

/* ---- what the inbox asks ---- */

struct asked {
    struct chat *c;
    const struct env *env;
    struct talk_world w;
    bool world;
    struct profile_joined joined; /* on trial */
    const struct card *card;      /* of ours, that it came to */
    struct span topic, envelope;
    bool refers; /* the Welcome is beside the invite: */
    struct welcome_ref ref;
};

static bool prekey_of(void *ctx, const uint8_t id[PREKEY_ID_BYTES], struct inbox_prekey *out)
{
    const struct asked *a = ctx;
    const struct prekey *p = prekeys_find(a->c, id);
    if (p == NULL)
        return false;
    *out = (struct inbox_prekey){SPAN_ARRAY(p->secret), a->c->stamp_bits};
    return true;
}

static const struct identity_log *known(void *ctx, const uint8_t account[ACCOUNT_ID_BYTES])
{
    const struct asked *a = ctx;
    const struct person *p = people_find(a->c, account);
    return p == NULL ? NULL : p->log;
}

/* Policy "groups": who has only our open card is heard if we are in a group together. */
static bool is_welcome(const struct asked *a, const uint8_t account[ACCOUNT_ID_BYTES])
{
    size_t cursor = 0;
    if (a->c->policy != CHAT_POLICY_GROUPS || a->card->private_link)
        return true;
    for (const struct talk *t; (t = map_next(&a->c->talks, &cursor, NULL)) != NULL;)
        for (size_t i = 0; t->state == CHAT_JOINED && i < t->roster_count; i++)
            if (memcmp(t->roster[i].account, account, ACCOUNT_ID_BYTES) == 0)
                return true;
    return false;
}

static enum inbox_consent consent_of(void *ctx, const uint8_t account[ACCOUNT_ID_BYTES])
{
    const struct asked *a = ctx;
    const struct person *p = people_find(a->c, account);
    if (p == a->c->me)
        return INBOX_CONSENT_GIVEN; /* another device of ours */
    if (p != NULL && p->consent == CHAT_CONSENT_GIVEN)
        return INBOX_CONSENT_GIVEN;
    if ((p != NULL && p->consent == CHAT_CONSENT_BLOCKED) || !is_welcome(a, account))
        return INBOX_CONSENT_BLOCKED;
    return INBOX_CONSENT_NONE;
}

/* The blob that the invite brings, or refers to. ERR_MORE: it is fetched first. */
static enum err blob_of(struct asked *a, const struct invite *invite,
                        const struct identity_log *log, struct span *blob)
{
    const uint8_t *account = identity_log_now(log)->account;
    *blob = invite->welcome;
    if (!welcome_ref_is(*blob))
        return OK;
    TRY(welcome_ref_decode(*blob, &a->ref));
    a->refers = true;
    *blob = welcomes_blob(a->c, &a->ref);
    if (blob->len > 0)
        return OK;
    const struct welcome_invite of = {.topic = a->topic,
                                      .envelope = a->envelope,
                                      .stranger = consent_of(a, account) == INBOX_CONSENT_NONE};
    TRY(welcomes_fetch(a->c, a->env, &a->ref, &of));
    return ERR_MORE;
}

/* Who was in a conversation once knows its id, and may found another under it. Only what can be the
 * same one further on comes in the place of what we were out of. */
static bool goes_on(const struct talk *t, const struct profile_joined *j)
{
    bool with = j->data.type != PROFILE_DIRECT; /* the same person */

    for (size_t i = 0; !with && i < j->data.roles_count; i++)
        with = memcmp(j->data.roles[i].account, t->with.bytes, sizeof t->with.bytes) == 0;
    if (!with || (enum chat_type)j->data.type != t->type)
        return false;
    if (t->branches == NULL)
        return true; /* all that we know of it is what it was */
    struct eid head = branches_head(t->branches);
    return mls_group_context(j->group)->epoch >
           mls_group_context(branches_group(t->branches, &head))->epoch;
}

static enum err join(void *ctx, const struct invite *invite, const struct identity_log *log,
                     const uint8_t prekey_id[PREKEY_ID_BYTES], struct inbox_group *out)
{
    struct asked *a = ctx;
    const struct prekey *p = prekeys_find(a->c, prekey_id);
    struct span blob;
    if (p == NULL || a->world)
        return ERR_NOT_FOUND;
    TRY(blob_of(a, invite, log, &blob));
    bool crowd = profile_welcome_suite(blob) == profile_rules(PROFILE_CROWD)->suite;
    const struct profile_join how = {.blob = blob,
                                     .key_package =
                                         buf_span(crowd ? &p->crowd_package : &p->package),
                                     .keys = crowd ? &p->crowd_keys : &p->keys};
    TRY(talk_world_init(&a->w, a->c, a->env));
    a->world = true;
    enum err err = profile_join(&a->w.mls, &how, &a->joined);
    if (err == ERR_REFUSED)
        log_unusual(a->env, "chat", "not joined: %s", policy_text(a->joined.why));
    if (err == ERR_MORE)
        return ERR_FORMAT; /* it ends too early */
    TRY(err);
    const struct talk *t = talks_find(a->c, mls_group_context(a->joined.group)->group_id.ptr);
    if (t != NULL && t->branches != NULL && t->state != CHAT_LEFT && t->state != CHAT_REJOINING)
        return ERR_EXISTS;
    if (t != NULL && !goes_on(t, &a->joined)) {
        log_unusual(a->env, "chat", "not joined: another group under the id of one that we left");
        return ERR_REFUSED;
    }
    memcpy(out->signer, a->joined.invited_by.key, sizeof out->signer);
    return OK;
}

/* ---- followed ---- */

static enum err enter(struct chat *c, const struct env *env, struct talk_world *w,
                      const struct inbox_result *r, struct person *from, struct profile_joined *j)
{
    struct span id = mls_group_context(j->group)->group_id;
    struct talk *t = talks_find(c, id.ptr);
    bool again = t != NULL; /* let in again: history stays */

    bool left = again && t->branches != NULL; /* or removed */

    if (left && t->state != CHAT_LEFT)
        return ERR_EXISTS;
    if (!again)
        t = talks_new(c, env, id.ptr, (enum chat_type)j->data.type);
    if (t == NULL)
        return ERR_FULL;
    t->data = j->data;
    t->address = j->address;
    for (size_t i = 0; j->data.type == PROFILE_DIRECT && i < j->data.roles_count; i++)
        if (memcmp(j->data.roles[i].account, c->self.account, 32) != 0)
            memcpy(t->with.bytes, j->data.roles[i].account, 32);
    if (j->data.type != PROFILE_DIRECT)
        memcpy(t->with.bytes, from->account, 32); /* who asks */
    if (from->consent == CHAT_CONSENT_NONE)
        from->consent = CHAT_CONSENT_ASKED;
    from->changed = true;
    /* who was out is asked before it is in again, whoever wants that: what it accepted before ended
     * then; unless another device of ours, which takes part, lets us in */
    bool wanted = t->type == CHAT_SELF || (!r->asks && !left) ||
                  ((!left || from == c->me) && self_accepted(c, t));
    t->state = wanted ? CHAT_JOINED : CHAT_REQUESTED;
    struct mls_group *g = j->group;
    j->group = NULL;
    TRY(left ? talk_anew(c, env, t, w, g) : talk_begin(c, env, t, w, g));
    journal_add(c, env,
                &(struct happened){.kind = !wanted ? CHAT_EVENT_REQUEST
                                           : again ? CHAT_EVENT_REJOINED
                                                   : CHAT_EVENT_CONVERSATION,
                                   .account = from->account,
                                   .installation = r->invite.installation,
                                   .conversation = t->id.bytes});
    network_gap(c, env, env->wall.ns - (int64_t)PREKEY_LIFE_S * NS_PER_S);
    talks_pair(c, env, t);
    self_talk_born(c, env, t);
    return OK;
}

static enum err take_welcome(struct chat *c, const struct env *env, struct asked *a,
                             const struct inbox_result *r, struct person *from)
{
    for (size_t i = 0; i < a->joined.logs_count; i++)
        TRY(people_learn_log(c, env, a->joined.logs[i]));
    return enter(c, env, &a->w, r, from, &a->joined);
}

static void save_inbox(struct chat *c)
{
    struct buf value = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    if (inbox_save(c->inbox, &value) == OK)
        step_put(c, VAULT_T_INVITES, INBOX_ROW, &value);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
    buf_clear(&value);
}

static enum err take(struct chat *c, const struct env *env, struct asked *a,
                     const struct inbox_result *r)
{
    TRY(people_learn_log(c, env, r->log));
    struct person *from = people_find(c, identity_log_now(r->log)->account);
    if (from == NULL)
        return ERR_FULL;
    return take_welcome(c, env, a, r, from);
}

/* We failed, not the one who invites: the inbox is as it was before. */
static void untake(struct chat *c, struct inbox_result *r)
{
    struct inbox *taken = c->inbox;
    r->changed = false;
    r->again = true;
    if (inviting_load(c) == OK)
        inbox_free(taken);
    else
        c->inbox = taken;
}

/* One address of ours; true: it was for it. */
static bool offer(struct chat *c, const struct env *env, const struct card *card, unsigned number,
                  struct span topic, struct span envelope)
{
    struct asked a = {.c = c, .env = env, .card = card, .topic = topic, .envelope = envelope};
    const struct inbox_world world = {&a, prekey_of, known, consent_of, join};
    const struct inbox_address address = {.card = card, .number = number};
    struct inbox_result r;

    inbox_receive(c->inbox, env, &world, &address, envelope, &r);
    bool ours = r.verdict != INBOX_NOT_OURS;
    if (r.changed || r.verdict == INBOX_TAKEN)
        step_open(c);
    if (r.verdict == INBOX_TAKEN) {
        enum err err = take(c, env, &a, &r);
        if (err != OK)
            log_unusual(env, "chat", "invite not followed err=%s", mls_err_name(err));
        if (err != OK && err_actor(err) == ERR_ACTOR_LOCAL)
            untake(c, &r);
    } else if (r.verdict == INBOX_NEWER_VERSION) {
        step_open(c);
        if ((c->newer_told & NEWER_INVITE) == 0) /* strangers shall not fill the journal */
            journal_add(c, env, &(struct happened){.kind = CHAT_EVENT_UNSUPPORTED});
        c->newer_told |= NEWER_INVITE;
    } else if (r.verdict == INBOX_WAITS) {
        c->inbox_again = true; /* not read until it is taken */
        r.again = false;
    } else if (ours) {
        log_info(env, "chat", "invite refused: %s", inbox_verdict_text(r.verdict));
    }
    if (r.again) { /* nothing was kept of it: read the inbox again, later */
        c->inbox_again = true;
        c->intro_at = mono_min(c->intro_at, mono_add(env->now, INBOX_AGAIN_S * NS_PER_S));
    }
    if (a.refers && r.verdict != INBOX_WAITS && !r.again)
        welcomes_done(c, &a.ref);
    if (r.changed)
        save_inbox(c);
    inbox_result_clear(&r);
    profile_joined_clear(&a.joined);
    if (a.world)
        talk_world_clear(&a.w);
    return ours;
}

void inviting_received(struct chat *c, const struct env *env, struct span topic,
                       struct span envelope)
{
    uint8_t bucket = topic_bucket(topic);
    size_t count;

    if (c->phase != CHAT_PHASE_READY)
        return;
    const struct own_address *ours = cards_addresses(c, &count);
    for (size_t i = 0; i < count; i++) {
        const struct card card = ours[i].card; /* what comes may change them */
        if (ours[i].bucket == bucket &&
            offer(c, env, &card, (unsigned)i % INBOX_ADDRESSES_MAX, topic, envelope))
            return;
    }
}

/** The person has accepted or blocked. */
void inviting_answered(struct chat *c, const uint8_t account[32])
{
    inbox_answered(c->inbox, account);
    step_open(c);
    save_inbox(c);
}

enum err inviting_load(struct chat *c)
{
    struct buf value = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    enum err err = vault_get(c->vault, VAULT_T_INVITES, INBOX_ROW, &value);
    if (err == OK)
        err = inbox_load(buf_span(&value), &c->inbox);
    else if (err == ERR_NOT_FOUND)
        err = inbox_new(&c->inbox);
    buf_clear(&value);
    return err;
}

/* ---- reading our inbox ---- */

void inviting_look(struct chat *c, const struct env *env)
{
    int64_t overlap = (int64_t)LOOKUP_OVERLAP_S * NS_PER_S;
    c->inbox_again = false;
    if (c->phase != CHAT_PHASE_RECOVERING)
        sweep_start(&c->intro, env, (struct wall){c->inbox_read_ns - overlap});
}

void inviting_read(struct chat *c, const struct env *env, int64_t to_ns, unsigned stores)
{
    if (stores < 2 && c->prekeys_count > 0)
        to_ns = c->inbox_read_ns; /* one store may hide something: not a reason to forget keys */
    if (to_ns <= c->inbox_read_ns || c->inbox_again)
        return;
    c->inbox_read_ns = to_ns;
    settings_save(c);
    prekeys_expire(c, env);
}
