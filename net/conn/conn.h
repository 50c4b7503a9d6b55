/* One upgraded connection over any carrier of bytes: a TCP link, WebSocket frames, a circuit.
 *
 * Specs: libp2p/specs connections/README.md, noise/README.md, yamux/README.md, mplex/README.md.
 *
 * In:      carrier bytes (conn_feed), calls on streams, a tick at conn_deadline.
 * Out:     events (conn_poll), carrier bytes (conn_seal, then conn_wire and conn_wrote), and
 * whether the carrier should stop reading (conn_wants_pause). Drivers: feed, poll until false,
 * seal, write; poll again when conn_pollable says so. Bounds:  params.h. Nothing grows with what
 * the peer sends: negotiation lines are counted, streams are limited, received bytes wait inside
 * windows, replies stop the reading.
 *
 *     [upgrade of a WebSocket -->] security -- /noise --> handshake -- peer id --> muxer --
 * /yamux/1.0.0 --> open -- close --> closing
 *         \_____________________\________________________\________________________\_______________\__>
 * down
 *
 *     stream:  negotiating -- OPENED or INCOMING --> open -- close_write, END --> gone
 *                   \__ REFUSED, or nothing ____________\__ reset, RESET ________> gone
 *
 * Early muxer lists in the noise payload are not offered, so muxers are always negotiated.
 */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/env.h"
#include "net/conn/params.h"
#include "net/wire/mux.h"
#include "net/ws/ws.h"

struct conn;
struct noise_self;
struct peer_id;

/* what all connections of a swarm have in common */
struct conn_common {
    const struct noise_self *noise;
    const char *const *protocols; /* ids of streams that we accept, NULL-terminated; may change */
    size_t stream_bytes_max;      /* queue of one stream, STREAM_SEND_BYTES_MAX */
    const char *const *muxers;    /* in order of preference, NULL-terminated */
    struct buf spare_plain;       /* buffers lent to the connection that is at work */
    struct buf spare_wire;
    struct buf answer; /* negotiation lines on their way out */
    struct ws_common ws;
};

/** @param muxers  ids in order of preference, borrowed; NULL: yamux, then mplex */
void conn_common_init(struct conn_common *c, const struct noise_self *noise,
                      const char *const *protocols, size_t stream_bytes_max,
                      const char *const *muxers);
void conn_common_clear(struct conn_common *c);

struct conn_stream {
    struct mux_stream mux; /* first; the muxer allocates */
    struct conn *conn;
    uint64_t number;      /* the owner's, 0 at first */
    const char *protocol; /* NULL: not negotiated yet */

    /* the rest belongs to net/conn */
    struct multistream *negotiation; /* owned; NULL: done */
    struct mono negotiate_until;
    struct conn_stream *negotiating_next, *negotiating_prev; /* in order of their deadlines */
    struct conn_stream *resumed_next;
    struct buf held; /* received while paused */
    bool paused;
    bool resumed;    /* in the list */
    bool end_held;   /* END follows what is held */
    bool told_ended; /* CONN_END was given */
    bool write_closed;
};

enum conn_event_kind {
    CONN_UP,       /* upgraded: conn_remote, conn_muxer */
    CONN_OPENED,   /* stream->protocol */
    CONN_REFUSED,  /* err; dead with the next call */
    CONN_INCOMING, /* stream->protocol */
    CONN_BYTES,
    CONN_END,
    CONN_RESET, /* dead with the next call */
    CONN_WRITABLE,
    CONN_DOWN, /* err; the last event; all streams have been reset before it */
};

struct conn_event {
    enum conn_event_kind kind;
    enum err err;
    struct conn_stream *stream;
    struct span bytes; /* borrowed until the next call */
};

/** A connection whose carrier is up.
 *
 * @param common    borrowed, outlives the connection
 * @param owner     borrowed, given back by conn_owner
 * @param dialer    we dialed
 * @param expected  peer id that the other side must prove; NULL: anyone
 * @return OK; ERR_MEMORY
 */
enum err conn_new(struct conn **out, struct conn_common *common, void *owner, const struct env *env,
                  bool dialer, const struct peer_id *expected) MUST_CHECK;

/** The same over WebSocket frames: the HTTP upgrade comes first and counts into the upgrade's time.
 *
 * @param host  dialer: for the Host field, see ws_dial; NULL for a listener (in)
 * @return OK; ERR_MEMORY; ERR_ARGUMENT
 */
enum err conn_new_ws(struct conn **out, struct conn_common *common, void *owner,
                     const struct env *env, bool dialer, const struct peer_id *expected,
                     const char *host) MUST_CHECK;

void *conn_owner(const struct conn *c);

/** Free everything at once. Accepts NULL. */
void conn_free(struct conn *c);

/** Bytes from the carrier. What is wrong with them shows as CONN_DOWN. */
void conn_feed(struct conn *c, const struct env *env, struct span in);

/** The next event; false: nothing left. */
bool conn_poll(struct conn *c, const struct env *env, struct conn_event *ev);

/** The carrier ended. What arrived before and waits on paused streams is still given, for at most
 * CONN_DRAIN_TIMEOUT_MS; then CONN_DOWN. Nothing more can be sent: what is sealed goes nowhere. */
void conn_carrier_ended(struct conn *c, const struct env *env, enum err why);

/** May conn_poll have something? */
bool conn_pollable(const struct conn *c);

/** Seal what is due, up to CONN_WIRE_BYTES_HIGH waiting bytes. */
void conn_seal(struct conn *c, const struct env *env);

/** Carrier bytes that wait, borrowed until the next call. */
struct span conn_wire(const struct conn *c);

/** The carrier took the first `n` of them. */
void conn_wrote(struct conn *c, size_t n);

/** Should the carrier stop reading? */
bool conn_wants_pause(const struct conn *c);

/** Send what is queued, say good-bye, then CONN_DOWN with `why`. */
void conn_close(struct conn *c, const struct env *env, enum err why);

/** End it now: CONN_DOWN with `why` follows. For a carrier that ended. */
void conn_fail(struct conn *c, enum err why);

struct mono conn_deadline(const struct conn *c);
void conn_tick(struct conn *c, const struct env *env);

/** Peer id that was proved; NULL before the handshake ended. */
const struct peer_id *conn_remote(const struct conn *c);

/** "/yamux/1.0.0"; NULL before it was negotiated. */
const char *conn_muxer(const struct conn *c);

/** Streams open now, those that negotiate included. */
size_t conn_streams(const struct conn *c, bool inbound);

/* ---- streams: see net/host/streams.h ---- */

/** @param protocols  NULL-terminated static strings, borrowed until OPENED or REFUSED
 * @return OK; ERR_LIMIT; ERR_CLOSED not upgraded, or closing; ERR_MEMORY */
enum err conn_open(struct conn *c, const struct env *env, const char *const *protocols,
                   struct conn_stream **out) MUST_CHECK;

/** All or nothing. OK; ERR_FULL, CONN_WRITABLE follows; ERR_CLOSED after conn_close_write;
 * ERR_BUSY not negotiated yet, and several proposed; ERR_ARGUMENT more than an empty queue holds;
 * ERR_MEMORY. */
enum err conn_write(struct conn_stream *s, struct span head, struct blob *const *parts,
                    size_t count) MUST_CHECK;

size_t conn_room(const struct conn_stream *s);

/** Bytes written that still wait here; 0: all has gone to the muxer, in order. */
size_t conn_unsent(const struct conn_stream *s);
void conn_close_write(struct conn_stream *s);
void conn_reset(struct conn_stream *s);
void conn_pause(struct conn_stream *s, bool paused);

/** Is the stream gone, because both directions have ended? The owner forgets it then: after
 * CONN_END or conn_close_write, with conn_release. */
bool conn_stream_done(const struct conn_stream *s);
void conn_release(struct conn_stream *s);
