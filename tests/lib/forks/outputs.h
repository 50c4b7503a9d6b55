/* What the DAG of a member wants to be done. */
#pragma once

#include "tests/lib/forks/letting_in.h"

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
