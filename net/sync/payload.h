/* A reconciliation payload on the wire, read and written range by range: private to the room.
 *
 *     scope   topics: count, then (length, text) each, of pubsub topics; the same of content topics
 *             or, before nwaku 0.37: cluster; count, then each shard
 *     time    lower bound of the first range
 *     range   time of its upper bound, as the difference to the bound before; when that is 0:
 *             n and the first n bytes of the upper bound's hash (the others are zero)
 *             kind: 0 skip; 1 fingerprint, 32 bytes; 2 item set: count, (time difference, hash)
 *             each, resolved
 *
 * Numbers are minimal LEB128. The first time in an item set is its difference to 0. A payload
 * without ranges is one zero byte, or none. Bounds ascend, [lower, upper).
 *
 * @source WAKU-SYNC; nwaku waku_store_sync/codec.nim, where the two differ
 */
#pragma once

#include "crypto/base/buf.h"
#include "net/sync/ids.h"

enum scope_kind {
    SCOPE_TOPICS, /* names of pubsub and content topics */
    SCOPE_SHARDS, /* cluster and shards */
};

struct scope {
    enum scope_kind kind;
    bool foreign;                     /* topics or a cluster that is not ours were named */
    bool all;                         /* SCOPE_TOPICS without a pubsub topic: any */
    uint16_t shards[SYNC_TOPICS_MAX]; /* of our cluster, ascending */
    size_t shards_count;
    struct span contents[SYNC_CONTENTS_MAX]; /* borrowed */
    size_t contents_count;
};

enum range_kind {
    RANGE_SKIP = 0,
    RANGE_FINGERPRINT = 1,
    RANGE_ITEMS = 2,
};

struct items { /* not yet read */
    struct span rest;
    size_t count;
    int64_t time_ns;
};

struct range {
    struct sync_id lower, upper;
    enum range_kind kind;
    const uint8_t *fingerprint; /* borrowed */
    struct items items;
    bool resolved; /* the set needs no set in return */
};

struct payload_reader {
    struct span rest;
    struct sync_id bound; /* lower one of the next range */
};

/** Read the scope, and where the first range begins. ERR_FORMAT; ERR_LIMIT too many topics;
 * ERR_NOT_FOUND the payload is empty. `cluster` is ours. */
enum err payload_open(struct span in, uint16_t cluster, struct scope *scope,
                      struct payload_reader *r) MUST_CHECK;

/** The next range; its items were looked at: they ascend and lie in the range.
 * ERR_MORE: that was all. ERR_FORMAT. */
enum err payload_range(struct payload_reader *r, struct range *out) MUST_CHECK;

/** The next id of a set that payload_range handed out; false at its end. */
bool items_next(struct items *i, struct sync_id *out);

struct payload_writer {
    struct buf *out;
    struct sync_id bound;      /* upper one of what was written */
    struct sync_id skipped;    /* a skip that waits for its end */
    bool skipping, begun, any; /* any: a range that is no skip */
    const struct scope *scope;
    uint16_t cluster;
};

/** Begin; the scope and the first bound are written with the first range. */
void payload_begin(struct payload_writer *w, struct buf *out, uint16_t cluster,
                   const struct scope *scope, const struct sync_id *lower);

/** Append ranges that end at `upper`; consecutive skips become one, one at the end is left out.
 * ERR_FULL, ERR_MEMORY: the buffer is as before. */
void payload_skip(struct payload_writer *w, const struct sync_id *upper);
enum err payload_fingerprint(struct payload_writer *w, const struct sync_id *upper,
                             const uint8_t fingerprint[32]) MUST_CHECK;
/** `items` as items_put wrote them. */
enum err payload_items(struct payload_writer *w, const struct sync_id *upper, struct span items,
                       size_t count, bool resolved) MUST_CHECK;

/** An empty payload when nothing but skips was said. */
enum err payload_end(struct payload_writer *w) MUST_CHECK;

/** Append an id behind one of time `before_ns` (0: it is the first). */
enum err items_put(struct buf *out, const struct sync_id *id, int64_t before_ns) MUST_CHECK;
