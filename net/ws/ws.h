/* A WebSocket as a carrier of bytes, both roles: the HTTP upgrade, then binary frames.
 *
 * Specs: RFC 6455; libp2p/specs websockets/README.md (no sub-protocol, binary messages whose
 * borders mean nothing).
 *
 * In:  carrier bytes (ws_feed), cut anywhere.
 * Out: payload, chunk by chunk as it arrives; bytes for the carrier, appended to a buffer of the
 *      caller: the upgrade, frame headers, pongs, good-byes.
 * Drives it: feed until it answers ERR_MORE; before anything is sent, ws_pong when ws_pong_due.
 *      Time-outs are the caller's.
 * Bounds: params.h. A head waits in a buffer of WS_HEAD_BYTES_MAX; of frames nothing is kept but
 *      one control frame, and only the last ping is answered.
 *
 *     dialer:    ws_dial -- request -->  ... response --> open
 *     listener:               ... request --> response --> open -- close frame --> ERR_CLOSED
 *                                  \_ 400, 405, 426, 431 _\___ close 1002, 1003, 1009 ___> error
 *
 * A payload that is sent lies in the caller's buffer already: ws_begin writes its header before it,
 * ws_end masks it in place when we are the dialer. The parser and its buffer are lent to the socket
 * that is in the middle of a frame; those that rest have none.
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "net/ws/params.h"

struct ws;
struct ws_codec;

struct ws_common {             /* of all sockets of a swarm; {0} at first */
    struct ws_codec *spare[2]; /* parsers that nobody uses, by role */
};

void ws_common_clear(struct ws_common *c);

/** RFC 6455 7.4.1: what a good-bye says */
enum ws_code {
    WS_NORMAL = 1000,
    WS_GOING_AWAY = 1001,
    WS_PROTOCOL_ERROR = 1002,
    WS_UNSUPPORTED = 1003,
    WS_TOO_BIG = 1009,
};

/** @param common  borrowed, outlives the socket
 * @return OK; ERR_MEMORY */
enum err ws_new(struct ws **out, struct ws_common *common, bool dialer) MUST_CHECK;

/** Accepts NULL. */
void ws_free(struct ws *w);

/** Dialer, once: append the request.
 *
 * @param host  "node.example:8000", "192.0.2.1:8000", "[2001:db8::1]:8000" (in)
 * @return OK; ERR_ARGUMENT no host, or one that is no Host field; ERR_FULL, ERR_MEMORY from `wire`
 * @source RFC 6455 4.1
 */
enum err ws_dial(struct ws *w, const struct env *env, const char *host,
                 struct buf *wire) MUST_CHECK;

/** Is the upgrade done? */
bool ws_open(const struct ws *w);

/** Bytes from the carrier.
 *
 * @param in       moved over what was taken (in/out)
 * @param payload  what the other side sent, maybe empty; borrowed until the next call (out)
 * @param wire     answers are appended, those to errors too (in/out)
 * @return OK: call again; ERR_MORE: all of `in` was taken, feed more; ERR_CLOSED: good-bye was
 * said; final errors: ERR_FORMAT; ERR_PROTOCOL; ERR_UNSUPPORTED text; ERR_LIMIT; ERR_REFUSED the
 *         other side does not upgrade; ERR_FULL, ERR_MEMORY
 */
enum err ws_feed(struct ws *w, const struct env *env, struct span *in, struct span *payload,
                 struct buf *wire) MUST_CHECK;

/** Does a ping wait for its answer? */
bool ws_pong_due(const struct ws *w);

/** Append the pong. ERR_FULL, ERR_MEMORY from `wire`. */
enum err ws_pong(struct ws *w, const struct env *env, struct buf *wire) MUST_CHECK;

/** Append the header of a message of `len` bytes, len > 0, which the caller appends next.
 *
 * @return OK; ERR_CLOSED we said good-bye; ERR_FULL, ERR_MEMORY from `wire`
 */
enum err ws_begin(struct ws *w, const struct env *env, size_t len, struct buf *wire) MUST_CHECK;

/** The `len` bytes are at the end of `wire`: make them the payload. */
void ws_end(struct ws *w, const struct env *env, struct buf *wire);

/** Say good-bye, once; nothing may be sent after it.
 *
 * @return OK; ERR_FULL, ERR_MEMORY from `wire`
 * @source RFC 6455 7.1.2
 */
enum err ws_close(struct ws *w, const struct env *env, enum ws_code code,
                  struct buf *wire) MUST_CHECK;

/** Was good-bye said by us? */
bool ws_closing(const struct ws *w);
