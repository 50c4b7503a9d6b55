/* RFC 9420 12.3: applying a valid list, in the order that the RFC prescribes. */
#include "crypto/mls/group_state.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

struct mls_leaf_rules mls_rules_of(const struct mls_world *w, const struct mls_suite *s,
                                   struct span extensions)
{
    return (struct mls_leaf_rules){
        .suite = s, .lifetime_max_s = w->lifetime_max_s, .group_extensions = extensions};
}

static enum err apply_extensions(struct mls_change *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct mls_proposal *p = &c->list[i].proposal;
        if (p->type != MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS)
            continue;
        TRY(mls_group_extensions_check(p->extensions));
        TRY(mls_ask_external_senders(c->world, p->extensions));
        c->extensions = p->extensions;
        c->needs_path = true;
    }
    return OK;
}

static enum err put_leaf(struct mls_tree *t, uint32_t index, struct span encoded)
{
    struct mls_leaf *leaf;

    TRY(mls_leaf_new(encoded, &leaf));
    enum err err = mls_tree_update(t, index, leaf);
    mls_leaf_unref(leaf);
    return err;
}

static enum err apply_update(struct mls_change *c, const struct mls_listed *l)
{
    const struct mls_group *g = c->g;
    uint32_t index = l->sender.index;
    const struct mls_leaf_node *fresh = &l->proposal.update,
                               *before = &mls_tree_leaf(&g->tree, index)->node;
    struct mls_leaf_rules rules = mls_rules_of(c->world, g->suite, c->extensions);

    TRY(mls_leaf_check(fresh, MLS_LEAF_UPDATE, &rules));
    if (span_eq(fresh->encryption_key, before->encryption_key))
        return mls_fail(MLS_ENCRYPTION_KEY_KEPT);
    TRY(mls_leaf_verify(g->suite, fresh, g->context.group_id, index));
    TRY(mls_ask_credential(c->world, fresh, before));
    if (index == g->own)
        c->own_update = l;
    return put_leaf(&c->tree, index, fresh->encoded);
}

static enum err apply_updates_and_removes(struct mls_change *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].proposal.type == MLS_PROPOSAL_UPDATE) {
            TRY(apply_update(c, &c->list[i]));
            c->needs_path = true;
        }
    for (size_t i = 0; i < c->count; i++)
        if (c->list[i].proposal.type == MLS_PROPOSAL_REMOVE) {
            uint32_t leaf = c->list[i].proposal.removed;
            TRY(mls_tree_remove(&c->tree, leaf));
            c->removes_us |= leaf == c->g->own;
            c->needs_path = true;
        }
    return mls_tree_truncate(&c->tree);
}

/* -- adds: signatures first, as jobs -- */

struct verify_work {
    struct mls_change *c;
    struct mls_leaf_rules rules;
    const struct mls_listed **adds;
    enum err *errs;
};

static void verify_one(void *arg, size_t i)
{
    struct verify_work *v = arg;
    v->errs[i] = mls_key_package_check(&v->adds[i]->proposal.add, &v->rules);
}

static enum err add_one(struct mls_change *c, const struct mls_key_package *k)
{
    struct mls_leaf *leaf;

    if (mls_keyset_count(&c->tree.signature_keys, k->leaf.signature_key) > 0) {
        for (size_t i = 0; i < c->added_count; i++)
            if (span_eq(mls_tree_leaf(&c->tree, c->added[i])->node.signature_key,
                        k->leaf.signature_key))
                return mls_fail(MLS_ADDED_TWICE);
        return mls_fail(MLS_ALREADY_MEMBER);
    }
    TRY(mls_ask_credential(c->world, &k->leaf, NULL));
    TRY(mls_leaf_new(k->leaf.encoded, &leaf));
    enum err err = mls_tree_add(&c->tree, leaf, &c->added[c->added_count]);
    mls_leaf_unref(leaf);
    c->added_count += err == OK;
    return err;
}

static enum err apply_adds(struct mls_change *c)
{
    struct verify_work v = {.c = c, .rules = mls_rules_of(c->world, c->g->suite, c->extensions)};
    size_t count = 0;
    enum err err = OK;

    v.rules.now_s = c->ours ? c->world->now_s : 0;
    v.adds = malloc((c->count + 1) * sizeof *v.adds);
    v.errs = calloc(c->count + 1, sizeof *v.errs);
    c->added = malloc((c->count + 1) * sizeof *c->added);
    if (v.adds == NULL || v.errs == NULL || c->added == NULL)
        err = ERR_MEMORY;
    for (size_t i = 0; err == OK && i < c->count; i++)
        if (c->list[i].proposal.type == MLS_PROPOSAL_ADD)
            v.adds[count++] = &c->list[i];
    if (err == OK)
        mls_parallel(c->world->pool, verify_one, &v, count);
    for (size_t i = 0; err == OK && i < count; i++)
        err = v.errs[i] != OK ? v.errs[i] : add_one(c, &v.adds[i]->proposal.add);
    free(v.adds);
    free(v.errs);
    return err;
}

/* -- secrets -- */

static enum err fold_psks(struct mls_change *c)
{
    struct buf key = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer ids = writer_to(&c->psk_ids);
    uint16_t count = 0, index = 0;
    enum err err = OK;

    mls_psk_begin(&c->psk_secret);
    for (size_t i = 0; i < c->count; i++)
        count = (uint16_t)(count + (c->list[i].proposal.type == MLS_PROPOSAL_PSK));
    for (size_t i = 0; err == OK && i < c->count; i++) {
        const struct mls_psk_id *id = &c->list[i].proposal.psk;
        if (c->list[i].proposal.type != MLS_PROPOSAL_PSK)
            continue;
        buf_reset(&key);
        err = mls_find_psk(c->g, c->resumes, c->world, id, &key);
        if (err == OK)
            err = mls_psk_fold(c->g->suite, id->encoded, buf_span(&key), index++, count,
                               &c->psk_secret);
        write_bytes(&ids, id->encoded);
    }
    buf_clear(&key);
    return err != OK ? err : writer_status(&ids);
}

static enum err find_init(struct mls_change *c)
{
    struct mls_key_pair external;

    if (c->init_given)
        return OK;
    if (!c->g->has_rewind)
        return mls_fail(MLS_DROPPED);
    c->init = c->g->init;
    for (size_t i = 0; i < c->count; i++) {
        if (c->list[i].proposal.type != MLS_PROPOSAL_EXTERNAL_INIT)
            continue;
        c->has_external_init = c->needs_path = true;
        TRY(mls_group_external_pair(c->g, &external));
        enum err err = mls_external_init_open(c->g->suite, &external,
                                              c->list[i].proposal.kem_output, &c->init);
        wipe(&external, sizeof external);
        TRY(err == ERR_AUTH ? mls_fail(MLS_BAD_PUBLIC_KEY) : err);
    }
    return OK;
}

enum err mls_change_apply(struct mls_change *c)
{
    if (c->g->context.epoch == UINT64_MAX)
        return mls_fail(MLS_EPOCHS_SPENT);
    TRY(mls_change_check_list(c));
    mls_tree_fork(&c->g->tree, &c->tree);
    c->has_tree = true;
    c->needs_path = c->count == 0 || c->sender.type != MLS_SENDER_MEMBER;
    TRY(apply_extensions(c));
    TRY(apply_updates_and_removes(c));
    TRY(apply_adds(c));
    if (c->tree.signature_keys.repeated > 0)
        return mls_fail(MLS_DUPLICATE_SIGNATURE_KEY);
    if (c->tree.encryption_keys.repeated > 0)
        return mls_fail(MLS_DUPLICATE_ENCRYPTION_KEY);
    if (c->count == 1 && c->list[0].proposal.type == MLS_PROPOSAL_REINIT)
        c->reinit = &c->list[0].proposal.reinit;
    if (c->removes_us)
        return OK; /* no secrets for us */
    TRY(fold_psks(c));
    return find_init(c);
}

enum err mls_change_place_joiner(struct mls_change *c)
{
    c->committer = mls_tree_free_leaf(&c->tree);
    return c->committer == c->tree.leaves ? mls_tree_extend(&c->tree) : OK;
}

/* -- rules about everybody -- */

static bool all_have(const struct mls_tree *t, enum mls_census_kind kind, uint16_t value)
{
    return mls_census_count(&t->census, kind, value) == mls_tree_members(t);
}

static bool all_have_list(const struct mls_tree *t, enum mls_census_kind kind, struct span list,
                          uint16_t default_max)
{
    for (size_t i = 0; i < list.len / 2; i++) {
        uint16_t value = mls_u16s_at(list, i);
        if ((value == 0 || value > default_max) && !all_have(t, kind, value))
            return false;
    }
    return true;
}

enum err mls_tree_check_extensions(const struct mls_tree *t, struct span extensions)
{
    struct reader in = reader_of(extensions);
    struct mls_extension e;
    struct mls_required_capabilities need;

    while (mls_read_more(&in)) {
        mls_read_extension(&in, &e);
        if ((e.type == 0 || e.type > MLS_EXTENSION_EXTERNAL_SENDERS) &&
            !all_have(t, MLS_CENSUS_EXTENSION, e.type))
            return mls_fail(MLS_GROUP_EXTENSION_UNSUPPORTED);
        if (e.type != MLS_EXTENSION_REQUIRED_CAPABILITIES)
            continue;
        struct reader r = reader_of(e.data);
        mls_read_required_capabilities(&r, &need);
        if (!all_have_list(t, MLS_CENSUS_EXTENSION, need.extensions,
                           MLS_EXTENSION_EXTERNAL_SENDERS) ||
            !all_have_list(t, MLS_CENSUS_PROPOSAL, need.proposals,
                           MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS) ||
            !all_have_list(t, MLS_CENSUS_CREDENTIAL, need.credentials, 0))
            return mls_fail(MLS_CAPABILITY_MISSING);
    }
    return OK;
}

/* RFC 9420 7.3: each credential type in use is supported by every member. */
enum err mls_tree_check_credentials(const struct mls_tree *t)
{
    size_t cursor = 0;
    uint16_t type;
    uint32_t users;

    while (mls_census_next(&t->census, MLS_CENSUS_CREDENTIAL_USED, &cursor, &type, &users))
        if (!all_have(t, MLS_CENSUS_CREDENTIAL, type))
            return mls_fail(MLS_CREDENTIAL_UNSUPPORTED);
    return OK;
}

enum err mls_change_check_members(const struct mls_change *c)
{
    if (c->tree.signature_keys.repeated > 0)
        return mls_fail(MLS_DUPLICATE_SIGNATURE_KEY);
    if (c->tree.encryption_keys.repeated > 0)
        return mls_fail(MLS_DUPLICATE_ENCRYPTION_KEY);
    TRY(mls_tree_check_credentials(&c->tree));
    if (c->extensions.ptr != c->g->context.extensions.ptr)
        TRY(mls_tree_check_extensions(&c->tree, c->extensions));
    return OK;
}

enum err mls_check_path_leaf(const struct mls_change *c, const struct mls_leaf_node *leaf,
                             const struct mls_leaf_node *before, uint32_t index)
{
    struct mls_leaf_rules rules = mls_rules_of(c->world, c->g->suite, c->extensions);

    TRY(mls_leaf_check(leaf, MLS_LEAF_COMMIT, &rules));
    TRY(mls_leaf_verify(c->g->suite, leaf, c->g->context.group_id, index));
    return mls_ask_credential(c->world, leaf, before);
}
