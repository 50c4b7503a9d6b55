/* Who connects with whom: each relay dials others that can be reached until it has as many
 * connections of its own as the scenario says, and again when it loses some: it looks after them as
 * the peer manager of a node does. What others dial comes on top. Light clients dial a service. */
#include "sim/run/inside.h"

#define RECONNECT_NS NS_PER_S       /* after a loss */
#define LOOK_NS      (5 * NS_PER_S) /* until dials are counted that may have failed */
#define TRIES        200u

static bool may_be_dialed(const struct run *r, uint32_t from, uint32_t to)
{
    const struct person *p = &r->people[to];

    if (r->partitions > 0 && r->side[from] != r->side[to])
        return false; /* would time out; another is tried */
    if ((r->victims[from] && !r->own[to]) || (r->victims[to] && !r->own[from]))
        return false; /* eclipsed: spies hold all its places */
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

static void look(void *step);

static void look_in(struct run *r, uint32_t node, int64_t ns)
{
    if (r->people[node].looks)
        return;
    r->people[node].looks = true;
    run_at(r, sim_now(r->sim) + ns, look, node, 0, 0);
}

/* Connections that a relay dialed itself. */
static uint32_t dialed(struct run *r, uint32_t node)
{
    const struct gossipsub *g = core_gossipsub(sim_core(r->sim, node));
    struct gossipsub_peer_view v;
    size_t cursor = 0;
    uint32_t count = 0;

    while (g != NULL && gossipsub_peer_next(g, &cursor, &v))
        count += v.outbound;
    return count;
}

static void join_light(struct run *r, uint32_t node)
{
    struct person *p = &r->people[node];

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

void topology_join(struct run *r, uint32_t node)
{
    if (r->people[node].role == ROLE_LIGHT) {
        join_light(r, node);
        return;
    }
    dial_some(r, node, (uint32_t)r->sc->net_connections);
    look_in(r, node, LOOK_NS);
}

static void look(void *step)
{
    const struct step *s = step;
    struct run *r = s->run;

    r->people[s->a].looks = false;
    if (!sim_is_up(r->sim, s->a))
        return;
    if (r->people[s->a].role == ROLE_LIGHT) {
        join_light(r, s->a);
        return;
    }
    uint32_t have = dialed(r, s->a), want = (uint32_t)r->sc->net_connections;
    if (have >= want)
        return;
    dial_some(r, s->a, want - have);
    look_in(r, s->a, LOOK_NS);
}

void topology_lost(struct run *r, uint32_t node)
{
    look_in(r, node, RECONNECT_NS);
}
