/* A parcel: the plaintext of one application message of a conversation.
 *
 * Packed: [2, 1, [entry, ...], [[account, installation, entry], ...], heads, beyond,
 *          [content in passing, ...], wanted, withheld, extensions]
 *
 * - entries of the sender (entry.h), and entries of others, handed on as they were signed;
 * - an acknowledgement: `heads` and everything before them, and `beyond` alone, are at the sender;
 * - contents that are not kept (typing, receipts);
 * - ids of entries that the sender misses, and of such as were asked for and are from before the
 *   asking member's time.
 *
 * Ids are in rising order of their bytes. @source CHAT.md 7; SDS for what the lists mean
 */
#pragma once

#include "node/chat/delivery/entry.h"

struct parcel_ids {
    struct entry_id list[PARCEL_IDS_MAX];
    size_t count;
};

struct parcel_carried {
    struct entry_author author;
    struct span entry;
};

struct parcel { /* spans borrowed */
    struct span entries[PARCEL_ENTRIES_MAX];
    size_t entries_count;
    struct parcel_carried carried[PARCEL_ENTRIES_MAX];
    size_t carried_count;
    struct parcel_ids heads, beyond;
    struct span passing[PARCEL_ENTRIES_MAX];
    size_t passing_count;
    struct parcel_ids wanted, withheld;
    struct pack_extensions extensions;
};

/** Decode; entries and contents inside are not looked at. OK; ERR_FORMAT; ERR_LIMIT;
 * ERR_UNSUPPORTED. */
enum err parcel_decode(struct span in, struct parcel *out) MUST_CHECK;

/** Append the encoding. OK; ERR_FULL; ERR_MEMORY. */
enum err parcel_encode(const struct parcel *p, struct buf *out) MUST_CHECK;

/** Has it nothing to say? */
bool parcel_is_empty(const struct parcel *p);
