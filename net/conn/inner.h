/* Private to net/conn: one connection. */
#pragma once

#include "net/conn/conn.h"
#include "net/mplex/mplex.h"
#include "net/multistream/multistream.h"
#include "net/noise/noise.h"
#include "net/wire/peer_id.h"
#include "net/yamux/yamux.h"

enum conn_state {
    CONN_SECURITY,  /* multistream over the carrier */
    CONN_HANDSHAKE, /* noise */
    CONN_MUXER,     /* multistream over noise */
    CONN_OPEN,
    CONN_CLOSING, /* open until everything queued is written */
    CONN_ENDING,  /* streams are reported as reset, then CONN_DOWN */
    CONN_GONE,
};

struct conn {
    enum conn_state state;
    enum err why; /* CONN_CLOSING and later */
    bool dialer;
    bool up_due;   /* CONN_UP is to be given */
    bool feed_due; /* the muxer has not said ERR_MORE since bytes came in */
    bool pinged;   /* since something was heard */
    bool ended;    /* the carrier is gone; what came before is still to be read */
    enum err ended_why;
    struct conn_common *common;
    void *owner;
    struct peer_id expected; /* len 0: anyone */
    struct ws *ws;           /* NULL: the carrier's bytes are ours as they are */
    struct multistream select;
    struct noise *noise;
    struct mux *mux;   /* from CONN_OPEN on */
    struct mono until; /* end of the upgrade, or of the close */
    struct mono heard;

    struct buf in; /* part of a noise frame */
    struct buf plain;
    size_t plain_off; /* parsed */
    struct buf wire;
    size_t wire_off; /* written */

    struct buf delivering;       /* was held; lent out until the next poll */
    size_t held_bytes;           /* of all paused streams */
    struct conn_stream *refused; /* reset with the next poll */
    struct conn_stream *negotiating_first, *negotiating_last;
    struct conn_stream *resumed_first, *resumed_last;
    size_t end_cursor; /* CONN_ENDING */
};

static inline struct conn_stream *conn_stream_of(struct mux_stream *s)
{
    return (struct conn_stream *)(void *)s;
}

/* upgrade.c */

/** Begin: a dialer's first words are due. */
enum err conn_upgrade_start(struct conn *c) MUST_CHECK;

/** Take all of `in`: what the other side's conn wrote, without frames of the carrier. */
void conn_feed_bytes(struct conn *c, const struct env *env, struct span in);

/* frames.c: WebSocket frames around what is written, when c->ws != NULL */

/** Bytes from the carrier. */
void conn_feed_frames(struct conn *c, const struct env *env, struct span in);

/** Seal the parts into one message. */
enum err conn_seal_frame(struct conn *c, const struct env *env, const struct span *parts,
                         size_t count) MUST_CHECK;

/** What a WebSocket says besides its messages: pong, good-bye. */
enum err conn_seal_control(struct conn *c, const struct env *env) MUST_CHECK;

/* stream.c */

/** A muxer's event becomes one of ours; false: nothing to tell. */
bool conn_on_mux(struct conn *c, const struct env *env, const struct mux_event *in,
                 struct conn_event *ev);

/** What waits besides the muxer: held bytes, expired negotiations,
 * room. */
bool conn_poll_waiting(struct conn *c, const struct env *env, struct conn_event *ev);

/** Does conn_poll_waiting have something (time-outs aside)? */
bool conn_waiting(const struct conn *c);

/** Free what a stream owns and take it out of the lists, not out of the muxer. */
void conn_stream_detach(struct conn_stream *s);

/** What is held is due to be given. */
void conn_resumed_add(struct conn_stream *s);

/* wire.c */

/** Seal plaintext that does not come from the muxer (negotiation). */
enum err conn_seal_bytes(struct conn *c, struct span plain) MUST_CHECK;

/** Bytes go to the carrier as they are. */
struct buf *conn_wire_buf(struct conn *c);

/** All of `plain` is parsed: give the buffer back. */
void conn_plain_done(struct conn *c);
