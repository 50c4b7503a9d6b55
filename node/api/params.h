/* Bounds of the REST API: unit and source. All own choices but where a source is named. */
#pragma once

#define API_BODY_BYTES_MAX   (4u << 20)    /* of a message: 1 MiB in base 64, and then some */
#define METRICS_SHARDS_MAX   1024u         /* of a cluster */
#define API_LIST_BYTES_MAX   (256u << 10)  /* of a list of topics or addresses */
#define API_TARGET_BYTES_MAX (96u << 10)   /* path and query: 1,000 hashes */
#define API_ANSWER_BYTES_MAX (64u << 20)   /* a page of 100 messages of 150 KiB in base 64 */
#define API_TOPIC_BYTES_MAX  1024u         /* of a topic to subscribe to; as filter's */
#define API_LIST_MAX         1000u         /* topics or addresses in one request */
#define API_CRITERIA_MAX     100000u       /* of GET /admin/v1/filter/subscriptions; more: 500 */
#define API_PEERS_ASKED_MAX  32u           /* addresses in one POST /admin/v1/peers */
#define API_WAITING_MAX      256u          /* requests that wait for the core; more: 503 */
#define API_WAITING_NS       20000000000ll /* ns until such a one is answered with 504 */
#define API_INBOXS_MAX       1024u         /* topics subscribed through REST */
#define API_INBOX_BYTES_MAX  (32u << 20)   /* of all messages in the caches */
#define API_ORIGIN_BYTES_MAX 256u          /* of an Origin header */
#define API_PAGE_DEFAULT     20u           /* nwaku rest_api/endpoint/store */
#define API_PAGE_MAX         100u          /* nwaku rest_api/endpoint/store */
#define API_CLOCK_WARN_NS    5000000000ll  /* ns that our clock may be off its peers' */

/* chats */
#define API_CHATS_MAX      16u  /* accounts that a node hosts; as CORE_CHATS_MAX */
#define API_CHAT_NAME_MAX  33u  /* of an account's name, with NUL */
#define API_CHAT_TOKEN_MAX 129u /* of the token, with NUL */
#define API_CHAT_BODY_BYTES_MAX                                                                    \
    (1u << 20)                         /* of a JSON body of /chat: a text of 64 KiB, escaped       \
                                        */
#define API_CARD_HINTS_MAX 8u          /* records of a card that are looked for */
#define API_FILE_BYTES_MAX (16u << 20) /* of a file that is sent through /chat */

/* server-sent events (events.h) */
#define EVENTS_CLIENTS_MAX     64u          /* that follow at a time; more: 503 */
#define EVENTS_QUEUE_BYTES     (256u << 10) /* of a client that wait for its socket */
#define EVENTS_NAME_BYTES_MAX  32u          /* of an event's name */
#define EVENTS_DATA_BYTES_MAX  (256u << 10) /* of one event */
#define EVENTS_EVENT_BYTES_MAX (1u << 20)   /* of one event as it is sent */
#define EVENTS_STALL_S         60u          /* without a byte taken: closed */
#define EVENTS_BEAT_S          15u          /* of silence before a comment; HTML 9.2.7 */
