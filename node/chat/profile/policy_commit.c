/* The judgement of a whole commit, proposal by proposal: the table in policy.h as code. */
#include "node/chat/profile/policy.h"

struct judging {
    struct policy *p;
    const struct mls_commit_view *view;
    const struct mls_tree *parent;
    struct profile_data before, after;
    const struct profile_rules *rules;
    bool founding; /* the group has one member */
};

static void at_least(struct judging *j, enum commit_class cls)
{
    if (cls < j->p->verdict.cls)
        j->p->verdict.cls = cls;
}

static bool same_account(const struct profile_credential *a, const struct profile_credential *b)
{
    return memcmp(a->account, b->account, ACCOUNT_ID_BYTES) == 0;
}

static bool in_charge(const struct judging *j, const struct profile_credential *who)
{
    return policy_role(&j->before, j->parent, who->account) >= PROFILE_ADMIN;
}

/* The carried log of an account, which must know all that the leaves of the account know. */
static enum policy_why log_of(const struct judging *j, const uint8_t account[32],
                              const struct identity **out)
{
    uint32_t leaves[IDENTITY_INSTALLATIONS_MAX];
    const struct evidence *e = &j->p->evidence;
    struct profile_credential c;

    *out = evidence_identity(e, account);
    if (*out == NULL)
        return POLICY_NO_LOG;
    size_t count = policy_leaves(j->parent, account, leaves, IDENTITY_INSTALLATIONS_MAX);
    for (size_t i = 0; i < count && i < IDENTITY_INSTALLATIONS_MAX; i++)
        if (policy_member(j->parent, leaves[i], &c) == OK &&
            !evidence_covers(e, account, c.seq, c.head))
            return POLICY_OLD_LOG;
    return POLICY_FINE;
}

/* ---- who goes ---- */

/* Is this Remove one half of a rejoin? The Add beside it is judged by itself. */
static bool replaced(const struct judging *j, const struct profile_credential *gone)
{
    struct profile_credential added;

    for (size_t i = 0; i < j->view->proposal_count; i++) {
        const struct mls_proposal *p = &j->view->proposals[i].proposal;
        if (p->type == MLS_PROPOSAL_ADD && profile_credential_of(&p->add.leaf, &added) == OK &&
            same_account(gone, &added) && memcmp(gone->key, added.key, sizeof added.key) == 0)
            return true;
    }
    return false;
}

/* Removed by what the commit proves about it. */
static enum policy_why convicted(const struct judging *j, const struct profile_credential *gone)
{
    struct span group = mls_group_context(j->view->parent)->group_id;
    const struct identity *id;

    if (evidence_double(&j->p->evidence, group, gone->key))
        return POLICY_FINE;
    enum policy_why why = log_of(j, gone->account, &id);
    if (why != POLICY_FINE)
        return why;
    bool active = (id->status == IDENTITY_ALIVE || id->status == IDENTITY_FROZEN) &&
                  identity_has(id, gone->key, NULL);
    return active ? POLICY_MAY_NOT_REMOVE : POLICY_FINE;
}

/* Does the commit remove that leaf because of what it proves, and put its key in no new place? */
static bool goes(const struct judging *j, uint32_t leaf)
{
    struct profile_credential gone;

    if (policy_member(j->parent, leaf, &gone) != OK || replaced(j, &gone))
        return false;
    for (size_t i = 0; i < j->view->proposal_count; i++) {
        const struct mls_proposal *p = &j->view->proposals[i].proposal;
        if (p->type == MLS_PROPOSAL_REMOVE && p->removed == leaf)
            return convicted(j, &gone) == POLICY_FINE;
    }
    return false;
}

/* An account that was taken back: all its leaves go, so nobody of its own is left to bring in what
 * its log has instead. As long as one stays the others wait for that one, or for an admin: a log
 * that is carried along may be cut short, or be the branch that has lost. */
static bool goes_whole(const struct judging *j, const uint8_t account[32])
{
    uint32_t leaves[IDENTITY_INSTALLATIONS_MAX];
    size_t count = policy_leaves(j->parent, account, leaves, IDENTITY_INSTALLATIONS_MAX);
    bool whole = count > 0 && count <= IDENTITY_INSTALLATIONS_MAX;

    for (size_t i = 0; i < count && whole; i++)
        whole = goes(j, leaves[i]);
    return whole;
}

/* ---- Adds ---- */

/* The leaf whose place this Add takes in the same commit: of the same installation. */
static bool replaces(const struct judging *j, const struct profile_credential *added)
{
    struct profile_credential gone;

    for (size_t i = 0; i < j->view->proposal_count; i++) {
        const struct mls_proposal *p = &j->view->proposals[i].proposal;
        if (p->type == MLS_PROPOSAL_REMOVE && policy_member(j->parent, p->removed, &gone) == OK &&
            same_account(&gone, added) && memcmp(gone.key, added->key, sizeof gone.key) == 0)
            return true;
    }
    return false;
}

static bool is_ours(const struct judging *j, const struct profile_credential *added)
{
    struct profile_credential us;

    return policy_member(j->parent, mls_group_own_leaf(j->view->parent), &us) == OK &&
           memcmp(us.key, added->key, sizeof us.key) == 0;
}

static enum policy_why proven(const struct judging *j, const struct profile_credential *added)
{
    const struct identity *id;

    if (j->founding)
        return POLICY_FINE;
    enum policy_why why = log_of(j, added->account, &id);
    if (why != POLICY_FINE)
        return why;
    if (!evidence_covers(&j->p->evidence, added->account, added->seq, added->head))
        return POLICY_OLD_LOG;
    return id->status == IDENTITY_ALIVE && identity_has(id, added->key, NULL) ? POLICY_FINE
                                                                              : POLICY_NOT_ACTIVE;
}

static enum policy_why may_add(const struct judging *j, const struct profile_credential *author,
                               const struct profile_credential *added)
{
    if (!j->rules->roles)
        return profile_data_lists(&j->before, added->account) ? POLICY_FINE : POLICY_NOT_LISTED;
    if (same_account(author, added) || in_charge(j, author) ||
        (j->before.policy & PROFILE_MEMBERS_ADD) != 0 || goes_whole(j, added->account))
        return POLICY_FINE;
    return POLICY_MAY_NOT_ADD;
}

static enum policy_why judge_add(struct judging *j, const struct profile_credential *author,
                                 const struct mls_key_package *package)
{
    struct profile_credential added;

    at_least(j, COMMIT_ADDS);
    if (profile_credential_of(&package->leaf, &added) != OK)
        return POLICY_CREDENTIAL;
    enum policy_why why = proven(j, &added);
    if (why != POLICY_FINE)
        return why;
    if (policy_leaves(j->view->tree, added.account, NULL, 0) > IDENTITY_INSTALLATIONS_MAX)
        return POLICY_TOO_MANY_OF_ACCOUNT;
    if (!replaces(j, &added))
        return may_add(j, author, &added);
    struct span group = mls_group_context(j->view->parent)->group_id;
    if (!evidence_rejoin(&j->p->evidence, group, added.key, package->encoded) &&
        !same_account(author, &added))
        return POLICY_EVIDENCE;
    j->p->verdict.rejoins = true;
    j->p->verdict.replaces_us |= is_ours(j, &added);
    return POLICY_FINE;
}

/* ---- Removes ---- */

/* Removed because of who the author is. */
static enum policy_why by_right(struct judging *j, const struct profile_credential *author,
                                const struct profile_credential *gone)
{
    bool stays = policy_leaves(j->view->tree, gone->account, NULL, 0) > 0;

    if (!j->rules->roles)
        return stays ? POLICY_FINE : POLICY_MAY_NOT_REMOVE;
    if (!in_charge(j, author))
        return POLICY_MAY_NOT_REMOVE;
    if (stays)
        return POLICY_FINE;
    if (policy_role(&j->before, j->parent, author->account) <=
        policy_role(&j->before, j->parent, gone->account))
        return POLICY_MAY_NOT_REMOVE;
    if (profile_data_role(&j->after, gone->account) != PROFILE_MEMBER)
        return POLICY_ROLE_STAYS;
    at_least(j, COMMIT_REMOVES_OTHER);
    return POLICY_FINE;
}

static enum policy_why judge_remove(struct judging *j, const struct profile_credential *author,
                                    uint32_t leaf)
{
    struct profile_credential gone;

    if (policy_member(j->parent, leaf, &gone) != OK)
        return POLICY_CREDENTIAL;
    if (replaced(j, &gone))
        return POLICY_FINE; /* nobody leaves, so the address stays: others who are lost have it */
    j->p->verdict.removes = true;
    if (same_account(author, &gone)) {
        at_least(j, COMMIT_REMOVES_EVIDENCE);
        return POLICY_FINE;
    }
    enum policy_why proof = convicted(j, &gone);
    if (proof == POLICY_FINE) {
        at_least(j, COMMIT_REMOVES_EVIDENCE);
        return POLICY_FINE;
    }
    enum policy_why right = by_right(j, author, &gone);
    return right == POLICY_MAY_NOT_REMOVE && proof == POLICY_OLD_LOG ? POLICY_OLD_LOG : right;
}

/* ---- group data ---- */

/* What of the list of roles `author` has no say in is the same, before and after: all but his own
 * entry, which he may lower. */
static bool only_lowers_himself(const struct judging *j, const struct profile_credential *author)
{
    struct profile_data expected = j->before;
    enum profile_role role = profile_data_role(&j->after, author->account);

    if (role > profile_data_role(&j->before, author->account) ||
        profile_data_set_role(&expected, author->account, role) != OK)
        return false;
    memcpy(expected.name, j->after.name, sizeof expected.name);
    expected.name_len = j->after.name_len;
    return profile_data_same(&expected, &j->after);
}

static enum policy_why judge_data(const struct judging *j, const struct profile_credential *author)
{
    bool named = !span_eq(span_of(j->before.name, j->before.name_len),
                          span_of(j->after.name, j->after.name_len));

    if (j->after.type != j->before.type)
        return POLICY_TYPE;
    if (!j->rules->roles)
        return profile_data_same(&j->before, &j->after) ? POLICY_FINE : POLICY_MAY_NOT_RULE;
    if (policy_role(&j->before, j->parent, author->account) == PROFILE_OWNER)
        return POLICY_FINE;
    if (named && !in_charge(j, author) && (j->before.policy & PROFILE_MEMBERS_NAME) == 0)
        return POLICY_MAY_NOT_NAME;
    return only_lowers_himself(j, author) ? POLICY_FINE : POLICY_MAY_NOT_RULE;
}

/* Ours and nothing else: external_senders would let strangers propose. */
static enum policy_why read_after(struct judging *j)
{
    struct reader r = reader_of(j->view->extensions);
    struct mls_extension x;

    while (mls_read_more(&r)) {
        mls_read_extension(&r, &x);
        if (x.type != PROFILE_EXTENSION)
            return POLICY_EXTENSIONS;
    }
    enum err err = profile_data_find(j->view->extensions, &j->after);
    return err == OK ? POLICY_FINE : err == ERR_UNSUPPORTED ? POLICY_NEWER : POLICY_DATA;
}

/* ---- the whole ---- */

static enum policy_why judge(struct judging *j, const struct mls_listed *l)
{
    struct profile_credential author;

    if (l->sender.type != MLS_SENDER_MEMBER)
        return POLICY_OUTSIDER;
    if (policy_member(j->parent, l->sender.index, &author) != OK)
        return POLICY_CREDENTIAL;
    switch (l->proposal.type) {
    case MLS_PROPOSAL_ADD:
        return judge_add(j, &author, &l->proposal.add);
    case MLS_PROPOSAL_REMOVE:
        return judge_remove(j, &author, l->proposal.removed);
    case MLS_PROPOSAL_UPDATE:
        return POLICY_FINE; /* policy_credential has seen its leaf */
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        return judge_data(j, &author);
    default:
        return POLICY_PROPOSAL_TYPE;
    }
}

static enum policy_why begin(struct judging *j)
{
    const struct mls_group_context *context = mls_group_context(j->view->parent);

    if (j->view->sender.type != MLS_SENDER_MEMBER)
        return POLICY_OUTSIDER;
    if (profile_data_find(context->extensions, &j->before) != OK)
        return POLICY_DATA;
    j->rules = profile_rules(j->before.type);
    if (context->cipher_suite != j->rules->suite)
        return POLICY_SUITE;
    return read_after(j);
}

static enum policy_why judge_all(struct judging *j)
{
    struct profile_credential committer;

    enum policy_why why = begin(j);
    if (why != POLICY_FINE)
        return why;
    if (policy_member(j->parent, j->view->sender.index, &committer) != OK)
        return POLICY_CREDENTIAL;
    for (size_t i = 0; i < j->view->proposal_count; i++) {
        why = judge(j, &j->view->proposals[i]);
        if (why != POLICY_FINE)
            return why;
    }
    if (mls_tree_members(j->view->tree) > j->rules->leaves_max)
        return POLICY_TOO_MANY;
    if (j->rules->roles)
        j->p->verdict.role = policy_role(&j->before, j->parent, committer.account);
    return POLICY_FINE;
}

enum err policy_commit(void *ctx, const struct mls_commit_view *view)
{
    struct policy *p = ctx;
    struct judging j = {
        .p = p,
        .view = view,
        .parent = mls_group_tree(view->parent),
        .founding = mls_tree_members(mls_group_tree(view->parent)) == 1,
    };

    if (p->verdict.why != POLICY_FINE)
        return ERR_REFUSED;
    p->verdict.cls = COMMIT_UPDATES;
    p->verdict.why = judge_all(&j);
    return p->verdict.why == POLICY_FINE ? OK : ERR_REFUSED;
}
