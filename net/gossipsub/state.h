/* What the files of this room share: peers, topics, and the members that join them. */
#pragma once

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "crypto/base/siphash.h"
#include "net/gossipsub/gossipsub.h"
#include "net/gossipsub/protocols.h"
#include "net/gossipsub/queue.h"
#include "net/gossipsub/recent.h"
#include "net/wire/peer_id.h"

/* connections from one address (P6) */
struct ip_group {
    uint8_t bytes[16];
    uint8_t len;
    uint32_t peers;
};

struct peer {
    uint64_t number;
    struct peer_id id;
    const struct gossipsub_protocol *protocol;
    struct ip_group *ip; /* NULL: unknown or exempt */
    bool connected, outbound, direct;
    bool flood;         /* explicit, or speaks floodsub: gets every message of its topics */
    bool disconnecting; /* OUT_DISCONNECT was given */

    struct member **members; /* by topic serial; includes topics it left, while something counts */
    uint32_t member_count, member_cap, mesh_count;

    double behaviour;   /* counter of P7 */
    double app;         /* P5 */
    double score_cache; /* all but P6 */
    bool score_stale;
    int64_t retain_until_ns;

    uint32_t ihaves, asked, idontwants; /* since the last heartbeat */
    struct recent unwanted;             /* struct unwanted: IDONTWANT of this peer */
    struct blob *record;                /* signed peer record; NULL: none */
    struct queue queue;
};

struct unwanted {
    uint64_t key;
    uint64_t heartbeat;
};

struct topic {
    uint32_t serial; /* order of appearance */
    uint32_t refs;   /* members, caches, queues, and one for each of the three below */
    bool subscribed, fanout;
    int64_t published_ns;                /* last publication into the fanout */
    struct gossipsub_topic_score *score; /* owned; NULL: params.topic_score */
    struct member **members, **mesh;
    uint32_t member_count, member_cap, mesh_count, mesh_cap;
    uint64_t messages, message_bytes;
    uint16_t name_len;
    uint8_t name[];
};

/* a peer in a topic */
struct member {
    struct peer *peer;
    struct topic *topic;
    uint32_t place, mesh_place; /* in topic->members and topic->mesh, + 1; 0: not there */
    bool fanout;
    bool deliveries_due; /* in the mesh for longer than the activation of P3 */
    int64_t backoff_until_ns, pruned_ns;
    int64_t graft_ns, mesh_ns; /* when grafted; time in the mesh at the last decay */
    double first, deliveries, failures, invalid; /* counters of P2, P3, P3b, P4 */
};

enum seen_state {
    SEEN_VALIDATING,
    SEEN_ACCEPTED,
    SEEN_REJECTED,
    SEEN_IGNORED
};

struct seen {
    uint64_t key;
    uint64_t state : 2;
    uint64_t value : 62; /* VALIDATING: place in g->validating; else time of the verdict, ns */
};

/* a message that waits for its verdict */
struct validating {
    bool used;
    uint32_t generation, next_free;
    struct topic *topic;
    struct blob *blob; /* RPC field "publish", as it will be forwarded */
    struct span data;  /* inside blob */
    uint64_t key, from;
    uint64_t *also; /* peers that sent it meanwhile; owned */
    uint32_t also_count;
    int64_t received_ns;
    uint8_t id[GOSSIPSUB_ID_BYTES];
};

struct cached {
    uint64_t key;
    struct topic *topic;
    struct blob *blob;
    uint64_t heartbeat;   /* in which it came */
    uint64_t from;        /* the peer that sent it first; 0 for a message of ours */
    struct sent_to *sent; /* owned */
    uint32_t sent_count;
    uint8_t id[GOSSIPSUB_ID_BYTES];
};

/* what one peer had to do with a cached message */
struct sent_to {
    uint64_t peer;
    uint32_t times; /* answers to its IWANTs */
    bool credited;  /* for delivering it near-first (P3) */
};

struct promise {
    uint64_t key, peer;
    int64_t until_ns;
};

struct direct {
    struct peer_id id;
    bool connected;
};

struct gossipsub {
    struct gossipsub_params params;
    uint8_t key[16]; /* of message keys */
    struct map peers, retained, topics, ips;
    uint32_t topic_serial, own_topics;
    uint32_t flood_peers; /* connected peers with p->flood */

    struct recent seen, cache;
    size_t cache_bytes;

    struct validating *validating;
    uint32_t validating_count, validating_used, validating_free;
    size_t validating_bytes;

    struct promise *promises;
    uint32_t promise_count, promise_cap;
    struct direct *direct;
    uint32_t direct_count;
    int64_t direct_next_ns;

    bool beating;
    uint64_t heartbeat;                               /* how many there were */
    int64_t heartbeat_ns, decay_ns, opportunistic_ns; /* when the next is due */

    struct fifo outputs;                     /* struct waiting */
    struct connect *polled;                  /* lent out by the last poll */
    struct blob *taken[GOSSIPSUB_OUT_PARTS]; /* lent out by the last next_rpc */
    size_t taken_count;
    size_t queued_bytes;
    struct gossipsub_counts counts;
};

/* peers.c */
struct peer *peer_get(const struct gossipsub *g, uint64_t number);
void peers_tidy(struct gossipsub *g,
                const struct env *env); /* members and scores past their time */
void peers_forget_all(struct gossipsub *g);
void peer_set_direct(struct gossipsub *g, struct peer *p, bool direct);

/* members.c */
struct member *member_get(const struct peer *p, const struct topic *t);
struct member *member_make(struct gossipsub *g, struct peer *p, struct topic *t); /* or NULL */
bool member_join(struct member *m);                       /* the peer subscribed */
void member_leave(struct gossipsub *g, struct member *m); /* it left the topic, or is gone */
bool mesh_insert(struct member *m);                       /* without telling the peer */
void mesh_remove(struct gossipsub *g, struct member *m);
void members_tidy(struct gossipsub *g, const struct env *env, struct peer *p);
void members_free(struct gossipsub *g, struct peer *p);

static inline bool member_in_mesh(const struct member *m)
{
    return m->mesh_place != 0;
}

/* topics.c */
struct topic *topic_get(const struct gossipsub *g, struct span name);
struct topic *topic_make(struct gossipsub *g, struct span name,
                         bool own); /* a reference, or NULL */
struct topic *topic_ref(struct topic *t);
void topic_unref(struct gossipsub *g, struct topic *t);
struct span topic_name(const struct topic *t);
const struct gossipsub_topic_score *topic_weights(const struct gossipsub *g, const struct topic *t);

/* validating.c */
struct validating *validating_get(const struct gossipsub *g, uint64_t ticket);
void validating_free(struct gossipsub *g);

/* outputs.c; false: no room */
bool output_message(struct gossipsub *g, uint64_t ticket);
bool output_peer(struct gossipsub *g, enum gossipsub_out_kind kind, uint64_t peer);
bool output_connect(struct gossipsub *g, const struct peer_id *id, struct span record);
void outputs_init(struct gossipsub *g);
void outputs_free(struct gossipsub *g);
void taken_release(struct gossipsub *g);

/* heartbeat.c */
void heartbeat_start(struct gossipsub *g, const struct env *env);

static inline uint64_t message_key(const struct gossipsub *g, const uint8_t *id)
{
    return siphash(g->key, span_of(id, GOSSIPSUB_ID_BYTES));
}
