/* Peers, connections, streams, dialing: implements net/host/streams.h over net/host/port.h.
 *
 * Specs: libp2p/specs connections/README.md, addressing/README.md (RFC0003 r1); dnsaddr as in
 * multiformats/multiaddr protocols/DNSADDR.md.
 *
 * In:      swarm_link_* and swarm_bytes mirror port.h; swarm_dial and the functions of struct
 * streams come from above; swarm_tick from a timer at swarm_deadline. Out:     streams->poll gives
 * stream events, swarm_poll_dialed the ends of dials, and swarm_pump calls the port: dials,
 * lookups, wire bytes, pauses, closes. Nothing else calls out. Drivers: feed all ready links, poll
 * until it is empty, pump once; poll and pump again after anything else was called. Bounds:
 * swarm_params and params.h: connections (all, in, out, per IP, half open), dials, addresses and
 * lookups of a dial, backoffs; net/conn and the muxers bound what one connection may hold.
 *
 *     dial:  resolving -> dialing (several addresses, staggered) -> done | failed
 *     link:  dialing -> upgrading (net/conn) -> up -> closing -> gone
 *     peer:  PEER_UP with its first connection, PEER_DOWN after its last
 *
 * Two connections to one peer are tolerated. When both ends dialed each other at the same time,
 * the connection dialed by the smaller peer id is kept and used at once; the end that dialed the
 * other one closes it after a grace, and only while the kept one lives. So two of us end with one,
 * and a peer that closes by another rule cannot make it none.
 */
#pragma once

#include "crypto/base/env.h"
#include "net/host/port.h"
#include "net/host/streams.h"
#include "net/swarm/params.h"
#include "net/wire/multiaddr.h"

struct noise_self;
struct swarm;

struct swarm_params {
    uint32_t conns_max;    /* links of any state */
    uint32_t inbound_max;  /* of these dialed by others */
    uint32_t outbound_max; /* of these dialed by us */
    uint32_t per_ip_max;   /* inbound from one IPv4 address or IPv6 /64 */
    uint32_t half_open_max;
    bool listen_port;          /* dial from the port that we listen at */
    bool loopback_limited;     /* count 127.0.0.0/8 and ::1 against per_ip_max too */
    const char *const *muxers; /* in order of preference, NULL-terminated, borrowed; NULL: yamux,
                                  then mplex */
};

#define SWARM_PARAMS_DEFAULT                                                                       \
    ((struct swarm_params){SWARM_CONNS_MAX, SWARM_CONNS_MAX, SWARM_CONNS_MAX, SWARM_PER_IP_MAX,    \
                           SWARM_HALF_OPEN_MAX, false, false, NULL})

/* flags of swarm_dial */
#define SWARM_DIAL_FORCE    1u  /* try even when in backoff: a person asked */
#define SWARM_DIAL_AGAIN    2u  /* another connection even though the peer is connected */
#define SWARM_DIAL_PROBE    4u  /* can it be reached? A fresh connection, closed once it is up */
#define SWARM_DIAL_PUNCH    8u  /* from the port that we listen at, all addresses at once */
#define SWARM_DIAL_LISTENER 16u /* we dial, and speak as the listener; relay/DCUtR.md, step 5 */

struct swarm_dialed { /* one for every accepted swarm_dial */
    uint64_t dial;
    uint64_t peer; /* when err is OK */
    enum err err;  /* OK; ERR_TIMEOUT; ERR_CLOSED; ERR_REFUSED; ERR_AUTH another peer answered;
                      ERR_NOT_FOUND no usable address; ERR_LIMIT; ... */
    struct multiaddr at; /* that answered, without /p2p; empty: it was connected before */
};

struct swarm_conn_info {            /* for REST admin and metrics; borrowed until the next call */
    uint64_t peer;                  /* 0: not upgraded yet */
    const struct peer_id *peer_id;  /* NULL: not upgraded yet */
    const struct multiaddr *remote; /* without /p2p */
    uint64_t link;
    bool outbound;
    const char *muxer; /* "/yamux/1.0.0"; NULL: not upgraded yet */
    struct mono since; /* when the link was dialed or came in */
    size_t streams_in, streams_out;
    uint64_t bytes_in, bytes_out;
};

/* counters and gauges, for /metrics */
#define SWARM_COUNTERS(X)                                                                          \
    X(dials_started) /* endpoints tried */                                                         \
    X(dials_failed)  /* endpoints that failed */                                                   \
    X(dials_refused) /* refused by ourselves: backoff, limits */                                   \
    X(links_incoming)                                                                              \
    X(links_incoming_refused) /* limits */                                                         \
    X(upgrades_failed)        /* links that ended before they were upgraded */                     \
    X(conns_opened_in)                                                                             \
    X(conns_opened_out)                                                                            \
    X(conns_opened_yamux)                                                                          \
    X(conns_opened_mplex)                                                                          \
    X(conns_closed)                                                                                \
    X(conns_trimmed)                                                                               \
    X(conns_redundant) /* closed after a simultaneous dial */                                      \
    X(conns_in)        /* gauge: upgraded, inbound */                                              \
    X(conns_out)       /* gauge */                                                                 \
    X(peers)           /* gauge */                                                                 \
    X(streams_in)      /* gauge: negotiated */                                                     \
    X(streams_out)     /* gauge */                                                                 \
    X(streams_opened_in)                                                                           \
    X(streams_opened_out)                                                                          \
    X(streams_reset)                                                                               \
    X(streams_refused) /* our open() found no protocol */                                          \
    X(bytes_in)        /* of the carriers */                                                       \
    X(bytes_out)                                                                                   \
    X(writes) /* calls of port->write */

struct swarm_counters {
#define X(name) uint64_t name;
    SWARM_COUNTERS(X)
#undef X
};

/** A swarm without links.
 *
 * @param params  copied
 * @param noise   our static key, borrowed, outlives the swarm
 * @param self    our peer id, copied
 * @return OK; ERR_MEMORY
 */
enum err swarm_new(struct swarm **out, const struct env *env, const struct swarm_params *params,
                   const struct noise_self *noise, const struct peer_id *self) MUST_CHECK;

/** Free everything at once; the port hears nothing. Accepts NULL. */
void swarm_free(struct swarm *s);

/** The upper line: fills `out`, valid as long as the swarm. */
void swarm_streams(struct swarm *s, struct streams *out);

/** Connect to a peer by any of its addresses. Addresses are tried in the given order, a little
 * apart; the first that is upgraded wins.
 *
 * @param peer   expected peer id; NULL: that in the addresses' /p2p, or anyone when they have none
 * @param addrs  ip4 ip6 dns dns4 dns6 dnsaddr with tcp and optionally ws, wss;
 * /p2p/RELAY/p2p-circuit behind these; others are skipped
 * @param flags  SWARM_DIAL_*
 * @param dial   number of this dial, repeated in swarm_dialed (out)
 * @return OK, one swarm_dialed follows (at once when the peer is connected); ERR_BUSY all addresses
 *         are in backoff, or a dial to this peer is under way; ERR_CLOSED swarm_stop was called;
 * ERR_NOT_FOUND no usable address; ERR_ARGUMENT it is ourselves; ERR_FULL too many dials; ERR_LIMIT
 * too many connections; ERR_MEMORY
 */
enum err swarm_dial(struct swarm *s, const struct env *env, const struct peer_id *peer,
                    const struct multiaddr *addrs, size_t count, unsigned flags,
                    uint64_t *dial) MUST_CHECK;

/** The end of a dial; false: nothing left. */
bool swarm_poll_dialed(struct swarm *s, struct swarm_dialed *out);

struct swarm_circuit { /* wanted: speak hop with the relay, then streams->carry(.link) */
    uint64_t link;
    struct peer_id target;
    struct multiaddr relay; /* ends with /p2p/RELAY/p2p-circuit */
};

/** The next circuit that a dial wants; false: none. streams->carry or swarm_circuit_failed ends
 * it. */
bool swarm_poll_circuit(struct swarm *s, struct swarm_circuit *out);
void swarm_circuit_failed(struct swarm *s, const struct env *env, uint64_t link, enum err why);

/** Number of a connected peer; 0 when it is not connected. */
uint64_t swarm_find(const struct swarm *s, const struct peer_id *peer);

/** Do not trim the connections of this peer (mesh members, static peers). */
void swarm_protect(struct swarm *s, uint64_t peer, bool protected_);

/* ---- the world speaks: see net/host/port.h ---- */

void swarm_link_incoming(struct swarm *s, const struct env *env, uint64_t link,
                         const struct endpoint *from);
void swarm_link_up(struct swarm *s, const struct env *env, uint64_t link);
void swarm_link_down(struct swarm *s, const struct env *env, uint64_t link, enum err why);

/** Bytes arrived; they are decrypted now and parsed by polls. Unknown links are ignored. */
void swarm_bytes(struct swarm *s, const struct env *env, uint64_t link, struct span bytes);
void swarm_writable(struct swarm *s, const struct env *env, uint64_t link);

/** A lookup ended. The swarm's query ids are even; it ignores those that it does not know.
 *
 * @param records  4 bytes (A), 16 bytes (AAAA) or text (TXT) each, borrowed
 */
void swarm_resolved(struct swarm *s, const struct env *env, uint64_t query, enum err err,
                    const struct span *records, size_t count);

/** When it next wants a tick. */
struct mono swarm_deadline(const struct swarm *s);
void swarm_tick(struct swarm *s, const struct env *env);

/** Do what is due at the waterline: one write per link that has something to say (more while all
 * is accepted), pauses, dials, lookups, closes.
 *
 * @return true: events or wanted circuits wait to be polled, or more could be written; poll and
 *         pump again
 */
bool swarm_pump(struct swarm *s, const struct env *env, const struct port *port);

/** Leave: refuse new links and dials, close all connections after what is queued was sent. */
void swarm_stop(struct swarm *s, const struct env *env);

/** Nothing is left to wait for: no link, no dial. */
bool swarm_idle(const struct swarm *s);

/* ---- looking in ---- */

/** Step through the links in order of creation; start with *cursor = 0. False at the end. */
bool swarm_each_conn(const struct swarm *s, size_t *cursor, struct swarm_conn_info *out);

/** Step through the connected peers in order of connection: out->* is that of the connection that
 * new streams use. False at the end. */
bool swarm_each_peer(const struct swarm *s, size_t *cursor, struct swarm_conn_info *out);

const struct swarm_counters *swarm_counters(const struct swarm *s);
