/* Commits: made, held, published. */
#pragma once

#include "tests/lib/forks/network.h"

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
            guests_let_in(f->members[who].guests, &f->env, f->members[who].dag, f->members[i].key,
                          SPAN_EMPTY, &c->eid);
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
