/* One commit: topics get ids, bodies are packed into blocks, and each index gets one sorted run,
 * merged with what is small. */
#include "store/segment.h"

#include <stdlib.h>

struct writing {
    MDB_txn *txn;
    struct segment *segment;
    struct view view; /* of the writing transaction; its runs are those before this commit */
    const struct archive_entry *const *entries;
    size_t count;
    uint8_t *keys, *hashes; /* new items */
    uint32_t *pairs, *pubsubs;
};

static enum err put(struct writing *w, MDB_dbi dbi, const void *key, size_t key_len,
                    const void *value, size_t value_len)
{
    MDB_val k = {key_len, (void *)(uintptr_t)key}, v = {value_len, (void *)(uintptr_t)value};
    return segment_err(mdb_put(w->txn, dbi, &k, &v, 0));
}

static enum err new_id(struct writing *w, const uint8_t *key, size_t len, uint32_t *id)
{
    uint8_t value[4];
    if (w->view.meta.next_topic == UINT32_MAX)
        return ERR_DISK_FULL;
    *id = w->view.meta.next_topic++;
    put_be(value, *id, 4);
    return put(w, w->segment->topics, key, len, value, sizeof value);
}

static enum err intern(struct writing *w, size_t i)
{
    const struct archive_entry *e = w->entries[i];
    uint8_t key[512], id_key[8];
    enum err err = view_topic(&w->view, e->pubsub_topic, &w->pubsubs[i]);
    if (err == ERR_NOT_FOUND)
        err = new_id(w, key, topic_key_pubsub(key, e->pubsub_topic), &w->pubsubs[i]);
    TRY(err);
    err = view_pair(&w->view, e->content_topic, e->pubsub_topic, &w->pairs[i]);
    if (err != ERR_NOT_FOUND)
        return err;
    size_t len = topic_key_pair(key, e->content_topic, e->pubsub_topic);
    TRY(new_id(w, key, len, &w->pairs[i]));
    return put(w, w->segment->topics, id_key, topic_key_id(id_key, w->pairs[i]), key + 1, len - 1);
}

static void write_record(uint8_t *p, const struct archive_entry *e, uint32_t pair)
{
    memcpy(p, e->hash, ARCHIVE_HASH_BYTES);
    put_time(p + 32, e->timestamp_ns);
    put_be(p + 40, pair, 4);
    put_be(p + 44, e->message.len, 4);
    if (e->message.len > 0)
        memcpy(p + RECORD_HEAD_BYTES, e->message.ptr, e->message.len);
}

static void write_items(struct writing *w, size_t i, uint32_t place)
{
    const uint32_t ids[3] = {TOPIC_ALL, w->pubsubs[i], w->pairs[i]};
    for (size_t k = 0; k < 3; k++) {
        uint8_t *item = w->keys + (3 * i + k) * KEY_ITEM_BYTES;
        put_be(item, ids[k], 4);
        put_time(item + 4, w->entries[i]->timestamp_ns);
        put_be(item + 12, place, 4);
    }
    memcpy(w->hashes + i * HASH_ITEM_BYTES, w->entries[i]->hash, HASH_PREFIX_BYTES);
    put_be(w->hashes + i * HASH_ITEM_BYTES + 8, place, 4);
}

/* Entries [from, to) become the next block. */
static enum err write_block(struct writing *w, size_t from, size_t to)
{
    unsigned number = w->view.meta.next_block++;
    size_t n = to - from, at = 2 + 4 * n, bytes = at;
    for (size_t i = from; i < to; i++)
        bytes += RECORD_HEAD_BYTES + w->entries[i]->message.len;

    MDB_val key = {sizeof number, &number}, value = {bytes, NULL};
    int rc = mdb_put(w->txn, w->segment->blocks, &key, &value, MDB_RESERVE | MDB_APPEND);
    TRY(segment_err(rc));
    uint8_t *block = value.mv_data;
    put_be(block, n, 2);
    for (size_t i = from; i < to; i++) {
        put_be(block + 2 + 4 * (i - from), at, 4);
        write_record(block + at, w->entries[i], w->pairs[i]);
        write_items(w, i, number << 8 | (uint32_t)(i - from));
        at += RECORD_HEAD_BYTES + w->entries[i]->message.len;
    }
    return OK;
}

/* Fill blocks; a small rest goes into blocks of one entry, which share pages. */
static enum err write_blocks(struct writing *w)
{
    size_t from = 0, bytes = 0;
    for (size_t i = 0; i < w->count; i++) {
        size_t more = RECORD_HEAD_BYTES + 4 + w->entries[i]->message.len;
        if (i > from && (bytes + more > ARCHIVE_BLOCK_BYTES || i - from == ARCHIVE_BLOCK_ENTRIES)) {
            TRY(write_block(w, from, i));
            from = i;
            bytes = 0;
        }
        bytes += more;
    }
    if (bytes >= ARCHIVE_LOOSE_BYTES)
        return write_block(w, from, w->count);
    for (; from < w->count; from++)
        TRY(write_block(w, from, from + 1));
    return OK;
}

static int by_key_bytes(const void *a, const void *b)
{
    return memcmp(a, b, KEY_ITEM_BYTES); /* places ascend with the hash within a commit */
}

static int by_hash_bytes(const void *a, const void *b)
{
    return memcmp(a, b, HASH_ITEM_BYTES);
}

static enum err delete_run(struct writing *w, MDB_dbi dbi, uint32_t run)
{
    uint8_t number[4];
    put_be(number, run, 4);
    MDB_val key = {sizeof number, number};
    return segment_err(mdb_del(w->txn, dbi, &key, NULL));
}

/* Replace the newest `width` of the runs and `items` by one run. Runs of this index were gathered
 * before anything was put into its table; they lie in pages that this transaction does not touch,
 * but for small ones, which share a leaf: those are read before it changes because LMDB copies
 * a page before its first change and frees none of the old ones before the commit. */
static enum err add_run(struct writing *w, MDB_dbi dbi, const struct run *runs, size_t count,
                        size_t width, struct run items, const struct run_ties *ties)
{
    struct run merging[ARCHIVE_RUNS_MAX + 1];
    size_t item_bytes = ties == NULL ? HASH_ITEM_BYTES : KEY_ITEM_BYTES, total = items.count, n = 0;
    for (size_t i = count - width; i < count; i++) {
        TRY(delete_run(w, dbi, runs[i].number));
        merging[n++] = runs[i];
        total += runs[i].count;
    }
    merging[n++] = items;
    if (total == 0)
        return OK;

    uint8_t number[4];
    put_be(number, w->view.meta.next_run++, 4);
    MDB_val key = {sizeof number, number}, value = {total * item_bytes, NULL};
    TRY(segment_err(mdb_put(w->txn, dbi, &key, &value, MDB_RESERVE)));
    run_merge(merging, n, ties, value.mv_data);
    return OK;
}

static size_t width_for(const struct run *runs, size_t count, size_t items)
{
    size_t counts[ARCHIVE_RUNS_MAX];
    for (size_t i = 0; i < count; i++)
        counts[i] = runs[i].count;
    size_t width = run_merge_width(counts, count, items);
    return count - width >= ARCHIVE_RUNS_MAX - 1 ? count : width;
}

static enum err write_indexes(struct writing *w)
{
    struct run_ties ties = view_ties(&w->view);
    qsort(w->keys, 3 * w->count, KEY_ITEM_BYTES, by_key_bytes);
    qsort(w->hashes, w->count, HASH_ITEM_BYTES, by_hash_bytes);
    struct view *v = &w->view;
    TRY(add_run(w, w->segment->keys, v->keys, v->keys_count,
                width_for(v->keys, v->keys_count, 3 * w->count),
                (struct run){w->keys, 3 * w->count, 0}, &ties));
    return add_run(w, w->segment->hashes, v->hashes, v->hashes_count,
                   width_for(v->hashes, v->hashes_count, w->count),
                   (struct run){w->hashes, w->count, 0}, NULL);
}

static void update_meta(struct writing *w)
{
    struct segment_meta *m = &w->view.meta;
    int64_t min = w->entries[0]->timestamp_ns, max = w->entries[w->count - 1]->timestamp_ns;
    if (m->entries == 0) {
        m->base_ns = m->min_ns = min;
        m->max_ns = max;
    }
    m->min_ns = min < m->min_ns ? min : m->min_ns;
    m->max_ns = max > m->max_ns ? max : m->max_ns;
    m->entries += w->count;
}

static enum err write_all(struct writing *w)
{
    for (size_t i = 0; i < w->count; i++)
        TRY(intern(w, i));
    TRY(write_blocks(w));
    TRY(write_indexes(w));
    update_meta(w);
    return segment_meta_write(w->txn, w->segment->meta, &w->view.meta);
}

/* Commit is the point after which everything is durable: without MDB_NOSYNC and MDB_NOMETASYNC
 * LMDB writes the pages, calls fdatasync, writes the meta page through a descriptor opened with
 * O_DSYNC, and only then shows the transaction to readers. */
static enum err finish(struct writing *w, enum err err)
{
    if (err != OK) {
        mdb_txn_abort(w->txn);
        return err;
    }
    err = segment_err(mdb_txn_commit(w->txn));
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err begin(struct writing **out, struct segment *s)
{
    struct writing *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_MEMORY;
    w->segment = s;
    enum err err = segment_err(mdb_txn_begin(s->env, NULL, 0, &w->txn));
    if (err == OK && (err = view_load(&w->view, s, w->txn)) != OK)
        mdb_txn_abort(w->txn);
    if (err != OK)
        free(w);
    else
        *out = w;
    return err;
}

enum err segment_write(struct segment *s, const struct archive_entry *const *entries, size_t count,
                       struct segment_meta *after)
{
    struct writing *w;
    TRY(begin(&w, s));
    w->entries = entries;
    w->count = count;
    w->keys = malloc(count * 3 * KEY_ITEM_BYTES);
    w->hashes = malloc(count * HASH_ITEM_BYTES);
    w->pairs = malloc(count * sizeof *w->pairs);
    w->pubsubs = malloc(count * sizeof *w->pubsubs);
    bool memory = w->keys != NULL && w->hashes != NULL && w->pairs != NULL && w->pubsubs != NULL;
    enum err err = finish(w, memory ? write_all(w) : ERR_MEMORY);
    if (err == OK)
        *after = w->view.meta;
    free(w->keys);
    free(w->hashes);
    free(w->pairs);
    free(w->pubsubs);
    free(w);
    return err;
}

enum err segment_seal(struct segment *s, struct segment_meta *after)
{
    struct writing *w;
    TRY(begin(&w, s));
    struct run_ties ties = view_ties(&w->view);
    struct view *v = &w->view;
    enum err err = OK;
    if (v->keys_count > 1)
        err = add_run(w, s->keys, v->keys, v->keys_count, v->keys_count, (struct run){0}, &ties);
    if (err == OK && v->hashes_count > 1)
        err = add_run(w, s->hashes, v->hashes, v->hashes_count, v->hashes_count, (struct run){0},
                      NULL);
    v->meta.sealed = true;
    if (err == OK)
        err = segment_meta_write(w->txn, s->meta, &v->meta);
    err = finish(w, err);
    if (err == OK)
        *after = v->meta;
    free(w);
    return err;
}
