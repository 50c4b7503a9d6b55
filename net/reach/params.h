/* Bounds and periods of net/reach: unit and source. */
#pragma once

#define REACH_ADDRS_MAX 32u /* addresses that we announce; own bound */

/* observed addresses */
#define OBSERVED_VOTES_MAX 32u /* peers whose last word counts; nim-libp2p keeps 10 */
#define OBSERVED_VOTES_MIN 3u  /* peers of different addresses that must agree; nim-libp2p's 3 */

/* autonat 1.0.0 */
#define AUTONAT_PROTOCOL        "/libp2p/autonat/1.0.0"
#define AUTONAT_MESSAGE_MAX     4096u /* bytes; nim-libp2p reads 1024, js-libp2p 4 KiB and more */
#define AUTONAT_TIMEOUT_MS      40000 /* a question that takes dials of 15 s; js-libp2p has 30 s */
#define AUTONAT_ADDRS_MAX       8u  /* addresses that are dialed for one request; nim-libp2p's 8 */
#define AUTONAT_DIALS_MAX       16u /* dial-backs under way for all peers; own bound */
#define AUTONAT_PEER_PAUSE_MS   20000 /* between two requests of one peer or address; own bound */
#define AUTONAT_MINUTE_MAX      30u   /* dial-backs a minute for all; go-libp2p has 30 */
#define AUTONAT_RECENT_MAX      256u  /* peers and addresses remembered for the pause */
#define AUTONAT_ASK_INTERVAL_MS 30000 /* between two rounds; nwaku's 30 s */
#define AUTONAT_ASK_SETTLED_MS                                                                     \
    300000                           /* between two rounds once the answer is clear; own choice    \
                                      */
#define AUTONAT_ASK_PEERS      3u    /* peers asked in a round; nwaku's 3 */
#define AUTONAT_ASK_AGE_MS     20000 /* a connection must be so old: no simultaneous dial any more */
#define AUTONAT_ANSWERS_MAX    8u    /* last answers that count, one a peer; own bound */
#define AUTONAT_ANSWERS_MIN    3u    /* peers that must agree; nwaku: 3 of 3 */
#define AUTONAT_ANSWER_LIFE_MS 1800000 /* an answer counts for half an hour; own choice */

/* circuit relay v2 */
#define CIRCUIT_HOP_PROTOCOL        "/libp2p/circuit/relay/0.2.0/hop"
#define CIRCUIT_STOP_PROTOCOL       "/libp2p/circuit/relay/0.2.0/stop"
#define CIRCUIT_HANDSHAKE_MS        30000 /* of a hop or stop stream; js-libp2p 30 s */
#define CIRCUIT_HANDSHAKES_MAX      256u  /* of all peers at a time; own bound */
#define CIRCUIT_HANDSHAKES_PEER_MAX 16u
#define CIRCUIT_ADDRS_MAX           8u      /* of a relay, in a reservation; own bound */
#define CIRCUIT_MESSAGE_MAX         4096u   /* bytes; go-libp2p and nim-libp2p */
#define CIRCUIT_RESERVATIONS_MAX    128u    /* go-libp2p 128, nim-libp2p 128, js-libp2p 15 */
#define CIRCUIT_RESERVATIONS_IP_MAX 8u      /* from one address; go-libp2p 8 */
#define CIRCUIT_TTL_S               3600    /* of a reservation; go-libp2p and nim-libp2p 1 h */
#define CIRCUIT_MAX                 128u    /* circuits open at a time; nim-libp2p */
#define CIRCUIT_PEER_MAX            16u     /* of one peer, at either end; go-libp2p, nim-libp2p */
#define CIRCUIT_SECONDS             120     /* of one circuit; go-libp2p, nim-libp2p, js-libp2p */
#define CIRCUIT_BYTES               131072u /* each way; go-libp2p, nim-libp2p, js-libp2p */
#define CIRCUIT_RESERVE_WANTED      2u      /* relays that a client keeps; nwaku's 2 */
#define CIRCUIT_RESERVE_PEERS_MAX   64u     /* possible relays remembered; own bound */
#define CIRCUIT_RESERVE_PAUSE_MS    60000 /* before a relay that refused is asked again; doubles */
#define CIRCUIT_RESERVE_PAUSE_MAX   3600000
#define CIRCUIT_RESERVE_LIFE_MIN_S  30    /* a shorter promise is none */
#define CIRCUIT_RESERVE_LIFE_MAX_S  86400 /* a longer one is renewed after half of this */

/* port mapping */
#define PORTMAP_PORTS_MAX      4u
#define PORTMAP_LEASE_S        3600 /* asked for; nim-eth 1 h */
#define PORTMAP_LEASE_MIN_S    60   /* a shorter one is renewed as if it were this */
#define PORTMAP_RETRY_MS       300000
#define PORTMAP_RETRY_MS_MAX   3600000
#define PORTMAP_RENEW_RETRY_MS 60000 /* after a renewal that failed */
#define PORTMAP_GATEWAY_MAX    64u

/* direct connection upgrade through relay */
#define DCUTR_PROTOCOL    "/libp2p/dcutr"
#define DCUTR_MESSAGE_MAX 4096u /* bytes; the spec's 4 KiB */
#define DCUTR_ADDRS_MAX   8u    /* addresses of the other that are dialed; nim-libp2p's 8 */
#define DCUTR_TRIES_MAX   3u    /* the spec's 3 */
#define DCUTR_PEERS_MAX   32u   /* upgrades under way, all peers; own bound */
#define DCUTR_STEP_MS     15000 /* for an answer, or a dial; nim-libp2p 15 s */
#define DCUTR_PAUSE_MS    10000 /* a peer may ask us again after so long; own bound */
