/* Commits and who follows which. Of two commits to one epoch the one of lower rank stands, as the
 * tickets of node/chat decide for members who have both; who followed the other goes back and over.
 * What is not modelled: votes, withheld commits, keys that are gone (the fork-storm scenario runs
 * the real thing). */
#include "sim/run/f2.h"

#include <stdlib.h>

uint32_t f2_epoch_now(const struct member *m, int64_t now_ns)
{
    return now_ns >= m->ready_ns ? m->epoch : m->before;
}

uint32_t f2_epoch_add(struct run *r, uint32_t parent)
{
    struct members *k = r->members;

    if (k->epochs_count == k->epochs_cap) {
        k->epochs_cap = k->epochs_cap == 0 ? 256 : 2 * k->epochs_cap;
        k->epochs = run_need(realloc(k->epochs, k->epochs_cap * sizeof *k->epochs));
    }
    uint32_t depth = k->epochs_count == 0 ? 0 : k->epochs[parent].depth + 1;
    k->epochs[k->epochs_count] =
        (struct epoch){.parent = parent,
                       .depth = depth,
                       .rank = sim_random(r->sim, SIM_RANDOM_MEMBERS_SPEAK, UINT64_MAX)};
    return k->epochs_count++;
}

static uint32_t up_to(const struct members *k, uint32_t epoch, uint32_t depth)
{
    while (k->epochs[epoch].depth > depth)
        epoch = k->epochs[epoch].parent;
    return epoch;
}

bool f2_on_chain(const struct members *k, uint32_t ancestor, uint32_t epoch)
{
    return up_to(k, epoch, k->epochs[ancestor].depth) == ancestor;
}

/* Does a stand against b? Longer on the same chain; else by rank where they part. */
static bool stands(const struct members *k, uint32_t a, uint32_t b)
{
    uint32_t da = k->epochs[a].depth, db = k->epochs[b].depth;
    uint32_t x = up_to(k, a, db), y = up_to(k, b, da);

    if (x == y)
        return da > db;
    while (k->epochs[x].parent != k->epochs[y].parent) {
        x = k->epochs[x].parent;
        y = k->epochs[y].parent;
    }
    return k->epochs[x].rank < k->epochs[y].rank;
}

/* It has this commit and those before that it is not in yet. */
static bool has_way(const struct run *r, const struct member *m, uint32_t epoch)
{
    const struct members *k = r->members;

    for (; !f2_on_chain(k, epoch, m->epoch); epoch = k->epochs[epoch].parent)
        if (!f2_had(r, m, k->posts[k->epochs[epoch].post].seq))
            return false;
    return true;
}

static void enter(struct run *r, uint32_t member, uint32_t epoch, int64_t at_ns)
{
    struct members *k = r->members;
    struct member *m = &k->all[member];
    bool rewinds = !f2_on_chain(k, m->epoch, epoch);
    int64_t takes = 0;

    for (uint32_t e = epoch; !f2_on_chain(k, e, m->epoch); e = k->epochs[e].parent) {
        const struct post *p = &k->posts[k->epochs[e].post];
        if (p->author != member)
            takes += F2_FOLLOW_NS + (int64_t)p->bytes * F2_FOLLOW_BYTE_PS / 1000;
    }
    takes = f2_cost(r, takes);
    m->cpu_ns += (uint64_t)takes;
    m->before = f2_epoch_now(m, sim_now(r->sim));
    m->epoch = epoch;
    m->ready_ns = at_ns + takes;
    m->rewinds += rewinds;
    k->rewinds += rewinds;
    const struct post *p = &k->posts[k->epochs[epoch].post];
    if (p->author != member && at_ns - p->at_ns < RUN_MARGIN_NS)
        histogram_add(&k->entering, m->ready_ns - p->begun_ns);
}

void f2_choose(struct run *r, uint32_t member, int64_t at_ns)
{
    struct members *k = r->members;
    const struct member *m = &k->all[member];
    const struct crowd *c = &k->crowds[m->conversation];
    uint32_t n = c->commits_count < F2_RIVALS ? c->commits_count : F2_RIVALS;

    for (uint32_t i = c->commits_count - n; i < c->commits_count; i++) {
        uint32_t epoch = c->commits[i % F2_RIVALS];
        if (epoch != m->epoch && stands(k, epoch, m->epoch) && has_way(r, m, epoch))
            enter(r, member, epoch, at_ns);
    }
}

uint32_t f2_tip(const struct run *r, uint32_t conversation)
{
    const struct members *k = r->members;
    const struct crowd *c = &k->crowds[conversation];
    uint32_t n = c->commits_count < F2_RIVALS ? c->commits_count : F2_RIVALS, tip = 0;

    for (uint32_t i = c->commits_count - n; i < c->commits_count; i++)
        if (stands(k, c->commits[i % F2_RIVALS], tip))
            tip = c->commits[i % F2_RIVALS];
    return tip;
}
