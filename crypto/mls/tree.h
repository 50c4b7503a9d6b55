/* The ratchet tree (RFC 9420 4, 7): a full binary tree whose nodes are shared between forks.
 *
 * A fork costs nothing: both trees hold the same counted nodes, and a change copies only the nodes
 * between the root and the changed place that somebody else holds too (bulk changes to one tree
 * copy each node once). Each node keeps its tree hash, the number of members below it and the
 * length of its resolution, so that a commit in a warm tree costs O(log n) hashes, whatever n.
 * Beside the nodes stand two key multisets and a census of capabilities, for the rules about all
 * members.
 *
 * Node numbers are those of tree_math.h. Functions that change a tree may leave it half changed
 * when they fail (only ERR_MEMORY and MLS_TREE_FULL): work on a fork and drop it. Hashes are
 * computed by mls_tree_hash alone; a tree that was hashed may be forked and read on several
 * threads.
 *
 * Bounds: MLS_LEAVES_MAX leaves.
 */
#pragma once

#include "crypto/mls/census.h"
#include "crypto/mls/keyset.h"
#include "crypto/mls/suite.h"
#include "crypto/mls/tree_math.h"

/* a member's leaf node: immutable, counted; its view points into its own bytes */
struct mls_leaf {
    _Atomic uint32_t refs;
    struct mls_leaf_node node;
    uint8_t bytes[];
};

/* the content of a parent node: counted; changed only by the tree, and only while unshared */
struct mls_parent {
    _Atomic uint32_t refs;
    uint32_t unmerged_count, unmerged_cap;
    uint32_t *unmerged; /* leaf indices, increasing */
    size_t key_len, hash_len;
    uint8_t bytes[]; /* encryption_key || parent_hash */
};

static inline struct span mls_parent_key(const struct mls_parent *p)
{
    return span_of(p->bytes, p->key_len);
}
static inline struct span mls_parent_hash_of(const struct mls_parent *p)
{
    return span_of(p->bytes + p->key_len, p->hash_len);
}

struct mls_tree {
    const struct mls_suite *suite;
    struct mls_tree_node *root;
    uint32_t leaves; /* width: a power of two */
    struct mls_keyset encryption_keys, signature_keys;
    struct mls_census census;
};

/** A leaf from its encoding, with one reference. OK; MLS_MALFORMED; ERR_MEMORY. */
enum err mls_leaf_new(struct span encoded, struct mls_leaf **out) MUST_CHECK;
struct mls_leaf *mls_leaf_ref(struct mls_leaf *l);
void mls_leaf_unref(struct mls_leaf *l); /* accepts NULL */

/** Parent content without unmerged leaves. NULL when memory is out. */
struct mls_parent *mls_parent_new(struct span key, struct span parent_hash) MUST_CHECK;
void mls_parent_unref(struct mls_parent *p); /* accepts NULL */

/** A tree of one blank leaf. OK; ERR_MEMORY. */
enum err mls_tree_init(struct mls_tree *t, const struct mls_suite *suite) MUST_CHECK;

/** `out` (uninitialised) shares everything with `t`. Cannot fail. */
void mls_tree_fork(const struct mls_tree *t, struct mls_tree *out);

void mls_tree_clear(struct mls_tree *t);

/** The leaf of a member; NULL when blank or out of range. Borrowed until the tree changes. */
const struct mls_leaf *mls_tree_leaf(const struct mls_tree *t, uint32_t leaf);

/** The content of a parent node; NULL when blank. */
const struct mls_parent *mls_tree_parent(const struct mls_tree *t, uint32_t node);

/** The encryption key of any node; empty when blank. */
struct span mls_tree_key(const struct mls_tree *t, uint32_t node);

/** Members of the group. */
uint32_t mls_tree_members(const struct mls_tree *t);

/** The least member >= `from`; false when there is none. Walks at O(log n) a step. */
bool mls_tree_next_member(const struct mls_tree *t, uint32_t from, uint32_t *leaf);

/** Put `leaf` (a reference is taken; NULL blanks) at an index within the width. */
enum err mls_tree_set_leaf(struct mls_tree *t, uint32_t index, struct mls_leaf *leaf) MUST_CHECK;

/** Put `parent` (a reference is taken; NULL blanks) at a node. */
enum err mls_tree_set_parent(struct mls_tree *t, uint32_t node,
                             struct mls_parent *parent) MUST_CHECK;

/** Blank all parents above a leaf. */
enum err mls_tree_blank_path(struct mls_tree *t, uint32_t leaf) MUST_CHECK;

/** The leftmost blank leaf, or the width when there is none. */
uint32_t mls_tree_free_leaf(const struct mls_tree *t);

/** Double the width. OK; MLS_TREE_FULL; ERR_MEMORY. */
enum err mls_tree_extend(struct mls_tree *t) MUST_CHECK;

/** Put a new member at the leftmost blank leaf, unmerged at all its ancestors. @source 12.1.1 */
enum err mls_tree_add(struct mls_tree *t, struct mls_leaf *leaf, uint32_t *index) MUST_CHECK;

/** Replace a member's leaf and blank its path. @source 12.1.2 */
enum err mls_tree_update(struct mls_tree *t, uint32_t index, struct mls_leaf *leaf) MUST_CHECK;

/** Blank a member's leaf and path; does not truncate. @source 12.1.3 */
enum err mls_tree_remove(struct mls_tree *t, uint32_t index) MUST_CHECK;

/** Drop empty right halves. @source 7.7 */
enum err mls_tree_truncate(struct mls_tree *t) MUST_CHECK;

/** Compute the hashes that are missing; the root's goes to `out` (may be NULL). @source 7.8 */
void mls_tree_hash(struct mls_tree *t, uint8_t *out);

/** The tree hash of a node; the tree must be hashed. */
struct span mls_tree_node_hash(const struct mls_tree *t, uint32_t node);

/** Entries of a resolution, at most. */
uint32_t mls_tree_resolution_len(const struct mls_tree *t, uint32_t node);

/* leaves that joined in the commit at work, increasing: no path secret is encrypted to them */
struct mls_leaf_set {
    const uint32_t *leaves;
    size_t count;
};

bool mls_leaf_set_has(const struct mls_leaf_set *s, uint32_t leaf);

/** Resolution of `node` without the leaves of `without` (may be NULL).
 *
 * @param out  node numbers, room for mls_tree_resolution_len
 * @return number of entries
 * @source RFC 9420 4.1.1, 7.5
 */
size_t mls_tree_resolution(const struct mls_tree *t, uint32_t node,
                           const struct mls_leaf_set *without, uint32_t *out);

/** Parents above a leaf whose copath child has a resolution: leaf to root, at most MLS_LEVELS_MAX.
 *
 * @source RFC 9420 4.1.2
 */
size_t mls_tree_filtered_path(const struct mls_tree *t, uint32_t leaf, uint32_t *nodes);

/* -- tree_hash.c -- */

/** Parent hash of a parent with this key, own parent_hash and sibling tree hash. @source 7.9 */
void mls_parent_hash(const struct mls_suite *s, struct span key, struct span parent_hash,
                     struct span sibling_hash, uint8_t *out);

/** The tree hash of `node` after blanking the leaves of `without` and taking them from all unmerged
 * lists. The tree must be hashed. @source 7.9 (original_sibling_tree_hash)
 */
void mls_tree_hash_without(const struct mls_tree *t, uint32_t node,
                           const struct mls_leaf_set *without, uint8_t *out);

/** Check what a stranger's tree must satisfy: unmerged lists are sorted and agree with each other
 * (12.4.3.1), and every non-blank parent is on exactly one chain of parent hashes (7.9.2).
 *
 * @return OK; MLS_BAD_UNMERGED; MLS_BAD_PARENT_HASH; ERR_MEMORY
 */
enum err mls_tree_check(const struct mls_tree *t) MUST_CHECK;

/* -- tree_codec.c -- */

/** optional<Node> ratchet_tree<V>: its content, without the length header. @source 12.4.3.3 */
void mls_tree_write(struct writer *w, const struct mls_tree *t);

/** A tree from the content of a ratchet_tree vector; hashed.
 *
 * @return OK; MLS_MALFORMED; MLS_TREE_TRAILING_BLANK; MLS_TREE_FULL; ERR_MEMORY
 */
enum err mls_tree_read(struct span content, const struct mls_suite *suite,
                       struct mls_tree *out) MUST_CHECK;
