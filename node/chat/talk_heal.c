/* Healing of a conversation (healing.h): what it is told, and what it wants done. */
#include "node/chat/profile/healing.h"
#include "node/chat/talk.h"

static const struct identity_log *log_of(void *ctx, const uint8_t *account)
{
    const struct person *p = people_find(ctx, account);
    return p == NULL ? NULL : p->log;
}

/* ---- what it is told ---- */

void talk_heal_owe(struct chat *c, const struct env *env, struct talk *t)
{
    struct healing_debt debts[PLAN_DEBTS_MAX];
    struct eid head;
    bool own = false;

    if (t->healing == NULL || t->branches == NULL)
        return;
    head = branches_head(t->branches);
    size_t count = healing_owed(branches_group(t->branches, &head), log_of, c, c->self.account,
                                debts, PLAN_DEBTS_MAX);
    for (size_t i = 0; i < count && i < PLAN_DEBTS_MAX; i++)
        own |= debts[i].own;
    healing_owe(t->healing, env, count, own);
}

enum err talk_heal_epoch(struct chat *c, const struct env *env, struct talk *t,
                         const struct mls_group *g)
{
    if (t->healing == NULL)
        TRY(healing_new(&t->healing, (enum profile_type)t->type));
    TRY(healing_epoch(t->healing, env, g));
    talk_heal_owe(c, env, t);
    return OK;
}

bool talk_waits_for(const struct mls_group *g, enum mls_proposal_type type, const uint32_t *leaf)
{
    for (size_t i = 0; i < mls_group_waiting(g); i++) {
        const struct mls_listed l = mls_group_waiting_at(g, i);
        if (l.proposal.type == type && (leaf == NULL || l.sender.index == *leaf))
            return true;
    }
    return false;
}

/* Does somebody wait for the removal that he proposed? Not when another device of ours leaves with
 * us: nobody commits his own removal. */
bool talk_somebody_leaves(const struct talk *t)
{
    struct eid head = branches_head(t->branches);
    const struct mls_group *g = branches_group(t->branches, &head);
    bool any = false;
    for (size_t i = 0; i < mls_group_waiting(g); i++) {
        const struct mls_proposal p = mls_group_waiting_at(g, i).proposal;
        if (p.type != MLS_PROPOSAL_REMOVE)
            continue;
        if (p.removed == mls_group_own_leaf(g))
            return false;
        any = true;
    }
    return any;
}

/* A proposal waits in the head, ours or another's: who leaves is waited for less than fresh keys.
 */
void talk_heal_proposal(const struct env *env, struct talk *t)
{
    struct eid head = branches_head(t->branches);
    const struct mls_group *g = branches_group(t->branches, &head);
    size_t members = mls_tree_members(mls_group_tree(g));
    uint64_t spread = members < TALK_OWES_S ? members : TALK_OWES_S;

    if (talk_waits_for(g, MLS_PROPOSAL_UPDATE, NULL))
        healing_proposal(t->healing, env, g);
    if (talk_somebody_leaves(t))
        t->reconcile_at = mono_min(
            t->reconcile_at, mono_add(env->now, (int64_t)rng_below(env->rng, spread) * NS_PER_S));
}

/* ---- what it wants ---- */

/* An Update of our leaf, for somebody to commit; one in each epoch is enough. */
static enum err propose(struct chat *c, const struct env *env, struct talk *t)
{
    struct talk_world w;
    struct frames f = {.count = 0};
    struct buf message = BUF_INIT(ENVELOPE_BYTES_MAX);
    struct eid head = branches_head(t->branches);
    const struct mls_group *g = branches_group(t->branches, &head);
    uint32_t own = mls_group_own_leaf(g);

    if (t->state == CHAT_LEFT || t->state == CHAT_REQUESTED ||
        talk_waits_for(g, MLS_PROPOSAL_UPDATE, &own))
        return OK;
    TRY(talk_world_init(&w, c, env));
    enum err err = branches_propose(t->branches, &w.branches, SPAN_EMPTY, NULL, &message);
    if (err == OK)
        err = frames_add(&f, FRAME_MLS, buf_span(&message));
    if (err == OK)
        err = talk_send(c, env, t, &head, &f, 0);
    talk_world_clear(&w);
    buf_clear(&message);
    t->active = true;
    if (err == OK)
        talk_heal_proposal(env, t);
    return err;
}

enum err talk_heal(struct chat *c, const struct env *env, struct talk *t, enum healing_kind kind)
{
    if (kind != HEALING_PROPOSE)
        return talk_reconcile(c, env, t, kind);
    enum err err = propose(c, env, t);
    return err == OK ? talk_reconcile(c, env, t, HEALING_NOTHING) : err;
}

enum err talk_heal_before(struct chat *c, const struct env *env, struct talk *t)
{
    enum healing_kind kind = healing_before(t->healing, env);
    enum err err = talk_heal(c, env, t, kind);

    /* a revoked installation goes before anything is said; when policy lets nobody but an admin do
     * that, it stays owed, but to be silent would let it silence us */
    if (err == OK || (kind == HEALING_REMOVE && mls_err_class(err) != ERR_REFUSED))
        return err;
    log_unusual(env, "chat", "said before healing err=%s", mls_err_name(err));
    return OK;
}

void talk_heal_tick(struct chat *c, const struct env *env, struct talk *t)
{
    enum healing_kind kind;

    if (!c->online || t->healing == NULL || t->state == CHAT_LEFT)
        return;
    healing_tick(t->healing, env);
    while (healing_poll(t->healing, &kind)) {
        enum err err = talk_heal(c, env, t, kind);
        t->active = true;
        if (err != OK)
            log_unusual(env, "chat", "not healed kind=%d err=%s", (int)kind, mls_err_name(err));
    }
}

struct mono talk_heal_deadline(const struct chat *c, const struct talk *t)
{
    return c->online && t->healing != NULL && t->state != CHAT_LEFT ? healing_deadline(t->healing)
                                                                    : MONO_NEVER;
}

/* ---- at rest ---- */

static struct row_key key_of(const struct talk *t)
{
    return row_key_of(SPAN_LIT("healing:"), SPAN_ARRAY(t->id.bytes), SPAN_EMPTY);
}

enum err talk_heal_save(struct chat *c, struct talk *t, struct buf *value)
{
    struct row_key key = key_of(t);

    if (t->healing == NULL || !healing_changed(t->healing))
        return OK;
    buf_reset(value);
    TRY(healing_save(t->healing, value));
    step_put(c, VAULT_T_SECRETS, row_span(&key), value);
    return OK;
}

enum err talk_heal_load(struct chat *c, struct talk *t, struct buf *value)
{
    struct row_key key = key_of(t);

    buf_reset(value);
    enum err err = vault_get(c->vault, VAULT_T_SECRETS, row_span(&key), value);
    if (err == OK)
        err = healing_load(buf_span(value), &t->healing);
    return err == ERR_NOT_FOUND ? OK : err;
}
