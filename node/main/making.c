/* The parts of a node, made of the configuration: data folder, key, archive, core, api. */
#include "net/wire/multiaddr.h"
#include "node/main/data.h"
#include "node/main/node.h"
#include "node/main/process.h"
#include "node/nat/nat.h"
#include "store/archive.h"
#include "store/kv.h"
#include "store/peers.h"

#include <stdio.h>
#include <time.h>

#define SHARDS_MAX  1024 /* conf: 0..1023 */
#define STATICS_MAX 256

/* A table that cannot be opened costs what was remembered; the node starts all the same. */
static void open_known(struct node *n)
{
    char path[DATA_PATH_MAX];
    if (!conf_bool(&n->conf, CONF_PEER_PERSISTENCE) || data_path(&n->conf, "peers", path) != OK)
        return;
    enum err err = peer_table_open_lmdb(&n->known, path);
    if (err != OK)
        log_unusual(evio_env(n->evio), "main", "peers are not remembered folder=%s err=%s", path,
                    err_name(err));
}

static enum err open_archive(struct node *n)
{
    struct retention keep;
    char path[DATA_PATH_MAX];
    const char *policy = conf_text(&n->conf, CONF_STORE_MESSAGE_RETENTION_POLICY);
    enum err err = retention_parse(span_str(policy), &keep);
    if (err != OK) {
        fprintf(stderr,
                "sotto: --store-message-retention-policy=%s: time:<seconds>, size:<n>GB or "
                "capacity:<messages> is expected, or several joined by ';', or none\n",
                policy);
        return ERR_ARGUMENT;
    }
    open_known(n);
    if (!conf_bool(&n->conf, CONF_STORE))
        return OK;
    TRY(data_path(&n->conf, "archive", path));
    err = archive_open_lmdb(&n->archive, path, &keep);
    return err == OK ? OK : node_say(err, "cannot open the archive", path);
}

/* Small facts that outlive a run. */
static enum err open_state(struct node *n)
{
    static const char *const tables[] = {"resume", NULL}; /* CORE_RESUME_TABLE */
    char path[DATA_PATH_MAX];
    if (n->archive == NULL || !conf_bool(&n->conf, CONF_STORE_RESUME))
        return OK;
    TRY(data_path(&n->conf, "state", path));
    enum err err = kv_open_lmdb(&n->state, path, tables);
    return err == OK ? OK : node_say(err, "cannot open the state", path);
}

enum err node_open_data(struct node *n)
{
    char path[DATA_PATH_MAX] = "";
    enum err err = data_path(&n->conf, NULL, path);
    if (err == OK)
        err = data_open(&n->conf, &n->lock);
    if (err == ERR_LOCKED) {
        fprintf(stderr,
                "sotto: the data folder %s is in use by another process; stop it, or give this one "
                "a folder of its own (--data-dir)\n",
                path);
        return err;
    }
    if (err != OK)
        return node_say(err, "cannot use the data folder (--data-dir)", path);
    err = data_key(&n->conf, evio_env(n->evio)->rng, &n->key);
    if (err != OK)
        return node_say(err, "cannot use the node key of", path);
    TRY(open_archive(n));
    return open_state(n);
}

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

enum err node_make_core(struct node *n)
{
    const struct conf *c = &n->conf;
    uint16_t shards[SHARDS_MAX];
    const char *statics[STATICS_MAX], *rates[CONF_VALUES_MAX];
    const char *retention = conf_text(c, CONF_STORE_MESSAGE_RETENTION_POLICY);
    uint64_t per_ip = conf_number(c, CONF_IP_COLOCATION_LIMIT);
    const char *outside[2] = {n->addresses.outside[0], n->addresses.outside[1]};
    const char *given[CONF_VALUES_MAX];
    struct portmap_port ports[PORTMAP_PORTS_MAX];
    struct core_config config = {
        .key = n->key,
        .archive = n->archive,
        .agent_version = conf_text(c, CONF_AGENT_STRING),
        .cluster = (uint16_t)conf_number(c, CONF_CLUSTER_ID),
        .shards_in_network = (uint16_t)conf_number(c, CONF_NUM_SHARDS_IN_NETWORK),
        .shards = shards,
        .shards_count = shards_of(c, shards),
        .listen = (const char *const *)n->addresses.announced,
        .listen_count = n->addresses.announced_count,
        .external = outside,
        .external_count = n->addresses.outside_count,
        .given = given,
        .given_count = given_of(c, given),
        .given_only = conf_bool(c, CONF_EXT_MULTIADDR_ONLY),
        .autonat = conf_bool(c, CONF_AUTONAT),
        .circuit_relay = conf_bool(c, CONF_CIRCUIT_RELAY) && !conf_bool(c, CONF_RELAY_CLIENT),
        .relay_client = conf_bool(c, CONF_RELAY_CLIENT),
        .private_addresses = conf_bool(c, CONF_PRIVATE_ADDRESSES),
        .statics = statics,
        .statics_count = statics_of(c, statics),
        .relay = conf_bool(c, CONF_RELAY),
        .lightpush = conf_bool(c, CONF_LIGHTPUSH),
        .lightpush_node =
            conf_text(c, CONF_LIGHTPUSHNODE)[0] == '\0' ? NULL : conf_text(c, CONF_LIGHTPUSHNODE),
        .filter = conf_bool(c, CONF_FILTER),
        .filter_subscribers_max = (uint32_t)conf_number(c, CONF_FILTER_MAX_PEERS_TO_SERVE),
        .filter_criteria_max = (uint32_t)conf_number(c, CONF_FILTER_MAX_CRITERIA),
        .filter_timeout_s = (uint32_t)conf_number(c, CONF_FILTER_SUBSCRIPTION_TIMEOUT),
        .filternode = conf_text(c, CONF_FILTERNODE),
        .stem = conf_bool(c, CONF_STEM),
        .flood_publish = conf_bool(c, CONF_FLOOD_PUBLISH),
        .shard_bytes_s = conf_number(c, CONF_SHARD_BANDWIDTH),
        .message_bytes_max = (size_t)conf_number(c, CONF_MAX_MSG_SIZE),
        .store_queue_bytes = (size_t)conf_number(c, CONF_STORE_QUEUE_MB) << 20,
        .store_overflow =
            conf_number(c, CONF_STORE_OVERFLOW) == 1 ? CORE_OVERFLOW_DROP : CORE_OVERFLOW_WAIT,
        .store_page_max = 100,
        .connections_max = (size_t)conf_number(c, CONF_MAX_CONNECTIONS),
        .connections_per_ip = per_ip == 0 ? UINT32_MAX : (size_t)per_ip,
        .peering = peering_of(c),
        .known = n->known,
        .mdns = conf_bool(c, CONF_MDNS),
        .peer_exchange = conf_bool(c, CONF_PEER_EXCHANGE),
        .rendezvous = conf_bool(c, CONF_RENDEZVOUS),
        .rate_limits = rates,
        .rate_limits_count = rate_limits_of(c, rates),
        .state = n->state,
        .retention = strcmp(retention, "none") == 0 ? NULL : retention,
    };
    if (n->archive != NULL && conf_bool(c, CONF_STORE_SYNC)) {
        config.sync_range_ns = (int64_t)conf_number(c, CONF_STORE_SYNC_RANGE) * NS_PER_S;
        config.sync_interval_ns = (int64_t)conf_number(c, CONF_STORE_SYNC_INTERVAL) * NS_PER_S;
        config.sync_jitter_ns = (int64_t)conf_number(c, CONF_STORE_SYNC_RELAY_JITTER) * NS_PER_S;
    }
    TRY(check_statics(statics, config.statics_count));
    TRY(check_rate_limits(rates, config.rate_limits_count));
    TRY(check_given(given, config.given_count));
    TRY(node_discovery(n, &config.discovery));
    TRY(nat_of(n, &config, ports));
    enum err err = core_new(&n->core, &config, evio_env(n->evio));
    if (err != OK)
        return node_say(err, "the node could not be made", "");
    evio_attach(n->evio, n->core);
    for (size_t i = 0; i < conf_count(c, CONF_CONTENT_TOPIC); i++) {
        const char *topic = conf_at(c, CONF_CONTENT_TOPIC, i);
        char shard[32];
        err = core_shard_of(n->core, span_str(topic), shard);
        if (err == OK)
            err = core_subscribe(n->core, evio_env(n->evio), span_str(shard));
        if (err != OK)
            return node_say(err, "--content-topic", topic);
    }
    return OK;
}

/* ---- what only the world knows ---- */

static const char *world_address(void *state, size_t i)
{
    struct node *n = state;
    return i <= ADDRESSES_MAX ? n->full[i] : NULL;
}

static bool world_log_level(void *state, const char *name)
{
    struct node *n = state;
    return logs_level(name, &n->logs.log.min);
}

static void world_process(void *state, struct api_numbers *out)
{
    const struct node *n = state;
    process_numbers(out);
    for (int i = 0; i < JOB_LANES; i++)
        out->lanes[i] = evio_lane(n->evio, (enum job_lane)i);
}

enum err node_make_api(struct node *n)
{
    const struct conf *c = &n->conf;
    struct api_backend backend;
    struct api_config config = {
        .admin = conf_bool(c, CONF_REST_ADMIN),
        .origins = n->origins,
        .origins_count = conf_count(c, CONF_REST_ALLOW_ORIGIN),
        .cache_capacity = (size_t)conf_number(c, CONF_REST_RELAY_CACHE_CAPACITY),
        .rate = (uint32_t)conf_number(c, CONF_REST_RATE),
        .version = "v" SOTTO_VERSION,
        .relay = conf_bool(c, CONF_RELAY),
        .store = n->archive != NULL,
        .lightpush = conf_bool(c, CONF_LIGHTPUSH) && conf_bool(c, CONF_RELAY),
        .filter = conf_bool(c, CONF_FILTER),
        .peer_exchange = conf_bool(c, CONF_PEER_EXCHANGE),
        .storenode = conf_text(c, CONF_STORENODE),
        .started_s = (int64_t)time(NULL)};
    for (size_t i = 0; i < config.origins_count; i++)
        n->origins[i] = conf_at(c, CONF_REST_ALLOW_ORIGIN, i);
    n->api_node = (struct api_node){n->core, {n, world_address, world_log_level, world_process}};
    api_backend_core(&backend, &n->api_node);
    TRY(api_new(&n->api, &config, &backend, evio_env(n->evio)));
    return http_new(&n->http, n->evio, n->api);
}
