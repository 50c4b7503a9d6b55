/* Members who do what they can (tests/lib/forks.h names it). */
#pragma once

#include "tests/lib/forks/commits.h"

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
