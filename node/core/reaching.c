/* Where we are, as told to others: the announced list, and dials that the host asks for. */
#include "net/reach/reach.h"

#include "node/core/inside.h"

#include <stdlib.h>

struct wanted_dial {       /* by number of the swarm's dial */
    bool circuit;          /* to a relay, for a circuit through it; else of the host */
    uint64_t ticket;       /* the host's, or the circuit's link */
    struct peer_id target; /* of the circuit */
};

static struct announce_list list_of(const struct addr_list *l)
{
    return (struct announce_list){l->addrs, l->count};
}

/* The host keeps a pointer to the list; when it is too long for identify, the last ones go. */
static void tell_host(struct core *c, const struct env *env)
{
    struct reaching *r = &c->reaching;

    while (host_set_listen(c->host, env, r->announced.addrs, r->announced.count) == ERR_FULL &&
           r->announced.count > 0)
        r->announced.count--;
}

static bool same(const struct addr_list *l, const struct multiaddr *addrs, size_t count)
{
    return count == l->count && (count == 0 || memcmp(addrs, l->addrs, count * sizeof *addrs) == 0);
}

/* The old list goes when the host has the new one. */
static enum err copy(struct addr_list *l, const struct multiaddr *addrs, size_t count)
{
    l->addrs = calloc(count + 1, sizeof *addrs);
    if (l->addrs == NULL)
        return ERR_MEMORY;
    memcpy(l->addrs, addrs, count * sizeof *addrs);
    l->count = count;
    return OK;
}

void reaching_update(struct core *c, const struct env *env)
{
    struct reaching *r = &c->reaching;
    struct multiaddr next[REACH_ADDRS_MAX], circuits[REACH_ADDRS_MAX], mapped[REACH_ADDRS_MAX];
    struct host_reach seen;
    size_t held = host_circuits(c->host, circuits, REACH_ADDRS_MAX);

    host_reach(c->host, &seen);
    struct announce a = {.bound = list_of(&r->bound),
                         .heads = list_of(&r->heads),
                         .mapped = {mapped, mapping_addrs(c, mapped, REACH_ADDRS_MAX)},
                         .given = list_of(&r->given),
                         .given_only = c->config.given_only,
                         .circuits = {circuits, seen.reach == AUTONAT_REACHABLE ? 0 : held},
                         .reachable = seen.reach == AUTONAT_REACHABLE,
                         .observed_ip = seen.observed ? seen.observed_ip : NULL};
    size_t count = announce_write(&a, next);
    struct addr_list written = {0}, announced = {0}, old[] = {r->written, r->announced};
    if (same(&r->written, next, count))
        return;
    if (copy(&written, next, count) != OK || copy(&announced, next, count) != OK) {
        free(written.addrs);
        log_broken(env, "core", "no memory for our addresses");
        return;
    }
    r->written = written;
    r->announced = announced;
    tell_host(c, env);
    free(old[0].addrs);
    free(old[1].addrs);
    discovering_changed(c);
    if (r->begun)
        core_emit(c, env, &(struct event_slot){.event = {.kind = CORE_EVENT_ADDRESSES}});
    r->begun = true;
}

const struct multiaddr *core_announced(const struct core *c, size_t *count)
{
    *count = c->reaching.announced.count;
    return c->reaching.announced.addrs;
}

void core_reach(const struct core *c, struct core_reach *out)
{
    struct host_reach seen;

    host_reach(c->host, &seen);
    *out = (struct core_reach){.reach = (enum core_reachability)seen.reach,
                               .confidence = seen.confidence,
                               .autonat = seen.counters};
    out->dcutr = host_dcutr(c->host);
    if (host_relay(c->host) == NULL)
        return;
    out->relay = relay_counters(host_relay(c->host));
    out->relay_reservations = relay_reservations(host_relay(c->host));
    out->relay_circuits = relay_circuits(host_relay(c->host));
}

/* ---- dials for the host, and circuits for the swarm ---- */

static enum err dial(struct core *c, const struct env *env, const struct wanted_dial *want,
                     const struct peer_id *peer, const struct announce_list *at, unsigned flags)
{
    struct wanted_dial *w = calloc(1, sizeof *w);
    uint64_t number = 0;
    enum err err = w == NULL ? ERR_MEMORY : c->swarm == NULL ? ERR_FULL : OK;

    if (err == OK)
        err = swarm_dial(c->swarm, env, peer, at->addrs, at->count, flags, &number);
    if (err == OK) {
        *w = *want;
        err = map_put(&c->reaching.dials, MAP_KEY(number), w);
    }
    if (err != OK)
        free(w);
    return err;
}

void reaching_dial(struct core *c, const struct env *env, const struct host_out *out)
{
    const struct announce_list at = {out->addrs, out->addrs_count};
    static const unsigned flags[] = {
        [HOST_DIAL_PROBE] = SWARM_DIAL_PROBE,
        [HOST_DIAL_DIRECT] = SWARM_DIAL_AGAIN,
        [HOST_DIAL_PUNCH] = SWARM_DIAL_AGAIN | SWARM_DIAL_PUNCH,
        [HOST_DIAL_PUNCH_LISTENER] = SWARM_DIAL_AGAIN | SWARM_DIAL_PUNCH | SWARM_DIAL_LISTENER,
    };
    enum err err = dial(c, env, &(struct wanted_dial){.ticket = out->ticket}, &out->peer_id, &at,
                        SWARM_DIAL_FORCE | flags[out->dial]);

    if (err != OK)
        host_dialed(c->host, env, out->ticket, err == ERR_LIMIT ? ERR_FULL : err, NULL);
}

static void want_circuit(struct core *c, const struct env *env, const struct swarm_circuit *out)
{
    struct wanted_dial want = {.circuit = true, .ticket = out->link, .target = out->target};
    struct multiaddr relay = {0};
    struct multiaddr_part part;
    struct peer_id id;
    enum err err = OK;

    for (size_t cursor = 0; err == OK && multiaddr_next(&out->relay, &cursor, &part);)
        if (part.code != MULTIADDR_P2P_CIRCUIT)
            err = multiaddr_add(&relay, part.code, part.value);
    const struct announce_list at = {&relay, 1};
    if (err == OK && !multiaddr_peer(&relay, &id))
        err = ERR_ARGUMENT;
    uint64_t peer = err == OK ? swarm_find(c->swarm, &id) : 0;
    if (peer != 0 && host_peer(c->host, peer) != NULL)
        err = host_circuit(c->host, env, peer, &out->target, out->link);
    else if (err == OK)
        err = dial(c, env, &want, &id, &at, SWARM_DIAL_FORCE);
    if (err != OK)
        swarm_circuit_failed(c->swarm, env, out->link, err);
}

void reaching_dialed(struct core *c, const struct env *env, const struct swarm_dialed *d)
{
    uint64_t number = d->dial;
    struct wanted_dial *w = map_take(&c->reaching.dials, MAP_KEY(number));

    if (w == NULL)
        return;
    if (!w->circuit) {
        host_dialed(c->host, env, w->ticket, d->err, &d->at);
    } else {
        enum err err = d->err;
        if (err == OK)
            err = host_circuit(c->host, env, d->peer, &w->target, w->ticket);
        if (err != OK)
            swarm_circuit_failed(c->swarm, env, w->ticket, err);
    }
    free(w);
}

void reaching_pump(struct core *c, const struct env *env)
{
    struct swarm_circuit out;

    while (c->swarm != NULL && swarm_poll_circuit(c->swarm, &out))
        want_circuit(c, env, &out);
}

/* ---- life ---- */

static enum err parse(struct addr_list *l, const char *const *texts, size_t count)
{
    l->addrs = calloc(count + 1, sizeof *l->addrs);
    if (l->addrs == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < count; i++, l->count++)
        TRY(multiaddr_parse(span_str(texts[i]), &l->addrs[l->count]));
    return OK;
}

enum err reaching_config(struct core *c)
{
    struct reaching *r = &c->reaching;
    static const uint8_t seed[16]; /* the keys are numbers of ours */

    map_init(&r->dials, seed, SWARM_DIALS_MAX);
    TRY(parse(&r->bound, c->config.listen, c->config.listen_count));
    TRY(parse(&r->heads, c->config.external, c->config.external_count));
    return parse(&r->given, c->config.given, c->config.given_count);
}

void reaching_clear(struct core *c)
{
    struct reaching *r = &c->reaching;
    struct wanted_dial *w;
    size_t cursor = 0;

    while ((w = map_next(&r->dials, &cursor, NULL)) != NULL)
        free(w);
    map_clear(&r->dials);
    free(r->bound.addrs);
    free(r->heads.addrs);
    free(r->given.addrs);
    free(r->written.addrs);
    free(r->announced.addrs);
}
