/* The joint of net/: protocol engines above, streams below. Knows neither sockets nor the swarm.
 *
 *     struct streams  --events-->  host_pump: the adapter of the stream's protocol  -->  its engine
 *     struct streams  <--writes--  adapters carry the engines' outputs              <--  its engine
 *
 * Adapters, a file each: those with streams of their own (gossip.c for relay and meshsub, identify,
 * ping, sync, relay.c and circuit.c for circuit relay, dcutr), and those over exchange.c, one
 * request and one answer (metadata, store, lightpush, filter, autonat). What concerns the node as a
 * whole comes out of host_poll.
 *
 * Bounds: params.h; per stream by struct streams; the engines' own.
 */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/env.h"
#include "net/gossipsub/gossipsub.h"
#include "net/host/streams.h"
#include "net/wire/multiaddr.h"
#include "net/wire/peer_id.h"

struct keyring_host;
struct store_query;
struct store_answer;
struct store_server;
struct lightpush_result;
struct lightpush_server;
struct filter_params;
struct filter_request;
struct filter_server;
struct filter_client;
struct sync;
struct relay;
struct relay_params;
struct dcutr_counters;
struct px_counters;
struct rendezvous_counters;
struct enr;
struct host;

struct host_params {                /* everything is copied but the key */
    const struct keyring_host *key; /* signs our peer record; borrowed, outlives the host */
    const char *agent_version;
    uint16_t cluster;
    bool any_cluster;               /* stay with peers of other clusters: a probe */
    const struct multiaddr *listen; /* announced by identify, without /p2p */
    size_t listen_count;
    bool relay;
    bool store;
    const struct filter_params *filter;    /* NULL: filter is not served; read by host_new alone */
    int64_t sync_range_ns, sync_jitter_ns; /* of store sync; range 0: not mounted */
    bool peer_exchange;                    /* serve it */
    bool rendezvous;                       /* be a meeting point */
    const char *const *rate_limits;        /* of --rate-limit, read by host_new alone */
    size_t rate_limits_count;
    bool lightpush; /* serve it; pushing works in any case */
    bool autonat;   /* ask others whether we can be reached, and answer that to them */
    const struct relay_params *circuit_relay; /* relay for others within these; NULL: do not */
    bool relay_client;                        /* hold reservations at relays: we are behind a NAT */
    bool private_addresses; /* loopback and private addresses count as public: closed networks */
    struct gossipsub_params gossipsub;
    uint64_t shard_bytes_s;   /* that relay takes of one pubsub topic; 0: no limit */
    size_t message_bytes_max; /* of an encoded WakuMessage */
    bool hashes;              /* HOST_OUT_MESSAGE has the message hash, which costs a SHA-256 */
};

enum host_out_kind {
    HOST_OUT_MESSAGE,  /* a valid Waku message: topic, data, hash if params.hashes */
    HOST_OUT_INVALID,  /* one that the validators refused: err; ERR_FULL: over the shard's limit */
    HOST_OUT_QUERY,    /* a peer asks the store: ticket, peer, query; answer with host_answer */
    HOST_OUT_ANSWER,   /* a store answered our host_query: ticket, err, answer */
    HOST_OUT_PUSH,     /* a peer asks to relay: ticket, peer, topic or empty, payload; answer with
                          host_push_answer */
    HOST_OUT_PUSHED,   /* what became of our host_push: ticket, peer, err, pushed */
    HOST_OUT_FILTERED, /* our filter service pushed: peer, topic, data, payload, hash */
    HOST_OUT_FILTER_ANSWER, /* it answered our host_filter_ask: ticket, err, status, text */
    HOST_OUT_FILTER_LOST,   /* it answers no pings: host_filter_use another */
    HOST_OUT_PEER_UP,
    HOST_OUT_PEER_KNOWN, /* identify (and metadata, when it speaks it) have answered */
    HOST_OUT_PEER_DOWN,  /* err, peer_id */
    HOST_OUT_PONG,       /* ticket, err, round_trip_ns */
    HOST_OUT_DIAL, /* dial peer_id once at exactly these addrs, fresh; then host_dialed(ticket) */
    HOST_OUT_CIRCUIT_FAILED, /* ticket: the link of host_circuit; err */
    HOST_OUT_REACH,          /* host_reach says something new */
    HOST_OUT_SYNC_FETCH,   /* store sync sends messages: ticket, sync->hashes; sync_fetched() each,
                              then sync_fetch_end(ticket) */
    HOST_OUT_SYNC_MESSAGE, /* it received one, verified: topic, data, payload, hash */
    HOST_OUT_SYNC_ENDED,   /* peer, err, sync */
    HOST_OUT_CONNECT,      /* gossipsub would like this peer: peer_id, addresses in record */
    HOST_OUT_RECORDS,      /* the answer to host_ask_records: peer, err, record: a px_answer */
    HOST_OUT_MEETING, /* a meeting point answered: peer, ticket (enum host_meet), err, record */
};

enum host_dial {              /* how HOST_OUT_DIAL is meant */
    HOST_DIAL_PROBE,          /* a fresh connection, closed when it is up */
    HOST_DIAL_DIRECT,         /* a connection besides the one there is */
    HOST_DIAL_PUNCH,          /* the same, from the port that we listen at */
    HOST_DIAL_PUNCH_LISTENER, /* the same, and we speak as the listener */
};

struct host_sync {
    bool initiator;
    uint64_t rounds, differences, received, sent; /* ENDED */
    size_t count;                                 /* FETCH */
    uint8_t hashes[32][32];
};

struct host_out { /* borrowed until the next call on the host */
    enum host_out_kind kind;
    uint64_t peer;
    uint64_t ticket;
    enum err err;
    struct span topic;
    struct blob *data;   /* holds the message; blob_ref it to keep `payload` */
    struct span payload; /* encoded WakuMessage, inside `data` */
    uint8_t hash[32];
    const struct store_query *query;
    const struct store_answer *answer;
    const struct lightpush_result *pushed;
    uint32_t status;
    struct span text;
    size_t slot; /* FILTERED, FILTER_ANSWER, FILTER_LOST */
    const struct host_sync *sync;
    int64_t round_trip_ns;
    struct peer_id peer_id;
    struct span record; /* signed peer record, may be empty */
    enum host_dial dial;
    const struct multiaddr *addrs;
    size_t addrs_count;
};

enum host_meet { /* the two protocols of rendezvous */
    HOST_MEET_LIBP2P,
    HOST_MEET_WAKU,
    HOST_MEETS,
};

enum err host_new(struct host **out, const struct env *env, const struct host_params *params,
                  const struct streams *streams) MUST_CHECK;
void host_free(struct host *h);

/** Move stream events to engines and engine outputs to streams.
 *
 * @return true: it stopped because host_poll has enough to give; poll until empty and pump again.
 *         false: all is quiet
 */
bool host_pump(struct host *h, const struct env *env);
void host_tick(struct host *h, const struct env *env);
struct mono host_deadline(struct host *h);
bool host_poll(struct host *h, const struct env *env, struct host_out *out);

/** Publish an encoded WakuMessage. ERR_FULL, ERR_NOT_FOUND, ERR_FORMAT, ERR_LIMIT. */
enum err host_publish(struct host *h, const struct env *env, struct span topic, struct span data,
                      size_t *relay_peers) MUST_CHECK;

/** Read (or stop reading) what peers relay: backpressure of a full archive queue. */
void host_pause_relay(struct host *h, bool paused);

/** Ask a connected store. HOST_OUT_ANSWER follows. */
enum err host_query(struct host *h, const struct env *env, uint64_t peer,
                    const struct store_query *query, uint64_t ticket) MUST_CHECK;

/** Answer a HOST_OUT_QUERY, at any time later: with `answer` when err is OK, else as failed. */
void host_answer(struct host *h, const struct env *env, uint64_t ticket, enum err err,
                 const struct store_answer *answer);

/** Ask a connected peer to relay a message, by lightpush 3.0.0, or 2.0.0-beta1 when it lists only
 * that. HOST_OUT_PUSHED follows. ERR_NOT_FOUND no such peer; ERR_FULL; ERR_ARGUMENT too long. */
enum err host_push(struct host *h, const struct env *env, uint64_t peer, struct span topic,
                   struct span message, uint64_t ticket) MUST_CHECK;

/** Keep a stream open for the next push to this peer, until it goes: that saves a round trip. At
 * most HOST_PUSH_READY_MAX peers; a failure is no loss but of time. */
void host_push_ready(struct host *h, const struct env *env, uint64_t peer);

/** Answer a HOST_OUT_PUSH, at any time later. */
void host_push_answer(struct host *h, const struct env *env, uint64_t ticket,
                      const struct lightpush_result *result);
/** Ask a peer for so many node records (peer exchange). HOST_OUT_RECORDS follows. */
enum err host_ask_records(struct host *h, const struct env *env, uint64_t peer,
                          uint64_t count) MUST_CHECK;

/** A verified record of our network was found: others may be told of it. */
void host_offer_record(struct host *h, const struct env *env, const struct enr *enr);
const struct px_counters *host_px(const struct host *h); /* NULL: not served */

/** A valid message, for those who subscribed with us; its hash was computed by the caller. */
void host_filter_message(struct host *h, const struct env *env, struct span pubsub_topic,
                         struct span content_topic, const uint8_t hash[32], struct span message);

#define HOST_FILTER_SLOTS 4u /* subscribers in us, each with a service of its own */

/** Be a subscriber of this peer from now on (0: of none). What the slot is subscribed to moves
 * along; a former service that is still there is told that it is over. */
void host_filter_use(struct host *h, const struct env *env, size_t slot, uint64_t peer);
uint64_t host_filter_peer(const struct host *h, size_t slot);

/** Ask it; its request id is made here. HOST_OUT_FILTER_ANSWER follows. As filter_client_ask. */
enum err host_filter_ask(struct host *h, const struct env *env, size_t slot,
                         const struct filter_request *request, uint64_t ticket) MUST_CHECK;
const struct filter_server *host_filter_server(const struct host *h); /* NULL without filter */
const struct filter_client *host_filter_client(const struct host *h); /* of slot 0 */

/** Leave our signed record with a meeting point under a namespace, or ask it who else did:
 * HOST_OUT_MEETING follows with its answer. */
enum err host_register(struct host *h, const struct env *env, enum host_meet kind, uint64_t peer,
                       struct span ns) MUST_CHECK;
enum err host_discover(struct host *h, const struct env *env, enum host_meet kind, uint64_t peer,
                       struct span ns, uint64_t limit) MUST_CHECK;
const struct rendezvous_counters *host_rendezvous(const struct host *h, enum host_meet kind);

enum err host_ping(struct host *h, const struct env *env, uint64_t peer,
                   uint64_t ticket) MUST_CHECK;

/** Our addresses changed: identify tells them from now on. `listen` is borrowed for the life of the
 * host. ERR_FULL too many, nothing changed. */
enum err host_set_listen(struct host *h, const struct env *env, const struct multiaddr *listen,
                         size_t count) MUST_CHECK;

/** A HOST_OUT_DIAL ended. `at`: the address that answered, when err is OK. */
void host_dialed(struct host *h, const struct env *env, uint64_t ticket, enum err err,
                 const struct multiaddr *at);

/** Ask a connected relay for a circuit to `target`. streams->carry(link) follows, or
 * HOST_OUT_CIRCUIT_FAILED. ERR_NOT_FOUND; ERR_FULL; ERR_UNSUPPORTED; ERR_MEMORY. */
enum err host_circuit(struct host *h, const struct env *env, uint64_t relay,
                      const struct peer_id *target, uint64_t link) MUST_CHECK;

/** Our addresses through relays, without the last /p2p; HOST_OUT_REACH tells of changes. */
size_t host_circuits(const struct host *h, struct multiaddr *out, size_t max);

const struct dcutr_counters *host_dcutr(const struct host *h);
const struct relay *host_relay(const struct host *h); /* NULL: we are none */

/* whether and where others reach us; net/reach/autonat.h */
struct host_reach {
    int reach; /* enum autonat_reach */
    double confidence;
    bool observed; /* enough peers agree on observed_ip */
    uint8_t observed_ip[16];
    const struct autonat_counters *counters; /* borrowed as long as the host */
};

void host_reach(const struct host *h, struct host_reach *out);

/** Our subscriptions changed: metadata answers with these shards. At most 1024. */
void host_set_shards(struct host *h, const uint16_t *shards, size_t count);

/** Is this text of --rate-limit well-formed? ERR_ARGUMENT. */
enum err host_check_rate_limit(const char *text) MUST_CHECK;

struct host_rate { /* requests to a service of ours */
    const char *protocol;
    double limit_per_s; /* of --rate-limit; 0: none */
    uint64_t served, rejected;
    uint64_t bytes_in, bytes_out;
};

/** The i-th service that --rate-limit knows; NULL: no more. */
const struct host_rate *host_rate(const struct host *h, size_t i);

struct gossipsub *host_gossipsub(struct host *h);                           /* NULL without relay */
const struct store_server *host_store_server(const struct host *h);         /* NULL without store */
const struct lightpush_server *host_lightpush_server(const struct host *h); /* NULL: not mounted */
/** Stop (or go on) reading messages of store sync: the archive is busy. */
void host_pause_sync(struct host *h, bool paused);

struct sync *host_sync(struct host *h); /* NULL: not mounted */

/* what is known of a peer; borrowed until the next call on the host */
struct host_peer {
    uint64_t peer;
    struct peer_id id;
    struct multiaddr remote;
    bool outbound, going;
    bool limited; /* connected through a relay only, which limits time or bytes */
    bool identified, metadata_known, metadata_failed;
    char agent[128];
    char **protocols; /* owned; the names are in the same piece of memory */
    size_t protocols_count;
    uint16_t cluster;
    uint16_t *shards; /* owned */
    size_t shards_count;
    struct multiaddr *listens; /* owned: where it says it listens, until it is taken */
    size_t listens_count;
    int64_t ping_ns;
    unsigned pings_in;            /* streams that we echo */
    unsigned pushes_in;           /* filter pushes that it is sending us */
    unsigned exchanges;           /* requests of it that wait for an answer */
    size_t exchanges_partial;     /* bytes of its requests that are not whole yet */
    uint64_t identify_streams[2]; /* on which it tells about itself; 0: none */
};

/** Does it list the protocol? Known from identify. */
bool host_peer_serves(const struct host_peer *p, const char *protocol);

const struct host_peer *host_peer(const struct host *h, uint64_t peer);
const struct host_peer *host_peers(const struct host *h, size_t *cursor);

/** Take the addresses at which a peer said (identify) that it listens; the
 * caller frees them. How many, at most HOST_LISTENS_MAX. */
size_t host_take_listens(struct host *h, uint64_t peer, struct multiaddr **out);
