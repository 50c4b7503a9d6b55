/* What a commit has changed, as notices: members and group data before and behind it. */
#include "node/chat/notices.h"

#include <stdlib.h>

/* ---- members, in order ---- */

struct member {
    struct profile_credential who;
    struct span key; /* the leaf's encryption key */
    bool fresh;      /* from a key package */
};

struct roll {
    struct member *list; /* owned */
    size_t count;
};

static int by_name(const void *a, const void *b)
{
    const struct profile_credential *x = &((const struct member *)a)->who;
    const struct profile_credential *y = &((const struct member *)b)->who;
    int account = memcmp(x->account, y->account, sizeof x->account);
    return account != 0 ? account : memcmp(x->key, y->key, sizeof x->key);
}

static bool call(const struct mls_group *g, struct roll *out)
{
    const struct mls_tree *tree = mls_group_tree(g);
    size_t max = mls_tree_members(tree);
    uint32_t leaf;
    out->list = calloc(max + 1, sizeof *out->list);
    out->count = 0;
    if (out->list == NULL)
        return false;
    for (uint32_t from = 0; out->count < max && mls_tree_next_member(tree, from, &leaf);
         from = leaf + 1) {
        struct member *m = &out->list[out->count];
        const struct mls_leaf_node *node = &mls_tree_leaf(tree, leaf)->node;
        if (profile_credential_of(node, &m->who) != OK)
            continue;
        m->key = node->encryption_key;
        m->fresh = node->source == MLS_LEAF_KEY_PACKAGE;
        out->count++;
    }
    qsort(out->list, out->count, sizeof *out->list, by_name);
    return true;
}

static const struct member *find(const struct roll *r, const uint8_t account[32],
                                 const uint8_t *key)
{
    size_t low = 0, high = r->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int c = memcmp(r->list[mid].who.account, account, 32);
        if (c == 0 && key != NULL)
            c = memcmp(r->list[mid].who.key, key, 32);
        if (c == 0)
            return &r->list[mid];
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* ---- telling ---- */

struct telling {
    struct chat *c;
    const struct env *env;
    struct talk *t;
    struct span source;
    const struct mls_group *parent;
    struct notice base; /* who, when, by which commit */
};

static void tell(const struct telling *k, enum chat_notice kind, const uint8_t *account,
                 unsigned number)
{
    struct notice n = k->base;
    n.kind = kind;
    n.number = number;
    if (account != NULL)
        memcpy(n.account, account, sizeof n.account);
    notices_add(k->c, k->env, k->t, &n, k->source);
}

static bool same_account(const uint8_t a[32], const uint8_t b[32])
{
    return memcmp(a, b, 32) == 0;
}

/* Accounts of `in` that are not in `of`; one by one, or how many when they are many. */
static void tell_difference(const struct telling *k, const struct roll *in, const struct roll *of,
                            enum chat_notice (*kind)(const struct telling *k,
                                                     const uint8_t account[32]))
{
    unsigned count = 0;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < in->count; i++) {
            const uint8_t *account = in->list[i].who.account;
            bool again = i > 0 && same_account(in->list[i - 1].who.account, account);
            if (again || find(of, account, NULL) != NULL)
                continue;
            if (pass == 0)
                count++;
            else
                tell(k, kind(k, account), account, 0);
        }
        if (pass == 0 && count > NOTICES_ONE_BY_ONE) {
            tell(k, kind(k, in->list[0].who.account), NULL, count);
            return;
        }
    }
}

static enum chat_notice added(const struct telling *k, const uint8_t account[32])
{
    (void)k, (void)account;
    return CHAT_NOTICE_ADDED;
}

/* Did it ask for that itself? */
static enum chat_notice removed(const struct telling *k, const uint8_t account[32])
{
    struct entry_author asks, target;
    for (size_t i = 0; i < mls_group_waiting(k->parent); i++) {
        const struct mls_listed l = mls_group_waiting_at(k->parent, i);
        if (l.proposal.type == MLS_PROPOSAL_REMOVE && l.sender.type == MLS_SENDER_MEMBER &&
            talk_author_at(k->parent, l.sender.index, &asks) &&
            talk_author_at(k->parent, l.proposal.removed, &target) &&
            same_account(asks.account, account) && same_account(target.account, account))
            return CHAT_NOTICE_LEFT;
    }
    return CHAT_NOTICE_REMOVED;
}

/* A device that was there before has a new leaf: it had lost its place. */
static void tell_rejoined(const struct telling *k, const struct roll *before,
                          const struct roll *after)
{
    for (size_t i = 0; i < after->count; i++) {
        const struct member *m = &after->list[i];
        const struct member *was = find(before, m->who.account, m->who.key);
        if (was == NULL || !m->fresh || span_eq(was->key, m->key))
            continue;
        struct notice n = k->base;
        n.kind = CHAT_NOTICE_REJOINED;
        memcpy(n.account, m->who.account, sizeof n.account);
        memcpy(n.installation, m->who.key, sizeof n.installation);
        notices_add(k->c, k->env, k->t, &n, k->source);
    }
}

/* ---- group data ---- */

static void tell_roles(const struct telling *k, const struct profile_data *of,
                       const struct profile_data *before, const struct profile_data *after,
                       const struct roll *members, bool only_new)
{
    for (size_t i = 0; i < of->roles_count; i++) {
        const uint8_t *account = of->roles[i].account;
        enum profile_role now = profile_data_role(after, account);
        if (now == profile_data_role(before, account) || find(members, account, NULL) == NULL ||
            (only_new && profile_data_lists(before, account)))
            continue;
        tell(k, CHAT_NOTICE_ROLE, account, (unsigned)now);
    }
}

static void tell_data(const struct telling *k, const struct mls_group *child,
                      const struct roll *members)
{
    struct profile_data before, after;
    if (profile_data_find(mls_group_context(k->parent)->extensions, &before) != OK ||
        profile_data_find(mls_group_context(child)->extensions, &after) != OK)
        return;
    if (before.name_len != after.name_len || memcmp(before.name, after.name, after.name_len) != 0) {
        struct notice n = k->base;
        n.kind = CHAT_NOTICE_NAMED;
        memcpy(n.name, after.name, after.name_len);
        n.name_len = after.name_len;
        notices_add(k->c, k->env, k->t, &n, k->source);
    }
    if (!profile_rules(after.type)->roles)
        return;
    tell_roles(k, &before, &before, &after, members, false);
    tell_roles(k, &after, &before, &after, members, true);
}

/* ---- a commit ---- */

static struct telling telling_of(struct chat *c, const struct env *env, struct talk *t,
                                 const struct eid *parent, const struct entry_author *by,
                                 uint64_t lamport)
{
    struct telling k = {.c = c, .env = env, .t = t};
    k.parent = branches_group(t->branches, parent);
    k.base.place.lamport = lamport;
    memcpy(k.base.by, by->account, sizeof k.base.by);
    return k;
}

void notices_commit(struct chat *c, const struct env *env, struct talk *t, const struct eid *parent,
                    const struct eid *eid, const struct entry_author *by, uint64_t lamport)
{
    struct telling k = telling_of(c, env, t, parent, by, lamport);
    const struct mls_group *child = branches_group(t->branches, eid);
    struct roll before = {0}, after = {0};

    k.base.eid = *eid;
    k.source = SPAN_ARRAY(eid->bytes);
    if (lamport != 0 && t->type != CHAT_SELF && k.parent != NULL && child != NULL &&
        call(k.parent, &before) && call(child, &after)) {
        if (t->type != CHAT_DIRECT) { /* of two, both are there */
            tell_difference(&k, &after, &before, added);
            tell_difference(&k, &before, &after, removed);
        }
        tell_rejoined(&k, &before, &after);
        tell_data(&k, child, &after);
    }
    free(before.list);
    free(after.list);
}

void notices_removed(struct chat *c, const struct env *env, struct talk *t,
                     const struct entry_author *by, struct span ticket, uint64_t lamport)
{
    struct ticket tk;
    if (lamport == 0 || t->type == CHAT_SELF || t->type == CHAT_DIRECT ||
        ticket_decode(ticket, &tk) != OK)
        return;
    notices_review(c, env, t); /* the last time */
    struct telling k = telling_of(c, env, t, &tk.parent, by, lamport);
    k.source = SPAN_ARRAY(tk.eid.bytes);
    if (k.parent != NULL)
        tell(&k, removed(&k, c->self.account), c->self.account, 0);
}
