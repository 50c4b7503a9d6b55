/* Messaging Layer Security, RFC 9420: group keys, agreed by everybody, that heal.
 *
 * In: encoded MLSMessages, key packages, ratchet trees, proposals to make. Out: encoded
 * MLSMessages, Welcomes, plaintexts and new group states. No file, no socket, no clock: the time is
 * a number (world.now_s), randomness is world.rng, heavy sums go to world.pool as independent jobs.
 *
 * A struct mls_group is the state of ONE epoch. A commit, made or followed, leaves it where it is
 * and gives the state of the next epoch as a new object; both share the ratchet tree, so that a
 * commit DAG may hold many (the caller frees each). What a state can be asked to do shrinks in
 * steps:
 *
 *     whole --mls_drop(MLS_PART_REWIND)--> opens and sends messages, no commits, no exporter
 *       \----mls_drop(MLS_PART_RECEIVE)--> exports, serves as parent of a successor, opens nothing
 *
 * On any failure the group is bit for bit as before (mls_save of all parts gives the same bytes),
 * and use-once keys are erased by the call that uses them.
 *
 * Who judges what: every rule of the RFC is checked here, each with its own error (error.h);
 * identity (the "authentication service") and policy are the hooks of struct mls_world. Spans
 * handed out live until the group changes or is freed. A group is used by one thread at a time; two
 * states that share a tree may be used on two threads.
 *
 * Clocks: a commit is valid or not by the parent state, the commit and the hooks; no clock decides,
 * or members would part over a key package that expires on the way. RFC 9420 7.3 binds the sender
 * ("MUST verify" the lifetime) and only recommends it to receivers: so world.now_s is compared when
 * we create, propose an Add or commit one (by value: MLS_LEAF_EXPIRED, waiting: skipped), and never
 * when we receive, follow or join. The length of a lifetime is no matter of clocks and is always
 * bound by lifetime_max_s.
 *
 * Bounds: params.h.
 */
#pragma once

#include "crypto/mls/leaf.h"
#include "crypto/mls/wire.h"

struct mls_group;

/* a proposal as a commit lists it */
struct mls_listed {
    struct mls_proposal proposal;
    struct mls_sender sender;
    bool by_reference;
    uint8_t ref[MLS_HASH_MAX]; /* of those by reference */
};

/* somebody whose credential the application judges */
struct mls_claim {
    const struct mls_credential *credential;
    struct span signature_key;
    const struct mls_leaf_node *leaf;   /* NULL: an external sender of the group context */
    const struct mls_leaf_node *before; /* the leaf that it replaces, or NULL */
};

/* what the application is asked about a commit, made or followed */
struct mls_commit_view {
    const struct mls_group *parent;
    struct mls_sender sender; /* member, or external joiner */
    uint32_t committer;       /* its leaf in the new tree */
    const struct mls_listed *proposals;
    size_t proposal_count;
    struct span authenticated_data;
    const struct mls_tree *tree; /* after proposals, before the path */
    struct span extensions;      /* of the new group context */
};

/* Everything around a group that is not its state. Hooks may be NULL: no PSKs, everything accepted.
 * A hook's error is returned as it is, but for ERR_REFUSED (MLS_CREDENTIAL_REJECTED,
 * MLS_PROPOSAL_REJECTED and MLS_COMMIT_REJECTED) and ERR_NOT_FOUND of psk (MLS_PSK_UNKNOWN).
 *
 * Hooks are asked about the same thing more than once: about a proposal when it comes and when it
 * is committed. Refuse at `credential` and `proposal` only what no commit may ever make good: a
 * commit that refers to a refused proposal cannot be followed. What depends on evidence in the
 * commit belongs into `commit`. */
struct mls_world {
    struct rng *rng;
    const struct mls_signer *signer; /* of our leaf; not needed to receive */
    const struct mls_pool *pool;     /* NULL: sequential */
    uint64_t now_s;                  /* see "Clocks" above; 0: lifetimes are not compared */
    uint64_t lifetime_max_s;         /* 0: unlimited */
    bool grease; /* an extension of no meaning in every GroupInfo. @source 13.5 */
    /** No PublicMessage is taken or sent (MLS_WRONG_WIRE_FORMAT): so nobody outside proposes or
     * joins by himself, and the network sees no handshake. @source RFC 9420 6, 16.1 */
    bool private_only;
    void *ctx;
    /** Are we in a group of this id? Joining then fails with MLS_GROUP_EXISTS. */
    bool (*in_group)(void *ctx, struct span group_id);
    enum err (*psk)(void *ctx, const struct mls_psk_id *id, struct buf *out);
    /** A credential enters a group: of a member, or of an external sender. @source 5.3.1 */
    enum err (*credential)(void *ctx, const struct mls_claim *claim);
    /** May this proposal wait in `g`, and may a commit of ours refer to it? Policy only: the rules
     * have been checked. Strangers' Adds (sender.type) come here as well. @source 12.1, 12.2 */
    enum err (*proposal)(void *ctx, const struct mls_group *g, const struct mls_listed *proposal);
    /** The word on a whole commit, made or followed (an ExternalInit shows an external join). */
    enum err (*commit)(void *ctx, const struct mls_commit_view *view);
};

/* -- ourselves -- */

/* how we describe ourselves in a leaf */
struct mls_client {
    struct mls_credential credential;
    struct mls_capabilities capabilities; /* all empty: mls_capabilities_default */
    struct span extensions;               /* of the leaf node */
    uint64_t not_before, not_after;       /* lifetime of key packages, seconds since 1970 */
    bool grease;                          /* sprinkle reserved values. @source 13.5 */
};

/** mls10, every suite of the table, basic and x509. Static storage. */
struct mls_capabilities mls_capabilities_default(void);

/* private keys behind one key package; secret, wipe after use */
struct mls_package_keys {
    uint8_t init[MLS_PRIVATE_MAX], leaf[MLS_PRIVATE_MAX];
};

/** Make a key package; the encoded KeyPackage (not an MLSMessage) is appended to `out`. */
enum err mls_key_package_new(const struct mls_world *w, const struct mls_suite *suite,
                             const struct mls_client *client, struct span extensions,
                             struct mls_package_keys *keys, struct buf *out) MUST_CHECK;

/* -- beginning -- */

/** Create a group of one. @source RFC 9420 11 */
enum err mls_group_new(const struct mls_world *w, const struct mls_suite *suite,
                       const struct mls_client *client, struct span group_id,
                       struct span extensions, struct mls_group **out) MUST_CHECK;

struct mls_join {
    struct span welcome;     /* MLSMessage */
    struct span key_package; /* KeyPackage, encoded */
    const struct mls_package_keys *keys;
    struct span ratchet_tree; /* content of optional<Node>ratchet_tree<V>; empty: in the Welcome */
    const struct mls_group *parent; /* reinitialised or branched from: the Welcome must be bound to
                                       it by its PSK (11.2, 11.3); NULL: an ordinary group */
    uint32_t *signer; /* leaf of the member whose GroupInfo it was (out); may be NULL */
};

/** Is this Welcome for this key package? Public data only. */
bool mls_welcome_is_for(struct span welcome, struct span key_package);

/** Join by Welcome.
 *
 * @return OK; MLS_NOT_FOR_US; MLS_BAD_GROUP_SECRETS; the other codes of "joining"; codes of leaves
 * @source RFC 9420 12.4.3.1
 */
enum err mls_group_join(const struct mls_world *w, const struct mls_join *join,
                        struct mls_group **out) MUST_CHECK;

struct mls_external_join {
    struct span group_info;   /* MLSMessage */
    struct span ratchet_tree; /* as in mls_join */
    const struct mls_client *client;
    bool resync; /* remove our earlier leaf: */
    uint32_t old_leaf;
    struct span psks; /* list of encoded PreSharedKeyID to inject */
    struct span authenticated_data;
};

/** Join by external commit; the MLSMessage (public) is appended to `commit`. @source 12.4.3.2 */
enum err mls_group_join_external(const struct mls_world *w, const struct mls_external_join *join,
                                 struct buf *commit, struct mls_group **out) MUST_CHECK;

/* -- the state -- */

void mls_group_free(struct mls_group *g); /* accepts NULL; wipes */

/** A second, independent state of the same epoch; the tree is shared. */
enum err mls_group_fork(const struct mls_group *g, struct mls_group **out) MUST_CHECK;

enum mls_part {
    MLS_PART_PUBLIC, /* group context, tree, waiting proposals: not secret, cannot be dropped */
    MLS_PART_REWIND, /* private keys, init, exporter, external and resumption secrets */
    MLS_PART_RECEIVE /* membership key, sender data secret, secret tree */
};

/** Erase a part for good. */
void mls_drop(struct mls_group *g, enum mls_part part);

/** Append a part as bytes; a dropped part gives none. Only RECEIVE (and what PUBLIC says of waiting
 * proposals) changes within an epoch, so that a message costs no write of the tree; and REWIND with
 * an Update of ours, whose private key is in there. */
enum err mls_save(const struct mls_group *g, enum mls_part part, struct buf *out) MUST_CHECK;

/** A state from its parts; empty spans for parts that were dropped. OK; MLS_BAD_STATE; ERR_MEMORY.
 */
enum err mls_load(struct span public_part, struct span rewind, struct span receive,
                  struct mls_group **out) MUST_CHECK;

const struct mls_suite *mls_group_suite(const struct mls_group *g);
const struct mls_group_context *mls_group_context(const struct mls_group *g);
const struct mls_tree *mls_group_tree(const struct mls_group *g);
uint32_t mls_group_own_leaf(const struct mls_group *g);
struct span mls_group_confirmation_tag(const struct mls_group *g);
/** RFC 9420 8.7 */
struct span mls_group_epoch_authenticator(const struct mls_group *g);
/** Set when the commit that made this epoch held a ReInit: the group sends no more. */
bool mls_group_suspended(const struct mls_group *g, struct mls_reinit *reinit);
/** Proposals that wait for a commit: how many, and the i-th, i < count, views into the state. */
size_t mls_group_waiting(const struct mls_group *g);
struct mls_listed mls_group_waiting_at(const struct mls_group *g, size_t i);
/** Forget a waiting proposal, to make room. A commit that refers to it cannot be followed then. */
void mls_group_forget(struct mls_group *g, const uint8_t *ref);

/** MLS-Exporter. OK; MLS_DROPPED; ERR_ARGUMENT. @source RFC 9420 8.5 */
enum err mls_group_export(const struct mls_group *g, struct span label, struct span context,
                          uint8_t *out, size_t len) MUST_CHECK;

/** The resumption PSK of this epoch, hash->bytes. OK; MLS_DROPPED. @source RFC 9420 8.6 */
enum err mls_group_resumption_psk(const struct mls_group *g, uint8_t *out) MUST_CHECK;

/** How many past epochs' resumption PSKs successors keep, 0..MLS_RESUMPTIONS_MAX; 0 at first. */
void mls_group_keep_resumptions(struct mls_group *g, size_t epochs);

/** The ratchet tree, content of optional<Node> ratchet_tree<V>, appended to `out`. */
enum err mls_group_write_tree(const struct mls_group *g, struct buf *out) MUST_CHECK;

/** A signed GroupInfo as MLSMessage, for external joiners. @source RFC 9420 12.4.3 */
enum err mls_group_info(const struct mls_group *g, const struct mls_world *w, bool with_tree,
                        bool with_external_pub, struct buf *out) MUST_CHECK;

/* -- sending -- */

struct mls_send {
    struct span authenticated_data;
    size_t padding;       /* zero bytes added inside PrivateMessages */
    bool public_message;  /* handshake messages as PublicMessage */
    bool despite_waiting; /* application data although proposals wait, see mls_encrypt */
};

/** Encrypt application data; the MLSMessage is appended to `out`. `how` may be NULL.
 *
 * Whoever has seen a valid proposal MUST commit before it sends (RFC 9420 12.4), lest somebody
 * whose removal was proposed still reads: hence MLS_PENDING_PROPOSALS. `despite_waiting` is for
 * those who know better: the proposals that wait are not valid in the application's eyes (a
 * stranger's Add, a Remove by somebody without the right), or the commit goes out in front of this
 * message and loses nothing by the order. It is wrong while a Remove waits that the application
 * means to obey.
 *
 * The key is used up: store the state (MLS_PART_RECEIVE) before the message leaves.
 *
 * @return OK; MLS_PENDING_PROPOSALS; MLS_SUSPENDED; MLS_DROPPED; MLS_GENERATION_SPENT; ERR_MEMORY
 */
enum err mls_encrypt(struct mls_group *g, const struct mls_world *w, struct span plain,
                     const struct mls_send *how, struct buf *out) MUST_CHECK;

/** The generation the next application message will use, and a way to skip ahead after restoring an
 * older state (at most 65,536 at once). */
uint32_t mls_send_generation(const struct mls_group *g);
enum err mls_send_skip_to(struct mls_group *g, uint32_t generation) MUST_CHECK;

/** Encoded proposals for mls_propose and mls_commit, appended to `out`. */
enum err mls_make_add(struct span key_package, struct buf *out) MUST_CHECK;
enum err mls_make_remove(uint32_t leaf, struct buf *out) MUST_CHECK;
enum err mls_make_psk_external(const struct mls_world *w, const struct mls_suite *s, struct span id,
                               struct buf *out) MUST_CHECK;
enum err mls_make_psk_resumption(const struct mls_world *w, const struct mls_suite *s,
                                 struct span group_id, uint64_t epoch, uint8_t usage,
                                 struct buf *out) MUST_CHECK;
enum err mls_make_reinit(const struct mls_reinit *r, struct buf *out) MUST_CHECK;
enum err mls_make_extensions(struct span extensions, struct buf *out) MUST_CHECK;

/** Send a proposal made by the functions above; it also waits here for a commit. */
enum err mls_propose(struct mls_group *g, const struct mls_world *w, struct span proposal,
                     const struct mls_send *how, struct buf *out) MUST_CHECK;

/** Propose fresh keys for our own leaf. `client` NULL: as it is; `signer` NULL: world.signer. */
enum err mls_propose_update(struct mls_group *g, const struct mls_world *w,
                            const struct mls_client *client, const struct mls_signer *signer,
                            const struct mls_send *how, struct buf *out) MUST_CHECK;

struct mls_commit_options {
    struct span proposals; /* list of encoded proposals, by value */
    bool without_waiting;  /* leave out the waiting proposals (else: all that fit) */
    size_t waiting_max;    /* of the waiting proposals at most so many; 0: no bound of its own */
    bool with_path;        /* a path although none is needed */
    bool tree_apart;       /* Welcome without ratchet tree: send mls_group_write_tree yourself */
    bool external_pub;     /* GroupInfo of the Welcome carries external_pub */
    const struct mls_client *client; /* new content of our leaf, or NULL */
    const struct mls_signer *signer; /* new signature key of our leaf, or NULL */
    struct mls_send send;
    const struct mls_group *resumes; /* set by mls_reinit_group and mls_branch_group alone */
    uint8_t resume_usage;            /* likewise */
};

/* a waiting proposal that a commit of ours left out, and the rule that it would have broken, or
 * MLS_TOO_MANY: it was fit but over waiting_max */
struct mls_skipped {
    uint8_t ref[MLS_HASH_MAX];
    struct mls_sender sender;
    enum err why;
};

struct mls_commit_out {
    struct buf commit;      /* MLSMessage */
    struct buf welcome;     /* MLSMessage; empty when nobody is added */
    struct mls_group *next; /* the new epoch, owned */
    uint32_t *added;        /* leaves of the new members in order, owned */
    size_t added_count;
    struct mls_skipped *skipped; /* owned */
    size_t skipped_count;
};

void mls_commit_out_clear(struct mls_commit_out *o);

/** Make a commit. The group stays in its epoch (one handshake generation is used up unless the
 * commit is public); adopt out->next when the commit has won. `options` may be NULL: the waiting
 * proposals and nothing else.
 *
 * No waiting proposal can make this fail: those that do not fit, alone or beside the others, are
 * left out and told in out->skipped. Removes come first, then the newest Update of each leaf, then
 * the rest in order of arrival (12.2). Proposals by value must fit.
 *
 * When more fit than waiting_max, the Removes go first, for no flood of others may keep a member
 * in, then the oldest. What is left out does not wait on: proposals end with their epoch, and 12.4
 * has their senders propose again in the next. (A committer SHOULD take all that fit, so set the
 * bound for cost alone; who follows does not enforce that.)
 *
 * @return OK; codes of "proposal lists", "leaves"; MLS_SUSPENDED; MLS_DROPPED; ERR_MEMORY
 * @source RFC 9420 12.4.1
 */
enum err mls_commit(struct mls_group *g, const struct mls_world *w,
                    const struct mls_commit_options *options,
                    struct mls_commit_out *out) MUST_CHECK;

/* -- receiving -- */

enum mls_event_kind {
    MLS_EVENT_APPLICATION,
    MLS_EVENT_PROPOSAL, /* verified and fit, waits for a commit */
    MLS_EVENT_COMMIT,   /* `next` is the new epoch */
    MLS_EVENT_REMOVED   /* the commit removes us: `next` is NULL */
};

struct mls_event {
    enum mls_event_kind kind;
    struct mls_sender sender;
    uint32_t leaf;       /* of the sender, in the new tree for external commits */
    uint32_t generation; /* of PrivateMessages */
    struct buf data;     /* plaintext, or the encoded Proposal */
    struct buf authenticated_data;
    struct mls_group *next; /* owned */
};

void mls_event_clear(struct mls_event *e);

/** Open one MLSMessage of this epoch.
 *
 * A PrivateMessage opens once, a commit as well: its key is erased with this call. So what came out
 * (the text, `next`, the waiting proposal) must be stored in the same transaction as the state, or
 * it is lost for good when we stop in between. The same message again is MLS_KEY_CONSUMED (ours:
 * MLS_OWN_MESSAGE): a duplicate, to be passed over in silence.
 *
 * A proposal waits only when it is fit (12.1): every rule that no other proposal of the same commit
 * could make good. ERR_FULL: no room for its sender (params.h); nothing is consumed, so it may be
 * given again after mls_group_forget or when a commit fails with MLS_UNKNOWN_REFERENCE.
 *
 * MLS_OWN_AHEAD: we sent it, by our signature, but from a later state than this one. Who was
 * restored from an older copy learns it by this, and must use no generation of this epoch any more.
 *
 * @return OK; ERR_FULL; codes of "bytes", "framing", "proposal lists", "update paths"
 * @source RFC 9420 6, 12.4.2
 */
enum err mls_receive(struct mls_group *g, const struct mls_world *w, struct span message,
                     struct mls_event *out) MUST_CHECK;

/* -- from outside a group -- */

/** A proposal by an external sender (external_senders extension), as MLSMessage. @source 12.1.8 */
enum err mls_propose_external(const struct mls_world *w, const struct mls_suite *s,
                              struct span group_id, uint64_t epoch, uint32_t sender_index,
                              struct span proposal, struct buf *out) MUST_CHECK;

/** The owner of a key package proposes to add it. @source 12.1.8 */
enum err mls_propose_self(const struct mls_world *w, const struct mls_suite *s,
                          struct span group_id, uint64_t epoch, struct span key_package,
                          struct buf *out) MUST_CHECK;

/* -- successors -- */

struct mls_successor {
    const struct mls_client *client;
    struct span group_id;     /* of a branch; a reinitialised group takes it from the ReInit */
    struct span extensions;   /* likewise */
    struct span key_packages; /* concatenated KeyPackages of the other members */
    bool tree_apart;
};

/** Make the group that a ReInit announced; `old` is suspended. out->commit is of no use to anybody,
 * the Welcome is. @source RFC 9420 11.2 */
enum err mls_reinit_group(const struct mls_group *old, const struct mls_world *w,
                          const struct mls_successor *s, struct mls_commit_out *out) MUST_CHECK;

/** Make a group of some members of `old`, bound to it by a resumption PSK. @source RFC 9420 11.3 */
enum err mls_branch_group(const struct mls_group *old, const struct mls_world *w,
                          const struct mls_successor *s, struct mls_commit_out *out) MUST_CHECK;
