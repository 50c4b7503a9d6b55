/* Commits of ours: made when something is owed, sent, and noted. (What is in them: talk_plan.c.) */
#include "node/chat/notices.h"

#include <stdlib.h>

/* ---- making one ---- */

/* The others follow it: the commit and its ticket, under the parent's keys. */
static enum err send_commit(struct chat *c, const struct env *env, struct talk *t,
                            const struct branches_made *made)
{
    struct frames f = {.count = 0};
    TRY(frames_add(&f, FRAME_MLS, buf_span(&made->mls.commit)));
    TRY(frames_add(&f, FRAME_TICKET, buf_span(&made->ticket)));
    return talk_send(c, env, t, &made->parent, &f, 0);
}

static enum err made(struct chat *c, const struct env *env, struct talk *t,
                     const struct branches_made *m, const struct policy_verdict *verdict,
                     const struct plan *plan, bool alone)
{
    const struct mls_group *g = branches_group(t->branches, &m->eid);

    TRY(keys_note(c, env, t, g));
    if (verdict->removes)
        TRY(profile_address_turn(&t->address, g, verdict->week));
    TRY(talk_heal_epoch(c, env, t, g)); /* our leaf is new: the next message need not heal */
    notices_commit(c, env, t, &m->parent, &m->eid, &c->self, plan->evidence.lamport);
    t->changed = true;
    if (!alone)
        TRY(send_commit(c, env, t, m));
    if (plan->newcomers_count > 0)
        TRY(inviting_welcome(c, env, t, m, plan, alone));
    if (plan->guests_count > 0)
        TRY(rejoin_made(c, env, t, m, plan));
    return OK;
}

static enum err commit_with(struct chat *c, const struct env *env, struct talk *t,
                            const struct plan *plan, const struct eid *parent, struct span evidence,
                            struct talk_world *w)
{
    struct branches_made m;
    const struct mls_group *g = branches_group(t->branches, parent);
    bool alone = mls_tree_members(mls_group_tree(g)) == 1;
    const struct mls_commit_options options =
        profile_commit_options(&w->us, g, buf_span(&plan->proposals), evidence);

    TRY(policy_making(&w->policy, evidence));
    enum err err = branches_commit(t->branches, env, &w->branches, parent, &options, &m);
    if (err != OK) {
        log_unusual(env, "chat", "no commit err=%s rule=%s", mls_err_name(err),
                    policy_text(w->policy.verdict.why));
        return err;
    }
    err = made(c, env, t, &m, &w->policy.verdict, plan, alone);
    branches_made_clear(&m);
    return err;
}

/* Is a removal waiting: of anybody, or of ourselves? */
static bool removal_waits(const struct mls_group *g, bool ours)
{
    for (size_t i = 0; i < mls_group_waiting(g); i++) {
        const struct mls_proposal p = mls_group_waiting_at(g, i).proposal;
        if (p.type == MLS_PROPOSAL_REMOVE && (!ours || p.removed == mls_group_own_leaf(g)))
            return true;
    }
    return false;
}

enum err talk_commit(struct chat *c, const struct env *env, struct talk *t, struct plan *plan,
                     const struct eid *parent)
{
    struct talk_world w;
    struct buf evidence = BUF_INIT(EVIDENCE_BYTES_MAX);

    step_open(c);
    TRY(talk_world_init(&w, c, env));
    enum err err = OK;
    if (profile_leaf_is_old(&w.us, branches_group(t->branches, parent)))
        err = evidence_bring(&plan->evidence, c->me->log);
    bool changes = plan->changes || removal_waits(branches_group(t->branches, parent), false);
    plan->evidence.lamport = changes ? notices_now(t, env) : 0;
    if (err == OK && (changes || plan->evidence.logs_count > 0))
        err = evidence_write(&plan->evidence, week_of(env->wall.ns), &evidence);
    if (err == OK)
        err = commit_with(c, env, t, plan, parent, buf_span(&evidence), &w);
    talk_world_clear(&w);
    buf_clear(&evidence);
    return err;
}

/* Is there something to commit? What others wait for, when its time has come. */
static bool has_cause(const struct mls_group *g, const struct plan *p, enum healing_kind why)
{
    if (removal_waits(g, true))
        return false; /* a device of ours leaves with us: nobody commits his own removal */
    return p->changes || why == HEALING_UPDATE ||
           (why == HEALING_GATHER && mls_group_waiting(g) > 0);
}

enum err talk_reconcile(struct chat *c, const struct env *env, struct talk *t,
                        enum healing_kind why)
{
    struct plan *p;
    struct eid head;

    if (t->branches == NULL || t->state == CHAT_LEFT || t->state == CHAT_REQUESTED)
        return OK;
    head = branches_head(t->branches);
    if (!dag_may_commit(branches_dag(t->branches), &head))
        return OK; /* our commit to this epoch is out already, or it is settled */
    p = malloc(sizeof *p);
    if (p == NULL)
        return ERR_MEMORY;
    plan_init(p);
    enum err err = plan_make(c, env, t, p);
    if (err == OK && why == HEALING_SILENT)
        err = plan_silent(t, p);
    if (err == OK && p->waits)
        t->reconcile_at = mono_add(env->now, TALK_GATHER_S * NS_PER_S);
    else if (err == OK && has_cause(branches_group(t->branches, &head), p, why))
        err = talk_commit(c, env, t, p, &head);
    if (err == OK && p->more)
        t->reconcile_at = mono_add(env->now, TALK_GATHER_S * NS_PER_S);
    plan_clear(p);
    free(p);
    return err;
}
