/* Direct connection upgrade through relay: two peers who are joined by a circuit dial each other at
 * the same moment, so that the NATs before both let the connection pass. libp2p/specs
 * relay/DCUtR.md r1.
 *
 * B, who was called through the relay (inbound), begins:
 *
 *     relayed -> identified --> DIAL A's public addresses --> direct: done
 *                        \--> OPEN -> CONNECT, CONNECT back: round trip -> SYNC
 *                                  -> after half of it DIAL as listener -> direct, or again (3
 * times)
 *
 * A answers: CONNECT -> CONNECT back -> SYNC -> DIAL at once, as dialer.
 *
 * Bounds: params.h. What the other names is dialed only when public (or private_counts), at most
 * DCUTR_ADDRS_MAX addresses, and not more often than DCUTR_TRIES_MAX for a circuit.
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "net/reach/params.h"
#include "net/wire/multiaddr.h"

enum dcutr_type {
    DCUTR_CONNECT = 100,
    DCUTR_SYNC = 300,
};

struct dcutr_message {
    uint32_t type;
    size_t addrs_count;
    struct span addrs[REACH_ADDRS_MAX]; /* binary, not checked; those beyond are left out */
};

/** OK; ERR_FORMAT; ERR_LIMIT. */
enum err dcutr_decode(struct span in, struct dcutr_message *out) MUST_CHECK;
enum err dcutr_encode(const struct dcutr_message *m, struct buf *out) MUST_CHECK;

enum dcutr_out_kind {
    DCUTR_OUT_OPEN, /* a stream to the peer, then dcutr_opened or dcutr_broken */
    DCUTR_OUT_SAY,  /* write message, framed */
    DCUTR_OUT_DIAL, /* addrs, all at once; then dcutr_dialed or, when it worked, dcutr_direct */
    DCUTR_OUT_END,  /* nothing more on the stream */
};

struct dcutr_out { /* borrowed until the next call */
    enum dcutr_out_kind kind;
    uint64_t peer;
    enum dcutr_type say;
    bool punch;  /* DIAL: from the port that we listen at */
    bool listen; /* DIAL: speak as the listener */
    const struct multiaddr *addrs;
    size_t addrs_count;
};

#define DCUTR_COUNTERS(X)                                                                          \
    X(begun)  /* upgrades that we began, as B */                                                   \
    X(asked)  /* that others began, as A */                                                        \
    X(direct) /* circuits with a direct connection in their place */                               \
    X(failed)

struct dcutr_counters {
#define X(name) uint64_t name;
    DCUTR_COUNTERS(X)
#undef X
};

struct dcutr;

enum err dcutr_new(struct dcutr **out, const struct env *env, bool private_counts) MUST_CHECK;
void dcutr_free(struct dcutr *d);

/** A peer is connected by a circuit; inbound: it called us. */
void dcutr_relayed(struct dcutr *d, const struct env *env, uint64_t peer, bool inbound);

/** What it says of itself: addresses, and whether it speaks this protocol. */
void dcutr_identified(struct dcutr *d, const struct env *env, uint64_t peer, bool speaks,
                      const struct span *addrs, size_t count);

/** The peer has a direct connection, or is gone. */
void dcutr_direct(struct dcutr *d, uint64_t peer);
void dcutr_gone(struct dcutr *d, uint64_t peer);

/** Our stream is open; or the peer opened one: false, reset it. */
void dcutr_opened(struct dcutr *d, const struct env *env, uint64_t peer);
bool dcutr_incoming(struct dcutr *d, const struct env *env, uint64_t peer);
enum err dcutr_take(struct dcutr *d, const struct env *env, uint64_t peer,
                    struct span message) MUST_CHECK;
void dcutr_broken(struct dcutr *d, const struct env *env, uint64_t peer);
void dcutr_dialed(struct dcutr *d, const struct env *env, uint64_t peer, enum err err);

struct mono dcutr_deadline(const struct dcutr *d);
void dcutr_tick(struct dcutr *d, const struct env *env);
bool dcutr_poll(struct dcutr *d, struct dcutr_out *out);
const struct dcutr_counters *dcutr_counters(const struct dcutr *d);
