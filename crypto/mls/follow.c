/* RFC 9420 12.4.2: following somebody else's commit. */
#include "crypto/base/wipe.h"
#include "crypto/mls/group_state.h"

/* The member whose leaf the path's leaf replaces: its own, or the one a resync removes. */
static const struct mls_leaf_node *replaced(const struct mls_change *c)
{
    if (c->sender.type == MLS_SENDER_MEMBER)
        return &mls_tree_leaf(&c->g->tree, c->sender.index)->node;
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].proposal.type == MLS_PROPOSAL_REMOVE)
            return &mls_tree_leaf(&c->g->tree, c->list[i].proposal.removed)->node;
    return NULL;
}

static enum err merge_path(struct mls_change *c, const struct mls_update_path *path)
{
    struct mls_leaf_set added = mls_change_added(c);
    const struct mls_leaf_node *before = replaced(c);

    if (c->sender.type != MLS_SENDER_MEMBER) {
        TRY(mls_change_place_joiner(c));
        if (before != NULL && span_eq(before->encryption_key, path->leaf.encryption_key))
            return mls_fail(MLS_ENCRYPTION_KEY_KEPT);
    }
    TRY(mls_check_path_leaf(c, &path->leaf, before, c->committer));
    return mls_path_merge(&c->tree, c->committer, path, &added);
}

/* Our private keys in the next epoch: the old ones, our committed Update, the path. */
static enum err keep_keys(struct mls_group *next, const struct mls_change *c)
{
    const struct mls_group *g = c->g;

    next->keys = g->keys;
    if (c->own_update != NULL) {
        size_t i = 0;
        while (i < g->own_update_count &&
               memcmp(g->own_updates[i].ref, c->own_update->ref, g->suite->hash->bytes) != 0)
            i++;
        if (i == g->own_update_count)
            return mls_fail(MLS_UNKNOWN_REFERENCE);
        memcpy(next->keys.secrets[0], g->own_updates[i].secret, MLS_PRIVATE_MAX);
    }
    mls_private_path_prune(&next->keys, &g->tree, g->own);
    return OK;
}

static enum err open_path(struct mls_group *next, const struct mls_change *c,
                          const struct mls_commit *commit, struct mls_secret *commit_secret)
{
    struct mls_leaf_set added = mls_change_added(c);

    TRY(keep_keys(next, c));
    if (commit->has_path)
        TRY(mls_path_decrypt(&next->tree, c->committer, next->own, &commit->path, &added,
                             buf_span(&next->context_bytes), &next->keys, commit_secret, NULL));
    mls_private_path_prune(&next->keys, &next->tree, next->own);
    return OK;
}

static enum err finish(struct mls_change *c, const struct mls_opened *o, struct mls_group **out)
{
    struct mls_secret commit_secret = {0};
    struct mls_next n;
    struct mls_group *next;
    struct span tag = o->auth.confirmation_tag;
    size_t bytes = c->g->suite->hash->bytes;

    TRY(mls_next_begin(c, &next));
    enum err err = open_path(next, c, &o->content.commit, &commit_secret);
    if (err == OK)
        err = mls_next_finish(next, c, &commit_secret, o->wire_format, o->content.encoded,
                              o->auth.signature, &n);
    if (err == OK && (tag.len != bytes || !ct_equal(tag.ptr, n.tag, bytes)))
        err = mls_fail(MLS_BAD_CONFIRMATION);
    wipe(&commit_secret, sizeof commit_secret);
    wipe(&n, sizeof n);
    if (err == OK)
        *out = next;
    else
        mls_group_free(next);
    return err;
}

static enum err follow(struct mls_change *c, const struct mls_opened *o, struct mls_event *event)
{
    const struct mls_commit *commit = &o->content.commit;

    TRY(mls_change_read(c, commit->proposals));
    TRY(mls_change_apply(c));
    if (c->needs_path && !commit->has_path)
        return mls_fail(MLS_PATH_MISSING);
    if (commit->has_path)
        TRY(merge_path(c, &commit->path));
    TRY(mls_change_check_members(c));
    TRY(mls_ask_commit(c, o->content.authenticated_data));
    event->leaf = c->committer;
    if (c->removes_us) {
        event->kind = MLS_EVENT_REMOVED;
        return OK;
    }
    event->kind = MLS_EVENT_COMMIT;
    return finish(c, o, &event->next);
}

enum err mls_follow(struct mls_group *g, const struct mls_world *w, const struct mls_opened *o,
                    struct mls_event *event)
{
    struct mls_change c;

    if (g->reinit.len > 0)
        return mls_fail(MLS_SUSPENDED);
    if (!g->has_rewind)
        return mls_fail(MLS_DROPPED);
    mls_change_init(&c, g, w);
    c.sender = o->content.sender;
    c.committer = c.sender.index;
    enum err err = follow(&c, o, event);
    mls_change_clear(&c);
    return err;
}
