/* Inside the tree chapter: the nodes. */
#pragma once

#include "crypto/mls/tree.h"

struct mls_tree_node {
    _Atomic uint32_t refs;
    uint32_t leaves;     /* members below */
    uint32_t resolution; /* entries of the resolution */
    bool is_leaf, hashed;
    union {
        struct mls_leaf *leaf; /* NULL: blank */
        struct {
            struct mls_parent *parent; /* NULL: blank */
            struct mls_tree_node *left, *right;
        };
    };
    uint8_t hash[]; /* suite->hash->bytes */
};

struct mls_parent *mls_parent_ref(struct mls_parent *p);

/** List one more unmerged leaf; *at is replaced when somebody else holds it too. OK; ERR_MEMORY. */
enum err mls_parent_add_unmerged(struct mls_parent **at, uint32_t leaf) MUST_CHECK;

const struct mls_tree_node *mls_tree_at(const struct mls_tree *t, uint32_t node);
struct mls_tree_node *mls_tree_node_ref(struct mls_tree_node *n);
void mls_tree_node_unref(struct mls_tree_node *n);

/** A blank node; parents get no children yet. */
struct mls_tree_node *mls_tree_node_new(const struct mls_suite *s, bool is_leaf) MUST_CHECK;

/** Count again what lies below, after a change. */
void mls_tree_node_recount(struct mls_tree_node *n);

/** Hash one leaf or parent whose children are hashed. `leaf_index` matters for leaves. */
void mls_hash_leaf(const struct mls_suite *s, uint32_t leaf_index, const struct mls_leaf *leaf,
                   uint8_t *out);
void mls_hash_parent(const struct mls_suite *s, const struct mls_parent *p,
                     const struct mls_leaf_set *without, struct span left, struct span right,
                     uint8_t *out);
