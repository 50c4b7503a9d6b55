/* RFC 9420 12.4: which waiting proposals a commit of ours takes along.
 *
 * They were fit when they came (judge.c). Here each is tried on top of what was taken before it, on
 * a fork of the tree, and left out with the rule that it would break: so nobody can keep the group
 * from committing, whatever waits. Signatures are not verified again here.
 *
 * When more fit than the commit may take, a second round tries those alone that shall go: one may
 * have leaned on another that stays behind, as an Add on the Update that lets its key go.
 */
#include "crypto/mls/group_state.h"

#include <stdlib.h>

struct selection {
    struct mls_change *c; /* its list grows */
    struct mls_commit_out *out;
    bool *wanted; /* of each waiting proposal; those left out are struck off */
    struct mls_seen seen;
    struct mls_tree tree;   /* the parent's, with what was taken so far */
    struct span extensions; /* of the group context, likewise */
};

static enum err put_update(struct mls_tree *t, const struct mls_listed *l)
{
    struct mls_leaf *leaf;

    TRY(mls_leaf_new(l->proposal.update.encoded, &leaf));
    enum err err = mls_tree_update(t, l->sender.index, leaf);
    mls_leaf_unref(leaf);
    return err;
}

static enum err put_add(const struct selection *s, struct mls_tree *t,
                        const struct mls_key_package *k)
{
    struct mls_leaf *leaf;
    uint32_t at;

    if (mls_keyset_count(&t->signature_keys, k->leaf.signature_key) > 0)
        return mls_keyset_count(&s->c->g->tree.signature_keys, k->leaf.signature_key) > 0
                   ? mls_fail(MLS_ALREADY_MEMBER)
                   : mls_fail(MLS_ADDED_TWICE);
    TRY(mls_leaf_new(k->leaf.encoded, &leaf));
    enum err err = mls_tree_add(t, leaf, &at);
    mls_leaf_unref(leaf);
    return err;
}

/* What a proposal does to tree and extensions; both are the caller's to drop again. */
static enum err apply_one(const struct selection *s, const struct mls_listed *l, struct mls_tree *t,
                          struct span *extensions)
{
    switch (l->proposal.type) {
    case MLS_PROPOSAL_ADD:
        return put_add(s, t, &l->proposal.add);
    case MLS_PROPOSAL_UPDATE:
        return put_update(t, l);
    case MLS_PROPOSAL_REMOVE:
        return mls_tree_remove(t, l->proposal.removed);
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        *extensions = l->proposal.extensions;
        return OK;
    default:
        return OK;
    }
}

static enum err check_leaf(const struct selection *s, const struct mls_leaf_node *leaf,
                           enum mls_leaf_source source)
{
    const struct mls_world *w = s->c->world;
    struct mls_leaf_rules rules = mls_rules_of(w, s->c->g->suite, s->extensions);

    rules.now_s = w->now_s; /* 7.3: it is we who send it now */
    return mls_leaf_check(leaf, source, &rules);
}

/* Can the PSK be had? */
static enum err check_psk(const struct selection *s, const struct mls_psk_id *id)
{
    struct buf key = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    enum err err = mls_find_psk(s->c->g, s->c->resumes, s->c->world, id, &key);

    buf_clear(&key);
    return err;
}

/* The rules that time or the group may have changed since the proposal came. */
static enum err check_again(const struct selection *s, const struct mls_listed *l)
{
    const struct mls_change *c = s->c;

    if (c->count > 0 && (l->proposal.type == MLS_PROPOSAL_REINIT ||
                         c->list[0].proposal.type == MLS_PROPOSAL_REINIT))
        return mls_fail(MLS_REINIT_NOT_ALONE);
    TRY(mls_ask_proposal(c->g, c->world, l));
    switch (l->proposal.type) {
    case MLS_PROPOSAL_ADD:
        TRY(check_leaf(s, &l->proposal.add.leaf, MLS_LEAF_KEY_PACKAGE));
        return mls_ask_credential(c->world, &l->proposal.add.leaf, NULL);
    case MLS_PROPOSAL_UPDATE:
        TRY(check_leaf(s, &l->proposal.update, MLS_LEAF_UPDATE));
        return mls_ask_credential(c->world, &l->proposal.update,
                                  &mls_tree_leaf(&c->g->tree, l->sender.index)->node);
    case MLS_PROPOSAL_PSK:
        return check_psk(s, &l->proposal.psk);
    case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
        TRY(mls_ask_external_senders(c->world, l->proposal.extensions));
        return mls_tree_check_extensions(&s->tree, l->proposal.extensions);
    default:
        return OK;
    }
}

static enum err check_tree(const struct mls_tree *t)
{
    if (t->signature_keys.repeated > 0)
        return mls_fail(MLS_DUPLICATE_SIGNATURE_KEY);
    if (t->encryption_keys.repeated > 0)
        return mls_fail(MLS_DUPLICATE_ENCRYPTION_KEY);
    return mls_tree_check_credentials(t);
}

/* On a fork; kept only when every rule holds. */
static enum err try_one(struct selection *s, const struct mls_listed *l)
{
    struct mls_seen before = s->seen;
    struct span extensions = s->extensions;
    struct mls_tree t;

    TRY(mls_seen_add(&s->seen, s->c, l));
    mls_tree_fork(&s->tree, &t);
    enum err err = check_again(s, l);
    if (err == OK)
        err = apply_one(s, l, &t, &extensions);
    if (err == OK)
        err = check_tree(&t);
    if (err == OK)
        err = mls_change_push(s->c, l);
    if (err != OK) {
        mls_seen_undo(&s->seen, &before, l);
        mls_tree_clear(&t);
        return err;
    }
    mls_tree_clear(&s->tree);
    s->tree = t;
    s->extensions = extensions;
    return OK;
}

/* The i-th waiting proposal stays out of this commit. */
static enum err leave_out(struct selection *s, size_t i, enum err why)
{
    struct mls_commit_out *out = s->out;
    struct mls_listed l = mls_group_waiting_at(s->c->g, i);
    struct mls_skipped *list = realloc(out->skipped, (out->skipped_count + 1) * sizeof *list);

    if (list == NULL)
        return ERR_MEMORY;
    out->skipped = list;
    struct mls_skipped *k = &list[out->skipped_count++];
    *k = (struct mls_skipped){.sender = l.sender, .why = why};
    memcpy(k->ref, l.ref, sizeof k->ref);
    s->wanted[i] = false;
    return OK;
}

/* All wanted proposals of one type. */
static enum err take(struct selection *s, uint16_t type)
{
    const struct mls_group *g = s->c->g;
    bool newest_first = type == MLS_PROPOSAL_UPDATE; /* 12.2: the most recent Update */

    for (size_t i = 0; i < g->waiting_count; i++) {
        size_t at = newest_first ? g->waiting_count - 1 - i : i;
        struct mls_listed l = mls_group_waiting_at(g, at);
        if (!s->wanted[at] || l.proposal.type != type)
            continue;
        enum err err = try_one(s, &l);
        if (err == ERR_MEMORY)
            return err;
        if (err != OK)
            TRY(leave_out(s, at, err));
    }
    return OK;
}

/* What is committed by value stands, whatever waits: it is counted first and applied before all
 * but the Removes, which may make room for an Add by value. */
static enum err apply_values(struct selection *s, size_t count)
{
    for (size_t i = 0; i < count; i++)
        TRY(apply_one(s, &s->c->list[i], &s->tree, &s->extensions));
    return OK;
}

static enum err select_all(struct selection *s)
{
    static const uint16_t rest[] = {
        MLS_PROPOSAL_UPDATE, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS,
        MLS_PROPOSAL_ADD,    MLS_PROPOSAL_PSK,
        MLS_PROPOSAL_REINIT,
    };
    size_t values = s->c->count;

    for (size_t i = 0; i < values; i++)
        TRY(mls_seen_add(&s->seen, s->c, &s->c->list[i]));
    TRY(take(s, MLS_PROPOSAL_REMOVE));
    TRY(apply_values(s, values));
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        TRY(take(s, rest[i]));
    return OK;
}

/* From a blank slate: whatever is wanted and fits. */
static enum err run_round(struct selection *s)
{
    s->extensions = s->c->extensions;
    TRY(mls_seen_init(&s->seen, s->c->g));
    mls_tree_fork(&s->c->g->tree, &s->tree);
    enum err err = select_all(s);
    mls_tree_clear(&s->tree);
    free(s->seen.leaves);
    return err;
}

/* Of what is wanted, `most` stay so: Removes, for no flood of other things may keep anybody in,
 * and then the oldest. */
static enum err keep_oldest(struct selection *s, size_t most)
{
    const struct mls_group *g = s->c->g;

    for (int others = 0; others < 2; others++)
        for (size_t i = 0; i < g->waiting_count; i++) {
            struct mls_listed l = mls_group_waiting_at(g, i);
            if (!s->wanted[i] || (l.proposal.type != MLS_PROPOSAL_REMOVE) != others)
                continue;
            if (most == 0)
                TRY(leave_out(s, i, mls_fail(MLS_TOO_MANY)));
            else
                most--;
        }
    return OK;
}

enum err mls_select_waiting(struct mls_change *c, size_t most, struct mls_commit_out *out)
{
    size_t waiting = c->g->waiting_count, values = c->count;
    struct selection s = {.c = c, .out = out};

    if (waiting == 0)
        return OK;
    s.wanted = malloc(waiting * sizeof *s.wanted);
    if (s.wanted == NULL)
        return ERR_MEMORY;
    memset(s.wanted, true, waiting * sizeof *s.wanted);
    enum err err = run_round(&s);
    if (err == OK && most > 0 && c->count - values > most) {
        err = keep_oldest(&s, most);
        c->count = values;
        if (err == OK)
            err = run_round(&s);
    }
    free(s.wanted);
    return err;
}
