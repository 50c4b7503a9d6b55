/* Unsigned varints as multiformats writes them: LEB128, at most 9 bytes (63 bits), in the only
 * minimal form. Lengths of frames, protocol codes, multihash codes. The laxer varints of protobuf
 * are read by protobuf.h.
 */
#pragma once

#include "crypto/base/reader.h"
#include "crypto/base/writer.h"
#include "net/wire/params.h"

/** Decode the varint at the front of `in`.
 *
 * @param v     the number, below 2^63 (out)
 * @param used  its bytes, 1..9 (out)
 * @return OK; ERR_MORE the input ends inside it; ERR_FORMAT over 9 bytes or not minimal
 * @source multiformats/unsigned-varint
 */
enum err varint_decode(struct span in, uint64_t *v, size_t *used) MUST_CHECK;

/** Bytes that `v` takes, 1..10. */
size_t varint_size(uint64_t v);

/** Encode `v`; numbers of 64 bits take 10 bytes, which only protobuf allows.
 *
 * @return bytes written, 1..10
 */
size_t varint_encode(uint64_t v, uint8_t out[PB_VARINT_BYTES_MAX]);

/** Next varint of `r`; poisons it as a short read does when there is no valid one. */
uint64_t read_varint(struct reader *r);

/** Next varint of `r` and as many bytes after it, borrowed. */
struct span read_varint_bytes(struct reader *r);

void write_varint(struct writer *w, uint64_t v);
