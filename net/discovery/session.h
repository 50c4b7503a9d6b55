/* Sessions at work. When both sides shake hands at once each ends with keys that the other takes
 * for the older ones; so a session keeps two pairs, opens with either, and seals with the one that
 * opened last.
 */
#pragma once

#include "crypto/base/env.h"
#include "net/discovery/kept.h"
#include "net/discovery/keys.h"

struct session_pair {
    uint8_t seal[SESSION_KEY_BYTES], open[SESSION_KEY_BYTES];
    uint32_t sealed; /* messages so far; the first four bytes of the next nonce */
};

struct session {
    struct kept_entry entry;
    struct session_pair pairs[2]; /* the first seals */
    unsigned count;               /* 1 or 2 */
};

/** Take new keys; `initiator`: ours is the initiator's side. */
void session_add(struct session *s, const struct session_keys *keys, bool initiator);

/** The nonce of the next message. @source discv5-theory.md "Session Cache" */
void session_nonce(struct session *s, struct rng *rng, uint8_t nonce[PACKET_NONCE_BYTES]);

/** Append the sealed message. OK; ERR_FULL; ERR_MEMORY; ERR_CRYPTO. */
enum err session_seal(struct session *s, const uint8_t nonce[PACKET_NONCE_BYTES], struct span ad,
                      struct span message, struct buf *out) MUST_CHECK;

/** Open the message of `p` into `out`, which holds as many bytes. OK; ERR_AUTH. */
enum err session_open(struct session *s, const struct packet *p, uint8_t *out,
                      size_t *len) MUST_CHECK;
