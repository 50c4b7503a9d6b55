/* The layout of a segment file, in one place. All integers are big-endian, so that they sort as
 * bytes. A segment is one LMDB file with five tables:
 *
 *     meta     "meta" -> struct segment_meta (below)
 *     topics   'p' pubsub                       -> id          \  ids from 1, one counter;
 *              'n' content_len content pubsub   -> id          /  a pair of topics has its own id
 *              'i' id                           -> content_len content pubsub
 *     blocks   block number (native u32)        -> count u16, count * offset u32, records
 *     keys     run number u32                   -> sorted items of 16 bytes: id, time, place
 *     hashes   run number u32                   -> sorted items of 12 bytes: hash prefix, place
 *
 * record: hash 32, time 8, pair id 4, length 4, message. place: block number << 8 | index.
 * time: nanoseconds with the sign bit flipped. Each record has three key items: under id 0 (all),
 * under the id of its pubsub topic and under that of its pair. Items with equal id and time are
 * sorted by the hash in their record.
 */
#pragma once

#include "store/archive.h"

#define TOPIC_ALL         0u
#define KEY_ITEM_BYTES    16u
#define KEY_SORT_BYTES    12u /* id and time */
#define HASH_ITEM_BYTES   12u
#define HASH_PREFIX_BYTES 8u
#define RECORD_HEAD_BYTES 48u

struct segment_meta { /* decoded; what a transaction sees of it is consistent with the tables */
    uint64_t entries;
    int64_t base_ns;        /* oldest entry of the first commit: the span counts from here */
    int64_t min_ns, max_ns; /* of all entries */
    uint32_t next_block, next_topic, next_run;
    bool sealed;
};

#define SEGMENT_META_BYTES 45u
#define SEGMENT_VERSION    1u

static inline void put_be(uint8_t *out, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

static inline uint64_t get_be(const uint8_t *in, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | in[i];
    return v;
}

static inline void put_time(uint8_t *out, int64_t ns)
{
    put_be(out, (uint64_t)ns ^ 1ull << 63, 8);
}

static inline int64_t get_time(const uint8_t *in)
{
    return (int64_t)(get_be(in, 8) ^ 1ull << 63);
}
