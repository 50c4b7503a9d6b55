/* TreeKEM: update paths made and followed (RFC 9420 7.4 - 7.6, 7.9). */
#pragma once

#include "crypto/mls/leaf.h"

/* private keys that a member holds, by level of its direct path; level 0 is its leaf */
struct mls_private_path {
    bool have[MLS_LEVELS_MAX];
    uint8_t secrets[MLS_LEVELS_MAX][MLS_PRIVATE_MAX];
};

/* an update path in the making: which nodes, which secrets */
struct mls_path_plan {
    uint32_t sender;
    uint32_t nodes[MLS_LEVELS_MAX]; /* filtered direct path, leaf to root */
    size_t count;
    struct mls_secret secrets[MLS_LEVELS_MAX + 1]; /* path secrets; [count] is the commit secret */
    struct mls_key_pair leaf_key;
    uint8_t node_secrets[MLS_LEVELS_MAX][MLS_PRIVATE_MAX];
};

/** Draw new keys for a member's path and leaf and put them into the tree, which is hashed
 * afterwards.
 *
 * @param t        the new tree, proposals applied; half changed on failure (in/out)
 * @param content  the new leaf: all but encryption_key, source, parent_hash and signature (in)
 * @param plan     secret; mls_path_plan_clear when done (out)
 * @return OK; ERR_MEMORY; ERR_CRYPTO; what the signer returns
 * @source RFC 9420 7.5
 */
enum err mls_path_plan_make(struct mls_tree *t, uint32_t sender,
                            const struct mls_leaf_node *content, const struct mls_signer *signer,
                            struct span group_id, struct rng *rng,
                            struct mls_path_plan *plan) MUST_CHECK;

void mls_path_plan_clear(struct mls_path_plan *plan);

/** Encrypt the plan's path secrets to the group and write the UpdatePath.
 *
 * @param context  encoded provisional GroupContext (in)
 * @param added    leaves that get a Welcome instead (in)
 * @param pool     NULL: sequential; one job per ciphertext (in)
 * @source RFC 9420 7.5, 7.6
 */
enum err mls_path_encrypt(const struct mls_tree *t, const struct mls_path_plan *plan,
                          struct span context, const struct mls_leaf_set *added, struct rng *rng,
                          const struct mls_pool *pool, struct writer *out) MUST_CHECK;

/** The plan's keys as the sender's private path. */
void mls_path_plan_keep(const struct mls_path_plan *plan, const struct mls_suite *s,
                        struct mls_private_path *out);

/** Put a received path into the tree: lengths, fresh keys, parent hash of the leaf; hashes the
 * tree.
 *
 * @return OK; MLS_PATH_LENGTH; MLS_PATH_CIPHERTEXTS; MLS_PATH_KEY_REUSED; MLS_ENCRYPTION_KEY_KEPT;
 *         MLS_BAD_PUBLIC_KEY; MLS_BAD_PARENT_HASH; ERR_MEMORY; the tree is half changed on failure
 * @source RFC 9420 7.5, 12.4.2
 */
enum err mls_path_merge(struct mls_tree *t, uint32_t sender, const struct mls_update_path *path,
                        const struct mls_leaf_set *added) MUST_CHECK;

/** Find our path secret in a merged path, check the keys above, keep them.
 *
 * @param keys    ours; changed on success alone (in/out)
 * @param commit  commit secret (out)
 * @param found   the path secret that was decrypted, may be NULL (out)
 * @return OK; MLS_PATH_UNREADABLE; MLS_PATH_KEY_MISMATCH; ERR_MEMORY
 * @source RFC 9420 7.5
 */
enum err mls_path_decrypt(const struct mls_tree *t, uint32_t sender, uint32_t own,
                          const struct mls_update_path *path, const struct mls_leaf_set *added,
                          struct span context, struct mls_private_path *keys,
                          struct mls_secret *commit, struct mls_secret *found) MUST_CHECK;

/** From the path secret of the node at `level` above `own` derive the keys up to the root.
 *
 * @param keys    levels from `level` on are replaced; changed on success alone (in/out)
 * @param commit  commit secret (out)
 * @return OK; MLS_PATH_KEY_MISMATCH; ERR_CRYPTO
 */
enum err mls_path_climb(const struct mls_tree *t, uint32_t own, unsigned level,
                        const struct mls_secret *path_secret, struct mls_private_path *keys,
                        struct mls_secret *commit) MUST_CHECK;

/** Erase the keys of levels whose node is blank or out of the tree. */
void mls_private_path_prune(struct mls_private_path *keys, const struct mls_tree *t, uint32_t own);
