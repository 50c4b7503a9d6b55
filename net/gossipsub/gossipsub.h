/* gossipsub 1.0, 1.1 and 1.2 (libp2p/specs pubsub/gossipsub, r2/r8/r1) with StrictNoSign, as one
 * engine for all topics of a node. docs/gossipsub.md maps the specification to tests.
 *
 * In:  peers that come and go (with the protocol that was negotiated), whole RPCs, our own
 *      subscriptions and messages, verdicts about messages, ticks.
 * Out: messages to be validated, peers whose queue has something, peers to connect to.
 * Drives it: gossipsub_deadline() and gossipsub_tick(): one heartbeat a second.
 * Bounds: params.h. Nothing that a peer sends makes a table grow beyond them.
 *
 * A message's way:
 *
 *     rpc() -> decoded, size, StrictNoSign, id, seen? -> OUT_MESSAGE -> verdict(accept) -> mesh
 * peers
 *                                                               |-> ignore: nothing
 *                                                               `-> reject: P4 for all who sent it
 *     publish() -> mesh or fanout peers (or all, with flood_publish)
 *
 * and its way out is pulled: OUT_READY says that next_rpc() has something for a peer; the host asks
 * when the peer's stream has room. Each peer has a bounded queue: full, it drops queued IHAVEs
 * first, then refuses forwarded messages (counted); publish() answers ERR_FULL when no peer at all
 * had room. Subscriptions, GRAFT and PRUNE have room of their own. A slow peer slows nobody.
 *
 * A topic's peers:
 *
 *     subscribed by the peer -> member -- GRAFT sent or accepted --> mesh
 *                                 ^  <-- PRUNE, score < 0, > D_high -- |  (then backoff)
 *                                 `---- fanout, when we publish without being subscribed
 */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/env.h"
#include "net/gossipsub/params.h"

struct peer_id;
struct gossipsub;

/* Protocols in order of preference, for negotiation; the last element is NULL. All behave alike but
 * for the features of their row (protocols.c); /vac/waku/relay/2.0.0 behaves as 1.1. */
extern const char *const gossipsub_protocols[];

enum gossipsub_verdict {
    GOSSIPSUB_ACCEPT, /* forward it */
    GOSSIPSUB_REJECT, /* invalid: the senders lose score (P4) */
    GOSSIPSUB_IGNORE, /* neither forwarded nor punished */
};

enum gossipsub_out_kind {
    GOSSIPSUB_OUT_MESSAGE,    /* validate it, then call gossipsub_verdict(ticket) */
    GOSSIPSUB_OUT_READY,      /* gossipsub_next_rpc(peer) has something */
    GOSSIPSUB_OUT_CONNECT,    /* peer exchange or an explicit peer: connect to peer_id */
    GOSSIPSUB_OUT_DISCONNECT, /* the score of `peer` is below the graylist threshold */
};

/* Spans and pointers are borrowed until the next call on the engine. */
struct gossipsub_out {
    enum gossipsub_out_kind kind;
    uint64_t peer; /* MESSAGE: who sent it; READY, DISCONNECT */

    uint64_t ticket;   /* MESSAGE */
    struct span topic; /* MESSAGE */
    struct span data;  /* MESSAGE: lies inside `blob` */
    struct blob *blob; /* MESSAGE: blob_ref it to keep `data` */
    const uint8_t *id; /* MESSAGE: GOSSIPSUB_ID_BYTES */

    const struct peer_id *peer_id; /* CONNECT */
    struct span record;            /* CONNECT: signed peer record, unverified; maybe empty */
};

/* How a publication went. */
struct gossipsub_published {
    uint32_t peers; /* queues that took it */
    uint32_t full;  /* peers that should have had it, but whose queue was full */
    uint8_t id[GOSSIPSUB_ID_BYTES];
};

/* One RPC to write: the length prefix, then the parts. Borrowed until the next call. */
struct gossipsub_rpc_out {
    uint8_t head[GOSSIPSUB_OUT_HEAD_BYTES];
    size_t head_len;
    struct blob *parts[GOSSIPSUB_OUT_PARTS];
    size_t count;
    size_t bytes; /* head and parts */
    bool more;    /* something waits yet; set in any case */
};

/** A new engine without peers or topics. `p` is copied and must pass gossipsub_params_check. NULL
 * when memory is out. */
struct gossipsub *gossipsub_new(const struct gossipsub_params *p, const struct env *env) MUST_CHECK;

/** Free it with everything that waits in it. Accepts NULL. */
void gossipsub_free(struct gossipsub *g);

/** A peer is connected and speaks one of gossipsub_protocols on the stream that we write to.
 *
 * @param peer      the number of the peer, not in use (in)
 * @param id        its identity: score and backoff outlive connections (in)
 * @param protocol  the negotiated protocol id (in)
 * @param outbound  did we dial? (in)
 * @param ip        4 or 16 bytes, or empty when unknown (in)
 * @return OK; ERR_EXISTS; ERR_UNSUPPORTED protocol; ERR_FULL; ERR_MEMORY
 */
enum err gossipsub_peer_up(struct gossipsub *g, const struct env *env, uint64_t peer,
                           const struct peer_id *id, const char *protocol, bool outbound,
                           struct span ip) MUST_CHECK;

/** The stream to a peer was replaced, or the peer replaced its own: what was under way may be lost,
 * and other implementations forget us then. Our subscriptions are told again, and GRAFT where it is
 * in our mesh. Unknown numbers are ignored. */
void gossipsub_peer_renew(struct gossipsub *g, uint64_t peer);

/** The peer is gone; its number is free again. Unknown numbers are ignored. */
void gossipsub_peer_down(struct gossipsub *g, const struct env *env, uint64_t peer);

/** The peer's signed record (an envelope, from identify), handed on in peer exchange. Longer than
 * GOSSIPSUB_RECORD_BYTES_MAX or empty: forgotten. */
void gossipsub_peer_record(struct gossipsub *g, uint64_t peer, struct span record);

/** P5 of a peer, any real number. */
void gossipsub_peer_app_score(struct gossipsub *g, uint64_t peer, double score);

/** Make a peer id explicit (or not): always forwarded to, never in the mesh, never scored away, and
 * OUT_CONNECT asks for it while it is not connected. ERR_FULL; ERR_MEMORY.
 *
 * @source gossipsub 1.1, "Explicit Peering Agreements" */
enum err gossipsub_direct(struct gossipsub *g, const struct env *env, const struct peer_id *id,
                          bool direct) MUST_CHECK;

/** Weights of one topic, instead of params.topic_score. ERR_FULL; ERR_MEMORY. */
enum err gossipsub_topic_score(struct gossipsub *g, const struct env *env, struct span topic,
                               const struct gossipsub_topic_score *score) MUST_CHECK;

/** JOIN. OK also when subscribed already; ERR_ARGUMENT empty or longer than
 * GOSSIPSUB_TOPIC_BYTES_MAX; ERR_FULL; ERR_MEMORY. */
enum err gossipsub_subscribe(struct gossipsub *g, const struct env *env,
                             struct span topic) MUST_CHECK;

/** LEAVE. Nothing happens when not subscribed. */
void gossipsub_unsubscribe(struct gossipsub *g, const struct env *env, struct span topic);

/** One whole RPC from `peer`, without its length prefix.
 *
 * What breaks a limit or StrictNoSign inside a well-formed RPC is dropped, counted and held against
 * the peer's score, and the call is OK.
 *
 * @return OK; ERR_FULL too much waits for verdicts: nothing was read, stop reading from the peer
 * and call again after some verdicts; ERR_LIMIT longer than GOSSIPSUB_RPC_BYTES_MAX; ERR_FORMAT not
 * protobuf: reset the stream; ERR_NOT_FOUND no such peer
 */
enum err gossipsub_rpc(struct gossipsub *g, const struct env *env, uint64_t peer,
                       struct span rpc) MUST_CHECK;

/** Send a message of ours. We are not asked for a verdict about it.
 *
 * @param how  peers that will get it; may be 0 without an error; may be NULL (out)
 * @return OK; ERR_ARGUMENT bad topic, or data longer than message_bytes_max; ERR_EXISTS this id was
 *         seen already; ERR_FULL every peer's queue is full: nothing was sent or remembered, try
 *         later; ERR_MEMORY
 */
enum err gossipsub_publish(struct gossipsub *g, const struct env *env, struct span topic,
                           struct span data, struct gossipsub_published *how) MUST_CHECK;

/** Has a message with these bytes been seen lately, or published? */
bool gossipsub_has_seen(const struct gossipsub *g, struct span topic, struct span data);

/** The answer to an OUT_MESSAGE; each ticket is answered once, in any order, at any time. An
 * unknown ticket is ignored. */
void gossipsub_verdict(struct gossipsub *g, const struct env *env, uint64_t ticket,
                       enum gossipsub_verdict verdict);

/** Next output; false: nothing left. */
bool gossipsub_poll(struct gossipsub *g, struct gossipsub_out *out);

/** Take the next RPC for `peer` of at most `room` bytes, its length prefix included.
 *
 * @return false: nothing waits, or not even one part fits into `room`
 */
bool gossipsub_next_rpc(struct gossipsub *g, const struct env *env, uint64_t peer, size_t room,
                        struct gossipsub_rpc_out *out);

/** When it next wants a tick; MONO_NEVER without peers and topics. */
struct mono gossipsub_deadline(const struct gossipsub *g);

/** Heartbeat, when due. */
void gossipsub_tick(struct gossipsub *g, const struct env *env);

/* --- watching it ------------------------------------------------------------------------------ */

/* field, exported name, help. Totals end in _total, the others are gauges. */
#define GOSSIPSUB_COUNTS(X)                                                                        \
    X(peers, "libp2p_pubsub_peers", "connected peers that speak gossipsub")                        \
    X(topics, "libp2p_pubsub_topics", "topics that we are subscribed to")                          \
    X(subscriptions, "libp2p_pubsub_subscriptions_total", "JOINs of ours")                         \
    X(unsubscriptions, "libp2p_pubsub_unsubscriptions_total", "LEAVEs of ours")                    \
    X(published, "libp2p_pubsub_messages_published_total", "messages of ours")                     \
    X(rebroadcasted, "libp2p_pubsub_messages_rebroadcasted_total",                                 \
      "messages accepted and relayed")                                                             \
    X(accepted, "libp2p_pubsub_validation_success_total", "verdicts: accept")                      \
    X(rejected, "libp2p_pubsub_validation_failure_total", "verdicts: reject, and malformed ones")  \
    X(ignored, "libp2p_pubsub_validation_ignore_total", "verdicts: ignore")                        \
    X(received, "libp2p_gossipsub_received_total", "messages received, without duplicates")        \
    X(duplicates, "libp2p_gossipsub_duplicate_total", "messages received again")                   \
    X(foreign, "libp2p_gossipsub_unsubscribed_topic_total", "messages of topics we are not in")    \
    X(sent_messages, "libp2p_pubsub_broadcast_messages_total", "messages sent, per peer")          \
    X(sent_subscriptions, "libp2p_pubsub_broadcast_subscriptions_total", "SUBSCRIBEs sent")        \
    X(sent_unsubscriptions, "libp2p_pubsub_broadcast_unsubscriptions_total", "UNSUBSCRIBEs sent")  \
    X(sent_graft, "libp2p_pubsub_broadcast_graft_total", "GRAFTs sent")                            \
    X(sent_prune, "libp2p_pubsub_broadcast_prune_total", "PRUNEs sent")                            \
    X(sent_ihave, "libp2p_pubsub_broadcast_ihave_total", "IHAVEs sent")                            \
    X(sent_iwant, "libp2p_pubsub_broadcast_iwant_total", "ids asked for by IWANT")                 \
    X(sent_idontwant, "libp2p_pubsub_broadcast_idontwant_total", "ids told by IDONTWANT")          \
    X(received_messages, "libp2p_pubsub_received_messages_total", "messages received")             \
    X(received_subscriptions, "libp2p_pubsub_received_subscriptions_total", "SUBSCRIBEs received") \
    X(received_unsubscriptions, "libp2p_pubsub_received_unsubscriptions_total",                    \
      "UNSUBSCRIBEs received")                                                                     \
    X(received_graft, "libp2p_pubsub_received_graft_total", "GRAFTs received")                     \
    X(received_prune, "libp2p_pubsub_received_prune_total", "PRUNEs received")                     \
    X(received_ihave, "libp2p_pubsub_received_ihave_total", "IHAVEs received")                     \
    X(received_iwant, "libp2p_pubsub_received_iwant_total", "IWANTs received")                     \
    X(received_idontwant, "libp2p_pubsub_received_idontwant_total", "IDONTWANTs received")         \
    X(idontwant_saved, "libp2p_gossipsub_idontwant_saved_messages_total",                          \
      "messages not sent because the peer said IDONTWANT")                                         \
    X(dropped_messages, "libp2p_gossipsub_queue_dropped_messages_total",                           \
      "forwarded messages dropped at a peer's full queue")                                         \
    X(dropped_ihave, "libp2p_gossipsub_queue_dropped_ihave_total",                                 \
      "IHAVEs dropped at a peer's full queue")                                                     \
    X(full_publish, "libp2p_gossipsub_failed_publish_total", "publications answered ERR_FULL")     \
    X(dropped_validating, "libp2p_gossipsub_validation_dropped_total",                             \
      "messages dropped because too many waited for a verdict")                                    \
    X(broken_promises, "libp2p_gossipsub_broken_promises_total",                                   \
      "IHAVEs not followed by messages")                                                           \
    X(over_limit, "libp2p_gossipsub_over_limit_total",                                             \
      "entries ignored because a list was too long")                                               \
    X(graylisted, "libp2p_gossipsub_graylisted_rpcs_total", "RPCs ignored for the peer's score")   \
    X(backoff_violations, "libp2p_gossipsub_backoff_violations_total", "GRAFTs inside a backoff")  \
    X(px_accepted, "libp2p_gossipsub_px_accepted_total", "peers learnt from PRUNEs")               \
    X(seen_entries, "libp2p_gossipsub_seen_entries", "message ids remembered")                     \
    X(mcache_messages, "libp2p_gossipsub_cache_window_size", "messages in the message cache")      \
    X(mcache_bytes, "libp2p_gossipsub_cache_bytes", "bytes in the message cache")                  \
    X(validating, "libp2p_gossipsub_validating_messages", "messages waiting for a verdict")        \
    X(queued_bytes, "libp2p_gossipsub_queued_bytes", "bytes waiting in the queues of all peers")

struct gossipsub_counts {
#define X(field, name, help) uint64_t field;
    GOSSIPSUB_COUNTS(X)
#undef X
};

/** The counters, brought up to date. Borrowed from the engine. */
const struct gossipsub_counts *gossipsub_counts(struct gossipsub *g);

/* What can be seen of a topic; exported by topic. */
struct gossipsub_topic_view {
    struct span name;
    bool subscribed;
    uint32_t members; /* libp2p_gossipsub_peers_per_topic_gossipsub */
    uint32_t mesh;    /* libp2p_gossipsub_peers_per_topic_mesh */
    uint32_t fanout;  /* libp2p_gossipsub_peers_per_topic_fanout */
    uint64_t messages, message_bytes;
};

/** Step through the topics in the order in which they became known; start with *cursor = 0. */
bool gossipsub_topic_next(const struct gossipsub *g, size_t *cursor,
                          struct gossipsub_topic_view *out);

/** One topic by name; false: unknown. */
bool gossipsub_topic_get(const struct gossipsub *g, struct span topic,
                         struct gossipsub_topic_view *out);

/** The i-th peer of a topic (mesh: of its mesh); false: there are no more. */
bool gossipsub_topic_peer(const struct gossipsub *g, struct span topic, bool mesh, size_t i,
                          uint64_t *peer);

struct gossipsub_peer_view {
    uint64_t peer;
    const struct peer_id *id;
    const char *protocol;
    bool outbound, direct;
    double score;
    uint32_t topics, meshes;
    size_t queued_bytes;       /* messages and IHAVEs waiting */
    uint64_t dropped_messages; /* at its full queue */
};

/** Step through the connected peers in the order in which they came; start with *cursor = 0. */
bool gossipsub_peer_next(const struct gossipsub *g, size_t *cursor,
                         struct gossipsub_peer_view *out);

/** One peer by number; false: unknown. */
bool gossipsub_peer_get(const struct gossipsub *g, uint64_t peer, struct gossipsub_peer_view *out);
