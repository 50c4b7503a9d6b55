/* The peer manager in the node: what the host, the swarm and discovery tell goes in; its dials and
 * its wishes come out. */
#include "net/peers/peers.h"
#include "net/wire/ip.h"
#include "net/wire/peer_record.h"
#include "node/core/inside.h"

#include <stdlib.h>

struct dialing { /* a dial of the manager */
    uint64_t dial;
    struct peer_id id;
};

/* ---- what a peer can do ---- */

static const struct {
    const char *protocol;
    unsigned capability;
} abilities[] = {
    {"/vac/waku/relay/2.0.0", PEERS_CAN_RELAY},
    {"/vac/waku/store-query/3.0.0", PEERS_CAN_STORE},
    {"/vac/waku/filter-subscribe/2.0.0-beta1", PEERS_CAN_FILTER},
    {"/vac/waku/lightpush/3.0.0", PEERS_CAN_LIGHTPUSH},
    {"/vac/waku/lightpush/2.0.0-beta1", PEERS_CAN_LIGHTPUSH},
    {"/vac/waku/reconciliation/1.0.0", PEERS_CAN_SYNC},
    {"/vac/waku/peer-exchange/2.0.0-alpha1", PEERS_CAN_PX},
    {"/rendezvous/1.0.0", PEERS_CAN_RENDEZVOUS},
    {"/vac/waku/rendezvous/1.0.0", PEERS_CAN_RENDEZVOUS},
};
#define ABILITIES (sizeof abilities / sizeof abilities[0])

static unsigned abilities_of(const struct host_peer *p)
{
    unsigned can = 0;

    for (size_t i = 0; i < p->protocols_count; i++)
        for (size_t k = 0; k < ABILITIES; k++)
            if (strcmp(p->protocols[i], abilities[k].protocol) == 0)
                can |= abilities[k].capability;
    return can;
}

/* Names of what a peer that is not connected is said to speak. */
size_t candidates_protocols(unsigned capabilities, const char *out[CORE_ABILITIES_MAX])
{
    size_t n = 0;

    for (size_t k = 0; k < ABILITIES && n < CORE_ABILITIES_MAX; k++)
        if ((capabilities & abilities[k].capability) != 0)
            out[n++] = abilities[k].protocol;
    return n;
}

/* ---- candidates ---- */

static void told(struct core *c, const struct env *env, const struct peers_candidate *candidate)
{
    char text[PEER_ID_TEXT_MAX];

    if (c->candidates.peers == NULL || c->stopping)
        return;
    enum err err = peers_candidate(c->candidates.peers, env, candidate);
    if (err == OK || !log_wanted(env, LOG_TRACE))
        return;
    peer_id_text(candidate->id, text);
    log_trace(env, "peers", "candidate refused peer=%s source=%d err=%s", text, candidate->source,
              err_name(err));
}

void candidates_enr(struct core *c, const struct env *env, const struct enr *enr,
                    enum peers_source source, uint64_t via)
{
    struct multiaddr addrs[PEERS_ADDRS_MAX];
    struct peers_shards shards = {0};
    struct peer_id id;

    if (!enr->is_waku) /* what has no waku2 field is a node of another network */
        return;
    for (uint16_t s = 0; s < PEERS_SHARDS_MAX; s++)
        if (enr_has_shard(enr, c->config.cluster, s))
            peers_shards_add(&shards, s);
    if ((source == PEERS_DISCV5 || source == PEERS_DNS) && enr->sharded &&
        enr->cluster == c->config.cluster && (enr->offers & ENR_RELAY) != 0)
        host_offer_record(c->host, env, enr);
    enr_peer_id(enr, &id);
    told(c, env,
         &(struct peers_candidate){.id = &id,
                                   .addrs = addrs,
                                   .addrs_count = enr_addresses(enr, addrs, PEERS_ADDRS_MAX),
                                   .source = source,
                                   .via = via,
                                   .cluster_known = enr->sharded,
                                   .cluster = enr->cluster,
                                   .shards = enr->sharded ? &shards : NULL,
                                   .capabilities_known = true,
                                   .capabilities = enr->offers});
}

void candidates_record(struct core *c, const struct env *env, const struct envelope_kind *kind,
                       struct span envelope, enum peers_source source, uint64_t via)
{
    struct multiaddr addrs[PEERS_ADDRS_MAX];
    struct peer_record *r;
    size_t n = 0;

    if (c->candidates.peers == NULL)
        return; /* nobody to tell: do not verify it */
    r = arena_alloc(env->scratch, sizeof *r);
    if (r == NULL || envelope_open_record(kind, envelope, r) != OK)
        return;
    for (size_t i = 0; i < r->count && n < PEERS_ADDRS_MAX; i++)
        n += multiaddr_from_bytes(r->addrs[i], &addrs[n]) == OK;
    told(c, env,
         &(struct peers_candidate){
             .id = &r->id, .addrs = addrs, .addrs_count = n, .source = source, .via = via});
}

void candidates_address(struct core *c, const struct env *env, const struct multiaddr *addr,
                        enum peers_source source)
{
    struct peer_id id;

    if (multiaddr_peer(addr, &id))
        told(c, env,
             &(struct peers_candidate){
                 .id = &id, .addrs = addr, .addrs_count = 1, .source = source});
}

/* ---- connections ---- */

void candidates_up(struct core *c, const struct env *env, uint64_t peer)
{
    const struct host_peer *p = host_peer(c->host, peer);
    struct peers_view view;

    if (c->candidates.peers == NULL || p == NULL) /* it came and went before we were told */
        return;
    peers_connected(c->candidates.peers, env, &p->id, peer, &p->remote, p->outbound);
    if (peers_find(c->candidates.peers, &p->id, &view) && view.fixed)
        swarm_protect(c->swarm, peer, true);
}

void candidates_known(struct core *c, const struct env *env, uint64_t peer)
{
    const struct host_peer *p = host_peer(c->host, peer);
    struct peers_shards shards = {0};
    struct multiaddr *listens = NULL;

    if (c->candidates.peers == NULL || p == NULL)
        return;
    for (size_t i = 0; i < p->shards_count; i++)
        peers_shards_add(&shards, p->shards[i]);
    size_t count = host_take_listens(c->host, peer, &listens);
    if (count > 0)
        told(c, env,
             &(struct peers_candidate){
                 .id = &p->id, .addrs = listens, .addrs_count = count, .source = PEERS_IDENTIFY});
    free(listens);
    peers_identified(c->candidates.peers, env, &p->id, abilities_of(p),
                     p->metadata_known ? &shards : NULL);
    asking_known(c, env, peer, abilities_of(p));
    meeting_known(c, env, peer);
}

void candidates_down(struct core *c, const struct env *env, const struct host_out *out)
{
    if (c->candidates.peers != NULL)
        peers_disconnected(c->candidates.peers, env, &out->peer_id, out->err);
}

void candidates_dialed(struct core *c, const struct env *env, const struct swarm_dialed *d)
{
    struct dialing *ours = map_take(&c->candidates.dials, MAP_KEY(d->dial));

    if (ours == NULL)
        return;
    bool gone = d->err == OK && host_peer(c->host, d->peer) == NULL;
    if (d->err != OK && log_wanted(env, LOG_DEBUG)) {
        char text[PEER_ID_TEXT_MAX];
        peer_id_text(&ours->id, text);
        log_debug(env, "peers", "not reached peer=%s err=%s", text, err_name(d->err));
    }
    peers_dialed(c->candidates.peers, env, &ours->id, gone ? ERR_CLOSED : d->err);
    free(ours);
}

/* ---- what the manager wants ---- */

static void dial(struct core *c, const struct env *env, const struct peers_out *out)
{
    struct dialing *d = malloc(sizeof *d);
    enum err err = d == NULL ? ERR_MEMORY : OK;

    if (err == OK) {
        d->id = out->id;
        err = swarm_dial(c->swarm, env, &out->id, out->addrs, out->count,
                         out->fixed ? SWARM_DIAL_FORCE : 0, &d->dial);
    }
    if (err == OK)
        err = map_put(&c->candidates.dials, MAP_KEY(d->dial), d);
    if (err == OK)
        return;
    free(d);
    peers_dialed(c->candidates.peers, env, &out->id, err);
}

static void obey(struct core *c, const struct env *env)
{
    struct peers_out out;

    while (peers_poll(c->candidates.peers, &out))
        switch (out.kind) {
        case PEERS_OUT_DIAL:
            dial(c, env, &out);
            break;
        case PEERS_OUT_DISCONNECT:
            log_debug(env, "peers", "asked to leave peer=%llu", (unsigned long long)out.peer);
            c->streams.disconnect(c->streams.impl, env, out.peer, OK);
            break;
        case PEERS_OUT_WANT:
            meeting_wanted(c, env);
            asking_wanted(c, env);
            break;
        }
}

uint64_t candidates_somebody(const struct core *c, const struct env *env, unsigned capability)
{
    struct peers_view view;
    uint64_t chosen = 0, seen = 0;

    for (size_t cursor = 0; peers_next(c->candidates.peers, &cursor, &view);)
        if (view.peer != 0 && (view.capabilities & capability) != 0 &&
            rng_below(env->rng, ++seen) == 0) /* reservoir sampling */
            chosen = view.peer;
    return chosen;
}

/* Mesh members are not asked to leave; looked up only when somebody may be. */
static void mark_mesh(struct core *c)
{
    struct peers *p = c->candidates.peers;
    struct gossipsub *g = host_gossipsub(c->host);
    struct peers_view view;
    struct span topic;
    uint64_t peer;

    if (g == NULL || peers_counters(p)->connected <= c->config.peering.relay_in)
        return;
    for (size_t cursor = 0; peers_next(p, &cursor, &view);)
        peers_set_mesh(p, view.id, false);
    for (size_t cursor = 0; core_topics(c, &cursor, &topic);)
        for (size_t i = 0; gossipsub_topic_peer(g, topic, true, i, &peer); i++)
            if (host_peer(c->host, peer) != NULL)
                peers_set_mesh(p, &host_peer(c->host, peer)->id, true);
}

void candidates_tick(struct core *c, const struct env *env)
{
    if (c->candidates.peers == NULL || c->stopping)
        return;
    if (peers_deadline(c->candidates.peers).ns <= env->now.ns) {
        mark_mesh(c);
        peers_tick(c->candidates.peers, env);
        obey(c, env);
    }
    meeting_tick(c, env);
    remembering_tick(c, env);
}

struct mono candidates_deadline(const struct core *c)
{
    if (c->candidates.peers == NULL || c->stopping)
        return MONO_NEVER;
    struct mono due = mono_min(meeting_deadline(c), c->candidates.save);
    return mono_min(peers_deadline(c->candidates.peers), due);
}

void candidates_shards(struct core *c, const struct env *env)
{
    if (c->candidates.peers != NULL)
        peers_set_shards(c->candidates.peers, env, c->topics.shards, c->topics.shards_count);
}

/* ---- life ---- */

static bool all_private(const struct addr_list *l)
{
    uint8_t ip[16];
    uint16_t port;

    for (size_t i = 0; i < l->count; i++)
        if (!multiaddr_ip(&l->addrs[i], ip, &port) || !ip_is_private(ip))
            return false;
    return true;
}

/* Private addresses lead somewhere when we announce such ourselves, or nothing at all. */
static bool lives_in_private(const struct core *c)
{
    return c->config.private_addresses ||
           (all_private(&c->reaching.bound) && all_private(&c->reaching.heads) &&
            all_private(&c->reaching.given));
}

static void describe(const struct core *c, struct peers_params *out)
{
    const struct core_peering *from = &c->config.peering;
    static const unsigned light[] = {1, 2, 3, 8}; /* store, filter, lightpush, peer exchange */

    *out = (struct peers_params){
        .self = c->self,
        .cluster = c->config.cluster,
        .relay = c->config.relay && from->relay_out > 0,
        .connections_max = (uint32_t)c->config.connections_max,
        .out_target = from->relay_out,
        .in_target = from->relay_in == 0 ? UINT32_MAX : from->relay_in,
        .shard_target = PEERS_SHARD_TARGET,
        .service_max = from->service,
        .per_ip =
            c->config.connections_per_ip > UINT16_MAX ? 0 : (uint32_t)c->config.connections_per_ip,
        .capacity = from->capacity == 0 ? PEERS_CAPACITY : from->capacity,
        .private_addrs = lives_in_private(c),
    };
    for (size_t i = 0; !c->config.relay && from->service > 0 && i < 4; i++)
        out->service_target[light[i]] = CORE_SERVICE_PEERS;
}

static enum err add_statics(struct core *c, const struct env *env)
{
    struct multiaddr addr;
    struct peer_id id;

    if (c->config.statics_count > CORE_STATICS_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < c->config.statics_count; i++) {
        TRY(multiaddr_parse(span_str(c->config.statics[i]), &addr));
        if (!multiaddr_peer(&addr, &id))
            return ERR_ARGUMENT;
        candidates_address(c, env, &addr, PEERS_STATIC);
    }
    return OK;
}

enum err candidates_init(struct core *c, const struct env *env)
{
    struct peers_params params;
    uint8_t seed[16];

    rng_fill(env->rng, seed, sizeof seed);
    map_init(&c->candidates.dials, seed, SWARM_DIALS_MAX);
    c->candidates.save = MONO_NEVER;
    c->candidates.meet = mono_add(env->now, CORE_MEET_AGAIN_MS * NS_PER_MS);
    if (c->swarm == NULL)
        return OK;
    describe(c, &params);
    c->candidates.lent = calloc(1, sizeof *c->candidates.lent);
    if (c->candidates.lent == NULL)
        return ERR_MEMORY;
    TRY(peers_new(&c->candidates.peers, env, &params));
    candidates_shards(c, env);
    remembering_load(c, env);
    return add_statics(c, env);
}

void candidates_clear(struct core *c)
{
    struct dialing *d;

    for (size_t cursor = 0; (d = map_next(&c->candidates.dials, &cursor, NULL)) != NULL;)
        free(d);
    map_clear(&c->candidates.dials);
    free(c->candidates.lent);
    peers_free(c->candidates.peers);
    c->candidates.peers = NULL;
}
