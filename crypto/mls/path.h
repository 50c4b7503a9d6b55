/* Inside TreeKEM: what making and following a path share. */
#pragma once

#include "crypto/mls/treekem.h"

/** The child of path node `node` that is not on the sender's path. */
uint32_t mls_copath_child(uint32_t node, uint32_t sender);

/** node_secret of a path secret, and its key pair. @source RFC 9420 7.4 */
enum err mls_path_key_pair(const struct mls_suite *s, const struct mls_secret *path_secret,
                           struct mls_key_pair *out) MUST_CHECK;

/** Blank the direct path, then put keys and parent hashes at the filtered nodes.
 *
 * @param leaf_hash  parent hash that the sender's leaf must bear; *leaf_hash_len 0 or hash->bytes
 * (out)
 * @source RFC 9420 7.5, 7.9
 */
enum err mls_path_put(struct mls_tree *t, uint32_t sender, const uint32_t *nodes,
                      const struct span *keys, size_t count, uint8_t *leaf_hash,
                      size_t *leaf_hash_len) MUST_CHECK;
