/* A relay has a post: those of its members who are up hear it, each after its own access. What a
 * member lacks of more than RUN_MARGIN_NS ago (it was away, or it did not come) it asks a store for
 * when it hears the next, and at the end. */
#include "sim/run/f2.h"

#include <stdlib.h>

bool f2_had(const struct run *r, const struct member *m, uint32_t seq)
{
    (void)r;
    return seq < m->base || (seq - m->base < F2_WINDOW && (m->had >> (seq - m->base) & 1) != 0);
}

static void pass(struct member *m)
{
    m->had >>= 1;
    m->base++;
}

static void fetch(struct run *r, uint32_t member, const struct post *p)
{
    struct members *k = r->members;
    struct member *m = &k->all[member];

    if (p->by_node == 0) {
        k->lost++;
        return;
    }
    m->fetched++;
    m->bytes += p->bytes;
    m->cpu_ns += (uint64_t)f2_cost(r, p->commit == 0 ? F2_TEXT_NS : 0);
    k->fetched++;
}

void f2_settle(struct run *r, uint32_t member, uint32_t seq)
{
    struct members *k = r->members;
    struct member *m = &k->all[member];
    const struct crowd *c = &k->crowds[m->conversation];
    bool commits = false;

    for (; m->base < seq; pass(m)) {
        const struct post *p = &k->posts[c->posts[m->base]];
        if ((m->had & 1) != 0)
            continue;
        if (p->at_ns + RUN_MARGIN_NS > sim_now(r->sim) && seq - m->base < F2_WINDOW)
            break;
        fetch(r, member, p);
        commits = commits || p->commit != 0;
    }
    if (commits)
        f2_choose(r, member, sim_now(r->sim));
}

void f2_have(struct run *r, uint32_t member, const struct post *p)
{
    struct member *m = &r->members->all[member];

    assert(p->seq >= m->base && p->seq - m->base < F2_WINDOW);
    m->had |= (uint64_t)1 << (p->seq - m->base);
}

static void hear(struct run *r, uint32_t member, uint32_t number)
{
    struct members *k = r->members;
    struct member *m = &k->all[member];
    const struct post *p = &k->posts[number];
    int64_t now = sim_now(r->sim), at = now + (int64_t)m->access_us * 1000 +
                                        (int64_t)(p->bytes * k->seconds_of_byte * 1e9);

    if (!f2_up(r, member, now))
        return;
    f2_settle(r, member, p->seq);
    if (f2_had(r, m, p->seq))
        return;
    f2_have(r, member, p);
    m->bytes += p->bytes;
    histogram_add(&k->latency, at - p->at_ns);
    if (p->commit != 0) {
        f2_choose(r, member, at);
        return;
    }
    m->cpu_ns += (uint64_t)f2_cost(r, F2_TEXT_NS);
    k->early += !f2_on_chain(k, p->under, f2_epoch_now(m, at));
}

/* The first member of a node that is in this conversation, by halves: they are in its order. */
static uint32_t first_of(const struct members *k, uint32_t node, uint32_t member)
{
    uint32_t low = k->from[node], high = k->from[node + 1];

    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (k->order[mid] < member)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

void f2_arrived(struct run *r, uint32_t node, uint32_t number)
{
    struct members *k = r->members;
    struct post *p = &k->posts[number];
    const struct crowd *c = &k->crowds[p->conversation];

    if (p->arrived == NULL || ++p->arrived[node] < p->chunks)
        return;
    p->by_node += r->people[node].stores;
    for (uint32_t i = first_of(k, node, c->first);
         i < k->from[node + 1] && k->order[i] < c->first + c->count; i++)
        hear(r, k->order[i], number);
}

static bool owed(const struct run *r, uint32_t member, const struct post *p)
{
    return member != p->author && f2_up(r, member, p->at_ns) &&
           f2_up(r, member, p->at_ns - RUN_MARGIN_NS) &&
           f2_up(r, member, p->at_ns + RUN_MARGIN_NS) &&
           delivery_was_there(r, r->members->all[member].service, p->at_ns);
}

void f2_judge(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;
    struct members *k = r->members;
    struct post *p = &k->posts[s->a];
    const struct crowd *c = &k->crowds[p->conversation];

    for (uint32_t i = c->first; i < c->first + c->count; i++)
        if (owed(r, i, p)) {
            k->owed++;
            k->missing += !f2_had(r, &k->all[i], p->seq);
        }
    free(p->arrived);
    p->arrived = NULL;
}
