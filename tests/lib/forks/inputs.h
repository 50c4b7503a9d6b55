/* What reaches a member: opened, parked, opened later. */
#pragma once

#include "tests/lib/forks/malice.h"

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
        (void)!guests_ask(me->guests, &f->env, me->dag, &m->ask, &m->ask.eids[0], false,
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
