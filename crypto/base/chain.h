/* A queue of bytes that lie in counted blobs: what waits to be sent on a stream. Blobs are
 * referenced, never copied; short pieces (length prefixes) are kept inside the queue. Gathering
 * hands out spans over the front, dropping forgets what was sent. */
#pragma once

#include "crypto/base/blob.h"

#define CHAIN_SMALL_MAX 32u /* bytes of a piece that is copied */
#define CHAIN_PARTS_MAX                                                                            \
    16384u /* parts of one chain, so that tiny ones do not cost memory unbounded */

struct chain {
    struct chain_part *parts; /* owned ring; cap is a power of two */
    size_t head, count, cap;
    size_t bytes; /* of all parts */
};

/** Drop everything and free. The chain is empty and usable afterwards; {0} is an empty chain. */
void chain_clear(struct chain *c);

/** Make room for `parts` further parts, so that adding them cannot fail.
 *
 * @return OK; ERR_FULL beyond CHAIN_PARTS_MAX; ERR_MEMORY; unchanged on failure
 */
enum err chain_reserve(struct chain *c, size_t parts) MUST_CHECK;

/** Append a copy of at most CHAIN_SMALL_MAX bytes; room must have been reserved. */
void chain_add_small(struct chain *c, struct span bytes);

/** Append a reference to a blob; room must have been reserved. */
void chain_add_blob(struct chain *c, struct blob *b);

/** Spans over the first bytes, at most `bytes_max` of them in at most `parts_max` parts.
 *
 * @param parts  borrowed until the chain is changed (out)
 * @param count  how many parts were used (out)
 * @return bytes in them
 */
size_t chain_gather(const struct chain *c, size_t bytes_max, struct span *parts, size_t parts_max,
                    size_t *count);

/** Forget the first `n` bytes, n <= c->bytes. */
void chain_drop(struct chain *c, size_t n);
