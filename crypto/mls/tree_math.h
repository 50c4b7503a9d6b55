/* Where nodes of a full binary tree lie in its array form: leaf i at 2 * i, parents at odd places.
 * `leaves` is the number of leaves, a power of two.
 *
 * @source RFC 9420 4.1, 7.7 and appendix C
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Leaves have level 0, their parents 1, ... */
static inline unsigned mls_level(uint32_t node)
{
    unsigned k = 0;
    while (node >> k & 1)
        k++;
    return k;
}

/** Nodes of a tree of `leaves` leaves. */
static inline uint32_t mls_nodes(uint32_t leaves)
{
    return 2 * leaves - 1;
}

static inline uint32_t mls_root(uint32_t leaves)
{
    return leaves - 1;
}

/** Left child; `node` is a parent. */
static inline uint32_t mls_left(uint32_t node)
{
    return node ^ (uint32_t)1 << (mls_level(node) - 1);
}

/** Right child; `node` is a parent. */
static inline uint32_t mls_right(uint32_t node)
{
    return node ^ (uint32_t)3 << (mls_level(node) - 1);
}

/** Parent; `node` is not the root. */
static inline uint32_t mls_parent(uint32_t node)
{
    unsigned k = mls_level(node);
    return (node | (uint32_t)1 << k) & ~((uint32_t)1 << (k + 1));
}

/** The other child of the parent; `node` is not the root. */
static inline uint32_t mls_sibling(uint32_t node)
{
    return node ^ (uint32_t)2 << mls_level(node);
}

/** The ancestor (or self) of leaf `leaf` at `level`. */
static inline uint32_t mls_ancestor(uint32_t leaf, unsigned level)
{
    return (leaf >> level << (level + 1)) + ((uint32_t)1 << level) - 1;
}

/** First leaf below `node`; it has 2^level of them. */
static inline uint32_t mls_first_leaf(uint32_t node)
{
    unsigned k = mls_level(node);
    return (node - (((uint32_t)1 << k) - 1)) / 2;
}

/** Is `leaf` below `node` (or is it that node)? */
static inline bool mls_is_below(uint32_t leaf, uint32_t node)
{
    return leaf >> mls_level(node) == mls_first_leaf(node) >> mls_level(node);
}

/** Level of the lowest common ancestor of two leaves; 0 when they are the same. */
static inline unsigned mls_common_level(uint32_t a, uint32_t b)
{
    unsigned k = 0;
    while (a >> k != b >> k)
        k++;
    return k;
}

/** log2 of a power of two: the level of the root. */
static inline unsigned mls_depth(uint32_t leaves)
{
    unsigned k = 0;
    while ((uint32_t)1 << k < leaves)
        k++;
    return k;
}
