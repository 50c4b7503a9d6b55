/* Every bound of the chat engine, with unit and source (docs/protocol.md). */
#pragma once

/* the log that is an account */
#define IDENTITY_EVENT_BYTES_MAX   1024u   /* one event */
#define IDENTITY_SENT_BYTES_MAX    16384u  /* a log as it is sent */
#define IDENTITY_EVENTS_MAX        100000u /* of one log that we keep; own bound */
#define IDENTITY_INSTALLATIONS_MAX 10u     /* active at a time; leaves of an account in a group */
#define IDENTITY_CHECKPOINT_EVENTS 50u     /* from one checkpoint to the next */
#define IDENTITY_KEYS_SEARCHED     1000u   /* rotations that the 24 words are tried for */

/* cards */
#define CARD_HINTS_MAX    3u    /* node records */
#define CARD_SECRET_BYTES 16u   /* of a private link */
#define CARD_BYTES_MAX    1200u /* packed; three records of 300 bytes and the rest */

/* envelopes */
#define ENVELOPE_BYTES_MIN 512u    /* the smallest size class */
#define ENVELOPE_BYTES_MAX 131072u /* the largest; Waku's messages end at 153,600 */

/* what is inside an envelope (frame.h) */
#define FRAMES_MAX     16u    /* frames in one envelope; own choice */
#define FRAME_KIND_MAX 65535u /* largest number of a kind */

/* stamps */
#define STAMP_BITS_MAX    32u /* that a policy may ask for: about two minutes of one core */
#define STAMP_BITS_BUNDLE 18u /* of bundles; own choice: about 30 ms */

/* tickets and what travels with them (ticket.h) */
#define ACKS_EIDS_MAX          64u /* epochs in one ack list: ten minutes of a commit every 10 s */
#define BEACON_TICKETS_MAX     48u /* CHAT.md 5.6: since the last certified epoch, oldest first */
#define BEACON_ACKS_MAX        64u /* ack lists: a certificate of 64 voters takes 43 */
#define BEACON_WITHDRAWALS_MAX 8u  /* own choice */
#define BEACON_BYTES_MAX       32768u /* 48 tickets of 182 bytes, 64 lists of 16 epochs, and room */
#define REJOIN_EIDS_MAX        8u     /* own choice */
#define REJOIN_PACKAGE_MAX     4096u /* bytes; an X-Wing key package with its credential is 2.7 kB */
#define TICKET_BYTES_MAX       512u  /* room for extensions */
#define ACKS_BYTES_MAX         1536u /* 64 eids and extensions */

/* the commit DAG (dag.h); times in ns */
#define DAG_NODES_MAX     1024u            /* epochs kept; 7 days of a commit every 10 min */
#define DAG_VOTERS_MAX    64u              /* CHAT.md 5.1: over 64 leaves the admins vote */
#define DAG_TICKETS_MAX   256u             /* of them: tickets without a state */
#define DAG_LISTS_MAX     4096u            /* ack lists kept: 64 of each voter, for a day */
#define DAG_PLACES_MAX    64u              /* installations whose whereabouts we note */
#define DAG_DOUBLES_MAX   4u               /* commits of one leaf to one parent that we keep */
#define DAG_OUT_MAX       8192u            /* outputs that wait */
#define DAG_REWIND_NS     (600 * NS_PER_S) /* T; CHAT.md 5.4 */
#define DAG_RECEIVE_NS    (7 * 86400 * NS_PER_S) /* CHAT.md 5.4 */
#define DAG_ACK_NS        (5 * NS_PER_S)         /* from the first sight of a child; CHAT.md 5.1 */
#define DAG_LONE_NS       (6 * 3600 * NS_PER_S)  /* between acks that travel alone; CHAT.md 5.1 */
#define DAG_SPREAD_NS     (60 * NS_PER_S)        /* random delay of what everybody would send */
#define DAG_DAY_NS        (86400 * NS_PER_S)     /* for which beacons are counted */
#define DAG_BEACONS_DAY   3u                     /* CHAT.md 5.6 */
#define DAG_BEACONS_ALONE 2u                     /* of them without having seen another branch */
#define DAG_EARLY_NS                                                                               \
    (86400 * NS_PER_S) /* so long an ack waits for its commit, and is kept as proof */
#define DAG_REJOIN_NS  (1800 * NS_PER_S) /* between attempts; own choice */
#define DAG_RECORD_MAX 8192u             /* bytes of one saved record */

/* MLS states of a conversation (branches.h) */
#define BRANCHES_STATE_MAX (8u << 20) /* bytes of one part of one state, as saved */
