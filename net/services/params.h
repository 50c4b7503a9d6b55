/* Every bound of the service protocols, with unit and source. */
#pragma once

/* store-query 3.0.0 */
#define STORE_QUERY_ID_BYTES_MAX      256u  /* request_id; nwaku makes 10 bytes, js 36 */
#define STORE_QUERY_TOPIC_BYTES_MAX   1024u /* one topic in a query */
#define STORE_QUERY_TOPICS_MAX        100u  /* content topics; js-waku's filters have the same */
#define STORE_QUERY_HASHES_MAX        1000u /* message hashes, own choice: 34 KB */
#define STORE_QUERY_REQUEST_BYTES_MAX (160u << 10)  /* a whole request: all of the above */
#define STORE_QUERY_PAGE_DEFAULT      20u           /* nwaku waku_store DefaultPageSize */
#define STORE_QUERY_PAGE_MAX          100u          /* nwaku waku_store MaxPageSize */
#define STORE_QUERY_DESC_BYTES_MAX    1024u         /* status_desc that a client keeps */
#define STORE_QUERY_ANSWER_BYTES_MAX  (32u << 20)   /* that a client reads: 100 of 150 KiB, twice */
#define STORE_SERVER_PENDING_MAX      256u          /* queries waiting for the archive */
#define STORE_SERVER_PENDING_PEER_MAX 8u            /* of one peer; more is answered 429 */
#define STORE_CLIENT_PENDING_MAX      64u           /* own questions under way */
#define STORE_CLIENT_TIMEOUT_NS       30000000000ll /* 30 s: 1 MB over a link that loses 1 of 5 */

/* lightpush 2.0.0-beta1 and 3.0.0 */
#define LIGHTPUSH_ID_BYTES_MAX         256u /* request_id; nwaku makes 20 digits, js 36 */
#define LIGHTPUSH_TOPIC_BYTES_MAX      256u /* pubsub topic; as gossipsub's */
#define LIGHTPUSH_REQUEST_BYTES_MAX    ((1u << 20) + (64u << 10)) /* --max-msg-size goes to 1 MiB */
#define LIGHTPUSH_ANSWER_BYTES_MAX     4096u
#define LIGHTPUSH_DESC_BYTES_MAX       256u         /* status_desc that is kept, with its NUL */
#define LIGHTPUSH_SERVER_PENDING_MAX   1024u        /* pushes that wait for their outcome */
#define LIGHTPUSH_SERVER_PENDING_BYTES (32u << 20)  /* of them together */
#define LIGHTPUSH_SERVER_PENDING_PEER  48u          /* of one peer; more is answered 429 */
#define LIGHTPUSH_CLIENT_PENDING_MAX   512u         /* own pushes under way */
#define LIGHTPUSH_CLIENT_TIMEOUT_NS    5000000000ll /* 5 s for an answer; nwaku's REST waits so */
/* filter 2.0.0-beta1 */
#define FILTER_TOPICS_MAX         100u         /* content topics in a request; nwaku, js-waku */
#define FILTER_TOPIC_BYTES_MAX    1024u        /* one topic; own choice */
#define FILTER_ID_BYTES_MAX       256u         /* request_id; nwaku makes 20 bytes, js 36 */
#define FILTER_DESC_BYTES_MAX     1024u        /* status_desc that is sent or kept */
#define FILTER_REQUEST_BYTES_MAX  (110u << 10) /* a whole request: all of the above */
#define FILTER_ANSWER_BYTES_MAX   (64u << 10)  /* nwaku DefaultMaxSubscribeResponseSize */
#define FILTER_SUBSCRIBERS_MAX    100000u      /* whatever --filter-max-peers-to-serve says */
#define FILTER_CRITERIA_BYTES_MAX (64u << 20)  /* index of all subscribers, with overhead */
#define FILTER_CRITERIA_PEER_BYTES_MAX                                                             \
    (512u << 10)                               /* of one: 1000 topics of 100 bytes, and some       \
                                                */
#define FILTER_SEEN_NS          120000000000ll /* hashes, against pushing twice; nwaku: 2 min */
#define FILTER_SEEN_MAX         65536u         /* of them; the oldest go */
#define FILTER_AWAY_NS          60000000000ll  /* unreachable for so long: gone; 12/WAKU2-FILTER */
#define FILTER_PUSH_STREAMS_MAX 64u            /* open to one subscriber; js takes 100 */
#define FILTER_QUEUE_MAX        1024u          /* pushes that wait for one subscriber */
#define FILTER_QUEUE_BYTES_MAX  (2u << 20)     /* of them, and of those on their way */
#define FILTER_QUEUES_BYTES_MAX (64u << 20)    /* of all subscribers, each message once */
#define FILTER_BEHIND_BYTES     (64u << 10)    /* who has more waiting loses first at that bound */
#define FILTER_PING_NS          60000000000ll  /* between pings of the client; js-waku: 60 s */
#define FILTER_PINGS_LOST       3u             /* failed in a row: another peer; js-waku: 3 */
#define FILTER_ASK_TIMEOUT_NS   10000000000ll  /* 10 s for an answer, own choice */
#define FILTER_ASKS_MAX         256u           /* of the client, under way */
#define FILTER_WANTED_MAX       1000u          /* criteria of the client; as many as nwaku serves */
#define FILTER_CLIENT_OUT_MAX   4096u          /* outputs; then pushes are dropped */

#define PX_CACHE_MAX         240u    /* records; 34/WAKU2-PEER-EXCHANGE: at least 60 */
#define PX_ANSWER_MAX        60u     /* records in an answer; nwaku MaxPeersCacheSize */
#define PX_REQUEST_BYTES_MAX 256u    /* own choice; a request has some 12 */
#define PX_ANSWER_BYTES_MAX  65536u  /* 60 records of 300 bytes, and as many again from others */
#define PX_FRESH_MS          3600000 /* a record not seen for so long is not given away */
