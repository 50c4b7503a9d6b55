/* Which commit holds: the DAG of commits of one conversation, as one installation sees it.
 *
 * Everybody may commit at any time; of several children of one epoch all members must end in the
 * same. Nobody decides it, no clock does: the winner follows from what is signed.
 *
 *     commits followed, tickets, acks, withdrawals, beacons
 *        |   dag_add, dag_ticket, dag_acks, dag_withdrawal, dag_beacon
 *        v
 *     votes -> certified, settled -> best child at every fork, from the root down -> head
 *        |   dag_poll
 *        v
 *     ADOPT  SIGN_ACK  REBASE  WITHDRAW  BEACON  REJOIN  EVIDENCE  DROP_REWIND  DROP_RECEIVE
 *
 * Order between siblings, the first difference counts:
 *
 *     settled (it or a descendant is certified) before not settled
 *     of two settled: more installations seen last there or behind it
 *     more voters of the parent epoch who acked it or anything behind it
 *     sound before withdrawn or made twice (two tickets of one leaf for one parent)
 *     class (removal by role, removal by evidence, add, update), greater role, smaller rank
 *     smaller eid (only ever between two commits of one leaf)
 *
 * A commit is certified when more than half of the parent epoch's voters acked it; its committer
 * counts. An installation never acks two children of one parent, acks not before 5 s after it saw
 * the first child.
 *
 * What is held for an epoch:
 *
 *     whole --DROP_REWIND--> opens messages --DROP_RECEIVE--> nothing
 *      can be left by a        7 days after
 *      commit, rewound to      it was left
 *
 * The rewind state of an epoch dies when a child of it is settled, or T after its first child was
 * adopted; with it that of all branches that were not taken. T never decides: who cannot follow the
 * winner goes on where it is, and asks those who stand there to let it in (REJOIN; guests.h). It
 * keeps its DAG, and knows the way to where it was let in by tickets, so that all judge all forks
 * alike.
 *
 * No MLS in here, and no signature: the caller verifies what it hands in (branches.h does) and
 * signs what is asked for. Pure. Bounds: params.h. @source CHAT.md 5; docs/protocol/commits.md
 */
#pragma once

#include "crypto/base/env.h"
#include "node/chat/commits/ticket.h"

struct dag;

struct dag_voter {
    uint32_t leaf;
    uint8_t key[32]; /* installation */
};

struct dag_commit { /* an epoch that we have the state of */
    struct eid eid;
    uint64_t epoch;     /* its MLS number */
    struct span ticket; /* encoded, of the commit that made it, verified; empty: where we begin */
    const struct dag_voter *voters; /* its leaves, over 64 its admins; at most DAG_VOTERS_MAX */
    size_t voters_count;
    bool joined; /* by a Welcome that we asked for; the tickets that lead there are known */
};

enum dag_out_kind {
    DAG_OUT_ADOPT,    /* eid is the epoch to work in, `other` was it. rewound: `other` is on a
                         branch that was left */
    DAG_OUT_SIGN_ACK, /* acks are due and may travel alone: dag_acks_due */
    DAG_OUT_REBASE,   /* our commit `eid` lost against `other`: make it again, after a random delay,
                         if anything of it is still wanted */
    DAG_OUT_WITHDRAW, /* sign and send the withdrawal of our commit `eid`; it counts already */
    DAG_OUT_BEACON,   /* sign dag_beacon_fill from `eid` on, send it under the keys of `other` */
    DAG_OUT_REJOIN,   /* the winner `eid` cannot be followed: ask one of dag_members_at */
    DAG_OUT_EVIDENCE, /* the tickets of `eid` and `other` are a double commit: commit the removal of
                         its leaf, to their parent if dag_may_commit says so, else to the head */
    DAG_OUT_DROP_REWIND,  /* of eid */
    DAG_OUT_DROP_RECEIVE, /* of eid */
};

struct dag_out {
    enum dag_out_kind kind;
    struct eid eid, other;
    bool rewound;
};

/** Begin at an epoch that we created or joined.
 *
 * @param group  id of the conversation (in)
 * @param key    our installation (in)
 * @return OK; ERR_ARGUMENT too many voters, or none; ERR_MEMORY
 */
enum err dag_new(struct dag **out, const struct env *env, const uint8_t group[GROUP_ID_BYTES],
                 const uint8_t key[32], const struct dag_commit *first) MUST_CHECK;
void dag_free(struct dag *d); /* accepts NULL */

/** We hold the state after a commit (ours or followed).
 *
 * @return OK; ERR_EXISTS held already; ERR_NOT_FOUND its parent is unknown (of a Welcome: take the
 *         beacons that came with it first; if it stays, refuse it); ERR_LIMIT too many
 *         commits of one leaf to one parent; ERR_FULL; ERR_PROTOCOL its ticket says otherwise; the
 *         codes of ticket_decode; ERR_MEMORY. Nothing changes on failure
 */
enum err dag_add(struct dag *d, const struct env *env, const struct dag_commit *c) MUST_CHECK;

/** A ticket whose commit we do not hold, or cannot follow.
 *
 * @param checked  its key is known to be that leaf's; otherwise it must be a voter's
 * @return as dag_add; OK also when it is known; ERR_AUTH nobody we know
 */
enum err dag_ticket(struct dag *d, const struct env *env, struct span ticket,
                    bool checked) MUST_CHECK;

/** An ack list, verified, ours or another's. Epochs that are not known yet are waited for.
 * OK; the codes of acks_decode; ERR_PROTOCOL another group; ERR_MEMORY. */
enum err dag_acks(struct dag *d, const struct env *env, struct span acks) MUST_CHECK;

/** A withdrawal, verified. OK; ERR_NOT_FOUND; ERR_AUTH not its committer; codes of decoding. */
enum err dag_withdrawal(struct dag *d, const struct env *env, struct span withdrawal) MUST_CHECK;

/** Where another installation is: a verified beacon whose contents were given one by one. It came
 * under the keys of the epoch that it begins with. */
void dag_place(struct dag *d, const struct env *env, const struct beacon *b);

/** Catching up: nothing dies, nothing is withdrawn and no beacon is due until it is over. Call it
 * with true before the first tick after a start or a time without network. */
void dag_catchup(struct dag *d, const struct env *env, bool going_on);

void dag_tick(struct dag *d, const struct env *env);
struct mono dag_deadline(const struct dag *d);
bool dag_poll(struct dag *d, struct dag_out *out);

/* ---- what to say ---- */

/** Epochs whose ack is due: sign them as one list whenever something else is sent, store it and
 * hand it to dag_acks, then send it. Returns how many, at most `max`. */
size_t dag_acks_due(const struct dag *d, const struct env *env, struct eid *out, size_t max);

/** All but key and signature of a beacon: our way from `from` towards where we are, as far as it
 * goes, and what proves it. The next one begins where its last ticket leads to.
 * Spans are borrowed until the next call on `d`. */
void dag_beacon_fill(const struct dag *d, const struct eid *from, struct beacon *out);

/** Group and epochs of a request to be let in to `winner`; none: anywhere, because we are lost.
 * `under`: all who can answer have the keys of this epoch (out). */
void dag_rejoin_fill(const struct dag *d, const struct eid *winner, struct eid *under,
                     struct rejoin *out);

/** The last certified epoch on our way, else where we began: beacons travel under its keys. */
struct eid dag_certified(const struct dag *d);

/* ---- what there is ---- */

struct eid dag_head(const struct dag *d);

enum dag_state { /* what we hold of an epoch */
    DAG_UNKNOWN,
    DAG_TICKET,  /* its ticket only */
    DAG_RECEIVE, /* its messages can be opened */
    DAG_WHOLE,   /* commits to it can be followed */
    DAG_PAST,    /* nothing any more */
};
enum dag_state dag_state(const struct dag *d, const struct eid *eid);
bool dag_is_certified(const struct dag *d, const struct eid *eid); /* it or a descendant */
bool dag_on_path(const struct dag *d, const struct eid *eid); /* from the beginning to the head */

/** May we commit to this epoch: its state is whole, none of its children is settled, and we have
 * not done so before? (Ordinary commits go to the head.) */
bool dag_may_commit(const struct dag *d, const struct eid *parent);

/** Have we been without a certificate for over an hour? Then we let nobody in: we may be the one
 * who is lost. */
bool dag_is_lost(const struct dag *d, const struct env *env);

/** Is there a better branch, which we can follow no more? */
bool dag_is_beaten(const struct dag *d);

/** What we hold may be an older copy of what we were: a backup was put back. We commit and ack
 * nothing any more, and ask to be let in, until we are (DAG_OUT_REJOIN with no winner: anywhere).
 */
void dag_doubt(struct dag *d, const struct env *env);
bool dag_is_doubted(const struct dag *d);

/** Can we not take part where we are, beaten or in doubt? (Not merely lost.) */
bool dag_wants_in(const struct dag *d);

/** Was that installation last seen exactly where we stand? */
bool dag_is_with_us(const struct dag *d, const uint8_t key[32]);

/** Is that epoch `top`, or does it come of it? False when one of them is not known. */
bool dag_is_behind(const struct dag *d, const struct eid *eid, const struct eid *top);

/** Was that installation last seen in `top` or behind it? */
bool dag_is_seen_behind(const struct dag *d, const uint8_t key[32], const struct eid *top);

/** Installations last seen at `eid` or behind it; returns how many, at most `max`. */
size_t dag_members_at(const struct dag *d, const struct eid *eid, uint8_t (*keys)[32], size_t max);

/** The encoded ticket of an epoch; empty: none. Borrowed until the next call. */
struct span dag_ticket_of(const struct dag *d, const struct eid *eid);

/* ---- records: store what changed in the transaction of the step that changed it ---- */

enum dag_record_kind {
    DAG_RECORD_HEAD, /* one: name of zeros */
    DAG_RECORD_NODE, /* an epoch: its eid */
    DAG_RECORD_LIST, /* an ack list: start of its hash */
};

struct dag_record {
    enum dag_record_kind kind;
    uint8_t name[16]; /* unique within its kind and conversation */
    bool gone;        /* delete it */
};

/** The next record that changed since it was stored; its value is appended to `value` unless it is
 * gone. ERR_NOT_FOUND none is left; ERR_FULL; ERR_MEMORY. */
enum err dag_save_next(struct dag *d, const struct env *env, struct dag_record *out,
                       struct buf *value) MUST_CHECK;

/** Take back what was stored: DAG_RECORD_HEAD first, then every other record once, in any order,
 * then dag_load_end. Catching up has begun then. ERR_CORRUPT; ERR_FULL; ERR_MEMORY. */
enum err dag_load_begin(struct dag **out) MUST_CHECK;
enum err dag_load(struct dag *d, const struct env *env, enum dag_record_kind kind,
                  struct span value) MUST_CHECK;
enum err dag_load_end(struct dag *d, const struct env *env) MUST_CHECK;
