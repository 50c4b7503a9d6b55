/* TLS presentation language of RFC 9420 2.1, on the house's cursors.
 *
 * Reading is sticky: every malformed length, type or flag poisons the reader, and the caller checks
 * once with mls_read_end or mls_read_status. Vectors are returned as spans into the input. A list
 * is such a span too; the reader of the enclosing structure has checked all its elements, so that
 * walking it again cannot fail.
 */
#pragma once

#include "crypto/base/reader.h"
#include "crypto/base/writer.h"
#include "crypto/mls/error.h"

/** Length header of a vector, 0..2^30-1; poisons the reader unless it is the shortest form.
 *
 * @source RFC 9420 2.1.2
 */
uint32_t mls_read_length(struct reader *r);

/** opaque<V>: the content, borrowed. */
struct span mls_read_vector(struct reader *r);

/** A vector<V> of uint16 values: poisoned unless its length is even. */
struct span mls_read_u16s(struct reader *r);

/** The presence octet of optional<T>: 0 or 1, else poisoned. */
bool mls_read_present(struct reader *r);

/** Poison `r`: what was read is well-formed bytes but no valid value. */
static inline void mls_read_poison(struct reader *r)
{
    r->failed = true;
}

/** What was consumed between `from` (an earlier copy of the reader) and `r`. */
static inline struct span mls_read_between(struct reader from, const struct reader *r)
{
    return r->failed ? SPAN_EMPTY : span_of(from.rest.ptr, from.rest.len - r->rest.len);
}

/** More elements to read, and none was malformed: the condition of a loop over a list. */
static inline bool mls_read_more(const struct reader *r)
{
    return !r->failed && r->rest.len > 0;
}

/** OK; MLS_MALFORMED when a read failed. */
enum err mls_read_status(const struct reader *r) MUST_CHECK;

/** OK; MLS_MALFORMED when a read failed or bytes are left. */
enum err mls_read_end(const struct reader *r) MUST_CHECK;

/** Bytes of the shortest header for a vector of `len` bytes: 1, 2 or 4. */
size_t mls_length_bytes(size_t len);

void mls_write_length(struct writer *w, size_t len);
void mls_write_vector(struct writer *w, struct span content);

/** opaque<V> "MLS 1.0 " + label, as in SignContent, EncryptContext and KDFLabel. */
void mls_write_label(struct writer *w, const char *label);

/** A vector whose length is known only after its content was written.
 *
 *     size_t mark = mls_vector_begin(&w);
 *     ... write the content ...
 *     mls_vector_end(&w, mark);
 */
size_t mls_vector_begin(struct writer *w);
void mls_vector_end(struct writer *w, size_t mark);

/** Is `value` among the big-endian uint16 values of `list`? */
bool mls_u16s_have(struct span list, uint16_t value);

/** The i-th of them. */
static inline uint16_t mls_u16s_at(struct span list, size_t i)
{
    return (uint16_t)(list.ptr[2 * i] << 8 | list.ptr[2 * i + 1]);
}
