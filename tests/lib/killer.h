/* A disk that its program is killed on: a real LMDB and a real page, where at the n-th boundary the
 * process that has them open ends by SIGKILL. A copy of it, made a moment before, goes on as the
 * rest of the world: it keeps nothing of the folder open, of the killed one it knows only that it
 * is `dead`, and what it finds at the next opening is what the kill has left.
 *
 * Boundaries: before and after the commit of each writing transaction; before, in the midst of and
 * after each write of the page; with tests/lib/chat_world.h also where messages leave. (At any
 * instruction, of the vault alone: tests/unit/node/chat/test_vault_crash.c; of the built program:
 * tests/crash.) */
#pragma once

#include "node/evio/wipe_file.h"
#include "store/kv_ops.h"
#include "tests/lib/testing.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define KILLER_NEVER UINT32_MAX

struct killer {
    struct kv kv;      /* what the vault gets */
    struct kv_txn txn; /* its only one */
    struct kv *real;
    struct kv_txn *real_txn;
    struct wipe_file page; /* what the vault gets */
    struct wipe_disk disk;
    char folder[64];
    bool open, armed;
    bool orphaned;  /* kv, page: of the process that was killed, not of this one */
    uint32_t left;  /* boundaries until the kill */
    uint32_t count; /* that were passed while armed */
    bool *dead;
};

/* Close what a copy of a process has open below this folder: locks end with the last who holds. */
static inline void killer_leave(const char *folder)
{
    DIR *all = opendir("/proc/self/fd");
    assert_non_null(all);
    for (struct dirent *d; (d = readdir(all)) != NULL;) {
        char path[512] = {0};
        int fd = atoi(d->d_name);
        if (d->d_name[0] != '.' && readlinkat(dirfd(all), d->d_name, path, sizeof path - 1) > 0 &&
            strstr(path, folder) != NULL)
            (void)close(fd);
    }
    (void)closedir(all);
}

/* Here it ends. Returns in the copy, once the process is gone. */
static inline void killer_end(struct killer *k)
{
    int gone[2];
    char none;
    (void)fflush(stdout);
    assert_int_equal(pipe(gone), 0);
    pid_t rest = fork();
    assert_true(rest >= 0);
    if (rest > 0)
        (void)raise(SIGKILL);
    (void)close(gone[1]);
    assert_int_equal(read(gone[0], &none, 1), 0);
    (void)close(gone[0]);
    killer_leave(k->folder);
    k->orphaned = true;
    *k->dead = true;
}

/* Is the next boundary the last? */
static inline bool killer_waits(const struct killer *k)
{
    return !*k->dead && k->armed && k->left == 0;
}

/* A boundary is passed. True: it ends here, or has ended. */
static inline bool killer_strikes(struct killer *k)
{
    if (*k->dead || !k->armed)
        return *k->dead;
    k->count++;
    if (k->left != KILLER_NEVER && k->left-- == 0)
        killer_end(k);
    return *k->dead;
}

static inline struct killer *killer_of(struct kv_txn *txn)
{
    return (struct killer *)txn->kv; /* its first member */
}

static inline enum err killer_begin(struct kv *kv, bool write, struct kv_txn **out)
{
    struct killer *k = (struct killer *)kv;
    if (k->orphaned)
        return ERR_IO;
    TRY(kv_begin(k->real, write, &k->real_txn));
    *out = &k->txn;
    return OK;
}

static inline enum err killer_commit(struct kv_txn *txn)
{
    struct killer *k = killer_of(txn);
    bool write = txn->write;
    if (k->orphaned || (write && killer_strikes(k)))
        return ERR_IO;
    TRY(kv_commit(k->real_txn));
    return write && killer_strikes(k) ? ERR_IO : OK;
}

static inline void killer_abort(struct kv_txn *txn)
{
    if (!killer_of(txn)->orphaned)
        kv_abort(killer_of(txn)->real_txn);
}

static inline enum err killer_get(struct kv_txn *txn, unsigned table, struct span key,
                                  struct span *value)
{
    struct killer *k = killer_of(txn);
    return k->orphaned ? ERR_IO : kv_get(k->real_txn, table, key, value);
}

static inline enum err killer_seek(struct kv_txn *txn, unsigned table, struct span key, bool behind,
                                   struct span *found, struct span *value)
{
    struct killer *k = killer_of(txn);
    if (k->orphaned)
        return ERR_IO;
    return behind ? kv_next(k->real_txn, table, key, found, value)
                  : kv_seek(k->real_txn, table, key, found, value);
}

static inline enum err killer_put(struct kv_txn *txn, unsigned table, struct span key,
                                  struct span value)
{
    struct killer *k = killer_of(txn);
    return k->orphaned ? ERR_IO : kv_put(k->real_txn, table, key, value);
}

static inline enum err killer_remove(struct kv_txn *txn, unsigned table, struct span key)
{
    struct killer *k = killer_of(txn);
    return k->orphaned ? ERR_IO : kv_delete(k->real_txn, table, key);
}

static inline void killer_shut(struct kv *kv)
{
    struct killer *k = (struct killer *)kv;
    if (k->open && !k->orphaned) {
        kv_close(k->real);
        wipe_disk_close(&k->disk);
    }
    k->open = k->orphaned = false;
}

static inline enum err killer_read(void *state, uint8_t page[WIPE_PAGE_BYTES],
                                   uint8_t place[WIPE_PLACE_BYTES])
{
    struct killer *k = state;
    enum err err = k->disk.file.read(k->disk.file.state, page, place);
    memset(place, 1, WIPE_PLACE_BYTES); /* the folder was copied for the test alone */
    return err;
}

static inline enum err killer_write(void *state, size_t offset, struct span bytes)
{
    struct killer *k = state;
    const struct wipe_file *real = &k->disk.file;
    if (killer_strikes(k))
        return ERR_IO;
    if (killer_waits(k))
        TRY(real->write_sync(real->state, offset, span_sub(bytes, 0, bytes.len / 7)));
    if (killer_strikes(k)) /* torn */
        return ERR_IO;
    TRY(real->write_sync(real->state, offset, bytes));
    return killer_strikes(k) ? ERR_IO : OK;
}

/* Open the folder, or open it again as the next start of the program would. */
static inline void killer_open(struct killer *k, const char *const *tables)
{
    static const struct kv_ops ops = {killer_begin, killer_commit, killer_abort,  killer_get,
                                      killer_seek,  killer_put,    killer_remove, killer_shut};
    assert_false(k->open);
    assert_ok(kv_open_lmdb(&k->real, k->folder, tables));
    assert_ok(wipe_disk_open(&k->disk, k->folder));
    k->kv = (struct kv){.ops = &ops, .tables = kv_count_tables(tables)};
    k->page = (struct wipe_file){k, killer_read, killer_write};
    k->open = true;
}
