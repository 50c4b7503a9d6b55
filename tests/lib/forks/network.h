/* How messages travel between members: slowly, and not at all across a cut. */
#pragma once

#include "tests/lib/forks/world.h"

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
