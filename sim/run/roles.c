/* Who is what: relays, stores, services, light clients, spies. Each kind is drawn from a stream of
 * its own, so that more spies do not make other stores. */
#include "sim/run/inside.h"

#include <stdio.h>
#include <stdlib.h>

#define MBIT 125000 /* bytes a second */

/* A share of the relays that `may` be, at random. */
static void mark(struct run *r, uint32_t purpose, double share, bool (*may)(const struct person *),
                 void (*set)(struct run *r, uint32_t node))
{
    uint32_t *pool = run_need(calloc(r->nodes, sizeof *pool)), count = 0;

    for (uint32_t i = 0; i < r->nodes; i++)
        if (may(&r->people[i]))
            pool[count++] = i;
    sim_shuffle(r->sim, purpose, pool, count);
    uint32_t wanted = (uint32_t)(share * count + 0.5);
    for (uint32_t i = 0; i < wanted && i < count; i++)
        set(r, pool[i]);
    free(pool);
}

static bool anybody(const struct person *p)
{
    (void)p;
    return true;
}
static bool relay(const struct person *p)
{
    return p->role == ROLE_RELAY;
}
static bool plain(const struct person *p)
{
    return p->role == ROLE_RELAY && !p->serves && !p->stores;
}
static bool plain_honest(const struct person *p)
{
    return plain(p) && !p->spy;
}
static bool service(const struct person *p)
{
    return p->serves || p->stores;
}

static void set_light(struct run *r, uint32_t n)
{
    r->people[n].role = ROLE_LIGHT;
}
static void set_stores(struct run *r, uint32_t n)
{
    r->people[n].stores = true;
}
static void set_serves(struct run *r, uint32_t n)
{
    r->people[n].serves = true;
}
static void set_unreachable(struct run *r, uint32_t n)
{
    r->people[n].unreachable = true;
}
static void set_spy(struct run *r, uint32_t n)
{
    r->people[n].spy = r->own[n] = true;
}
static void set_tells(struct run *r, uint32_t n)
{
    r->people[n].tells = r->services[n] = true;
}
static void set_victim(struct run *r, uint32_t n)
{
    r->victims[n] = true;
}
static void set_spams(struct run *r, uint32_t n)
{
    r->people[n].spams = true;
}

static const struct {
    uint32_t purpose;
    size_t share; /* offset in struct scenario */
    bool (*may)(const struct person *);
    void (*set)(struct run *r, uint32_t node);
} draws[] = {
    {SIM_RANDOM_ROLES, offsetof(struct scenario, roles_light), anybody, set_light},
    {SIM_RANDOM_ROLES, offsetof(struct scenario, roles_stores), relay, set_stores},
    {SIM_RANDOM_ROLES, offsetof(struct scenario, roles_services), relay, set_serves},
    {SIM_RANDOM_ROLES, offsetof(struct scenario, roles_unreachable), plain, set_unreachable},
    {SIM_RANDOM_SPIES, offsetof(struct scenario, adversary_spies), relay, set_spy},
    {SIM_RANDOM_SPIES, offsetof(struct scenario, adversary_services), service, set_tells},
    {SIM_RANDOM_ROLES, offsetof(struct scenario, spam_spammers), plain_honest, set_spams},
    {SIM_RANDOM_SPIES, offsetof(struct scenario, adversary_eclipsed), plain_honest, set_victim},
};

void roles_new_client(struct run *r, uint32_t node)
{
    uint64_t id = r->next_client++;

    if (id >= r->client_nodes_cap) {
        r->client_nodes_cap = r->client_nodes_cap == 0 ? 1024 : r->client_nodes_cap * 2;
        r->client_nodes =
            run_need(realloc(r->client_nodes, r->client_nodes_cap * sizeof *r->client_nodes));
    }
    r->client_nodes[id] = node;
    r->client_ids[node] = id;
}

enum err roles_init(struct run *r)
{
    for (size_t i = 0; i < sizeof draws / sizeof *draws; i++) {
        double share;
        memcpy(&share, (const char *)r->sc + draws[i].share, sizeof share);
        mark(r, draws[i].purpose, share, draws[i].may, draws[i].set);
    }
    r->speakers = run_need(calloc(r->nodes, sizeof *r->speakers));
    for (uint32_t i = 0; i < r->nodes; i++) {
        const struct person *p = &r->people[i];
        if (!p->spy && !p->tells && !p->spams)
            r->speakers[r->speakers_count++] = i;
        roles_new_client(r, i);
    }
    return OK;
}

static void gossip_of(const struct scenario *sc, struct gossipsub_params *p)
{
    uint32_t d = (uint32_t)sc->node_d;

    *p = gossipsub_params_default();
    if (d != p->d) { /* in the proportions of 6, 4, 12, 4, 2 */
        p->d = d;
        p->d_low = d - d / 3 > 0 ? d - d / 3 : 1;
        p->d_high = 2 * d;
        p->d_score = p->d_low;
        p->d_out = d / 3 < p->d_low ? d / 3 : p->d_low - 1;
        if (p->px_peers <= p->d_high)
            p->px_peers = p->d_high + 1;
    }
    p->d_low = sc->node_d_low > 0 ? (uint32_t)sc->node_d_low : p->d_low;
    p->d_high = sc->node_d_high > 0 ? (uint32_t)sc->node_d_high : p->d_high;
    p->d_out = sc->node_d_out >= 0 ? (uint32_t)sc->node_d_out : p->d_out;
    p->d_lazy = (uint32_t)sc->node_d_lazy;
    p->idontwant_bytes_min = (size_t)sc->node_idontwant_bytes;
    p->heartbeat_ns = (int64_t)(sc->node_heartbeat_ms * (double)NS_PER_MS);
}

enum err roles_add_nodes(struct run *r)
{
    static uint16_t shards[1024];
    const struct scenario *sc = r->sc;

    for (uint16_t i = 0; i < 1024; i++)
        shards[i] = i;
    gossip_of(sc, &r->gossip);
    if (gossipsub_params_check(&r->gossip) != OK) {
        snprintf(r->error->reason, sizeof r->error->reason,
                 "node.d and node.d_lazy do not fit together (gossipsub's constraints)");
        return ERR_ARGUMENT;
    }
    for (uint32_t i = 0; i < r->nodes; i++) {
        const struct person *p = &r->people[i];
        bool relays = p->role == ROLE_RELAY;
        struct core_config config = {.agent_version = "sim",
                                     .cluster = 66,
                                     .shards_in_network = (uint16_t)sc->net_shards,
                                     .shards = shards,
                                     .shards_count = relays ? (size_t)sc->net_shards : 0,
                                     .hashes = false,
                                     .relay = relays,
                                     .lightpush = relays && (sc->node_stem != 0 || p->serves),
                                     .filter = p->serves,
                                     .filter_subscribers_max = 100000,
                                     .filter_criteria_max = 1000,
                                     .filter_timeout_s = 65535,
                                     .stem = relays && sc->node_stem != 0,
                                     .flood_publish = sc->node_flood_publish != 0,
                                     .gossip = &r->gossip,
                                     .shard_bytes_s = p->spy && sc->adversary_drop != 0 ? 1 : 0,
                                     .message_bytes_max = 153600,
                                     .store_queue_bytes = 64u << 20,
                                     .store_page_max = 100,
                                     .connections_max = (size_t)sc->net_capacity,
                                     .connections_per_ip = (size_t)sc->net_capacity};
        uint32_t node;
        TRY(sim_add_node(r->sim, &config, p->stores, &node));
        const struct region *at = &r->regions[p->region];
        double up = sc->links_up_mbit > 0 ? sc->links_up_mbit : at->up_mbit;
        double down = sc->links_down_mbit > 0 ? sc->links_down_mbit : at->down_mbit;
        sim_rates(r->sim, node, (int64_t)(up * MBIT), (int64_t)(down * MBIT));
    }
    return OK;
}
