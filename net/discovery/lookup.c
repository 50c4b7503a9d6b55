#include "net/discovery/lookup.h"

#include <stdlib.h>

void lookup_clear(struct lookup *l)
{
    while (l->count > 0)
        free(l->candidates[--l->count]);
}

void lookup_start(struct lookup *l, const struct table *t, const uint8_t target[ENR_ID_BYTES])
{
    struct node *nodes[DISCV5_BUCKET_NODES];

    lookup_clear(l);
    memcpy(l->target, target, ENR_ID_BYTES);
    size_t count = table_closest(t, target, nodes, DISCV5_BUCKET_NODES);
    for (size_t i = 0; i < count; i++)
        lookup_add(l, &nodes[i]->enr, &nodes[i]->addr);
}

void lookup_add(struct lookup *l, const struct enr *enr, const struct udp_addr *addr)
{
    size_t at = l->count;

    for (size_t i = 0; i < l->count; i++)
        if (memcmp(l->candidates[i]->enr.node_id, enr->node_id, ENR_ID_BYTES) == 0)
            return;
    while (at > 0 && is_closer(l->target, enr->node_id, l->candidates[at - 1]->enr.node_id))
        at--;
    if (at == DISCV5_LOOKUP_NODES)
        return;
    struct candidate *c = calloc(1, sizeof *c);
    if (c == NULL)
        return;
    c->enr = *enr;
    c->addr = *addr;
    if (l->count == DISCV5_LOOKUP_NODES)
        free(l->candidates[--l->count]); /* the farthest */
    memmove(l->candidates + at + 1, l->candidates + at, (l->count - at) * sizeof *l->candidates);
    l->candidates[at] = c;
    l->count++;
}

/* The first 16 that have not failed are those that matter. */
static size_t in_state(const struct lookup *l, enum candidate_state state, struct candidate **first)
{
    size_t alive = 0, count = 0;

    for (size_t i = 0; i < l->count && alive < DISCV5_BUCKET_NODES; i++) {
        struct candidate *c = l->candidates[i];
        alive += c->state != CANDIDATE_FAILED;
        if (c->state == state && count++ == 0)
            *first = c;
    }
    return count;
}

struct candidate *lookup_next(struct lookup *l)
{
    struct candidate *c = NULL;

    if (in_state(l, CANDIDATE_ASKED, &c) >= DISCV5_ALPHA || in_state(l, CANDIDATE_NEW, &c) == 0)
        return NULL;
    c->state = CANDIDATE_ASKED;
    return c;
}

void lookup_answered(struct lookup *l, const uint8_t id[ENR_ID_BYTES], bool failed)
{
    for (size_t i = 0; i < l->count; i++)
        if (memcmp(l->candidates[i]->enr.node_id, id, ENR_ID_BYTES) == 0)
            l->candidates[i]->state = failed ? CANDIDATE_FAILED : CANDIDATE_DONE;
}

bool lookup_ended(const struct lookup *l)
{
    struct candidate *c;

    return in_state(l, CANDIDATE_ASKED, &c) == 0 && in_state(l, CANDIDATE_NEW, &c) == 0;
}

void lookup_distances(const uint8_t target[ENR_ID_BYTES], const uint8_t node[ENR_ID_BYTES],
                      uint16_t out[3])
{
    unsigned d = log_distance(target, node);

    if (d == 0)
        d = 1; /* 0 would ask for its own record only */
    out[0] = (uint16_t)d;
    out[1] = (uint16_t)(d < DISCV5_BUCKETS ? d + 1 : d - 1);
    out[2] = (uint16_t)(d < DISCV5_BUCKETS && d > 1 ? d - 1 : d < DISCV5_BUCKETS ? d + 2 : d - 2);
}
