/* A network of members who commit at once, in virtual time, over the real commit DAG
 * (node/chat/commits/dag.h) with abstract commits: an epoch is a name and a list of voters, a key
 * is "does this member hold that epoch". Nobody is told what is true: members see what reaches them
 * and what they can open.
 *
 * 16 members, a commit every 10 s, 30 % of them two at once, 0.1 to 600 s on the way, half of the
 * members apart from the other half for an hour, one to three who do what they can:
 *
 *     equivocate   two commits to one epoch, each to one half
 *     withhold     a commit shown to one half just before T, to the other just after
 *     spare        remove a device of their own in answer to every commit: a better class
 *     and all of them ack whatever they see, lie about where they are, answer nobody who asks to be
 *     let in, or lure it into a commit of their own that nobody else is shown
 *
 * Everybody writes; an entry is sent again until its author knows that everybody has it.
 */
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

/* ---- chance ---- */

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

/* 0.1 s to 600 s. Mostly quick: eight in ten messages take up to 3 s, one and a half up to a
 * minute, the rest any time. Else log-uniform: half of them take more than 7 s, a fifth more than
 * 100 s. */
static inline int64_t forks_delay(struct forks *f)
{
    if (f->slow) {
        int64_t from = (100 * NS_PER_MS) << forks_random(f, 13), to = 2 * from;
        return forks_between(f, from, to < 600 * NS_PER_S ? to : 600 * NS_PER_S);
    }
    uint64_t kind = forks_random(f, 20);
    if (kind < 16)
        return forks_between(f, 100 * NS_PER_MS, 3 * NS_PER_S);
    return kind < 19 ? forks_between(f, 3 * NS_PER_S, 60 * NS_PER_S)
                     : forks_between(f, 60 * NS_PER_S, 600 * NS_PER_S);
}

/* ---- events ---- */

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

/* ---- the network ---- */

static inline void forks_unref(struct forks_message *m)
{
    if (--m->refs > 0)
        return;
    buf_clear(&m->acks);
    buf_clear(&m->beacon);
    buf_clear(&m->withdrawal);
    for (size_t i = 0; i < m->way_count; i++)
        buf_clear(&m->way[i]);
    free(m);
}

static inline unsigned forks_side(uint32_t member)
{
    return member % 2;
}

static inline void forks_deliver(struct forks *f, struct forks_message *m, uint32_t to,
                                 int64_t at_ns)
{
    bool apart = forks_side(m->from) != forks_side(to) && at_ns >= FORKS_APART &&
                 f->env.now.ns < FORKS_TOGETHER;
    if (apart && at_ns < FORKS_TOGETHER)
        at_ns = FORKS_TOGETHER + forks_between(f, 0, FORKS_MINUTE); /* the stores catch up */
    m->refs++;
    forks_push(
        f, (struct forks_event){.at_ns = at_ns, .kind = FORKS_DELIVER, .member = to, .message = m});
}

static inline struct forks_message *forks_message(struct forks *f, uint32_t from,
                                                  const struct eid *under)
{
    struct forks_message *m = calloc(1, sizeof *m);
    assert(m != NULL);
    m->refs = 1;
    m->from = from;
    m->under = *under;
    m->acks = BUF_INIT(ACKS_BYTES_MAX);
    m->beacon = BUF_INIT(BEACON_BYTES_MAX);
    m->withdrawal = BUF_INIT(TICKET_BYTES_MAX);
    memcpy(m->got, f->members[from].got, sizeof m->got);
    return m;
}

/* Acks ride on whatever is sent. */
static inline void forks_attach_acks(struct forks *f, uint32_t who, struct forks_message *m)
{
    struct forks_member *me = &f->members[who];
    struct acks a = {.count = dag_acks_due(me->dag, &f->env, a.eids, ACKS_EIDS_MAX)};
    if (a.count == 0)
        return;
    memcpy(a.key, me->key, 32);
    assert(acks_encode(&a, &m->acks) == OK);
    assert(dag_acks(me->dag, &f->env, buf_span(&m->acks)) == OK);
}

static inline void forks_send(struct forks *f, struct forks_message *m)
{
    forks_attach_acks(f, m->from, m);
    for (uint32_t to = 0; to < FORKS_MEMBERS; to++)
        if (to != m->from)
            forks_deliver(f, m, to, f->env.now.ns + forks_delay(f));
    forks_unref(m);
}

/* ---- commits ---- */

static inline uint32_t forks_find(const struct forks *f, const struct eid *eid)
{
    for (uint32_t i = f->commits_count; i-- > 0;)
        if (eid_eq(&f->commits[i].eid, eid))
            return i;
    assert(false);
    return 0;
}

static inline void forks_leave(struct forks_commit *c, const uint8_t key[32])
{
    for (size_t i = 0; i < c->voters_count; i++)
        if (memcmp(c->voters[i].key, key, 32) == 0) {
            memmove(&c->voters[i], &c->voters[i + 1], (--c->voters_count - i) * sizeof *c->voters);
            memset(&c->voters[c->voters_count], 0, sizeof *c->voters);
        }
}

static inline uint32_t forks_leaf(const struct forks_commit *c, const uint8_t key[32])
{
    for (size_t i = 0; i < c->voters_count; i++)
        if (memcmp(c->voters[i].key, key, 32) == 0)
            return c->voters[i].leaf;
    return UINT32_MAX;
}

/* A commit by `who` to epoch `parent`, known to nobody yet. UINT32_MAX: it is no member there. */
static inline uint32_t forks_new(struct forks *f, uint32_t who, uint32_t parent,
                                 enum commit_class cls)
{
    struct forks_commit *c = &f->commits[f->commits_count], *p = &f->commits[parent];
    uint32_t leaf = forks_leaf(p, f->members[who].key);

    if (leaf == UINT32_MAX || f->commits_count == FORKS_COMMITS)
        return UINT32_MAX;
    *c = *p;
    c->parent = parent;
    c->committer = who;
    c->children = 0;
    c->lets_in = 0;
    c->at_ns = f->env.now.ns;
    rng_fill(&f->rng, c->eid.bytes, EID_BYTES);
    uint64_t epoch = parent == 0 ? 0 : p->ticket.epoch + 1;
    c->ticket = (struct ticket){
        .parent = p->eid, .eid = c->eid, .epoch = epoch, .cls = cls, .role = 1, .leaf = leaf};
    memcpy(c->ticket.key, f->members[who].key, 32);
    struct buf bytes = BUF_INIT(TICKET_BYTES_MAX);
    assert(ticket_encode(&c->ticket, &bytes) == OK);
    memcpy(c->bytes, bytes.ptr, bytes.len);
    c->bytes_len = bytes.len;
    buf_clear(&bytes);
    if (p->children++ == 1) {
        f->forks++;
        p->forked_ns = f->env.now.ns;
    }
    return f->commits_count++;
}

static inline enum err forks_hold(struct forks *f, uint32_t who, uint32_t commit, bool joined)
{
    const struct forks_commit *c = &f->commits[commit];
    struct dag_commit held = {.eid = c->eid,
                              .epoch = c->ticket.epoch + 1,
                              .ticket = span_of(c->bytes, c->bytes_len),
                              .voters = c->voters,
                              .voters_count = c->voters_count,
                              .joined = joined};
    f->members[who].new_key = true;
    for (uint32_t i = 0; i < FORKS_MEMBERS; i++)
        if ((c->lets_in >> i & 1) != 0)
            guests_let_in(f->members[who].guests, &f->env, f->members[i].key, &c->eid);
    return dag_add(f->members[who].dag, &f->env, &held);
}

static inline struct forks_message *forks_commit_message(struct forks *f, uint32_t commit)
{
    const struct forks_commit *c = &f->commits[commit];
    struct forks_message *m = forks_message(f, c->committer, &f->commits[c->parent].eid);
    m->commit = commit + 1;
    return m;
}

static inline uint32_t forks_make(struct forks *f, uint32_t who, const struct eid *at,
                                  enum commit_class cls)
{
    if (!dag_may_commit(f->members[who].dag, at))
        return UINT32_MAX;
    uint32_t made = forks_new(f, who, forks_find(f, at), cls);
    return made;
}

static inline void forks_publish(struct forks *f, uint32_t made)
{
    assert(forks_hold(f, f->commits[made].committer, made, false) == OK);
    forks_send(f, forks_commit_message(f, made));
}

static inline void forks_commit_now(struct forks *f, uint32_t who, enum commit_class cls)
{
    struct eid head = dag_head(f->members[who].dag);
    uint32_t made = forks_make(f, who, &head, cls);
    if (made != UINT32_MAX)
        forks_publish(f, made);
}

/* ---- those who do what they can ---- */

static inline bool forks_removed(const struct forks *f, uint32_t who)
{
    struct eid head = dag_head(f->members[who].dag);
    return forks_leaf(&f->commits[forks_find(f, &head)], f->members[who].key) == UINT32_MAX;
}

static inline void forks_equivocate(struct forks *f, uint32_t who)
{
    struct eid head = dag_head(f->members[who].dag);
    uint32_t a = forks_make(f, who, &head, COMMIT_UPDATES);
    uint32_t b = a == UINT32_MAX ? a : forks_new(f, who, f->commits[a].parent, COMMIT_ADDS);
    if (b == UINT32_MAX)
        return;
    struct forks_message *x = forks_commit_message(f, a), *y = forks_commit_message(f, b);
    for (uint32_t to = 0; to < FORKS_MEMBERS; to++) {
        int64_t now = f->env.now.ns, far = now + forks_between(f, 0, 900 * NS_PER_S);
        if (to == who)
            continue;
        forks_deliver(f, to < FORKS_MEMBERS / 2 ? x : y, to, now + forks_delay(f));
        forks_deliver(f, to < FORKS_MEMBERS / 2 ? y : x, to, far);
    }
    assert(forks_hold(f, who, a, false) == OK);
    forks_unref(x);
    forks_unref(y);
}

static inline enum commit_class forks_best_class(struct forks *f, uint32_t who, uint32_t commit)
{
    struct forks_member *me = &f->members[who];
    uint8_t spare[32];

    if (me->spares == 0)
        return COMMIT_ADDS;
    memcpy(spare, me->key, 32);
    spare[31] = (uint8_t)me->spares--;
    (void)commit;
    return COMMIT_REMOVES_EVIDENCE;
}

static inline void forks_drop_spare(struct forks *f, uint32_t who, uint32_t made, unsigned spare)
{
    uint8_t key[32];
    memcpy(key, f->members[who].key, 32);
    key[31] = (uint8_t)spare;
    forks_leave(&f->commits[made], key);
}

static inline void forks_withhold(struct forks *f, uint32_t who)
{
    struct eid head = dag_head(f->members[who].dag);
    unsigned spare = f->members[who].spares;
    enum commit_class cls = forks_best_class(f, who, 0);
    uint32_t made = forks_make(f, who, &head, cls);
    if (made == UINT32_MAX)
        return;
    if (cls == COMMIT_REMOVES_EVIDENCE)
        forks_drop_spare(f, who, made, spare);
    struct forks_message *m = forks_commit_message(f, made);
    for (uint32_t to = 0; to < FORKS_MEMBERS; to++) {
        int64_t off = forks_between(f, 1 * NS_PER_S, 60 * NS_PER_S);
        int64_t limit = f->env.now.ns + DAG_REWIND_NS;
        if (to != who)
            forks_deliver(f, m, to, to % 3 == 0 ? limit - off : limit + off);
    }
    forks_unref(m);
    assert(forks_hold(f, who, made, false) == OK);
}

/* Somebody committed to an epoch that we still hold: a sibling of a better class. */
static inline void forks_answer(struct forks *f, uint32_t who, uint32_t commit)
{
    struct forks_member *me = &f->members[who];
    const struct forks_commit *c = &f->commits[commit];

    if (me->spares == 0 || c->committer == who || me->in_answer == c->parent + 1 ||
        forks_random(f, 20) != 0)
        return;
    struct eid parent = f->commits[c->parent].eid;
    unsigned spare = me->spares;
    uint32_t made = forks_make(f, who, &parent, COMMIT_REMOVES_EVIDENCE);
    if (made == UINT32_MAX)
        return;
    me->in_answer = c->parent + 1;
    me->spares--;
    forks_drop_spare(f, who, made, spare);
    forks_publish(f, made);
}

/* Ack whatever is seen. */
static inline void forks_ack_all(struct forks *f, uint32_t who, uint32_t commit)
{
    struct acks a = {.eids = {f->commits[commit].eid}, .count = 1};
    struct eid head = dag_head(f->members[who].dag);
    struct forks_message *m = forks_message(f, who, &head);
    memcpy(a.key, f->members[who].key, 32);
    assert(acks_encode(&a, &m->acks) == OK);
    for (uint32_t to = 0; to < FORKS_MEMBERS; to++)
        if (to != who)
            forks_deliver(f, m, to, f->env.now.ns + forks_delay(f));
    forks_unref(m);
}

/* A beacon that tells of a place where it is not, on a way without votes. */
static inline void forks_lie(struct forks *f, uint32_t who)
{
    struct dag *d = f->members[who].dag;
    struct eid from = dag_certified(d);
    struct forks_message *m = forks_message(f, who, &from);
    struct beacon b;

    dag_beacon_fill(d, &from, &b);
    b.head = f->commits[forks_random(f, f->commits_count)].eid;
    b.acks_count = 0;
    b.tickets_count = b.tickets_count > 1 ? 1 : b.tickets_count;
    memcpy(b.key, f->members[who].key, 32);
    assert(beacon_encode(&b, &m->beacon) == OK);
    for (uint32_t to = 0; to < FORKS_MEMBERS; to++)
        if (to != who)
            forks_deliver(f, m, to, f->env.now.ns + forks_delay(f));
    forks_unref(m);
}

/* The way from where the guest is to where it was let in. */
static inline void forks_tell_way(struct forks *f, uint32_t who, struct forks_message *m,
                                  struct eid from)
{
    struct ticket last;
    struct beacon b;

    while (m->way_count < FORKS_WAY) {
        struct buf *out = &m->way[m->way_count++];
        *out = BUF_INIT(BEACON_BYTES_MAX);
        dag_beacon_fill(f->members[who].dag, &from, &b);
        memcpy(b.key, f->members[who].key, 32);
        assert(beacon_encode(&b, out) == OK);
        if (b.tickets_count == 0)
            return;
        assert(ticket_decode(b.tickets[b.tickets_count - 1], &last) == OK);
        from = last.eid;
    }
}

/* Let in whoever asks, at once, by a commit that nobody else is shown. */
static inline void forks_lure(struct forks *f, uint32_t who, const struct rejoin *ask)
{
    struct eid head = dag_head(f->members[who].dag);
    uint32_t made = forks_new(f, who, forks_find(f, &head), COMMIT_REMOVES_EVIDENCE);
    uint32_t guest = ask->key[0] - 1u;

    if (made == UINT32_MAX)
        return;
    struct forks_commit *c = &f->commits[made];
    forks_leave(c, ask->key);
    c->voters[c->voters_count].leaf = 1000 + f->next_leaf++;
    memcpy(c->voters[c->voters_count++].key, ask->key, 32);
    c->lets_in = 1u << guest;
    struct forks_message *m = forks_message(f, who, &c->eid);
    m->welcome = made + 1;
    forks_tell_way(f, who, m, ask->eids[0]);
    forks_deliver(f, m, guest, f->env.now.ns + forks_delay(f));
    forks_unref(m);
}

static inline void forks_evil(struct forks *f, uint32_t who)
{
    if (f->members[who].evil == 0)
        forks_equivocate(f, who);
    else if (f->members[who].evil == 1)
        forks_withhold(f, who);
}

/* ---- outputs ---- */

static inline void forks_note_choice(struct forks *f, uint32_t who)
{
    struct forks_member *me = &f->members[who];
    struct eid head = dag_head(me->dag);

    for (uint32_t i = forks_find(f, &head); i > 0; i = f->commits[i].parent) {
        uint32_t at = f->commits[i].parent;
        if (me->choice[at] == i + 1)
            break;
        me->choice[at] = i + 1;
        me->chosen_ns[at] = f->env.now.ns;
    }
}

static inline void forks_say_beacon(struct forks *f, uint32_t who, const struct eid *from,
                                    const struct eid *under)
{
    struct forks_message *m = forks_message(f, who, under);
    struct beacon b;
    dag_beacon_fill(f->members[who].dag, from, &b);
    memcpy(b.key, f->members[who].key, 32);
    assert(beacon_encode(&b, &m->beacon) == OK);
    forks_send(f, m);
    f->beacons++;
}

static inline void forks_withdraw(struct forks *f, uint32_t who, const struct eid *eid)
{
    const struct forks_commit *c = &f->commits[forks_find(f, eid)];
    struct forks_message *m = forks_message(f, who, &f->commits[c->parent].eid);
    struct withdrawal w = {.parent = f->commits[c->parent].eid, .eid = *eid};
    memcpy(w.key, f->members[who].key, 32);
    assert(withdrawal_encode(&w, &m->withdrawal) == OK);
    assert(dag_withdrawal(f->members[who].dag, &f->env, buf_span(&m->withdrawal)) == OK);
    forks_send(f, m);
    f->withdrawals++;
}

/* To everybody, under the keys of the fork; those of the last certified epoch when it names none.
 */
static inline void forks_ask(struct forks *f, uint32_t who, const struct eid *winner)
{
    struct rejoin ask = {.count = 0};
    struct eid under;

    dag_rejoin_fill(f->members[who].dag, winner, &under, &ask);
    memcpy(ask.key, f->members[who].key, 32);
    struct forks_message *m = forks_message(f, who, &under);
    m->asks = true;
    m->ask = ask;
    f->requests++;
    forks_send(f, m);
}

static inline void forks_lost(struct forks *f, uint32_t who, const struct eid *eid)
{
    const struct forks_commit *c = &f->commits[forks_find(f, eid)];
    struct forks_event again = {.at_ns =
                                    f->env.now.ns + forks_between(f, FORKS_MINUTE, DAG_REWIND_NS),
                                .kind = FORKS_COMMIT,
                                .member = who,
                                .cls = c->ticket.cls};
    if (again.at_ns < FORKS_RUN && c->ticket.cls < COMMIT_UPDATES && c->lets_in == 0)
        forks_push(f, again);
}

static inline void forks_let_in(struct forks *f, uint32_t who);

static inline void forks_outputs(struct forks *f, uint32_t who)
{
    struct forks_member *me = &f->members[who];
    struct dag_out out;
    while (dag_poll(me->dag, &out)) {
        struct eid head = dag_head(me->dag);
        switch (out.kind) {
        case DAG_OUT_ADOPT:
            me->rewinds += out.rewound;
            forks_note_choice(f, who);
            break;
        case DAG_OUT_SIGN_ACK:
            forks_send(f, forks_message(f, who, &head));
            break;
        case DAG_OUT_REBASE:
            forks_lost(f, who, &out.eid);
            break;
        case DAG_OUT_WITHDRAW:
            forks_withdraw(f, who, &out.eid);
            break;
        case DAG_OUT_BEACON:
            forks_say_beacon(f, who, &out.eid, &out.other);
            break;
        case DAG_OUT_REJOIN:
            forks_ask(f, who, &out.eid);
            break;
        case DAG_OUT_EVIDENCE:
            if (!me->malicious)
                forks_push(f, (struct forks_event){.at_ns = f->env.now.ns +
                                                            forks_between(f, 0, FORKS_MINUTE),
                                                   .kind = FORKS_EVIDENCE,
                                                   .member = who,
                                                   .other = forks_find(f, &out.eid)});
            break;
        case DAG_OUT_DROP_REWIND:
        case DAG_OUT_DROP_RECEIVE:
            break;
        }
    }
    forks_let_in(f, who);
    int64_t next = dag_deadline(me->dag).ns, guests = guests_deadline(me->guests).ns;
    if (guests < next)
        next = guests < f->env.now.ns ? f->env.now.ns + 10 * NS_PER_S : guests;
    if (next < f->env.now.ns + NS_PER_S)
        next = f->env.now.ns + NS_PER_S;
    if (next < INT64_MAX && (me->tick_ns <= f->env.now.ns || next < me->tick_ns)) {
        me->tick_ns = next;
        forks_push(f, (struct forks_event){.at_ns = next, .kind = FORKS_TICK, .member = who});
    }
}

/* ---- what reaches a member ---- */

static inline void forks_take_beacon(struct forks *f, uint32_t who, struct span bytes)
{
    struct dag *d = f->members[who].dag;
    struct beacon b;
    assert(beacon_decode(bytes, &b) == OK);
    for (size_t i = 0; i < b.tickets_count; i++)
        (void)!dag_ticket(d, &f->env, b.tickets[i], false);
    for (size_t i = 0; i < b.withdrawals_count; i++)
        (void)!dag_withdrawal(d, &f->env, b.withdrawals[i]);
    for (size_t i = 0; i < b.acks_count; i++)
        (void)!dag_acks(d, &f->env, b.acks[i]);
    dag_place(d, &f->env, &b);
}

static inline void forks_take_commit(struct forks *f, uint32_t who, uint32_t commit)
{
    struct forks_member *me = &f->members[who];
    struct forks_commit *c = &f->commits[commit];
    struct eid parent = f->commits[c->parent].eid;
    enum dag_state state = dag_state(me->dag, &parent);
    bool member = forks_leaf(c, me->key) != UINT32_MAX;

    if (state == DAG_WHOLE && member)
        (void)!forks_hold(f, who, commit, false);
    else
        (void)!dag_ticket(me->dag, &f->env, span_of(c->bytes, c->bytes_len), true);
    if (me->malicious && me->evil == 2)
        forks_answer(f, who, commit);
    if (me->malicious && member && forks_random(f, 4) == 0)
        forks_ack_all(f, who, commit);
}

static inline void forks_joined(struct forks *f, uint32_t who, const struct forks_message *m)
{
    for (size_t i = 0; i < m->way_count; i++)
        forks_take_beacon(f, who, buf_span(&m->way[i]));
    f->members[who].rejoins += forks_hold(f, who, m->welcome - 1, true) == OK;
    for (size_t i = 0; i < m->way_count; i++)
        forks_take_beacon(f, who, buf_span(&m->way[i]));
}

/* false: no key opens it (yet) */
static inline bool forks_open(struct forks *f, uint32_t who, const struct forks_message *m)
{
    struct forks_member *me = &f->members[who];
    enum dag_state state = dag_state(me->dag, &m->under);

    if (m->welcome > 0)
        return forks_joined(f, who, m), true;
    if (state != DAG_WHOLE && state != DAG_RECEIVE)
        return false;
    if (m->commit > 0)
        forks_take_commit(f, who, m->commit - 1);
    if (m->withdrawal.len > 0)
        (void)!dag_withdrawal(me->dag, &f->env, buf_span(&m->withdrawal));
    if (m->acks.len > 0)
        (void)!dag_acks(me->dag, &f->env, buf_span(&m->acks));
    if (m->beacon.len > 0)
        forks_take_beacon(f, who, buf_span(&m->beacon));
    if (m->asks && me->malicious && forks_random(f, 4) == 0)
        forks_lure(f, who, &m->ask);
    else if (m->asks)
        (void)!guests_ask(me->guests, &f->env, me->dag, &m->ask, &m->ask.eids[0],
                          SPAN_LIT("request"));
    for (size_t i = 0; i < sizeof m->got; i++)
        me->known[m->from][i] |= m->got[i];
    if (m->entry > 0)
        me->got[(m->entry - 1) / 8] |= (uint8_t)(1u << (m->entry - 1) % 8);
    return true;
}

static inline void forks_open_parked(struct forks *f, uint32_t who)
{
    struct forks_member *me = &f->members[who];
    while (me->new_key) {
        me->new_key = false;
        for (size_t i = 0; i < me->parked_count; i++) {
            struct forks_message *m = me->parked[i];
            if (!forks_open(f, who, m))
                continue;
            me->parked[i--] = me->parked[--me->parked_count];
            forks_unref(m);
        }
    }
}

static inline void forks_receive(struct forks *f, uint32_t who, struct forks_message *m)
{
    struct forks_member *me = &f->members[who];
    if (forks_open(f, who, m)) {
        forks_unref(m);
        forks_open_parked(f, who);
        return;
    }
    if (me->parked_count == me->parked_cap) {
        me->parked_cap = me->parked_cap == 0 ? 64 : me->parked_cap * 2;
        me->parked = realloc(me->parked, me->parked_cap * sizeof(struct forks_message *));
        assert(me->parked != NULL);
    }
    me->parked[me->parked_count++] = m;
}

/* ---- letting in ---- */

static inline void forks_let_in(struct forks *f, uint32_t who)
{
    struct forks_member *me = &f->members[who];
    struct guest guests[FORKS_MEMBERS];
    struct eid head = dag_head(me->dag);
    uint32_t made = UINT32_MAX;
    size_t count = guests_due(me->guests, &f->env, me->dag, guests, FORKS_MEMBERS);

    if (me->malicious || forks_removed(f, who))
        return; /* they let nobody in */
    for (size_t i = 0; i < count; i++) {
        uint32_t other = guests[i].key[0] - 1u;
        if (forks_leaf(&f->commits[forks_find(f, &head)], guests[i].key) == UINT32_MAX)
            continue; /* it was removed */
        if (made == UINT32_MAX)
            made = forks_make(f, who, &head, COMMIT_REMOVES_EVIDENCE);
        if (made == UINT32_MAX)
            return;
        struct forks_commit *c = &f->commits[made];
        forks_leave(c, guests[i].key);
        c->voters[c->voters_count].leaf = 1000 + f->next_leaf++;
        memcpy(c->voters[c->voters_count++].key, guests[i].key, 32);
        c->lets_in |= 1u << other;
        c->from[other] = guests[i].at;
    }
    if (made == UINT32_MAX)
        return;
    forks_publish(f, made);
    forks_push(f, (struct forks_event){.at_ns = f->env.now.ns + 10 * NS_PER_S,
                                       .kind = FORKS_WELCOME,
                                       .member = who,
                                       .other = made});
}

/* The Welcome leaves when its commit is certified, at the latest after two minutes when it still
 * holds: those who are let in may be the ones whose acks are missing. */
static inline void forks_welcome(struct forks *f, uint32_t who, uint32_t made)
{
    struct forks_commit *c = &f->commits[made];
    struct forks_event next = {.at_ns = f->env.now.ns + 10 * NS_PER_S,
                               .kind = FORKS_WELCOME,
                               .member = who,
                               .other = made};

    if (!dag_on_path(f->members[who].dag, &c->eid))
        return; /* lost: guests_due answers anew */
    if (!dag_is_certified(f->members[who].dag, &c->eid) &&
        f->env.now.ns - c->at_ns < 2 * FORKS_MINUTE) {
        forks_push(f, next);
        return;
    }
    for (uint32_t to = 0; to < FORKS_MEMBERS; to++) {
        if ((c->lets_in >> to & 1) == 0)
            continue;
        struct forks_message *m = forks_message(f, who, &c->eid);
        m->welcome = made + 1;
        forks_tell_way(f, who, m, c->from[to]);
        forks_deliver(f, m, to, f->env.now.ns + forks_delay(f));
        forks_unref(m);
    }
}

/* ---- steps ---- */

static inline void forks_evidence(struct forks *f, uint32_t who, uint32_t commit)
{
    struct forks_member *me = &f->members[who];
    uint32_t bad = f->commits[commit].committer, parent = f->commits[commit].parent;
    struct eid at = f->commits[parent].eid, head = dag_head(me->dag);

    if (forks_leaf(&f->commits[forks_find(f, &head)], f->members[bad].key) == UINT32_MAX)
        return; /* somebody was faster */
    if (!dag_may_commit(me->dag, &at))
        at = head;
    uint32_t made = forks_make(f, who, &at, COMMIT_REMOVES_EVIDENCE);
    if (made == UINT32_MAX)
        return;
    forks_leave(&f->commits[made], f->members[bad].key);
    for (unsigned s = 1; s <= FORKS_SPARES; s++)
        forks_drop_spare(f, bad, made, s);
    forks_publish(f, made);
    f->evidence++;
}

static inline void forks_entry(struct forks *f, uint32_t who, uint32_t entry)
{
    struct eid head = dag_head(f->members[who].dag);
    struct forks_message *m = forks_message(f, who, &head);
    m->entry = entry + 1;
    f->entries[entry].sent_ns = f->env.now.ns;
    forks_send(f, m);
}

static inline void forks_write(struct forks *f, uint32_t who)
{
    if (f->entries_count == FORKS_ENTRIES || forks_removed(f, who))
        return;
    uint32_t entry = f->entries_count++;
    f->entries[entry].author = who;
    f->members[who].got[entry / 8] |= (uint8_t)(1u << entry % 8);
    forks_entry(f, who, entry);
}

static inline bool forks_has(const uint8_t *set, uint32_t entry)
{
    return (set[entry / 8] >> entry % 8 & 1) != 0;
}

/* The outbox: what somebody has not confirmed goes out again under the same id. */
static inline void forks_resend(struct forks *f, uint32_t who)
{
    struct forks_member *me = &f->members[who];
    for (uint32_t e = 0; e < f->entries_count; e++) {
        bool missing = false;
        if (f->entries[e].author != who ||
            f->env.now.ns - f->entries[e].sent_ns < 30 * FORKS_MINUTE)
            continue;
        for (uint32_t to = 0; to < FORKS_MEMBERS; to++)
            missing |= !f->members[to].malicious && to != who && !forks_has(me->known[to], e);
        if (!missing)
            continue;
        forks_entry(f, who, e);
        f->resent++;
    }
}

static inline enum commit_class forks_class(struct forks *f)
{
    uint64_t n = forks_random(f, 10);
    return n == 0 ? COMMIT_REMOVES_OTHER : n < 3 ? COMMIT_ADDS : COMMIT_UPDATES;
}

/* Every 10 s: one commits, in three of ten rounds two at once. */
static inline void forks_round(struct forks *f)
{
    uint32_t a = (uint32_t)forks_random(f, FORKS_MEMBERS);
    uint32_t b = (a + 1 + (uint32_t)forks_random(f, FORKS_MEMBERS - 1)) % FORKS_MEMBERS;
    bool two = forks_random(f, 10) < 3;

    for (unsigned i = 0; i < (two ? 2u : 1u); i++) {
        uint32_t who = i == 0 ? a : b;
        if (forks_removed(f, who))
            continue;
        if (f->members[who].malicious && forks_random(f, 4) == 0)
            forks_evil(f, who);
        else
            forks_commit_now(f, who, forks_class(f));
        forks_outputs(f, who);
    }
    if (f->env.now.ns < FORKS_RUN)
        forks_push(
            f, (struct forks_event){.at_ns = f->env.now.ns + 10 * NS_PER_S, .kind = FORKS_ROUND});
}

static inline void forks_step(struct forks *f, struct forks_event e)
{
    uint32_t who = e.member;
    f->env.now.ns = e.at_ns;
    f->env.wall.ns = 1800000000 * NS_PER_S + e.at_ns;
    switch (e.kind) {
    case FORKS_TICK:
        dag_tick(f->members[who].dag, &f->env);
        break;
    case FORKS_DELIVER:
        forks_receive(f, who, e.message);
        break;
    case FORKS_COMMIT:
        if (!forks_removed(f, who))
            forks_commit_now(f, who, e.cls);
        break;
    case FORKS_EVIDENCE:
        forks_evidence(f, who, e.other);
        break;
    case FORKS_WRITE:
        forks_write(f, who);
        if (e.at_ns < FORKS_RUN)
            forks_push(f, (struct forks_event){
                              .at_ns = e.at_ns + forks_between(f, NS_PER_S, 2 * FORKS_MINUTE),
                              .kind = FORKS_WRITE,
                              .member = who});
        break;
    case FORKS_RESEND:
        forks_resend(f, who);
        if (f->members[who].malicious)
            forks_lie(f, who);
        forks_push(f, (struct forks_event){.at_ns = e.at_ns + 10 * FORKS_MINUTE,
                                           .kind = FORKS_RESEND,
                                           .member = who});
        break;
    case FORKS_WELCOME:
        forks_welcome(f, who, e.other);
        break;
    case FORKS_ROUND:
        forks_round(f);
        break;
    }
    forks_outputs(f, who);
}

/* ---- judging ---- */

static inline bool forks_agree(const struct forks *f)
{
    const struct dag *first = NULL;
    for (uint32_t i = 0; i < FORKS_MEMBERS; i++) {
        if (f->members[i].malicious)
            continue;
        if (first == NULL)
            first = f->members[i].dag;
        struct eid a = dag_head(first), b = dag_head(f->members[i].dag);
        if (!eid_eq(&a, &b))
            return false;
    }
    return true;
}

static inline bool forks_read(const struct forks *f)
{
    for (uint32_t e = 0; e < f->entries_count; e++)
        for (uint32_t i = 0; i < FORKS_MEMBERS && !f->members[f->entries[e].author].malicious; i++)
            if (!f->members[i].malicious && !forks_has(f->members[i].got, e))
                return false;
    return true;
}

static inline void forks_times(const struct forks *f, struct forks_result *out)
{
    out->times = calloc(f->commits_count, sizeof *out->times);
    assert(out->times != NULL);
    for (uint32_t c = 0; c < f->commits_count; c++) {
        int64_t last = 0;
        if (f->commits[c].children < 2)
            continue;
        for (uint32_t i = 0; i < FORKS_MEMBERS; i++)
            if (!f->members[i].malicious && f->members[i].chosen_ns[c] > last)
                last = f->members[i].chosen_ns[c];
        if (last > f->commits[c].forked_ns)
            out->times[out->times_count++] = last - f->commits[c].forked_ns;
        else
            out->times[out->times_count++] = 0;
    }
}

/* ---- a run ---- */

static inline void forks_begin(struct forks *f, uint64_t seed)
{
    struct forks_commit *root = &f->commits[0];

    f->state = seed * 0x2545f4914f6cdd1dull + 1;
    f->rng = (struct rng){forks_fill, &f->state};
    f->env = (struct env){.rng = &f->rng, .wall = {1800000000 * NS_PER_S}};
    f->evils = 1 + (unsigned)(seed % 3);
    f->commits_count = 1;
    memset(root->eid.bytes, 0xee, EID_BYTES);
    for (uint32_t i = 0; i < FORKS_MEMBERS; i++) {
        struct forks_member *m = &f->members[i];
        m->key[0] = (uint8_t)(i + 1);
        m->malicious = i * f->evils / FORKS_MEMBERS != (i + 1) * f->evils / FORKS_MEMBERS;
        m->evil = (unsigned)((seed / 3 + i) % 3);
        m->spares = m->malicious ? FORKS_SPARES : 0;
        for (unsigned s = 0; s <= m->spares; s++) {
            struct dag_voter *v = &root->voters[root->voters_count];
            v->leaf = (uint32_t)root->voters_count++;
            memcpy(v->key, m->key, 32);
            v->key[31] = (uint8_t)s;
        }
    }
    struct dag_commit first = {
        .eid = root->eid, .voters = root->voters, .voters_count = root->voters_count};
    static const uint8_t group[GROUP_ID_BYTES];
    for (uint32_t i = 0; i < FORKS_MEMBERS; i++) {
        assert(dag_new(&f->members[i].dag, &f->env, group, f->members[i].key, &first) == OK);
        assert(guests_new(&f->members[i].guests, f->members[i].key) == OK);
        forks_push(f, (struct forks_event){.at_ns = forks_between(f, 0, 2 * FORKS_MINUTE),
                                           .kind = FORKS_WRITE,
                                           .member = i});
        forks_push(f, (struct forks_event){.at_ns = forks_between(f, 0, 10 * FORKS_MINUTE),
                                           .kind = FORKS_RESEND,
                                           .member = i});
    }
    forks_push(f, (struct forks_event){.at_ns = 10 * NS_PER_S, .kind = FORKS_ROUND});
}

static inline void forks_end(struct forks *f)
{
    for (size_t i = 0; i < f->heap_count; i++)
        if (f->heap[i].kind == FORKS_DELIVER)
            forks_unref(f->heap[i].message);
    for (uint32_t i = 0; i < FORKS_MEMBERS; i++) {
        for (size_t k = 0; k < f->members[i].parked_count; k++)
            forks_unref(f->members[i].parked[k]);
        free(f->members[i].parked);
        dag_free(f->members[i].dag);
        guests_free(f->members[i].guests);
    }
    free(f->heap);
    free(f);
}

/** Run one seed. `out->times` is the caller's to free. */
static inline void forks_run(uint64_t seed, bool slow, struct forks_result *out)
{
    struct forks *f = calloc(1, sizeof *f);
    int64_t apart_ns = 0;

    assert(f != NULL);
    *out = (struct forks_result){0};
    f->slow = slow;
    forks_begin(f, seed);
    while (f->heap_count > 0 && f->heap[0].at_ns < FORKS_END) {
        forks_step(f, forks_pop(f));
        if (f->env.now.ns < FORKS_RUN)
            continue;
        if (!forks_agree(f))
            apart_ns = f->env.now.ns;
        else if (f->env.now.ns > apart_ns + 120 * FORKS_MINUTE && forks_read(f))
            break; /* quiet for two hours */
    }
    out->one_epoch = forks_agree(f);
    out->all_read = forks_read(f);
    out->converged_ns = apart_ns > FORKS_RUN ? apart_ns - FORKS_RUN : 0;
    out->commits = f->commits_count - 1;
    out->forks = f->forks;
    out->beacons = f->beacons;
    out->withdrawals = f->withdrawals;
    out->resent = f->resent;
    out->evidence = f->evidence;
    for (uint32_t i = 0; i < FORKS_MEMBERS; i++) {
        out->rewinds += f->members[i].malicious ? 0 : f->members[i].rewinds;
        out->rejoins += f->members[i].rejoins;
    }
    forks_times(f, out);
    forks_end(f);
}
