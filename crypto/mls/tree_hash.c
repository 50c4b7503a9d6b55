/* RFC 9420 7.8, 7.9: tree hashes and parent hashes. */
#include "crypto/mls/tree_node.h"

#include <stdlib.h>

static void add_length(struct hash_state *h, size_t len)
{
    uint8_t bytes[4];
    size_t n = mls_length_bytes(len);
    uint32_t v = (uint32_t)len | (n == 1 ? 0 : n == 2 ? 0x4000u : 0x80000000u);

    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    hash_add(h, span_of(bytes, n));
}

static void add_vector(struct hash_state *h, struct span s)
{
    add_length(h, s.len);
    hash_add(h, s);
}

static void add_u32(struct hash_state *h, uint32_t v)
{
    uint8_t bytes[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    hash_add(h, SPAN_ARRAY(bytes));
}

static void add_u8(struct hash_state *h, uint8_t v)
{
    hash_add(h, span_of(&v, 1));
}

void mls_hash_leaf(const struct mls_suite *s, uint32_t leaf_index, const struct mls_leaf *leaf,
                   uint8_t *out)
{
    struct hash_state h;

    hash_init(&h, s->hash);
    add_u8(&h, MLS_NODE_LEAF);
    add_u32(&h, leaf_index);
    add_u8(&h, leaf != NULL);
    if (leaf != NULL)
        hash_add(&h, leaf->node.encoded);
    hash_end(&h, out);
}

static void add_unmerged(struct hash_state *h, const struct mls_parent *p,
                         const struct mls_leaf_set *without)
{
    size_t count = 0;

    for (uint32_t i = 0; i < p->unmerged_count; i++)
        count += !mls_leaf_set_has(without, p->unmerged[i]);
    add_length(h, 4 * count);
    for (uint32_t i = 0; i < p->unmerged_count; i++)
        if (!mls_leaf_set_has(without, p->unmerged[i]))
            add_u32(h, p->unmerged[i]);
}

void mls_hash_parent(const struct mls_suite *s, const struct mls_parent *p,
                     const struct mls_leaf_set *without, struct span left, struct span right,
                     uint8_t *out)
{
    struct hash_state h;

    hash_init(&h, s->hash);
    add_u8(&h, MLS_NODE_PARENT);
    add_u8(&h, p != NULL);
    if (p != NULL) {
        add_vector(&h, mls_parent_key(p));
        add_vector(&h, mls_parent_hash_of(p));
        add_unmerged(&h, p, without);
    }
    add_vector(&h, left);
    add_vector(&h, right);
    hash_end(&h, out);
}

static struct span node_hash(const struct mls_suite *s, const struct mls_tree_node *n)
{
    return span_of(n->hash, s->hash->bytes);
}

/* A node without its hash is held by this tree alone: changes copy it, forks happen after. */
static void hash_node(const struct mls_suite *s, struct mls_tree_node *n, uint32_t node)
{
    if (n->hashed)
        return;
    if (n->is_leaf) {
        mls_hash_leaf(s, node / 2, n->leaf, n->hash);
    } else {
        hash_node(s, n->left, mls_left(node));
        hash_node(s, n->right, mls_right(node));
        mls_hash_parent(s, n->parent, NULL, node_hash(s, n->left), node_hash(s, n->right), n->hash);
    }
    n->hashed = true;
}

void mls_tree_hash(struct mls_tree *t, uint8_t *out)
{
    hash_node(t->suite, t->root, mls_root(t->leaves));
    if (out != NULL)
        memcpy(out, t->root->hash, t->suite->hash->bytes);
}

struct span mls_tree_node_hash(const struct mls_tree *t, uint32_t node)
{
    const struct mls_tree_node *n = mls_tree_at(t, node);
    assert(n->hashed);
    return node_hash(t->suite, n);
}

void mls_parent_hash(const struct mls_suite *s, struct span key, struct span parent_hash,
                     struct span sibling_hash, uint8_t *out)
{
    struct hash_state h;

    hash_init(&h, s->hash);
    add_vector(&h, key);
    add_vector(&h, parent_hash);
    add_vector(&h, sibling_hash);
    hash_end(&h, out);
}

/* The leaves of a sorted set that lie below a node. */
static struct mls_leaf_set below(const struct mls_leaf_set *set, uint32_t node)
{
    uint32_t first = mls_first_leaf(node), end = first + ((uint32_t)1 << mls_level(node));
    struct mls_leaf_set part = {set->leaves, 0};
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (set->leaves[mid] < first)
            low = mid + 1;
        else
            high = mid;
    }
    if (set->count == 0)
        return part;
    part.leaves += low;
    while (low + part.count < set->count && part.leaves[part.count] < end)
        part.count++;
    return part;
}

static void hash_without(const struct mls_suite *s, const struct mls_tree_node *n, uint32_t node,
                         const struct mls_leaf_set *without, uint8_t *out)
{
    struct mls_leaf_set here = below(without, node);
    uint8_t left[MLS_HASH_MAX], right[MLS_HASH_MAX];
    size_t bytes = s->hash->bytes;

    if (here.count == 0) {
        memcpy(out, n->hash, bytes);
        return;
    }
    if (n->is_leaf) {
        mls_hash_leaf(s, node / 2, NULL, out);
        return;
    }
    hash_without(s, n->left, mls_left(node), &here, left);
    hash_without(s, n->right, mls_right(node), &here, right);
    mls_hash_parent(s, n->parent, &here, span_of(left, bytes), span_of(right, bytes), out);
}

void mls_tree_hash_without(const struct mls_tree *t, uint32_t node,
                           const struct mls_leaf_set *without, uint8_t *out)
{
    const struct mls_tree_node *n = mls_tree_at(t, node);
    assert(n->hashed);
    hash_without(t->suite, n, node, without, out);
}

/* -- RFC 9420 7.9.2 -- */

/* The parent_hash field of a node; false when it has none. */
static bool own_parent_hash(const struct mls_tree *t, uint32_t node, struct span *out)
{
    const struct mls_tree_node *n = mls_tree_at(t, node);

    if (!n->is_leaf) {
        *out = mls_parent_hash_of(n->parent);
        return true;
    }
    *out = n->leaf->node.parent_hash;
    return n->leaf->node.source == MLS_LEAF_COMMIT;
}

/* Is there a D in the resolution of C, the child on the left or right, whose parent_hash is the
 * parent hash of P, and are all others in that resolution exactly P's unmerged leaves below C? */
static enum err has_chain(const struct mls_tree *t, const struct mls_tree_node *p, uint32_t child,
                          uint32_t sibling, bool *yes)
{
    struct mls_leaf_set unmerged = {p->parent->unmerged, p->parent->unmerged_count};
    struct mls_leaf_set here = below(&unmerged, child);
    size_t count = mls_tree_resolution_len(t, child);
    uint8_t sibling_hash[MLS_HASH_MAX], wanted[MLS_HASH_MAX];
    struct span have;

    *yes = false;
    if (count != here.count + 1)
        return OK;
    mls_tree_hash_without(t, sibling, &unmerged, sibling_hash);
    mls_parent_hash(t->suite, mls_parent_key(p->parent), mls_parent_hash_of(p->parent),
                    span_of(sibling_hash, t->suite->hash->bytes), wanted);

    uint32_t *nodes = malloc(count * sizeof *nodes);
    if (nodes == NULL)
        return ERR_MEMORY;
    count = mls_tree_resolution(t, child, NULL, nodes);
    size_t others = 0;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        bool is_unmerged = (nodes[i] & 1) == 0 && mls_leaf_set_has(&here, nodes[i] / 2);
        others += is_unmerged;
        if (!is_unmerged && own_parent_hash(t, nodes[i], &have))
            found = span_eq(have, span_of(wanted, t->suite->hash->bytes));
    }
    free(nodes);
    *yes = found && others == here.count;
    return OK;
}

static enum err check_chains(const struct mls_tree *t, const struct mls_tree_node *n, uint32_t node)
{
    bool left = false, right = false;

    if (n->is_leaf)
        return OK;
    if (n->parent != NULL) {
        TRY(has_chain(t, n, mls_left(node), mls_right(node), &left));
        TRY(has_chain(t, n, mls_right(node), mls_left(node), &right));
        if (left == right)
            return mls_fail(MLS_BAD_PARENT_HASH);
    }
    TRY(check_chains(t, n->left, mls_left(node)));
    return check_chains(t, n->right, mls_right(node));
}

/* Each unmerged leaf of P is a member below P, and unmerged at every parent between. */
static bool unmerged_agree(const struct mls_tree_node *n, uint32_t node, uint32_t leaf)
{
    while (!n->is_leaf) {
        struct mls_leaf_set set = {n->parent == NULL ? NULL : n->parent->unmerged,
                                   n->parent == NULL ? 0 : n->parent->unmerged_count};
        if (n->parent != NULL && !mls_leaf_set_has(&set, leaf))
            return false;
        n = 2 * leaf < node ? n->left : n->right;
        node = 2 * leaf < node ? mls_left(node) : mls_right(node);
    }
    return n->leaf != NULL;
}

static enum err check_unmerged(const struct mls_tree_node *n, uint32_t node)
{
    if (n->is_leaf)
        return OK;
    for (uint32_t i = 0; n->parent != NULL && i < n->parent->unmerged_count; i++) {
        uint32_t leaf = n->parent->unmerged[i];
        if (i > 0 && n->parent->unmerged[i - 1] >= leaf)
            return mls_fail(MLS_BAD_UNMERGED);
        if (!mls_is_below(leaf, node) || !unmerged_agree(n, node, leaf))
            return mls_fail(MLS_BAD_UNMERGED);
    }
    TRY(check_unmerged(n->left, mls_left(node)));
    return check_unmerged(n->right, mls_right(node));
}

enum err mls_tree_check(const struct mls_tree *t)
{
    TRY(check_unmerged(t->root, mls_root(t->leaves))); /* first: the chains rely on it */
    return check_chains(t, t->root, mls_root(t->leaves));
}
