/* The archive in memory, for the simulator: one sorted array. A crash in the simulator keeps the
 * object, and with it what was committed. There is one thread, so nothing is locked. */
#include "store/batch.h"

#include "crypto/base/map.h"

#include <stdlib.h>

struct mem_entry {
    int64_t timestamp_ns;
    struct blob *holder; /* of the message */
    struct span message;
    struct span pubsub_topic, content_topic; /* in `names` */
    uint8_t hash[ARCHIVE_HASH_BYTES];
    uint8_t names[];
};

struct archive_mem {
    struct archive base;
    struct mem_entry **entries; /* owned, by (time, hash) */
    size_t count, cap;
    uint64_t bytes;
    struct map by_hash;
};

static void entry_free(struct mem_entry *e)
{
    if (e == NULL)
        return;
    blob_unref(e->holder);
    free(e);
}

static struct mem_entry *entry_new(const struct archive_batch *b, size_t i)
{
    const struct archive_entry from = archive_batch_entry(b, i);
    size_t names = from.pubsub_topic.len + from.content_topic.len;
    struct mem_entry *e = malloc(sizeof *e + names);
    if (e == NULL)
        return NULL;
    e->timestamp_ns = from.timestamp_ns;
    e->holder = blob_ref(b->items[i].holder);
    e->message = b->items[i].message;
    e->pubsub_topic = span_of(e->names, from.pubsub_topic.len);
    e->content_topic = span_of(e->names + from.pubsub_topic.len, from.content_topic.len);
    memcpy(e->hash, from.hash, ARCHIVE_HASH_BYTES);
    if (from.pubsub_topic.len > 0)
        memcpy(e->names, from.pubsub_topic.ptr, from.pubsub_topic.len);
    if (from.content_topic.len > 0)
        memcpy(e->names + from.pubsub_topic.len, from.content_topic.ptr, from.content_topic.len);
    return e;
}

static uint64_t entry_bytes(const struct mem_entry *e)
{
    return e->message.len + e->pubsub_topic.len + e->content_topic.len + sizeof *e;
}

/* First entry that is not before (time, hash); `hash` NULL: all zeros. */
static size_t seek(const struct archive_mem *a, int64_t ns, const uint8_t *hash)
{
    static const uint8_t zeros[ARCHIVE_HASH_BYTES];
    size_t low = 0, high = a->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct mem_entry *e = a->entries[mid];
        if (entry_cmp(e->timestamp_ns, e->hash, ns, hash == NULL ? zeros : hash) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static enum err insert(struct archive_mem *a, struct mem_entry *e)
{
    if (a->count == a->cap) {
        size_t cap = a->cap == 0 ? 64 : 2 * a->cap;
        struct mem_entry **entries = realloc(a->entries, cap * sizeof(struct mem_entry *));
        if (entries == NULL)
            return ERR_MEMORY;
        a->entries = entries;
        a->cap = cap;
    }
    TRY(map_put(&a->by_hash, SPAN_ARRAY(e->hash), e));
    size_t at = seek(a, e->timestamp_ns, e->hash);
    memmove(a->entries + at + 1, a->entries + at, (a->count - at) * sizeof(struct mem_entry *));
    a->entries[at] = e;
    a->count++;
    a->bytes += entry_bytes(e);
    return OK;
}

static void remove_range(struct archive_mem *a, size_t from, size_t to)
{
    if (from == to)
        return; /* the table may be NULL yet */
    for (size_t i = from; i < to; i++) {
        a->bytes -= entry_bytes(a->entries[i]);
        map_take(&a->by_hash, SPAN_ARRAY(a->entries[i]->hash));
        entry_free(a->entries[i]);
    }
    memmove(a->entries + from, a->entries + to, (a->count - to) * sizeof(struct mem_entry *));
    a->count -= to - from;
}

static enum err mem_commit(struct archive *base, struct archive_batch *b)
{
    struct archive_mem *a = (struct archive_mem *)base;
    enum err err = OK;
    size_t done = 0;
    for (; done < b->count && err == OK; done++) {
        struct batch_item *item = &b->items[done];
        item->outcome = ARCHIVE_DUPLICATE;
        if (map_get(&a->by_hash, SPAN_ARRAY(item->hash)) != NULL)
            continue;
        item->outcome = ARCHIVE_STORED;
        struct mem_entry *e = entry_new(b, done);
        err = e == NULL ? ERR_MEMORY : insert(a, e);
        if (err != OK) {
            entry_free(e);
            item->outcome = ARCHIVE_WAITING;
        }
    }
    for (size_t i = 0; err != OK && i < done; i++) { /* all or nothing */
        if (b->items[i].outcome == ARCHIVE_STORED) {
            size_t at = seek(a, b->items[i].timestamp_ns, b->items[i].hash);
            remove_range(a, at, at + 1);
        }
        b->items[i].outcome = ARCHIVE_WAITING;
    }
    return err;
}

/* ---- queries ---- */

static bool hash_wanted(const struct archive_query *q, const uint8_t *hash)
{
    for (size_t i = 0; i < q->hashes_count; i++)
        if (memcmp(q->hashes[i], hash, ARCHIVE_HASH_BYTES) == 0)
            return true;
    return q->hashes_count == 0;
}

/* The entries [*from, *to) are within the times and behind the cursor. */
static enum err range_of(const struct archive_mem *a, const struct archive_query *q, size_t *from,
                         size_t *to)
{
    *from = seek(a, q->time_start_ns, NULL);
    *to = q->time_end_ns == INT64_MAX ? a->count : seek(a, q->time_end_ns + 1, NULL);
    if (q->cursor != NULL) {
        const struct mem_entry *c = map_get(&a->by_hash, span_of(q->cursor, ARCHIVE_HASH_BYTES));
        if (c == NULL)
            return ERR_NOT_FOUND;
        size_t at = seek(a, c->timestamp_ns, c->hash);
        if (q->forward && *from < at + 1)
            *from = at + 1;
        if (!q->forward && *to > at)
            *to = at;
    }
    return OK;
}

static enum err answer(struct archive_mem *a, const struct archive_query *q, struct archive_page *p)
{
    struct found found[ARCHIVE_PAGE_MAX];
    size_t from, to, count = 0, bytes = 0;
    bool more = false;
    TRY(range_of(a, q, &from, &to));
    while (from < to && !more) {
        const struct mem_entry *e = a->entries[q->forward ? from++ : --to];
        if (!hash_wanted(q, e->hash) || !query_topics_match(q, e->content_topic, e->pubsub_topic))
            continue;
        bytes += q->include_data ? e->message.len : 0;
        more = count == query_limit(q) || (count > 0 && bytes > query_page_bytes(q));
        if (!more)
            found[count++] = (struct found){e->timestamp_ns, e->hash, e->pubsub_topic,
                                            e->content_topic, e->message};
    }
    return page_fill(p, q, found, count, more);
}

static enum err mem_query(struct archive *base, const struct archive_query *q,
                          struct archive_page *p)
{
    struct archive_mem *a = (struct archive_mem *)base;
    return answer(a, q, p);
}

/* ---- keeping house ---- */

static void stats_of(const struct archive_mem *a, struct archive_stats *out)
{
    *out = (struct archive_stats){.entries = a->count, .bytes = a->bytes, .segments = 1};
    if (a->count > 0) {
        out->oldest_ns = a->entries[0]->timestamp_ns;
        out->newest_ns = a->entries[a->count - 1]->timestamp_ns;
    }
}

static enum err mem_stats(struct archive *base, struct archive_stats *out)
{
    struct archive_mem *a = (struct archive_mem *)base;
    stats_of(a, out);
    return OK;
}

static enum err mem_segment_stats(struct archive *base, size_t *cursor, struct archive_stats *out,
                                  char name[64])
{
    if ((*cursor)++ > 0)
        return ERR_NOT_FOUND;
    snprintf(name, 64, "memory");
    return mem_stats(base, out);
}

static enum err mem_retain(struct archive *base, const struct retention *keep, int64_t now_ns,
                           struct archive_stats *removed)
{
    struct archive_mem *a = (struct archive_mem *)base;
    size_t n = 0;
    uint64_t bytes = 0;
    if (keep->time_ns > 0 && now_ns > keep->time_ns)
        n = seek(a, now_ns - keep->time_ns, NULL);
    if (keep->capacity > 0 && a->count > keep->capacity && a->count - keep->capacity > n)
        n = a->count - (size_t)keep->capacity;
    for (size_t i = 0; i < n; i++)
        bytes += entry_bytes(a->entries[i]);
    for (; keep->size_bytes > 0 && n < a->count && a->bytes - bytes > keep->size_bytes; n++)
        bytes += entry_bytes(a->entries[n]);
    if (n > 0)
        *removed = (struct archive_stats){n, bytes, 0, a->entries[0]->timestamp_ns,
                                          a->entries[n - 1]->timestamp_ns};
    remove_range(a, 0, n);
    return OK;
}

static enum err mem_verify(struct archive *base, archive_check *check, void *state,
                           struct archive_report *out)
{
    struct archive_mem *a = (struct archive_mem *)base;
    for (size_t i = 0; i < a->count; i++) {
        const struct mem_entry *m = a->entries[i];
        struct archive_entry e = {.timestamp_ns = m->timestamp_ns,
                                  .pubsub_topic = m->pubsub_topic,
                                  .content_topic = m->content_topic,
                                  .message = m->message};
        memcpy(e.hash, m->hash, ARCHIVE_HASH_BYTES);
        out->entries++;
        if (check != NULL && !check(state, &e))
            report_broken(out, "hash does not fit the message", e.hash);
    }
    return OK;
}

static void mem_close(struct archive *base)
{
    struct archive_mem *a = (struct archive_mem *)base;
    for (size_t i = 0; i < a->count; i++)
        entry_free(a->entries[i]);
    free(a->entries);
    map_clear(&a->by_hash);
    free(a);
}

static const struct archive_ops mem_ops = {
    .commit = mem_commit,
    .query = mem_query,
    .stats = mem_stats,
    .segment_stats = mem_segment_stats,
    .retain = mem_retain,
    .verify = mem_verify,
    .close = mem_close,
};

enum err archive_open_mem(struct archive **out, const uint8_t seed[16])
{
    struct archive_mem *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_MEMORY;
    a->base.ops = &mem_ops;
    map_init(&a->by_hash, seed, UINT32_MAX / 4);
    *out = &a->base;
    return OK;
}
