/* What we owe to a conversation, and what is wished of it, as one commit to be made: removals,
 * those who come in, name and roles. Who comes in is as many as one message can carry; the rest
 * follows in further commits. */
#include "crypto/hpke/hpke.h"
#include "node/chat/talk.h"

#include <stdlib.h>

/* ---- a plan ---- */

void plan_init(struct plan *p)
{
    *p = (struct plan){.proposals = BUF_INIT(PLAN_BYTES_MAX)};
    evidence_draft_init(&p->evidence);
}

void plan_clear(struct plan *p)
{
    buf_clear(&p->proposals);
    evidence_draft_clear(&p->evidence);
    free(p->newcomers);
}

enum err plan_remove(struct plan *p, uint32_t leaf)
{
    for (size_t i = 0; i < p->removed_count; i++)
        if (p->removed[i] == leaf)
            return OK; /* for more than one reason */
    if (p->removed_count == PLAN_REMOVALS_MAX) {
        p->more = true;
        return OK;
    }
    p->removed[p->removed_count++] = leaf;
    p->changes = true;
    return mls_make_remove(leaf, &p->proposals);
}

/* What is left of an envelope for Adds and their evidence, when all members are sent a path secret
 * each and all levels of the tree a key: more than that a commit never takes. Who is alone sends no
 * commit. */
size_t plan_room(const struct mls_group *g)
{
    size_t members = mls_tree_members(mls_group_tree(g));
    const struct mls_suite *s = mls_suite(mls_group_context(g)->cipher_suite);
    size_t path = (members + 1) * (mls_kem_output_bytes(s) + PLAN_SECRET_BYTES) +
                  PLAN_LEVELS_MAX * mls_public_bytes(s);

    if (members == 1)
        return PLAN_BYTES_MAX;
    return path + PLAN_REST_BYTES < ENVELOPE_BYTES_MAX ? ENVELOPE_BYTES_MAX - PLAN_REST_BYTES - path
                                                       : 0;
}

static bool has_room(const struct plan *p, struct span package)
{
    size_t bytes = p->proposals.len + p->evidence.logs.len + package.len;

    return p->newcomers_count < PLAN_NEWCOMERS_MAX && p->leaves < p->leaves_max &&
           bytes + (p->alone ? 0 : IDENTITY_SENT_BYTES_MAX) <= p->room;
}

static enum err note_newcomer(struct plan *p, const struct part *part)
{
    if (p->newcomers_count == p->newcomers_cap) {
        size_t cap = p->newcomers_cap == 0 ? 4 : 2 * p->newcomers_cap;
        struct part *more = realloc(p->newcomers, cap * sizeof *more);
        if (more == NULL)
            return ERR_MEMORY;
        p->newcomers = more;
        p->newcomers_cap = cap;
    }
    p->newcomers[p->newcomers_count++] = *part;
    p->leaves++;
    p->changes = true;
    return OK;
}

static enum err plan_add(struct plan *p, struct person *person, const struct part *part,
                         struct span package)
{
    if (!has_room(p, package)) {
        p->more = p->leaves < p->leaves_max;
        return OK;
    }
    if (!p->alone) /* while a conversation has one member, no evidence is needed */
        TRY(evidence_bring(&p->evidence, person->log));
    TRY(mls_make_add(package, &p->proposals));
    return note_newcomer(p, part);
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

static const struct identity_log *log_of(void *ctx, const uint8_t *account)
{
    const struct person *p = people_find(ctx, account);
    return p == NULL ? NULL : p->log;
}

/* Whom a log has revoked, with that log; as many as one commit can prove. */
static enum err plan_debts(struct chat *c, const struct mls_group *g, struct plan *p)
{
    struct healing_debt debts[PLAN_DEBTS_MAX];
    size_t count = healing_owed(g, log_of, c, c->self.account, debts, PLAN_DEBTS_MAX);

    p->more = count > PLAN_DEBTS_MAX;
    for (size_t i = 0; i < count && i < PLAN_DEBTS_MAX; i++) {
        if (p->evidence.logs.len + IDENTITY_SENT_BYTES_MAX > EVIDENCE_BYTES_MAX - PLAN_REST_BYTES) {
            p->more = true;
            break;
        }
        TRY(evidence_bring(&p->evidence, log_of(c, debts[i].account)));
        TRY(plan_remove(p, debts[i].leaf));
    }
    return OK;
}

/* Whom the person wants out. */
static enum err plan_expulsions(const struct chat *c, const struct talk *t, const struct roster *r,
                                struct plan *p)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct profile_credential *who = &r->list[i].who;
        if (memcmp(who->key, c->self.installation, 32) != 0 && wished_out(t, who->account))
            TRY(plan_remove(p, r->list[i].leaf));
    }
    return OK;
}

enum err plan_silent(const struct talk *t, struct plan *p)
{
    uint32_t leaves[PLAN_REMOVALS_MAX];
    struct eid head = branches_head(t->branches);
    size_t count =
        healing_silent(t->healing, branches_group(t->branches, &head), leaves, PLAN_REMOVALS_MAX);
    for (size_t i = 0; i < count; i++)
        TRY(plan_remove(p, leaves[i]));
    return OK;
}

/* Its key package for conversations of this type; false: it has none that others would take. */
static bool package_of(const struct talk *t, const struct env *env, const struct part *part,
                       struct span *out)
{
    const struct pack_extension *crowd = pack_extension(&part->extensions, PART_CROWD_PACKAGE);
    struct profile_credential who;

    *out = t->type != CHAT_CROWD ? part->key_package : crowd == NULL ? SPAN_EMPTY : crowd->bytes;
    return profile_package_read(*out, profile_rules((uint64_t)t->type)->suite,
                                (uint64_t)(env->wall.ns / NS_PER_S), &who) == OK &&
           memcmp(who.account, part->account, sizeof who.account) == 0 &&
           memcmp(who.key, part->installation, sizeof who.key) == 0;
}

/* The devices of an account that have a part and are no members. The log that we know may be newer
 * than the one that the parts came with. */
static enum err plan_devices(struct chat *c, const struct env *env, const struct talk *t,
                             const struct roster *r, struct person *person, struct plan *p)
{
    struct part parts[BUNDLE_PARTS_MAX];
    struct span package;
    size_t count = person->found == NULL || person->log == NULL
                       ? 0
                       : found_parts(person->found, (uint64_t)(env->wall.ns / NS_PER_S), parts);
    for (size_t i = 0; i < count; i++)
        if (!present(r, person->account, parts[i].installation) &&
            !culprit_is(t, parts[i].installation) &&
            memcmp(parts[i].installation, c->self.installation, 32) != 0 &&
            identity_has(identity_log_now(person->log), parts[i].installation, NULL) &&
            package_of(t, env, &parts[i], &package))
            TRY(plan_add(p, person, &parts[i], package));
    if (count == 0 && person->looking)
        p->waits = true;
    return OK;
}

/* May we add devices of that account? Who may not would only make a commit that all refuse. */
static bool may_add(const struct chat *c, const struct talk *t, const struct plan *p,
                    const uint8_t account[32])
{
    if (!profile_rules(t->data.type)->roles)
        return profile_data_lists(&t->data, account);
    return memcmp(account, c->self.account, 32) == 0 ||
           (t->data.policy & PROFILE_MEMBERS_ADD) != 0 || p->role >= PROFILE_ADMIN;
}

/* Does the plan remove all leaves of that account? Then nobody of its own brings in what its log
 * has instead, as after it was taken back with its words. */
static bool goes_whole(const struct roster *r, const struct plan *p, const uint8_t account[32])
{
    for (size_t i = 0; i < r->count; i++) {
        bool goes = memcmp(r->list[i].who.account, account, 32) != 0;
        for (size_t k = 0; k < p->removed_count && !goes; k++)
            goes = p->removed[k] == r->list[i].leaf;
        if (!goes)
            return false;
    }
    return true;
}

static enum err plan_additions(struct chat *c, const struct env *env, const struct talk *t,
                               const struct roster *r, struct plan *p)
{
    size_t cursor = 0;
    for (struct person *q; (q = map_next(&c->people, &cursor, NULL)) != NULL;)
        if (present(r, q->account, NULL) && !wished_out(t, q->account) &&
            (may_add(c, t, p, q->account) || goes_whole(r, p, q->account)))
            TRY(plan_devices(c, env, t, r, q, p));
    p->waits = false; /* for further devices nobody waits */
    for (size_t i = 0; i < t->wishes_count; i++) {
        struct person *q =
            t->wishes[i].kind == WISH_ADD ? people_find(c, t->wishes[i].account) : NULL;
        if (q != NULL && !present(r, q->account, NULL) && may_add(c, t, p, q->account))
            TRY(plan_devices(c, env, t, r, q, p));
    }
    p->waits = p->waits && p->alone && env->now.ns < t->gather_until.ns;
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
        } else if (w->kind == WISH_REMOVE && data.roles_count > 0) {
            TRY(profile_data_set_role(&data, w->account, PROFILE_MEMBER));
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

enum err plan_make(struct chat *c, const struct env *env, struct talk *t, struct plan *p)
{
    struct roster *r = malloc(sizeof *r);
    struct eid head = branches_head(t->branches);
    const struct mls_group *g = branches_group(t->branches, &head);
    if (r == NULL)
        return ERR_MEMORY;
    call_roll(t, r);
    p->alone = r->count == 1;
    p->leaves = r->count;
    p->leaves_max = talk_leaves_max(t);
    p->room = inviting_room(c, PLAN_NEWCOMERS_MAX) ? plan_room(g) : 0;
    p->role = policy_role(&t->data, mls_group_tree(g), c->self.account);
    enum err err = plan_debts(c, g, p);
    if (err == OK)
        err = plan_expulsions(c, t, r, p);
    if (err == OK)
        err = culprits_plan(t, g, p);
    if (err == OK)
        err = plan_additions(c, env, t, r, p);
    if (err == OK)
        err = plan_data(t, p);
    free(r);
    return err;
}

size_t talk_leaves_max(const struct talk *t)
{
    uint32_t most = profile_rules((uint64_t)t->type)->leaves_max;
    return most < PLAN_MEMBERS_MAX ? most : PLAN_MEMBERS_MAX - 1;
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
