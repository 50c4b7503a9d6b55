/* The upper line: streams to peers by protocol, which is all that the adapters of the protocol
 * engines know. net/swarm implements it over port.h; sim/pipe.c for large simulations, with a
 * byte-cost function in the place of Noise and yamux.
 *
 * A peer is a number, given at PEER_UP and not used again after PEER_DOWN of the same connection.
 * A stream is a number, unique in the life of the node. Queues: an implementation buffers at most
 * STREAM_SEND_BYTES_MAX for a stream; write() beyond it is ERR_FULL and STREAM_WRITABLE follows.
 *
 *     open() -> STREAM_OPENED -> write()... close_write()  ... STREAM_BYTES ... STREAM_END -> gone
 *     STREAM_INCOMING (negotiated, protocol known) -> the same
 *     reset() or STREAM_RESET end it at once; after either, the number is dead
 *     a stream is gone when both directions have ended: no event follows close_write() + STREAM_END
 */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/env.h"

struct peer_id;
struct multiaddr;

#define STREAM_SEND_BYTES_MAX (1u << 20) /* bytes queued on one stream before ERR_FULL */

enum stream_event_kind {
    STREAM_PEER_UP,     /* first connection of a peer: peer_id, addr, outbound */
    STREAM_PEER_DIRECT, /* a limited peer has a connection without limits now: remote, outbound */
    STREAM_PEER_DOWN,   /* its last connection ended; its streams are dead already */
    STREAM_OPENED,      /* our open() was negotiated: protocol says which of the proposed ones */
    STREAM_REFUSED,     /* our open() failed: err says why; the stream is dead */
    STREAM_INCOMING,    /* the peer opened a stream and a protocol of our table was negotiated */
    STREAM_BYTES,       /* bytes, borrowed until the next poll */
    STREAM_END,         /* the peer closed its writing side */
    STREAM_RESET,       /* the stream ended abnormally */
    STREAM_WRITABLE,    /* after ERR_FULL: there is room again */
};

struct stream_event {
    enum stream_event_kind kind;
    uint64_t peer;
    uint64_t stream;
    const char *protocol;           /* id from the table, e.g. "/ipfs/ping/1.0.0" */
    struct span bytes;              /* STREAM_BYTES */
    const struct peer_id *peer_id;  /* PEER_UP, PEER_DOWN */
    const struct multiaddr *remote; /* PEER_UP: the address it is connected at */
    bool outbound;                  /* PEER_UP: we dialed */
    bool limited;                   /* PEER_UP: through a relay that limits time or bytes */
    enum err err;                   /* STREAM_REFUSED, PEER_DOWN: why */
};

struct carry { /* a stream that becomes the carrier of a connection with a third peer: a circuit */
    uint64_t link;                  /* of a circuit that we wanted; 0: the other side wanted it */
    const struct multiaddr *remote; /* of the other side, without the last /p2p; borrowed */
    bool limited;                   /* the relay limits time or bytes */
    struct span begun;              /* bytes that have come already; borrowed */
};

struct streams {
    void *impl;

    /** Open a stream and negotiate the first of `protocols` (NULL-terminated, static strings in
     * order of preference) that the peer speaks. OK; ERR_NOT_FOUND no such peer; ERR_LIMIT. */
    enum err (*open)(void *impl, const struct env *env, uint64_t peer, const char *const *protocols,
                     uint64_t *stream);

    /* A stream for which one protocol was proposed may be written to before STREAM_OPENED: what is
     * written goes out right behind the proposal, and is lost when that is refused. */

    /** Queue the concatenation of up to 64 parts: all or nothing. Blobs are referenced, not copied;
     * `head` (at most 32 bytes) is copied and goes first. OK; ERR_FULL; ERR_CLOSED. */
    enum err (*write)(void *impl, uint64_t stream, struct span head, struct blob *const *parts,
                      size_t count);

    /** Bytes that write() would accept now. */
    size_t (*room)(void *impl, uint64_t stream);

    /** No more writing; reading goes on. */
    void (*close_write)(void *impl, uint64_t stream);

    /** End both directions at once; the number is dead when the call returns. */
    void (*reset)(void *impl, uint64_t stream);

    /** Stop or resume STREAM_BYTES: the flow-control window of the stream is not renewed. */
    void (*pause)(void *impl, uint64_t stream, bool paused);

    /** End all connections of a peer after what is queued was sent. */
    void (*disconnect)(void *impl, const struct env *env, uint64_t peer, enum err why);

    /** Next event; false: nothing left. */
    bool (*poll)(void *impl, const struct env *env, struct stream_event *ev);

    /** Say which protocols incoming streams may negotiate from now on (NULL-terminated list of
     * static strings; the list is copied). OK; ERR_FULL too many. */
    enum err (*serve)(void *impl, const char *const *protocols);

    /** Bytes of a stream that still wait here; 0: all has gone to the connection, in order. */
    size_t (*unsent)(void *impl, uint64_t stream);

    /** Build a connection on a stream; NULL: cannot. The stream's number is dead after OK.
     * ERR_CLOSED it, or the want, is gone; ERR_LIMIT; ERR_REFUSED it is in a circuit itself. */
    enum err (*carry)(void *impl, const struct env *env, uint64_t stream, const struct carry *how);
};
