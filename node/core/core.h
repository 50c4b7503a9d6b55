/* The whole node as one deterministic object: everything between the waterline (net/host/port.h)
 * and the person or program that uses the node. node/evio and sim drive it in the same way:
 *
 *     one or more of core_link_*, core_bytes, core_writable, core_resolved, core_datagram,
 *     core_job_done, core_tick, or of the user's calls (core_publish, core_query, ...);
 *     then once core_pump(core, env, port), which writes bytes, dials and hands out jobs;
 *     then core_poll until it is empty; then a timer is armed at core_deadline.
 *
 * Read all ready sockets first and pump once: what arrived together leaves together, one RPC per
 * peer and one write per connection.
 *
 * Bounds: every queue below has one (core_config and the params.h of the rooms). Single-threaded;
 * what blocks leaves as struct job.
 */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/env.h"
#include "net/host/port.h"

struct archive;
struct gossipsub_params; /* net/gossipsub/params.h */
struct kv;
struct portmap_request;
struct portmap_answer;
struct portmap_port;
struct peer_table;
struct keyring_host;
struct streams;
struct core;

/* node/nat/nat.h: blocks, called in a job */
typedef void core_map_ports(const struct portmap_request *request, struct portmap_answer *answer);

enum core_overflow {
    CORE_OVERFLOW_WAIT, /* read more slowly until the store has caught up */
    CORE_OVERFLOW_DROP, /* go on relaying; the message is not archived, and counted */
};

/* how others are found, and we by them */
struct core_discovery {
    bool discv5;
    bool auto_update;                       /* our record says where others see us */
    bool v6;                                /* the world has an IPv6 socket for datagrams */
    uint16_t udp_port;                      /* that others reach discv5 at; 0: none */
    size_t table_ip_limit, bucket_ip_limit; /* nodes of one address; 0: any number */
    const char *const *bootstraps;          /* "enr:..." */
    size_t bootstraps_count;
    const char *const *lists; /* "enrtree://..." */
    size_t lists_count;
};

/* slots of the peer manager (net/peers); all 0: only static peers are dialed, nobody is asked to
 * leave */
struct core_peering {
    uint32_t relay_out, relay_in; /* relay peers that we dial; most that dialed us */
    uint32_t service;             /* peers dialed for a service */
    uint32_t capacity;            /* peers known and not connected; 0: 1000 */
};

/* everything is copied by core_new but the archive, the table of peers and the key */
struct core_config {
    const struct keyring_host *key; /* names the node; borrowed, outlives the core */
    struct archive *archive;        /* NULL: no store; borrowed, outlives the core */
    const struct streams *streams;  /* NULL: an own swarm over struct port; sim gives its pipe */
    const char *agent_version;
    uint16_t cluster;
    bool any_cluster;           /* stay with peers of other clusters: a probe */
    uint16_t shards_in_network; /* autosharding over this many shards; 0: static sharding only */
    const uint16_t *shards;     /* relay subscriptions at start */
    size_t shards_count;
    const char *const *listen; /* multiaddrs where we listen, without /p2p; may be empty */
    size_t listen_count;
    const char *const *external; /* "/ip4/..", "/dns4/..": announced in the place of those hosts */
    size_t external_count;
    const char *const *given; /* multiaddrs announced besides */
    size_t given_count;
    bool given_only;
    core_map_ports *map_ports;      /* asks gateways; NULL: do not */
    unsigned map_methods;           /* PORTMAP_UPNP, PORTMAP_PMP (net/reach/portmap.h) */
    const char *map_gateway;        /* "": find it */
    const struct portmap_port *map; /* ports to map */
    size_t map_count;
    bool circuit_relay;         /* relay for others, within the limits of net/reach/params.h */
    bool relay_client;          /* be reached through relays */
    bool autonat;               /* ask peers whether we can be reached, and tell them */
    bool private_addresses;     /* private and loopback addresses count as public */
    const char *const *statics; /* multiaddrs with /p2p to stay connected with */
    size_t statics_count;
    bool hashes;                /* CORE_EVENT_MESSAGE has the message hash even without a store */
    bool relay;                 /* mount relay; default of a node */
    bool lightpush;             /* serve lightpush; needs relay */
    const char *lightpush_node; /* multiaddr with /p2p that publishes for us; NULL: our own relay,
                                   or without relay any connected peer that serves lightpush */
    bool filter;                /* serve filter */
    uint32_t filter_subscribers_max, filter_criteria_max, filter_timeout_s;
    const char *filternode; /* multiaddr with /p2p that filters for us; NULL, "": any that does */
    uint64_t shard_bytes_s; /* that relay takes of one pubsub topic; 0: no limit */
    bool stem; /* own and pushed messages go along a stem before they enter gossip; needs relay */
    bool flood_publish;                    /* names the sender; off unless an operator insists */
    const struct gossipsub_params *gossip; /* NULL: those of the network; only core_new reads it */
    size_t message_bytes_max;              /* of an encoded WakuMessage; 153600 is the network's */
    size_t store_queue_bytes;              /* bound of messages that wait for their commit */
    enum core_overflow store_overflow;
    size_t store_page_max; /* cap of a page, 100 */
    size_t connections_max;
    size_t connections_per_ip;      /* loopback is exempt */
    const char *const *rate_limits; /* [PROTOCOL:]VOLUME/PERIOD, as --rate-limit; only core_new
                                       reads them */
    size_t rate_limits_count;
    int64_t sync_range_ns, sync_interval_ns, sync_jitter_ns; /* store sync; range 0: off,
                                                                interval 0: only when asked */
    struct kv *state; /* store resume, table CORE_RESUME_TABLE; borrowed; NULL: off */
    struct core_discovery discovery;
    struct core_peering peering;
    bool mdns;                /* find peers on the local network, and be found there */
    bool peer_exchange;       /* serve it */
    bool rendezvous;          /* be a meeting point, and use others */
    struct peer_table *known; /* remembers peers; NULL: none; borrowed, outlives the core */
    const char *retention;    /* "time:3600;size:1GB;capacity:100", NULL: keep all */
};

/** Is this text of --rate-limit well-formed? ERR_ARGUMENT. */
enum err core_check_rate_limit(const char *text) MUST_CHECK;

enum err core_new(struct core **out, const struct core_config *config,
                  const struct env *env) MUST_CHECK;

/** Free everything. Jobs must have been handed back. Accepts NULL. */
void core_free(struct core *c);

/** Begin to leave: no new links or streams, queues are flushed, waiting messages are committed.
 * core_stopped tells when nothing is left to wait for. */
void core_stop(struct core *c, const struct env *env);
bool core_stopped(const struct core *c);

/* ---- the world speaks: see net/host/port.h ---- */

void core_link_incoming(struct core *c, const struct env *env, uint64_t link,
                        const struct endpoint *from);
void core_link_up(struct core *c, const struct env *env, uint64_t link);
void core_link_down(struct core *c, const struct env *env, uint64_t link, enum err why);
void core_bytes(struct core *c, const struct env *env, uint64_t link, struct span bytes);
void core_writable(struct core *c, const struct env *env, uint64_t link);
void core_resolved(struct core *c, const struct env *env, uint64_t query, enum err err,
                   const struct span *answers, size_t count); /* 4, 16 bytes or TXT text */
void core_job_done(struct core *c, const struct env *env, struct job *job);
void core_datagram(struct core *c, const struct env *env, const struct endpoint *from,
                   struct span bytes);
void core_multicast(struct core *c, const struct env *env,
                    struct span bytes); /* of the mDNS group */
void core_tick(struct core *c, const struct env *env);
struct mono core_deadline(const struct core *c);

/** @return true: there is more to move; poll until empty and pump again */
bool core_pump(struct core *c, const struct env *env, const struct port *port);

/* ---- the user speaks ---- */

struct core_message { /* a Waku message as a person writes it; spans borrowed */
    struct span payload, content_topic, meta;
    uint32_t version;
    int64_t timestamp_ns; /* 0: now */
    bool ephemeral;
};

/** Read an encoded WakuMessage (CORE_EVENT_MESSAGE, a store's answer); spans are borrowed from it.
 * ERR_FORMAT. */
enum err core_message_read(struct span encoded, struct core_message *out) MUST_CHECK;

/** Publish under a pubsub topic; an empty one means: by autosharding of the content topic.
 *
 * @param hash   receives the message hash (out, may be NULL)
 * @return OK; ERR_ARGUMENT malformed topic, or empty payload or content topic; ERR_LIMIT too large;
 *         ERR_NOT_FOUND not subscribed to that pubsub topic; ERR_FULL a queue is at its bound,
 *         nothing was sent
 */
enum err core_publish(struct core *c, const struct env *env, struct span pubsub_topic,
                      const struct core_message *message, uint8_t hash[32]) MUST_CHECK;

/** Publish as a lightpush client does: by our own relay, or through a service node
 * (config.lightpush_node). CORE_EVENT_PUSHED follows with the ticket, whatever happens; the
 * result says why not. ERR_MEMORY. */
enum err core_push(struct core *c, const struct env *env, struct span pubsub_topic,
                   const struct core_message *message, uint64_t ticket) MUST_CHECK;

/** Join or leave the mesh of a pubsub topic ("/waku/2/rs/66/3"). ERR_ARGUMENT; ERR_LIMIT. */
enum err core_subscribe(struct core *c, const struct env *env, struct span pubsub_topic) MUST_CHECK;
enum err core_unsubscribe(struct core *c, const struct env *env,
                          struct span pubsub_topic) MUST_CHECK;

/** Pubsub topic of a content topic by autosharding, written as text.
 * ERR_ARGUMENT malformed, or static sharding only. */
enum err core_shard_of(const struct core *c, struct span content_topic, char out[32]) MUST_CHECK;

/** Dial a multiaddr with /p2p. The outcome shows in core_peers and the log; `ticket` (not 0) in a
 * CORE_EVENT_DIALED. */
enum err core_connect(struct core *c, const struct env *env, struct span multiaddr,
                      uint64_t ticket) MUST_CHECK;

struct store_query; /* net/services/store_query.h */

/** Ask our own archive, or (peer_addr not empty) another store; CORE_EVENT_STORE_ANSWER follows
 * with the ticket. ERR_NOT_FOUND no store mounted; ERR_FULL too many queries under way. */
enum err core_query(struct core *c, const struct env *env, const struct store_query *query,
                    struct span peer_addr, uint64_t ticket) MUST_CHECK;

struct filter_request; /* net/services/filter.h */
struct filter_server;
struct filter_client;

/** Ask the node that filters for us; CORE_EVENT_FILTER_ANSWER follows with the ticket. The request
 * id on the wire is made here. ERR_NOT_FOUND no connected peer serves filter; ERR_FULL;
 * ERR_ARGUMENT. */
enum err core_filter(struct core *c, const struct env *env, const struct filter_request *request,
                     uint64_t ticket) MUST_CHECK;
const struct filter_server *core_filter_server(const struct core *c); /* NULL: filter off */
const struct filter_client *core_filter_client(const struct core *c);

/** Ping a connected peer once: CORE_EVENT_PONG. ERR_NOT_FOUND. */
enum err core_ping(struct core *c, const struct env *env, uint64_t peer,
                   uint64_t ticket) MUST_CHECK;

struct chat; /* node/chat/chat.h */

/** Carry a chat: messages under its topics go to it, what it wants of the network is done, its time
 * is kept. At most CORE_CHATS_MAX. The chat is borrowed until core_detach_chat, and pumped with the
 * core: pump after calls on it.
 *
 * @return OK; ERR_FULL; ERR_EXISTS; ERR_MEMORY
 */
enum err core_attach_chat(struct core *c, const struct env *env, struct chat *chat) MUST_CHECK;

/** What is under way for it is given up without being told. */
void core_detach_chat(struct core *c, const struct env *env, struct chat *chat);

/* ---- what the user is told ---- */

enum core_event_kind {
    CORE_EVENT_MESSAGE,       /* a valid message arrived or was published here; once per hash */
    CORE_EVENT_DIALED,        /* err, peer */
    CORE_EVENT_PEER_UP,       /* connected; identify may follow */
    CORE_EVENT_PEER_KNOWN,    /* identify and metadata have answered */
    CORE_EVENT_PEER_DOWN,     /* err */
    CORE_EVENT_STORE_ANSWER,  /* err, answer */
    CORE_EVENT_ADDRESSES,     /* core_announced has changed */
    CORE_EVENT_PONG,          /* err, round_trip_ns */
    CORE_EVENT_PUSHED,        /* pushed: what became of a core_push */
    CORE_EVENT_FILTERED,      /* a message that our filter service pushed; once per hash */
    CORE_EVENT_FILTER_ANSWER, /* err; status and text of the service */
};

struct store_answer;     /* net/services/store_query.h */
struct lightpush_result; /* net/services/lightpush.h */

struct core_event { /* borrowed until the next call on the core */
    enum core_event_kind kind;
    uint64_t ticket;
    enum err err;
    uint64_t peer;
    struct span pubsub_topic;
    struct span message; /* encoded WakuMessage */
    uint8_t hash[32];    /* of a message; zeros unless config.hashes or a store is mounted */
    const struct store_answer *answer;
    const struct lightpush_result *pushed;
    int64_t round_trip_ns;
    uint32_t status;
    struct span text;
};

bool core_poll(struct core *c, struct core_event *ev);

/* ---- looking in: for REST and metrics ---- */

struct core_peer {
    uint64_t peer;
    char id[64];       /* base58 */
    char address[600]; /* multiaddr with /p2p */
    bool connected, outbound, metadata_known;
    bool reached, failed;         /* not connected: was connected once; the last dials failed */
    const char *origin;           /* who told of it, in nwaku's words */
    const char *agent;            /* "" until identified; borrowed */
    const char *const *protocols; /* from identify; borrowed */
    size_t protocols_count;
    uint16_t cluster;
    const uint16_t *shards; /* from metadata; borrowed */
    size_t shards_count;
    double score;    /* gossipsub */
    int64_t ping_ns; /* 0: not measured */
};

/** Step through the connected peers in order of connection, then through those that are only known;
 * start with *cursor = 0. Borrowed until the next call on the core. */
bool core_peers(const struct core *c, size_t *cursor, struct core_peer *out);

/** One connected peer by its number. */
bool core_peer(const struct core *c, uint64_t peer, struct core_peer *out);

/** Is the peer in our mesh of this pubsub topic? */
bool core_in_mesh(const struct core *c, uint64_t peer, struct span pubsub_topic);

/** Peers in our mesh of this pubsub topic. */
size_t core_mesh_size(const struct core *c, struct span pubsub_topic);

/** Bytes of messages that wait in the queues of relay peers. */
size_t core_relay_waiting(const struct core *c);

/** Step through the pubsub topics that we relay. */
bool core_topics(const struct core *c, size_t *cursor, struct span *out);

struct multiaddr;
struct autonat_counters;
struct relay_counters;
struct dcutr_counters;

/** Where we are, as we tell others: for identify, the node record and people. Borrowed until the
 * next call on the core; CORE_EVENT_ADDRESSES tells of changes. */
const struct multiaddr *core_announced(const struct core *c, size_t *count);

/** The outside of a UDP port that a gateway forwards to us; false: it does not. */
bool core_mapped_udp(const struct core *c, uint16_t internal, uint8_t ip[16], uint16_t *external);

enum core_reachability { /* as others say who were asked to dial us */
    CORE_REACH_UNKNOWN,
    CORE_REACHABLE,
    CORE_NOT_REACHABLE,
};

struct core_reach {
    enum core_reachability reach;
    double confidence; /* share of the answers that agree, 0..1 */
    const struct autonat_counters *autonat;
    const struct dcutr_counters *dcutr;
    const struct relay_counters *relay; /* NULL: we relay for nobody */
    size_t relay_reservations, relay_circuits;
};

void core_reach(const struct core *c, struct core_reach *out);

/** Text of our peer id, valid as long as the core. */
const char *core_id(const struct core *c);

/** Our node record as "enr:..."; "" when the host key is not secp256k1. Changes with what it says;
 * borrowed until the next pump. */
const char *core_enr(const struct core *c);

struct enr;                                              /* net/wire/enr.h */
const struct enr *core_enr_record(const struct core *c); /* NULL: none */

enum core_source { /* who found a peer */
    CORE_SOURCE_BOOTSTRAP,
    CORE_SOURCE_DISCV5,
    CORE_SOURCE_DNS,
    CORE_SOURCE_PEER_EXCHANGE,
    CORE_SOURCES,
};

/** A verified record was found; a known one may come again. */
void core_candidate_enr(struct core *c, const struct env *env, const struct enr *enr,
                        enum core_source source);

/** A record as it stands in a card: its owner's node, or one that knows him. It is verified.
 * ERR_FORMAT, ERR_AUTH as enr_decode. */
enum err core_hint(struct core *c, const struct env *env, struct span encoded_enr) MUST_CHECK;

struct discv5_counters; /* net/discovery/discovery.h */
struct dns_counters;

struct px_counters; /* net/services/peer_exchange.h */

struct core_discovered {
    const struct px_counters *px;               /* NULL: not served */
    uint64_t px_records, px_invalid, px_errors; /* of our own questions */
    const uint64_t *by_source;                  /* records, by enum core_source */
    const uint64_t *by_shard;                   /* of our cluster, 1024; NULL: all 0 */
    const struct discv5_counters *discv5;       /* NULL: off */
    size_t nodes, nodes_proven;                 /* in its table */
    const struct dns_counters *dns;             /* NULL: off */
};

/** Pointers are borrowed for the life of the core. */
void core_discovered(const struct core *c, struct core_discovered *out);

/* counters of the core itself; the rooms' own are reached through core_counters */
#define CORE_COUNTERS(X)                                                                           \
    X(messages_valid) /* waku messages accepted */                                                 \
    X(messages_invalid)                                                                            \
    X(messages_over_bandwidth) /* their shard was at its limit: ignored */                         \
    X(messages_too_large)                                                                          \
    X(messages_published)                                                                          \
    X(archive_stored) /* after fdatasync */                                                        \
    X(archive_duplicates)                                                                          \
    X(archive_skipped) /* ephemeral, or timestamp off by over 20 s */                              \
    X(archive_dropped) /* the queue was at its bound (--store-overflow=drop) */                    \
    X(archive_errors)  /* failed commits */                                                        \
    X(queries_answered)                                                                            \
    X(queries_refused)

struct core_counters {
#define X(name) uint64_t name;
    CORE_COUNTERS(X)
#undef X
};

struct core_service { /* requests of peers to a service that --rate-limit knows */
    const char *protocol;
    double limit_per_s; /* 0: none */
    uint64_t served, rejected, bytes_in, bytes_out;
};

/** Step through the services; start with *cursor = 0. */
bool core_services(const struct core *c, size_t *cursor, struct core_service *out);

const struct core_counters *core_counters(const struct core *c);

struct gossipsub;
struct swarm;
struct store_server;
struct lightpush_server;
struct sync;
struct sync *core_sync(const struct core *c); /* NULL: store sync off */
struct peers;
const struct peers *core_known(const struct core *c); /* NULL: streams are the world's */
struct gossipsub *
core_gossipsub(const struct core *c); /* for its views and counts; NULL: relay off */
const struct swarm *core_swarm(const struct core *c); /* NULL: streams are the world's */
const struct store_server *core_store_server(const struct core *c); /* NULL: store off */
struct stem_counters;
const struct stem_counters *core_stem(const struct core *c); /* NULL: off; net/waku/stem.h */
const struct lightpush_server *core_lightpush_server(const struct core *c); /* NULL: off */
struct archive *core_archive(const struct core *c);                         /* NULL: store off */

/** Bytes and messages that wait for their commit. */
size_t core_archive_waiting(const struct core *c, size_t *messages);

/** How far our wall clock is ahead of its peers' (behind: negative), as the timestamps of what they
 * relay tell; false: too few have told. clock.h says what one liar can do to it: nothing. */
bool core_clock_offset(const struct core *c, int64_t *ns);

/** Is the archive failing (disk full...)? OK: no. For /health. */
enum err core_archive_health(const struct core *c);
