/* Bounds and periods of node/core. */
#pragma once

#define CORE_EVENTS_ENOUGH       4096u /* core_pump returns when so many wait for core_poll */
#define CORE_LEAVE_MS            5000 /* for relay queues to empty before the connections are closed */
#define CORE_EVENTS_MAX          262144u
#define CORE_TOPICS_MAX          1024u
#define CORE_STATICS_MAX         64u
#define CORE_STATIC_RETRY_MS_MIN 1000 /* before a lost static peer is dialed again; doubles */
#define CORE_STATIC_RETRY_MS_MAX 60000
#define CORE_STATIC_STEADY_MS    30000      /* a connection that lasted so long broke by accident */
#define CORE_QUERIES_MAX         1024u      /* archive queries under way, own and peers' */
#define CORE_RETRY_COMMIT_MS     1000       /* after a failed commit */
#define CORE_RETAIN_MS           60000      /* between two looks at retention */
#define CORE_QUEUE_SLACK_BYTES   (8u << 20) /* what may still arrive after reading was paused */
#define CLOCK_PEERS_MAX          65536u
#define CLOCK_PEERS_MIN          3u  /* votes that make an estimate: one of them may lie */
#define CLOCK_SAMPLES_MAX        15u /* of a peer, one a content topic */
