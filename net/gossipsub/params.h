/* Every number that bounds or tunes gossipsub, with its unit and its source.
 *
 * [1.0] [1.1] [1.2]: libp2p/specs pubsub/gossipsub/gossipsub-v1.x.md
 * [waku]: 29/WAKU2-CONFIG and what the reference node sets
 * [ours]: chosen here; the reason stands beside it */
#pragma once

#include "crypto/base/env.h"
#include "crypto/base/span.h"

#define GOSSIPSUB_ID_BYTES 32u /* of a message id: SHA-256 of the data [waku] */

/* what a peer may send */
#define GOSSIPSUB_RPC_BYTES_MAX (4u << 20) /* one RPC coming in; js sends up to this [ours] */
#define GOSSIPSUB_RPC_SUBSCRIPTIONS_MAX                                                            \
    1024u                                    /* entries in one RPC; Waku has 1,024 shards [ours]   \
                                              */
#define GOSSIPSUB_RPC_MESSAGES_MAX    8192u  /* messages in one RPC [ours] */
#define GOSSIPSUB_RPC_CONTROLS_MAX    1024u  /* GRAFT, PRUNE, IHAVE, IWANT, IDONTWANT each [ours] */
#define GOSSIPSUB_RPC_IDS_MAX         65536u /* message ids in all lists of one RPC [ours] */
#define GOSSIPSUB_TOPIC_BYTES_MAX     256u   /* one topic name [ours] */
#define GOSSIPSUB_PEER_TOPICS_MAX     1024u  /* topics that one peer may be in [ours] */
#define GOSSIPSUB_TOPICS_MAX          4096u  /* topics known at all; more are ignored [ours] */
#define GOSSIPSUB_OWN_TOPICS_MAX      1024u  /* topics that we are in ourselves [ours] */
#define GOSSIPSUB_PEERS_MAX           65536u /* connected peers [ours] */
#define GOSSIPSUB_RECORD_BYTES_MAX    2048u  /* one signed peer record [ours] */
#define GOSSIPSUB_PX_PEERS_IN_MAX     32u    /* entries read from one PRUNE [ours] */
#define GOSSIPSUB_DIRECT_PEERS_MAX    64u    /* explicit peering agreements [ours] */
#define GOSSIPSUB_PRUNE_BACKOFF_S_MAX 3600u  /* longest backoff believed from a PRUNE, s [ours] */

/* what we send */
#define GOSSIPSUB_OUT_PARTS           64u /* blobs in one RPC: what streams.h takes in one write */
#define GOSSIPSUB_OUT_BYTES_MAX       (1u << 20) /* one RPC: what streams.h buffers [ours] */
#define GOSSIPSUB_OUT_HEAD_BYTES      32u        /* what streams.h copies in front */
#define GOSSIPSUB_MESSAGE_BYTES_MAX   (GOSSIPSUB_OUT_BYTES_MAX - 4096u) /* data; fits an RPC */
#define GOSSIPSUB_OUTPUTS_MAX         (1u << 20) /* outputs not polled yet [ours] */
#define GOSSIPSUB_IDONTWANT_QUEUE_MAX 256u       /* ids waiting to be told to one peer [ours] */
#define GOSSIPSUB_DUPLICATES_MAX      64u /* peers remembered per message being validated [ours] */
#define GOSSIPSUB_PROMISES_MAX        4096u /* IWANTs whose answer is watched for [ours] */

/* weights and counters of one topic [1.1, "Topic Parameter Calculation and Decay"] */
struct gossipsub_topic_score {
    double topic_weight;

    double time_in_mesh_weight; /* P1 */
    int64_t time_in_mesh_quantum_ns;
    double time_in_mesh_cap;

    double first_deliveries_weight; /* P2 */
    double first_deliveries_decay;
    double first_deliveries_cap;

    double mesh_deliveries_weight; /* P3 */
    double mesh_deliveries_decay;
    double mesh_deliveries_cap;
    double mesh_deliveries_threshold;
    int64_t mesh_deliveries_window_ns;
    int64_t mesh_deliveries_activation_ns;

    double mesh_failure_weight; /* P3b */
    double mesh_failure_decay;

    double invalid_weight; /* P4 */
    double invalid_decay;
};

/* addresses that may hold any number of peers */
struct gossipsub_subnet {
    uint8_t bytes[16]; /* network order; the first 4 for IPv4 */
    uint8_t len;       /* 4 or 16 */
    uint8_t bits;      /* leading bits that count */
};

#define GOSSIPSUB_SUBNETS_MAX 16u

struct gossipsub_params {
    /* mesh degrees [1.0, 1.1; values: waku] */
    uint32_t d, d_low, d_high, d_score, d_out, d_lazy;
    double gossip_factor; /* part of the peers outside the mesh that hears gossip [1.1] */

    int64_t heartbeat_ns;           /* [1.0] */
    int64_t fanout_ttl_ns;          /* [1.0] */
    int64_t prune_backoff_ns;       /* [1.1] */
    int64_t unsubscribe_backoff_ns; /* [1.1]; 5 s [waku] */
    int64_t graft_flood_ns; /* a GRAFT this soon after our PRUNE is penalised twice [ours] */
    uint32_t backoff_slack; /* heartbeats waited beyond a backoff [1.1] */
    int64_t opportunistic_graft_ns; /* period of the check [1.1] */
    uint32_t opportunistic_graft_peers;
    int64_t direct_connect_ns; /* period of reconnecting explicit peers [1.1] */
    bool flood_publish;        /* off: it names the sender (issue 2) */
    bool px;                   /* put peers into PRUNE, and act on those received */
    uint32_t px_peers;         /* entries in a PRUNE of ours; more than d_high [1.1] */
    bool disconnect_graylisted;

    /* caches: bounded in time and in bytes */
    uint32_t mcache_len, mcache_gossip; /* heartbeats [1.0] */
    size_t mcache_bytes_max;
    int64_t seen_ttl_ns; /* [1.0] */
    size_t seen_bytes_max;

    /* gossip limits [1.1, "Spam Protection Measures"] */
    uint32_t ihave_messages_max;     /* IHAVEs accepted from a peer per heartbeat */
    uint32_t ihave_ids_max;          /* ids in one IHAVE, and asked of a peer per heartbeat */
    uint32_t retransmissions_max;    /* times that one message answers IWANTs of one peer */
    int64_t iwant_followup_ns;       /* time to keep the promise of an IHAVE */
    uint32_t idontwant_messages_max; /* IDONTWANTs accepted from a peer per heartbeat [1.2] */
    uint32_t idontwant_ids_max;      /* ids remembered per peer */
    uint32_t idontwant_ttl;          /* heartbeats that they are remembered */
    size_t idontwant_bytes_min;      /* data at least this long is announced */

    /* sizes */
    size_t message_bytes_max;    /* data of one message; longer ones are invalid */
    size_t peer_queue_bytes_max; /* messages and IHAVEs waiting for one peer */
    int64_t peer_queue_stall_ns; /* a peer that takes nothing for this long loses its queue */
    size_t validating_bytes_max; /* messages waiting for a verdict */

    /* peer score [1.1] */
    double gossip_threshold, publish_threshold, graylist_threshold;
    double accept_px_threshold, opportunistic_graft_threshold;
    int64_t decay_interval_ns;
    double decay_to_zero;
    int64_t retain_score_ns;
    uint32_t retained_peers_max; /* scores kept of peers that left */
    double topic_score_cap;      /* TopicCap; 0: none */
    double app_weight;           /* P5 */
    double colocation_weight;    /* P6 */
    uint32_t colocation_threshold;
    struct gossipsub_subnet colocation_exempt[GOSSIPSUB_SUBNETS_MAX];
    uint32_t colocation_exempt_count; /* loopback by default: a harness, a proxy, onion services */
    double behaviour_weight;          /* P7 */
    double behaviour_decay;
    struct gossipsub_topic_score topic_score; /* of topics without a row of their own */

    /** The id of a message. The same in the whole network; NULL: SHA-256 of the data. */
    void (*message_id)(struct span topic, struct span data, uint8_t id[GOSSIPSUB_ID_BYTES]);
};

/** What a Waku node runs with: 29/WAKU2-CONFIG, the degrees and weights of the reference node. */
struct gossipsub_params gossipsub_params_default(void);

/** Do the numbers fit together? ERR_ARGUMENT when the specification's constraints do not hold.
 *
 * @source gossipsub 1.1, "Outbound Mesh Quotas" and "Overview of New Parameters"
 */
enum err gossipsub_params_check(const struct gossipsub_params *p) MUST_CHECK;
