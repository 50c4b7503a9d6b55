#include "store/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum err segment_err(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return OK;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case MDB_MAP_FULL: /* address space of a segment: it rolls long before, see lmdb.c */
        return ERR_DISK_FULL;
    case ENOMEM:
        return ERR_MEMORY;
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
        return ERR_CORRUPT;
    default:
        return ERR_IO;
    }
}

enum err segment_meta_read(MDB_txn *txn, MDB_dbi dbi, struct segment_meta *out)
{
    MDB_val key = {4, (void *)(uintptr_t) "meta"}, value;
    *out = (struct segment_meta){.next_topic = TOPIC_ALL + 1};
    int rc = mdb_get(txn, dbi, &key, &value);
    if (rc == MDB_NOTFOUND)
        return OK; /* nothing was committed yet */
    TRY(segment_err(rc));
    const uint8_t *p = value.mv_data;
    if (value.mv_size != SEGMENT_META_BYTES || p[0] >> 1 != SEGMENT_VERSION)
        return ERR_CORRUPT;
    out->sealed = p[0] & 1;
    out->entries = get_be(p + 1, 8);
    out->base_ns = get_time(p + 9);
    out->min_ns = get_time(p + 17);
    out->max_ns = get_time(p + 25);
    out->next_block = (uint32_t)get_be(p + 33, 4);
    out->next_topic = (uint32_t)get_be(p + 37, 4);
    out->next_run = (uint32_t)get_be(p + 41, 4);
    return OK;
}

enum err segment_meta_write(MDB_txn *txn, MDB_dbi dbi, const struct segment_meta *m)
{
    uint8_t p[SEGMENT_META_BYTES];
    p[0] = (uint8_t)(SEGMENT_VERSION << 1 | (m->sealed ? 1 : 0));
    put_be(p + 1, m->entries, 8);
    put_time(p + 9, m->base_ns);
    put_time(p + 17, m->min_ns);
    put_time(p + 25, m->max_ns);
    put_be(p + 33, m->next_block, 4);
    put_be(p + 37, m->next_topic, 4);
    put_be(p + 41, m->next_run, 4);
    MDB_val key = {4, (void *)(uintptr_t) "meta"}, value = {sizeof p, p};
    return segment_err(mdb_put(txn, dbi, &key, &value, 0));
}

static int open_tables(struct segment *s, MDB_txn *txn)
{
    unsigned make = s->writable ? MDB_CREATE : 0;
    int rc = mdb_dbi_open(txn, "meta", make, &s->meta);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "topics", make, &s->topics);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "blocks", make | MDB_INTEGERKEY, &s->blocks);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "keys", make, &s->keys);
    if (rc == 0)
        rc = mdb_dbi_open(txn, "hashes", make, &s->hashes);
    return rc;
}

/* A map over a file that was cut short would end in SIGBUS. */
static enum err check_length(struct segment *s)
{
    MDB_envinfo info;
    MDB_stat stat;
    TRY(segment_err(mdb_env_info(s->env, &info)));
    TRY(segment_err(mdb_env_stat(s->env, &stat)));
    uint64_t used = (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize;
    return segment_bytes(s) >= used ? OK : ERR_CORRUPT;
}

static enum err open_env(struct segment *s)
{
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD;
    if (!s->writable)
        flags |= MDB_RDONLY | MDB_NOLOCK; /* nobody writes it any more */
    TRY(segment_err(mdb_env_create(&s->env)));
    TRY(segment_err(mdb_env_set_maxdbs(s->env, 5)));
    TRY(segment_err(mdb_env_set_mapsize(s->env, ARCHIVE_SEGMENT_MAP_BYTES)));
    TRY(segment_err(mdb_env_set_maxreaders(s->env, 1024)));
    TRY(segment_err(mdb_env_open(s->env, s->path, flags, 0644)));
    TRY(check_length(s));
    if (s->writable) /* what a killed process left in the page cache is not durable yet */
        TRY(segment_err(mdb_env_sync(s->env, 1)));

    MDB_txn *txn;
    TRY(segment_err(mdb_txn_begin(s->env, NULL, s->writable ? 0 : MDB_RDONLY, &txn)));
    int rc = open_tables(s, txn);
    enum err err = rc == 0 ? segment_meta_read(txn, s->meta, &s->last) : segment_err(rc);
    if (err != OK) {
        mdb_txn_abort(txn);
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    }
    return segment_err(mdb_txn_commit(txn));
}

enum err segment_open(struct segment **out, const char *path, uint32_t number, bool writable)
{
    struct segment *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_MEMORY;
    size_t len = strlen(path) + 1;
    s->number = number;
    s->writable = writable;
    s->refs = 1;
    s->path = malloc(len);
    enum err err = ERR_MEMORY;
    if (s->path != NULL) {
        memcpy(s->path, path, len);
        err = open_env(s);
    }
    if (err != OK) {
        segment_close(s);
        return err;
    }
    *out = s;
    return OK;
}

void segment_close(struct segment *s)
{
    if (s == NULL)
        return;
    if (s->env != NULL)
        mdb_env_close(s->env);
    free(s->path);
    free(s);
}

uint64_t segment_bytes(const struct segment *s)
{
    struct stat st;
    mdb_filehandle_t fd;
    if (mdb_env_get_fd(s->env, &fd) != 0 || fstat(fd, &st) != 0 || st.st_size < 0)
        return 0;
    return (uint64_t)st.st_size;
}
