/* Bounds of net/host. */
#pragma once

#define HOST_OUT_MAX      65536u     /* outputs that wait for host_poll */
#define HOST_EVENTS_BYTES (1u << 20) /* read from streams before the engines write */
#define HOST_OUT_ENOUGH   1024u      /* host_pump returns when so many wait */
#define HOST_EXCHANGE_TIMEOUT_MS                                                                   \
    10000                             /* a request under way, from its first byte to the answer    \
                                       */
#define HOST_EXCHANGE_LINGER_MS 60000 /* for the other side to end the stream after the answer */
#define HOST_EXCHANGES_PEER_MAX 64u   /* requests of one peer being answered at a time */
#define HOST_EXCHANGES_MAX      4096u /* of all peers */
#define HOST_EXCHANGES_PARTIAL_PEER_MAX                                                            \
    (4u << 20) /* bytes of unfinished requests of one peer: three of the largest */
#define HOST_EXCHANGES_PARTIAL_MAX (64u << 20) /* of all peers */
#define RATE_PEERS_MAX             16384u      /* buckets of one service, one a peer id */
#define RATE_NUMBER_MAX            100000000u  /* volume and period of --rate-limit */
#define HOST_PUSH_TIMEOUT_MS       20000 /* for a filter push to leave; nwaku MessagePushTimeout */
#define HOST_PUSH_LINGER_MS        500   /* a push stream that left is ended by us after this */
#define HOST_PUSH_INBOUND_MAX      100u  /* push streams of our filter service; js has the same */
#define HOST_PUSH_READY_MAX        64u   /* peers for which a lightpush stream is kept open */
#define HOST_PING_INTERVAL_MS      15000
#define HOST_PING_TIMEOUT_MS       10000
#define HOST_PING_ECHO_BYTES_MAX   4096u /* echoes that wait for room on their stream */
#define HOST_PEERS_MAX             65536u
#define HOST_STREAMS_MAX           1000000u /* net/swarm bounds them per connection */
#define HOST_ROUNDS_MAX            64 /* of one pump: engines that feed each other must come to rest */
#define HOST_GOSSIP_STEADY_MS      10000 /* an outgoing stream that lived so long broke by accident */
#define HOST_GOSSIP_INBOUND_MAX    4u    /* streams of one peer that carry its RPCs to us */
#define HOST_LISTENS_MAX           8u /* addresses of a peer that identify told; net/peers keeps so many */
#define HOST_GOSSIP_PARTIAL_MAX                                                                    \
    (64u << 20)                   /* bytes of unfinished RPCs of all peers; of one: one RPC */
#define HOST_SYNC_WAITING_MAX 64u /* frames of store sync that wait for room on a stream */
#define HOST_DRAIN_BYTES_S    (1u << 20) /* a full peer that takes less than this a second is slow */
