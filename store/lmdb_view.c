#include "store/segment.h"

static enum err load_runs(MDB_txn *txn, MDB_dbi dbi, size_t item_bytes, struct run *runs,
                          size_t *count)
{
    MDB_cursor *c;
    MDB_val key, value;
    *count = 0;
    TRY(segment_err(mdb_cursor_open(txn, dbi, &c)));
    int rc = mdb_cursor_get(c, &key, &value, MDB_FIRST);
    enum err err = OK;
    for (; rc == 0 && err == OK; rc = mdb_cursor_get(c, &key, &value, MDB_NEXT)) {
        if (*count == ARCHIVE_RUNS_MAX || value.mv_size % item_bytes != 0 || key.mv_size != 4)
            err = ERR_CORRUPT;
        else
            runs[(*count)++] = (struct run){value.mv_data, value.mv_size / item_bytes,
                                            (uint32_t)get_be(key.mv_data, 4)};
    }
    mdb_cursor_close(c);
    if (err == OK && rc != MDB_NOTFOUND)
        err = segment_err(rc);
    return err;
}

enum err view_load(struct view *v, struct segment *s, MDB_txn *txn)
{
    v->segment = s;
    v->txn = txn;
    TRY(segment_meta_read(txn, s->meta, &v->meta));
    TRY(load_runs(txn, s->keys, KEY_ITEM_BYTES, v->keys, &v->keys_count));
    return load_runs(txn, s->hashes, HASH_ITEM_BYTES, v->hashes, &v->hashes_count);
}

enum err view_begin(struct view *v, struct segment *s)
{
    MDB_txn *txn;
    TRY(segment_err(mdb_txn_begin(s->env, NULL, MDB_RDONLY, &txn)));
    enum err err = view_load(v, s, txn);
    if (err != OK)
        mdb_txn_abort(txn);
    return err;
}

void view_end(struct view *v)
{
    mdb_txn_abort(v->txn);
    v->txn = NULL;
}

/* Every length is checked: a damaged file must not make us read outside of its map. */
enum err view_record(const struct view *v, uint32_t place, struct record *out)
{
    unsigned number = place >> 8;
    MDB_val key = {sizeof number, &number}, value;
    int rc = mdb_get(v->txn, v->segment->blocks, &key, &value);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? ERR_CORRUPT : segment_err(rc);

    const uint8_t *block = value.mv_data;
    size_t index = place & 0xff;
    if (value.mv_size < 2 || index >= get_be(block, 2) || value.mv_size < 2 + 4 * (index + 1))
        return ERR_CORRUPT;
    uint64_t at = get_be(block + 2 + 4 * index, 4);
    if (at > value.mv_size || value.mv_size - at < RECORD_HEAD_BYTES)
        return ERR_CORRUPT;
    const uint8_t *p = block + at;
    uint64_t len = get_be(p + 44, 4);
    if (len > value.mv_size - at - RECORD_HEAD_BYTES)
        return ERR_CORRUPT;
    *out = (struct record){p, get_time(p + 32), (uint32_t)get_be(p + 40, 4),
                           span_of(p + RECORD_HEAD_BYTES, len)};
    return OK;
}

static const uint8_t *hash_at(void *state, uint32_t place)
{
    struct record r;
    return view_record(state, place, &r) == OK ? r.hash : NULL;
}

struct run_ties view_ties(struct view *v)
{
    return (struct run_ties){hash_at, v};
}

enum err view_find(const struct view *v, const uint8_t *hash, struct record *out)
{
    for (size_t i = v->hashes_count; i > 0; i--) {
        const struct run *r = &v->hashes[i - 1];
        for (size_t at = run_hash_seek(r, hash); at < r->count; at++) {
            const uint8_t *item = r->items + at * HASH_ITEM_BYTES;
            if (memcmp(item, hash, HASH_PREFIX_BYTES) != 0)
                break;
            TRY(view_record(v, run_place(item, HASH_ITEM_BYTES), out));
            if (memcmp(out->hash, hash, ARCHIVE_HASH_BYTES) == 0)
                return OK;
        }
    }
    return ERR_NOT_FOUND;
}

size_t topic_key_pubsub(uint8_t *key, struct span pubsub)
{
    key[0] = 'p';
    if (pubsub.len > 0)
        memcpy(key + 1, pubsub.ptr, pubsub.len);
    return 1 + pubsub.len;
}

size_t topic_key_pair(uint8_t *key, struct span content, struct span pubsub)
{
    key[0] = 'n';
    key[1] = (uint8_t)content.len;
    if (content.len > 0)
        memcpy(key + 2, content.ptr, content.len);
    if (pubsub.len > 0)
        memcpy(key + 2 + content.len, pubsub.ptr, pubsub.len);
    return 2 + content.len + pubsub.len;
}

size_t topic_key_id(uint8_t *key, uint32_t id)
{
    key[0] = 'i';
    put_be(key + 1, id, 4);
    return 5;
}

static enum err id_of(const struct view *v, uint8_t *key, size_t len, uint32_t *id)
{
    MDB_val k = {len, key}, value;
    TRY(segment_err(mdb_get(v->txn, v->segment->topics, &k, &value)));
    if (value.mv_size != 4)
        return ERR_CORRUPT;
    *id = (uint32_t)get_be(value.mv_data, 4);
    return OK;
}

enum err view_topic(const struct view *v, struct span pubsub, uint32_t *id)
{
    uint8_t key[512];
    if (pubsub.len > ARCHIVE_TOPIC_BYTES_MAX)
        return ERR_NOT_FOUND;
    return id_of(v, key, topic_key_pubsub(key, pubsub), id);
}

enum err view_pair(const struct view *v, struct span content, struct span pubsub, uint32_t *id)
{
    uint8_t key[512];
    if (pubsub.len > ARCHIVE_TOPIC_BYTES_MAX || content.len > ARCHIVE_TOPIC_BYTES_MAX)
        return ERR_NOT_FOUND;
    return id_of(v, key, topic_key_pair(key, content, pubsub), id);
}

enum err view_pairs(const struct view *v, struct span content,
                    enum err (*add)(void *state, uint32_t id), void *state)
{
    uint8_t bytes[512];
    MDB_cursor *c;
    if (content.len > ARCHIVE_TOPIC_BYTES_MAX)
        return OK;
    struct span prefix = span_of(bytes, topic_key_pair(bytes, content, SPAN_EMPTY));
    MDB_val key = {prefix.len, bytes}, value;
    TRY(segment_err(mdb_cursor_open(v->txn, v->segment->topics, &c)));
    int rc = mdb_cursor_get(c, &key, &value, MDB_SET_RANGE);
    enum err err = OK;
    while (rc == 0 && err == OK && span_starts(span_of(key.mv_data, key.mv_size), prefix)) {
        err = value.mv_size == 4 ? add(state, (uint32_t)get_be(value.mv_data, 4)) : ERR_CORRUPT;
        rc = mdb_cursor_get(c, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(c);
    if (err == OK && rc != 0 && rc != MDB_NOTFOUND)
        err = segment_err(rc);
    return err;
}

enum err view_names(const struct view *v, uint32_t pair, struct span *content, struct span *pubsub)
{
    uint8_t bytes[8];
    MDB_val key = {topic_key_id(bytes, pair), bytes}, value;
    int rc = mdb_get(v->txn, v->segment->topics, &key, &value);
    if (rc != 0)
        return rc == MDB_NOTFOUND ? ERR_CORRUPT : segment_err(rc);
    struct span names = span_of(value.mv_data, value.mv_size);
    if (names.len < 1 || names.ptr[0] > names.len - 1)
        return ERR_CORRUPT;
    *content = span_sub(names, 1, names.ptr[0]);
    *pubsub = span_after(names, 1u + names.ptr[0]);
    return OK;
}
