/* How large a commit is: the ratchet tree of one conversation as far as sizes need it. All members
 * see the same tree, so it is held once: 8 bytes a member, whatever the members hold.
 *
 * Of each node the size of its resolution is kept (RFC 9420 4.1.1): 1 where a commit has left a
 * key, else those of its children together. A commit of a leaf encrypts a path secret to each node
 * in the resolutions of its copath and leaves a key in all nodes of its path. Leaves that were
 * added after a key was left (unmerged leaves) are not modelled.
 *
 * @source RFC 9420 7.4 to 7.6; bytes of suite 0x0003 as crypto/mls writes them, which
 *         tests/sim/test_f2.c compares with real commits
 */
#pragma once

#include "crypto/base/err.h"

#include <stdint.h>

#define F2_TREE_LEVELS 21u /* 2^20 leaves */

struct f2_tree {
    uint32_t *sizes; /* level by level, the leaves first */
    uint32_t leaves; /* with room: a power of two */
    unsigned levels;
};

struct f2_commit {
    uint32_t seals; /* HPKE ciphertexts of path secrets */
    uint32_t nodes; /* keys on the path */
    uint32_t bytes; /* of the MLS message without the identity in the credential */
};

/** `count` leaves, nobody has committed. ERR_MEMORY; ERR_LIMIT. */
enum err f2_tree_init(struct f2_tree *t, uint32_t count) MUST_CHECK;
void f2_tree_clear(struct f2_tree *t);

/** A commit with a path by this leaf: what it takes; then the tree is as it leaves it. */
struct f2_commit f2_tree_commit(struct f2_tree *t, uint32_t leaf);
