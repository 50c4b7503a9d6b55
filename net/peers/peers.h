/* The peer manager: whom to know, whom to dial, whom to ask to leave.
 *
 * Policy: nwaku's peer manager (logos_delivery/waku/node/peer_manager), with shards as in
 * 51/WAKU2-RELAY-SHARDING and capabilities as in 31/WAKU2-ENR, and its own rules against strangers
 * who tell much.
 *
 * In:   candidates from whatever finds peers; what became of connections and dials; our shards.
 * Out:  DIAL, DISCONNECT, WANT (nobody left to dial: whoever discovers should look).
 * Drivers: peers_tick at peers_deadline; poll until empty.
 *
 *     candidate -> untried --dial--> dialing --ok--> connected --lost--> worked
 *                     ^                 |                ^                 |
 *                     '---- failed <----'                '---- dial -------'
 *                              '-- too often, or too old: forgotten
 *
 * Relay slots: `out_target` peers dialed by us and `in_target` that dialed us; first those that
 * serve a shard of ours which has less than `shard_target` peers. Service slots: `service_target`
 * peers for each capability. At most `per_ip` peers of one address (IPv6: of one /64) are known,
 * dialed or connected through us; loopback is exempt. Peers that the operator named are always
 * wanted and never let go; mesh members, named peers and peers that we need are never asked to
 * leave.
 *
 * Bounds: `capacity` peers that are not connected (strangers that failed make room first, then
 * untried ones, then those not seen for longest); PEERS_TELLER_MAX untried peers of one teller;
 * params.h. A peer that tells a million candidates fills its own share and nothing else.
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "net/peers/params.h"
#include "net/wire/multiaddr.h"

/* X(id, name in logs and metrics, origin in nwaku's REST answers) */
#define PEERS_SOURCES(X)                                                                           \
    X(STATIC, "static", "Static")                                                                  \
    X(ASKED, "api", "Static") /* a person or a service of ours dials it */                         \
    X(BOOTSTRAP, "bootstrap", "Static")                                                            \
    X(STORED, "stored", "Cache")                                                                   \
    X(DISCV5, "discv5", "Discv5")                                                                  \
    X(DNS, "dns", "Dns")                                                                           \
    X(PX, "peer-exchange", "PeerExchange")                                                         \
    X(RENDEZVOUS, "rendezvous", "UnknownOrigin")                                                   \
    X(MDNS, "mdns", "UnknownOrigin")                                                               \
    X(GOSSIP, "gossipsub-px", "UnknownOrigin")                                                     \
    X(IDENTIFY, "identify", "UnknownOrigin")

enum peers_source {
#define X(id, name, origin) PEERS_##id,
    PEERS_SOURCES(X)
#undef X
    PEERS_SOURCES_COUNT,
};

/* What a peer can do. The first byte is the field "waku2" of an ENR (31/WAKU2-ENR). */
enum peers_capability {
    PEERS_CAN_RELAY = 1u << 0,
    PEERS_CAN_STORE = 1u << 1,
    PEERS_CAN_FILTER = 1u << 2,
    PEERS_CAN_LIGHTPUSH = 1u << 3,
    PEERS_CAN_SYNC = 1u << 4,
    PEERS_CAN_PX = 1u << 8,
    PEERS_CAN_RENDEZVOUS = 1u << 9,
};
#define PEERS_CAPABILITIES 10u /* bits in use, and their highest number + 1 */

struct peers_shards { /* a set of shard indexes of our cluster */
    uint64_t bits[PEERS_SHARDS_MAX / 64];
};

struct peers_candidate { /* borrowed during the call */
    const struct peer_id *id;
    const struct multiaddr
        *addrs; /* a last /p2p is cut off; those beyond PEERS_ADDRS_MAX ignored */
    size_t addrs_count;
    enum peers_source source;
    uint64_t via; /* number of the peer that told it; 0: nobody in particular */
    bool cluster_known;
    uint16_t cluster;
    const struct peers_shards *shards; /* NULL: unknown */
    bool capabilities_known;
    unsigned capabilities;
};

struct peers_params { /* copied */
    struct peer_id self;
    uint16_t cluster;
    bool relay; /* relay slots are to be filled */
    uint32_t connections_max;
    uint32_t out_target, in_target; /* relay slots, by who dialed */
    uint32_t shard_target;
    uint32_t service_max;                        /* peers dialed for a service */
    uint32_t service_target[PEERS_CAPABILITIES]; /* by bit of enum peers_capability */
    uint32_t per_ip;                             /* 0: no limit */
    uint32_t capacity;
    bool loopback_limited; /* per_ip counts loopback too */
    bool private_addrs;    /* take private addresses from strangers: we live among such */
};

/** Defaults of a relay node: slots from the number of connections as nwaku does it, of which
 * `relay_percent` for relay, and a third of these dialed by us. */
void peers_params_default(struct peers_params *p, uint32_t connections_max, uint32_t relay_percent);

enum peers_out_kind {
    PEERS_OUT_DIAL,       /* id, addrs, count, fixed */
    PEERS_OUT_DISCONNECT, /* id, peer */
    PEERS_OUT_WANT,       /* shards, capabilities: look for candidates */
};

struct peers_out { /* borrowed until the next call */
    enum peers_out_kind kind;
    struct peer_id id;
    uint64_t peer;
    const struct multiaddr *addrs;
    size_t count;
    bool fixed;                 /* named by the operator: dial in spite of any other backoff */
    struct peers_shards shards; /* those with too few peers */
    unsigned capabilities;      /* those that are wanted */
};

/* counters and gauges, for /metrics */
#define PEERS_COUNTERS(X)                                                                          \
    X(candidates)         /* told */                                                               \
    X(candidates_new)     /* of these, not known before */                                         \
    X(candidates_refused) /* bounds, another cluster, no usable address */                         \
    X(dials)                                                                                       \
    X(dials_ok)                                                                                    \
    X(dials_timeout)                                                                               \
    X(dials_failed)                                                                                \
    X(disconnects) /* asked to leave */                                                            \
    X(wants)                                                                                       \
    X(evicted)   /* made room */                                                                   \
    X(forgotten) /* hopeless or stale */                                                           \
    X(known)     /* gauge */                                                                       \
    X(connected) /* gauge */                                                                       \
    X(relay_in)  /* gauge, at the last round */                                                    \
    X(relay_out)

struct peers_counters {
#define X(name) uint64_t name;
    PEERS_COUNTERS(X)
#undef X
    uint64_t dials_by[PEERS_SOURCES_COUNT];
};

struct peers;

/** An empty book. OK; ERR_MEMORY. */
enum err peers_new(struct peers **out, const struct env *env,
                   const struct peers_params *params) MUST_CHECK;
void peers_free(struct peers *p);

/** Somebody told of a peer. Known ones get their addresses and properties updated.
 *
 * @return OK known now; ERR_ARGUMENT ourselves; ERR_REFUSED of another cluster, or it was found to
 *         be; ERR_NOT_FOUND no address that may be dialed; ERR_LIMIT too many of that teller or
 *         address; ERR_FULL the book holds better ones; ERR_MEMORY
 */
enum err peers_candidate(struct peers *p, const struct env *env, const struct peers_candidate *c);

/** A peer is connected, whoever dialed.
 *
 * @param peer    its number, for PEERS_OUT_DISCONNECT (in)
 * @param remote  the address it is connected at (in)
 */
void peers_connected(struct peers *p, const struct env *env, const struct peer_id *id,
                     uint64_t peer, const struct multiaddr *remote, bool outbound);

/** What a connected peer says it is; `shards` NULL: unknown. */
void peers_identified(struct peers *p, const struct env *env, const struct peer_id *id,
                      unsigned capabilities, const struct peers_shards *shards);

/** ERR_REFUSED: we found it to be of another cluster. */
void peers_disconnected(struct peers *p, const struct env *env, const struct peer_id *id,
                        enum err why);

/** The end of a PEERS_OUT_DIAL; when OK, peers_connected comes before or soon after. ERR_BUSY,
 * ERR_FULL, ERR_LIMIT and ERR_MEMORY are our own bounds and not held against the peer. */
void peers_dialed(struct peers *p, const struct env *env, const struct peer_id *id, enum err err);

/** Is it in a mesh of ours, and so never asked to leave? */
void peers_set_mesh(struct peers *p, const struct peer_id *id, bool in_mesh);

/** The shards that we relay. */
void peers_set_shards(struct peers *p, const struct env *env, const uint16_t *shards, size_t count);

struct mono peers_deadline(const struct peers *p);
void peers_tick(struct peers *p, const struct env *env);
bool peers_poll(struct peers *p, struct peers_out *out);

/* ---- looking in ---- */

struct peers_view { /* borrowed until the next call */
    const struct peer_id *id;
    enum peers_source source; /* the first that told of it */
    uint64_t peer;            /* 0: not connected */
    bool fixed, outbound, dialing;
    unsigned capabilities, failures;
    bool shards_known, capabilities_known;
    const struct peers_shards *shards;
    int64_t worked_s; /* unix time when it was last seen connected; 0: never */
};

/** Step through all known peers, in the order in which they became known. */
bool peers_next(const struct peers *p, size_t *cursor, struct peers_view *out);
bool peers_find(const struct peers *p, const struct peer_id *id, struct peers_view *out);

/** Addresses of a known peer, the newest first, without /p2p; how many. */
size_t peers_addrs(const struct peers *p, const struct peer_id *id,
                   struct multiaddr out[PEERS_ADDRS_MAX]);

const struct peers_counters *peers_counters(const struct peers *p);

/* ---- remembering over a restart (record.c) ---- */

/** Changes whenever something worth remembering did. */
uint64_t peers_generation(const struct peers *p);

/** Append the record of a peer that was seen working. OK; ERR_NOT_FOUND not worth it; ERR_FULL. */
enum err peers_record(const struct peers *p, const struct peer_id *id, struct buf *out) MUST_CHECK;

/** Learn a peer from its record. As peers_candidate, and ERR_FORMAT for a corrupt one. */
enum err peers_restore(struct peers *p, const struct env *env, struct span id,
                       struct span record) MUST_CHECK;

/* ---- sets of shards ---- */

static inline void peers_shards_add(struct peers_shards *s, uint16_t shard)
{
    if (shard < PEERS_SHARDS_MAX)
        s->bits[shard / 64] |= 1ull << shard % 64;
}

static inline bool peers_shards_has(const struct peers_shards *s, uint16_t shard)
{
    return shard < PEERS_SHARDS_MAX && (s->bits[shard / 64] >> shard % 64 & 1) != 0;
}
