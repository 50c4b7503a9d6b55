/* Conversations as a profile of MLS (RFC 9420, unchanged): what we are in a group, how one begins,
 * how one is joined, and what its epochs give to the envelope.
 *
 *     profile_us (key, log) --> mls_world with the hooks of policy.h
 *        |-- profile_package ------> bundle (first contact), rejoin request
 *        |-- profile_found --------> group of one -> mls_commit with Adds -> profile_welcome_write
 *        `-- profile_join <-------- Welcome blob: every member's log checked, then we are in
 *     profile_envelope_keys, profile_address_*: of each epoch
 *
 * Direct, group and self conversations use the X-Wing suite, crowds 0x0003. Leaf signature keys are
 * installation keys; all handshakes are PrivateMessages; nobody joins or proposes from outside. A
 * commit takes at most PROFILE_WAITING_MAX of the waiting proposals.
 *
 * The blob of a Welcome (sent inside an invite, or sealed beside it):
 *
 *     [52, 1, Welcome, ratchet tree or empty, [log, ...], address 32, next address 32, week,
 *      extensions]
 *
 * Pure. @source CHAT.md 4, 6; docs/protocol/conversations.md
 */
#pragma once

#include "node/chat/envelope/envelope.h"
#include "node/chat/profile/policy.h"

/* ---- ourselves ---- */

struct profile_us { /* stays where it is while a world points to it */
    const struct keyring_key *key;
    struct mls_signer signer;
    struct mls_client client;
    struct profile_credential credential;
    struct buf bytes; /* of the credential */
};

/** What we are now.
 *
 * @param key  our installation: KEYRING_MAY_SIGN; must outlive `us` (in)
 * @param id   our account's log (in)
 * @return OK; ERR_ARGUMENT the log does not have the key; ERR_MEMORY
 */
enum err profile_us_init(struct profile_us *us, const struct keyring_key *key,
                         const struct identity *id, uint64_t now_s) MUST_CHECK;
void profile_us_clear(struct profile_us *us);

/** The world for one call into MLS; `in_group` and `pool` are the caller's to add. */
struct mls_world profile_world(const struct profile_us *us, struct policy *p, struct rng *rng,
                               uint64_t now_s);

/** A key package for conversations of a suite, marked as one of last resort; 7 days.
 * As mls_key_package_new. */
enum err profile_package(const struct profile_us *us, const struct mls_world *w, uint16_t suite,
                         struct mls_package_keys *keys, struct buf *out) MUST_CHECK;

/** Is this a key package for a conversation of `suite`, and whose? Not whether its account's log
 * has the key. OK; ERR_FORMAT; codes of mls_key_package_check. */
enum err profile_package_read(struct span package, uint16_t suite, uint64_t now_s,
                              struct profile_credential *out) MUST_CHECK;

/* ---- beginning ---- */

/** A conversation of one, with a random id of GROUP_ID_BYTES.
 *
 * @return OK; ERR_ARGUMENT data that cannot be (self and direct must list us, the others must have
 *         us as an owner); codes of mls_group_new
 */
enum err profile_found(const struct profile_us *us, const struct mls_world *w,
                       const struct profile_data *data, struct mls_group **out) MUST_CHECK;

/** What a commit should be made with: bound and evidence set, the leaf renewed when our credential
 * changed (then `evidence` must bring our log). */
struct mls_commit_options profile_commit_options(const struct profile_us *us,
                                                 const struct mls_group *g, struct span proposals,
                                                 struct span evidence);

/** Does our leaf say less than `us`, or another key? The next commit then brings our log. */
bool profile_leaf_is_old(const struct profile_us *us, const struct mls_group *g);

/** Of two direct conversations between the same accounts: does `a` stay? The smaller
 * hash(LABEL_GROUP_PAIR, both accounts in order || id) does. */
bool profile_direct_stays(const uint8_t one[32], const uint8_t two[32],
                          const uint8_t a[GROUP_ID_BYTES], const uint8_t b[GROUP_ID_BYTES]);

/* ---- keys and addresses ---- */

/** Header and envelope key of an epoch; before its exporter is dropped. */
enum err profile_envelope_keys(const struct mls_group *g, struct envelope_keys *out) MUST_CHECK;
/** The secret of an epoch's door (doors.h); likewise. */
enum err profile_door_secret(const struct mls_group *g, uint8_t out[32]) MUST_CHECK;

struct profile_address { /* secret */
    uint8_t now[32], next[32];
    uint64_t next_from; /* week from which `next` counts; 0: there is none */
};

/** The address of a conversation that begins. */
enum err profile_address_begin(const struct mls_group *g, struct profile_address *out) MUST_CHECK;

/** An epoch that a removal made: its secret counts from the week after `week` (of the commit's
 * evidence: policy_verdict.week), and not before one that was due already. */
enum err profile_address_turn(struct profile_address *a, const struct mls_group *g,
                              uint64_t week) MUST_CHECK;

/** The bucket of a week. */
uint8_t profile_address_bucket(const struct profile_address *a, uint64_t week);

/** Buckets to listen to at a time: this week's, and for an hour last week's. Returns 1 or 2. */
size_t profile_address_listen(const struct profile_address *a, uint64_t now_s, uint8_t out[2]);

/* ---- Welcome ---- */

struct profile_welcome { /* spans borrowed */
    struct span welcome, tree;
    struct span *logs; /* owned array */
    size_t logs_count;
    struct profile_address address;
};

/** Append a blob.
 *
 * @param find  the log of an account; NULL: ERR_NOT_FOUND (in)
 * @param g     the epoch that the Welcome leads to (in)
 * @return OK; ERR_NOT_FOUND a member's log is not known; ERR_LIMIT over WELCOME_BYTES_MAX;
 * ERR_FULL; ERR_MEMORY
 */
enum err profile_welcome_write(const struct mls_group *g, struct span welcome,
                               const struct profile_address *address,
                               const struct identity_log *(*find)(void *ctx,
                                                                  const uint8_t *account),
                               void *ctx, struct buf *out) MUST_CHECK;

/** Read a blob; `out` needs profile_welcome_clear. Logs are not verified yet. */
enum err profile_welcome_read(struct span in, struct profile_welcome *out) MUST_CHECK;
/** The suite of the Welcome in a blob: which key package it is for. 0: none. */
uint16_t profile_welcome_suite(struct span blob);
void profile_welcome_clear(struct profile_welcome *w);

struct profile_join {
    struct span blob;
    struct span key_package;
    const struct mls_package_keys *keys;
};

struct profile_joined { /* profile_joined_clear */
    struct mls_group *group;
    struct profile_data data;
    struct profile_address address;
    uint32_t signer;                      /* leaf whose GroupInfo it was: */
    struct profile_credential invited_by; /* for an invite, must be the invite's signer */
    struct identity_log **logs;           /* of all members, verified: merge them into yours */
    size_t logs_count;
    enum policy_why why; /* with ERR_REFUSED */
};

/** Join, with every check of the profile: the type's suite and size, our extension alone, group
 * data, each leaf's credential in its account's log, at most ten leaves of an account, a direct or
 * self conversation only between those that it lists.
 *
 * A member whose key its log has revoked meanwhile does not hinder joining: it is the first thing
 * to remove (healing_owed).
 *
 * @return OK; ERR_REFUSED and out->why; codes of the blob, of logs, of mls_group_join
 */
enum err profile_join(const struct mls_world *w, const struct profile_join *join,
                      struct profile_joined *out) MUST_CHECK;
void profile_joined_clear(struct profile_joined *j);
