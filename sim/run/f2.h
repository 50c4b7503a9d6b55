/* Tier F2: members who are no nodes. Each is a struct of 64 bytes behind a relay that serves it;
 * what relays carry, and when each relay has it, is of the real engines (tier F1). What a member
 * does with it is computed: its own access, the processor time of MLS, being away, asking a store.
 *
 *     f2.c          who they are, who speaks and commits, how it leaves
 *     f2_hear.c     a relay has all of a post: its members hear it; who was owed it
 *     f2_epochs.c   commits, rivals, which epoch a member is in
 *     f2_tree.c     how large a commit is
 *     f2_measure.c  metrics
 *
 * Private to sim/run.
 */
#pragma once

#include "sim/run/f2_tree.h"
#include "sim/run/inside.h"

#define F2_CHUNK_BYTES 131072u /* of a post in one Waku message, as node/chat cuts its parcels */
#define F2_WINDOW      64u     /* posts behind the first that a member still lacks */
#define F2_RIVALS      16u     /* newest commits of a conversation among which members choose */

#define F2_CREDENTIAL_BYTES 90u /* account, installation key, seq and head of the log */

/* Processor time on the machine of docs/simulator.md, suite 0x0003; members.slowness times that is
 * charged. From `bench_group 200 5 apart` and `bench_group 10000 3`. */
#define F2_SEAL_NS        95000 /* to one node of a path, by the one who commits */
#define F2_COMMIT_NS      400000
#define F2_FOLLOW_NS      500000 /* a commit that is followed, */
#define F2_FOLLOW_BYTE_PS 3700   /* and each byte of it, thousandths of a ns */
#define F2_TEXT_NS        130000 /* opened, its signature verified */

struct member {
    uint32_t service; /* its node */
    uint32_t conversation;
    uint32_t epoch, before; /* index of epochs: it is in `epoch` from ready_ns on */
    int64_t ready_ns;
    uint64_t had;  /* posts from `base` on */
    uint32_t base; /* all before are settled */
    uint32_t access_us;
    uint32_t fetched; /* posts, from a store */
    uint32_t rewinds;
    uint64_t bytes, cpu_ns;
};

struct epoch { /* what a commit leads to; 0 of all conversations: where they begin */
    uint32_t parent, depth, post;
    uint32_t children;
    uint64_t rank; /* of two commits to one epoch the lower one stands */
};

struct post { /* something said in a conversation */
    int64_t at_ns;
    int64_t begun_ns; /* of a commit: when its making began */
    uint32_t author, conversation, seq;
    uint32_t bytes, chunks;
    uint32_t commit, under; /* epochs; commit 0: it is a text */
    uint32_t by_node;       /* 0: a store has it not */
    uint16_t *arrived;      /* chunks, by node; NULL: judged */
};

struct crowd {
    uint32_t first, count; /* of members */
    uint32_t *posts, posts_count;
    uint32_t commits[F2_RIVALS], commits_count; /* newest, a ring */
    uint32_t begun;                             /* commits to epoch 0 */
    struct f2_tree tree;
};

struct members {
    struct member *all;
    uint32_t count;
    uint32_t *order,
        *from; /* members by node: order[from[n]] to order[from[n + 1] - 1], ascending */
    struct crowd *crowds;
    uint32_t crowds_count;
    struct post *posts;
    uint32_t posts_count, posts_cap;
    struct epoch *epochs;
    uint32_t epochs_count, epochs_cap;
    int64_t session_ns;
    double seconds_of_byte; /* on the downlink of a member */
    struct histogram latency, entering;
    uint64_t texts, commits, refused, owed, missing, fetched, lost, early, forks, rewinds;
    double commit_bytes, commit_seals, making_ns;
    uint32_t largest;
};

/* f2.c */
bool f2_up(const struct run *r, uint32_t member, int64_t at_ns);
int64_t f2_cost(const struct run *r, int64_t ns); /* on a member's processor */

/* f2_hear.c */
bool f2_had(const struct run *r, const struct member *m, uint32_t seq);
void f2_have(struct run *r, uint32_t member, const struct post *p);
void f2_judge(void *step);
void f2_settle(struct run *r, uint32_t member, uint32_t seq); /* posts before seq */

/* f2_epochs.c */
uint32_t f2_epoch_now(const struct member *m, int64_t now_ns);
uint32_t f2_epoch_add(struct run *r, uint32_t parent);
void f2_choose(struct run *r, uint32_t member, int64_t at_ns); /* among what it has */
bool f2_on_chain(const struct members *k, uint32_t ancestor, uint32_t epoch);
uint32_t f2_tip(const struct run *r, uint32_t conversation); /* which stands in the end */
