/* Messages that wait for a verdict: a table of reused places. A ticket names a place and how often
 * it was used, so an old ticket finds nothing. */
#include "net/gossipsub/message.h"

#include <stdlib.h>

#define VALIDATING_CAP_MIN 8u
#define NO_PLACE           UINT32_MAX

static uint64_t ticket_of(uint32_t place, uint32_t generation)
{
    return (uint64_t)generation << 32 | place;
}

struct validating *validating_get(const struct gossipsub *g, uint64_t ticket)
{
    uint32_t place = (uint32_t)ticket;

    if (place >= g->validating_count || !g->validating[place].used ||
        g->validating[place].generation != (uint32_t)(ticket >> 32))
        return NULL;
    return &g->validating[place];
}

static bool grow(struct gossipsub *g)
{
    uint32_t count = g->validating_count, more = count == 0 ? VALIDATING_CAP_MIN : count * 2;
    struct validating *next = realloc(g->validating, more * sizeof *next);

    if (next == NULL)
        return false;
    memset(next + count, 0, (more - count) * sizeof *next);
    for (uint32_t i = count; i < more; i++)
        next[i].next_free = i + 1 < more ? i + 1 : NO_PLACE;
    g->validating = next;
    g->validating_count = more;
    g->validating_free = count;
    return true;
}

bool validating_add(struct gossipsub *g, const struct validating *v, uint64_t *ticket)
{
    if (g->validating_used == g->validating_count && !grow(g))
        return false;
    uint32_t place = g->validating_free;
    struct validating *to = &g->validating[place];
    uint32_t generation = to->generation + 1;
    g->validating_free = to->next_free;
    *to = *v;
    to->used = true;
    to->generation = generation;
    g->validating_used++;
    g->validating_bytes += v->blob->len;
    *ticket = ticket_of(place, generation);
    return true;
}

void validating_drop(struct gossipsub *g, uint64_t ticket)
{
    struct validating *v = validating_get(g, ticket);

    if (v == NULL)
        return;
    g->validating_used--;
    g->validating_bytes -= v->blob->len;
    free(v->also);
    blob_unref(v->blob);
    topic_unref(g, v->topic);
    v->also = NULL;
    v->used = false;
    v->next_free = g->validating_free;
    g->validating_free = (uint32_t)ticket;
    if (g->validating_used == 0 && g->validating_count > 1024) { /* a burst is over */
        free(g->validating);
        g->validating = NULL;
        g->validating_count = 0;
    }
}

void validating_also(struct validating *v, uint64_t peer)
{
    if (v->from == peer || v->also_count >= GOSSIPSUB_DUPLICATES_MAX)
        return;
    for (uint32_t i = 0; i < v->also_count; i++)
        if (v->also[i] == peer)
            return;
    uint64_t *more = realloc(v->also, (v->also_count + 1) * sizeof *more);
    if (more == NULL)
        return;
    v->also = more;
    v->also[v->also_count++] = peer;
}

void validating_free(struct gossipsub *g)
{
    for (uint32_t i = 0; i < g->validating_count; i++)
        if (g->validating[i].used)
            validating_drop(g, ticket_of(i, g->validating[i].generation));
    free(g->validating);
    g->validating = NULL;
    g->validating_count = 0;
}
