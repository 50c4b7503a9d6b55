#include "store/lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

char *folder_path(const char *folder, const char *name)
{
    size_t len = strlen(folder) + strlen(name) + 2;
    char *path = malloc(len);
    if (path != NULL)
        snprintf(path, len, "%s/%s", folder, name);
    return path;
}

/* A new folder is itself an entry that must survive a power cut. */
static enum err make_folder(const char *folder)
{
    if (mkdir(folder, 0700) != 0)
        return errno == EEXIST ? OK : segment_err(errno);
    char *parent = folder_path(folder, "..");
    if (parent == NULL)
        return ERR_MEMORY;
    int fd = open(parent, O_RDONLY | O_CLOEXEC);
    free(parent);
    if (fd < 0)
        return ERR_IO;
    int rc = fsync(fd);
    close(fd);
    return rc == 0 ? OK : ERR_IO;
}

/* flock: the kernel lets go of it when the process dies, however it dies, and it also refuses
 * a second opening by the same process. */
static enum err lock_file(const char *folder, int *fd)
{
    char *path = folder_path(folder, "lock");
    if (path == NULL)
        return ERR_MEMORY;
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    free(path);
    if (*fd < 0)
        return segment_err(errno);
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return OK;
    enum err err = errno == EWOULDBLOCK ? ERR_LOCKED : ERR_IO;
    close(*fd);
    return err;
}

enum err folder_lock(const char *folder, int *folder_fd, int *lock_fd)
{
    TRY(make_folder(folder));
    TRY(lock_file(folder, lock_fd));
    *folder_fd = open(folder, O_RDONLY | O_CLOEXEC);
    if (*folder_fd >= 0)
        return OK;
    close(*lock_fd);
    return ERR_IO;
}

void folder_unlock(int folder_fd, int lock_fd)
{
    close(folder_fd);
    close(lock_fd);
}

enum err folder_probe(const char *folder, uint64_t bytes)
{
    char *path = folder_path(folder, "probe");
    if (path == NULL)
        return ERR_MEMORY;
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int rc = fd < 0 ? errno : posix_fallocate(fd, 0, (off_t)bytes);
    if (fd >= 0)
        close(fd);
    unlink(path);
    free(path);
    return segment_err(rc);
}
