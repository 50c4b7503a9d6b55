/* Opening an account: database, wipe page, key. */
#include "node/sdk/account.h"

#include "crypto/base/wipe.h"
#include "store/kv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err path_in(const char *folder, const char *name, char out[ACCOUNT_PATH_BYTES_MAX])
{
    int n = snprintf(out, ACCOUNT_PATH_BYTES_MAX, "%s/%s", folder, name);

    return n > 0 && (size_t)n < ACCOUNT_PATH_BYTES_MAX ? OK : ERR_ARGUMENT;
}

/* ---- the folder ---- */

static enum err make_folder(const char *folder)
{
    char path[ACCOUNT_PATH_BYTES_MAX];
    int n = snprintf(path, sizeof path, "%s", folder);

    if (n <= 0 || (size_t)n >= sizeof path)
        return ERR_ARGUMENT;
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return ERR_IO;
        *at = '/';
    }
    return mkdir(path, 0700) == 0 || errno == EEXIST ? OK : ERR_IO;
}

/* ---- secrets ---- */

static enum err read_all(int fd, struct buf *out)
{
    uint8_t bytes[512];
    enum err err = OK;

    for (ssize_t n; err == OK && (n = read(fd, bytes, sizeof bytes)) != 0;)
        err = n < 0 ? ERR_IO : buf_append(out, span_of(bytes, (size_t)n));
    return err == ERR_FULL ? ERR_LIMIT : err;
}

enum err account_read_secret(const char *path, bool text, struct buf *out)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    enum err err = fstat(fd, &st) != 0 ? ERR_IO : (st.st_mode & 077) != 0 ? ERR_REFUSED : OK;
    if (err == OK)
        err = read_all(fd, out);
    close(fd);
    while (err == OK && text && out->len > 0 &&
           (out->ptr[out->len - 1] == '\n' || out->ptr[out->len - 1] == '\r'))
        out->len--;
    return err;
}

/* Beside, synced and renamed: a crash leaves a whole key or none. */
static enum err make_key(const char *path, const struct env *env)
{
    char beside[ACCOUNT_PATH_BYTES_MAX + 8];
    uint8_t key[ACCOUNT_KEY_BYTES];

    snprintf(beside, sizeof beside, "%s.new", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return ERR_IO;
    rng_fill(env->rng, key, sizeof key);
    bool ok = write(fd, key, sizeof key) == (ssize_t)sizeof key && fsync(fd) == 0;
    close(fd);
    wipe(key, sizeof key);
    return ok && rename(beside, path) == 0 ? OK : ERR_IO;
}

enum err account_make_secret(const char *path, const struct env *env, struct buf *out)
{
    enum err err = account_read_secret(path, false, out);

    if (err != ERR_NOT_FOUND)
        return err;
    TRY(make_key(path, env));
    return account_read_secret(path, false, out);
}

static enum err find_key(const struct account_options *o, const struct env *env, struct buf *out)
{
    char path[ACCOUNT_PATH_BYTES_MAX];

    if (o->key_file != NULL && *o->key_file != '\0')
        return account_read_secret(o->key_file, false, out);
    TRY(path_in(o->folder, "key", path));
    return o->begin == ACCOUNT_OPEN ? account_read_secret(path, false, out)
                                    : account_make_secret(path, env, out);
}

/* ---- the account ---- */

static enum err begin(struct account *a, const struct account_options *o,
                      const struct chat_config *config, const struct env *env)
{
    switch (o->begin) {
    case ACCOUNT_OPEN:
        return chat_open(&a->chat, config, env);
    case ACCOUNT_CREATE:
        return chat_create(&a->chat, config, env, o->text);
    case ACCOUNT_RECOVER:
        return chat_recover(&a->chat, config, env, o->words);
    case ACCOUNT_PAIR:
        return chat_pair(&a->chat, config, env, o->text);
    }
    return ERR_ARGUMENT;
}

/* Asked before the key: a folder without an account gets no key file. */
static enum err check_there(struct account *a, const struct account_options *o)
{
    enum err err = chat_exists(a->kv);

    if (o->begin == ACCOUNT_OPEN)
        return err;
    return err == ERR_NOT_FOUND ? OK : err == OK ? ERR_EXISTS : err;
}

enum err account_open(struct account *out, const struct account_options *o, const struct env *env)
{
    struct buf key = BUF_INIT(ACCOUNT_KEY_BYTES_MAX);
    struct chat_config config = {.passphrase = o->passphrase,
                                 .light = o->light,
                                 .hints = o->hints,
                                 .hints_count = o->hints_count};

    TRY(make_folder(o->folder));
    TRY(kv_open_lmdb(&out->kv, o->folder, chat_tables));
    TRY(check_there(out, o));
    TRY(wipe_disk_open(&out->wipe, o->folder));
    config.kv = out->kv;
    config.wipe = &out->wipe.file;
    enum err err = o->passphrase.len == 0 ? find_key(o, env, &key) : OK;
    config.key_file = buf_span(&key);
    if (err == OK)
        err = begin(out, o, &config, env);
    buf_clear(&key);
    return err;
}

void account_close(struct account *a)
{
    chat_close(a->chat);
    wipe_disk_close(&a->wipe);
    kv_close(a->kv);
    *a = ACCOUNT_NONE;
}
