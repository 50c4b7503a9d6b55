/* The conductor: the world's calls, the pump, events. What each thing does is in its own file. */
#include "crypto/keyring/keyring.h"
#include "net/noise/noise.h"
#include "net/services/filter.h"
#include "node/core/inside.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- outputs ---- */

static void slot_clear(struct event_slot *slot)
{
    blob_unref(slot->message);
    blob_unref(slot->topic);
    query_free(slot->query);
    free(slot->pushed);
    *slot = (struct event_slot){0};
}

void core_emit(struct core *c, const struct env *env, struct event_slot *slot)
{
    if (fifo_push(&c->events, slot) == OK)
        return;
    log_broken(env, "core", "event lost kind=%d", slot->event.kind);
    slot_clear(slot);
}

bool core_poll(struct core *c, struct core_event *ev)
{
    slot_clear(&c->told);
    if (!fifo_pop(&c->events, &c->told))
        return false;
    *ev = c->told.event;
    return true;
}

enum err core_queue_job(struct core *c, struct job *job)
{
    return fifo_push(&c->jobs, &job);
}

/* ---- the pump ---- */

static void dials_ended(struct core *c, const struct env *env)
{
    struct swarm_dialed d;

    while (c->swarm != NULL && swarm_poll_dialed(c->swarm, &d)) {
        candidates_dialed(c, env, &d);
        reaching_dialed(c, env, &d);
        uint64_t *ticket = map_take(&c->dials, MAP_KEY(d.dial));
        if (ticket == NULL)
            continue;
        core_emit(c, env,
                  &(struct event_slot){.event = {.kind = CORE_EVENT_DIALED,
                                                 .ticket = *ticket,
                                                 .peer = d.peer,
                                                 .err = d.err}});
        free(ticket);
    }
}

/* Connections are closed when their peers have what we hold for them. */
static void leave_when_empty(struct core *c, const struct env *env)
{
    if (!c->stopping || c->left)
        return;
    if (c->swarm != NULL && (core_relay_waiting(c) > 0 || stemming_hidden(c) > 0) &&
        env->now.ns < c->leave_by.ns)
        return;
    c->left = true;
    if (c->swarm != NULL)
        swarm_stop(c->swarm, env);
}

bool core_pump(struct core *c, const struct env *env, const struct port *port)
{
    struct host_out out;
    struct job *job;
    bool more;

    do { /* what we are told may give the host something to do: pushes of a message that came */
        more = host_pump(c->host, env);
        while (host_poll(c->host, env, &out)) {
            core_host_told(c, env, &out);
            more = true;
        }
        more = stemming_pump(c, env) || more;
        more = chatting_pump(c, env) || more;
    } while (more && fifo_count(&c->events) < CORE_EVENTS_ENOUGH);
    reaching_pump(c, env);
    mapping_pump(c, env);
    dials_ended(c, env);
    archiving_pump(c, env);
    while (fifo_pop(&c->jobs, &job)) {
        c->jobs_under_way++;
        port->job(port->world, job);
    }
    leave_when_empty(c, env);
    discovering_pump(c, env, port);
    nearby_pump(c, env, port);
    if (c->swarm != NULL)
        more = swarm_pump(c->swarm, env, port) || more;
    return more;
}

/* ---- the world speaks ---- */

void core_link_incoming(struct core *c, const struct env *env, uint64_t link,
                        const struct endpoint *from)
{
    swarm_link_incoming(c->swarm, env, link, from);
}

void core_link_up(struct core *c, const struct env *env, uint64_t link)
{
    swarm_link_up(c->swarm, env, link);
}

void core_link_down(struct core *c, const struct env *env, uint64_t link, enum err why)
{
    swarm_link_down(c->swarm, env, link, why);
}

void core_bytes(struct core *c, const struct env *env, uint64_t link, struct span bytes)
{
    swarm_bytes(c->swarm, env, link, bytes);
}

void core_writable(struct core *c, const struct env *env, uint64_t link)
{
    swarm_writable(c->swarm, env, link);
}

void core_resolved(struct core *c, const struct env *env, uint64_t query, enum err err,
                   const struct span *answers, size_t count)
{
    if (!discovering_resolved(c, env, query, err, answers, count))
        swarm_resolved(c->swarm, env, query, err, answers, count);
}

void core_job_done(struct core *c, const struct env *env, struct job *job)
{
    c->jobs_under_way--;
    job->done(job->owner, env, job);
}

void core_tick(struct core *c, const struct env *env)
{
    if (c->swarm != NULL)
        swarm_tick(c->swarm, env);
    host_tick(c->host, env);
    candidates_tick(c, env);
    syncing_tick(c, env);
    resuming_tick(c, env);
    discovering_tick(c, env);
    mapping_tick(c, env);
    stemming_tick(c, env);
    chatting_tick(c, env);
    nearby_tick(c, env);
}

struct mono core_deadline(const struct core *c)
{
    struct mono due = mono_min(host_deadline(c->host), archiving_deadline(c));

    due = mono_min(due, mono_min(stemming_deadline(c), chatting_deadline(c)));
    if (c->swarm != NULL)
        due = mono_min(due, swarm_deadline(c->swarm));
    if (c->stopping && !c->left)
        due = mono_min(due, c->leave_by);
    due = mono_min(due, mono_min(syncing_deadline(c), resuming_deadline(c)));
    due = mono_min(due, discovering_deadline(c));
    due = mono_min(due, portmap_deadline(&c->mapping));
    due = mono_min(due, nearby_deadline(c));
    return mono_min(due, candidates_deadline(c));
}

/* ---- the user speaks ---- */

enum err core_connect(struct core *c, const struct env *env, struct span multiaddr, uint64_t ticket)
{
    struct multiaddr addr;
    uint64_t dial, *kept = NULL;

    if (c->swarm == NULL)
        return ERR_UNSUPPORTED;
    TRY(multiaddr_parse(multiaddr, &addr));
    candidates_address(c, env, &addr, PEERS_ASKED);
    if (ticket != 0 && (kept = malloc(sizeof *kept)) == NULL)
        return ERR_MEMORY;
    enum err err = swarm_dial(c->swarm, env, NULL, &addr, 1, SWARM_DIAL_FORCE, &dial);
    if (err == OK && kept != NULL) {
        *kept = ticket;
        err = map_put(&c->dials, MAP_KEY(dial), kept);
    }
    if (err != OK)
        free(kept);
    return err;
}

enum err core_ping(struct core *c, const struct env *env, uint64_t peer, uint64_t ticket)
{
    return host_ping(c->host, env, peer, ticket);
}

/* ---- life ---- */

/* A copy of a string that lives as long as the core. */
static const char *keep(struct core *c, const char *s)
{
    char *copy = strdup(s);

    if (copy != NULL)
        c->strings[c->strings_count++] = copy;
    return copy;
}

static enum err keep_config(struct core *c, const struct core_config *config)
{
    c->config = *config;
    c->strings = calloc(2, sizeof *c->strings);
    if (c->strings == NULL)
        return ERR_MEMORY;
    c->config.agent_version = keep(c, config->agent_version);
    if (config->retention != NULL)
        c->config.retention = keep(c, config->retention);
    c->config.map = c->map_ports;
    if (config->map_count > PORTMAP_PORTS_MAX)
        return ERR_LIMIT;
    if (config->map_ports != NULL) {
        memcpy(c->map_ports, config->map, config->map_count * sizeof *config->map);
        snprintf(c->map_gateway, sizeof c->map_gateway, "%s", config->map_gateway);
    }
    return c->config.agent_version == NULL ? ERR_MEMORY : reaching_config(c);
}

static enum err make_streams(struct core *c, const struct env *env)
{
    struct swarm_params p = SWARM_PARAMS_DEFAULT;

    if (c->config.streams != NULL) {
        c->streams = *c->config.streams;
        return OK;
    }
    p.conns_max = (uint32_t)c->config.connections_max;
    p.inbound_max = p.outbound_max = p.conns_max;
    p.per_ip_max = (uint32_t)c->config.connections_per_ip;
    p.listen_port = c->config.relay_client; /* behind a NAT: one hole for all */
    TRY(noise_self_new(&c->noise, env, c->config.key, &aead_chacha20poly1305));
    TRY(swarm_new(&c->swarm, env, &p, c->noise, &c->self));
    swarm_streams(c->swarm, &c->streams);
    return OK;
}

static enum err make_host(struct core *c, const struct env *env)
{
    struct filter_params filter = {c->config.filter_subscribers_max, c->config.filter_criteria_max,
                                   c->config.filter_timeout_s * NS_PER_S};
    const struct relay_params relay = RELAY_PARAMS_DEFAULT;
    struct host_params p = {
        .key = c->config.key,
        .agent_version = c->config.agent_version,
        .cluster = c->config.cluster,
        .any_cluster = c->config.any_cluster,
        .autonat = c->config.autonat && c->swarm != NULL,
        .circuit_relay = c->config.circuit_relay ? &relay : NULL,
        .relay_client = c->config.relay_client && c->swarm != NULL,
        .private_addresses = c->config.private_addresses,
        .relay = c->config.relay,
        .store = c->archiving.archive != NULL,
        .sync_range_ns = c->archiving.archive != NULL ? c->config.sync_range_ns : 0,
        .sync_jitter_ns = c->config.sync_jitter_ns,
        .peer_exchange = c->config.peer_exchange,
        .rendezvous = c->config.rendezvous,
        .rate_limits = c->config.rate_limits,
        .rate_limits_count = c->config.rate_limits_count,
        .lightpush = c->config.lightpush && c->config.relay,
        .shard_bytes_s = c->config.shard_bytes_s,
        .message_bytes_max = c->config.message_bytes_max,
        .filter = c->config.filter ? &filter : NULL,
        .hashes =
            c->config.hashes || c->config.stem || c->config.filter || c->archiving.archive != NULL,
    };

    p.gossipsub = c->config.gossip != NULL ? *c->config.gossip : gossipsub_params_default();
    p.gossipsub.flood_publish = c->config.flood_publish;
    if (p.gossipsub.message_bytes_max < p.message_bytes_max)
        p.gossipsub.message_bytes_max = p.message_bytes_max;
    TRY(host_new(&c->host, env, &p, &c->streams));
    reaching_update(c, env);
    return OK;
}

enum err core_new(struct core **out, const struct core_config *config, const struct env *env)
{
    struct core *c = calloc(1, sizeof *c);
    uint8_t seed[16];

    if (c == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    fifo_init(&c->events, sizeof(struct event_slot), CORE_EVENTS_MAX);
    fifo_init(&c->jobs, sizeof(struct job *), CORE_QUERIES_MAX + CORE_JOBS_SLACK);
    map_init(&c->dials, seed, SWARM_DIALS_MAX);
    clock_init(&c->clock, env->rng);
    enum err err = keep_config(c, config);
    if (err == OK) {
        peer_id_from_key(keyring_host_public(config->key), &c->self);
        peer_id_text(&c->self, c->id);
        err = archiving_init(c, env);
    }
    if (err == OK)
        err = filtering_init(c);
    if (err == OK)
        err = make_streams(c, env);
    if (err == OK) {
        mapping_init(c, env);
        err = make_host(c, env);
    }
    if (err == OK)
        err = topics_init(c, env);
    if (err == OK)
        err = pushing_init(c, env);
    if (err == OK)
        err = stemming_init(c, env);
    if (err == OK)
        err = candidates_init(c, env);
    if (err == OK)
        err = resuming_init(c, env);
    if (err == OK)
        syncing_init(c, env);
    if (err == OK)
        err = discovering_init(c, env);
    if (err == OK)
        err = nearby_init(c, env);
    if (err != OK) {
        core_free(c);
        return err;
    }
    *out = c;
    return OK;
}

void core_stop(struct core *c, const struct env *env)
{
    if (c->stopping)
        return;
    c->stopping = true;
    c->leave_by = mono_add(env->now, CORE_LEAVE_MS * NS_PER_MS);
    remembering_stop(c, env);
}

bool core_stopped(const struct core *c)
{
    return c->stopping && (c->swarm == NULL || (c->left && swarm_idle(c->swarm))) &&
           archiving_idle(c) && portmap_idle(&c->mapping) && c->jobs_under_way == 0 &&
           fifo_count(&c->jobs) == 0;
}

void core_free(struct core *c)
{
    struct event_slot slot;
    struct job *job;
    uint64_t *ticket;
    size_t cursor = 0;

    if (c == NULL)
        return;
    while (fifo_pop(&c->jobs, &job))
        job->drop(job);
    slot_clear(&c->told);
    while (fifo_pop(&c->events, &slot))
        slot_clear(&slot);
    clock_clear(&c->clock);
    chatting_clear(c);
    pushing_clear(c);
    candidates_clear(c);
    discovering_clear(c);
    stemming_clear(c);
    nearby_clear(c);
    topics_clear(c);
    host_free(c->host);
    swarm_free(c->swarm);
    noise_self_free(c->noise);
    archiving_clear(c);
    while ((ticket = map_next(&c->dials, &cursor, NULL)) != NULL)
        free(ticket);
    map_clear(&c->dials);
    fifo_clear(&c->events);
    fifo_clear(&c->jobs);
    for (size_t i = 0; i < c->strings_count; i++)
        free(c->strings[i]);
    free(c->strings);
    reaching_clear(c);
    free(c);
}
