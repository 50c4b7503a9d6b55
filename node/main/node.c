/* sotto node: its life. The parts are made in making.c, the addresses in listening.c. */
#include "node/main/node.h"
#include "crypto/keyring/keyring.h"
#include "store/archive.h"
#include "store/kv.h"
#include "store/peers.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define STOP_SECONDS 8 /* for queues and commits; then the loop ends in any case */

enum err node_say(enum err err, const char *what, const char *detail)
{
    const char *why = err == ERR_IO && errno != 0 ? strerror(errno) : err_text(err);
    fprintf(stderr, "sotto: %s%s%s: %s\n", what, *detail == '\0' ? "" : " ", detail, why);
    return err;
}

/* ---- what the world tells ---- */

static void told(void *ctx, const struct core_event *ev)
{
    struct node *n = ctx;
    api_event(n->api, evio_env(n->evio), ev);
    if (ev->kind == CORE_EVENT_ADDRESSES && node_full_addresses(n) != OK)
        log_unusual(evio_env(n->evio), "main", "addresses not shown: memory is out");
    if (ev->kind == CORE_EVENT_STORE_ANSWER || ev->kind == CORE_EVENT_DIALED ||
        ev->kind == CORE_EVENT_PUSHED || ev->kind == CORE_EVENT_FILTER_ANSWER)
        http_flush(n->http);
}

static void pumped(void *ctx)
{
    struct node *n = ctx;
    if (n->http != NULL)
        http_stream(n->http);
    if (n->pumped != NULL)
        n->pumped(n->pumped_ctx);
}

static void on_patience(void *ctx)
{
    struct node *n = ctx;
    log_unusual(evio_env(n->evio), "main", "stop timeout seconds=%d", STOP_SECONDS);
    evio_break(n->evio);
}

void node_stop(struct node *n)
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
    struct node *n = ctx;
    if (number == SIGHUP) {
        reload(n);
        evio_tls_reload(n->evio);
    } else {
        node_stop(n);
    }
}

static void warn(struct node *n)
{
    for (const struct conf_item *w = NULL; (w = conf_warning(&n->conf, w)) != NULL;)
        log_unusual(evio_env(n->evio), "conf", "%s", w->text);
}

enum err node_begin(struct node *n)
{
    const struct evio_owner owner = {.ctx = n, .told = told, .pumped = pumped, .signal = on_signal};
    enum err err = evio_new(&n->evio, &n->logs.log, &owner);
    if (err != OK)
        return node_say(err, "no event loop", "");
    warn(n);
    evio_raise_files();
    TRY(settings_name_servers(&n->conf, n->evio));
    TRY(node_open_data(n));
    TRY(node_listen(n));
    TRY(node_listen_udp(n));
    TRY(node_join_local(n));
    TRY(node_make_core(n));
    TRY(node_full_addresses(n));
    TRY(node_open_chats(n));
    TRY(node_make_api(n));
    TRY(node_serve_chats(n));
    return node_listen_http(n);
}

void node_take_apart(struct node *n)
{
    http_free(n->http);
    if (n->core != NULL)
        evio_detach(n->evio);
    api_free(n->api);
    node_close_chats(n);
    core_free(n->core);
    archive_close(n->archive);
    kv_close(n->state);
    peer_table_close(n->known);
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
        err = node_begin(n);
    }
    if (err == OK) {
        node_greet(n);
        node_leave_address(n);
        evio_run(n->evio);
    }
    node_take_apart(n);
    free(n);
    return err == OK ? EXIT_DONE : err == ERR_ARGUMENT ? EXIT_USAGE : EXIT_FAILED;
}
