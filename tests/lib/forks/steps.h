/* What members do by themselves, and each event at its time. */
#pragma once

#include "tests/lib/forks/inputs.h"
#include "tests/lib/forks/outputs.h"

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
