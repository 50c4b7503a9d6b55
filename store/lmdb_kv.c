/* kv on disk: one LMDB file. The map doubles before a transaction that would find it half full;
 * a transaction that fills the rest fails whole, and finds a larger map when it runs again. */
#include "store/kv_ops.h"
#include "store/lmdb.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct kv_lmdb {
    struct kv base;
    struct kv_txn txn; /* there is one at a time */
    MDB_txn *mdb;
    MDB_env *env;
    MDB_dbi tables[KV_TABLES_MAX];
    int folder_fd, lock_fd;
    bool grow; /* the last transaction found the map full */
};

static struct kv_lmdb *of(const struct kv_txn *txn)
{
    return (struct kv_lmdb *)txn->kv; /* base is the first member */
}

static enum err result(struct kv_lmdb *k, int rc)
{
    if (rc == MDB_MAP_FULL) {
        k->grow = true;
        return ERR_FULL;
    }
    return segment_err(rc);
}

static enum err grow_map(struct kv_lmdb *k)
{
    MDB_envinfo info;
    MDB_stat stat;
    TRY(segment_err(mdb_env_info(k->env, &info)));
    TRY(segment_err(mdb_env_stat(k->env, &stat)));
    size_t used = (info.me_last_pgno + 1) * stat.ms_psize, size = info.me_mapsize;
    if (!k->grow && used < size / 2)
        return OK;
    k->grow = false;
    return segment_err(mdb_env_set_mapsize(k->env, 2 * size));
}

static enum err lmdb_begin(struct kv *kv, bool write, struct kv_txn **out)
{
    struct kv_lmdb *k = (struct kv_lmdb *)kv;
    if (write)
        TRY(grow_map(k));
    TRY(segment_err(mdb_txn_begin(k->env, NULL, write ? 0 : MDB_RDONLY, &k->mdb)));
    *out = &k->txn;
    return OK;
}

static enum err lmdb_end(struct kv_txn *txn)
{
    struct kv_lmdb *k = of(txn);
    return result(k, mdb_txn_commit(k->mdb));
}

static void lmdb_abort(struct kv_txn *txn)
{
    mdb_txn_abort(of(txn)->mdb);
}

static enum err lmdb_get(struct kv_txn *txn, unsigned table, struct span key, struct span *value)
{
    struct kv_lmdb *k = of(txn);
    MDB_val mk = {key.len, (void *)(uintptr_t)key.ptr}, mv;
    TRY(result(k, mdb_get(k->mdb, k->tables[table], &mk, &mv)));
    *value = span_of(mv.mv_data, mv.mv_size);
    return OK;
}

static enum err lmdb_seek(struct kv_txn *txn, unsigned table, struct span key, bool behind,
                          struct span *found, struct span *value)
{
    struct kv_lmdb *k = of(txn);
    MDB_cursor *c;
    MDB_val mk = {key.len, (void *)(uintptr_t)key.ptr}, mv;
    TRY(result(k, mdb_cursor_open(k->mdb, k->tables[table], &c)));
    int rc = mdb_cursor_get(c, &mk, &mv, key.len == 0 ? MDB_FIRST : MDB_SET_RANGE);
    if (rc == 0 && behind && span_eq(key, span_of(mk.mv_data, mk.mv_size)))
        rc = mdb_cursor_get(c, &mk, &mv, MDB_NEXT);
    mdb_cursor_close(c);
    TRY(result(k, rc));
    *found = span_of(mk.mv_data, mk.mv_size);
    *value = span_of(mv.mv_data, mv.mv_size);
    return OK;
}

static enum err lmdb_put(struct kv_txn *txn, unsigned table, struct span key, struct span value)
{
    struct kv_lmdb *k = of(txn);
    MDB_val mk = {key.len, (void *)(uintptr_t)key.ptr};
    MDB_val mv = {value.len, (void *)(uintptr_t)value.ptr};
    return result(k, mdb_put(k->mdb, k->tables[table], &mk, &mv, 0));
}

static enum err lmdb_delete(struct kv_txn *txn, unsigned table, struct span key)
{
    struct kv_lmdb *k = of(txn);
    MDB_val mk = {key.len, (void *)(uintptr_t)key.ptr};
    return result(k, mdb_del(k->mdb, k->tables[table], &mk, NULL));
}

static void lmdb_kv_close(struct kv *kv)
{
    struct kv_lmdb *k = (struct kv_lmdb *)kv;
    if (k->env != NULL)
        mdb_env_close(k->env);
    if (k->lock_fd >= 0)
        folder_unlock(k->folder_fd, k->lock_fd);
    free(k);
}

static const struct kv_ops lmdb_kv_ops = {
    .begin = lmdb_begin,
    .commit = lmdb_end,
    .abort = lmdb_abort,
    .get = lmdb_get,
    .seek = lmdb_seek,
    .put = lmdb_put,
    .remove = lmdb_delete,
    .close = lmdb_kv_close,
};

static enum err open_tables(struct kv_lmdb *k, const char *const *tables)
{
    TRY(segment_err(mdb_txn_begin(k->env, NULL, 0, &k->mdb)));
    int rc = 0;
    for (unsigned i = 0; i < k->base.tables && rc == 0; i++)
        rc = mdb_dbi_open(k->mdb, tables[i], MDB_CREATE, &k->tables[i]);
    if (rc != 0) {
        mdb_txn_abort(k->mdb);
        return segment_err(rc);
    }
    return segment_err(mdb_txn_commit(k->mdb));
}

static enum err open_file(struct kv_lmdb *k, const char *path, const char *const *tables)
{
    struct stat st;
    size_t map = KV_MAP_BYTES_MIN;
    while (stat(path, &st) == 0 && st.st_size >= 0 && map / 2 < (size_t)st.st_size)
        map *= 2;
    TRY(segment_err(mdb_env_create(&k->env)));
    TRY(segment_err(mdb_env_set_maxdbs(k->env, KV_TABLES_MAX)));
    TRY(segment_err(mdb_env_set_mapsize(k->env, map)));
    TRY(segment_err(mdb_env_open(k->env, path, MDB_NOSUBDIR | MDB_NOTLS, 0600)));
    TRY(segment_err(mdb_env_sync(k->env, 1)));
    TRY(open_tables(k, tables));
    return fsync(k->folder_fd) == 0 ? OK : ERR_IO; /* the file's name */
}

enum err kv_open_lmdb(struct kv **out, const char *folder, const char *const *tables)
{
    struct kv_lmdb *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_MEMORY;
    k->base = (struct kv){&lmdb_kv_ops, kv_count_tables(tables), NULL};
    k->lock_fd = k->folder_fd = -1;
    enum err err = folder_lock(folder, &k->folder_fd, &k->lock_fd);
    if (err != OK) {
        k->lock_fd = k->folder_fd = -1;
        lmdb_kv_close(&k->base);
        return err;
    }
    char *path = folder_path(folder, "kv.mdb");
    err = path == NULL ? ERR_MEMORY : open_file(k, path, tables);
    free(path);
    if (err != OK)
        lmdb_kv_close(&k->base);
    else
        *out = &k->base;
    return err;
}
