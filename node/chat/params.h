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
