/* The hooks, and what they ask about members; the judgement of a commit is in policy_commit.c. */
#include "node/chat/profile/policy.h"

const char *policy_text(enum policy_why why)
{
    static const char *const texts[] = {
#define X(name, text) text,
        POLICY_WHY_TABLE(X)
#undef X
    };
    return why < POLICY_WHY_COUNT ? texts[why] : "?";
}

void policy_init(struct policy *p)
{
    *p = (struct policy){.verdict = {.cls = COMMIT_UPDATES}};
}

void policy_clear(struct policy *p)
{
    evidence_clear(&p->evidence);
    policy_init(p);
}

static enum err refuse(struct policy *p, enum policy_why why)
{
    if (p->verdict.why == POLICY_FINE)
        p->verdict.why = why;
    return ERR_REFUSED;
}

/* ---- evidence ---- */

static enum err take(struct policy *p, struct span bytes)
{
    enum err err = evidence_decode(bytes, &p->evidence);

    p->verdict.week = p->evidence.week;
    if (err == OK || err == ERR_MEMORY)
        return err;
    return refuse(p, err == ERR_UNSUPPORTED ? POLICY_NEWER : POLICY_EVIDENCE);
}

enum err policy_expect(struct policy *p, struct span message)
{
    struct mls_message m;

    policy_clear(p);
    TRY(mls_message_decode(message, &m));
    if (m.wire_format != MLS_WIRE_PRIVATE_MESSAGE ||
        m.private_message.content_type != MLS_CONTENT_COMMIT)
        return OK;
    return take(p, m.private_message.authenticated_data);
}

enum err policy_making(struct policy *p, struct span evidence)
{
    policy_clear(p);
    p->making = true;
    return take(p, evidence);
}

/* ---- members ---- */

enum err policy_member(const struct mls_tree *tree, uint32_t leaf, struct profile_credential *out)
{
    const struct mls_leaf *l = mls_tree_leaf(tree, leaf);

    return l == NULL ? ERR_NOT_FOUND : profile_credential_of(&l->node, out);
}

size_t policy_leaves(const struct mls_tree *tree, const uint8_t account[32], uint32_t *out,
                     size_t max)
{
    struct profile_credential c;
    size_t count = 0;
    uint32_t leaf;

    for (uint32_t from = 0; mls_tree_next_member(tree, from, &leaf); from = leaf + 1) {
        if (policy_member(tree, leaf, &c) != OK || memcmp(c.account, account, 32) != 0)
            continue;
        if (count < max)
            out[count] = leaf;
        count++;
    }
    return count;
}

/* The highest role that is listed of an account that is present. */
static enum profile_role senior(const struct profile_data *data, const struct mls_tree *tree)
{
    enum profile_role best = PROFILE_MEMBER;
    struct profile_credential c;
    uint32_t leaf;

    for (uint32_t from = 0; best < PROFILE_OWNER && mls_tree_next_member(tree, from, &leaf);
         from = leaf + 1) {
        if (policy_member(tree, leaf, &c) != OK)
            continue;
        enum profile_role role = profile_data_role(data, c.account);
        best = role > best ? role : best;
    }
    return best;
}

enum profile_role policy_role(const struct profile_data *data, const struct mls_tree *tree,
                              const uint8_t account[32])
{
    enum profile_role listed = profile_data_role(data, account);

    return listed == senior(data, tree) ? PROFILE_OWNER : listed;
}

size_t policy_voters(void *ctx, const struct mls_group *g, struct dag_voter *out)
{
    const struct mls_tree *tree = mls_group_tree(g);
    struct profile_credential c;
    struct profile_data data;
    size_t count = 0;
    uint32_t leaf;
    bool all = mls_tree_members(tree) <= DAG_VOTERS_MAX ||
               profile_data_find(mls_group_context(g)->extensions, &data) != OK;
    enum profile_role least = all ? PROFILE_MEMBER : senior(&data, tree);

    (void)ctx;
    if (least > PROFILE_ADMIN)
        least = PROFILE_ADMIN; /* admins and owners; when there is neither, everybody */
    for (uint32_t from = 0; count < DAG_VOTERS_MAX && mls_tree_next_member(tree, from, &leaf);
         from = leaf + 1) {
        if (policy_member(tree, leaf, &c) != OK ||
            (!all && profile_data_role(&data, c.account) < least))
            continue;
        out[count].leaf = leaf;
        memcpy(out[count++].key, c.key, sizeof c.key);
    }
    return count;
}

void policy_judged(void *ctx, enum commit_class *cls, uint32_t *role)
{
    const struct policy *p = ctx;

    *cls = p->verdict.cls;
    *role = p->verdict.role;
}

/* ---- hooks ---- */

static bool same_credential(const struct profile_credential *a, const struct profile_credential *b)
{
    return memcmp(a->account, b->account, 32) == 0 && memcmp(a->key, b->key, 32) == 0 &&
           a->seq == b->seq && memcmp(a->head, b->head, 32) == 0;
}

/* A commit may renew the credential of its committer: further on in the same log, or another key of
 * the same account, and the log proves it. */
static enum err renewed(struct policy *p, const struct profile_credential *before,
                        const struct profile_credential *now)
{
    const struct identity *id = evidence_identity(&p->evidence, now->account);

    if (memcmp(before->account, now->account, 32) != 0 || now->seq < before->seq)
        return refuse(p, POLICY_CREDENTIAL_CHANGED);
    if (id == NULL)
        return refuse(p, POLICY_NO_LOG);
    if (!evidence_covers(&p->evidence, now->account, now->seq, now->head))
        return refuse(p, POLICY_OLD_LOG);
    return identity_has(id, now->key, NULL) ? OK : refuse(p, POLICY_NOT_ACTIVE);
}

enum err policy_credential(void *ctx, const struct mls_claim *claim)
{
    struct policy *p = ctx;
    struct profile_credential now, before;

    if (claim->leaf == NULL)
        return refuse(p, POLICY_OUTSIDER); /* an external sender */
    if (profile_credential_of(claim->leaf, &now) != OK)
        return refuse(p, POLICY_CREDENTIAL);
    if (claim->before == NULL)
        return OK; /* joins: policy_commit, profile_joined */
    if (profile_credential_of(claim->before, &before) != OK)
        return refuse(p, POLICY_CREDENTIAL);
    if (same_credential(&before, &now))
        return OK;
    if (claim->leaf->source != MLS_LEAF_COMMIT)
        return refuse(p, POLICY_CREDENTIAL_CHANGED); /* an Update sent ahead has no evidence */
    return renewed(p, &before, &now);
}

/* Would a proposal that was sent ahead make our commit invalid? */
static bool harmless(const struct policy *p, const struct mls_group *g, const struct mls_listed *l)
{
    const struct mls_tree *tree = mls_group_tree(g);
    struct profile_credential author, target;
    struct profile_data data;

    if (l->proposal.type == MLS_PROPOSAL_UPDATE)
        return true;
    if (profile_data_find(mls_group_context(g)->extensions, &data) != OK ||
        policy_member(tree, l->sender.index, &author) != OK)
        return false;
    if (l->proposal.type == MLS_PROPOSAL_REMOVE) {
        if (policy_member(tree, l->proposal.removed, &target) != OK)
            return false;
        return memcmp(author.account, target.account, 32) == 0 ||
               (profile_rules(data.type)->roles &&
                policy_role(&data, tree, author.account) >= PROFILE_ADMIN &&
                profile_data_role(&data, target.account) == PROFILE_MEMBER);
    }
    (void)p;
    return false; /* whoever wants an Add or other data commits it himself, with the evidence */
}

enum err policy_proposal(void *ctx, const struct mls_group *g, const struct mls_listed *l)
{
    struct policy *p = ctx;

    if (l->sender.type != MLS_SENDER_MEMBER)
        return refuse(p, POLICY_OUTSIDER);
    switch (l->proposal.type) {
    case MLS_PROPOSAL_ADD:
    case MLS_PROPOSAL_UPDATE:
    case MLS_PROPOSAL_REMOVE:
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        break;
    default:
        return refuse(p, POLICY_PROPOSAL_TYPE);
    }
    if (!p->making || !l->by_reference || harmless(p, g, l))
        return OK;
    return ERR_REFUSED; /* left out of our commit: no verdict on it */
}
