/* The parts of a node, made of the configuration: data folder, key, archive, api. */
#include "node/main/data.h"
#include "node/main/node.h"
#include "node/main/process.h"
#include "store/archive.h"
#include "store/kv.h"
#include "store/peers.h"

#include <stdio.h>
#include <time.h>

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
