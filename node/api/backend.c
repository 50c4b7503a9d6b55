/* The backend over a core: each function is one call. */
#include "node/api/backend.h"
#include "net/gossipsub/gossipsub.h"
#include "net/peers/peers.h"
#include "net/services/filter.h"
#include "net/services/lightpush.h"
#include "net/services/store_query.h"
#include "net/swarm/swarm.h"
#include "net/sync/sync.h"
#include "store/archive.h"

static struct core *core_of(void *state)
{
    return ((struct api_node *)state)->core;
}

static enum err publish(void *state, const struct env *env, struct span topic,
                        const struct core_message *m)
{
    return core_publish(core_of(state), env, topic, m, NULL);
}

static enum err push(void *state, const struct env *env, struct span topic,
                     const struct core_message *m, uint64_t ticket)
{
    return core_push(core_of(state), env, topic, m, ticket);
}

static enum err subscribe(void *state, const struct env *env, struct span topic)
{
    return core_subscribe(core_of(state), env, topic);
}

static enum err unsubscribe(void *state, const struct env *env, struct span topic)
{
    return core_unsubscribe(core_of(state), env, topic);
}

static enum err shard_of(void *state, struct span content_topic, char out[32])
{
    return core_shard_of(core_of(state), content_topic, out);
}

static enum err dial(void *state, const struct env *env, struct span multiaddr, uint64_t ticket)
{
    return core_connect(core_of(state), env, multiaddr, ticket);
}

static void hint(void *state, const struct env *env, struct span encoded_enr)
{
    if (core_hint(core_of(state), env, encoded_enr) != OK)
        log_debug(env, "chat", "a record in a card is malformed");
}

static enum err query(void *state, const struct env *env, const struct store_query *q,
                      struct span peer_addr, uint64_t ticket)
{
    return core_query(core_of(state), env, q, peer_addr, ticket);
}

static enum err filter(void *state, const struct env *env, const struct filter_request *request,
                       uint64_t ticket)
{
    return core_filter(core_of(state), env, request, ticket);
}

static bool filter_next(void *state, size_t cursor[2], struct filter_criterion_view *out)
{
    const struct filter_server *s = core_filter_server(core_of(state));
    return s != NULL && filter_server_next(s, cursor, out);
}

static bool topics(void *state, size_t *cursor, struct span *out)
{
    return core_topics(core_of(state), cursor, out);
}

static bool peers(void *state, size_t *cursor, struct core_peer *out)
{
    return core_peers(core_of(state), cursor, out);
}

static bool topic_peer(void *state, struct span topic, bool mesh, size_t i, struct core_peer *out)
{
    struct core *c = core_of(state);
    uint64_t peer;
    return core_gossipsub(c) != NULL &&
           gossipsub_topic_peer(core_gossipsub(c), topic, mesh, i, &peer) &&
           core_peer(c, peer, out);
}

static bool topic_view(void *state, size_t *cursor, struct gossipsub_topic_view *out)
{
    struct gossipsub *g = core_gossipsub(core_of(state));
    return g != NULL && gossipsub_topic_next(g, cursor, out);
}

static bool services(void *state, size_t *cursor, struct core_service *out)
{
    return core_services(core_of(state), cursor, out);
}

static const char *address(void *state, size_t i)
{
    struct api_node *n = state;
    return n->world.address(n->world.state, i);
}

static const char *enr(void *state)
{
    return core_enr(core_of(state));
}

static enum err archive_health(void *state)
{
    return core_archive_health(core_of(state));
}

static bool clock_of(void *state, int64_t *ns)
{
    return core_clock_offset(core_of(state), ns);
}

static bool log_level(void *state, const char *name)
{
    struct api_node *n = state;
    return n->world.log_level(n->world.state, name);
}

static void numbers(void *state, struct api_numbers *out)
{
    struct api_node *n = state;
    struct core *c = n->core;
    struct archive_stats stats;
    struct core_reach reach;
    size_t waiting = 0;
    *out = (struct api_numbers){.core = core_counters(c)};
    core_reach(c, &reach);
    out->autonat = reach.autonat;
    out->circuits = reach.relay;
    out->dcutr = reach.dcutr;
    out->circuit_reservations = reach.relay_reservations;
    out->circuits_open = reach.relay_circuits;
    out->reach = reach.reach;
    out->reach_confidence = reach.confidence;
    if (core_gossipsub(c) != NULL)
        out->gossipsub = gossipsub_counts(core_gossipsub(c));
    if (core_swarm(c) != NULL)
        out->swarm = swarm_counters(core_swarm(c));
    if (core_known(c) != NULL)
        out->peers = peers_counters(core_known(c));
    if (core_store_server(c) != NULL)
        out->store = store_server_counters(core_store_server(c));
    out->stem = core_stem(c);
    if (core_lightpush_server(c) != NULL)
        out->lightpush = lightpush_server_counters(core_lightpush_server(c));
    if (core_filter_server(c) != NULL)
        out->filter = filter_server_counters(core_filter_server(c));
    out->filter_client = filter_client_counters(core_filter_client(c));
    if (core_sync(c) != NULL) {
        out->sync = sync_counters(core_sync(c));
        out->sync_ids = sync_ids(core_sync(c));
        out->sync_ready = sync_is_ready(core_sync(c));
    }
    if (core_archive(c) != NULL && archive_stats(core_archive(c), &stats) == OK) {
        out->archive_messages = stats.entries;
        out->archive_bytes = stats.bytes;
        out->archive_segments = stats.segments;
    }
    out->archive_waiting_bytes = core_archive_waiting(c, &waiting);
    out->archive_waiting_messages = waiting;
    core_discovered(c, &out->discovered);
    n->world.process(n->world.state, out);
}

void api_backend_core(struct api_backend *out, struct api_node *node)
{
    *out = (struct api_backend){.state = node,
                                .publish = publish,
                                .push = push,
                                .subscribe = subscribe,
                                .unsubscribe = unsubscribe,
                                .shard_of = shard_of,
                                .connect = dial,
                                .hint = hint,
                                .query = query,
                                .filter = filter,
                                .filter_next = filter_next,
                                .topics = topics,
                                .peers = peers,
                                .topic_peer = topic_peer,
                                .topic_view = topic_view,
                                .services = services,
                                .address = address,
                                .enr = enr,
                                .archive_health = archive_health,
                                .clock_offset = clock_of,
                                .log_level = log_level,
                                .numbers = numbers};
}
