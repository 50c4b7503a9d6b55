/* What travels about a commit outside MLS, signed by installations, so that everybody who holds it
 * can order commits, count certificates and prove a double commit without any group state.
 *
 *     ticket      "I made this commit of that epoch": every commit travels with one
 *     acks        "I follow these": a vote for each of them; a list of them is a certificate
 *     withdrawal  "forget my commit"
 *     beacon      "this is where I am", and the tickets, acks and withdrawals that lead there
 *     rejoin      "I cannot follow you: let me in again"
 *
 * All are packed (crypto/pack) as [type, version 1, fields..., signature 64, extensions]; signed
 * under the type's label is the same array without the signature. A decoder checks form and bounds;
 * the signature and whether the key may say this is another call, because keys come with groups.
 *
 * Bounds: params.h. @source CHAT.md 5; docs/protocol/commits.md
 */
#pragma once

#include "crypto/keyring/keyring.h"
#include "crypto/pack/pack.h"
#include "node/chat/envelope/eid.h"
#include "node/chat/envelope/params.h"

#define GROUP_ID_BYTES 32u

enum ticket_type { /* first number of the object */
    TICKET_TYPE_TICKET = 32,
    TICKET_TYPE_ACKS = 33,
    TICKET_TYPE_WITHDRAWAL = 34,
    TICKET_TYPE_BEACON = 35,
    TICKET_TYPE_REJOIN = 36,
    TICKET_TYPE_ANSWER_PART = 37, /* answer.h */
    TICKET_TYPE_ANSWER = 38,
};

/* What a commit does, the strongest part of it. Between siblings the smaller number wins. Numbers
 * on the wire. */
enum commit_class {
    COMMIT_REMOVES_OTHER = 1,    /* another account, by a role that may */
    COMMIT_REMOVES_EVIDENCE = 2, /* revoked, equivocated, left; or leaves of one's own account */
    COMMIT_ADDS = 3,
    COMMIT_UPDATES = 4, /* and everything else */
};
#define COMMIT_CLASS_MAX 4u
#define COMMIT_ROLE_MAX  2u /* 0 member, 1 admin, 2 owner: the greater wins */

struct ticket {
    uint8_t group[GROUP_ID_BYTES];
    struct eid parent, eid; /* the epoch that was left, the one that was made */
    uint64_t epoch;         /* MLS number of the parent */
    enum commit_class cls;
    uint32_t role;   /* of the committer in the parent epoch */
    uint32_t leaf;   /* of the committer there */
    uint8_t key[32]; /* its installation */
    uint8_t signature[64];
    struct pack_extensions extensions; /* bytes borrowed */
};

struct acks {
    uint8_t group[GROUP_ID_BYTES];
    uint8_t key[32];
    struct eid eids[ACKS_EIDS_MAX]; /* newly followed */
    size_t count;                   /* at least 1 */
    uint8_t signature[64];
    struct pack_extensions extensions;
};

struct withdrawal {
    uint8_t group[GROUP_ID_BYTES];
    struct eid parent, eid; /* of the commit */
    uint8_t key[32];        /* of its committer */
    uint8_t signature[64];
    struct pack_extensions extensions;
};

struct beacon {
    uint8_t group[GROUP_ID_BYTES];
    struct eid certified, head; /* the last certified epoch, and where the sender is */
    uint8_t key[32];
    struct span tickets[BEACON_TICKETS_MAX]; /* encoded; borrowed */
    size_t tickets_count;
    struct span acks[BEACON_ACKS_MAX];
    size_t acks_count;
    struct span withdrawals[BEACON_WITHDRAWALS_MAX];
    size_t withdrawals_count;
    uint8_t signature[64];
    struct pack_extensions extensions;
};

struct rejoin {
    uint8_t group[GROUP_ID_BYTES];
    struct eid eids[REJOIN_EIDS_MAX]; /* last certified ones we know, newest first */
    size_t count;                     /* at least 1 */
    struct span key_package;          /* borrowed, at most REJOIN_PACKAGE_MAX */
    uint8_t key[32];
    uint8_t signature[64];
    struct pack_extensions extensions;
};

/** Decode. Spans are borrowed from `in`.
 *
 * @return OK; ERR_FORMAT; ERR_LIMIT; ERR_UNSUPPORTED a later version or an unknown critical
 *         extension: "needs a newer version"
 */
enum err ticket_decode(struct span in, struct ticket *out) MUST_CHECK;
enum err acks_decode(struct span in, struct acks *out) MUST_CHECK;
enum err withdrawal_decode(struct span in, struct withdrawal *out) MUST_CHECK;
enum err beacon_decode(struct span in, struct beacon *out) MUST_CHECK;
enum err rejoin_decode(struct span in, struct rejoin *out) MUST_CHECK;

/** Append with its signature. ERR_FULL; ERR_MEMORY. */
enum err ticket_encode(const struct ticket *t, struct buf *out) MUST_CHECK;
enum err acks_encode(const struct acks *a, struct buf *out) MUST_CHECK;
enum err withdrawal_encode(const struct withdrawal *w, struct buf *out) MUST_CHECK;
enum err beacon_encode(const struct beacon *b, struct buf *out) MUST_CHECK;
enum err rejoin_encode(const struct rejoin *r, struct buf *out) MUST_CHECK;

/** Fill in `key` and `signature`. As keyring_sign_label; ERR_MEMORY. */
enum err ticket_sign(struct ticket *t, const struct keyring_key *key) MUST_CHECK;
enum err acks_sign(struct acks *a, const struct keyring_key *key) MUST_CHECK;
enum err withdrawal_sign(struct withdrawal *w, const struct keyring_key *key) MUST_CHECK;
enum err beacon_sign(struct beacon *b, const struct keyring_key *key) MUST_CHECK;
enum err rejoin_sign(struct rejoin *r, const struct keyring_key *key) MUST_CHECK;

/** Does `key` of the object sign it? OK; ERR_AUTH; ERR_MEMORY. */
enum err ticket_verify(const struct ticket *t) MUST_CHECK;
enum err acks_verify(const struct acks *a) MUST_CHECK;
enum err withdrawal_verify(const struct withdrawal *w) MUST_CHECK;
enum err beacon_verify(const struct beacon *b) MUST_CHECK;
enum err rejoin_verify(const struct rejoin *r) MUST_CHECK;

/** The rank of a commit among siblings of its class and role: 32 bytes, the smaller wins. Fixed by
 * group, epoch number and leaf, so nobody can try commits until one wins. */
void ticket_rank(const struct ticket *t, uint8_t rank[32]);

/** Do two tickets, both verified, prove that one leaf committed twice to one epoch? */
bool ticket_is_double(const struct ticket *a, const struct ticket *b);
