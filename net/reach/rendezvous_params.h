/* Bounds and periods of rendezvous: unit and source. */
#pragma once

#define RENDEZVOUS_NAMESPACE_MAX  255u  /* bytes; libp2p rendezvous spec */
#define RENDEZVOUS_NAMESPACE_TEXT 24u   /* chars of "rs/65535/1023" with NUL, and room */
#define RENDEZVOUS_REQUEST_MAX    4096u /* bytes; nim-libp2p reads so many */
#define RENDEZVOUS_ANSWER_MAX     100u  /* registrations in an answer; the spec allows 1000 */
#define RENDEZVOUS_ANSWER_BYTES   (256u << 10) /* of a whole answer that we send or read */
#define RENDEZVOUS_PEER_MAX       128u         /* registrations of one peer; the spec allows 1000 */
#define RENDEZVOUS_MAX            4096u        /* in all; own choice */
#define RENDEZVOUS_BYTES_MAX      (4u << 20)   /* of records and namespaces in all; own choice */
#define RENDEZVOUS_TTL_S_MIN      60u     /* nwaku MinimumAcceptedDuration; the spec says 2 h */
#define RENDEZVOUS_TTL_S_MAX      259200u /* 72 h; spec */
#define RENDEZVOUS_TTL_S_GIVEN    7200u   /* the most that is granted, and the default; spec 2 h */
#define RENDEZVOUS_COOKIE_BYTES   16u     /* number and keyed hash */
#define RENDEZVOUS_COOKIE_MAX     1000u   /* bytes of others' cookies; nim-libp2p */
