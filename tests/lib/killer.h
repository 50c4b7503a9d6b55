/* A disk that its program is killed on: a real LMDB and a real page, where the n-th boundary ends
 * everything. From then on nothing more is written, and the world carries nothing more out or in
 * (`dead`): what is found at the next opening is what a kill there would have left.
 *
 * Boundaries: before and after the commit of each writing transaction; before, in the midst of and
 * after each write of the page; with tests/lib/chat_world.h also where messages leave. (kill -9 in
 * earnest, at any instruction, of the vault alone: tests/unit/node/chat/test_vault_crash.c; of the
 * built program: tests/crash.) */
#pragma once

#include "node/evio/wipe_file.h"
#include "store/kv_ops.h"
#include "tests/lib/testing.h"

#include <stdlib.h>

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
    uint32_t left;  /* boundaries until the kill */
    uint32_t count; /* that were passed while armed */
    bool *dead;
};

/* True: it ends here, or has ended. */
static inline bool killer_strikes(struct killer *k)
{
    if (*k->dead)
        return true;
    if (!k->armed)
        return false;
    k->count++;
    if (k->left != KILLER_NEVER && k->left-- == 0)
        *k->dead = true;
    return *k->dead;
}

static inline struct killer *killer_of(struct kv_txn *txn)
{
    return (struct killer *)txn->kv; /* its first member */
}

static inline enum err killer_begin(struct kv *kv, bool write, struct kv_txn **out)
{
    struct killer *k = (struct killer *)kv;
    TRY(kv_begin(k->real, write, &k->real_txn));
    *out = &k->txn;
    return OK;
}

static inline enum err killer_commit(struct kv_txn *txn)
{
    struct killer *k = killer_of(txn);
    if (!txn->write)
        return kv_commit(k->real_txn);
    if (killer_strikes(k)) {
        kv_abort(k->real_txn);
        return ERR_IO;
    }
    TRY(kv_commit(k->real_txn));
    (void)killer_strikes(k);
    return OK;
}

static inline void killer_abort(struct kv_txn *txn)
{
    kv_abort(killer_of(txn)->real_txn);
}

static inline enum err killer_get(struct kv_txn *txn, unsigned table, struct span key,
                                  struct span *value)
{
    return kv_get(killer_of(txn)->real_txn, table, key, value);
}

static inline enum err killer_seek(struct kv_txn *txn, unsigned table, struct span key, bool behind,
                                   struct span *found, struct span *value)
{
    struct kv_txn *real = killer_of(txn)->real_txn;
    return behind ? kv_next(real, table, key, found, value)
                  : kv_seek(real, table, key, found, value);
}

static inline enum err killer_put(struct kv_txn *txn, unsigned table, struct span key,
                                  struct span value)
{
    return kv_put(killer_of(txn)->real_txn, table, key, value);
}

static inline enum err killer_remove(struct kv_txn *txn, unsigned table, struct span key)
{
    return kv_delete(killer_of(txn)->real_txn, table, key);
}

static inline void killer_shut(struct kv *kv)
{
    struct killer *k = (struct killer *)kv;
    if (!k->open)
        return;
    k->open = false;
    kv_close(k->real);
    wipe_disk_close(&k->disk);
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
    if (killer_strikes(k))
        return ERR_IO;
    if (killer_strikes(k)) { /* torn */
        enum err err =
            k->disk.file.write_sync(k->disk.file.state, offset, span_sub(bytes, 0, bytes.len / 7));
        return err == OK ? ERR_IO : err;
    }
    TRY(k->disk.file.write_sync(k->disk.file.state, offset, bytes));
    (void)killer_strikes(k);
    return OK;
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
