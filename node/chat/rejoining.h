/* Coming back into a conversation, and letting others back in: what rejoin_*.c and culprits.c
 * share.
 *
 *     rejoin_ask.c      we cannot take part any more: ask, put the answer together, join
 *     rejoin_answer.c   others ask: take it down, let them in by one commit, answer
 *     culprits.c        who committed twice to one epoch is removed
 *     rejoining.c       what of it is stored, what is due
 *
 *     DAG_OUT_REJOIN -> request under keys that both sides have, to all of them
 *         members -> guests.h: whose turn it is -> ONE commit {Remove, Add ...}
 *                 -> certified or 2 min later: the answer, sealed to the guest (answer.h)
 *     answer -> its beacons into the DAG, then the Welcome: we stand there when it is the best
 *
 * While we are beaten by a branch that we cannot follow, or in doubt of what we hold (an older copy
 * was put back), the conversation is CHAT_REJOINING: what the person says waits, and goes out
 * afterwards. Stored: our key package and its private halves, so that an answer finds them after a
 * restart; answers that wait for their commit; proofs of double commits. Not stored: requests of
 * others, who repeat them.
 *
 * @source CHAT.md 5.2, 5.6; docs/protocol/commits.md, Letting in
 */
#pragma once

#include "node/chat/commits/answer.h"
#include "node/chat/commits/guests.h"
#include "node/chat/doors.h"
#include "node/chat/talk.h"

struct culprit { /* an installation that committed twice to one epoch */
    uint8_t key[32];
    struct buf tickets[2];
};

struct let_in { /* guests of a commit of ours, who wait for their Welcome */
    struct eid eid;
    int64_t made_ns; /* wall */
    struct mono look_at;
    struct buf ticket, welcome;
    struct {
        uint8_t key[32];
        struct eid at, under;
        bool door;
        struct buf package;
    } guests[EVIDENCE_REJOINS_MAX];
    size_t count;
};

struct rejoining {
    /* we ask */
    struct mls_package_keys keys;
    struct buf package; /* empty: we do not ask */
    int64_t package_ns; /* wall; when it was made */
    struct eid in;      /* where its Welcome took us; none: nowhere yet */
    int64_t in_ns;      /* wall */
    struct answer_parts parts[REJOIN_COLLECTS_MAX];
    struct mono parts_at[REJOIN_COLLECTS_MAX]; /* when the first came */
    unsigned asked;                            /* since we were last in */
    unsigned lost_asked;                       /* without a known winner */
    struct mono lost_at;                       /* not before */
    bool changed;
    /* others ask */
    struct guests *guests;
    struct mono guests_at;
    unsigned checks; /* requests that may be looked at, of this minute */
    struct mono checks_at;
    struct let_in *let_in[REJOIN_LET_IN_MAX];
    size_t let_in_count;
    /* who must go */
    struct culprit culprits[CULPRITS_MAX];
    size_t culprits_count;
    struct mono culprits_at;
};

/** What there is of a conversation, made if need be. ERR_MEMORY. */
enum err rejoining_of(struct chat *c, struct talk *t, struct rejoining **out) MUST_CHECK;

/* ---- rejoin_ask.c ---- */
void rejoin_ask_tick(struct chat *c, const struct env *env, struct talk *t);

/* ---- rejoin_answer.c ---- */
void rejoin_answer_tick(struct chat *c, const struct env *env, struct talk *t);
struct mono rejoin_answer_deadline(const struct rejoining *r);
void let_in_free(struct let_in *l);
enum err let_in_load(struct chat *c, struct talk *t) MUST_CHECK;

/* ---- culprits.c ---- */
void culprits_tick(struct chat *c, const struct env *env, struct talk *t);
