/* The world of tests/lib/forks.h: what there is, chance, and what happens when. */
#pragma once

#include "node/chat/commits/guests.h"

#include <stdio.h>
#include <stdlib.h>

#define FORKS_MEMBERS  16
#define FORKS_SPARES   2 /* further leaves of each who is malicious */
#define FORKS_ENTRIES  4096
#define FORKS_COMMITS  8192
#define FORKS_LEAVES   (FORKS_MEMBERS * (1 + FORKS_SPARES))
#define FORKS_FRAMES   (BEACON_BYTES_MAX)
#define FORKS_WAY      24 /* beacons that come with a Welcome */
#define FORKS_MINUTE   (60 * NS_PER_S)
#define FORKS_RUN      (150 * FORKS_MINUTE) /* of commits and writing */
#define FORKS_APART    (30 * FORKS_MINUTE)
#define FORKS_TOGETHER (90 * FORKS_MINUTE)
#define FORKS_END      (36 * 60 * FORKS_MINUTE)

struct forks_commit { /* what a commit leads to; index 0: where all begin */
    struct eid eid;
    uint32_t parent, committer, children;
    struct ticket ticket;
    uint8_t bytes[TICKET_BYTES_MAX];
    size_t bytes_len;
    struct dag_voter voters[DAG_VOTERS_MAX];
    size_t voters_count;
    int64_t at_ns, forked_ns;
    struct eid from[FORKS_MEMBERS]; /* where the way that they are told begins */
    uint32_t lets_in;               /* members that it takes in again, as bits */
};

struct forks_message {
    unsigned refs;
    uint32_t from;
    struct eid under;
    uint32_t commit; /* + 1; 0: none */
    struct buf acks, beacon, withdrawal;
    uint32_t entry; /* + 1 */
    bool asks;      /* to be let in */
    struct rejoin ask;
    uint32_t welcome;          /* + 1 */
    struct buf way[FORKS_WAY]; /* of beacons, with a Welcome */
    size_t way_count;
    uint8_t got[FORKS_ENTRIES / 8];
};

struct forks_member {
    struct dag *dag;
    struct guests *guests;
    uint8_t key[32];
    bool malicious;
    unsigned evil, spares; /* which way; devices left */
    struct forks_message **parked;
    size_t parked_count, parked_cap;
    uint8_t got[FORKS_ENTRIES / 8];
    uint8_t known[FORKS_MEMBERS][FORKS_ENTRIES / 8]; /* what others said they have */
    uint32_t choice[FORKS_COMMITS];                  /* child taken at each epoch, + 1 */
    int64_t chosen_ns[FORKS_COMMITS];
    int64_t tick_ns;
    uint32_t in_answer; /* + 1: last commit that `spare` answered */
    unsigned rewinds, rejoins;
    bool new_key; /* something parked may open now */
};

enum forks_kind {
    FORKS_TICK,
    FORKS_DELIVER,
    FORKS_COMMIT,
    FORKS_EVIDENCE,
    FORKS_WRITE,
    FORKS_RESEND,
    FORKS_WELCOME,
    FORKS_ROUND
};

struct forks_event {
    int64_t at_ns;
    uint64_t number;
    enum forks_kind kind;
    uint32_t member, other;
    struct forks_message *message;
    enum commit_class cls;
};

struct forks {
    struct rng rng;
    uint64_t state;
    struct env env;
    struct forks_member members[FORKS_MEMBERS];
    struct forks_commit commits[FORKS_COMMITS];
    uint32_t commits_count;
    struct {
        uint32_t author;
        int64_t sent_ns;
    } entries[FORKS_ENTRIES];
    uint32_t entries_count;
    struct forks_event *heap;
    size_t heap_count, heap_cap;
    uint64_t numbers;
    unsigned evils;
    bool slow; /* log-uniform delays */
    uint32_t next_leaf;
    /* figures */
    unsigned forks, evidence, beacons, withdrawals, resent, requests;
};

struct forks_result {
    bool one_epoch, all_read;
    unsigned commits, forks, rewinds, rejoins, beacons, withdrawals, resent, evidence;
    int64_t converged_ns; /* after the last commit */
    int64_t *times;       /* of each fork: until the last honest member changed its mind; owned */
    size_t times_count;
};

static inline bool forks_has(const uint8_t *set, uint32_t entry)
{
    return (set[entry / 8] >> entry % 8 & 1) != 0;
}

static inline void forks_fill(void *state, uint8_t *out, size_t len)
{
    uint64_t *s = state;
    for (size_t i = 0; i < len; i++) {
        *s += 0x9e3779b97f4a7c15ull;
        uint64_t z = *s;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
        out[i] = (uint8_t)((z ^ (z >> 31)) >> 56);
    }
}

static inline uint64_t forks_random(struct forks *f, uint64_t below)
{
    return rng_below(&f->rng, below);
}

static inline int64_t forks_between(struct forks *f, int64_t from, int64_t to)
{
    return from + (int64_t)forks_random(f, (uint64_t)(to - from));
}

static inline bool forks_earlier(const struct forks_event *a, const struct forks_event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->number < b->number;
}

static inline void forks_push(struct forks *f, struct forks_event e)
{
    if (f->heap_count == f->heap_cap) {
        f->heap_cap = f->heap_cap == 0 ? 1024 : f->heap_cap * 2;
        f->heap = realloc(f->heap, f->heap_cap * sizeof *f->heap);
        assert(f->heap != NULL);
    }
    e.number = f->numbers++;
    size_t i = f->heap_count++;
    for (; i > 0 && forks_earlier(&e, &f->heap[(i - 1) / 2]); i = (i - 1) / 2)
        f->heap[i] = f->heap[(i - 1) / 2];
    f->heap[i] = e;
}

static inline struct forks_event forks_pop(struct forks *f)
{
    struct forks_event top = f->heap[0], last = f->heap[--f->heap_count];
    size_t i = 0, child;
    while ((child = 2 * i + 1) < f->heap_count) {
        if (child + 1 < f->heap_count && forks_earlier(&f->heap[child + 1], &f->heap[child]))
            child++;
        if (!forks_earlier(&f->heap[child], &last))
            break;
        f->heap[i] = f->heap[child];
        i = child;
    }
    f->heap[i] = last;
    return top;
}
