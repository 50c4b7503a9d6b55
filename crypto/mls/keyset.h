/* A multiset of public keys that can be forked in O(1): a crit-bit tree over SHA-256 of the key,
 * whose nodes are shared between forks and copied only along a changed path. It answers, at O(log
 * n), whether a key occurs in a ratchet tree, and counts the keys that occur more than once, which
 * the RFC forbids at the end of a commit but not on the way there (RFC 9420 7.3, 12.4.2).
 */
#pragma once

#include "crypto/base/span.h"

struct mls_keyset {
    struct mls_key_node *root; /* NULL: empty */
    uint32_t repeated;         /* distinct keys present more than once */
};

/** A second set of the same content, sharing everything. */
struct mls_keyset mls_keyset_fork(const struct mls_keyset *k);

void mls_keyset_clear(struct mls_keyset *k);

/** Count one more occurrence. OK; ERR_MEMORY, unchanged. */
enum err mls_keyset_add(struct mls_keyset *k, struct span key) MUST_CHECK;

/** One occurrence less of a key that is there (asserted). OK; ERR_MEMORY, unchanged. */
enum err mls_keyset_remove(struct mls_keyset *k, struct span key) MUST_CHECK;

/** How often `key` is there. */
uint32_t mls_keyset_count(const struct mls_keyset *k, struct span key);
