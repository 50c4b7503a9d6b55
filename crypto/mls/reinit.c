/* RFC 9420 11.2, 11.3: groups that follow from a group. */
#include "crypto/mls/group_state.h"

/* type and identity of a credential as one key */
static enum err credential_key(const struct mls_leaf *leaf, struct buf *out)
{
    struct writer w = writer_to(out);

    buf_reset(out);
    mls_write_credential(&w, &leaf->node.credential);
    return writer_status(&w);
}

/* Is every member of `inner` (by credential) a member of `outer`? The credential hook decides more.
 */
enum err mls_members_within(const struct mls_tree *inner, const struct mls_tree *outer, bool *yes)
{
    struct mls_keyset have = {0};
    struct buf key = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    enum err err = OK;

    *yes = true;
    for (uint32_t i = 0; err == OK && mls_tree_next_member(outer, i, &i); i++) {
        err = credential_key(mls_tree_leaf(outer, i), &key);
        if (err == OK)
            err = mls_keyset_add(&have, buf_span(&key));
    }
    for (uint32_t i = 0; err == OK && mls_tree_next_member(inner, i, &i); i++) {
        err = credential_key(mls_tree_leaf(inner, i), &key);
        *yes &= err == OK && mls_keyset_count(&have, buf_span(&key)) > 0;
    }
    mls_keyset_clear(&have);
    buf_clear(&key);
    return err;
}

/* The new group's first commit: everybody at once, bound to the old group by its resumption PSK. */
static enum err populate(const struct mls_group *old, const struct mls_world *w,
                         const struct mls_successor *s, uint8_t usage, struct mls_group *g,
                         struct mls_commit_out *out)
{
    struct buf list = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct mls_commit_options options = {
        .resumes = old, .resume_usage = usage, .tree_apart = s->tree_apart, .with_path = true};
    struct reader packages = reader_of(s->key_packages);
    struct mls_key_package k;
    enum err err = OK;

    while (err == OK && mls_read_more(&packages)) {
        mls_read_key_package(&packages, &k);
        err = packages.failed ? mls_fail(MLS_MALFORMED) : mls_make_add(k.encoded, &list);
    }
    if (err == OK)
        err = mls_make_psk_resumption(w, g->suite, old->context.group_id, old->context.epoch, usage,
                                      &list);
    if (err == OK) {
        options.proposals = buf_span(&list);
        err = mls_commit(g, w, &options, out);
    }
    buf_clear(&list);
    return err;
}

static enum err succeed(const struct mls_group *old, const struct mls_world *w,
                        const struct mls_successor *s, const struct mls_suite *suite,
                        struct span group_id, struct span extensions, uint8_t usage,
                        struct mls_commit_out *out)
{
    struct mls_group *g;

    if (!old->has_rewind)
        return mls_fail(MLS_DROPPED);
    if (suite == NULL)
        return mls_fail(MLS_UNSUPPORTED_SUITE);
    TRY(mls_group_new(w, suite, s->client, group_id, extensions, &g));
    enum err err = populate(old, w, s, usage, g, out);
    mls_group_free(g);
    return err;
}

enum err mls_reinit_group(const struct mls_group *old, const struct mls_world *w,
                          const struct mls_successor *s, struct mls_commit_out *out)
{
    struct mls_reinit r;

    if (!mls_group_suspended(old, &r))
        return mls_fail(MLS_REINIT_MISMATCH);
    if (r.version != MLS_VERSION_10)
        return mls_fail(MLS_WRONG_VERSION);
    return succeed(old, w, s, mls_suite(r.cipher_suite), r.group_id, r.extensions, MLS_PSK_REINIT,
                   out);
}

enum err mls_branch_group(const struct mls_group *old, const struct mls_world *w,
                          const struct mls_successor *s, struct mls_commit_out *out)
{
    return succeed(old, w, s, old->suite, s->group_id, s->extensions, MLS_PSK_BRANCH, out);
}
