/* Opening and closing the archive on disk, its list of segments, statistics. */
#include "store/lmdb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_NAME "%08u.mdb"

static char *segment_path(const struct archive_lmdb *a, uint32_t number)
{
    char name[32];
    snprintf(name, sizeof name, SEGMENT_NAME, (unsigned)number);
    return folder_path(a->folder, name);
}

/* LMDB's table of readers: worthless once nobody has the file open for writing. */
static void remove_lock_table(const struct segment *s)
{
    char *path = malloc(strlen(s->path) + 6);
    if (path == NULL)
        return;
    sprintf(path, "%s-lock", s->path);
    unlink(path);
    free(path);
}

void segment_unref(struct archive_lmdb *a, struct segment *s)
{
    mtx_lock(&a->mutex);
    unsigned refs = --s->refs;
    mtx_unlock(&a->mutex);
    if (refs > 0)
        return;
    if (s->writable)
        remove_lock_table(s);
    segment_close(s);
}

static enum err append(struct archive_lmdb *a, struct segment *s)
{
    if (a->count == ARCHIVE_SEGMENTS_MAX)
        return ERR_DISK_FULL;
    mtx_lock(&a->mutex);
    if (a->count == a->cap) {
        size_t cap = a->cap == 0 ? 16 : 2 * a->cap;
        struct segment **segments = realloc(a->segments, cap * sizeof(struct segment *));
        if (segments == NULL) {
            mtx_unlock(&a->mutex);
            return ERR_MEMORY;
        }
        a->segments = segments;
        a->cap = cap;
    }
    a->segments[a->count++] = s;
    mtx_unlock(&a->mutex);
    return OK;
}

void lmdb_remove(struct archive_lmdb *a, size_t i)
{
    mtx_lock(&a->mutex);
    struct segment *s = a->segments[i];
    memmove(a->segments + i, a->segments + i + 1, (a->count - i - 1) * sizeof(struct segment *));
    a->count--;
    mtx_unlock(&a->mutex);
    if (a->active == s)
        a->active = NULL;
    unlink(s->path);
    segment_unref(a, s);
}

/* The newest segment stays on the list as a read-only one; who reads it through the old
 * environment may go on doing so. */
static enum err retire(struct archive_lmdb *a)
{
    struct segment *old = a->active, *sealed;
    struct segment_meta after;
    if (!a->active_failed && segment_seal(old, &after) != OK)
        after = old->last; /* a full disk: its runs stay apart, nothing else */
    TRY(segment_open(&sealed, old->path, old->number, false));
    chmod(sealed->path, 0444);
    mtx_lock(&a->mutex);
    a->segments[a->count - 1] = sealed;
    mtx_unlock(&a->mutex);
    a->active = NULL;
    a->active_failed = false;
    segment_unref(a, old);
    return OK;
}

/* The file's name must be durable before anything in it is called stored. */
static enum err begin_segment(struct archive_lmdb *a)
{
    struct segment *s;
    char *path = segment_path(a, a->next_number);
    if (path == NULL)
        return ERR_MEMORY;
    enum err err = segment_open(&s, path, a->next_number, true);
    if (err == OK) {
        err = fsync(a->folder_fd) == 0 ? append(a, s) : ERR_IO;
        if (err != OK)
            segment_close(s);
    }
    if (err != OK)
        unlink(path);
    free(path);
    TRY(err);
    a->active = s;
    a->next_number++;
    return OK;
}

enum err lmdb_roll(struct archive_lmdb *a)
{
    if (a->active != NULL)
        TRY(retire(a));
    return begin_segment(a);
}

/* ---- opening ---- */

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

static enum err list_files(const char *folder, uint32_t **numbers, size_t *count)
{
    DIR *dir = opendir(folder);
    size_t cap = 0;
    enum err err = dir == NULL ? ERR_IO : OK;
    for (struct dirent *d; err == OK && (d = readdir(dir)) != NULL;) {
        unsigned number;
        char name[32];
        if (sscanf(d->d_name, "%8u.mdb", &number) != 1)
            continue;
        snprintf(name, sizeof name, SEGMENT_NAME, number);
        if (strcmp(name, d->d_name) != 0)
            continue; /* lock tables and strangers */
        if (*count == cap) {
            cap = cap == 0 ? 64 : 2 * cap;
            uint32_t *more = realloc(*numbers, cap * sizeof **numbers);
            if (more == NULL) {
                err = ERR_MEMORY;
                break;
            }
            *numbers = more;
        }
        (*numbers)[(*count)++] = number;
    }
    if (dir != NULL)
        closedir(dir);
    if (*count > 0)
        qsort(*numbers, *count, sizeof **numbers, by_number);
    return err;
}

/* A file whose first pages never reached the disk: the power went before its first commit. */
static bool is_stillborn(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && st.st_size < 8192;
}

static enum err open_one(struct archive_lmdb *a, uint32_t number, bool newest)
{
    struct segment *s;
    char *path = segment_path(a, number);
    if (path == NULL)
        return ERR_MEMORY;
    if (is_stillborn(path)) {
        int rc = unlink(path);
        free(path);
        return rc == 0 ? OK : ERR_IO;
    }
    bool writable = newest && access(path, W_OK) == 0;
    enum err err = segment_open(&s, path, number, writable);
    if (err == OK && writable && s->last.sealed) { /* killed between sealing and the next file */
        segment_close(s);
        writable = false;
        err = segment_open(&s, path, number, false);
    }
    free(path);
    TRY(err);
    err = append(a, s);
    if (err != OK)
        segment_close(s);
    else if (writable)
        a->active = s;
    return err;
}

static enum err open_all(struct archive_lmdb *a)
{
    uint32_t *numbers = NULL;
    size_t count = 0;
    enum err err = list_files(a->folder, &numbers, &count);
    for (size_t i = 0; err == OK && i < count; i++)
        err = open_one(a, numbers[i], i + 1 == count);
    a->next_number = count == 0 ? 1 : numbers[count - 1] + 1;
    free(numbers);
    return err;
}

static uint64_t share_of(uint64_t bound, uint64_t least, uint64_t most)
{
    uint64_t share = bound / ARCHIVE_SEGMENT_SHARE;
    if (bound == 0 || share > most)
        return most;
    return share < least ? least : share;
}

static void size_segments(struct archive_lmdb *a, const struct retention *keep)
{
    const struct retention all = {0};
    keep = keep == NULL ? &all : keep;
    a->segment_bytes =
        share_of(keep->size_bytes, ARCHIVE_SEGMENT_BYTES_MIN, ARCHIVE_SEGMENT_BYTES_MAX);
    a->segment_entries = share_of(keep->capacity, 1, ARCHIVE_BLOCKS_MAX / 2);
    a->segment_span_ns =
        (int64_t)share_of((uint64_t)keep->time_ns, 1000000000, ARCHIVE_SEGMENT_SPAN_NS);
}

static void lmdb_close(struct archive *base)
{
    struct archive_lmdb *a = (struct archive_lmdb *)base;
    while (a->count > 0) {
        struct segment *s = a->segments[--a->count];
        assert(s->refs == 1); /* queries have ended */
        segment_unref(a, s);
    }
    free(a->segments);
    free(a->folder);
    if (a->lock_fd >= 0)
        folder_unlock(a->folder_fd, a->lock_fd);
    mtx_destroy(&a->mutex);
    free(a);
}

/* ---- statistics ---- */

static void stats_of(const struct segment *s, struct archive_stats *out)
{
    *out = (struct archive_stats){s->last.entries, segment_bytes(s), 1, s->last.min_ns,
                                  s->last.max_ns};
}

static enum err lmdb_stats(struct archive *base, struct archive_stats *out)
{
    struct archive_lmdb *a = (struct archive_lmdb *)base;
    *out = (struct archive_stats){0};
    mtx_lock(&a->mutex);
    for (size_t i = 0; i < a->count; i++) {
        struct archive_stats one;
        stats_of(a->segments[i], &one);
        out->segments++;
        out->bytes += one.bytes;
        if (one.entries == 0)
            continue;
        if (out->entries == 0 || one.oldest_ns < out->oldest_ns)
            out->oldest_ns = one.oldest_ns;
        if (out->entries == 0 || one.newest_ns > out->newest_ns)
            out->newest_ns = one.newest_ns;
        out->entries += one.entries;
    }
    mtx_unlock(&a->mutex);
    return OK;
}

static enum err lmdb_segment_stats(struct archive *base, size_t *cursor, struct archive_stats *out,
                                   char name[64])
{
    struct archive_lmdb *a = (struct archive_lmdb *)base;
    enum err err = ERR_NOT_FOUND;
    mtx_lock(&a->mutex);
    if (*cursor < a->count) {
        const struct segment *s = a->segments[(*cursor)++];
        stats_of(s, out);
        snprintf(name, 64, SEGMENT_NAME, (unsigned)s->number);
        err = OK;
    }
    mtx_unlock(&a->mutex);
    return err;
}

static const struct archive_ops lmdb_ops = {
    .commit = lmdb_commit,
    .query = lmdb_query,
    .stats = lmdb_stats,
    .segment_stats = lmdb_segment_stats,
    .retain = lmdb_retain,
    .verify = lmdb_verify,
    .close = lmdb_close,
};

enum err archive_open_lmdb(struct archive **out, const char *folder, const struct retention *keep)
{
    struct archive_lmdb *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_MEMORY;
    a->base.ops = &lmdb_ops;
    a->lock_fd = a->folder_fd = -1;
    mtx_init(&a->mutex, mtx_plain);
    size_segments(a, keep);
    size_t len = strlen(folder) + 1;
    a->folder = malloc(len);
    enum err err = ERR_MEMORY;
    if (a->folder != NULL) {
        memcpy(a->folder, folder, len);
        err = folder_lock(folder, &a->folder_fd, &a->lock_fd);
        if (err != OK)
            a->lock_fd = a->folder_fd = -1;
    }
    if (err == OK)
        err = open_all(a);
    if (err != OK)
        lmdb_close(&a->base);
    else
        *out = &a->base;
    return err;
}
