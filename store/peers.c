#include "store/peers.h"

#include "crypto/base/reader.h"

#include <stdlib.h>

#define TABLE 0u
#define HEAD  4u /* bytes before a row: length of id and of record, 16 bits each */

struct peer_table {
    struct kv *kv;
};

static const char *const names[] = {"peers", NULL};

static enum err wrap(struct peer_table **out, struct kv *kv)
{
    struct peer_table *t = calloc(1, sizeof *t);

    if (t == NULL) {
        kv_close(kv);
        return ERR_MEMORY;
    }
    t->kv = kv;
    *out = t;
    return OK;
}

enum err peer_table_open_lmdb(struct peer_table **out, const char *folder)
{
    struct kv *kv;

    TRY(kv_open_lmdb(&kv, folder, names));
    return wrap(out, kv);
}

enum err peer_table_open_mem(struct peer_table **out)
{
    struct kv *kv;

    TRY(kv_open_mem(&kv, names));
    return wrap(out, kv);
}

void peer_table_close(struct peer_table *t)
{
    if (t == NULL)
        return;
    kv_close(t->kv);
    free(t);
}

enum err peer_table_load(struct peer_table *t,
                         enum err (*row)(void *ctx, struct span id, struct span record), void *ctx,
                         size_t *loaded, size_t *skipped)
{
    struct kv_txn *txn;
    struct span id, record;

    *loaded = *skipped = 0;
    TRY(kv_begin(t->kv, false, &txn));
    enum err err = kv_seek(txn, TABLE, SPAN_EMPTY, &id, &record);
    while (err == OK && *loaded + *skipped < PEER_TABLE_ROWS_MAX) {
        bool taken = row(ctx, id, record) == OK;
        *loaded += taken;
        *skipped += !taken;
        err = kv_next(txn, TABLE, id, &id, &record);
    }
    kv_abort(txn);
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- rows ---- */

enum err peer_rows_add(struct peer_rows *r, struct span id, struct span record)
{
    size_t need = HEAD + id.len + record.len;

    if (id.len == 0 || id.len > KV_KEY_BYTES_MAX || record.len == 0 ||
        record.len > PEER_TABLE_RECORD_MAX)
        return ERR_ARGUMENT;
    if (r->count >= PEER_TABLE_ROWS_MAX)
        return ERR_FULL;
    if (r->len + need > r->cap) {
        size_t cap = 2 * (r->len + need);
        uint8_t *bytes = realloc(r->bytes, cap);
        if (bytes == NULL)
            return ERR_MEMORY;
        r->bytes = bytes;
        r->cap = cap;
    }
    uint8_t *at = r->bytes + r->len;
    *at++ = (uint8_t)(id.len >> 8);
    *at++ = (uint8_t)id.len;
    *at++ = (uint8_t)(record.len >> 8);
    *at++ = (uint8_t)record.len;
    memcpy(at, id.ptr, id.len);
    memcpy(at + id.len, record.ptr, record.len);
    r->len += need;
    r->count++;
    return OK;
}

void peer_rows_clear(struct peer_rows *r)
{
    free(r->bytes);
    *r = (struct peer_rows){0};
}

static bool next_row(struct reader *r, struct span *id, struct span *record)
{
    if (r->rest.len == 0)
        return false;
    size_t id_len = read_be16(r), record_len = read_be16(r);
    *id = read_bytes(r, id_len);
    *record = read_bytes(r, record_len);
    return !r->failed;
}

/* ---- saving ---- */

static bool is_among(const struct peer_rows *rows, struct span wanted)
{
    struct reader r = reader_of(span_of(rows->bytes, rows->len));
    struct span id, record;

    while (next_row(&r, &id, &record))
        if (span_eq(id, wanted))
            return true;
    return false;
}

static enum err remove_others(struct kv_txn *txn, const struct peer_rows *rows)
{
    uint8_t kept[KV_KEY_BYTES_MAX];
    struct span id, value, at = SPAN_EMPTY;
    enum err err;

    while ((err = at.len == 0 ? kv_seek(txn, TABLE, at, &id, &value)
                              : kv_next(txn, TABLE, at, &id, &value)) == OK) {
        memcpy(kept, id.ptr, id.len); /* spans die with the first change */
        at = span_of(kept, id.len);
        if (!is_among(rows, at))
            TRY(kv_delete(txn, TABLE, at));
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err put_all(struct kv_txn *txn, const struct peer_rows *rows)
{
    struct reader r = reader_of(span_of(rows->bytes, rows->len));
    struct span id, record, before;

    while (next_row(&r, &id, &record)) {
        enum err err = kv_get(txn, TABLE, id, &before);
        if (err == OK && span_eq(before, record))
            continue;
        if (err == OK || err == ERR_NOT_FOUND)
            err = kv_put(txn, TABLE, id, record);
        TRY(err);
    }
    return OK;
}

static enum err save_once(struct peer_table *t, const struct peer_rows *rows)
{
    struct kv_txn *txn;

    TRY(kv_begin(t->kv, true, &txn));
    enum err err = remove_others(txn, rows);
    if (err == OK)
        err = put_all(txn, rows);
    if (err == OK)
        return kv_commit(txn);
    kv_abort(txn);
    return err;
}

enum err peer_table_save(struct peer_table *t, const struct peer_rows *rows)
{
    enum err err = save_once(t, rows);

    return err == ERR_FULL ? save_once(t, rows) : err; /* the map has grown: see kv_commit */
}
