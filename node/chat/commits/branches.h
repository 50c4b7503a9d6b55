/* The MLS states of one conversation, one for every epoch that is still of use, over the commit DAG
 * that says which of them holds.
 *
 *     ticket + commit of epoch P -> branches_follow    message of epoch X -> branches_open
 *     acks, withdrawal, beacon, ticket -> branches_take
 *                              |
 *            P whole: MLS judges it, the next state is kept beside P's, the DAG is told
 *            P receive only: its ticket counts, its commit cannot be followed
 *                              |
 *     branches_poll: what the DAG wants (dag.h); states are dropped in here
 *
 * Own commits: branches_commit makes commit and ticket and keeps the next state; store, then send
 * both. An epoch's exporter dies with its rewind state: derive envelope keys (of head and siblings)
 * when branches_follow or branches_commit has given the epoch.
 *
 * Pure, single-threaded; MLS's own errors (crypto/mls/error.h) pass through. Bounds: params.h.
 * @source CHAT.md 5; docs/protocol/commits.md
 */
#pragma once

#include "crypto/mls/mls.h"
#include "node/chat/commits/dag.h"

struct branches;

struct branches_world { /* borrowed for a call */
    const struct mls_world *mls;
    const struct keyring_key *key; /* our installation; MAY_SIGN_LABEL */
    void *ctx;
    /** What the commit is that mls->commit was asked about last. */
    void (*judged)(void *ctx, enum commit_class *cls, uint32_t *role);
    /** Who votes in an epoch: its leaves, over 64 its admins. NULL: all leaves, the first
     * DAG_VOTERS_MAX of them. Returns how many. */
    size_t (*voters)(void *ctx, const struct mls_group *g, struct dag_voter *out);
};

/** Begin with the state of the epoch that we created or joined; `first` is taken also on failure.
 */
enum err branches_new(struct branches **out, const struct env *env, const struct branches_world *w,
                      struct mls_group *first) MUST_CHECK;
void branches_free(struct branches *b); /* accepts NULL; wipes */

const struct dag *branches_dag(const struct branches *b);
struct eid branches_head(const struct branches *b);
struct eid branches_eid(const struct mls_group *g);

/** The state of an epoch; NULL: none is left. Borrowed until the next call that changes `b`. */
const struct mls_group *branches_group(const struct branches *b, const struct eid *eid);

/* ---- commits ---- */

struct branches_made {
    struct mls_commit_out mls; /* commit, welcome, added...; `next` is kept in here and NULL */
    struct buf ticket;
    struct eid parent, eid;
};
void branches_made_clear(struct branches_made *m);

/** Make a commit to an epoch (the head, unless it answers a double commit). It is adopted when
 * nothing better is known.
 *
 * @return OK; ERR_REFUSED we may not commit there any more (dag_may_commit); codes of mls_commit
 */
enum err branches_commit(struct branches *b, const struct env *env, const struct branches_world *w,
                         const struct eid *parent, const struct mls_commit_options *options,
                         struct branches_made *out) MUST_CHECK;

enum branches_follow {
    BRANCHES_FOLLOWED, /* its state is held */
    BRANCHES_NOTED,    /* its parent's state is past: only its ticket counts */
    BRANCHES_REMOVES,  /* it removes us */
    BRANCHES_KNOWN,    /* a duplicate, or our own */
};

/** A commit with its ticket came.
 *
 * @param eid  of the epoch it makes (out)
 * @return OK; ERR_NOT_FOUND the parent epoch is unknown: keep both and try again; ERR_AUTH the
 *         ticket is not its committer's; ERR_PROTOCOL ticket and commit say different things; codes
 *         of mls_receive and dag_add
 */
enum err branches_follow(struct branches *b, const struct env *env, const struct branches_world *w,
                         struct span ticket, struct span commit, enum branches_follow *verdict,
                         struct eid *eid) MUST_CHECK;

/** A Welcome took us in again; `joined` is taken also on failure. `ticket` is of the commit that
 * did it. Give the beacons that came with it to branches_take first: ERR_NOT_FOUND: the way there
 * is not known, the Welcome is worth nothing. We stand there when it is the best that we know. */
enum err branches_joined(struct branches *b, const struct env *env, const struct branches_world *w,
                         struct span ticket, struct mls_group *joined) MUST_CHECK;

/* ---- messages ---- */

/** Encrypt in the head, or another epoch that is not past; `eid` NULL: the head. As mls_encrypt. */
enum err branches_seal(struct branches *b, const struct branches_world *w, const struct eid *eid,
                       struct span plain, const struct mls_send *how, struct buf *out) MUST_CHECK;

/** Open a message of an epoch that is no commit: application data, or a proposal, which then waits
 * there. As mls_receive; ERR_NOT_FOUND the epoch is unknown or past; ERR_PROTOCOL it is a commit.
 */
enum err branches_open(struct branches *b, const struct branches_world *w, const struct eid *eid,
                       struct span message, struct mls_event *out) MUST_CHECK;

/** Propose in the head. As mls_propose; `proposal` empty: an update of our leaf. */
enum err branches_propose(struct branches *b, const struct branches_world *w, struct span proposal,
                          const struct mls_send *how, struct buf *out) MUST_CHECK;

/* ---- what is signed ---- */

/** A ticket without commit, an ack list, a withdrawal or a beacon of somebody. OK; ERR_AUTH;
 * ERR_UNSUPPORTED; ERR_FORMAT; codes of dag.h. */
enum err branches_take(struct branches *b, const struct env *env, struct span object) MUST_CHECK;

/** Sign all acks that are due and append the list: with everything that is sent, and when
 * DAG_OUT_SIGN_ACK says so. ERR_NOT_FOUND: none is due. */
enum err branches_ack(struct branches *b, const struct env *env, const struct branches_world *w,
                      struct buf *out) MUST_CHECK;

/** Answer DAG_OUT_WITHDRAW and DAG_OUT_BEACON. */
enum err branches_withdraw(struct branches *b, const struct env *env,
                           const struct branches_world *w, const struct eid *eid,
                           struct buf *out) MUST_CHECK;
enum err branches_beacon(struct branches *b, const struct branches_world *w, const struct eid *from,
                         struct buf *out) MUST_CHECK;

/** As dag_doubt: until branches_joined. */
void branches_doubt(struct branches *b, const struct env *env);

/** Answer DAG_OUT_REJOIN.
 *
 * @param winner       `eid` of the output; none (zeros): any branch
 * @param key_package  fresh; its private keys are the caller's
 * @param under        send the request to all under the keys of this epoch (out)
 */
enum err branches_rejoin(struct branches *b, const struct branches_world *w,
                         const struct eid *winner, struct span key_package, struct eid *under,
                         struct buf *out) MUST_CHECK;

/** Our way from `*from` on as the next of the beacons that go with a Welcome (from guest.at on);
 * `*from` moves on. ERR_NOT_FOUND: there is no more to tell. */
enum err branches_way(struct branches *b, const struct branches_world *w, struct eid *from,
                      struct buf *out) MUST_CHECK;

/* ---- time ---- */

void branches_tick(struct branches *b, const struct env *env);
void branches_catchup(struct branches *b, const struct env *env, bool going_on);
struct mono branches_deadline(const struct branches *b);
bool branches_poll(struct branches *b, struct dag_out *out);

/* ---- records: as in dag.h, and the parts of every state, which the vault seals ---- */

enum branches_record_kind {
    BRANCHES_RECORD_DAG,     /* dag_kind says which */
    BRANCHES_RECORD_PUBLIC,  /* of the epoch `name`; not secret */
    BRANCHES_RECORD_REWIND,  /* dies soon: under the wipe key */
    BRANCHES_RECORD_RECEIVE, /* likewise */
};

struct branches_record {
    enum branches_record_kind kind;
    enum dag_record_kind dag_kind;
    uint8_t name[16];
    bool gone;
};

/** As dag_save_next. */
enum err branches_save_next(struct branches *b, const struct env *env, struct branches_record *out,
                            struct buf *value) MUST_CHECK;

/** As dag_load_begin and so on: the record DAG_RECORD_HEAD first, the rest in any order. Catching
 * up has begun when it is loaded. */
enum err branches_load_begin(struct branches **out) MUST_CHECK;
enum err branches_load(struct branches *b, const struct env *env,
                       const struct branches_record *record, struct span value) MUST_CHECK;
enum err branches_load_end(struct branches *b, const struct env *env) MUST_CHECK;
