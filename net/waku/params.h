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

/* the stem: WAKU2-DANDELION, and what docs/privacy.md measured */
#define STEM_FLUFF_PER_MILLE 200u  /* epochs in which a node fluffs; q = 0.2 */
#define STEM_EPOCH_S         600   /* of the choices for messages of peers */
#define STEM_GUARD_S         86400 /* the first hop of own messages stays so long */
#define STEM_GUARD_GONE_S    3600  /* a first hop that is away for so long is replaced */
#define STEM_GUARDS_MAX      3u    /* first hops of a topic in a day, in order; own bound */
#define STEM_RELAYS          2u    /* hops of a topic for messages of peers */
#define STEM_ANSWER_MS       3000  /* for the next hop's answer; then we fluff */
#define STEM_SAFE_MS_MIN     2000  /* to be seen in gossip; then we fluff: uniform in min..max */
#define STEM_SAFE_MS_MAX     4000
/* of own messages, with the same spread: later than any hop, so that a hop that swallows a message
 * to see who publishes it then sees another hop; own choice, measured in docs/privacy.md */
#define STEM_OWN_SAFE_MS_MIN   4000
#define STEM_OWN_SAFE_MS_MAX   6000
#define STEM_RETRY_MS          200         /* after a publication that found every queue full */
#define STEM_ASKERS_MAX        4u          /* who wait for one message; more are answered by NOW */
#define STEM_OWN_MAX           1024u       /* own messages held at a time */
#define STEM_FOREIGN_MAX       4096u       /* messages of peers held at a time */
#define STEM_FOREIGN_PEER_MAX  512u        /* of one peer */
#define STEM_OWN_BYTES_MAX     (16u << 20) /* of own ones held */
#define STEM_FOREIGN_BYTES_MAX (64u << 20) /* of those of peers */
#define STEM_TOPICS_MAX        1024u       /* topics with chosen hops */
#define STEM_OUT_MAX                                                                               \
    (16 * (STEM_OWN_MAX + STEM_FOREIGN_MAX)) /* outputs that wait for stem_poll                    \
                                              */
