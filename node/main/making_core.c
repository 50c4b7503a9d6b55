/* The core, made of the configuration. */
#include "net/wire/multiaddr.h"
#include "node/main/node.h"
#include "node/nat/nat.h"

#include <stdio.h>

#define SHARDS_MAX  1024 /* conf: 0..1023 */
#define STATICS_MAX 256

/* --shard, else none with content topics or static sharding, else all of the network */
static size_t shards_of(const struct conf *c, uint16_t shards[SHARDS_MAX])
{
    size_t count = conf_count(c, CONF_SHARD);
    for (size_t i = 0; i < count && i < SHARDS_MAX; i++)
        shards[i] = (uint16_t)conf_number_at(c, CONF_SHARD, i);
    if (count > 0 || conf_count(c, CONF_CONTENT_TOPIC) > 0)
        return count;
    count = (size_t)conf_number(c, CONF_NUM_SHARDS_IN_NETWORK);
    for (size_t i = 0; i < count; i++)
        shards[i] = (uint16_t)i;
    return count;
}

/* Peers to stay connected with must be told apart, so each address names one. */
static enum err check_statics(const char *const *statics, size_t count)
{
    struct multiaddr m;
    struct peer_id id;
    for (size_t i = 0; i < count; i++)
        if (multiaddr_parse(span_str(statics[i]), &m) != OK || !multiaddr_peer(&m, &id)) {
            fprintf(stderr, "sotto: --staticnode=%s: no multiaddr that ends in /p2p/<peer id>\n",
                    statics[i]);
            return ERR_ARGUMENT;
        }
    return OK;
}

static size_t rate_limits_of(const struct conf *c, const char *texts[CONF_VALUES_MAX])
{
    size_t count = conf_count(c, CONF_RATE_LIMIT);
    for (size_t i = 0; i < count; i++)
        texts[i] = conf_at(c, CONF_RATE_LIMIT, i);
    return count;
}

static enum err check_rate_limits(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (core_check_rate_limit(texts[i]) != OK) {
            fprintf(stderr,
                    "sotto: --rate-limit=%s: [store|storev3|lightpush|px|filter:]<requests>/"
                    "<period><h|m|s|ms> is expected, as filter:30/1m\n",
                    texts[i]);
            return ERR_ARGUMENT;
        }
    return OK;
}

static size_t statics_of(const struct conf *c, const char *statics[STATICS_MAX])
{
    static const enum conf_id ids[] = {CONF_STATICNODE, CONF_ENTRY_NODE, CONF_LIGHTPUSHNODE,
                                       CONF_FILTERNODE, CONF_PEER_EXCHANGE_NODE};
    size_t count = 0;
    for (size_t k = 0; k < sizeof ids / sizeof ids[0]; k++)
        for (size_t i = 0; i < conf_count(c, ids[k]) && count < STATICS_MAX; i++)
            if (conf_at(c, ids[k], i)[0] == '/') /* --entry-node takes enr: and enrtree: too */
                statics[count++] = conf_at(c, ids[k], i);
    return count;
}

static size_t given_of(const struct conf *c, const char *given[CONF_VALUES_MAX])
{
    size_t count = conf_count(c, CONF_EXT_MULTIADDR);
    for (size_t i = 0; i < count; i++)
        given[i] = conf_at(c, CONF_EXT_MULTIADDR, i);
    return count;
}

/* What is announced must be an address, or nobody finds us and nobody is told. */
static enum err check_given(const char *const *given, size_t count)
{
    struct multiaddr m;
    for (size_t i = 0; i < count; i++)
        if (multiaddr_parse(span_str(given[i]), &m) != OK) {
            fprintf(stderr, "sotto: --ext-multiaddr=%s: no multiaddr\n", given[i]);
            return ERR_ARGUMENT;
        }
    return OK;
}

/* --nat=any, none, upnp[:our address], pmp[:gateway], extip:ADDRESS */
static enum err nat_of(const struct node *n, struct core_config *config,
                       struct portmap_port ports[PORTMAP_PORTS_MAX])
{
    static const struct {
        const char *name;
        unsigned methods;
    } rows[] = {{"none", 0},
                {"any", PORTMAP_UPNP | PORTMAP_PMP},
                {"upnp", PORTMAP_UPNP},
                {"pmp", PORTMAP_PMP}};
    const char *nat = conf_text(&n->conf, CONF_NAT);
    size_t len = strcspn(nat, ":");
    if (strncmp(nat, "extip:", 6) == 0)
        return OK;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strlen(rows[i].name) != len || strncmp(nat, rows[i].name, len) != 0)
            continue;
        config->map_methods = rows[i].methods;
        config->map_ports = rows[i].methods != 0 ? nat_ask : NULL;
        config->map_gateway = nat[len] == ':' ? nat + len + 1 : "";
        config->map = ports;
        ports[config->map_count++] = (struct portmap_port){.internal = n->tcp_port};
        if (n->ws_port != 0)
            ports[config->map_count++] = (struct portmap_port){.internal = n->ws_port};
        if (n->udp_port != 0)
            ports[config->map_count++] =
                (struct portmap_port){.udp = true, .internal = n->udp_port};
        return OK;
    }
    return ERR_ARGUMENT; /* conf_check took it: it cannot be */
}

/* Slots as nwaku shares them: relay peers are a share of all connections, rounded up, and a third
 * of them is dialed by us. */
static struct core_peering peering_of(const struct conf *c)
{
    double percent = 100, all = (double)conf_number(c, CONF_MAX_CONNECTIONS);
    (void)conf_relay_percent(c, &percent); /* conf_check has refused another one */
    double share = all * percent / 100;
    uint32_t relay = (uint32_t)share;
    relay += (double)relay < share;
    if (conf_given(c, CONF_MAX_RELAY_PEERS))
        relay = (uint32_t)conf_number(c, CONF_MAX_RELAY_PEERS);
    return (struct core_peering){.relay_out = relay / 3,
                                 .relay_in = relay - relay / 3,
                                 .service = (uint32_t)all > relay ? (uint32_t)all - relay : 0,
                                 .capacity = (uint32_t)conf_number(c, CONF_PEER_STORE_CAPACITY)};
}

/* What the configuration of the core borrows until it is made. */
struct lists {
    uint16_t shards[SHARDS_MAX];
    const char *statics[STATICS_MAX], *rates[CONF_VALUES_MAX], *given[CONF_VALUES_MAX];
    const char *outside[2];
    struct portmap_port ports[PORTMAP_PORTS_MAX];
};

static void set_addresses(const struct node *n, struct lists *l, struct core_config *out)
{
    const struct conf *c = &n->conf;
    l->outside[0] = n->addresses.outside[0];
    l->outside[1] = n->addresses.outside[1];
    out->listen = (const char *const *)n->addresses.announced;
    out->listen_count = n->addresses.announced_count;
    out->external = l->outside;
    out->external_count = n->addresses.outside_count;
    out->given = l->given;
    out->given_count = given_of(c, l->given);
    out->given_only = conf_bool(c, CONF_EXT_MULTIADDR_ONLY);
    out->autonat = conf_bool(c, CONF_AUTONAT);
    out->circuit_relay = conf_bool(c, CONF_CIRCUIT_RELAY) && !conf_bool(c, CONF_RELAY_CLIENT);
    out->relay_client = conf_bool(c, CONF_RELAY_CLIENT);
    out->private_addresses = conf_bool(c, CONF_PRIVATE_ADDRESSES);
}

static void set_peers(const struct node *n, struct lists *l, struct core_config *out)
{
    const struct conf *c = &n->conf;
    uint64_t per_ip = conf_number(c, CONF_IP_COLOCATION_LIMIT);
    out->statics = l->statics;
    out->statics_count = statics_of(c, l->statics);
    out->connections_max = (size_t)conf_number(c, CONF_MAX_CONNECTIONS);
    out->connections_per_ip = per_ip == 0 ? UINT32_MAX : (size_t)per_ip;
    out->peering = peering_of(c);
    out->known = n->known;
    out->mdns = conf_bool(c, CONF_MDNS);
    out->peer_exchange = conf_bool(c, CONF_PEER_EXCHANGE);
    out->rendezvous = conf_bool(c, CONF_RENDEZVOUS);
    out->rate_limits = l->rates;
    out->rate_limits_count = rate_limits_of(c, l->rates);
}

static void set_messages(const struct conf *c, struct core_config *out)
{
    const char *push = conf_text(c, CONF_LIGHTPUSHNODE);
    out->relay = conf_bool(c, CONF_RELAY);
    out->lightpush = conf_bool(c, CONF_LIGHTPUSH);
    out->lightpush_node = push[0] == '\0' ? NULL : push;
    out->filter = conf_bool(c, CONF_FILTER);
    out->filter_subscribers_max = (uint32_t)conf_number(c, CONF_FILTER_MAX_PEERS_TO_SERVE);
    out->filter_criteria_max = (uint32_t)conf_number(c, CONF_FILTER_MAX_CRITERIA);
    out->filter_timeout_s = (uint32_t)conf_number(c, CONF_FILTER_SUBSCRIPTION_TIMEOUT);
    out->filternode = conf_text(c, CONF_FILTERNODE);
    out->stem = conf_bool(c, CONF_STEM);
    out->flood_publish = conf_bool(c, CONF_FLOOD_PUBLISH);
    out->shard_bytes_s = conf_number(c, CONF_SHARD_BANDWIDTH);
    out->message_bytes_max = (size_t)conf_number(c, CONF_MAX_MSG_SIZE);
}

static void set_store(const struct node *n, struct core_config *out)
{
    const struct conf *c = &n->conf;
    const char *retention = conf_text(c, CONF_STORE_MESSAGE_RETENTION_POLICY);
    out->archive = n->archive;
    out->state = n->state;
    out->retention = strcmp(retention, "none") == 0 ? NULL : retention;
    out->store_queue_bytes = (size_t)conf_number(c, CONF_STORE_QUEUE_MB) << 20;
    out->store_overflow =
        conf_number(c, CONF_STORE_OVERFLOW) == 1 ? CORE_OVERFLOW_DROP : CORE_OVERFLOW_WAIT;
    out->store_page_max = 100;
    if (n->archive == NULL || !conf_bool(c, CONF_STORE_SYNC))
        return;
    out->sync_range_ns = (int64_t)conf_number(c, CONF_STORE_SYNC_RANGE) * NS_PER_S;
    out->sync_interval_ns = (int64_t)conf_number(c, CONF_STORE_SYNC_INTERVAL) * NS_PER_S;
    out->sync_jitter_ns = (int64_t)conf_number(c, CONF_STORE_SYNC_RELAY_JITTER) * NS_PER_S;
}

static enum err subscribe(struct node *n)
{
    const struct conf *c = &n->conf;
    for (size_t i = 0; i < conf_count(c, CONF_CONTENT_TOPIC); i++) {
        const char *topic = conf_at(c, CONF_CONTENT_TOPIC, i);
        char shard[32];
        enum err err = core_shard_of(n->core, span_str(topic), shard);
        if (err == OK)
            err = core_subscribe(n->core, evio_env(n->evio), span_str(shard));
        if (err != OK)
            return node_say(err, "--content-topic", topic);
    }
    return OK;
}

enum err node_make_core(struct node *n)
{
    const struct conf *c = &n->conf;
    struct lists lists;
    struct core_config config = {
        .key = n->key,
        .agent_version = conf_text(c, CONF_AGENT_STRING),
        .cluster = (uint16_t)conf_number(c, CONF_CLUSTER_ID),
        .shards_in_network = (uint16_t)conf_number(c, CONF_NUM_SHARDS_IN_NETWORK),
        .shards = lists.shards,
        .shards_count = shards_of(c, lists.shards),
    };
    set_addresses(n, &lists, &config);
    set_peers(n, &lists, &config);
    set_messages(c, &config);
    set_store(n, &config);
    TRY(check_statics(lists.statics, config.statics_count));
    TRY(check_rate_limits(lists.rates, config.rate_limits_count));
    TRY(check_given(lists.given, config.given_count));
    TRY(node_discovery(n, &config.discovery));
    TRY(nat_of(n, &config, lists.ports));
    enum err err = core_new(&n->core, &config, evio_env(n->evio));
    if (err != OK)
        return node_say(err, "the node could not be made", "");
    evio_attach(n->evio, n->core);
    return subscribe(n);
}
