#include "node/evio/token_file.h"

#include "crypto/base/wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIGITS (TOKEN_TEXT_BYTES - 1)

static enum err read_token(int fd, char out[TOKEN_TEXT_BYTES])
{
    struct stat st;

    if (fstat(fd, &st) != 0)
        return ERR_IO;
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
        return ERR_REFUSED;
    ssize_t n = read(fd, out, DIGITS);
    if (n < 0)
        return ERR_IO;
    out[DIGITS] = '\0';
    for (size_t i = 0; i < DIGITS; i++)
        if ((size_t)n != DIGITS || strchr("0123456789abcdef", out[i]) == NULL || out[i] == '\0')
            return ERR_FORMAT;
    return OK;
}

static enum err draw_token(int fd, struct rng *rng, char out[TOKEN_TEXT_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t bytes[DIGITS / 2];

    rng_fill(rng, bytes, sizeof bytes);
    for (size_t i = 0; i < DIGITS; i++)
        out[i] = digits[bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
    out[DIGITS] = '\0';
    wipe(bytes, sizeof bytes);
    ssize_t n = write(fd, out, DIGITS);
    if (n == (ssize_t)DIGITS && fsync(fd) == 0)
        return OK;
    return n < 0 && errno != ENOSPC && errno != EDQUOT ? ERR_IO : ERR_DISK_FULL;
}

enum err token_file(const char *path, struct rng *rng, char out[TOKEN_TEXT_BYTES])
{
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    bool fresh = fd < 0 && errno == ENOENT;

    if (fresh)
        fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno == ELOOP || errno == EACCES ? ERR_REFUSED
               : errno == ENOSPC                 ? ERR_DISK_FULL
                                                 : ERR_IO;
    enum err err = fresh ? draw_token(fd, rng, out) : read_token(fd, out);
    close(fd);
    if (err != OK && fresh)
        unlink(path); /* half a token helps nobody */
    return err;
}
