/* Finding others and being found: our node record, discv5, lists in DNS. What is found goes to
 * core_candidate_enr. */
#include "net/discovery/discovery.h"
#include "node/core/inside.h"

#include "net/wire/ip.h"

#include <stdlib.h>

/* ---- our own record ---- */

/* What we serve, as in 31/WAKU2-ENR; each service that is mounted adds its bit. */
static uint8_t offers_of(const struct core *c)
{
    unsigned offers = 0;

    offers |= c->config.relay ? ENR_RELAY : 0u;
    offers |= c->archiving.archive != NULL ? ENR_STORE : 0u;
    offers |= c->config.filter ? ENR_FILTER : 0u;
    offers |= host_sync(c->host) != NULL ? ENR_SYNC : 0u;
    offers |= c->config.lightpush && c->config.relay ? ENR_LIGHTPUSH : 0u;
    return (uint8_t)offers;
}

static void describe(const struct core *c, struct enr_content *out)
{
    const struct discovering *d = &c->discovering;
    uint8_t outside[16]; /* the gateway's address is announced with the TCP port */
    uint16_t external;
    size_t count;
    const struct multiaddr *announced = core_announced(c, &count);

    *out = (struct enr_content){.offers = offers_of(c),
                                .sharded = true,
                                .cluster = c->config.cluster,
                                .shards = c->topics.shards,
                                .shards_count = c->topics.shards_count};
    enr_content_addresses(out, announced, count);
    out->udp = c->config.discovery.udp_port;
    if (core_mapped_udp(c, c->config.discovery.udp_port, outside, &external))
        out->udp = external;
    if (d->seen_port == 0)
        return;
    /* where others see us: they should know */
    out->udp = ip_v4(d->seen_ip) != NULL ? d->seen_port : out->udp;
    out->udp6 = ip_v4(d->seen_ip) == NULL ? d->seen_port : 0;
    out->has_ip4 = out->has_ip4 || ip_v4(d->seen_ip) != NULL;
    out->has_ip6 = out->has_ip6 || ip_v4(d->seen_ip) == NULL;
    memcpy(ip_v4(d->seen_ip) != NULL ? out->ip4 : out->ip6, d->seen_ip, sizeof d->seen_ip);
}

/* Sign anew when what it says has changed. Its number begins at the unix time, so that it grows
 * over restarts without being stored. */
static void refresh(struct core *c, const struct env *env)
{
    struct discovering *d = &c->discovering;
    struct enr_content content;
    struct enr fresh;

    d->stale = false;
    describe(c, &content);
    content.seq = d->self.seq;
    if (d->self.len > 0 && record_sign(c->config.key, &content, &fresh) == OK &&
        span_eq(enr_span(&fresh), enr_span(&d->self)))
        return; /* signatures are deterministic */
    content.seq = d->self.len > 0 ? d->self.seq + 1 : (uint64_t)(env->wall.ns / NS_PER_S);
    enum err err = record_sign(c->config.key, &content, &fresh);
    if (err != OK) {
        log_unusual(env, "discovery", "no record err=%s", err_name(err));
        return;
    }
    d->self = fresh;
    enr_text(&d->self, d->text);
    if (d->discv5 != NULL)
        discv5_set_self(d->discv5, &d->self);
    log_debug(env, "discovery", "record seq=%llu enr=%s", (unsigned long long)d->self.seq, d->text);
}

void discovering_changed(struct core *c)
{
    c->discovering.stale = keyring_host_kind(c->config.key) == KEYRING_HOST_SECP256K1;
}

const char *core_enr(const struct core *c)
{
    return c->discovering.text;
}

const struct enr *core_enr_record(const struct core *c)
{
    return c->discovering.self.len > 0 ? &c->discovering.self : NULL;
}

/* ---- what is found ---- */

static const enum peers_source sources[CORE_SOURCES] = {
    [CORE_SOURCE_BOOTSTRAP] = PEERS_BOOTSTRAP,
    [CORE_SOURCE_DISCV5] = PEERS_DISCV5,
    [CORE_SOURCE_DNS] = PEERS_DNS,
    [CORE_SOURCE_PEER_EXCHANGE] = PEERS_PX,
};

enum err core_hint(struct core *c, const struct env *env, struct span encoded_enr)
{
    struct enr enr;

    TRY(enr_decode(encoded_enr, &enr));
    core_candidate_enr(c, env, &enr, CORE_SOURCE_BOOTSTRAP);
    return OK;
}

void core_candidate_enr(struct core *c, const struct env *env, const struct enr *enr,
                        enum core_source source)
{
    struct discovering *d = &c->discovering;
    struct peer_id id;
    char text[PEER_ID_TEXT_MAX];

    enr_peer_id(enr, &id);
    if (peer_id_eq(&id, &c->self))
        return;
    d->candidates[source]++;
    candidates_enr(c, env, enr, sources[source], 0);
    if (d->by_shard == NULL)
        d->by_shard = calloc(CORE_SHARDS_MAX, sizeof *d->by_shard);
    for (uint16_t shard = 0; d->by_shard != NULL && shard < CORE_SHARDS_MAX; shard++)
        d->by_shard[shard] += enr_has_shard(enr, c->config.cluster, shard);
    peer_id_text(&id, text);
    log_debug(env, "discovery", "candidate source=%d peer=%s", source, text);
}

void core_discovered(const struct core *c, struct core_discovered *out)
{
    const struct discovering *d = &c->discovering;

    *out = (struct core_discovered){.by_source = d->candidates, .by_shard = d->by_shard};
    if (d->discv5 != NULL) {
        out->discv5 = discv5_counters(d->discv5);
        out->nodes = discv5_nodes(d->discv5, &out->nodes_proven);
    }
    out->px = host_px(c->host);
    out->px_records = c->candidates.px_records;
    out->px_invalid = c->candidates.px_invalid;
    out->px_errors = c->candidates.px_errors;
    if (d->dns != NULL)
        out->dns = dns_counters(d->dns);
}

/* ---- the engines ---- */

void core_datagram(struct core *c, const struct env *env, const struct endpoint *from,
                   struct span bytes)
{
    struct udp_addr addr = {.port = from->port};

    memcpy(addr.ip, from->ip, sizeof addr.ip);
    if (c->discovering.discv5 != NULL && !c->stopping)
        discv5_datagram(c->discovering.discv5, env, &addr, bytes);
}

static void endpoint_seen(struct core *c, const struct env *env, const struct udp_addr *seen)
{
    struct discovering *d = &c->discovering;
    char ip[IP_TEXT_MAX];

    memcpy(d->seen_ip, seen->ip, sizeof d->seen_ip);
    d->seen_port = seen->port;
    ip_text(seen->ip, ip);
    log_info(env, "discovery", "seen at ip=%s port=%u", ip, seen->port);
    refresh(c, env);
}

static void pump_discv5(struct core *c, const struct env *env, const struct port *port)
{
    struct discv5_out out;

    while (discv5_poll(c->discovering.discv5, &out)) {
        struct endpoint to = {.port = out.to.port};
        switch (out.kind) {
        case DISCV5_OUT_DATAGRAM:
            memcpy(to.ip, out.to.ip, sizeof to.ip);
            port->datagram(port->world, &to, out.bytes);
            break;
        case DISCV5_OUT_FOUND:
            core_candidate_enr(c, env, out.enr, CORE_SOURCE_DISCV5);
            break;
        case DISCV5_OUT_ENDPOINT:
            endpoint_seen(c, env, &out.to);
            break;
        }
    }
}

static void pump_dns(struct core *c, const struct env *env, const struct port *port)
{
    struct dns_out out;

    while (dns_poll(c->discovering.dns, &out)) {
        if (out.kind == DNS_OUT_LOOKUP) {
            port->resolve(port->world, out.query, out.name, CORE_DNS_TXT);
            continue;
        }
        core_candidate_enr(c, env, out.enr, CORE_SOURCE_DNS);
        if (c->discovering.discv5 == NULL || !out.enr->is_waku)
            continue;
        enum err err = discv5_bootstrap(c->discovering.discv5, out.enr); /* such, too */
        if (err != OK)
            log_debug(env, "discovery", "no bootstrap err=%s", err_name(err));
    }
}

void discovering_pump(struct core *c, const struct env *env, const struct port *port)
{
    struct discovering *d = &c->discovering;

    if (d->stale)
        refresh(c, env);
    if (c->stopping)
        return;
    if (d->discv5 != NULL)
        pump_discv5(c, env, port);
    if (d->dns != NULL)
        pump_dns(c, env, port);
}

bool discovering_resolved(struct core *c, const struct env *env, uint64_t query, enum err err,
                          const struct span *answers, size_t count)
{
    if (query % 2 == 0) /* the swarm's */
        return false;
    if (c->discovering.dns != NULL)
        dns_answer(c->discovering.dns, env, query, err, answers, count);
    return true;
}

void discovering_tick(struct core *c, const struct env *env)
{
    if (c->stopping)
        return;
    if (c->discovering.discv5 != NULL)
        discv5_tick(c->discovering.discv5, env);
    if (c->discovering.dns != NULL)
        dns_tick(c->discovering.dns, env);
}

struct mono discovering_deadline(const struct core *c)
{
    struct mono due = MONO_NEVER;

    if (c->stopping)
        return due;
    if (c->discovering.discv5 != NULL)
        due = discv5_deadline(c->discovering.discv5);
    if (c->discovering.dns != NULL)
        due = mono_min(due, dns_deadline(c->discovering.dns));
    return due;
}

/* ---- life ---- */

static enum err begin_discv5(struct core *c, const struct env *env)
{
    const struct core_discovery *conf = &c->config.discovery;
    struct discovering *d = &c->discovering;
    struct discv5_params params = {.key = c->config.key,
                                   .protocol = DISCV5_PROTOCOL_WAKU,
                                   .cluster = c->config.cluster,
                                   .any_cluster = c->config.any_cluster,
                                   .table_ip_limit = conf->table_ip_limit,
                                   .bucket_ip_limit = conf->bucket_ip_limit,
                                   .auto_update = conf->auto_update,
                                   .v6 = conf->v6};

    return discv5_new(&d->discv5, env, &params, &d->self);
}

/* They are peers, too (so nwaku sees it), whether or not discv5 begins with them. */
static enum err take_bootstraps(struct core *c, const struct env *env)
{
    const struct core_discovery *conf = &c->config.discovery;
    struct enr enr;

    for (size_t i = 0; i < conf->bootstraps_count; i++) {
        TRY(enr_parse(span_str(conf->bootstraps[i]), &enr));
        core_candidate_enr(c, env, &enr, CORE_SOURCE_BOOTSTRAP);
        if (c->discovering.discv5 != NULL)
            TRY(discv5_bootstrap(c->discovering.discv5, &enr));
    }
    return OK;
}

enum err discovering_init(struct core *c, const struct env *env)
{
    const struct core_discovery *conf = &c->config.discovery;
    struct discovering *d = &c->discovering;

    if (keyring_host_kind(c->config.key) == KEYRING_HOST_SECP256K1)
        refresh(c, env);
    if (conf->discv5)
        TRY(begin_discv5(c, env));
    TRY(take_bootstraps(c, env));
    if (conf->lists_count > 0)
        TRY(dns_new(&d->dns, env));
    for (size_t i = 0; i < conf->lists_count; i++)
        TRY(dns_add(d->dns, env, span_str(conf->lists[i])));
    /* borrowed during core_new only */
    c->config.discovery.bootstraps = c->config.discovery.lists = NULL;
    c->config.discovery.bootstraps_count = c->config.discovery.lists_count = 0;
    return OK;
}

void discovering_clear(struct core *c)
{
    discv5_free(c->discovering.discv5);
    dns_free(c->discovering.dns);
    free(c->discovering.by_shard);
    c->discovering = (struct discovering){0};
}
