/* sotto node: configuration, key, archive, core, loop and servers put together, and taken apart. */
#include "node/api/backend.h"
#include "node/evio/evio.h"
#include "node/evio/http.h"
#include "node/evio/logs.h"
#include "node/main/addresses.h"
#include "node/main/commands.h"
#include "node/main/data.h"
#include "node/main/process.h"
#include "store/archive.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SHARDS_MAX   1024 /* conf: 0..1023 */
#define STOP_SECONDS 8    /* for queues and commits; then the loop ends in any case */
#define STATICS_MAX  256

struct node {
    struct conf conf;
    int argc;
    char **argv; /* for SIGHUP */
    struct logs logs;
    int lock;
    struct evio *evio;
    struct keyring_host *key;
    struct archive *archive;
    struct core *core;
    struct api *api;
    struct api_node api_node;
    struct http *http;
    struct addresses addresses;
    char *full[ADDRESSES_MAX + 1]; /* announced and local, with /p2p */
    uint16_t tcp_port, rest_port, metrics_port;
    const char *origins[CONF_VALUES_MAX];
    bool stopping;
};

/* One sentence for the person; the exit code. */
static enum err say(enum err err, const char *what, const char *detail)
{
    fprintf(stderr, "sotto: %s%s%s: %s\n", what, *detail == '\0' ? "" : " ", detail, err_text(err));
    return err;
}

/* ---- what the world tells ---- */

static void told(void *ctx, const struct core_event *ev)
{
    struct node *n = ctx;
    api_event(n->api, evio_env(n->evio), ev);
    if (ev->kind == CORE_EVENT_STORE_ANSWER || ev->kind == CORE_EVENT_DIALED)
        http_flush(n->http);
}

static void on_patience(void *ctx)
{
    struct node *n = ctx;
    log_unusual(evio_env(n->evio), "main", "stop timeout seconds=%d", STOP_SECONDS);
    evio_break(n->evio);
}

static void stop(struct node *n)
{
    if (n->stopping) { /* asked twice: at once */
        evio_break(n->evio);
        return;
    }
    n->stopping = true;
    log_info(evio_env(n->evio), "main", "stopping");
    core_stop(n->core, evio_env(n->evio));
    if (evio_every(n->evio, STOP_SECONDS * NS_PER_S, on_patience, n) != OK)
        evio_break(n->evio);
    evio_touch(n->evio);
}

/* What can change while running: level and form of the log, origins, rates need a new start. */
static void reload(struct node *n)
{
    struct conf fresh;
    enum err err = settings_load(&fresh, n->argc, n->argv);
    enum log_level level;
    if (err != OK) {
        log_unusual(evio_env(n->evio), "main", "reload refused reason=%s", fresh.error);
    } else if (logs_level(conf_text(&fresh, CONF_LOG_LEVEL), &level)) {
        n->logs.log.min = level;
        n->logs.json = conf_number(&fresh, CONF_LOG_FORMAT) == 1;
        log_info(evio_env(n->evio), "main", "reloaded level=%s", conf_text(&fresh, CONF_LOG_LEVEL));
    }
    conf_clear(&fresh);
}

static void on_signal(void *ctx, int number)
{
    if (number == SIGHUP)
        reload(ctx);
    else
        stop(ctx);
}

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
    (void)state;
    process_numbers(out);
}

/* ---- putting together ---- */

static enum err listen_tcp(struct node *n)
{
    const struct conf *c = &n->conf;
    uint16_t port = (uint16_t)conf_number(c, CONF_TCP_PORT), listening = 0;
    if (port != 0)
        port = (uint16_t)(port + conf_number(c, CONF_PORTS_SHIFT));
    for (size_t i = 0; i < conf_count(c, CONF_LISTEN_ADDRESS); i++) {
        const char *ip = conf_at(c, CONF_LISTEN_ADDRESS, i);
        uint16_t bound = 0;
        enum err err = evio_listen(n->evio, ip, port, &bound);
        if (err != OK && err != ERR_EXISTS && listening > 0 && !conf_given(c, CONF_LISTEN_ADDRESS))
            continue; /* no IPv6 here */
        if (err != OK) {
            char where[96];
            snprintf(where, sizeof where, "%s TCP port %u%s", ip, port,
                     err == ERR_EXISTS ? " is taken (--tcp-port)" : "");
            return say(err, "cannot listen at", where);
        }
        listening++;
        port = bound;
        TRY(addresses_listen(&n->addresses, ip, bound));
    }
    n->tcp_port = port;
    return addresses_told(&n->addresses, c, port);
}

static enum err open_archive(struct node *n)
{
    struct retention keep;
    char path[DATA_PATH_MAX];
    const char *policy = conf_text(&n->conf, CONF_STORE_MESSAGE_RETENTION_POLICY);
    enum err err = retention_parse(span_str(policy), &keep);
    if (err != OK)
        return say(err, "--store-message-retention-policy:", policy);
    if (!conf_bool(&n->conf, CONF_STORE))
        return OK;
    TRY(data_path(&n->conf, "archive", path));
    err = archive_open_lmdb(&n->archive, path, &keep);
    return err == OK ? OK : say(err, "cannot open the archive", path);
}

static enum err open_data(struct node *n)
{
    char path[DATA_PATH_MAX] = "";
    enum err err = data_path(&n->conf, NULL, path);
    if (err == OK)
        err = data_open(&n->conf, &n->lock);
    if (err != OK)
        return say(err,
                   err == ERR_LOCKED ? "another process uses the data folder"
                                     : "cannot use the data folder (--data-dir)",
                   path);
    err = data_key(&n->conf, evio_env(n->evio)->rng, &n->key);
    return err == OK ? open_archive(n) : say(err, "cannot use the node key of", path);
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

static size_t statics_of(const struct conf *c, const char *statics[STATICS_MAX])
{
    static const enum conf_id ids[] = {CONF_STATICNODE, CONF_ENTRY_NODE};
    size_t count = 0;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < conf_count(c, ids[k]) && count < STATICS_MAX; i++)
            statics[count++] = conf_at(c, ids[k], i);
    return count;
}

static enum err make_core(struct node *n)
{
    const struct conf *c = &n->conf;
    uint16_t shards[SHARDS_MAX];
    const char *statics[STATICS_MAX];
    const char *retention = conf_text(c, CONF_STORE_MESSAGE_RETENTION_POLICY);
    bool sotto = strcmp(conf_text(c, CONF_PRESET), "sotto") == 0;
    uint64_t per_ip = conf_number(c, CONF_IP_COLOCATION_LIMIT);
    struct core_config config = {
        .key = n->key,
        .archive = n->archive,
        .agent_version = conf_text(c, CONF_AGENT_STRING),
        .cluster = sotto ? 66 : (uint16_t)conf_number(c, CONF_CLUSTER_ID),
        .shards_in_network = sotto ? 8 : (uint16_t)conf_number(c, CONF_NUM_SHARDS_IN_NETWORK),
        .shards = shards,
        .shards_count = shards_of(c, shards),
        .listen = (const char *const *)n->addresses.announced,
        .listen_count = n->addresses.announced_count,
        .statics = statics,
        .statics_count = statics_of(c, statics),
        .relay = conf_bool(c, CONF_RELAY),
        .flood_publish = conf_bool(c, CONF_FLOOD_PUBLISH),
        .message_bytes_max = (size_t)conf_number(c, CONF_MAX_MSG_SIZE),
        .store_queue_bytes = (size_t)conf_number(c, CONF_STORE_QUEUE_MB) << 20,
        .store_overflow =
            conf_number(c, CONF_STORE_OVERFLOW) == 1 ? CORE_OVERFLOW_DROP : CORE_OVERFLOW_WAIT,
        .store_page_max = 100,
        .connections_max = (size_t)conf_number(c, CONF_MAX_CONNECTIONS),
        .connections_per_ip = per_ip == 0 ? UINT32_MAX : (size_t)per_ip,
        .retention = strcmp(retention, "none") == 0 ? NULL : retention,
    };
    enum err err = core_new(&n->core, &config, evio_env(n->evio));
    if (err != OK)
        return say(err, "the node could not be made", "");
    evio_attach(n->evio, n->core);
    for (size_t i = 0; i < conf_count(c, CONF_CONTENT_TOPIC); i++) {
        const char *topic = conf_at(c, CONF_CONTENT_TOPIC, i);
        char shard[32];
        err = core_shard_of(n->core, span_str(topic), shard);
        if (err == OK)
            err = core_subscribe(n->core, evio_env(n->evio), span_str(shard));
        if (err != OK)
            return say(err, "--content-topic", topic);
    }
    return OK;
}

static enum err full_addresses(struct node *n)
{
    size_t count = 0;
    for (size_t i = 0; i <= n->addresses.announced_count; i++) {
        const char *addr =
            i < n->addresses.announced_count ? n->addresses.announced[i] : n->addresses.local;
        if (addr == NULL || (i == n->addresses.announced_count && count > 0 &&
                             strncmp(n->full[0], addr, strlen(addr)) == 0))
            continue;
        size_t len = strlen(addr) + strlen(core_id(n->core)) + 8;
        n->full[count] = malloc(len);
        if (n->full[count] == NULL)
            return ERR_MEMORY;
        snprintf(n->full[count++], len, "%s/p2p/%s", addr, core_id(n->core));
    }
    return OK;
}

static enum err make_api(struct node *n)
{
    const struct conf *c = &n->conf;
    struct api_backend backend;
    struct api_config config = {.admin = conf_bool(c, CONF_REST_ADMIN),
                                .origins = n->origins,
                                .origins_count = conf_count(c, CONF_REST_ALLOW_ORIGIN),
                                .cache_capacity =
                                    (size_t)conf_number(c, CONF_REST_RELAY_CACHE_CAPACITY),
                                .rate = (uint32_t)conf_number(c, CONF_REST_RATE),
                                .version = "v" SOTTO_VERSION,
                                .relay = conf_bool(c, CONF_RELAY),
                                .store = n->archive != NULL,
                                .storenode = conf_text(c, CONF_STORENODE),
                                .started_s = (int64_t)time(NULL)};
    for (size_t i = 0; i < config.origins_count; i++)
        n->origins[i] = conf_at(c, CONF_REST_ALLOW_ORIGIN, i);
    n->api_node = (struct api_node){n->core, {n, world_address, world_log_level, world_process}};
    api_backend_core(&backend, &n->api_node);
    TRY(api_new(&n->api, &config, &backend, evio_env(n->evio)));
    return http_new(&n->http, n->evio, n->api);
}

static enum err listen_http(struct node *n, enum conf_id on, enum conf_id ip, enum conf_id port_id,
                            bool metrics, uint16_t *bound)
{
    const struct conf *c = &n->conf;
    if (!conf_bool(c, on))
        return OK;
    uint16_t port = (uint16_t)conf_number(c, port_id);
    if (port != 0)
        port = (uint16_t)(port + conf_number(c, CONF_PORTS_SHIFT));
    enum err err = http_listen(n->http, conf_text(c, ip), port, metrics, bound);
    if (err == OK)
        return OK;
    char where[128];
    snprintf(where, sizeof where, "%s port %u%s (--%s)", conf_text(c, ip), port,
             err == ERR_EXISTS ? ", which is taken" : "", conf_options[port_id].flag);
    return say(err, "cannot listen for HTTP at", where);
}

static void greet(const struct node *n)
{
    const struct conf *c = &n->conf;
    const char *rest = conf_text(c, CONF_REST_ADDRESS);
    if (strcmp(rest, "0.0.0.0") == 0)
        rest = "127.0.0.1";
    printf("sotto " SOTTO_VERSION "\npeer id    %s\n", core_id(n->core));
    for (size_t i = 0; n->full[i] != NULL; i++)
        printf("%s %s\n", i == 0 ? "addresses " : "          ", n->full[i]);
    if (n->rest_port != 0)
        printf("REST       http://%s:%u\n", rest, n->rest_port);
    if (n->metrics_port != 0)
        printf("metrics    http://%s:%u/metrics\n", conf_text(c, CONF_METRICS_SERVER_ADDRESS),
               n->metrics_port);
    if (n->rest_port != 0)
        printf("\ntry next:\n"
               "  curl -s http://%s:%u/health\n"
               "  curl -s -H 'Content-Type: application/json' "
               "-d '{\"payload\":\"aGVsbG8=\",\"contentTopic\":\"/try/1/sotto/proto\"}' \\\n"
               "       http://%s:%u/relay/v1/auto/messages\n"
               "  curl -s 'http://%s:%u/store/v3/messages?includeData=true'\n"
               "  sotto probe %s\n",
               rest, n->rest_port, rest, n->rest_port, rest, n->rest_port,
               n->full[0] != NULL ? n->full[0] : "MULTIADDR");
    fflush(stdout);
}

static void warn(struct node *n)
{
    for (const struct conf_item *w = NULL; (w = conf_warning(&n->conf, w)) != NULL;)
        log_unusual(evio_env(n->evio), "conf", "%s", w->text);
}

static enum err start(struct node *n)
{
    const struct evio_owner owner = {.ctx = n, .told = told, .signal = on_signal};
    enum err err = evio_new(&n->evio, &n->logs.log, &owner);
    if (err != OK)
        return say(err, "no event loop", "");
    warn(n);
    evio_raise_files();
    TRY(open_data(n));
    TRY(listen_tcp(n));
    TRY(make_core(n));
    TRY(full_addresses(n));
    TRY(make_api(n));
    TRY(listen_http(n, CONF_REST, CONF_REST_ADDRESS, CONF_REST_PORT, false, &n->rest_port));
    return listen_http(n, CONF_METRICS_SERVER, CONF_METRICS_SERVER_ADDRESS,
                       CONF_METRICS_SERVER_PORT, true, &n->metrics_port);
}

static void take_apart(struct node *n)
{
    http_free(n->http);
    if (n->core != NULL)
        evio_detach(n->evio);
    api_free(n->api);
    core_free(n->core);
    archive_close(n->archive);
    evio_free(n->evio);
    keyring_host_free(n->key);
    for (size_t i = 0; i <= ADDRESSES_MAX; i++)
        free(n->full[i]);
    addresses_clear(&n->addresses);
    if (n->lock >= 0)
        close(n->lock);
    conf_clear(&n->conf);
}

int command_node(int argc, char **argv)
{
    struct node *n = calloc(1, sizeof *n);
    enum log_level level = LOG_INFO;
    if (n == NULL)
        return EXIT_FAILED;
    n->argc = argc;
    n->argv = argv;
    n->lock = -1;
    enum err err = settings_load(&n->conf, argc, argv);
    if (err == OK && logs_level(conf_text(&n->conf, CONF_LOG_LEVEL), &level)) {
        logs_init(&n->logs, stderr, level, conf_number(&n->conf, CONF_LOG_FORMAT) == 1);
        err = start(n);
    }
    if (err == OK) {
        greet(n);
        evio_run(n->evio);
    }
    take_apart(n);
    free(n);
    return err == OK ? EXIT_DONE : err == ERR_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}
