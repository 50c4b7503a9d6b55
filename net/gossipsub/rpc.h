/* Field numbers of the pubsub RPC, and its reading.
 *
 * @source libp2p/specs pubsub/README.md "The RPC", "The Message"; gossipsub 1.0, 1.1, 1.2
 * "Protobuf"
 */
#pragma once

#include "crypto/base/blob.h"
#include "net/wire/protobuf.h"

enum {
    RPC_SUBSCRIPTIONS = 1,
    RPC_PUBLISH = 2,
    RPC_CONTROL = 3,

    SUBOPTS_SUBSCRIBE = 1,
    SUBOPTS_TOPIC = 2,

    MESSAGE_FROM = 1,
    MESSAGE_DATA = 2,
    MESSAGE_SEQNO = 3,
    MESSAGE_TOPIC = 4,
    MESSAGE_SIGNATURE = 5,
    MESSAGE_KEY = 6,

    CONTROL_FIELD_IHAVE = 1,
    CONTROL_FIELD_IWANT = 2,
    CONTROL_FIELD_GRAFT = 3,
    CONTROL_FIELD_PRUNE = 4,
    CONTROL_FIELD_IDONTWANT = 5,

    IHAVE_TOPIC = 1,
    IHAVE_ID = 2,
    IDS_ID = 1, /* IWANT, IDONTWANT */
    GRAFT_TOPIC = 1,
    PRUNE_TOPIC = 1,
    PRUNE_PEERS = 2,
    PRUNE_BACKOFF = 3,
    PEERINFO_ID = 1,
    PEERINFO_RECORD = 2,
};

struct rpc_subscription {
    bool subscribe;
    struct span topic;
};

struct rpc_message {
    struct span topic, data;
    bool named; /* from, seqno, signature or key is present: not StrictNoSign */
};

struct rpc_prune {
    struct span topic;
    struct span body; /* the whole entry, for rpc_next_px */
    bool has_backoff;
    uint64_t backoff_s;
};

struct rpc_px {
    struct span peer_id, record;
};

/** Is the whole RPC well formed, down to every nested message? Nothing is acted on before. */
enum err rpc_check(struct span rpc) MUST_CHECK;

/* The readers below take bodies that rpc_check accepted. */
struct rpc_subscription rpc_subscription(struct span body);
struct rpc_message rpc_message(struct span body);
struct rpc_prune rpc_prune(struct span body);
struct span rpc_topic(struct span body); /* of IHAVE and GRAFT: field 1 */

/** Step through the entries of field `number` in a message. */
bool rpc_next(struct pb *p, uint32_t number, struct span *entry);

/** Step through the peers of a PRUNE. */
bool rpc_next_px(struct pb *p, struct rpc_px *out);

/** One message as field 2 of an RPC: what all peers get. NULL when memory is out.
 *
 * @param data_at  where the data begins in it (out)
 */
struct blob *rpc_encode_message(struct span topic, struct span data, struct span *data_at);
