/* What a stream multiplexer is: net/yamux and net/mplex look alike from above.
 *
 * In:      decrypted bytes of the connection (feed), opens, writes, closes.
 * Out:     feed returns one event at a time, with spans into its own input: nothing is copied.
 *          mux_gather gives the frames that are due as spans, to be sealed together.
 * Drivers: feed until ERR_MORE; mux_gather and mux_sent until nothing is gathered; then take the
 *          streams that became writable.
 * Bounds:  struct mux_params; the owner bounds what it queues on streams (stream->send.bytes);
 *          replies (pongs, resets) wait in `control`, and when many wait feed stops (ERR_BUSY), so
 *          a peer that does not read cannot make it grow.
 *
 * A stream is allocated by the muxer with room for the owner's fields behind it. It lives
 *  - until reset() was called, or until the next call after MUX_RESET;
 *  - else until its owner, who closed it and got MUX_END, calls mux_release: the muxer frees it
 * then or when the closing frame was sent.
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/chain.h"
#include "crypto/base/env.h"
#include "crypto/base/map.h"

#define MUX_CONTROL_BYTES_MAX 262144u /* replies not yet sent */
#define MUX_CONTROL_BLOCKED   32768u  /* from here on nothing more is read */
#define MUX_TURNS_MAX         16u     /* streams in one gather */
#define MUX_PART_COST         96u     /* memory of one part of a queue, beside its bytes */
#define MUX_TURN_BYTES_MAX    56u     /* frame heads of one stream in one gather */

struct mux;

struct mux_stream {
    uint64_t id;       /* key in mux.streams */
    struct chain send; /* what waits to be sent: add to it, then mux_queued */
    size_t counted;    /* what it costs, in mux.unsent */

    /* the rest belongs to the muxer */
    struct mux_stream *ready_next, *ready_prev; /* ring of streams that may have something to say */
    struct mux_stream *writable_next;
    uint64_t send_window; /* bytes that the peer allows; UINT64_MAX: no flow control */
    uint32_t recv_window; /* bytes that the peer may still send */
    uint32_t recv_target; /* size of our window */
    uint32_t recv_due;    /* bytes taken by the owner and not yet granted again */
    struct mono granted;  /* when the window was last renewed */
    bool inbound;         /* opened by the peer */
    bool ready;           /* in the ready ring */
    bool opening;         /* the opening frame is due */
    bool accepting;       /* an acknowledgement is due */
    bool unacked;         /* opened, and the peer has not answered yet */
    bool closing;         /* the owner closed: the closing frame is due behind `send` */
    bool closed;          /* it was sent */
    bool ended;           /* the peer's was received */
    bool released;        /* the owner will not use it again */
    bool wants_room;      /* the owner waits until `send` has run low */
    bool writable;        /* in the writable list */
};

enum mux_event_kind {
    MUX_INCOMING, /* the peer opened a stream */
    MUX_BYTES,    /* call taken() when they are used */
    MUX_END,      /* the peer will send no more */
    MUX_RESET,    /* the stream ended abnormally; freed by the next call */
    MUX_GO_AWAY,  /* the peer accepts no further streams; `stream` is NULL */
};

struct mux_event {
    enum mux_event_kind kind;
    struct mux_stream *stream;
    struct span bytes; /* MUX_BYTES: borrowed from the input of feed */
};

struct mux_params {
    size_t stream_bytes;   /* size of the owner's struct, which begins with struct mux_stream */
    uint32_t inbound_max;  /* streams opened by the peer; more are reset */
    uint32_t outbound_max; /* streams opened by us */
    size_t send_low;       /* a stream that wants room is writable at or below it */
    size_t unsent_low;     /* and when all were too much, at or below this of all */
};

/* What one stream says in its turn: heads, then bytes of its queue, then a tail. */
struct mux_turn {
    struct mux_stream *stream;
    size_t data;
    uint8_t head_len, tail_len; /* the tail lies behind the head */
    uint8_t bytes[MUX_TURN_BYTES_MAX];
};

/* one multiplexer; all functions take the struct mux that make() returned */
struct muxer {
    const char *id; /* protocol id */

    /** A session on a connection that just negotiated `id`. OK; ERR_MEMORY. */
    enum err (*make)(struct mux **out, const struct env *env, bool dialer,
                     const struct mux_params *params);

    /** Free the session and its streams (the owner clears its own fields of each first). */
    void (*destroy)(struct mux *m);

    /** Read the next event from `in`, which moves forward.
     *
     * @return OK an event; ERR_MORE all input was used; ERR_BUSY mux_blocked; ERR_PROTOCOL,
     * ERR_LIMIT: end the connection; ERR_MEMORY
     */
    enum err (*feed)(struct mux *m, const struct env *env, struct span *in, struct mux_event *ev);

    /** Write heads and tail for the first `data` bytes of the stream's queue (for mux_gather). */
    void (*turn)(struct mux *m, const struct env *env, struct mux_stream *s, size_t data,
                 struct mux_turn *turn);

    /** Open a stream; nothing is sent before mux_gather. OK; ERR_LIMIT; ERR_CLOSED after a go-away;
     * ERR_MEMORY. */
    enum err (*open)(struct mux *m, const struct env *env, struct mux_stream **out);

    /** End a stream of which the peer is to hear, and free it. */
    void (*reset)(struct mux *m, struct mux_stream *s);

    /** The owner has used `bytes` received bytes: flow control may grant them again. */
    void (*taken)(struct mux *m, const struct env *env, struct mux_stream *s, size_t bytes);

    /** Tell the peer to open no more streams, and why we leave; may do nothing. */
    void (*go_away)(struct mux *m, enum err why);

    /** Make the peer say something, to see that it lives; false: the protocol has no such thing. */
    bool (*ping)(struct mux *m, const struct env *env);
};

/* the part that all muxers share */
struct mux {
    const struct muxer *kind;
    struct mux_params params;
    struct map streams;       /* by mux_stream.id */
    struct buf control;       /* whole frames that go before all data */
    size_t control_gathered;  /* of these, in the last gather */
    struct mux_stream *ready; /* first of the ring */
    struct mux_turn turns[MUX_TURNS_MAX];
    size_t turns_count;
    struct mux_stream *writable_first, *writable_last;
    struct mux_stream *dead; /* freed by the next call */
    size_t inbound, outbound, unacked;
    size_t unsent;   /* what the queues of all streams cost: their bytes and parts */
    bool crowded;    /* an owner found it too much: streams that want room wait for unsent_low */
    enum err failed; /* a reply could not be queued: the connection has to end */
    bool dialer;
    bool peer_left; /* go-away was received */
    bool left;      /* go-away was sent */
};

/* ---- for owners ---- */

/** Something was added to s->send, or a frame of the stream's own is due. */
void mux_queued(struct mux *m, struct mux_stream *s);

/** Nothing more is added to s->send; the closing frame follows it. */
void mux_close_write(struct mux *m, struct mux_stream *s);

/** The owner is done with a stream that it closed and that ended; it must not use it again. */
void mux_release(struct mux *m, struct mux_stream *s);

/** Step through the streams in order of creation; start with *cursor = 0. NULL at the end. Those
 * that were released are left out. Streams may be reset meanwhile, not opened. */
struct mux_stream *mux_each(const struct mux *m, size_t *cursor);

/** Does any stream have bytes or its closing frame still to send? */
bool mux_unsent(const struct mux *m);

/** The next stream whose owner set wants_room and that has it now; NULL: none. */
struct mux_stream *mux_take_writable(struct mux *m);

/** Many replies wait to be sent: do not feed now. */
bool mux_blocked(const struct mux *m);

/** May there be something to gather? */
static inline bool mux_due(const struct mux *m)
{
    return m->control.len > 0 || m->ready != NULL;
}

/** Spans over the frames that are due, each ready stream in turn. They stay valid until mux_sent;
 * nothing else may be called in between.
 *
 * @param bytes_max  at least 512
 * @param parts_max  at least 64
 * @return bytes gathered; 0: nothing is due
 */
size_t mux_gather(struct mux *m, const struct env *env, size_t bytes_max, struct span *parts,
                  size_t parts_max, size_t *count);

/** What mux_gather returned was taken over. */
void mux_sent(struct mux *m);

/* ---- for muxers ---- */

enum err mux_init(struct mux *m, const struct muxer *kind, const struct env *env, bool dialer,
                  const struct mux_params *params) MUST_CHECK;
void mux_clear(struct mux *m);

/** A stream that does not exist yet, in the table. OK; ERR_LIMIT; ERR_MEMORY. */
enum err mux_add(struct mux *m, uint64_t id, bool inbound, struct mux_stream **out) MUST_CHECK;
struct mux_stream *mux_find(const struct mux *m, uint64_t id);

/** Take a stream out of everything; free it now, or with the next call. */
void mux_forget(struct mux *m, struct mux_stream *s);
void mux_forget_later(struct mux *m, struct mux_stream *s);
void mux_free_dead(struct mux *m);

/** Queue a whole frame before all data. */
void mux_control(struct mux *m, struct span frame);
