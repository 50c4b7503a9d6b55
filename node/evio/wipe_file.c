#define _GNU_SOURCE /* statx: the time of birth */
#include "node/evio/wipe_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err place_of(int fd, uint8_t place[WIPE_PLACE_BYTES])
{
    struct statx st;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) != 0)
        return ERR_IO;
    /* a file system without times of birth gives zeros: then the inode alone must do */
    bool born = (st.stx_mask & STATX_BTIME) != 0;
    uint64_t parts[2] = {
        st.stx_ino, born ? (uint64_t)st.stx_btime.tv_sec * 1000000000u + st.stx_btime.tv_nsec : 0};
    for (size_t i = 0; i < WIPE_PLACE_BYTES; i++)
        place[i] = (uint8_t)(parts[i / 8] >> 8 * (7 - i % 8));
    return OK;
}

static enum err disk_read(void *state, uint8_t page[WIPE_PAGE_BYTES],
                          uint8_t place[WIPE_PLACE_BYTES])
{
    const struct wipe_disk *w = state;
    size_t have = 0;

    if (w->fd < 0)
        return ERR_NOT_FOUND;
    memset(page, 0, WIPE_PAGE_BYTES); /* a crash while it was made may have left it short */
    while (have < WIPE_PAGE_BYTES) {
        ssize_t n = pread(w->fd, page + have, WIPE_PAGE_BYTES - have, (off_t)have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            break;
        have += (size_t)n;
    }
    return place_of(w->fd, place);
}

static enum err write_all(int fd, size_t offset, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = pwrite(fd, bytes.ptr, bytes.len, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 && errno != ENOSPC && errno != EDQUOT ? ERR_IO : ERR_DISK_FULL;
        bytes = span_after(bytes, (size_t)n);
        offset += (size_t)n;
    }
    return OK;
}

/* The name must survive a power cut as well as the bytes. */
static enum err sync_folder(const char *path)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return ERR_MEMORY;
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(copy);
    if (fd < 0)
        return ERR_IO;
    int rc = fsync(fd);
    close(fd);
    return rc == 0 ? OK : ERR_IO;
}

static enum err make(struct wipe_disk *w)
{
    static const uint8_t zeros[WIPE_PAGE_BYTES];

    w->fd = open(w->path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (w->fd < 0)
        return errno == ENOSPC || errno == EDQUOT ? ERR_DISK_FULL : ERR_IO;
    /* all of it now: later writes then need no new block and hit the same one */
    TRY(write_all(w->fd, 0, SPAN_ARRAY(zeros)));
    if (fsync(w->fd) != 0)
        return ERR_IO;
    return sync_folder(w->path);
}

static enum err disk_write_sync(void *state, size_t offset, struct span bytes)
{
    struct wipe_disk *w = state;

    assert(offset <= WIPE_PAGE_BYTES && bytes.len <= WIPE_PAGE_BYTES - offset);
    if (w->fd < 0)
        TRY(make(w));
    TRY(write_all(w->fd, offset, bytes));
    return fdatasync(w->fd) == 0 ? OK : ERR_IO;
}

enum err wipe_disk_open(struct wipe_disk *w, const char *folder)
{
    static const char name[] = "/wipe.key";
    size_t len = strlen(folder) + sizeof name;
    struct stat st;

    *w = (struct wipe_disk){.file = {w, disk_read, disk_write_sync}, .fd = -1};
    w->path = malloc(len);
    if (w->path == NULL)
        return ERR_MEMORY;
    snprintf(w->path, len, "%s%s", folder, name);
    w->fd = open(w->path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (w->fd < 0 && errno == ENOENT)
        return OK;
    if (w->fd >= 0 && fstat(w->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1)
        return OK; /* a file with two names is not ours */
    wipe_disk_close(w);
    return ERR_IO;
}

void wipe_disk_close(struct wipe_disk *w)
{
    if (w->path != NULL && w->fd >= 0)
        close(w->fd);
    free(w->path);
    *w = (struct wipe_disk){.fd = -1};
}
