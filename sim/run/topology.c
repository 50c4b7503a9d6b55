/* Who connects with whom: each node dials some others that can be reached, and replaces what it
 * loses. Light clients dial a service. */
#include "sim/run/inside.h"

#define RECONNECT_NS NS_PER_S
#define TRIES        200u

static bool may_be_dialed(const struct run *r, uint32_t from, uint32_t to)
{
    const struct person *p = &r->people[to];

    return to != from && p->role == ROLE_RELAY && !p->unreachable && sim_is_up(r->sim, to);
}

static void dial_some(struct run *r, uint32_t node, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t tries = 0; tries < TRIES; tries++) {
            uint32_t to = (uint32_t)sim_random(r->sim, SIM_RANDOM_TOPOLOGY, r->nodes);
            if (!may_be_dialed(r, node, to))
                continue;
            sim_connect(r->sim, node, to);
            break;
        }
}

/* A store that answers, or a service: the next one from a place drawn at random. */
static uint32_t some_service(struct run *r, bool store)
{
    uint32_t from = (uint32_t)sim_random(r->sim, SIM_RANDOM_SERVICES, r->nodes);

    for (uint32_t i = 0; i < r->nodes; i++) {
        uint32_t n = (from + i) % r->nodes;
        const struct person *p = &r->people[n];
        if ((store ? p->stores : p->serves) && sim_is_up(r->sim, n))
            return n;
    }
    return UINT32_MAX;
}

void topology_join(struct run *r, uint32_t node)
{
    struct person *p = &r->people[node];

    p->lost = 0;
    if (p->role == ROLE_RELAY) {
        dial_some(r, node, (uint32_t)r->sc->net_connections);
        return;
    }
    p->service = some_service(r, false);
    if (p->service != UINT32_MAX)
        sim_connect(r->sim, node, p->service);
    if (r->sc->fetch_per_hour > 0) {
        uint32_t store = some_service(r, true);
        if (store != UINT32_MAX && store != p->service)
            sim_connect(r->sim, node, store);
    }
    people_subscribe(r, node);
}

static void reconnect(void *step)
{
    const struct step *s = step;
    struct person *p = &s->run->people[s->a];

    if (!sim_is_up(s->run->sim, s->a) || p->lost == 0)
        return;
    if (p->role == ROLE_LIGHT)
        topology_join(s->run, s->a);
    else
        dial_some(s->run, s->a, p->lost);
    p->lost = 0;
}

void topology_lost(struct run *r, uint32_t node)
{
    if (r->people[node].lost++ == 0)
        run_at(r, sim_now(r->sim) + RECONNECT_NS, reconnect, node, 0, 0);
}
