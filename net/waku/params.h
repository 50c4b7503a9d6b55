/* Limits of Waku messages and their protocols: unit and source. */
#pragma once

#include "crypto/base/env.h"

#define WAKU_MESSAGE_BYTES_MAX 153600u /* encoded; 64/WAKU2-NETWORK, 150 KiB (--max-msg-size) */
#define WAKU_META_BYTES_MAX    64u     /* 14/WAKU2-MESSAGE */
#define WAKU_ARCHIVE_DRIFT_NS  (20 * NS_PER_S) /* what nwaku's archive allows either way */
#define WAKU_SHARD_TEXT_MAX    32u             /* "/waku/2/rs/65535/65535" and NUL, and some */
#define WAKU_METERS_MAX        1024u           /* pubsub topics whose bytes are counted */
#define WAKU_SHARDS_MAX        1024u           /* of a cluster; 51/WAKU2-RELAY-SHARDING */
#define METADATA_BYTES_MAX     8192u           /* a message: every shard in both forms; own bound */
#define METADATA_ASKED_MAX     4096u           /* questions under way; own bound */
#define METADATA_TIMEOUT_NS    (10 * NS_PER_S) /* for an answer; own choice */
