/* Accounts of `sotto chat` in their folders, and the files that a person names. */
#include "crypto/base/wipe.h"
#include "net/wire/enr.h"
#include "node/main/chat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (256u << 20) /* that is read whole: an export; a file to send is less */

bool local_is_name(const char *name)
{
    size_t len = strlen(name);
    return len > 0 && len <= 32 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-") == len;
}

static enum err path_of(const struct session *s, const char *name, const char *file,
                        char out[DATA_PATH_MAX])
{
    int n = snprintf(out, DATA_PATH_MAX, "%s/%s%s", s->base, name, file);
    return n > 0 && (size_t)n < DATA_PATH_MAX ? OK : ERR_ARGUMENT;
}

bool local_exists(const struct session *s, const char *name)
{
    char path[DATA_PATH_MAX];
    return path_of(s, name, "/kv.mdb", path) == OK && access(path, F_OK) == 0;
}

bool local_has_key(const struct session *s)
{
    char path[DATA_PATH_MAX];
    return path_of(s, s->name, "/key", path) == OK && access(path, F_OK) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b);
}

enum err local_list(struct session *s)
{
    DIR *dir = opendir(s->base);
    if (dir == NULL)
        return errno == ENOENT ? OK : ERR_IO;
    for (struct dirent *d; (d = readdir(dir)) != NULL && s->names_count < CHAT_ACCOUNTS_MAX;)
        if (local_is_name(d->d_name) && local_exists(s, d->d_name))
            snprintf(s->names[s->names_count++], CHAT_LOCAL_NAME, "%.40s", d->d_name);
    closedir(dir);
    qsort(s->names, s->names_count, sizeof *s->names, by_name);
    return OK;
}

void local_close(struct session *s)
{
    if (s->account.chat != NULL)
        core_detach_chat(s->node->core, evio_env(s->node->evio), s->account.chat);
    account_close(&s->account);
    s->account = ACCOUNT_NONE;
}

/* The answer goes to the screens: why it did not work, or the words to show. */
void local_open(struct session *s, enum account_begin begin, struct span passphrase,
                struct span words)
{
    const struct env *env = evio_env(s->node->evio);
    const struct enr *self = core_enr_record(s->node->core);
    const struct span hint = self == NULL ? SPAN_EMPTY : enr_span(self);
    char folder[DATA_PATH_MAX], text[CHAT_PAIR_TEXT_MAX] = "";
    enum err err = path_of(s, s->name, "", folder);

    _Static_assert(CHAT_PAIR_TEXT_MAX >= CHAT_WORDS_TEXT_MAX, "text holds either");
    if (err == OK)
        err = account_open(
            &s->account,
            &(struct account_options){.folder = folder,
                                      .begin = begin,
                                      .passphrase = passphrase,
                                      .key_file = conf_text(&s->node->conf, CONF_CHAT_KEY_FILE),
                                      .light = !conf_bool(&s->node->conf, CONF_RELAY),
                                      .hints = &hint,
                                      .hints_count = hint.len > 0,
                                      .words = words,
                                      .text = text},
            env);
    if (err == OK)
        err = core_attach_chat(s->node->core, env, s->account.chat);
    if (err == OK) {
        tui_opened(s->tui, env, s->account.chat, span_str(text));
    } else {
        account_close(&s->account);
        s->account = ACCOUNT_NONE;
        tui_refused(s->tui, env, err);
    }
    wipe(text, sizeof text);
}

static enum err read_whole(int fd, struct buf *out)
{
    struct stat st;
    uint8_t *at;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        return ERR_ARGUMENT;
    if ((uint64_t)st.st_size > FILE_BYTES_MAX)
        return ERR_LIMIT;
    TRY(buf_extend(out, (size_t)st.st_size, &at));
    for (size_t got = 0; got < (size_t)st.st_size;) {
        ssize_t n = read(fd, at + got, (size_t)st.st_size - got);
        if (n <= 0)
            return ERR_IO;
        got += (size_t)n;
    }
    return OK;
}

static bool text_path(struct span path, char out[DATA_PATH_MAX])
{
    int n = snprintf(out, DATA_PATH_MAX, "%.*s", (int)path.len, (const char *)path.ptr);
    return path.len < DATA_PATH_MAX && (size_t)n == path.len;
}

void local_read(struct session *s, struct span path)
{
    char name[DATA_PATH_MAX];
    struct buf bytes = BUF_INIT(FILE_BYTES_MAX);
    int fd = text_path(path, name) ? open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    enum err err = fd >= 0 ? read_whole(fd, &bytes) : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    if (fd >= 0)
        close(fd);
    tui_file(s->tui, evio_env(s->node->evio), err, buf_span(&bytes));
    buf_clear(&bytes);
}

/* Nothing that is there is written over. */
void local_write(struct session *s, struct span path, struct span bytes)
{
    char name[DATA_PATH_MAX];
    int fd = text_path(path, name) ? open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    enum err err = fd >= 0 ? OK : errno == EEXIST ? ERR_EXISTS : ERR_IO;
    while (err == OK && bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno != EINTR)
            err = errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
        else if (n > 0)
            bytes = span_after(bytes, (size_t)n);
    }
    if (fd >= 0 && (fsync(fd) != 0 || close(fd) != 0) && err == OK)
        err = ERR_IO;
    tui_wrote(s->tui, err);
}
