/* Inside crypto/mls: what a group state holds, and the steps that commits share. */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/mls/framing.h"
#include "crypto/mls/mls.h"
#include "crypto/mls/treekem.h"

struct mls_waiting {
    uint8_t ref[MLS_HASH_MAX];
    struct mls_sender sender;
    struct blob *proposal; /* encoded, counted */
};

/* private keys of Updates that we proposed and that wait */
struct mls_own_update {
    uint8_t ref[MLS_HASH_MAX];
    uint8_t secret[MLS_PRIVATE_MAX];
};

struct mls_resumption {
    uint64_t epoch;
    struct mls_secret psk;
};

struct mls_group {
    const struct mls_suite *suite;
    uint32_t own; /* our leaf */
    struct buf context_bytes;
    struct mls_group_context context; /* views into context_bytes */
    struct mls_tree tree;             /* hashed */
    uint8_t interim[MLS_HASH_MAX], confirmation_tag[MLS_HASH_MAX];
    struct mls_secret authenticator;
    struct buf reinit; /* encoded ReInit; not empty: suspended */
    struct mls_waiting *waiting;
    size_t waiting_count;

    bool has_rewind;
    struct mls_private_path keys;
    struct mls_secret init, exporter, external, resumption;
    struct mls_own_update *own_updates;
    size_t own_update_count;
    struct mls_resumption past[MLS_RESUMPTIONS_MAX]; /* newest first */
    size_t past_count, past_keep;

    bool has_receive;
    struct mls_secret membership_key, sender_data;
    struct mls_secret_tree secrets;
};

/** An empty state of a suite. NULL when memory is out. */
struct mls_group *mls_group_alloc(const struct mls_suite *suite) MUST_CHECK;

/** Write a GroupContext into g->context_bytes and point g->context at it. */
enum err mls_group_set_context(struct mls_group *g, const struct mls_group_context *c) MUST_CHECK;

/** Enter an epoch: keep its secrets, build the secret tree. */
enum err mls_group_enter(struct mls_group *g, const struct mls_epoch_secrets *e) MUST_CHECK;

/** Drop the waiting proposals and our pending update keys. */
void mls_group_clear_waiting(struct mls_group *g);

/** OK, also when it waits already; ERR_FULL; ERR_MEMORY. */
enum err mls_group_add_waiting(struct mls_group *g, const uint8_t *ref, struct mls_sender sender,
                               struct span proposal) MUST_CHECK;

/** The external key pair of the epoch. */
enum err mls_group_external_pair(const struct mls_group *g, struct mls_key_pair *out) MUST_CHECK;

/** Key of a PSK: ours, a past epoch's, the resumed group's, or the world's. */
enum err mls_find_psk(const struct mls_group *g, const struct mls_group *resumes,
                      const struct mls_world *w, const struct mls_psk_id *id,
                      struct buf *out) MUST_CHECK;

/* -- change.c: a proposal list, from its parent state to a new tree and context -- */

struct mls_change {
    const struct mls_group *g;
    const struct mls_world *world;
    bool ours; /* we make the commit: lifetimes are compared with the clock (7.3) */
    struct mls_sender sender;
    uint32_t committer;      /* leaf: of the parent tree, or assigned to an external joiner */
    struct mls_listed *list; /* owned array */
    size_t count, cap;
    const struct mls_group *resumes; /* or NULL */
    uint8_t resume_usage;

    struct mls_tree tree; /* after the proposals */
    bool has_tree;
    struct span extensions;
    uint32_t *added; /* owned, increasing */
    size_t added_count;
    struct buf psk_ids; /* list of PreSharedKeyID in order, for the Welcome */
    struct mls_secret psk_secret, init;
    bool needs_path, has_external_init, removes_us;
    bool init_given;                     /* an external joiner made the init secret itself */
    const struct mls_listed *own_update; /* our own Update is committed */
    const struct mls_reinit *reinit;
};

void mls_change_init(struct mls_change *c, const struct mls_group *g, const struct mls_world *w);
void mls_change_clear(struct mls_change *c);

/** One more entry at the end of the list. */
enum err mls_change_push(struct mls_change *c, const struct mls_listed *p) MUST_CHECK;

/** Resolve the ProposalOrRef list of a commit. OK; MLS_UNKNOWN_REFERENCE; ... */
enum err mls_change_read(struct mls_change *c, struct span proposals) MUST_CHECK;

/* what a list has held so far */
struct mls_seen {
    uint8_t *leaves; /* bit by leaf: updated or removed; owned */
    size_t psks, extensions, external_inits, removes;
};

/** OK; ERR_MEMORY. */
enum err mls_seen_init(struct mls_seen *s, const struct mls_group *g) MUST_CHECK;

/** May `l` stand in the list of `c` behind what `s` has seen? `s` counts it when it may; only the
 * rule that a ReInit stands alone is left to the caller. @source 12.2 */
enum err mls_seen_add(struct mls_seen *s, const struct mls_change *c,
                      const struct mls_listed *l) MUST_CHECK;

/** The leaf that an Update or Remove changes; UINT32_MAX for others. */
uint32_t mls_changed_leaf(const struct mls_listed *l);

/** Uncount an entry that mls_seen_add counted: `before` is the state before. */
void mls_seen_undo(struct mls_seen *s, const struct mls_seen *before, const struct mls_listed *l);

/** Validate the list as a whole. @source 12.2 */
enum err mls_change_check_list(struct mls_change *c) MUST_CHECK;

/** Extensions of a group context beside the members of a tree: does everybody support them? */
enum err mls_tree_check_extensions(const struct mls_tree *t, struct span extensions) MUST_CHECK;

/** Each credential type in use is supported by every member. @source 7.3 */
enum err mls_tree_check_credentials(const struct mls_tree *t) MUST_CHECK;

/** Validate the list as a whole and each proposal, apply it to a fork of the tree.
 * @source 12.2, 12.3
 *
 * The PSKs and the init secret are looked up as well.
 */
enum err mls_change_apply(struct mls_change *c) MUST_CHECK;

/** The rules about all members together, after proposals or path. */
enum err mls_change_check_members(const struct mls_change *c) MUST_CHECK;

/** Assign an external joiner its leaf, after the proposals. */
enum err mls_change_place_joiner(struct mls_change *c) MUST_CHECK;

static inline struct mls_leaf_set mls_change_added(const struct mls_change *c)
{
    return (struct mls_leaf_set){c->added, c->added_count};
}

/** Check the leaf of a commit's path: alone and against the one it replaces (may be NULL). */
enum err mls_check_path_leaf(const struct mls_change *c, const struct mls_leaf_node *leaf,
                             const struct mls_leaf_node *before, uint32_t index) MUST_CHECK;

/** The hook, with ERR_REFUSED made MLS_CREDENTIAL_REJECTED. */
enum err mls_ask_credential(const struct mls_world *w, const struct mls_leaf_node *leaf,
                            const struct mls_leaf_node *before) MUST_CHECK;

/** The same for each external sender that group context extensions (checked) name. */
enum err mls_ask_external_senders(const struct mls_world *w, struct span extensions) MUST_CHECK;

/** The next external sender of the list; false at its end. */
bool mls_next_external_sender(struct reader *list, struct mls_external_sender *out);

/** Rules for a leaf that we are shown: no clock. Who sends a leaf sets now_s as well (7.3). */
struct mls_leaf_rules mls_rules_of(const struct mls_world *w, const struct mls_suite *s,
                                   struct span extensions);

/* -- judge.c -- */

/** Is a proposal fit to wait for a commit? Every rule that no other proposal of the same commit
 * could make good, the credential hook and the proposal hook. @source 12.1 */
enum err mls_judge_proposal(const struct mls_group *g, const struct mls_world *w,
                            const struct mls_listed *l) MUST_CHECK;

/** The hook, with ERR_REFUSED made MLS_PROPOSAL_REJECTED. */
enum err mls_ask_proposal(const struct mls_group *g, const struct mls_world *w,
                          const struct mls_listed *l) MUST_CHECK;

/* -- select.c -- */

/** Append to the list of `c`, which holds what is committed by value, the waiting proposals that
 * fit, at most `most` (0: all), and to out->skipped the others.
 *
 * @return OK; the rule that the proposals by value break; ERR_MEMORY
 */
enum err mls_select_waiting(struct mls_change *c, size_t most,
                            struct mls_commit_out *out) MUST_CHECK;

/* -- advance.c: from a change to the next state -- */

/** The next state around the change's tree (taken), with the provisional context. */
enum err mls_next_begin(struct mls_change *c, struct mls_group **out) MUST_CHECK;

/* what the end of a commit computes on the way */
struct mls_next {
    struct mls_secret joiner, welcome;
    uint8_t tag[MLS_HASH_MAX];
};

/** Fold the signed commit into the next state: transcript, key schedule, confirmation tag. */
enum err mls_next_finish(struct mls_group *next, const struct mls_change *c,
                         const struct mls_secret *commit_secret, uint16_t wire_format,
                         struct span framed, struct span signature,
                         struct mls_next *out) MUST_CHECK;

/* a commit in the making, ours or an external joiner's */
struct mls_making {
    struct mls_change *change;
    const struct mls_commit_options *options;
    const struct mls_leaf_node *before; /* our leaf as it is, or NULL */
    uint16_t wire_format;

    struct mls_group *next; /* owned until taken */
    bool has_path;
    struct mls_path_plan plan;
    struct mls_next secrets;
    struct buf body, framed;
    struct mls_framed_content content; /* views into body and framed */
    struct mls_content_auth auth;      /* views into sig and secrets */
    uint8_t sig[MLS_SIGNATURE_MAX];
};

/** Everything between a list of proposals and signed, tagged content. @source 12.4.1 */
enum err mls_making_run(struct mls_making *m) MUST_CHECK;
void mls_making_clear(struct mls_making *m);

/** The application's word on a commit. */
enum err mls_ask_commit(const struct mls_change *c, struct span authenticated_data) MUST_CHECK;

/* -- join.c -- */

/** A GroupInfo and its tree, verified: signature, hashes, every leaf, extensions. `tree` is owned.
 *
 * @param tree_bytes  empty: the ratchet_tree extension
 * @source RFC 9420 12.4.3.1
 */
enum err mls_open_group_info(const struct mls_world *w, const struct mls_group_info *info,
                             struct span tree_bytes, struct mls_tree *tree) MUST_CHECK;

/* -- reinit.c -- */

/** Is every member of `inner`, by credential, a member of `outer`? The credential hook decides
 * more. */
enum err mls_members_within(const struct mls_tree *inner, const struct mls_tree *outer,
                            bool *yes) MUST_CHECK;

/* -- welcome.c -- */

/** GroupInfo of a state, signed, without the MLSMessage head. */
enum err mls_sign_group_info(const struct mls_group *g, const struct mls_world *w,
                             const struct mls_signer *signer, bool with_tree,
                             bool with_external_pub, struct writer *out) MUST_CHECK;

/** One Welcome for all that a change added. `plan` is NULL when the commit has no path. */
enum err mls_write_welcome_to(const struct mls_group *next, const struct mls_change *c,
                              const struct mls_path_plan *plan, const struct mls_next *n,
                              const struct mls_commit_options *options,
                              const struct mls_signer *signer, struct buf *out) MUST_CHECK;

/* -- client.c -- */

/** One of the reserved values 0x0A0A, 0x1A1A ... 0xEAEA. @source RFC 9420 13.5 */
uint16_t mls_grease_value(struct rng *rng);

/** Content of our leaf as `client` describes it, or as `before` is; GREASE goes to `scratch`. */
enum err mls_leaf_content(const struct mls_world *w, const struct mls_client *client,
                          const struct mls_leaf_node *before, struct buf *scratch,
                          struct mls_leaf_node *out) MUST_CHECK;

/** Follow a verified commit. @param event receives `next`, or says that we are removed */
enum err mls_follow(struct mls_group *g, const struct mls_world *w, const struct mls_opened *o,
                    struct mls_event *event) MUST_CHECK;
