/* Invites: whom a commit of ours brought in is told, and who invites us is followed.
 *
 * A welcome, as it lies in an invite: [52, 1, MLS Welcome, address secret, week, next address
 * secret or empty, week, [log of every member, ...], extensions].
 */
#include "crypto/base/wipe.h"
#include "node/chat/talk.h"

#include <stdlib.h>

static uint32_t day_of(const struct env *env)
{
    return (uint32_t)(env->wall.ns / NS_PER_S / INTRO_DAY_S);
}

/* Opened, verified as far as bytes go: whose it is, and where it leads. */
struct arrived {
    struct invite invite;
    const struct prekey *prekey;
    struct person *from;
};

static bool is_own(const struct chat *c, const struct person *p)
{
    return p == c->me;
}

static enum err enter(struct chat *c, const struct env *env, struct talk_world *w,
                      const struct arrived *a, struct profile_joined *j)
{
    struct span id = mls_group_context(j->group)->group_id;
    struct talk *t = talks_find(c, id.ptr);
    bool again = t != NULL; /* let in again: history stays */

    if (again && t->branches != NULL)
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
    if (a->from->consent == CHAT_CONSENT_NONE)
        a->from->consent = CHAT_CONSENT_ASKED;
    a->from->changed = true;
    bool wanted = a->from->consent == CHAT_CONSENT_GIVEN || is_own(c, a->from);
    t->state = wanted ? CHAT_JOINED : CHAT_REQUESTED;
    struct mls_group *g = j->group;
    j->group = NULL;
    TRY(talk_begin(c, env, t, w, g));
    t->updated_ns = 0; /* our leaf is updated with our first message */
    journal_add(c, env,
                &(struct happened){.kind = again    ? CHAT_EVENT_REJOINED
                                           : wanted ? CHAT_EVENT_CONVERSATION
                                                    : CHAT_EVENT_REQUEST,
                                   .account = a->from->account,
                                   .installation = a->invite.installation,
                                   .conversation = t->id.bytes});
    network_gap(c, env, env->wall.ns - (int64_t)PREKEY_LIFE_S * NS_PER_S);
    talks_pair(c, env, t);
    return OK;
}

static enum err joined(struct chat *c, const struct env *env, struct talk_world *w,
                       const struct arrived *a, struct profile_joined *j)
{
    if (memcmp(j->invited_by.key, a->invite.installation, 32) != 0)
        return ERR_AUTH; /* who welcomes us must be who invites us */
    for (size_t i = 0; i < j->logs_count; i++)
        TRY(people_learn_log(c, env, j->logs[i]));
    return enter(c, env, w, a, j);
}

static enum err follow(struct chat *c, const struct env *env, const struct arrived *a)
{
    struct talk_world w;
    struct profile_joined j;
    const struct profile_join how = {.blob = a->invite.welcome,
                                     .key_package = buf_span(&a->prekey->package),
                                     .keys = &a->prekey->keys};

    TRY(talk_world_init(&w, c, env));
    enum err err = profile_join(&w.mls, &how, &j);
    if (err == OK)
        err = joined(c, env, &w, a, &j);
    else if (err == ERR_REFUSED)
        log_unusual(env, "chat", "not joined: %s", policy_text(j.why));
    profile_joined_clear(&j);
    talk_world_clear(&w);
    return err;
}

/* The log that it brings, and whether its installation may speak for the account. */
static enum err judge_sender(struct chat *c, const struct env *env, const struct invite *i,
                             struct person **from)
{
    struct identity_log *log;
    TRY(identity_log_read(i->log, &log));
    struct identity now = *identity_log_now(log);
    identity_log_free(log);
    const struct person *known = people_find(c, now.account);
    if (known != NULL && known->consent == CHAT_CONSENT_BLOCKED)
        return ERR_REFUSED;
    TRY(people_learn(c, env, i->log));
    *from = people_find(c, now.account);
    if (*from == NULL || (*from)->log == NULL)
        return ERR_MEMORY;
    const struct identity *best = identity_log_now((*from)->log);
    return best->status == IDENTITY_ALIVE && identity_has(best, i->installation, NULL)
               ? OK
               : ERR_REFUSED;
}

static enum err once(struct chat *c, const uint8_t hash[32])
{
    struct buf value = BUF_INIT(8);
    if (vault_get(c->vault, VAULT_T_INVITES, span_of(hash, 32), NULL) == OK)
        return ERR_EXISTS;
    enum err err = buf_append(&value, SPAN_LIT("1"));
    if (err == OK)
        step_put(c, VAULT_T_INVITES, span_of(hash, 32), &value);
    buf_clear(&value);
    return err;
}

static enum err open_invite(struct chat *c, const struct env *env, uint32_t day, struct span body)
{
    struct invite_sealed *sealed = malloc(sizeof *sealed);
    struct arrived a = {0};
    struct buf keep = BUF_INIT(ENVELOPE_BYTES_MAX);
    uint8_t hash[32];

    if (sealed == NULL)
        return ERR_MEMORY;
    enum err err = invite_decode(body, sealed);
    for (size_t i = 0; err == OK && a.prekey == NULL && i < sealed->count; i++)
        a.prekey = prekeys_find(c, sealed->recipients[i].prekey_id);
    if (err == OK && a.prekey == NULL)
        err = ERR_NOT_FOUND;
    if (err == OK) {
        const struct invite_key key = {c->self.account, a.prekey->id, SPAN_ARRAY(a.prekey->secret)};
        err = invite_open(sealed, &key, day, &keep, &a.invite, hash);
    }
    if (err == OK) {
        step_open(c);
        err = once(c, hash);
    }
    if (err == OK)
        err = judge_sender(c, env, &a.invite, &a.from);
    if (err == OK)
        err = a.invite.purpose == INVITE_WELCOME ? follow(c, env, &a)
                                                 : rejoin_asked(c, env, &a.invite);
    buf_clear(&keep);
    free(sealed);
    return err;
}

/* The stamp first: it costs nothing to check. */
static enum err stamped(struct chat *c, const struct env *env, const struct card *card,
                        uint32_t day, struct span envelope)
{
    struct buf keep = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct intro i;
    struct stamp_of of;

    enum err err = intro_open(card, day, envelope, &keep, &i);
    if (err == OK && intro_body_type(i.body) == INTRO_INVITE) {
        stamp_for(card->account, day, i.body, &of);
        err = stamp_holds(&of, i.stamp, CHAT_STAMP_BITS) ? open_invite(c, env, day, i.body)
                                                         : ERR_REFUSED;
        if (err != OK && err != ERR_EXISTS)
            log_unusual(env, "chat", "invite refused err=%s", mls_err_name(err));
    }
    buf_clear(&keep);
    return err;
}

void inviting_received(struct chat *c, const struct env *env, struct span topic,
                       struct span envelope)
{
    struct card cards[CHAT_LINKS_MAX + 2];
    uint32_t today = day_of(env);

    if (c->phase != CHAT_PHASE_READY)
        return;
    size_t count = cards_ours(c, cards, CHAT_LINKS_MAX + 2);
    for (size_t i = 0; i < count; i++) {
        char own[ENVELOPE_TOPIC_BYTES];
        envelope_topic(ENVELOPE_INTRO, card_bucket(&cards[i]), own);
        if (!span_eq(topic, span_str(own)))
            continue;
        for (uint32_t back = 0; back <= INVITE_DAYS; back++)
            if (stamped(c, env, &cards[i], today + 1 - back, envelope) != ERR_NOT_FOUND)
                return;
    }
}

/* ---- reading our inbox ---- */

void inviting_look(struct chat *c, const struct env *env)
{
    int64_t overlap = (int64_t)LOOKUP_OVERLAP_S * NS_PER_S;
    if (c->phase == CHAT_PHASE_READY)
        sweep_start(&c->intro, env, (struct wall){c->inbox_read_ns - overlap});
}

void inviting_read(struct chat *c, const struct env *env, int64_t to_ns, unsigned stores)
{
    if (stores < 2 && c->prekeys_count > 0)
        to_ns = c->inbox_read_ns; /* one store may hide something: not a reason to forget keys */
    if (to_ns <= c->inbox_read_ns)
        return;
    c->inbox_read_ns = to_ns;
    settings_save(c);
    prekeys_expire(c, env);
}
