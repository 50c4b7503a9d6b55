/* The Identify message. Private to the room, but for struct identify_info in identify.h. */
#pragma once

#include "crypto/base/buf.h"
#include "net/identify/identify.h"

/** Append what we say to everyone: all fields but the observed address. OK; ERR_FULL; ERR_MEMORY.
 */
enum err identify_message_encode(const struct identify_self *self, struct buf *out) MUST_CHECK;

/** Append the observed address, the one field that differs from peer to peer. */
enum err identify_observed_encode(struct span addr, struct buf *out) MUST_CHECK;

/** Read one message on top of what earlier ones said: single fields are replaced, lists grow.
 *
 * Texts that are not printable ASCII or too long are left out, as are list entries over the
 * bounds; the record is not looked at. Spans are borrowed from `in`.
 *
 * @return OK; ERR_FORMAT
 */
enum err identify_message_merge(struct identify_info *info, struct span in) MUST_CHECK;

/** Read all messages of a stream, each with its length before it.
 *
 * @return OK; ERR_FORMAT malformed, cut, or no message at all; ERR_LIMIT
 */
enum err identify_stream_decode(struct identify_info *info, struct span stream) MUST_CHECK;
