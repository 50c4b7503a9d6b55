/* Files of the node besides the archive. */
#include "node/main/data.h"
#include "crypto/base/hex.h"
#include "crypto/base/wipe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_CHARS (2 * KEYRING_SECRET_BYTES)

enum err data_path(const struct conf *c, const char *name, char out[DATA_PATH_MAX])
{
    const char *base = conf_text(c, CONF_DATA_DIR), *below = "";
    if (*base == '\0')
        base = conf_text(c, CONF_LOCAL_STORAGE_PATH);
    if (*base == '\0') {
        base = getenv("XDG_DATA_HOME");
        below = "/sotto";
        if (base == NULL || *base == '\0') {
            base = getenv("HOME");
            below = "/.local/share/sotto";
        }
    }
    if (base == NULL || *base == '\0')
        return ERR_ARGUMENT;
    int n = snprintf(out, DATA_PATH_MAX, "%s%s%s%s", base, below, name != NULL ? "/" : "",
                     name != NULL ? name : "");
    return n > 0 && (size_t)n < DATA_PATH_MAX ? OK : ERR_ARGUMENT;
}

static enum err make_folders(char *path)
{
    for (char *at = path + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char kept = *at;
        *at = '\0';
        int rc = mkdir(path, 0700);
        *at = kept;
        if (rc != 0 && errno != EEXIST)
            return ERR_IO;
        if (kept == '\0')
            return OK;
    }
}

enum err data_open(const struct conf *c, int *lock)
{
    char path[DATA_PATH_MAX];
    TRY(data_path(c, NULL, path));
    TRY(make_folders(path));
    TRY(data_path(c, "lock", path));
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum err err = errno == EWOULDBLOCK ? ERR_LOCKED : ERR_IO;
        close(fd);
        return err;
    }
    *lock = fd;
    return OK;
}

static enum err key_of_text(const char *text, struct keyring_host **out)
{
    uint8_t secret[KEYRING_SECRET_BYTES];
    if (strncmp(text, "0x", 2) == 0)
        text += 2;
    enum err err = strlen(text) == KEY_CHARS ? hex_decode(span_str(text), secret) : ERR_FORMAT;
    if (err == OK)
        err = keyring_host_from_bytes(out, KEYRING_HOST_SECP256K1, secret);
    wipe(secret, sizeof secret);
    return err == ERR_FORMAT ? ERR_ARGUMENT : err;
}

/* Written beside and renamed: a crash leaves no half key. */
static enum err keep_key(const char *path, const char *text)
{
    char beside[DATA_PATH_MAX + 8];
    snprintf(beside, sizeof beside, "%s.new", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    bool ok = write(fd, text, KEY_CHARS) == (ssize_t)KEY_CHARS && fsync(fd) == 0;
    close(fd);
    return ok && rename(beside, path) == 0 ? OK : ERR_IO;
}

static enum err new_key(const char *path, struct rng *rng, struct keyring_host **out)
{
    uint8_t secret[KEYRING_SECRET_BYTES];
    char text[KEY_CHARS + 1];
    enum err err = ERR_ARGUMENT;
    while (err == ERR_ARGUMENT) { /* not a scalar: never in practice */
        rng_fill(rng, secret, sizeof secret);
        err = keyring_host_from_bytes(out, KEYRING_HOST_SECP256K1, secret);
    }
    hex_encode(SPAN_ARRAY(secret), text);
    if (err == OK) {
        err = keep_key(path, text);
        if (err != OK)
            keyring_host_free(*out);
    }
    wipe(secret, sizeof secret);
    wipe(text, sizeof text);
    return err;
}

enum err data_key(const struct conf *c, struct rng *rng, struct keyring_host **out)
{
    char path[DATA_PATH_MAX], text[KEY_CHARS + 2] = "";
    if (conf_given(c, CONF_NODEKEY))
        return key_of_text(conf_text(c, CONF_NODEKEY), out);
    TRY(data_path(c, "nodekey", path));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? new_key(path, rng, out) : ERR_IO;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    if (n > 0)
        text[strcspn(text, "\n")] = '\0';
    enum err err = n < 0 ? ERR_IO : key_of_text(text, out);
    wipe(text, sizeof text);
    return err == ERR_ARGUMENT ? ERR_CORRUPT : err;
}
