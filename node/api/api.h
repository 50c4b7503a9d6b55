/* The REST API and the metrics text of a node as plain calls: an HTTP request in, an answer out.
 *
 * Paths, JSON shapes and status codes are those of nwaku (waku/rest_api); docs/openapi.json says
 * them, and is written from the table of routes.
 *
 * In:  requests, already cut by an HTTP server; events of the core.
 * Out: answers, at once or later by the number of the request.
 * Drives it: api_deadline and api_tick, for requests whose answer does not come.
 * Bounds: params.h.
 *
 *     api_request -> true: answered in place
 *                 -> false: waiting -> api_event | api_tick -> api_poll gives the answer
 *                                   -> api_gone: the client went away
 *
 * A web page in a browser on this machine must not be able to drive the node: a Host that is a name
 * with dots (DNS rebinding), an Origin not named by --rest-allow-origin, what
 * a browser fetches for another site's page without one (an image, say), and bodies of another type
 * than JSON are refused.
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "node/api/params.h"
#include "node/core/core.h"

struct api;
struct store_query;
struct gossipsub_counts;
struct swarm_counters;
struct peers_counters;
struct store_server_counters;
struct lightpush_server_counters;
struct autonat_counters;
struct filter_request;
struct filter_criterion_view;
struct filter_server_counters;
struct filter_client_counters;
struct relay_counters;
struct dcutr_counters;
struct stem_counters;
struct gossipsub_topic_view;

struct api_config { /* copied, but for the strings, which outlive the api */
    bool admin;
    const char *const *origins; /* patterns with * and ? */
    size_t origins_count;
    size_t cache_capacity; /* messages per topic */
    uint32_t rate;         /* requests per second; 0: no limit */
    const char *version;
    bool relay, store, lightpush, filter, peer_exchange,
        rendezvous;        /* what is mounted, for /health */
    const char *storenode; /* asked when there is no own store; "" */
    int64_t started_s;     /* unix time */
};

#define API_HISTOGRAM_BUCKETS 12

struct api_histogram { /* how often a value was at most bounds[i]; the last bucket has no bound */
    uint64_t buckets[API_HISTOGRAM_BUCKETS + 1];
    uint64_t count;
    double sum;
};

extern const double api_seconds_bounds[API_HISTOGRAM_BUCKETS]; /* of durations */

/** Count one value. */
void api_histogram_add(struct api_histogram *h, const double bounds[API_HISTOGRAM_BUCKETS],
                       double value);

struct api_numbers { /* raw figures for /metrics; NULL: that part is off */
    const struct core_counters *core;
    const struct gossipsub_counts *gossipsub;
    const struct swarm_counters *swarm;
    const struct peers_counters *peers;
    const struct store_server_counters *store;
    const struct lightpush_server_counters *lightpush;
    const struct autonat_counters *autonat;
    const struct dcutr_counters *dcutr;
    const struct relay_counters *circuits; /* NULL: none is relayed */
    uint64_t circuit_reservations, circuits_open;
    enum core_reachability reach;
    double reach_confidence;
    const struct filter_server_counters *filter;
    const struct filter_client_counters *filter_client;
    const struct sync_counters *sync;
    uint64_t sync_ids;
    bool sync_ready;
    struct core_discovered discovered; /* pointers NULL: that part is off */
    const struct stem_counters *stem;
    uint64_t archive_messages, archive_bytes, archive_segments;
    uint64_t archive_waiting_messages, archive_waiting_bytes;
    uint64_t resident_bytes, virtual_bytes, open_fds, max_fds;
    uint64_t heap_bytes, heap_used_bytes;
    double cpu_seconds;
    struct api_lane {
        const struct api_histogram *waited, *ran; /* seconds of a job; NULL: not measured */
        uint64_t queued;                          /* jobs that wait now, or run */
    } lanes[JOB_LANES];
};

/* What the api asks of the node; node/api/backend.h fills it from a core, tests with a fake. The
 * functions of the same names in core.h say what they do. */
struct api_backend {
    void *state;
    enum err (*publish)(void *state, const struct env *env, struct span pubsub_topic,
                        const struct core_message *m);
    enum err (*push)(void *state, const struct env *env, struct span pubsub_topic,
                     const struct core_message *m, uint64_t ticket);
    enum err (*subscribe)(void *state, const struct env *env, struct span pubsub_topic);
    enum err (*unsubscribe)(void *state, const struct env *env, struct span pubsub_topic);
    enum err (*shard_of)(void *state, struct span content_topic, char out[32]);
    /** Look for this node: a record of a card. */
    void (*hint)(void *state, const struct env *env, struct span encoded_enr);
    enum err (*connect)(void *state, const struct env *env, struct span multiaddr, uint64_t ticket);
    enum err (*query)(void *state, const struct env *env, const struct store_query *q,
                      struct span peer_addr, uint64_t ticket);
    enum err (*filter)(void *state, const struct env *env, const struct filter_request *request,
                       uint64_t ticket);
    /** Step through the criteria of our filter subscribers; start with two zeros. */
    bool (*filter_next)(void *state, size_t cursor[2], struct filter_criterion_view *out);
    bool (*topics)(void *state, size_t *cursor, struct span *out);
    bool (*peers)(void *state, size_t *cursor, struct core_peer *out);
    /** The i-th peer subscribed to a topic, or in our mesh of it; false: no more. */
    bool (*topic_peer)(void *state, struct span topic, bool mesh, size_t i, struct core_peer *out);
    /** Step through the views of the topics, for metrics. */
    bool (*topic_view)(void *state, size_t *cursor, struct gossipsub_topic_view *out);
    /** Step through the services that --rate-limit knows, for metrics. */
    bool (*services)(void *state, size_t *cursor, struct core_service *out);
    /** The i-th address we listen on, with /p2p; NULL: no more. */
    const char *(*address)(void *state, size_t i);
    const char *(*enr)(void *state); /* "enr:...", or "" */
    enum err (*archive_health)(void *state);
    bool (*clock_offset)(void *state, int64_t *ns);
    /** TRACE ... FATAL; false: no such level. */
    bool (*log_level)(void *state, const char *name);
    void (*numbers)(void *state, struct api_numbers *out);
};

enum api_method {
    API_GET,
    API_POST,
    API_PUT,
    API_DELETE,
    API_OPTIONS,
    API_OTHER,
};

struct api_request { /* spans borrowed during the call; an absent header is empty */
    enum api_method method;
    struct span target; /* "/path?query", as sent */
    struct span host, origin, content_type;
    struct span
        fetch_site; /* Sec-Fetch-Site: a browser says who asks even where no Origin is sent */
    struct span authorization, last_event_id;
    struct span body;
};

struct api_response {
    bool stream; /* with `false` of api_request: send status and type now, then what
                    api_stream_poll gives, until it says close */
    int status;
    const char *type;                        /* Content-Type; static */
    struct buf body;                         /* owned by who got the response */
    char allow_origin[API_ORIGIN_BYTES_MAX]; /* CORS: "" or the header's value */
    const char *allow;                       /* Allow and Access-Control-Allow-Methods; NULL */
};

/** An api over a backend (copied). ERR_MEMORY. */
enum err api_new(struct api **out, const struct api_config *config,
                 const struct api_backend *backend, const struct env *env) MUST_CHECK;
void api_free(struct api *a);

/** Handle one request.
 *
 * @param ticket  the caller's number of it, not in use (in)
 * @param out     zero (in), the answer when true is returned; api_response_clear it (out)
 * @return true: answered; false: api_poll will have it
 */
bool api_request(struct api *a, const struct env *env, uint64_t ticket,
                 const struct api_request *rq, struct api_response *out) MUST_CHECK;

/** The client of a waiting request went away. Unknown tickets are ignored. */
void api_gone(struct api *a, uint64_t ticket);

struct chat;

struct api_chats {     /* copied; the chats are borrowed for the life of the api */
    const char *token; /* that requests to /chat must bear; node/evio/token_file.h */
    const struct api_chat {
        const char *name; /* of the account, 1..32 characters */
        struct chat *chat;
    } * list;
    size_t count; /* the first is meant where no account is named */
};

/** Serve /chat/v1 for these accounts. Once, before the first request.
 * OK; ERR_ARGUMENT none, too many, or no token; ERR_MEMORY. */
enum err api_serve_chats(struct api *a, const struct api_chats *chats) MUST_CHECK;

/** Bodies are at most so large. */
size_t api_body_bytes_max(const struct api *a);

struct api_stream_out {
    uint64_t ticket;
    bool close;        /* end the answer; its ticket is forgotten */
    struct span bytes; /* else: to be written; borrowed until the next call */
};

/** Give followers of events what has happened: after every pump of the core. Then poll. */
void api_stream_pump(struct api *a, const struct env *env);
bool api_stream_poll(struct api *a, struct api_stream_out *out);

/** The socket has taken `n` bytes more of what was polled. */
void api_stream_sent(struct api *a, const struct env *env, uint64_t ticket, size_t n);

/** What the core said. */
void api_event(struct api *a, const struct env *env, const struct core_event *ev);

/** The next late answer, owned by the caller; false: none. */
bool api_poll(struct api *a, uint64_t *ticket, struct api_response *out);

struct mono api_deadline(const struct api *a);
void api_tick(struct api *a, const struct env *env);

void api_response_clear(struct api_response *r);

/** Prometheus text of all metrics. */
enum err api_metrics(struct api *a, const struct env *env, struct buf *out) MUST_CHECK;

/** The OpenAPI description, as in docs/openapi.json. */
enum err api_openapi(struct buf *out) MUST_CHECK;
