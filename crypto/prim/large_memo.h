/* Equal work on large inputs done once: for simulations, where ten thousand members of one process
 * hash and decrypt the same half megabyte. The node never turns this on.
 *
 * A memory of the last digests and decryptions of LARGE_MEMO_BYTES and more, with their whole
 * inputs. An input is compared byte by byte with what is kept, so a result is given again only for
 * what it was computed from; what it hides is the processor time of the others. It belongs to the
 * thread that began it.
 */
#pragma once

#include "crypto/base/span.h"

#define LARGE_MEMO_BYTES  4096u /* shorter inputs are worked out anew */
#define LARGE_MEMO_PLACES 64u   /* results that are kept; the oldest gives way */
#define LARGE_MEMO_PARTS  6u

/** Begun twice, ended twice. ERR_MEMORY. */
enum err large_memo_begin(void) MUST_CHECK;
void large_memo_end(void);

/** Results that were not worked out again in this thread since it was begun; 0 without one. */
uint64_t large_memo_hits(void);

/* ---- private to the room ---- */

/** Is there a memory, and is this input for it? */
bool large_memo_takes(const struct span *parts, size_t count);

/** What `function` (the address of its descriptor) gave for these parts, `len` bytes; false: not
 * known. */
bool large_memo_get(const void *function, const struct span *parts, size_t count, uint8_t *out,
                    size_t len);

/** Keep a result. Without memory it is not kept. */
void large_memo_keep(const void *function, const struct span *parts, size_t count,
                     struct span result);
