/* Segments: a file, or content that is too long for an entry, cut into pieces that each fit into an
 * envelope, with parity: of every group any `data` of its `data + parity` are enough.
 *
 * - A file is cut into data segments of SEGMENT_BYTES (a file of one segment: its length rounded up
 * to SEGMENT_ALIGN), the last padded with zeros. Up to 224 of them are a group; the groups follow
 * each other. Behind a group's k data segments come ceil(k / 8) of parity: Reed-Solomon over
 * GF(2^8) modulo x^8+x^4+x^3+x^2+1, row i >= k of the matrix being 1 / (i xor j) for columns j < k
 * (Cauchy).
 * - Segments are numbered from 0. leaf = label_hash(segment/leaf, u32 number || bytes), node =
 *   label_hash(segment/node, left || right), over 2^d leaves, those behind the last being zeros.
 *   The root is in the entry that announces the file: each segment proves on its own that it is the
 *   author's, and the hash there (of the file, under entry/attachment) that all can be put together
 *   in one way only.
 * - A segment as sent, inside an envelope under segments_keys of the announced key:
 *
 *       [3, 1, number, bytes, path of d * 32 bytes, extensions]
 *
 * Pure. @source CHAT.md 7
 */
#pragma once

#include "crypto/base/buf.h"
#include "node/chat/envelope/envelope.h"
#include "node/chat/envelope/params.h"

/** How many segments a file of so many bytes has; 0: none has (0, or too large). */
size_t segments_count(uint64_t file_bytes);

/** Keys of the envelopes that its segments are in. */
void segments_keys(const uint8_t key[32], struct envelope_keys *out);

struct segments;

/** Cut a file. It is a job: 32 MiB take some 100 ms.
 *
 * @return OK; ERR_ARGUMENT empty or over CONTENT_ATTACHMENT_MAX; ERR_MEMORY
 */
enum err segments_cut(struct span file, struct segments **out) MUST_CHECK;

/** Begin to collect the segments of an announced file. As segments_cut. */
enum err segments_collect(uint64_t file_bytes, const uint8_t hash[32], const uint8_t root[32],
                          struct segments **out) MUST_CHECK;

void segments_free(struct segments *s); /* accepts NULL */

/** What the entry announces besides the size. */
void segments_announce(const struct segments *s, uint8_t hash[32], uint8_t root[32]);

/** Append segment number `i` as sent. Only of a cut file. OK; ERR_FULL; ERR_MEMORY. */
enum err segments_write(const struct segments *s, size_t i, struct buf *out) MUST_CHECK;

/** Take one.
 *
 * @return OK; ERR_EXISTS; ERR_AUTH it is not of this file; ERR_FORMAT, ERR_UNSUPPORTED; ERR_MEMORY
 */
enum err segments_take(struct segments *s, struct span segment) MUST_CHECK;

/** Segments that are still needed, at least: 0: the file can be put together. */
size_t segments_needed(const struct segments *s);
bool segments_has(const struct segments *s, size_t i);

/** Put the file together. It is a job.
 *
 * @param out  the file is appended (in/out)
 * @return OK; ERR_MORE; ERR_AUTH it is not what was announced: its author cut it falsely; ERR_FULL;
 *         ERR_MEMORY
 */
enum err segments_file(struct segments *s, struct buf *out) MUST_CHECK;
