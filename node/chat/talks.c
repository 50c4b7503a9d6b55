/* The list of conversations, and what happens to all of them. */
#include "crypto/base/wipe.h"
#include "node/chat/doors.h"
#include "node/chat/talk.h"

#include <stdlib.h>

/* ---- the list ---- */

struct talk *talks_find(const struct chat *c, const uint8_t id[32])
{
    return map_get(&c->talks, span_of(id, CHAT_CONVERSATION_BYTES));
}

struct talk *talks_new(struct chat *c, const struct env *env, const uint8_t id[32],
                       enum chat_type type)
{
    struct talk *t = calloc(1, sizeof *t);
    if (t == NULL)
        return NULL;
    memcpy(t->id.bytes, id, sizeof t->id.bytes);
    t->type = type;
    t->last_ns = t->caught_up_ns = env->wall.ns;
    t->reconcile_at = MONO_NEVER;
    t->changed = true;
    if (map_put(&c->talks, SPAN_ARRAY(t->id.bytes), t) != OK) {
        free(t);
        return NULL;
    }
    return t;
}

struct talk *talks_direct(const struct chat *c, const uint8_t account[32])
{
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->type == CHAT_DIRECT && t->state != CHAT_LEFT &&
            memcmp(t->with.bytes, account, 32) == 0)
            return t;
    return NULL;
}

static void talk_free(struct talk *t)
{
    branches_free(t->branches);
    delivery_free(t->delivery);
    rejoining_free(t->rejoining);
    healing_free(t->healing);
    doors_free(t->doors);
    free(t->since);
    free(t->wishes);
    free(t->roster);
    wipe(t, sizeof *t);
    free(t);
}

void talks_clear(struct chat *c)
{
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        talk_free(t);
}

enum err talks_named(const struct chat *c, const struct chat_conversation *id, struct talk **out)
{
    *out = talks_find(c, id->bytes);
    return *out == NULL || (*out)->type == CHAT_SELF ? ERR_NOT_FOUND : OK; /* no person's */
}

/* ---- beginning ---- */

bool talk_silent(const struct chat *c, const struct talk *t)
{
    return t->state == CHAT_REQUESTED ||
           (t->type == CHAT_DIRECT && people_blocked(c, t->with.bytes));
}

enum err talk_deliver(struct chat *c, const struct env *env, struct talk *t)
{
    const struct delivery_config config = {.conversation = SPAN_ARRAY(t->id.bytes),
                                           .self = c->self,
                                           .key = c->installation,
                                           .receipts = c->receipts,
                                           .silent = talk_silent(c, t),
                                           .authors = people_author,
                                           .authors_state = c};
    return delivery_new(&t->delivery, env, &config);
}

/* `first` is taken. */
enum err talk_begin(struct chat *c, const struct env *env, struct talk *t,
                    const struct talk_world *w, struct mls_group *first)
{
    struct eid eid;
    TRY(branches_new(&t->branches, env, &w->branches, first));
    TRY(talk_deliver(c, env, t));
    eid = branches_head(t->branches);
    TRY(keys_note(c, env, t, branches_group(t->branches, &eid)));
    t->changed = t->active = true;
    TRY(talk_adopt(c, env, t));
    network_listen(c);
    return OK;
}

/* ---- who came when ---- */

uint64_t members_since(struct talk *t, const struct entry_author *who, uint64_t epoch)
{
    for (size_t i = 0; i < t->since_count; i++)
        if (entry_author_eq(&t->since[i].who, who))
            return t->since[i].epoch;
    if (t->since_count == t->since_cap) {
        size_t cap = t->since_cap == 0 ? 8 : 2 * t->since_cap;
        struct since *more =
            cap > 4 * DELIVERY_MEMBERS_MAX ? NULL : realloc(t->since, cap * sizeof *more);
        if (more == NULL)
            return epoch;
        t->since = more;
        t->since_cap = cap;
    }
    t->since[t->since_count++] = (struct since){*who, epoch};
    t->changed = true;
    return epoch;
}

void members_forget(struct talk *t, const struct entry_author *who)
{
    for (size_t i = t->since_count; i-- > 0;)
        if (entry_author_eq(&t->since[i].who, who))
            t->since[i] = t->since[--t->since_count];
}

/* ---- time ---- */

/* What is owed and wished for; and who wants to leave goes. */
static enum err settle(struct chat *c, const struct env *env, struct talk *t)
{
    return talk_reconcile(c, env, t, talk_somebody_leaves(t) ? HEALING_GATHER : HEALING_NOTHING);
}

void talks_tick(struct chat *c, const struct env *env)
{
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;) {
        if (t->branches == NULL)
            continue;
        if (talk_deadline(t, env).ns <= env->now.ns) {
            step_open(c);
            t->active = true;
            branches_tick(t->branches, env);
            delivery_tick(t->delivery, env);
            keys_expire(t, env);
        }
        rejoin_tick(c, env, t);
        if (talk_heal_deadline(c, t).ns <= env->now.ns) {
            step_open(c);
            talk_heal_tick(c, env, t);
        }
        if (c->online && t->reconcile_at.ns <= env->now.ns) {
            step_open(c);
            t->reconcile_at = MONO_NEVER;
            t->active = true;
            enum err err = settle(c, env, t);
            if (err != OK)
                log_unusual(env, "chat", "commit failed err=%s", mls_err_name(err));
        }
    }
}

struct mono talk_deadline(const struct talk *t, const struct env *env)
{
    if (t->branches == NULL)
        return MONO_NEVER;
    return mono_min(branches_deadline(t->branches), delivery_deadline(t->delivery, env));
}

struct mono talks_deadline(const struct chat *c, const struct env *env)
{
    struct mono at = MONO_NEVER;
    size_t cursor = 0;
    for (const struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;) {
        at = mono_min(at, talk_deadline(t, env));
        at = mono_min(at, t->branches == NULL ? MONO_NEVER : rejoin_deadline(t, env));
        at = mono_min(at, talk_heal_deadline(c, t));
        if (c->online)
            at = mono_min(at, t->reconcile_at);
    }
    return at;
}

void talks_pump(struct chat *c, const struct env *env)
{
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->active)
            talk_pump(c, env, t);
}

void talks_published(struct chat *c, const struct env *env, struct talk *t, uint64_t token,
                     enum err err)
{
    (void)c;
    t->active = true;
    if (token != 0 && t->delivery != NULL)
        delivery_published(t->delivery, env, token, err);
}

/* The log of a member has changed: what it obliges us to is done when healing says so, at the
 * latest before we speak; who comes in by it, soon, by whoever is first. */
void talks_log_changed(struct chat *c, const struct env *env, const struct person *p)
{
    size_t cursor = 0;
    int64_t wait = (int64_t)rng_below(env->rng, TALK_OWES_S) * NS_PER_S;
    (void)p;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;) {
        talk_heal_owe(c, env, t);
        t->reconcile_at = mono_min(t->reconcile_at, mono_add(env->now, wait));
    }
}

void talks_offline(struct chat *c, const struct env *env)
{
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->delivery != NULL)
            delivery_ready(t->delivery, env, false);
}

void talks_set_receipts(struct chat *c, bool on)
{
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->delivery != NULL)
            delivery_set_receipts(t->delivery, on);
}

void talk_removed(struct chat *c, const struct env *env, struct talk *t)
{
    if (t->state == CHAT_LEFT)
        return;
    t->state = CHAT_LEFT;
    t->changed = true;
    delivery_removed(t->delivery);
    network_listen(c);
    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_CONVERSATION, .conversation = t->id.bytes});
}

/* Our own log has this device no more: whether or not their commits reach us, the others go on
 * without it. */
void talks_revoked(struct chat *c, const struct env *env)
{
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->delivery != NULL)
            talk_removed(c, env, t);
}

/* ---- bundles ---- */

/* A part that is new may be a device that belongs into our conversations. One of our own account
 * is brought in by the keeper at once, by another of ours only if that did not happen: two commits
 * at once would hinder each other. */
void talks_found(struct chat *c, const struct env *env, struct person *p)
{
    size_t cursor = 0;
    int64_t wait = 0;
    if (p == c->me && c->root == NULL)
        wait = TALK_OWES_S / 4 + (int64_t)rng_below(env->rng, TALK_OWES_S);
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->branches != NULL && t->state != CHAT_LEFT)
            t->reconcile_at = mono_min(t->reconcile_at, mono_add(env->now, wait * NS_PER_S));
}

void talks_unreached(struct chat *c, const struct env *env, const struct person *p)
{
    const struct talk *t = talks_direct(c, p->account);
    if (t != NULL && t->state == CHAT_LOOKING)
        journal_add(c, env,
                    &(struct happened){.kind = CHAT_EVENT_UNREACHED,
                                       .account = p->account,
                                       .conversation = t->id.bytes});
}

/* ---- two of the same two ---- */

/* What we have said in the one that goes is said again in the one that stays. */
static void pair_move(const struct env *env, struct talk *from, struct talk *to)
{
    const struct timeline *all = delivery_timeline(from->delivery);
    for (size_t i = 0; i < timeline_count(all); i++) {
        struct timeline_entry at = timeline_at(all, i);
        struct entry_id id;
        struct entry e;
        struct outbox_status s;
        if (!outbox_status(delivery_outbox(from->delivery), &at.place.id, &s) ||
            s.state >= OUTBOX_DELIVERED || entry_decode(at.bytes, &e) != OK)
            continue;
        if (delivery_say(to->delivery, env, e.content, &id) != OK)
            log_unusual(env, "chat", "not said again in the conversation that stays");
    }
    to->active = true;
}

void talks_pair(struct chat *c, const struct env *env, struct talk *t)
{
    size_t cursor = 0;
    if (t->type != CHAT_DIRECT)
        return;
    for (struct talk *u; (u = map_next(&c->talks, &cursor, NULL)) != NULL;) {
        if (u == t || u->type != CHAT_DIRECT || u->state == CHAT_LEFT ||
            memcmp(u->with.bytes, t->with.bytes, sizeof u->with.bytes) != 0)
            continue;
        bool stays = profile_direct_stays(c->self.account, t->with.bytes, t->id.bytes, u->id.bytes);
        struct talk *loser = stays ? u : t;
        struct talk *winner = loser == u ? t : u;
        if (winner->state == CHAT_REQUESTED) { /* we wrote as well: that is an answer */
            winner->state = CHAT_JOINED;
            winner->changed = true;
        }
        pair_move(env, loser, winner);
        talk_removed(c, env, loser);
    }
}
