/* Members who were beaten and are let in again. */
#pragma once

#include "tests/lib/forks/malice.h"

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
