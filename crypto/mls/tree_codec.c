/* RFC 9420 12.4.3.3: the ratchet tree as it travels and as it is stored. */
#include "crypto/mls/tree_node.h"

#include <stdlib.h>

static void write_node(struct writer *w, const struct mls_tree_node *n)
{
    if (n->is_leaf ? n->leaf == NULL : n->parent == NULL) {
        write_u8(w, 0);
        return;
    }
    write_u8(w, 1);
    if (n->is_leaf) {
        write_u8(w, MLS_NODE_LEAF);
        write_bytes(w, n->leaf->node.encoded);
        return;
    }
    write_u8(w, MLS_NODE_PARENT);
    mls_write_vector(w, mls_parent_key(n->parent));
    mls_write_vector(w, mls_parent_hash_of(n->parent));
    mls_write_length(w, 4 * (size_t)n->parent->unmerged_count);
    for (uint32_t i = 0; i < n->parent->unmerged_count; i++)
        write_be32(w, n->parent->unmerged[i]);
}

/* In order, up to node `last`. */
static void write_subtree(struct writer *w, const struct mls_tree_node *n, uint32_t node,
                          uint32_t last)
{
    if (!n->is_leaf)
        write_subtree(w, n->left, mls_left(node), last);
    if (node <= last)
        write_node(w, n);
    if (!n->is_leaf && node < last)
        write_subtree(w, n->right, mls_right(node), last);
}

/* The last non-blank node: the last member, or a parent right of it in a tree that is not valid. */
static uint32_t last_of(const struct mls_tree_node *n, uint32_t node)
{
    if (n->is_leaf)
        return n->leaf == NULL ? 0 : node;
    uint32_t right = last_of(n->right, mls_right(node));
    if (right > 0)
        return right;
    return n->parent != NULL ? node : last_of(n->left, mls_left(node));
}

void mls_tree_write(struct writer *w, const struct mls_tree *t)
{
    write_subtree(w, t->root, mls_root(t->leaves), last_of(t->root, mls_root(t->leaves)));
}

static struct mls_parent *read_parent(struct reader *r)
{
    struct mls_parent_view v;

    mls_read_parent_node(r, &v);
    struct mls_parent *p = r->failed ? NULL : mls_parent_new(v.encryption_key, v.parent_hash);
    if (p == NULL || v.unmerged.len == 0)
        return p;
    p->unmerged_cap = (uint32_t)(v.unmerged.len / 4);
    p->unmerged = malloc(v.unmerged.len);
    if (p->unmerged == NULL) {
        mls_parent_unref(p);
        return NULL;
    }
    struct reader list = reader_of(v.unmerged);
    while (p->unmerged_count < p->unmerged_cap)
        p->unmerged[p->unmerged_count++] = read_be32(&list);
    return p;
}

static enum err read_leaf(struct reader *r, struct mls_leaf **out)
{
    struct mls_leaf_node view;

    mls_read_leaf_node(r, &view);
    return r->failed ? mls_fail(MLS_MALFORMED) : mls_leaf_new(view.encoded, out);
}

/* One optional<Node> into a blank node of the right kind. */
static enum err read_node(struct mls_tree *t, struct reader *r, struct mls_tree_node *n)
{
    if (!mls_read_present(r))
        return mls_read_status(r);
    uint8_t type = read_u8(r);
    if (type != (n->is_leaf ? MLS_NODE_LEAF : MLS_NODE_PARENT))
        return mls_fail(MLS_MALFORMED);
    if (n->is_leaf) {
        TRY(read_leaf(r, &n->leaf));
        TRY(mls_keyset_add(&t->encryption_keys, n->leaf->node.encryption_key));
        TRY(mls_keyset_add(&t->signature_keys, n->leaf->node.signature_key));
        return mls_census_leaf(&t->census, &n->leaf->node, 1);
    }
    n->parent = read_parent(r);
    if (n->parent == NULL)
        return r->failed ? mls_fail(MLS_MALFORMED) : ERR_MEMORY;
    return mls_keyset_add(&t->encryption_keys, mls_parent_key(n->parent));
}

/* In-order, blank beyond the end of input. *last tells whether the newest node read was blank. */
static enum err read_subtree(struct mls_tree *t, struct reader *r, struct mls_tree_node *n,
                             bool *last_blank)
{
    if (!n->is_leaf)
        TRY(read_subtree(t, r, n->left, last_blank));
    if (r->rest.len > 0) {
        TRY(read_node(t, r, n));
        *last_blank = n->is_leaf ? n->leaf == NULL : n->parent == NULL;
    }
    if (!n->is_leaf)
        TRY(read_subtree(t, r, n->right, last_blank));
    mls_tree_node_recount(n);
    return OK;
}

/* Number of optional<Node> in the list, without building anything. */
static enum err count_nodes(struct span content, size_t *count)
{
    struct reader r = reader_of(content);
    struct mls_leaf_node leaf;
    struct mls_parent_view parent;

    for (*count = 0; mls_read_more(&r); (*count)++) {
        if (!mls_read_present(&r))
            continue;
        uint8_t type = read_u8(&r);
        if (type == MLS_NODE_LEAF)
            mls_read_leaf_node(&r, &leaf);
        else if (type == MLS_NODE_PARENT)
            mls_read_parent_node(&r, &parent);
        else
            mls_read_poison(&r);
    }
    TRY(mls_read_status(&r));
    if (*count > mls_nodes(MLS_LEAVES_MAX))
        return mls_fail(MLS_TREE_FULL);
    return *count == 0 ? mls_fail(MLS_MALFORMED) : OK;
}

enum err mls_tree_read(struct span content, const struct mls_suite *suite, struct mls_tree *out)
{
    size_t count;
    bool last_blank = true;
    struct reader r = reader_of(content);

    TRY(count_nodes(content, &count));
    TRY(mls_tree_init(out, suite));
    enum err err = OK;
    while (err == OK && mls_nodes(out->leaves) < count)
        err = mls_tree_extend(out);
    if (err == OK)
        err = read_subtree(out, &r, out->root, &last_blank);
    if (err == OK && last_blank)
        err = mls_fail(MLS_TREE_TRAILING_BLANK);
    if (err == OK)
        mls_tree_hash(out, NULL);
    else
        mls_tree_clear(out);
    return err;
}
