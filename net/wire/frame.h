/* Messages with a varint length before them, reassembled from a stream's bytes. This is how every
 * libp2p protocol above multistream sends its protobufs.
 *
 *     while ((err = frames_next(&f, &in, &message)) == OK)
 *         handle(message);
 *     return err == ERR_MORE ? OK : err;
 *
 * A message that lies whole in the input is handed out from there, without a copy. Memory grows
 * with what was received, not with what was announced, and never over `max`.
 */
#pragma once

#include "crypto/base/buf.h"
#include "net/wire/params.h"

struct frames {
    size_t max;                     /* bytes of one message */
    uint8_t head[VARINT_BYTES_MAX]; /* of a length that is cut by the end of the input */
    uint8_t head_len;
    bool in_body;    /* a body of `body` bytes is being gathered in `part` */
    bool handed;     /* `part` was handed out: drop it at the next call */
    size_t body;     /* bytes of the whole message */
    struct buf part; /* the bytes of it that came so far */
};

/** Ready for the first byte of a stream whose messages have at most `max` bytes. */
void frames_init(struct frames *f, size_t max);

/** Free the gathered bytes. Usable as after frames_init. */
void frames_clear(struct frames *f);

/** Take one message out of `in`.
 *
 * @param in       what was received; moves on behind the bytes consumed (in/out)
 * @param message  one whole message without its length, maybe empty; borrowed from `in` or from
 *                 `f`, until the next call (out)
 * @return OK; ERR_MORE all input is consumed; ERR_LIMIT a length over max; ERR_FORMAT a length
 *         that is no minimal varint; ERR_MEMORY. After an error other than ERR_MORE the stream
 *         must be reset.
 */
enum err frames_next(struct frames *f, struct span *in, struct span *message) MUST_CHECK;

/** Bytes of a message that has begun but is not whole; 0: the stream may end here. */
size_t frames_pending(const struct frames *f);
