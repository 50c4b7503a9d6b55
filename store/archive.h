/* The archive of messages: entries sorted by (timestamp, hash), found by time, topic and hash.
 * It knows spans and keys, no Waku types.
 *
 * Two implementations of one table of functions: lmdb.c on disk, mem.c for the simulator.
 *
 *     archive_batch_add ...           engine thread
 *     archive_commit(a, batch)        one thread at a time: the store thread; blocks on fdatasync
 *     archive_batch_outcome(batch, i) engine thread again: stored, duplicate or refused
 *     archive_query(a, query, page)   any thread, also during a commit
 *
 * What is "stored": archive_commit says ARCHIVE_STORED, and queries return an entry, only after
 * fdatasync of its commit returned. A commit that fails stores nothing and may be tried again with
 * the same batch; the archive goes on. kill -9 at any moment needs no repair.
 *
 * On disk (store/README.md): one LMDB file per segment of time. New entries go into the newest,
 * the older ones are read-only, retention unlinks whole files. One process per folder.
 *
 * Bounds: params.h. Memory: LMDB's maps, which the kernel may drop; besides the batches and pages
 * of the callers nothing that grows with the number of entries.
 */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/buf.h"
#include "store/params.h"
#include "store/retention.h"

#include <stdio.h>

#define ARCHIVE_HASH_BYTES 32

struct archive;
struct archive_batch;

struct archive_entry { /* spans borrowed */
    uint8_t hash[ARCHIVE_HASH_BYTES];
    int64_t timestamp_ns;
    struct span pubsub_topic;
    struct span content_topic;
    struct span message; /* as it was added; empty when a query did not ask for data */
};

/* ---- opening ---- */

/** Open or make an archive in `folder`, which is made if need be (its parent must exist).
 *
 * @param keep  cuts segments to fit what retention will remove; NULL or all zero: default sizes.
 *              Nothing is removed before archive_retain.
 * @return OK; ERR_LOCKED another process has it; ERR_CORRUPT; ERR_IO; ERR_DISK_FULL; ERR_MEMORY
 */
enum err archive_open_lmdb(struct archive **out, const char *folder,
                           const struct retention *keep) MUST_CHECK;

/** An archive in memory, for one thread: the simulator's. `seed` keys its hash table. */
enum err archive_open_mem(struct archive **out, const uint8_t seed[16]) MUST_CHECK;

/** Close; no query or commit may be running. Accepts NULL. */
void archive_close(struct archive *a);

/* ---- batches: owned entries on their way to a commit ---- */

enum archive_outcome {
    ARCHIVE_WAITING,   /* not committed yet, or the commit failed */
    ARCHIVE_STORED,    /* durable now */
    ARCHIVE_DUPLICATE, /* durable since earlier, or twice in this batch */
    ARCHIVE_REFUSED,   /* over a bound: it can never be stored */
};

/** An empty batch that holds at most `bytes_max` bytes (capped at ARCHIVE_BATCH_BYTES_MAX). */
struct archive_batch *archive_batch_new(size_t bytes_max) MUST_CHECK;
void archive_batch_free(struct archive_batch *b);

/** Add an entry: topics are copied, the blob that `message` lies in is referenced.
 *
 * @return OK; ERR_FULL the batch is at its bound; ERR_LIMIT a topic over ARCHIVE_TOPIC_BYTES_MAX
 *         or a message over ARCHIVE_MESSAGE_BYTES_MAX; ERR_MEMORY
 */
enum err archive_batch_add(struct archive_batch *b, const uint8_t hash[ARCHIVE_HASH_BYTES],
                           int64_t timestamp_ns, struct span pubsub_topic,
                           struct span content_topic, struct blob *holder,
                           struct span message) MUST_CHECK;

/** Move all entries of `from` behind those of `to`. ERR_FULL, ERR_MEMORY: nothing moved. */
enum err archive_batch_merge(struct archive_batch *to, struct archive_batch *from) MUST_CHECK;

/** Forget all entries, keep the bound. */
void archive_batch_reset(struct archive_batch *b);

size_t archive_batch_count(const struct archive_batch *b);
size_t archive_batch_bytes(const struct archive_batch *b); /* messages, topics and bookkeeping */

/** The i-th entry in order of adding; borrowed from the batch. */
struct archive_entry archive_batch_entry(const struct archive_batch *b, size_t i);
enum archive_outcome archive_batch_outcome(const struct archive_batch *b, size_t i);

/** Store a batch. OK: every entry has an outcome other than ARCHIVE_WAITING, and those that are
 * ARCHIVE_STORED or ARCHIVE_DUPLICATE survive a power cut. Else nothing changed; try again later.
 *
 * @return OK; ERR_DISK_FULL; ERR_IO; ERR_CORRUPT; ERR_MEMORY
 */
enum err archive_commit(struct archive *a, struct archive_batch *b) MUST_CHECK;

/* ---- queries ---- */

struct archive_query {                 /* everything borrowed; all conditions hold at once */
    struct span pubsub_topic;          /* empty: any */
    const struct span *content_topics; /* any of them; count 0: any at all */
    size_t content_topics_count;       /* <= ARCHIVE_TOPICS_MAX */
    const uint8_t (*hashes)[ARCHIVE_HASH_BYTES]; /* any of them; count 0: any at all */
    size_t hashes_count;                         /* <= ARCHIVE_HASHES_MAX */
    int64_t time_start_ns, time_end_ns;          /* inclusive both; INT64_MIN, INT64_MAX: open */
    const uint8_t *cursor; /* hash to start behind (before, when backward); NULL */
    size_t limit;          /* entries; 0: ARCHIVE_PAGE_DEFAULT, at most ARCHIVE_PAGE_MAX */
    size_t page_bytes;     /* 0 or more than ARCHIVE_PAGE_BYTES_MAX: that; a page has
                              at least one entry, whatever its size */
    bool forward;          /* false: the newest page first */
    bool include_data;     /* messages and topics */
    bool include_topics;   /* topics, also without the messages */
};

#define ARCHIVE_QUERY_ALL                                                                          \
    ((struct archive_query){.time_start_ns = INT64_MIN,                                            \
                            .time_end_ns = INT64_MAX,                                              \
                            .forward = true,                                                       \
                            .include_data = true})

struct archive_page { /* always ascending by (timestamp, hash), in either direction */
    struct archive_entry entries[ARCHIVE_PAGE_MAX]; /* spans into `bytes` */
    size_t count;
    bool more;                          /* the query has further entries: go on with the cursor */
    uint8_t cursor[ARCHIVE_HASH_BYTES]; /* when more: the last entry, or when backward the first */
    struct buf bytes;                   /* owned */
};

void archive_page_init(struct archive_page *p);
void archive_page_clear(struct archive_page *p);

/** Answer a query from what is durable.
 *
 * @param p  an initialised page; what it had is forgotten (out)
 * @return OK, maybe with an empty page; ERR_NOT_FOUND the cursor is no stored hash; ERR_LIMIT too
 *         many topics or hashes; ERR_IO; ERR_CORRUPT; ERR_MEMORY
 */
enum err archive_query(struct archive *a, const struct archive_query *q,
                       struct archive_page *p) MUST_CHECK;

/** A deep copy of a query, to be carried to another thread; NULL when memory is out or a count is
 * over its bound. Freed by archive_query_free. */
struct archive_query *archive_query_copy(const struct archive_query *q) MUST_CHECK;
void archive_query_free(struct archive_query *q);

/* ---- keeping house ---- */

struct archive_stats {
    uint64_t entries;
    uint64_t bytes;               /* on disk; in memory: of messages and topics */
    uint64_t segments;            /* files */
    int64_t oldest_ns, newest_ns; /* of the entries; 0 when there are none */
};

enum err archive_stats(struct archive *a, struct archive_stats *out) MUST_CHECK;

/** Statistics of each segment, oldest first; `cursor` starts at 0. ERR_NOT_FOUND: no more. */
enum err archive_segment_stats(struct archive *a, size_t *cursor, struct archive_stats *out,
                               char name[64]) MUST_CHECK;

/** Remove what retention no longer keeps, in whole segments. On the thread that commits.
 *
 * time: segments whose newest entry is too old. size: the oldest ones until the rest fits.
 * capacity: the oldest ones as long as at least `capacity` entries remain.
 *
 * @param now_ns   wall clock (in)
 * @param removed  what went (out, may be NULL)
 */
enum err archive_retain(struct archive *a, const struct retention *keep, int64_t now_ns,
                        struct archive_stats *removed) MUST_CHECK;

/* ---- behind `sotto store verify|export|import` ---- */

struct archive_report {
    uint64_t entries;                     /* looked at, written or read */
    uint64_t stored, duplicates, refused; /* import */
    uint64_t broken; /* verify: disagreements between entries and indexes, or said by `check` */
    char first[160]; /* what was wrong first, in English; "" */
};

/** Is this entry what its hash says? Given by who knows Waku messages; may be NULL. */
typedef bool archive_check(void *state, const struct archive_entry *e);

/** Read everything, compare every index with the entries. OK also when something is broken: see
 * the report. ERR_IO, ERR_MEMORY: could not look. */
enum err archive_verify(struct archive *a, archive_check *check, void *state,
                        struct archive_report *out) MUST_CHECK;

/** Write all entries, oldest first, as a dump (store/README.md). ERR_IO, ERR_DISK_FULL. */
enum err archive_export(struct archive *a, FILE *to, struct archive_report *out) MUST_CHECK;

/** Read a dump and store what is new. What was committed before an error stays.
 * ERR_FORMAT no dump, or cut short; ERR_AUTH `check` said no to an entry; as archive_commit. */
enum err archive_import(struct archive *a, FILE *from, archive_check *check, void *state,
                        struct archive_report *out) MUST_CHECK;
