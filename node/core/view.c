/* Looking in, for REST and metrics: nothing here changes anything. */
#include "node/core/inside.h"

#include <stdio.h>

const char *core_id(const struct core *c)
{
    return c->id;
}

const struct core_counters *core_counters(const struct core *c)
{
    return &c->counters;
}

struct gossipsub *core_gossipsub(const struct core *c)
{
    return host_gossipsub(c->host);
}

struct sync *core_sync(const struct core *c)
{
    return host_sync(c->host);
}

const struct swarm *core_swarm(const struct core *c)
{
    return c->swarm;
}

const struct store_server *core_store_server(const struct core *c)
{
    return host_store_server(c->host);
}

size_t core_archive_waiting(const struct core *c, size_t *messages)
{
    if (messages != NULL)
        *messages = c->archiving.messages;
    return c->archiving.bytes;
}

enum err core_archive_health(const struct core *c)
{
    return c->archiving.health;
}

struct archive *core_archive(const struct core *c)
{
    return c->archiving.archive;
}

enum err core_check_rate_limit(const char *text)
{
    return host_check_rate_limit(text);
}

bool core_services(const struct core *c, size_t *cursor, struct core_service *out)
{
    const struct host_rate *r = host_rate(c->host, *cursor);

    if (r == NULL)
        return false;
    ++*cursor;
    *out = (struct core_service){.protocol = r->protocol,
                                 .limit_per_s = r->limit_per_s,
                                 .served = r->served,
                                 .rejected = r->rejected,
                                 .bytes_in = r->bytes_in,
                                 .bytes_out = r->bytes_out};
    return true;
}

bool core_clock_offset(const struct core *c, int64_t *ns)
{
    return clock_offset(&c->clock, ns);
}

static const char *origin(enum peers_source source)
{
    static const char *const origins[] = {
#define X(id, name, origin) origin,
        PEERS_SOURCES(X)
#undef X
    };

    return origins[source];
}

static void fill(const struct core *c, const struct host_peer *p, struct core_peer *out)
{
    struct gossipsub_peer_view view;
    struct multiaddr whole = p->remote;
    struct peers_view v;
    char text[MULTIADDR_TEXT_MAX];

    *out = (struct core_peer){
        .peer = p->peer,
        .connected = true,
        .origin = c->candidates.peers != NULL && peers_find(c->candidates.peers, &p->id, &v)
                      ? origin(v.source)
                      : "UnknownOrigin",
        .outbound = p->outbound,
        .metadata_known = p->metadata_known,
        .agent = p->agent,
        .protocols = (const char *const *)p->protocols,
        .protocols_count = p->protocols_count,
        .cluster = p->cluster,
        .shards = p->shards,
        .shards_count = p->shards_count,
        .ping_ns = p->ping_ns,
    };
    peer_id_text(&p->id, out->id);
    if (multiaddr_add_peer(&whole, &p->id) == OK) {
        multiaddr_text(&whole, text);
        snprintf(out->address, sizeof out->address, "%.*s", (int)sizeof out->address - 1, text);
    }
    if (host_gossipsub(c->host) != NULL &&
        gossipsub_peer_get(host_gossipsub(c->host), p->peer, &view))
        out->score = view.score;
}

const struct peers *core_known(const struct core *c)
{
    return c->candidates.peers;
}

/* One that is not connected. */
static void fill_known(const struct core *c, const struct peers_view *v, struct core_peer *out)
{
    struct lent *lent = c->candidates.lent;
    struct multiaddr addrs[PEERS_ADDRS_MAX];
    char text[MULTIADDR_TEXT_MAX] = "";

    *out = (struct core_peer){.agent = "",
                              .origin = origin(v->source),
                              .reached = v->worked_s != 0,
                              .failed = v->failures > 0,
                              .protocols = lent->protocols,
                              .shards = lent->shards};
    peer_id_text(v->id, out->id);
    if (peers_addrs(c->candidates.peers, v->id, addrs) > 0 &&
        multiaddr_add_peer(&addrs[0], v->id) == OK)
        multiaddr_text(&addrs[0], text);
    snprintf(out->address, sizeof out->address, "%.*s", (int)sizeof out->address - 1, text);
    out->protocols_count = candidates_protocols(v->capabilities, lent->protocols);
    for (uint16_t s = 0; v->shards_known && s < PEERS_SHARDS_MAX; s++)
        if (peers_shards_has(v->shards, s))
            lent->shards[out->shards_count++] = s;
    out->cluster = c->config.cluster;
}

#define KNOWN (SIZE_MAX / 2 + 1) /* from here on the cursor is one of the manager */

bool core_peers(const struct core *c, size_t *cursor, struct core_peer *out)
{
    const struct host_peer *p = *cursor >= KNOWN ? NULL : host_peers(c->host, cursor);
    size_t at = *cursor >= KNOWN ? *cursor - KNOWN : 0;
    struct peers_view v;

    if (p != NULL) {
        fill(c, p, out);
        return true;
    }
    while (c->candidates.peers != NULL && peers_next(c->candidates.peers, &at, &v)) {
        *cursor = KNOWN + at;
        if (v.peer != 0)
            continue; /* told already */
        fill_known(c, &v, out);
        return true;
    }
    return false;
}

bool core_peer(const struct core *c, uint64_t peer, struct core_peer *out)
{
    const struct host_peer *p = host_peer(c->host, peer);

    if (p != NULL)
        fill(c, p, out);
    return p != NULL;
}

bool core_in_mesh(const struct core *c, uint64_t peer, struct span pubsub_topic)
{
    const struct gossipsub *g = host_gossipsub(c->host);
    uint64_t member;

    for (size_t i = 0; g != NULL && gossipsub_topic_peer(g, pubsub_topic, true, i, &member); i++)
        if (member == peer)
            return true;
    return false;
}

size_t core_mesh_size(const struct core *c, struct span pubsub_topic)
{
    const struct gossipsub *g = host_gossipsub(c->host);
    struct gossipsub_topic_view view;

    return g != NULL && gossipsub_topic_get(g, pubsub_topic, &view) ? view.mesh : 0;
}

const struct stem_counters *core_stem(const struct core *c)
{
    return c->stem == NULL ? NULL : stem_counters(c->stem);
}

const struct lightpush_server *core_lightpush_server(const struct core *c)
{
    return host_lightpush_server(c->host);
}

size_t core_relay_waiting(const struct core *c)
{
    struct gossipsub *g = host_gossipsub(c->host);

    return g == NULL ? 0 : gossipsub_counts(g)->queued_bytes;
}
