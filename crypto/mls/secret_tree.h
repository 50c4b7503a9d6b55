/* Secret tree and sender ratchets (RFC 9420 9): the keys of one epoch's messages.
 *
 * Secrets are derived when a sender is first heard, and a parent's secret is erased as soon as its
 * children have theirs. Opening goes in two steps, so that a forged message moves nothing: peek
 * derives the key of a generation beside the tree, take (after authentication) erases what was
 * consumed. Keys of skipped generations are kept, at most MLS_SKIP_MAX a ratchet, oldest dropped.
 *
 *     peek -> key -> AEAD and signature are right -> take
 *                 \-> anything wrong -> mls_ratchet_step_clear: the tree is as before
 */
#pragma once

#include "crypto/base/writer.h"
#include "crypto/mls/codec.h"
#include "crypto/mls/suite.h"

enum mls_ratchet_kind {
    MLS_RATCHET_HANDSHAKE,
    MLS_RATCHET_APPLICATION
};

struct mls_message_key {
    uint32_t generation;
    uint8_t key[MLS_AEAD_KEY_MAX], nonce[MLS_AEAD_NONCE];
};

struct mls_secret_tree {
    const struct mls_suite *suite;
    uint32_t leaves;
    struct mls_secret_node *root; /* NULL: erased */
};

/* one derivation that is not yet part of the tree */
struct mls_ratchet_step {
    uint32_t leaf;
    enum mls_ratchet_kind kind;
    struct mls_message_key key;      /* the key asked for */
    bool was_skipped;                /* it was among the kept ones */
    struct mls_secret next;          /* ratchet secret of generation key.generation + 1 */
    struct mls_message_key *skipped; /* owned: keys of the generations passed over */
    size_t skipped_count;
};

/** A tree over encryption_secret; `leaves` is a power of two. OK; ERR_MEMORY. */
enum err mls_secret_tree_init(struct mls_secret_tree *t, const struct mls_suite *suite,
                              uint32_t leaves, const struct mls_secret *encryption) MUST_CHECK;

/** A deep copy. OK; ERR_MEMORY. */
enum err mls_secret_tree_copy(const struct mls_secret_tree *t,
                              struct mls_secret_tree *out) MUST_CHECK;

/** Erase everything. */
void mls_secret_tree_clear(struct mls_secret_tree *t);

/** The next generation that a leaf will use (as far as we know). */
uint32_t mls_secret_tree_generation(const struct mls_secret_tree *t, uint32_t leaf,
                                    enum mls_ratchet_kind kind);

/** Derive the key of one generation; the tree does not change.
 *
 * @return OK; MLS_KEY_CONSUMED used or dropped; MLS_TOO_FAR_AHEAD over MLS_SKIP_MAX skipped;
 *         MLS_GENERATION_SPENT; MLS_DROPPED the tree was erased; ERR_MEMORY
 */
enum err mls_secret_tree_peek(const struct mls_secret_tree *t, uint32_t leaf,
                              enum mls_ratchet_kind kind, uint32_t generation,
                              struct mls_ratchet_step *step) MUST_CHECK;

/** Make the step: erase the key and all it was derived from. The step is cleared whatever happens.
 *
 * @return OK; ERR_MEMORY, the tree then still opens what it opened before
 */
enum err mls_secret_tree_take(struct mls_secret_tree *t, struct mls_ratchet_step *step) MUST_CHECK;

/** Forget a step that will not be taken. */
void mls_ratchet_step_clear(struct mls_ratchet_step *step);

/** Move a leaf's ratchet on to `generation` without keeping the keys between: for whoever restores
 * an older copy of his state and must not use a generation twice. OK (also when it is there
 * already); MLS_TOO_FAR_AHEAD over 65,536 steps; ERR_MEMORY.
 */
enum err mls_secret_tree_skip_to(struct mls_secret_tree *t, uint32_t leaf,
                                 enum mls_ratchet_kind kind, uint32_t generation) MUST_CHECK;

/** The content as bytes, secret. */
void mls_secret_tree_write(struct writer *w, const struct mls_secret_tree *t);

/** Back again. OK; MLS_BAD_STATE; ERR_MEMORY. */
enum err mls_secret_tree_read(struct reader *r, const struct mls_suite *suite, uint32_t leaves,
                              struct mls_secret_tree *out) MUST_CHECK;
