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

#include "tests/lib/forks/judging.h"
#include "tests/lib/forks/steps.h"

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
