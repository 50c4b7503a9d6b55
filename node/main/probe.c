/* sotto probe: a node of its own without relay and archive dials one peer and tells what it is. */
#include "crypto/keyring/keyring.h"
#include "net/wire/multiaddr.h"
#include "node/evio/evio.h"
#include "node/evio/logs.h"
#include "node/main/commands.h"

#include <stdio.h>

#define PROBE_SECONDS 15
#define TICKET_DIAL   1
#define TICKET_PING   2

struct probe {
    struct evio *evio;
    struct core *core;
    uint64_t peer;
    int64_t dialed_at_ns;
    bool connected, known, pinged, failed, foreign;
    uint16_t cluster; /* what we say we are of */
};

static void fail(struct probe *p, const char *what, enum err err)
{
    if (!p->failed)
        fprintf(stderr, "sotto: %s: %s\n", what, err_text(err));
    p->failed = true;
}

static void show_metadata(struct probe *p, const struct core_peer *peer)
{
    if (!peer->metadata_known) {
        printf("metadata   none: not a Waku node, or a client without shards\n");
        return;
    }
    p->foreign = peer->cluster != p->cluster;
    printf("cluster    %u%s\nshards    ", peer->cluster, p->foreign ? " (another than ours)" : "");
    for (size_t i = 0; i < peer->shards_count; i++)
        printf(" %u", peer->shards[i]);
    printf("%s\n", peer->shards_count == 0 ? " none" : "");
}

static void show_peer(struct probe *p)
{
    struct core_peer peer;
    if (p->known || !core_peer(p->core, p->peer, &peer))
        return;
    p->known = true;
    printf("peer id    %s\nagent      %s\n", peer.id,
           peer.agent == NULL || *peer.agent == '\0' ? "not told" : peer.agent);
    for (size_t i = 0; i < peer.protocols_count; i++)
        printf("%s %s\n", i == 0 ? "protocols " : "          ", peer.protocols[i]);
    show_metadata(p, &peer);
}

static void on_dialed(struct probe *p, const struct core_event *ev)
{
    const struct env *env = evio_env(p->evio);
    if (ev->err != OK) {
        fail(p,
             ev->err == ERR_AUTH ? "cannot connect: who answers is not the peer of that id"
                                 : "cannot connect",
             ev->err);
        return;
    }
    p->connected = true;
    p->peer = ev->peer;
    printf("connected  in %.1f ms\n", (double)(env->now.ns - p->dialed_at_ns) / 1e6);
    enum err err = core_ping(p->core, env, p->peer, TICKET_PING);
    if (err != OK)
        fail(p, "cannot ping", err);
    evio_touch(p->evio);
}

static void on_pong(struct probe *p, const struct core_event *ev)
{
    p->pinged = true;
    if (ev->err == OK)
        printf("ping       %.2f ms\n", (double)ev->round_trip_ns / 1e6);
    else if (!p->foreign)
        fail(p, "no answer to the ping", ev->err);
}

static void on_down(struct probe *p, const struct core_event *ev)
{
    if (p->foreign)
        p->pinged = true; /* it hung up on us, as it should */
    else
        fail(p, p->known ? "the peer hung up" : "the peer hung up before it said who it is",
             ev->err);
}

static void told(void *ctx, const struct core_event *ev)
{
    struct probe *p = ctx;
    switch (ev->kind) {
    case CORE_EVENT_DIALED:
        if (ev->ticket == TICKET_DIAL)
            on_dialed(p, ev);
        break;
    case CORE_EVENT_PEER_KNOWN:
        p->peer = ev->peer;
        show_peer(p);
        break;
    case CORE_EVENT_PEER_DOWN:
        on_down(p, ev);
        break;
    case CORE_EVENT_PONG:
        on_pong(p, ev);
        break;
    case CORE_EVENT_MESSAGE:
    case CORE_EVENT_ADDRESSES:
    case CORE_EVENT_PEER_UP:
    case CORE_EVENT_STORE_ANSWER:
    case CORE_EVENT_PUSHED:
    case CORE_EVENT_FILTERED:
    case CORE_EVENT_FILTER_ANSWER:
        break;
    }
    if (p->failed || (p->connected && p->known && p->pinged))
        evio_break(p->evio);
}

static void on_signal(void *ctx, int number)
{
    struct probe *p = ctx;
    (void)number;
    p->failed = true;
    evio_break(p->evio);
}

static void on_patience(void *ctx)
{
    struct probe *p = ctx;
    if (p->connected)
        show_peer(p); /* as much as it has told */
    fail(p, !p->connected ? "not connected" : "the peer did not answer everything", ERR_TIMEOUT);
    evio_break(p->evio);
}

static enum err run(struct probe *p, const struct conf *c, const struct keyring_host *key,
                    const char *address)
{
    struct core_config config = {.key = key,
                                 .agent_version = conf_text(c, CONF_AGENT_STRING),
                                 .cluster = p->cluster,
                                 .any_cluster = true,
                                 .shards_in_network =
                                     (uint16_t)conf_number(c, CONF_NUM_SHARDS_IN_NETWORK),
                                 .message_bytes_max = (size_t)conf_number(c, CONF_MAX_MSG_SIZE),
                                 .store_queue_bytes = 1u << 20,
                                 .store_page_max = 100,
                                 .connections_max = 8,
                                 .connections_per_ip = 8};
    TRY(core_new(&p->core, &config, evio_env(p->evio)));
    evio_attach(p->evio, p->core);
    printf("dialing    %s\n", address);
    p->dialed_at_ns = evio_env(p->evio)->now.ns;
    enum err err = core_connect(p->core, evio_env(p->evio), span_str(address), TICKET_DIAL);
    if (err != OK)
        return err;
    TRY(evio_every(p->evio, PROBE_SECONDS * NS_PER_S, on_patience, p));
    evio_run(p->evio);
    return OK;
}

static int probe(const struct conf *c, const char *address)
{
    struct probe p = {.cluster = (uint16_t)conf_number(c, CONF_CLUSTER_ID)};
    struct logs logs;
    struct keyring_host *key = NULL;
    const struct evio_owner owner = {.ctx = &p, .told = told, .signal = on_signal};
    enum log_level level = LOG_BROKEN;
    if (conf_given(c, CONF_LOG_LEVEL) && !logs_level(conf_text(c, CONF_LOG_LEVEL), &level))
        level = LOG_BROKEN;
    logs_init(&logs, stderr, level, false);
    enum err err = evio_new(&p.evio, &logs.log, &owner);
    if (err == OK)
        err = settings_name_servers(c, p.evio);
    if (err == OK)
        err = keyring_host_new(&key, evio_env(p.evio)->rng, KEYRING_HOST_ED25519);
    if (err == OK)
        err = run(&p, c, key, address);
    if (err != OK)
        fail(&p, address, err);
    if (p.core != NULL)
        evio_detach(p.evio);
    core_free(p.core);
    evio_free(p.evio);
    keyring_host_free(key);
    if (p.foreign)
        fprintf(stderr,
                "sotto: the peer is of another cluster; a node of ours would leave it "
                "(--cluster-id=%u here)\n",
                p.cluster);
    return p.failed ? EXIT_FAILED : p.foreign ? EXIT_FOREIGN : EXIT_DONE;
}

int command_probe(int argc, char **argv)
{
    struct conf c;
    struct multiaddr m;
    struct peer_id id;
    if (argc < 1 || multiaddr_parse(span_str(argv[0]), &m) != OK || !multiaddr_peer(&m, &id)) {
        fprintf(stderr,
                "sotto: %s%sprobe needs a multiaddr with /p2p, e.g. "
                "/ip4/127.0.0.1/tcp/60000/p2p/16Uiu2...\n",
                argc < 1 ? "" : argv[0], argc < 1 ? "" : ": ");
        return EXIT_USAGE;
    }
    int code = EXIT_USAGE;
    if (settings_load(&c, argc - 1, argv + 1) == OK)
        code = probe(&c, argv[0]);
    conf_clear(&c);
    return code;
}
