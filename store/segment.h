/* One segment: an LMDB file for a stretch of time (layout.h). The newest is open for writing, the
 * others read-only and without a lock table.
 *
 * A view is a read transaction with what a query wants at hand: the runs of both indexes. It may
 * be used on any thread, one at a time, while another thread commits to the same segment; LMDB
 * shows it only what was durable when it began.
 *
 * Counted: the archive's list holds one reference, every view another.
 */
#pragma once

#include "store/run.h"

#include <lmdb.h>

struct segment {
    MDB_env *env;
    MDB_dbi meta, topics, blocks, keys, hashes;
    struct segment_meta last; /* as of the last commit; under the archive's mutex */
    char *path;               /* owned */
    uint32_t number;          /* of the file; newer is higher */
    unsigned refs;            /* under the archive's mutex */
    bool writable;
};

struct record { /* borrowed from a view */
    const uint8_t *hash;
    int64_t timestamp_ns;
    uint32_t pair; /* topic id */
    struct span message;
};

struct view {
    struct segment *segment;
    MDB_txn *txn;
    struct segment_meta meta;
    struct run keys[ARCHIVE_RUNS_MAX], hashes[ARCHIVE_RUNS_MAX];
    size_t keys_count, hashes_count;
};

/** LMDB's and errno's codes as ours. */
enum err segment_err(int rc);

/** Open the file `path`, made when it is not there and `writable`. */
enum err segment_open(struct segment **out, const char *path, uint32_t number,
                      bool writable) MUST_CHECK;

/** Close at once, whatever the references. Accepts NULL. */
void segment_close(struct segment *s);

/** Bytes of its file. */
uint64_t segment_bytes(const struct segment *s);

/** Begin to read. */
enum err view_begin(struct view *v, struct segment *s) MUST_CHECK;
void view_end(struct view *v);

/** Gather the runs of a transaction that may also be a writing one. */
enum err view_load(struct view *v, struct segment *s, MDB_txn *txn) MUST_CHECK;

/** The record at a place. ERR_CORRUPT: there is none. */
enum err view_record(const struct view *v, uint32_t place, struct record *out) MUST_CHECK;

/** The record of a hash. ERR_NOT_FOUND. */
enum err view_find(const struct view *v, const uint8_t *hash, struct record *out) MUST_CHECK;

/** Resolves ties of runs through a view. */
struct run_ties view_ties(struct view *v);

/** Id of a pubsub topic, or of a pair of topics. ERR_NOT_FOUND. */
enum err view_topic(const struct view *v, struct span pubsub, uint32_t *id) MUST_CHECK;
enum err view_pair(const struct view *v, struct span content, struct span pubsub,
                   uint32_t *id) MUST_CHECK;

/** Ids of all pairs with this content topic, in order of pubsub topic: calls `add` for each. */
enum err view_pairs(const struct view *v, struct span content,
                    enum err (*add)(void *state, uint32_t id), void *state) MUST_CHECK;

/** The names behind a pair's id. ERR_CORRUPT: there is none. */
enum err view_names(const struct view *v, uint32_t pair, struct span *content,
                    struct span *pubsub) MUST_CHECK;

/** Write entries in one transaction; OK after fdatasync. Else nothing changed.
 * `entries` in order of (time, hash), each hash once and none of them in the segment. */
enum err segment_write(struct segment *s, const struct archive_entry *const *entries, size_t count,
                       struct segment_meta *after) MUST_CHECK;

/** Merge all runs into one per index and mark the segment sealed. */
enum err segment_seal(struct segment *s, struct segment_meta *after) MUST_CHECK;

/** Keys of the topics table (layout.h); `key` has room for 512 bytes. Returns the length. */
size_t topic_key_pubsub(uint8_t *key, struct span pubsub);
size_t topic_key_pair(uint8_t *key, struct span content, struct span pubsub);
size_t topic_key_id(uint8_t *key, uint32_t id);

enum err segment_meta_read(MDB_txn *txn, MDB_dbi dbi, struct segment_meta *out) MUST_CHECK;
enum err segment_meta_write(MDB_txn *txn, MDB_dbi dbi, const struct segment_meta *m) MUST_CHECK;
