#include "node/main/load.h"

#include "crypto/keyring/keyring.h"
#include "node/evio/evio.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOAD_BYTES_MIN 24u /* number, time, count */
#define LOAD_BYTES_MAX 150000u
#define LOAD_COUNT_MAX 100000000u
#define LOAD_SETTLE_MS 1500 /* after the mesh is there, before the first message */
#define LOAD_TICK_MS   5    /* of a sender with a rate */
#define LOAD_BURST     512u /* messages between two pumps of a sender without one */
#define LOAD_LATENCIES 4000000u

struct load {
    bool sending;
    const char *to;
    uint16_t port, cluster, shard;
    uint32_t count, bytes;
    double rate; /* messages a second; 0: as fast as they go */
    int64_t seconds;

    struct evio *evio;
    struct core *core;
    char topic[32];
    bool ready;
    int64_t ready_ns, begin_ns, end_ns;
    uint32_t done;    /* sent, or received for the first time */
    uint64_t refused; /* ERR_FULL */
    uint64_t twice, foreign;
    uint8_t *seen;   /* bit per number */
    uint64_t sum[4]; /* of all message hashes: equal sets, equal sums */
    uint32_t *latencies_us;
    size_t latencies_count;
    bool failed;
};

static void add_to_sum(struct load *l, const uint8_t hash[32])
{
    uint64_t word;

    for (size_t i = 0; i < 4; i++) {
        memcpy(&word, hash + 8 * i, sizeof word);
        l->sum[i] += word;
    }
}

/* What the streams still hold leaves first: others may be behind us in the line. */
static void leave(struct load *l)
{
    core_stop(l->core, evio_env(l->evio));
    evio_touch(l->evio);
}

/* ---- sending ---- */

static enum err send_one(struct load *l, const struct env *env)
{
    static uint8_t payload[LOAD_BYTES_MAX];
    struct core_message m = {.payload = span_of(payload, l->bytes),
                             .content_topic = SPAN_LIT("/sotto/1/load/bin")};

    memcpy(payload, &l->done, sizeof l->done);
    memcpy(payload + 8, &env->now.ns, sizeof env->now.ns);
    memcpy(payload + 16, &l->count, sizeof l->count);
    uint8_t hash[32];

    enum err err = core_publish(l->core, env, span_str(l->topic), &m, hash);
    if (err == OK) {
        add_to_sum(l, hash);
        l->done++;
    }
    return err;
}

/* All that is due, or a burst; what is refused is tried again after the next pump. */
static void send_due(struct load *l)
{
    const struct env *env = evio_env(l->evio);
    uint32_t upto = l->count;

    if (!l->ready) {
        if (l->ready_ns == 0 && core_mesh_size(l->core, span_str(l->topic)) > 0)
            l->ready_ns = env->now.ns;
        l->ready = l->ready_ns != 0 && env->now.ns - l->ready_ns > LOAD_SETTLE_MS * NS_PER_MS;
        l->begin_ns = env->now.ns;
        if (!l->ready)
            return;
    }
    if (l->rate > 0) {
        double due = (double)(env->now.ns - l->begin_ns) / 1e9 * l->rate;
        upto = due < l->count ? (uint32_t)due : l->count;
    }
    for (uint32_t i = 0; i < LOAD_BURST && l->done < upto; i++) {
        enum err err = send_one(l, env);
        if (err == OK) {
            evio_touch(l->evio);
            continue;
        }
        l->refused++;
        if (err != ERR_FULL) { /* full: the next writable socket or tick comes here again */
            fprintf(stderr, "sotto load: %s\n", err_text(err));
            l->failed = true;
            evio_break(l->evio);
        }
        return;
    }
}

static bool all_left(struct load *l)
{
    return l->done == l->count && core_relay_waiting(l->core) == 0;
}

static void after_pump(void *ctx)
{
    struct load *l = ctx;

    if (!l->sending)
        return;
    if (l->done < l->count)
        send_due(l);
    if (l->done == l->count && l->end_ns == 0)
        l->end_ns = evio_env(l->evio)->now.ns;
}

/* ---- receiving ---- */

static void received(struct load *l, struct span payload, const uint8_t hash[32])
{
    uint32_t number;
    int64_t sent_ns, now_ns = evio_env(l->evio)->now.ns;

    if (payload.len < LOAD_BYTES_MIN) {
        l->foreign++;
        return;
    }
    memcpy(&number, payload.ptr, sizeof number);
    memcpy(&sent_ns, payload.ptr + 8, sizeof sent_ns);
    if (number >= l->count) {
        l->foreign++;
        return;
    }
    if (l->seen[number / 8] >> number % 8 & 1) {
        l->twice++;
        return;
    }
    l->seen[number / 8] = (uint8_t)(l->seen[number / 8] | 1u << number % 8);
    add_to_sum(l, hash);
    if (l->done++ == 0)
        l->begin_ns = now_ns;
    l->end_ns = now_ns;
    if (l->latencies_count < LOAD_LATENCIES)
        l->latencies_us[l->latencies_count++] = (uint32_t)((now_ns - sent_ns) / NS_PER_US);
    if (l->done == l->count)
        leave(l);
}

static void told(void *ctx, const struct core_event *ev)
{
    struct load *l = ctx;
    struct core_message m;

    if (!l->sending && ev->kind == CORE_EVENT_MESSAGE && core_message_read(ev->message, &m) == OK)
        received(l, m.payload, ev->hash);
    else if (ev->kind == CORE_EVENT_DIALED && ev->err != OK) {
        fprintf(stderr, "sotto load: %s: %s\n", l->to, err_text(ev->err));
        l->failed = true;
        evio_break(l->evio);
    }
}

/* ---- running ---- */

static void on_signal(void *ctx, int number)
{
    struct load *l = ctx;
    (void)number;

    evio_break(l->evio);
}

static void on_tick(void *ctx)
{
    struct load *l = ctx;
    int64_t now_ns = evio_env(l->evio)->now.ns;

    evio_touch(l->evio); /* send what is due */
    if (l->seconds > 0 && l->begin_ns != 0 && l->ready_ns + l->begin_ns > 0 &&
        now_ns - l->begin_ns > l->seconds * NS_PER_S)
        evio_break(l->evio);
    if (l->sending && all_left(l))
        leave(l);
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static int report(struct load *l)
{
    double s = (double)(l->end_ns - l->begin_ns) / 1e9;
    uint32_t p50 = 0, p99 = 0;

    if (l->latencies_count > 0) {
        qsort(l->latencies_us, l->latencies_count, sizeof *l->latencies_us, by_value);
        p50 = l->latencies_us[l->latencies_count / 2];
        p99 = l->latencies_us[l->latencies_count * 99 / 100];
    }
    printf("{\"load\":\"%s\",\"messages\":%" PRIu32 ",\"wanted\":%" PRIu32 ",\"twice\":%" PRIu64
           ",\"foreign\":%" PRIu64 ",\"refused\":%" PRIu64
           ",\"seconds\":%.6f,\"per_second\":%.1f,\"p50_us\":%" PRIu32 ",\"p99_us\":%" PRIu32
           ",\"sum\":\"%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "\"}\n",
           l->sending ? "send" : "receive", l->done, l->count, l->twice, l->foreign, l->refused, s,
           s > 0 ? (double)(l->done > 1 ? l->done - 1 : l->done) / s : 0, p50, p99, l->sum[0],
           l->sum[1], l->sum[2], l->sum[3]);
    fflush(stdout);
    return l->failed || l->done != l->count || l->twice > 0;
}

static enum err start(struct load *l, struct keyring_host *key)
{
    uint16_t shards[] = {l->shard}, bound;
    struct core_config config = {.key = key,
                                 .agent_version = "sotto-load",
                                 .cluster = l->cluster,
                                 .shards_in_network = 8,
                                 .shards = shards,
                                 .shards_count = 1,
                                 .hashes = !l->sending,
                                 .relay = true,
                                 .message_bytes_max = 153600,
                                 .store_page_max = 100,
                                 .connections_max = 50,
                                 .connections_per_ip = 50};

    TRY(core_new(&l->core, &config, evio_env(l->evio)));
    evio_attach(l->evio, l->core);
    if (l->port != 0)
        TRY(evio_listen(l->evio, "127.0.0.1", l->port, LINK_TCP, &bound));
    if (l->to != NULL)
        TRY(core_connect(l->core, evio_env(l->evio), span_str(l->to), 1));
    TRY(evio_every(l->evio, LOAD_TICK_MS * NS_PER_MS, on_tick, l));
    snprintf(l->topic, sizeof l->topic, "/waku/2/rs/%u/%u", l->cluster, l->shard);
    return OK;
}

static int run(struct load *l)
{
    struct evio_owner owner = {.ctx = l, .told = told, .pumped = after_pump, .signal = on_signal};
    struct keyring_host *key = NULL;
    int status = 1;

    enum err err = evio_new(&l->evio, NULL, &owner);
    if (err == OK)
        err = keyring_host_new(&key, evio_env(l->evio)->rng, KEYRING_HOST_SECP256K1);
    if (err == OK)
        err = start(l, key);
    if (err == OK) {
        fprintf(stderr, "sotto load: %s as %s\n", l->sending ? "sending" : "receiving",
                core_id(l->core));
        evio_run(l->evio);
        status = report(l);
    } else {
        fprintf(stderr, "sotto load: %s\n", err_text(err));
    }
    if (l->evio != NULL)
        evio_detach(l->evio);
    core_free(l->core);
    evio_free(l->evio);
    keyring_host_free(key);
    return status;
}

static const char usage[] =
    "sotto load send    --to=MULTIADDR [--count=N] [--bytes=N] [--rate=MESSAGES_A_SECOND]\n"
    "sotto load receive --to=MULTIADDR [--count=N] [--seconds=N]\n"
    "    both: [--cluster-id=N] [--shard=N] [--listen-port=N]\n"
    "\n"
    "Runs a relay node without an archive that is connected to MULTIADDR and publishes N messages\n"
    "(10000 of 1024 bytes; without --rate as fast as they are taken), or counts those of a "
    "sender.\n"
    "The node in between stores them too, unless it runs with --store=false: then it relays only.\n"
    "With --listen-port instead of --to it waits on 127.0.0.1 for a peer to dial it.\n"
    "\n"
    "  sotto load receive --to=/ip4/127.0.0.1/tcp/60000/p2p/16Uiu2... --seconds=30\n"
    "  sotto load send    --to=/ip4/127.0.0.1/tcp/60000/p2p/16Uiu2... --rate=1000\n"
    "\n"
    "Ends with one JSON line. Its `sum` is the sum of all message hashes: equal on both sides "
    "when\n"
    "the sets of messages are.\n"
    "\n"
    "exit status   0 all sent, or received once   1 not all   2 wrong arguments\n";

int load_help(void)
{
    fputs(usage, stdout);
    return 0;
}

static bool set(struct load *l, const char *name, const char *value)
{
    char *end;
    double v = strtod(value, &end);
    bool numeric = *value != '\0' && *end == '\0' && v >= 0;

    if (strcmp(name, "--to") == 0) {
        l->to = value;
        return true;
    }
    if (!numeric)
        return false;
    if (strcmp(name, "--count") == 0 && v >= 1 && v <= LOAD_COUNT_MAX)
        l->count = (uint32_t)v;
    else if (strcmp(name, "--bytes") == 0 && v >= LOAD_BYTES_MIN && v <= LOAD_BYTES_MAX)
        l->bytes = (uint32_t)v;
    else if (strcmp(name, "--rate") == 0 && v <= 1e9)
        l->rate = v;
    else if (strcmp(name, "--seconds") == 0 && v <= 1e6)
        l->seconds = (int64_t)v;
    else if (strcmp(name, "--cluster-id") == 0 && v <= 65535)
        l->cluster = (uint16_t)v;
    else if (strcmp(name, "--shard") == 0 && v <= 1023)
        l->shard = (uint16_t)v;
    else if (strcmp(name, "--listen-port") == 0 && v <= 65535)
        l->port = (uint16_t)v;
    else
        return false;
    return true;
}

/* --name=value or --name value; `i` moves over what was taken. */
static bool set_next(struct load *l, int argc, char **argv, int *i)
{
    char name[32];
    char *equals = strchr(argv[*i], '='), *value = NULL;
    size_t len = equals != NULL ? (size_t)(equals - argv[*i]) : strlen(argv[*i]);

    if (equals != NULL)
        value = equals + 1;
    else if (*i + 1 < argc)
        value = argv[*i + 1];
    snprintf(name, sizeof name, "%.*s", (int)(len < sizeof name ? len : 0), argv[*i]);
    if (value == NULL || !set(l, name, value)) {
        fprintf(stderr, "sotto load: %s%s%s: unknown option, or value missing or out of range\n\n",
                argv[*i], equals == NULL && value != NULL ? " " : "",
                equals == NULL && value != NULL ? value : "");
        return false;
    }
    *i += equals != NULL ? 1 : 2;
    return true;
}

int load_main(int argc, char **argv)
{
    struct load l = {.cluster = 66, .count = 10000, .bytes = 1024};
    bool good = argc >= 1 && (strcmp(argv[0], "send") == 0 || strcmp(argv[0], "receive") == 0);

    for (int i = 1; good && i < argc;)
        good = set_next(&l, argc, argv, &i);
    if (!good || (l.to == NULL && l.port == 0)) {
        fputs(usage, stderr);
        return 2;
    }
    l.sending = strcmp(argv[0], "send") == 0;
    l.seen = calloc(l.count / 8 + 1, 1);
    l.latencies_us = l.sending ? NULL : malloc(LOAD_LATENCIES * sizeof *l.latencies_us);
    int status = 1;
    if (l.seen != NULL && (l.sending || l.latencies_us != NULL))
        status = run(&l);
    free(l.seen);
    free(l.latencies_us);
    return status;
}
