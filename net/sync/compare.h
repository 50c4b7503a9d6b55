/* One payload compared with our ids: what differs, and the payload in answer. Private to the room.
 *
 * A range that is equal is skipped. An unequal one is told whole when it is small, else cut. A set
 * is answered by sets that cover only what differs: the runs of ids that one side lacks, each
 * resolved, and skips between them; the peer then knows what we lack and what we have, for some 14
 * bytes and 41 for each id of ours. (nwaku repeats the whole set, and understands this as well.)
 *
 * What does not fit an answer is one fingerprint at its end, and comes back in the next payload.
 */
#pragma once

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "net/sync/payload.h"

struct differences {
    struct map wants;  /* hash and time of announced ids that we lack */
    struct fifo sends; /* hashes of ids that the peer lacks */
    uint64_t count;    /* all that were found */
    bool more;         /* some found no room: the next session has them */
};

void differences_init(struct differences *d, const uint8_t seed[16]);
void differences_clear(struct differences *d);

/** Take an announced id; false: it was not announced. */
bool differences_take(struct differences *d, const struct sync_id *id);

struct comparing {
    const struct ids_view *view;
    int64_t from_ns, to_ns; /* ranges outside are skipped, ids outside are not wanted */
    struct differences *found;
    struct payload_writer *reply;
    struct buf *scratch; /* SYNC_PAYLOAD_OUT_BYTES_MAX */
    struct sync_id last; /* upper bound of the last range */
    bool full;           /* the reply is long enough */
};

/** Compare all ranges of a payload. ERR_FORMAT; ERR_MEMORY. */
enum err compare_payload(struct comparing *c, struct payload_reader *r) MUST_CHECK;
