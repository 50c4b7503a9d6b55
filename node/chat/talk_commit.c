/* Commits of ours: what is owed or wished for, made, sent; who comes in by them is invited. */
#include "node/chat/talk.h"

#include <stdlib.h>

/* ---- making one ---- */

/* The others follow it: the commit and its ticket, under the parent's keys. */
static enum err send_commit(struct chat *c, const struct env *env, struct talk *t,
                            const struct branches_made *made)
{
    struct frames f = {.count = 0};
    TRY(frames_add(&f, FRAME_MLS, buf_span(&made->mls.commit)));
    TRY(frames_add(&f, FRAME_TICKET, buf_span(&made->ticket)));
    return talk_publish(c, env, t, &made->parent, &f, 0);
}

static enum err made(struct chat *c, const struct env *env, struct talk *t,
                     const struct branches_made *m, const struct policy_verdict *verdict,
                     const struct plan *plan, bool alone)
{
    const struct mls_group *g = branches_group(t->branches, &m->eid);

    TRY(keys_note(c, env, t, g));
    if (verdict->removes)
        TRY(profile_address_turn(&t->address, g, verdict->week));
    t->updated_ns = env->wall.ns;
    t->own_messages = 0;
    t->changed = true;
    if (!alone)
        TRY(send_commit(c, env, t, m));
    if (plan->newcomers_count > 0)
        TRY(inviting_welcome(c, env, t, m, plan, alone));
    return OK;
}

static enum err commit_with(struct chat *c, const struct env *env, struct talk *t,
                            const struct plan *plan, struct span evidence, struct talk_world *w)
{
    struct branches_made m;
    struct eid head = branches_head(t->branches);
    const struct mls_group *g = branches_group(t->branches, &head);
    bool alone = mls_tree_members(mls_group_tree(g)) == 1;
    const struct mls_commit_options options =
        profile_commit_options(&w->us, g, buf_span(&plan->proposals), evidence);

    TRY(policy_making(&w->policy, evidence));
    enum err err = branches_commit(t->branches, env, &w->branches, &head, &options, &m);
    if (err != OK) {
        log_unusual(env, "chat", "no commit err=%s rule=%s", mls_err_name(err),
                    policy_text(w->policy.verdict.why));
        return err;
    }
    err = made(c, env, t, &m, &w->policy.verdict, plan, alone);
    branches_made_clear(&m);
    return err;
}

static enum err commit(struct chat *c, const struct env *env, struct talk *t, struct plan *plan)
{
    struct talk_world w;
    struct buf evidence = BUF_INIT(EVIDENCE_BYTES_MAX);
    struct eid head = branches_head(t->branches);

    step_open(c);
    TRY(talk_world_init(&w, c, env));
    enum err err = OK;
    if (profile_leaf_is_old(&w.us, branches_group(t->branches, &head)))
        err = evidence_bring(&plan->evidence, c->me->log);
    if (err == OK && (plan->changes || plan->evidence.logs_count > 0))
        err = evidence_write(&plan->evidence, week_of(env->wall.ns), &evidence);
    if (err == OK)
        err = commit_with(c, env, t, plan, buf_span(&evidence), &w);
    talk_world_clear(&w);
    buf_clear(&evidence);
    return err;
}

/* ---- what is owed ---- */

static void plan_init(struct plan *p)
{
    *p = (struct plan){.proposals = BUF_INIT(PLAN_BYTES_MAX)};
    evidence_draft_init(&p->evidence);
}

static void plan_clear(struct plan *p)
{
    buf_clear(&p->proposals);
    evidence_draft_clear(&p->evidence);
}

static enum err plan_remove(struct plan *p, uint32_t leaf)
{
    p->changes = true;
    return mls_make_remove(leaf, &p->proposals);
}

static enum err plan_add(struct plan *p, struct person *person, const struct part *part)
{
    if (p->newcomers_count == PLAN_NEWCOMERS_MAX)
        return ERR_FULL;
    TRY(evidence_bring(&p->evidence, person->log));
    TRY(mls_make_add(part->key_package, &p->proposals));
    p->newcomers[p->newcomers_count++] = *part;
    p->changes = true;
    return OK;
}

/* Members of the head. */
struct roster {
    struct {
        uint32_t leaf;
        struct profile_credential who;
    } list[PLAN_MEMBERS_MAX];
    size_t count;
};

static void call_roll(const struct talk *t, struct roster *r)
{
    struct eid head = branches_head(t->branches);
    const struct mls_tree *tree = mls_group_tree(branches_group(t->branches, &head));
    uint32_t leaf;
    r->count = 0;
    for (uint32_t from = 0; r->count < PLAN_MEMBERS_MAX && mls_tree_next_member(tree, from, &leaf);
         from = leaf + 1)
        if (profile_credential_of(&mls_tree_leaf(tree, leaf)->node, &r->list[r->count].who) == OK)
            r->list[r->count++].leaf = leaf;
}

static bool present(const struct roster *r, const uint8_t account[32], const uint8_t *key)
{
    for (size_t i = 0; i < r->count; i++)
        if (memcmp(r->list[i].who.account, account, 32) == 0 &&
            (key == NULL || memcmp(r->list[i].who.key, key, 32) == 0))
            return true;
    return false;
}

static bool wished_out(const struct talk *t, const uint8_t account[32])
{
    for (size_t i = 0; i < t->wishes_count; i++)
        if (t->wishes[i].kind == WISH_REMOVE && memcmp(t->wishes[i].account, account, 32) == 0)
            return true;
    return false;
}

static enum err plan_removals(const struct chat *c, const struct talk *t, const struct roster *r,
                              struct plan *p)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct profile_credential *who = &r->list[i].who;
        const struct person *person = people_find(c, who->account);
        bool out = wished_out(t, who->account);
        bool revoked = person != NULL && person->log != NULL &&
                       !identity_has(identity_log_now(person->log), who->key, NULL);
        if (memcmp(who->key, c->self.installation, 32) == 0 || (!out && !revoked))
            continue;
        if (revoked)
            TRY(evidence_bring(&p->evidence, person->log));
        TRY(plan_remove(p, r->list[i].leaf));
    }
    return OK;
}

/* The devices of an account that have a part and are no members. The log that we know may be newer
 * than the one that the parts came with. */
static enum err plan_devices(struct chat *c, const struct env *env, const struct roster *r,
                             struct person *person, struct plan *p)
{
    struct part parts[BUNDLE_PARTS_MAX];
    size_t count = person->found == NULL || person->log == NULL
                       ? 0
                       : found_parts(person->found, (uint64_t)(env->wall.ns / NS_PER_S), parts);
    for (size_t i = 0; i < count; i++)
        if (!present(r, person->account, parts[i].installation) &&
            memcmp(parts[i].installation, c->self.installation, 32) != 0 &&
            identity_has(identity_log_now(person->log), parts[i].installation, NULL))
            TRY(plan_add(p, person, &parts[i]));
    return OK;
}

static enum err plan_additions(struct chat *c, const struct env *env, const struct talk *t,
                               const struct roster *r, struct plan *p)
{
    size_t cursor = 0;
    for (struct person *q; (q = map_next(&c->people, &cursor, NULL)) != NULL;)
        if (present(r, q->account, NULL) && !wished_out(t, q->account))
            TRY(plan_devices(c, env, r, q, p));
    for (size_t i = 0; i < t->wishes_count; i++) {
        struct person *q =
            t->wishes[i].kind == WISH_ADD ? people_find(c, t->wishes[i].account) : NULL;
        if (q != NULL && !present(r, q->account, NULL))
            TRY(plan_devices(c, env, r, q, p));
    }
    return OK;
}

/* Name and roles that are wished for. */
static enum err plan_data(const struct talk *t, struct plan *p)
{
    struct profile_data data = t->data;
    struct buf extensions = BUF_INIT(PROFILE_DATA_BYTES_MAX);
    for (size_t i = 0; i < t->wishes_count; i++) {
        const struct wish *w = &t->wishes[i];
        if (w->kind == WISH_NAME) {
            memcpy(data.name, w->name, w->name_len);
            data.name_len = w->name_len;
        } else if (w->kind == WISH_ROLE) {
            TRY(profile_data_set_role(&data, w->account, (enum profile_role)w->role));
        }
    }
    if (profile_data_same(&data, &t->data))
        return OK;
    enum err err = profile_data_extensions(&data, &extensions);
    if (err == OK)
        err = mls_make_extensions(buf_span(&extensions), &p->proposals);
    p->changes = true;
    buf_clear(&extensions);
    return err;
}

static enum err make_plan(struct chat *c, const struct env *env, struct talk *t, struct plan *p)
{
    struct roster *r = malloc(sizeof *r);
    if (r == NULL)
        return ERR_MEMORY;
    call_roll(t, r);
    enum err err = plan_removals(c, t, r, p);
    if (err == OK)
        err = plan_additions(c, env, t, r, p);
    if (err == OK)
        err = plan_data(t, p);
    free(r);
    return err;
}

/* Wishes that the head fulfils. */
void talk_settle_wishes(struct talk *t)
{
    struct roster *r = malloc(sizeof *r);
    if (r == NULL)
        return;
    call_roll(t, r);
    for (size_t i = t->wishes_count; i-- > 0;) {
        const struct wish *w = &t->wishes[i];
        bool done = w->kind == WISH_ADD      ? present(r, w->account, NULL)
                    : w->kind == WISH_REMOVE ? !present(r, w->account, NULL)
                    : w->kind == WISH_ROLE
                        ? profile_data_role(&t->data, w->account) == (enum profile_role)w->role
                        : w->name_len == t->data.name_len &&
                              memcmp(w->name, t->data.name, w->name_len) == 0;
        if (!done)
            continue;
        t->wishes_count--;
        memmove(&t->wishes[i], &t->wishes[i + 1], (t->wishes_count - i) * sizeof *t->wishes);
        t->changed = true;
    }
    free(r);
}

/* Healing: the first message of a turn, or the age of our leaf. @source CHAT.md 4 */
static bool heals(const struct talk *t, const struct env *env, bool speaking)
{
    int64_t age = env->wall.ns - t->updated_ns;
    bool pair = t->type == CHAT_DIRECT || t->type == CHAT_SELF;
    if (pair && speaking && !t->ours_last && age > HEAL_TURN_S * NS_PER_S)
        return true;
    if (!pair && t->own_messages >= HEAL_MESSAGES)
        return true;
    return age > (pair ? HEAL_DIRECT_S : HEAL_GROUP_S) * NS_PER_S;
}

/* Does somebody wait for the removal that he proposed? */
static bool somebody_leaves(const struct talk *t)
{
    struct eid head = branches_head(t->branches);
    const struct mls_group *g = branches_group(t->branches, &head);
    for (size_t i = 0; i < mls_group_waiting(g); i++)
        if (mls_group_waiting_at(g, i).proposal.type == MLS_PROPOSAL_REMOVE)
            return true;
    return false;
}

enum err talk_reconcile(struct chat *c, const struct env *env, struct talk *t, bool speaking)
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
    enum err err = make_plan(c, env, t, p);
    if (err == OK && (p->changes || somebody_leaves(t) || heals(t, env, speaking)))
        err = commit(c, env, t, p);
    plan_clear(p);
    free(p);
    return err;
}
