/* Prometheus text (exposition format 0.0.4). */
#include "node/api/metrics.h"
#include "crypto/base/writer.h"
#include "net/discovery/discovery.h"
#include "net/gossipsub/gossipsub.h"
#include "net/peers/peers.h"
#include "net/reach/reach.h"
#include "net/services/filter.h"
#include "net/services/lightpush.h"
#include "net/services/peer_exchange.h"
#include "net/services/store_query.h"
#include "net/swarm/swarm.h"
#include "net/waku/stem.h"
#include "node/api/room.h"

#include <stdarg.h>
#include <stdio.h>

const double api_seconds_bounds[API_HISTOGRAM_BUCKETS] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                                          0.05,   0.1,   0.25,   0.5,   1,    5};
const double api_bytes_bounds[API_HISTOGRAM_BUCKETS] = {
    0,     5120,   10240,  15360,  20480,  40960,
    76800, 102400, 153600, 307200, 716800, 1048576}; /* nwaku: 0, 5, 10, 15, 20, 40, 75 ... KiB */

void api_histogram_add(struct api_histogram *h, const double bounds[API_HISTOGRAM_BUCKETS],
                       double value)
{
    size_t i = 0;
    while (i < API_HISTOGRAM_BUCKETS && value > bounds[i])
        i++;
    h->buckets[i]++;
    h->count++;
    h->sum += value;
}

struct sample {
    struct api *a;
    double clock_offset, peers, known, store_peers, filter_peers, lightpush_peers, px_peers;
};

static void line(struct writer *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void line(struct writer *w, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    write_bytes(w, span_str(text));
}

#define GAUGE   "gauge"
#define COUNTER "counter"

static void head(struct writer *w, const char *name, const char *type, const char *help)
{
    line(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(struct writer *w, const char *name, const char *type, const char *help, double v)
{
    head(w, name, type, help);
    line(w, "%s %.16g\n", name, v);
}

static void histogram(struct writer *w, const char *name, const char *help,
                      const struct api_histogram *h, const double *bounds)
{
    static const struct api_histogram none;
    uint64_t sum = 0;
    if (h == NULL)
        h = &none;
    head(w, name, "histogram", help);
    for (size_t i = 0; i < API_HISTOGRAM_BUCKETS; i++) {
        sum += h->buckets[i];
        line(w, "%s_bucket{le=\"%.16g\"} %llu\n", name, bounds[i], (unsigned long long)sum);
    }
    line(w, "%s_bucket{le=\"+Inf\"} %llu\n%s_sum %.16g\n%s_count %llu\n", name,
         (unsigned long long)h->count, name, h->sum, name, (unsigned long long)h->count);
}

static bool serves(const struct core_peer *p, const char *prefix)
{
    for (size_t i = 0; i < p->protocols_count; i++)
        if (strncmp(p->protocols[i], prefix, strlen(prefix)) == 0)
            return true;
    return false;
}

static void count_peers(struct sample *s)
{
    struct core_peer p;
    for (size_t cursor = 0; s->a->backend.peers(s->a->backend.state, &cursor, &p);) {
        s->known++;
        s->peers += p.connected;
        s->store_peers += p.connected && serves(&p, "/vac/waku/store-query/");
        s->filter_peers += p.connected && serves(&p, "/vac/waku/filter-subscribe/");
        s->lightpush_peers += p.connected && serves(&p, "/vac/waku/lightpush/");
        s->px_peers += p.connected && serves(&p, "/vac/waku/peer-exchange/");
    }
}

#define CORE(field)    (n->core != NULL ? (double)n->core->field : 0)
#define SWARM(field)   (n->swarm != NULL ? (double)n->swarm->field : 0)
#define STORE(field)   (n->store != NULL ? (double)n->store->field : 0)
#define FILTER(field)  (n->filter != NULL ? (double)n->filter->field : 0)
#define FCLIENT(field) (n->filter_client != NULL ? (double)n->filter_client->field : 0)
#define PEERS(field)   (n->peers != NULL ? (double)n->peers->field : 0)

static void reachability(struct writer *w, const struct api_numbers *n)
{
    static const char *const names[] = {"Unknown", "Reachable", "NotReachable"};
    head(w, "libp2p_autonat_reachability_confidence", GAUGE, "what AutoNAT says; 0: it does not");
    for (size_t i = 0; i < 3; i++)
        line(w, "libp2p_autonat_reachability_confidence{reachability=\"%s\"} %.16g\n", names[i],
             i != (size_t)n->reach ? 0
             : i == 0              ? 1
                                   : n->reach_confidence);
#define X(field)                                                                                   \
    one(w, "sotto_autonat_" #field "_total", COUNTER, "see net/reach/autonat.h: " #field,          \
        n->autonat != NULL ? (double)n->autonat->field : 0);
    AUTONAT_COUNTERS(X)
#undef X
#define X(field)                                                                                   \
    one(w, "sotto_circuit_" #field "_total", COUNTER, "see net/reach/relay.h: " #field,            \
        n->circuits != NULL ? (double)n->circuits->field : 0);
    RELAY_COUNTERS(X)
#undef X
#define X(field)                                                                                   \
    one(w, "sotto_dcutr_" #field "_total", COUNTER, "see net/reach/dcutr.h: " #field,              \
        n->dcutr != NULL ? (double)n->dcutr->field : 0);
    DCUTR_COUNTERS(X)
#undef X
    one(w, "libp2p_relay_reservations_active", GAUGE, "reservations that others hold with us",
        (double)n->circuit_reservations);
    one(w, "libp2p_relay_circuits_active", GAUGE, "circuits that go through us",
        (double)n->circuits_open);
}

static void labelled_peers(struct writer *w, const struct api_numbers *n)
{
    static const char *const sources[] = {
#define X(id, name, origin) name,
        PEERS_SOURCES(X)
#undef X
    };

    head(w, "waku_node_conns_initiated_total", COUNTER, "connections that we began");
    line(w, "waku_node_conns_initiated_total{source=\"all\"} %.16g\n", SWARM(dials_started));
    for (size_t i = 0; n->peers != NULL && i < PEERS_SOURCES_COUNT; i++)
        line(w, "waku_node_conns_initiated_total{source=\"%s\"} %llu\n", sources[i],
             (unsigned long long)n->peers->dials_by[i]);
    head(w, "waku_peers_dials_total", COUNTER, "dials of the peer manager");
    line(w, "waku_peers_dials_total{outcome=\"successful\"} %.16g\n", PEERS(dials_ok));
    line(w, "waku_peers_dials_total{outcome=\"timed out\"} %.16g\n", PEERS(dials_timeout));
    line(w, "waku_peers_dials_total{outcome=\"failed\"} %.16g\n", PEERS(dials_failed));
    one(w, "sotto_peers_refused_total", COUNTER, "candidates refused", PEERS(candidates_refused));
    one(w, "sotto_peers_evicted_total", COUNTER, "peers that made room", PEERS(evicted));
    one(w, "sotto_peers_disconnected_total", COUNTER, "peers asked to leave", PEERS(disconnects));
}

static void labelled_swarm(struct writer *w, const struct api_numbers *n)
{
    head(w, "waku_connected_peers", GAUGE, "connections by direction and protocol");
    line(w, "waku_connected_peers{direction=\"In\",protocol=\"all\"} %.16g\n", SWARM(conns_in));
    line(w, "waku_connected_peers{direction=\"Out\",protocol=\"all\"} %.16g\n", SWARM(conns_out));
    head(w, "waku_streams_peers", GAUGE, "streams by direction and protocol");
    line(w, "waku_streams_peers{direction=\"In\",protocol=\"all\"} %.16g\n", SWARM(streams_in));
    line(w, "waku_streams_peers{direction=\"Out\",protocol=\"all\"} %.16g\n", SWARM(streams_out));
    head(w, "libp2p_open_streams", GAUGE, "open streams");
    line(w, "libp2p_open_streams{type=\"MuxedStream\",dir=\"In\"} %.16g\n", SWARM(streams_in));
    line(w, "libp2p_open_streams{type=\"MuxedStream\",dir=\"Out\"} %.16g\n", SWARM(streams_out));
    head(w, "libp2p_network_bytes_total", COUNTER, "bytes of all connections");
    line(w, "libp2p_network_bytes_total{direction=\"in\"} %.16g\n", SWARM(bytes_in));
    line(w, "libp2p_network_bytes_total{direction=\"out\"} %.16g\n", SWARM(bytes_out));
    labelled_peers(w, n);
    head(w, "waku_peers_errors_total", COUNTER, "failures with peers");
    line(w, "waku_peers_errors_total{type=\"dial_failure\"} %.16g\n", SWARM(dials_failed));
    line(w, "waku_peers_errors_total{type=\"upgrade_failure\"} %.16g\n", SWARM(upgrades_failed));
    reachability(w, n);
}

static void labelled_waku(struct writer *w, const struct sample *s, const struct api_numbers *n)
{
    head(w, "waku_version", GAUGE, "version of the node");
    line(w, "waku_version{version=\"%s\"} 1\n", s->a->config.version);
    head(w, "waku_node_messages_total", COUNTER, "messages accepted; content topics are not told");
    line(w, "waku_node_messages_total{type=\"relay\"} %llu\n", (unsigned long long)s->a->messages);
    head(w, "waku_node_errors_total", COUNTER, "messages refused");
    line(w, "waku_node_errors_total{type=\"invalid\"} %.16g\n", CORE(messages_invalid));
    line(w, "waku_node_errors_total{type=\"too_large\"} %.16g\n", CORE(messages_too_large));
    head(w, "waku_archive_errors_total", COUNTER, "failures of the archive");
    line(w, "waku_archive_errors_total{type=\"insert_failure\"} %.16g\n", CORE(archive_errors));
    line(w, "waku_archive_errors_total{type=\"dropped\"} %.16g\n", CORE(archive_dropped));
    head(w, "waku_store_errors_total", COUNTER, "store queries that were refused or failed");
    line(w, "waku_store_errors_total{type=\"malformed\"} %.16g\n", STORE(malformed));
    line(w, "waku_store_errors_total{type=\"refused\"} %.16g\n", STORE(refused));
    line(w, "waku_store_errors_total{type=\"failed\"} %.16g\n", STORE(failed));
    head(w, "waku_filter_requests_total", COUNTER, "filter requests");
    line(w, "waku_filter_requests_total{type=\"SUBSCRIBER_PING\"} %.16g\n", FILTER(pings));
    line(w, "waku_filter_requests_total{type=\"SUBSCRIBE\"} %.16g\n", FILTER(subscribes));
    line(w, "waku_filter_requests_total{type=\"UNSUBSCRIBE\"} %.16g\n", FILTER(unsubscribes));
    line(w, "waku_filter_requests_total{type=\"UNSUBSCRIBE_ALL\"} %.16g\n",
         FILTER(unsubscribe_alls));
    head(w, "waku_filter_errors_total", COUNTER, "failures of filter, both ends");
    line(w, "waku_filter_errors_total{type=\"decode_rpc_failure\"} %.16g\n",
         FILTER(malformed) + FCLIENT(malformed));
    line(w, "waku_filter_errors_total{type=\"error_response\"} %.16g\n", FCLIENT(request_errors));
    line(w, "waku_filter_errors_total{type=\"push_timeout_failure\"} %.16g\n",
         FILTER(pushes_failed));
    line(w, "waku_filter_errors_total{type=\"refused\"} %.16g\n", FILTER(refused));
    head(w, "nim_gc_heap_instance_occupied_bytes", GAUGE, "heap in use, by kind");
    line(w, "nim_gc_heap_instance_occupied_bytes{type_name=\"heap\"} %.16g\n",
         (double)n->heap_used_bytes);
    histogram(w, "waku_histogram_message_size", "bytes of a message", &s->a->message_bytes,
              api_bytes_bounds);
}

static void stem(struct writer *w, const struct api_numbers *n)
{
    static const struct stem_counters none;
    const struct stem_counters *k = n->stem != NULL ? n->stem : &none;
#define X(name, help) one(w, "sotto_stem_" #name "_total", COUNTER, help, (double)k->name);
    STEM_COUNTERS(X)
#undef X
}

static void lightpush(struct writer *w, const struct api_numbers *n)
{
    static const struct {
        const char *messages, *errors;
    } names[] = {
        [LIGHTPUSH_V3] = {"waku_lightpush_v3_messages_total", "waku_lightpush_v3_errors_total"},
        [LIGHTPUSH_V2] = {"waku_lightpush_messages_total", "waku_lightpush_errors_total"},
    };
    static const struct lightpush_server_counters none;
    const struct lightpush_server_counters *k = n->lightpush != NULL ? n->lightpush : &none;
    for (size_t v = 0; v < LIGHTPUSH_VERSIONS; v++) {
        head(w, names[v].messages, COUNTER, "lightpush requests");
        line(w, "%s{type=\"PushRequest\"} %llu\n", names[v].messages,
             (unsigned long long)k->messages[v]);
        head(w, names[v].errors, COUNTER, "lightpush requests that failed, by status");
#define X(name, code, text)                                                                        \
    if (code != LIGHTPUSH_STATUS_OK)                                                               \
        line(w, "%s{type=\"" #code "\"} %llu\n", names[v].errors,                                  \
             (unsigned long long)k->answers.name[v]);
        LIGHTPUSH_STATUSES(X)
#undef X
    }
}

static void durations(struct writer *w, const struct api_numbers *n)
{
    const double *b = api_seconds_bounds;
    const struct api_histogram *commit = n->lanes[JOB_STORE].ran, *query = n->lanes[JOB_WORK].ran;
    histogram(w, "waku_archive_insert_duration_seconds", "commit of a group of messages", commit,
              b);
    histogram(w, "waku_store_insert_duration_seconds", "the same (older name)", commit, b);
    histogram(w, "waku_archive_query_duration_seconds", "query of the archive", query, b);
    histogram(w, "waku_store_query_duration_seconds", "the same (older name)", query, b);
    histogram(w, "waku_filter_handle_message_duration_seconds",
              "not measured: below the clock of a wake-up", NULL, b);
    histogram(w, "waku_filter_request_duration_seconds",
              "not measured: below the clock of a wake-up", NULL, b);
}

static void lanes(struct writer *w, const struct api_numbers *n)
{
    histogram(w, "sotto_commit_wait_seconds", "from asking for a commit to its begin",
              n->lanes[JOB_STORE].waited, api_seconds_bounds);
    histogram(w, "sotto_query_wait_seconds", "from asking the archive to the begin of the query",
              n->lanes[JOB_WORK].waited, api_seconds_bounds);
    head(w, "sotto_jobs_queued", GAUGE, "jobs that wait for their thread, or run");
    line(w, "sotto_jobs_queued{lane=\"store\"} %llu\n",
         (unsigned long long)n->lanes[JOB_STORE].queued);
    line(w, "sotto_jobs_queued{lane=\"net\"} %llu\n", (unsigned long long)n->lanes[JOB_NET].queued);
    line(w, "sotto_jobs_queued{lane=\"work\"} %llu\n",
         (unsigned long long)n->lanes[JOB_WORK].queued);
}

static void services(struct writer *w, const struct sample *s)
{
    static const struct {
        const char *name, *type, *help;
    } rows[] = {
        {"waku_service_requests_limit", GAUGE, "requests a second by --rate-limit; 0: no limit"},
        {"waku_service_requests_total", COUNTER, "requests to services, served or over the rate"},
        {"waku_service_network_bytes_total", COUNTER, "bytes of requests and answers"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct core_service v;
        head(w, rows[i].name, rows[i].type, rows[i].help);
        for (size_t cursor = 0; s->a->backend.services(s->a->backend.state, &cursor, &v);)
            if (i == 0)
                line(w, "%s{service=\"%s\"} %.16g\n", rows[i].name, v.protocol, v.limit_per_s);
            else
                line(w, "%s{service=\"%s\",%s} %llu\n%s{service=\"%s\",%s} %llu\n", rows[i].name,
                     v.protocol, i == 1 ? "state=\"served\"" : "direction=\"in\"",
                     (unsigned long long)(i == 1 ? v.served : v.bytes_in), rows[i].name, v.protocol,
                     i == 1 ? "state=\"rejected\"" : "direction=\"out\"",
                     (unsigned long long)(i == 1 ? v.rejected : v.bytes_out));
    }
}

/* Names of nwaku (waku_discv5_*) and of its discv5 library, and the rest as ours. */
static void discovery(struct writer *w, const struct api_numbers *n)
{
    static const struct discv5_counters off_5;
    static const struct dns_counters off_dns;
    const struct core_discovered *d = &n->discovered;
    const struct discv5_counters *v5 = d->discv5 != NULL ? d->discv5 : &off_5;
    const struct dns_counters *dns = d->dns != NULL ? d->dns : &off_dns;
    head(w, "waku_discv5_discovered_per_shard", GAUGE, "node records found, by shard");
    for (unsigned i = 0; d->by_shard != NULL && i < METRICS_SHARDS_MAX; i++)
        if (d->by_shard[i] > 0)
            line(w, "waku_discv5_discovered_per_shard{shard=\"%u\"} %llu\n", i,
                 (unsigned long long)d->by_shard[i]);
    head(w, "waku_px_peers_sent_total", COUNTER, "records given by peer exchange");
    line(w, "waku_px_peers_sent_total %llu\n",
         (unsigned long long)(d->px == NULL ? 0 : d->px->sent));
    one(w, "waku_px_peers_cached", GAUGE, "records that peer exchange gives a sample of",
        d->px == NULL ? 0 : (double)d->px->cached);
    one(w, "waku_px_peers_received_total", GAUGE, "records got by peer exchange",
        (double)d->px_records);
    head(w, "waku_px_errors_total", COUNTER, "failures of peer exchange");
    line(w, "waku_px_errors_total{type=\"decode_rpc_failure\"} %llu\n",
         (unsigned long long)(d->px == NULL ? 0 : d->px->malformed));
    head(w, "waku_px_client_errors_total", COUNTER, "failures of our own questions");
    line(w, "waku_px_client_errors_total{type=\"px_failure\"} %llu\n",
         (unsigned long long)d->px_errors);
    line(w, "waku_px_client_errors_total{type=\"invalid_record\"} %llu\n",
         (unsigned long long)d->px_invalid);
    head(w, "waku_discv5_errors", COUNTER, "failures of discv5");
    line(w, "waku_discv5_errors{type=\"ParseFailure\"} %llu\n",
         (unsigned long long)v5->records_bad);
    head(w, "routing_table_nodes", GAUGE, "nodes in the table of discv5, and those that answered");
    line(w, "routing_table_nodes{state=\"\"} %zu\nrouting_table_nodes{state=\"seen\"} %zu\n",
         d->nodes, d->nodes_proven);
#define X(field)                                                                                   \
    one(w, "sotto_discv5_" #field "_total", COUNTER, "see net/discovery/discv5.h: " #field,        \
        (double)v5->field);
    DISCV5_COUNTERS(X)
#undef X
#define X(field)                                                                                   \
    one(w, "sotto_dns_discovery_" #field "_total", COUNTER, "see net/discovery/dns.h: " #field,    \
        (double)dns->field);
    DNS_COUNTERS(X)
#undef X
}

/* One row a topic: these are our own subscriptions or those of peers, bounded by gossipsub. */
static void topics(struct writer *w, const struct sample *s)
{
    static const struct {
        const char *name, *help;
    } rows[] = {
        {"libp2p_gossipsub_peers_per_topic_mesh", "peers in the mesh of a topic"},
        {"libp2p_gossipsub_peers_per_topic_gossipsub", "peers subscribed to a topic"},
        {"libp2p_gossipsub_peers_per_topic_fanout", "peers in the fanout of a topic"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct gossipsub_topic_view v;
        head(w, rows[i].name, GAUGE, rows[i].help);
        for (size_t cursor = 0; s->a->backend.topic_view(s->a->backend.state, &cursor, &v);)
            if (v.subscribed) /* names of strangers do not go into our metrics */
                line(w, "%s{topic=\"%.*s\"} %u\n", rows[i].name, (int)v.name.len,
                     (const char *)v.name.ptr,
                     i == 0   ? v.mesh
                     : i == 1 ? v.members
                              : v.fanout);
    }
}

/* Names ending in _total are counters. */
static const char *type_of(const char *name)
{
    size_t len = strlen(name);
    return len > 6 && strcmp(name + len - 6, "_total") == 0 ? COUNTER : GAUGE;
}

static void plain(struct writer *w, const struct sample *s, const struct api_numbers *n)
{
    static const struct gossipsub_counts no_counts;
    const struct gossipsub_counts *g = n->gossipsub != NULL ? n->gossipsub : &no_counts;
#define X(name, type, help, value) one(w, name, type, help, value);
    METRICS(X)
#undef X
#define X(name, type, help) one(w, name, type, help, 0);
    METRICS_ABSENT(X)
#undef X
#define X(field, name, help) one(w, name, type_of(name), help, (double)g->field);
    GOSSIPSUB_COUNTS(X)
#undef X
#define X(field)                                                                                   \
    one(w, "sotto_" #field "_total", COUNTER, "see node/core/core.h: " #field, CORE(field));
    CORE_COUNTERS(X)
#undef X
}

enum err api_metrics(struct api *a, const struct env *env, struct buf *out)
{
    struct writer w = writer_to(out);
    struct api_numbers n = {0};
    struct sample s = {.a = a};
    (void)env;
    a->backend.numbers(a->backend.state, &n);
    count_peers(&s);
    int64_t offset_ns = 0;
    if (a->backend.clock_offset(a->backend.state, &offset_ns))
        s.clock_offset = (double)offset_ns / NS_PER_S;
    plain(&w, &s, &n);
    labelled_swarm(&w, &n);
    labelled_waku(&w, &s, &n);
    lightpush(&w, &n);
    stem(&w, &n);
    durations(&w, &n);
    lanes(&w, &n);
    services(&w, &s);
    topics(&w, &s);
    metrics_sync(&w, &n);
    discovery(&w, &n);
    return writer_status(&w);
}
