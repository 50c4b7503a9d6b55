/* Who committed twice to one epoch: two signed tickets prove it, everybody who has them removes
 * that installation, with the proof in the commit, and it is not added again. */
#include "node/chat/rejoining.h"

#include <stdlib.h>

bool culprit_is(const struct talk *t, const uint8_t key[32])
{
    const struct rejoining *r = t->rejoining;

    for (size_t i = 0; r != NULL && i < r->culprits_count; i++)
        if (memcmp(r->culprits[i].key, key, 32) == 0)
            return true;
    return false;
}

/* The leaf of a culprit in an epoch; false: it is not there. */
static bool leaf_of(const struct mls_group *g, const uint8_t key[32], uint32_t *leaf,
                    struct profile_credential *who)
{
    const struct mls_tree *tree = g == NULL ? NULL : mls_group_tree(g);

    for (uint32_t from = 0; g != NULL && mls_tree_next_member(tree, from, leaf); from = *leaf + 1)
        if (policy_member(tree, *leaf, who) == OK && memcmp(who->key, key, 32) == 0)
            return true;
    return false;
}

static enum err note(struct rejoining *r, const uint8_t key[32], struct span a, struct span b)
{
    struct culprit *who = &r->culprits[r->culprits_count];

    if (r->culprits_count == CULPRITS_MAX)
        return ERR_FULL;
    memcpy(who->key, key, sizeof who->key);
    buf_init(&who->tickets[0], TICKET_BYTES_MAX);
    buf_init(&who->tickets[1], TICKET_BYTES_MAX);
    r->culprits_count++;
    TRY(buf_append(&who->tickets[0], a));
    return buf_append(&who->tickets[1], b);
}

static void tell(struct chat *c, const struct env *env, struct talk *t, const struct ticket *proof)
{
    struct profile_credential who;
    uint32_t leaf;
    struct eid head = branches_head(t->branches);
    bool known = leaf_of(branches_group(t->branches, &proof->parent), proof->key, &leaf, &who) ||
                 leaf_of(branches_group(t->branches, &head), proof->key, &leaf, &who);

    journal_add(c, env,
                &(struct happened){.kind = CHAT_EVENT_EXPELLED,
                                   .account = known ? who.account : NULL,
                                   .installation = proof->key,
                                   .conversation = t->id.bytes});
}

void culprit_found(struct chat *c, const struct env *env, struct talk *t, struct span a,
                   struct span b)
{
    struct ticket x, y;
    struct rejoining *r;

    if (ticket_decode(a, &x) != OK || ticket_decode(b, &y) != OK || !ticket_is_double(&x, &y) ||
        culprit_is(t, x.key) || memcmp(x.key, c->self.installation, sizeof x.key) == 0)
        return;
    if (rejoining_of(c, t, &r) != OK || note(r, x.key, a, b) != OK) {
        log_unusual(env, "chat", "no room for a proof");
        return;
    }
    tell(c, env, t, &x);
    rejoining_save(c, t);
    r->culprits_at = mono_min(
        r->culprits_at, mono_add(env->now, (int64_t)rng_below(env->rng, TALK_OWES_S) * NS_PER_S));
}

/* ---- removal ---- */

static enum err plan_one(const struct culprit *who, uint32_t leaf, struct plan *p)
{
    TRY(evidence_bring_double(&p->evidence, buf_span(&who->tickets[0]),
                              buf_span(&who->tickets[1])));
    return plan_remove(p, leaf);
}

enum err culprits_plan(const struct talk *t, const struct mls_group *g, struct plan *p)
{
    const struct rejoining *r = t->rejoining;
    struct profile_credential cred;
    uint32_t leaf;

    for (size_t i = 0; r != NULL && i < r->culprits_count; i++)
        if (p->evidence.doubles_count < EVIDENCE_DOUBLES_MAX &&
            leaf_of(g, r->culprits[i].key, &leaf, &cred))
            TRY(plan_one(&r->culprits[i], leaf, p));
    return OK;
}

/* To the epoch that the double commits left, as long as that can be done: whoever followed either
 * of them can follow this one. */
static enum err commit_beside(struct chat *c, const struct env *env, struct talk *t,
                              const struct culprit *who, const struct eid *parent)
{
    struct profile_credential cred;
    uint32_t leaf;
    struct plan *p;

    if (!leaf_of(branches_group(t->branches, parent), who->key, &leaf, &cred))
        return ERR_NOT_FOUND;
    p = malloc(sizeof *p);
    if (p == NULL)
        return ERR_MEMORY;
    plan_init(p);
    enum err err = plan_one(who, leaf, p);
    if (err == OK)
        err = talk_commit(c, env, t, p, parent);
    plan_clear(p);
    free(p);
    return err;
}

void culprits_tick(struct chat *c, const struct env *env, struct talk *t)
{
    struct rejoining *r = t->rejoining;
    const struct dag *d = branches_dag(t->branches);

    if (env->now.ns < r->culprits_at.ns)
        return;
    r->culprits_at = MONO_NEVER;
    for (size_t i = 0; t->state == CHAT_JOINED && i < r->culprits_count; i++) {
        struct profile_credential cred;
        struct ticket proof;
        uint32_t leaf;
        struct eid head = branches_head(t->branches);
        if (!leaf_of(branches_group(t->branches, &head), r->culprits[i].key, &leaf, &cred) ||
            ticket_decode(buf_span(&r->culprits[i].tickets[0]), &proof) != OK)
            continue;                                          /* gone already */
        t->reconcile_at = mono_min(t->reconcile_at, env->now); /* else to the head */
        if (eid_eq(&proof.parent, &head) || !dag_may_commit(d, &proof.parent))
            continue;
        enum err err = commit_beside(c, env, t, &r->culprits[i], &proof.parent);
        if (err != OK)
            log_unusual(env, "chat", "no removal beside a double commit err=%s", mls_err_name(err));
    }
}
