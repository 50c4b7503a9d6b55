/* Every bound of the chat engine, with unit and source (docs/protocol.md). */
#pragma once

/* the log that is an account */
#define IDENTITY_EVENT_BYTES_MAX   1024u   /* one event */
#define IDENTITY_SENT_BYTES_MAX    16384u  /* a log as it is sent */
#define IDENTITY_EVENTS_MAX        100000u /* of one log that we keep; own bound */
#define IDENTITY_INSTALLATIONS_MAX 10u     /* active at a time; leaves of an account in a group */
#define IDENTITY_CHECKPOINT_EVENTS 50u     /* from one checkpoint to the next */
#define IDENTITY_KEYS_SEARCHED     1000u   /* rotations that the 24 words are tried for */
