#include "crypto/mls/tree.h"

#include "crypto/mls/tree_node.h"

#include <stdatomic.h>
#include <stdlib.h>

/* -- nodes -- */

struct mls_tree_node *mls_tree_node_new(const struct mls_suite *s, bool is_leaf)
{
    struct mls_tree_node *n = calloc(1, sizeof *n + s->hash->bytes);
    if (n != NULL) {
        n->refs = 1;
        n->is_leaf = is_leaf;
    }
    return n;
}

struct mls_tree_node *mls_tree_node_ref(struct mls_tree_node *n)
{
    if (n != NULL)
        atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
    return n;
}

void mls_tree_node_unref(struct mls_tree_node *n)
{
    if (n == NULL || atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) > 1)
        return;
    if (n->is_leaf) {
        mls_leaf_unref(n->leaf);
    } else {
        mls_parent_unref(n->parent);
        mls_tree_node_unref(n->left);
        mls_tree_node_unref(n->right);
    }
    free(n);
}

void mls_tree_node_recount(struct mls_tree_node *n)
{
    n->hashed = false;
    if (n->is_leaf) {
        n->leaves = n->resolution = n->leaf != NULL;
        return;
    }
    n->leaves = n->left->leaves + n->right->leaves;
    n->resolution = n->parent != NULL ? 1 + n->parent->unmerged_count
                                      : n->left->resolution + n->right->resolution;
}

static enum err node_own(const struct mls_suite *s, struct mls_tree_node **at)
{
    struct mls_tree_node *old = *at;

    if (atomic_load_explicit(&old->refs, memory_order_acquire) == 1)
        return OK;
    struct mls_tree_node *n = mls_tree_node_new(s, old->is_leaf);
    if (n == NULL)
        return ERR_MEMORY;
    n->leaves = old->leaves;
    n->resolution = old->resolution;
    if (n->is_leaf) {
        n->leaf = mls_leaf_ref(old->leaf);
    } else {
        n->parent = mls_parent_ref(old->parent);
        n->left = mls_tree_node_ref(old->left);
        n->right = mls_tree_node_ref(old->right);
    }
    mls_tree_node_unref(old);
    *at = n;
    return OK;
}

/* the nodes from the root down to a place, all unshared */
struct way {
    struct mls_tree_node *nodes[MLS_LEVELS_MAX];
    size_t count;
};

static enum err walk_down(struct mls_tree *t, uint32_t node, struct way *way)
{
    struct mls_tree_node **at = &t->root;
    uint32_t here = mls_root(t->leaves);

    way->count = 0;
    for (;;) {
        TRY(node_own(t->suite, at));
        way->nodes[way->count++] = *at;
        if (here == node)
            return OK;
        at = node < here ? &(*at)->left : &(*at)->right;
        here = node < here ? mls_left(here) : mls_right(here);
    }
}

static void recount_up(struct way *way)
{
    while (way->count > 0)
        mls_tree_node_recount(way->nodes[--way->count]);
}

const struct mls_tree_node *mls_tree_at(const struct mls_tree *t, uint32_t node)
{
    const struct mls_tree_node *n = t->root;
    uint32_t here = mls_root(t->leaves);

    assert(node < mls_nodes(t->leaves));
    while (here != node) {
        n = node < here ? n->left : n->right;
        here = node < here ? mls_left(here) : mls_right(here);
    }
    return n;
}

/* -- the tree -- */

enum err mls_tree_init(struct mls_tree *t, const struct mls_suite *suite)
{
    *t = (struct mls_tree){.suite = suite, .leaves = 1};
    t->root = mls_tree_node_new(suite, true);
    return t->root == NULL ? ERR_MEMORY : OK;
}

void mls_tree_fork(const struct mls_tree *t, struct mls_tree *out)
{
    *out = *t;
    out->root = mls_tree_node_ref(t->root);
    out->encryption_keys = mls_keyset_fork(&t->encryption_keys);
    out->signature_keys = mls_keyset_fork(&t->signature_keys);
    out->census = mls_census_fork(&t->census);
}

void mls_tree_clear(struct mls_tree *t)
{
    mls_tree_node_unref(t->root);
    mls_keyset_clear(&t->encryption_keys);
    mls_keyset_clear(&t->signature_keys);
    mls_census_clear(&t->census);
    *t = (struct mls_tree){0};
}

const struct mls_leaf *mls_tree_leaf(const struct mls_tree *t, uint32_t leaf)
{
    return leaf < t->leaves ? mls_tree_at(t, 2 * leaf)->leaf : NULL;
}

const struct mls_parent *mls_tree_parent(const struct mls_tree *t, uint32_t node)
{
    return mls_tree_at(t, node)->parent;
}

struct span mls_tree_key(const struct mls_tree *t, uint32_t node)
{
    const struct mls_tree_node *n = mls_tree_at(t, node);

    if (n->is_leaf)
        return n->leaf == NULL ? SPAN_EMPTY : n->leaf->node.encryption_key;
    return n->parent == NULL ? SPAN_EMPTY : mls_parent_key(n->parent);
}

uint32_t mls_tree_members(const struct mls_tree *t)
{
    return t->root->leaves;
}

static bool next_member(const struct mls_tree_node *n, uint32_t node, uint32_t from, uint32_t *leaf)
{
    if (n->leaves == 0 || mls_first_leaf(node) + ((uint32_t)1 << mls_level(node)) <= from)
        return false;
    if (n->is_leaf) {
        *leaf = node / 2;
        return true;
    }
    return next_member(n->left, mls_left(node), from, leaf) ||
           next_member(n->right, mls_right(node), from, leaf);
}

bool mls_tree_next_member(const struct mls_tree *t, uint32_t from, uint32_t *leaf)
{
    return next_member(t->root, mls_root(t->leaves), from, leaf);
}

/* The multisets and the census follow every change of content. */
static enum err take_in(struct mls_tree *t, const struct mls_leaf *leaf)
{
    TRY(mls_keyset_add(&t->encryption_keys, leaf->node.encryption_key));
    TRY(mls_keyset_add(&t->signature_keys, leaf->node.signature_key));
    return mls_census_leaf(&t->census, &leaf->node, 1);
}

static enum err take_out(struct mls_tree *t, const struct mls_leaf *leaf)
{
    TRY(mls_keyset_remove(&t->encryption_keys, leaf->node.encryption_key));
    TRY(mls_keyset_remove(&t->signature_keys, leaf->node.signature_key));
    return mls_census_leaf(&t->census, &leaf->node, -1);
}

enum err mls_tree_set_leaf(struct mls_tree *t, uint32_t index, struct mls_leaf *leaf)
{
    struct way way;

    TRY(walk_down(t, 2 * index, &way));
    struct mls_tree_node *n = way.nodes[way.count - 1];
    if (leaf != NULL)
        TRY(take_in(t, leaf));
    if (n->leaf != NULL)
        TRY(take_out(t, n->leaf));
    mls_leaf_unref(n->leaf);
    n->leaf = mls_leaf_ref(leaf);
    recount_up(&way);
    return OK;
}

static enum err put_parent(struct mls_tree *t, struct mls_tree_node *n, struct mls_parent *parent)
{
    if (parent != NULL)
        TRY(mls_keyset_add(&t->encryption_keys, mls_parent_key(parent)));
    if (n->parent != NULL)
        TRY(mls_keyset_remove(&t->encryption_keys, mls_parent_key(n->parent)));
    mls_parent_unref(n->parent);
    n->parent = mls_parent_ref(parent);
    return OK;
}

enum err mls_tree_set_parent(struct mls_tree *t, uint32_t node, struct mls_parent *parent)
{
    struct way way;

    TRY(walk_down(t, node, &way));
    TRY(put_parent(t, way.nodes[way.count - 1], parent));
    recount_up(&way);
    return OK;
}

enum err mls_tree_blank_path(struct mls_tree *t, uint32_t leaf)
{
    struct way way;

    TRY(walk_down(t, 2 * leaf, &way));
    for (size_t i = 0; i + 1 < way.count; i++)
        TRY(put_parent(t, way.nodes[i], NULL));
    recount_up(&way);
    return OK;
}

uint32_t mls_tree_free_leaf(const struct mls_tree *t)
{
    const struct mls_tree_node *n = t->root;
    uint32_t here = mls_root(t->leaves), width = t->leaves;

    if (n->leaves == width)
        return width;
    while (!n->is_leaf) {
        width /= 2;
        bool left = n->left->leaves < width;
        here = left ? mls_left(here) : mls_right(here);
        n = left ? n->left : n->right;
    }
    return here / 2;
}

static struct mls_tree_node *blank_subtree(const struct mls_suite *s, uint32_t leaves)
{
    struct mls_tree_node *n = mls_tree_node_new(s, leaves == 1);

    if (n == NULL || leaves == 1)
        return n;
    n->left = blank_subtree(s, leaves / 2);
    n->right = n->left == NULL ? NULL : blank_subtree(s, leaves / 2);
    if (n->right == NULL) {
        mls_tree_node_unref(n);
        return NULL;
    }
    return n;
}

enum err mls_tree_extend(struct mls_tree *t)
{
    if (t->leaves >= MLS_LEAVES_MAX)
        return mls_fail(MLS_TREE_FULL);
    struct mls_tree_node *root = mls_tree_node_new(t->suite, false);
    struct mls_tree_node *right = blank_subtree(t->suite, t->leaves);
    if (root == NULL || right == NULL) {
        mls_tree_node_unref(root);
        mls_tree_node_unref(right);
        return ERR_MEMORY;
    }
    root->left = t->root;
    root->right = right;
    mls_tree_node_recount(root);
    t->root = root;
    t->leaves *= 2;
    return OK;
}

enum err mls_tree_add(struct mls_tree *t, struct mls_leaf *leaf, uint32_t *index)
{
    struct way way;
    uint32_t i = mls_tree_free_leaf(t);

    if (i == t->leaves)
        TRY(mls_tree_extend(t));
    TRY(walk_down(t, 2 * i, &way));
    for (size_t k = 0; k + 1 < way.count; k++)
        if (way.nodes[k]->parent != NULL)
            TRY(mls_parent_add_unmerged(&way.nodes[k]->parent, i));
    TRY(take_in(t, leaf));
    way.nodes[way.count - 1]->leaf = mls_leaf_ref(leaf);
    recount_up(&way);
    *index = i;
    return OK;
}

enum err mls_tree_update(struct mls_tree *t, uint32_t index, struct mls_leaf *leaf)
{
    TRY(mls_tree_set_leaf(t, index, leaf));
    return mls_tree_blank_path(t, index);
}

enum err mls_tree_remove(struct mls_tree *t, uint32_t index)
{
    return mls_tree_update(t, index, NULL);
}

enum err mls_tree_truncate(struct mls_tree *t)
{
    while (!t->root->is_leaf && t->root->right->leaves == 0) {
        TRY(node_own(t->suite, &t->root));
        TRY(put_parent(t, t->root, NULL));
        struct mls_tree_node *left = mls_tree_node_ref(t->root->left);
        mls_tree_node_unref(t->root);
        t->root = left;
        t->leaves /= 2;
    }
    return OK;
}

uint32_t mls_tree_resolution_len(const struct mls_tree *t, uint32_t node)
{
    return mls_tree_at(t, node)->resolution;
}

bool mls_leaf_set_has(const struct mls_leaf_set *s, uint32_t leaf)
{
    size_t low = 0, high = s == NULL ? 0 : s->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->leaves[mid] < leaf)
            low = mid + 1;
        else
            high = mid;
    }
    return s != NULL && low < s->count && s->leaves[low] == leaf;
}

static size_t resolve(const struct mls_tree_node *n, uint32_t node,
                      const struct mls_leaf_set *without, uint32_t *out)
{
    size_t count = 0;

    if (n->resolution == 0)
        return 0;
    if (n->is_leaf) {
        if (!mls_leaf_set_has(without, node / 2))
            out[count++] = node;
        return count;
    }
    if (n->parent == NULL) {
        count = resolve(n->left, mls_left(node), without, out);
        return count + resolve(n->right, mls_right(node), without, out + count);
    }
    out[count++] = node;
    for (uint32_t i = 0; i < n->parent->unmerged_count; i++)
        if (!mls_leaf_set_has(without, n->parent->unmerged[i]))
            out[count++] = 2 * n->parent->unmerged[i];
    return count;
}

size_t mls_tree_resolution(const struct mls_tree *t, uint32_t node,
                           const struct mls_leaf_set *without, uint32_t *out)
{
    return resolve(mls_tree_at(t, node), node, without, out);
}

size_t mls_tree_filtered_path(const struct mls_tree *t, uint32_t leaf, uint32_t *nodes)
{
    size_t count = 0;

    for (unsigned level = 0; level < mls_depth(t->leaves); level++) {
        uint32_t node = mls_ancestor(leaf, level);
        if (mls_tree_resolution_len(t, mls_sibling(node)) > 0)
            nodes[count++] = mls_parent(node);
    }
    return count;
}
