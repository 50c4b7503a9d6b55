/* libp2p ping, both ends. Protocol id PING_PROTOCOL; libp2p/specs ping/ping.md r1.
 *
 * Asking (struct ping): one outbound stream per peer carries any number of pings. The host opens
 * the stream, writes what PING_OUT_SEND holds, feeds what comes back, and ticks at the deadline.
 *
 *     idle --tick at deadline--> SEND, waiting --32 equal bytes--> PONG, idle (deadline + interval)
 *                                   waiting --tick at deadline--> TIMEOUT, over
 *
 * Answering (struct ping_echo): every 32 bytes of an inbound stream are sent back; when the peer
 * closes its side, the host closes ours. Neither end keeps more than one payload.
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "net/ping/params.h"

enum ping_out_kind {
    PING_OUT_SEND,    /* write `send` to the stream */
    PING_OUT_PONG,    /* the peer is there: rtt_ns */
    PING_OUT_TIMEOUT, /* it is not: reset the stream; nothing follows */
};

struct ping_out {
    enum ping_out_kind kind;
    struct span send; /* borrowed until the next call */
    int64_t rtt_ns;
};

struct ping {
    int64_t interval_ns, timeout_ns;
    struct mono deadline, sent_at;
    bool waiting;
    bool has_out;
    struct ping_out out;
    uint8_t received; /* bytes of the answer that have come */
    uint8_t payload[PING_BYTES];
};

/** Start with the first ping due now. */
void ping_init(struct ping *p, const struct env *env, int64_t interval_ns, int64_t timeout_ns);

/** When it next wants a tick. */
struct mono ping_deadline(const struct ping *p);

/** Send the next ping, or notice that the last one was not answered. */
void ping_tick(struct ping *p, const struct env *env);

/** Bytes from the stream. OK; ERR_PROTOCOL bytes that nobody asked for, or not those sent. */
enum err ping_feed(struct ping *p, const struct env *env, struct span in) MUST_CHECK;

/** What is to be done; false: nothing left. Poll after every call. */
bool ping_poll(struct ping *p, struct ping_out *out);

/* one inbound stream */
struct ping_echo {
    uint8_t part[PING_BYTES];
    uint8_t len;
};

/** Append every payload that is whole to `out`.
 *
 * @param used  bytes taken from `in` (out)
 * @return OK all is taken; ERR_FULL no room in `out`: send it, then feed the rest; ERR_MEMORY
 */
enum err ping_echo_feed(struct ping_echo *e, struct span in, size_t *used,
                        struct buf *out) MUST_CHECK;
