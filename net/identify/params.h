/* Limits of identify: unit and source. */
#pragma once

#define IDENTIFY_PROTOCOL      "/ipfs/id/1.0.0"
#define IDENTIFY_PUSH_PROTOCOL "/ipfs/id/push/1.0.0"

#define IDENTIFY_MESSAGE_MAX   8192u         /* bytes of one message; go-libp2p and js-libp2p */
#define IDENTIFY_BYTES_MAX     16384u        /* bytes of all messages on one stream; own bound */
#define IDENTIFY_MESSAGES_MAX  10u           /* messages on one stream; go-libp2p */
#define IDENTIFY_ADDRS_MAX     64u           /* listen addresses read; own bound */
#define IDENTIFY_PROTOCOLS_MAX 256u          /* protocol ids read; own bound */
#define IDENTIFY_TEXT_MAX      256u          /* bytes of a version or protocol id; own bound */
#define IDENTIFY_TIMEOUT_NS    30000000000ll /* for an answer; go-libp2p 60 s, js-libp2p 5 s */
#define IDENTIFY_PEERS_MAX     16384u        /* connected peers; own bound */
