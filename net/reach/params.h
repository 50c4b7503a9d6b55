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
#define AUTONAT_TEXT_MAX        64u /* bytes of a status text that we send */
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
