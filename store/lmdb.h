/* The archive on disk: the list of segments, shared by the store thread, which changes it, and by
 * queries on any thread. `mutex` guards the list, the reference counts and `last` of segments. */
#pragma once

#include "store/batch.h"
#include "store/segment.h"

#include <threads.h>

struct archive_lmdb {
    struct archive base;
    mtx_t mutex;
    struct segment **segments; /* owned, in order of their numbers */
    size_t count, cap;
    struct segment *active; /* the last of them when it is writable, else NULL */
    bool active_failed;     /* LMDB will not write it again */
    uint32_t next_number;
    char *folder; /* owned */
    int folder_fd, lock_fd;
    uint64_t segment_bytes, segment_entries;
    int64_t segment_span_ns;
};

/* All segments, held for one query; views are begun when they are needed. */
struct pins {
    struct archive_lmdb *archive;
    struct segment **segments;
    struct view **views;
    struct segment_meta *metas;
    size_t count;
};

enum err pins_take(struct archive_lmdb *a, struct pins *out) MUST_CHECK;
void pins_drop(struct pins *p);

/** The view of the i-th segment, begun now if it was not. */
enum err pins_view(struct pins *p, size_t i, struct view **out) MUST_CHECK;

/** Give back a reference; the last one closes the files. */
void segment_unref(struct archive_lmdb *a, struct segment *s);

enum err lmdb_query(struct archive *a, const struct archive_query *q,
                    struct archive_page *p) MUST_CHECK;
enum err lmdb_commit(struct archive *a, struct archive_batch *b) MUST_CHECK;
enum err lmdb_retain(struct archive *a, const struct retention *keep, int64_t now_ns,
                     struct archive_stats *removed) MUST_CHECK;
enum err lmdb_verify(struct archive *a, archive_check *check, void *state,
                     struct archive_report *out) MUST_CHECK;

/** Close the newest segment for writing and begin another. */
enum err lmdb_roll(struct archive_lmdb *a) MUST_CHECK;

/** Take the i-th segment off the list and remove its file. */
void lmdb_remove(struct archive_lmdb *a, size_t i);

/* ---- lmdb_folder.c: what both LMDB users need of a folder ---- */

/** Make `folder` if need be, and hold it for this process alone. ERR_LOCKED. */
enum err folder_lock(const char *folder, int *folder_fd, int *lock_fd) MUST_CHECK;
void folder_unlock(int folder_fd, int lock_fd);

/** "folder/name", on the heap; NULL when memory is out. */
char *folder_path(const char *folder, const char *name) MUST_CHECK;

/** Has the disk room for so many bytes more? OK; ERR_DISK_FULL; ERR_IO. */
enum err folder_probe(const char *folder, uint64_t bytes) MUST_CHECK;
