/* Every bound of store sync, with unit and source. */
#pragma once

#include "crypto/base/env.h"

/* what nwaku does (waku_store_sync/common.nim) */
#define SYNC_RANGE_NS_DEFAULT  (3600 * NS_PER_S)
#define SYNC_JITTER_NS_DEFAULT (20 * NS_PER_S)

/* the ids that are compared; 48 bytes each, in chunks that may be half empty */
#define SYNC_IDS_MAX         1000000u /* own choice: at most 96 MB; beyond it the oldest go */
#define SYNC_CHUNK_IDS       256u     /* 12 KiB: what one insertion moves at most */
#define SYNC_TOPICS_MAX      1024u    /* shards in a payload; 51/WAKU2-RELAY-SHARDING */
#define SYNC_CONTENTS_MAX    128u     /* content topics in a payload, own choice */
#define SYNC_WINDOW_NS       (60 * NS_PER_S) /* a peer's clock and interval may lag so much behind */
#define SYNC_WINDOW_AHEAD_NS (20 * NS_PER_S) /* as the archive allows */

/* splitting; any values understand any others (docs/figures.md has what these cost) */
#define SYNC_PARTS     8u /* ranges that an unequal one is cut into */
#define SYNC_SET_SMALL 8u /* ids of a range that is told whole; nwaku: 100 */

/* a payload */
#define SYNC_PAYLOAD_IN_BYTES_MAX  (2u << 20)   /* some 50,000 ids */
#define SYNC_PAYLOAD_OUT_BYTES     (768u << 10) /* what does not fit is left for the next round */
#define SYNC_PAYLOAD_OUT_BYTES_MAX (960u << 10) /* fits a stream's queue */

/* a session */
#define SYNC_SESSIONS_IN_MAX 4u                          /* that peers begin; one of each peer */
#define SYNC_SESSIONS_MAX    (SYNC_SESSIONS_IN_MAX + 1u) /* one is kept for us to begin */
#define SYNC_ROUNDS_MAX      128u   /* payloads received; honest ones need about ten */
#define SYNC_WANTS_MAX       32768u /* announced ids that we lack; the rest waits for the next */
#define SYNC_SENDS_MAX       65536u /* ids that the peer lacks */
#define SYNC_HELD_MAX        8192u  /* messages that came before their announcement */
#define SYNC_HELD_BYTES_MAX  (1u << 20)
#define SYNC_HELD_ENOUGH     (128u << 10) /* bytes; then their stream is not read until it came */
#define SYNC_FETCH_MAX       32u          /* messages asked of the archive at a time */
#define SYNC_PAYLOAD_NS      (10 * NS_PER_S) /* for an answer to a payload */
#define SYNC_RECONCILE_NS    (25 * NS_PER_S) /* for all payloads of a session */
#define SYNC_TRANSFER_NS     (20 * NS_PER_S) /* for the next announced message */
#define SYNC_PEER_PAUSE_NS   (10 * NS_PER_S) /* between two sessions that one peer begins */
#define SYNC_MEMORIES_MAX    256u /* peers whose pause is watched; then the oldest is forgotten */

#define SYNC_SESSION_NS (600 * NS_PER_S) /* a whole session */
#define SYNC_SHUN_NS    (600 * NS_PER_S) /* after a peer broke the rules */
#define SYNC_INLETS_MAX 64u              /* transfer streams of peers; one of each */
#define SYNC_OUTS_MAX   8192u            /* outputs that wait for sync_poll */

#define SYNC_TOPIC_BYTES_MAX 256u /* a pubsub topic in a transfer */
