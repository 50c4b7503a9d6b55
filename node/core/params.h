/* Bounds and periods of node/core. */
#pragma once

#define CORE_EVENTS_ENOUGH     4096u /* core_pump returns when so many wait for core_poll */
#define CORE_LEAVE_MS          5000 /* for relay queues to empty before the connections are closed */
#define CORE_EVENTS_MAX        262144u
#define CORE_TOPICS_MAX        1024u
#define CORE_STATICS_MAX       64u
#define CORE_QUERIES_MAX       1024u                 /* archive queries under way, own and peers' */
#define CORE_RETRY_COMMIT_MS   1000                  /* after a failed commit */
#define CORE_RETAIN_MS         60000                 /* between two looks at retention */
#define CORE_SYNC_RETRY_MS     10000                 /* after the ids could not be read */
#define CORE_JOBS_SLACK        16u                   /* jobs under way besides queries */
#define CORE_RESUME_RANGE_NS   (6 * 3600 * NS_PER_S) /* longest gap; nwaku ResumeRangeLimit */
#define CORE_RESUME_OVERLAP_NS (20 * NS_PER_S) /* asked again: it may have missed its commit */
#define CORE_RESUME_KEEP_MS    60000           /* between two notes of being there; nwaku */
#define CORE_RESUME_POLL_MS    1000            /* until a peer serves store */
#define CORE_RESUME_RETRY_MS   30000           /* after stores failed; nwaku */
#define CORE_RESUME_FULL_MS    100             /* the archive is busy */
#define CORE_RESUME_TRIES_MAX  10u             /* stores that may fail */
#define CORE_RESUME_PAGES_MAX  20000u          /* of 100 messages */
#define CORE_RESUME_LOG_PAGES  100u            /* between two lines about it */
#define CORE_RESUME_TABLE      0u              /* of config.state */
#define CORE_TICKET_OWN        (1ull << 63)    /* of questions that the core asks itself */
#define CORE_SHARDS_MAX        1024u           /* shards of a cluster; WAKU2-RELAY-SHARDING */
#define CORE_DNS_TXT           16              /* RFC 1035 3.2.2 */
#define CORE_QUEUE_SLACK_BYTES (8u << 20)      /* what may still arrive after reading was paused */
#define CLOCK_PEERS_MAX        65536u
#define CLOCK_PEERS_MIN        3u  /* votes that make an estimate: one of them may lie */
#define CLOCK_SAMPLES_MAX      15u /* of a peer, one a content topic */
#define CORE_SERVICE_PEERS     3u  /* for each service, when we do not relay; chats spread over 3 */
#define CORE_PX_RECORDS        20u /* asked for at a time: verifying them takes a millisecond or two */
#define CORE_PX_ASKED_MAX      2u      /* questions for records under way */
#define CORE_MEET_POINTS       3       /* peers with which we leave our record */
#define CORE_MEET_SHARDS_MAX   16u     /* of our shards that are told there */
#define CORE_MEET_RECORDS      12u     /* asked for at a time; nwaku PeersRequestedCount */
#define CORE_MEET_AGAIN_MS     3600000 /* half of RENDEZVOUS_TTL_S_GIVEN */
#define CORE_SAVE_PEERS_MS     60000   /* between two looks whether peers are to be saved */
#define CORE_ABILITIES_MAX     16u     /* protocols named for a peer that is not connected */

/* chats */
#define CORE_CHATS_MAX            16u          /* accounts of one node; own choice */
#define CORE_TICKET_CHAT          (1ull << 62) /* of questions and pushes for a chat; REST counts from 1 */
#define CORE_CHAT_TOPIC_BYTES_MAX 40u          /* "/sotto/1/b<hex>/bin" and some */
#define CORE_CHAT_WORKS_MAX       2048u /* publications, questions and subscriptions under way */
#define CORE_CHAT_PUBLISHING_MAX  128u  /* publications of one chat under way; others wait in it */
#define CORE_CHAT_SLICE           64u   /* content topics of one query; STORE_QUERY_TOPICS_MAX */
#define CORE_CHAT_FETCHES_MAX     8u    /* fetches of one chat under way */
#define CORE_CHAT_ASKING_MAX      4u    /* questions of all chats that one store has at a time */
#define CORE_CHAT_OUTS_MAX        64u   /* outputs of one chat taken in a pump */
#define CORE_CHAT_TRIES_MAX       3u    /* stores that may fail in one fetch */
#define CORE_CHAT_ASKED_MAX       256u  /* fetches whose store is remembered, for `other` */
#define CORE_CHAT_PAGES_MAX       5000u /* of 100 messages, in one fetch: a store that never ends */
#define CORE_CHAT_RETRY_MS        1000  /* after a full queue */
#define CORE_CHAT_SUBSCRIBE_MS    5000  /* after a subscription failed */
