/* How long an archive keeps what it has, in nwaku's syntax:
 *
 *     time:3600            seconds
 *     size:1.5GB           or MB, of 1024^3 and 1024^2 bytes
 *     capacity:100000      messages
 *     none, ""             keep all
 *     time:3600;size:1GB   all of them at once: the strictest wins
 *
 * @source nwaku waku_archive/retention_policy/builder.nim; logos-delivery 0.38 for lists
 */
#pragma once

#include "crypto/base/span.h"

struct retention {
    int64_t time_ns;     /* 0: no bound */
    uint64_t size_bytes; /* 0: no bound */
    uint64_t capacity;   /* messages; 0: no bound */
};

/** Parse a policy; letters in either case.
 *
 * @param text  at most 256 bytes (in)
 * @param out   all zero when nothing bounds the archive (out)
 * @return OK; ERR_ARGUMENT not of the form above, a zero, or a kind named twice
 */
enum err retention_parse(struct span text, struct retention *out) MUST_CHECK;
