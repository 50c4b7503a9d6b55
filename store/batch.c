#include "store/batch.h"

#include <stdlib.h>

/* qsort has no state argument: indexes travel with what they are compared by */
struct order {
    const struct batch_item *item;
    size_t index;
};

struct archive_batch *archive_batch_new(size_t bytes_max)
{
    struct archive_batch *b = calloc(1, sizeof *b);
    if (b == NULL)
        return NULL;
    b->bytes_max = bytes_max < ARCHIVE_BATCH_BYTES_MAX ? bytes_max : ARCHIVE_BATCH_BYTES_MAX;
    buf_init(&b->names, ARCHIVE_BATCH_BYTES_MAX);
    return b;
}

void archive_batch_reset(struct archive_batch *b)
{
    for (size_t i = 0; i < b->count; i++)
        blob_unref(b->items[i].holder);
    b->count = 0;
    b->bytes = 0;
    buf_reset(&b->names);
}

void archive_batch_free(struct archive_batch *b)
{
    if (b == NULL)
        return;
    archive_batch_reset(b);
    buf_clear(&b->names);
    free(b->items);
    free(b);
}

static enum err grow(struct archive_batch *b, size_t more)
{
    if (more > ARCHIVE_BATCH_MAX - b->count)
        return ERR_FULL;
    size_t cap = b->cap == 0 ? 16 : b->cap;
    while (cap < b->count + more)
        cap *= 2;
    if (cap == b->cap)
        return OK;
    struct batch_item *items = realloc(b->items, cap * sizeof *items);
    if (items == NULL)
        return ERR_MEMORY;
    b->items = items;
    b->cap = cap;
    return OK;
}

static size_t item_bytes(const struct batch_item *item)
{
    return sizeof *item + item->message.len + item->pubsub_len + item->content_len;
}

enum err archive_batch_add(struct archive_batch *b, const uint8_t hash[ARCHIVE_HASH_BYTES],
                           int64_t timestamp_ns, struct span pubsub_topic,
                           struct span content_topic, struct blob *holder, struct span message)
{
    if (pubsub_topic.len > ARCHIVE_TOPIC_BYTES_MAX || content_topic.len > ARCHIVE_TOPIC_BYTES_MAX ||
        message.len > ARCHIVE_MESSAGE_BYTES_MAX)
        return ERR_LIMIT;
    struct batch_item item = {
        .timestamp_ns = timestamp_ns,
        .holder = holder,
        .message = message,
        .names = b->names.len,
        .pubsub_len = (uint16_t)pubsub_topic.len,
        .content_len = (uint16_t)content_topic.len,
        .outcome = ARCHIVE_WAITING,
    };
    memcpy(item.hash, hash, ARCHIVE_HASH_BYTES);
    size_t bytes = item_bytes(&item);
    if (bytes > b->bytes_max || b->bytes > b->bytes_max - bytes)
        return ERR_FULL;
    TRY(grow(b, 1));
    TRY(buf_reserve(&b->names, pubsub_topic.len + content_topic.len));
    TRY(buf_append(&b->names, pubsub_topic));
    TRY(buf_append(&b->names, content_topic));
    blob_ref(holder);
    b->items[b->count++] = item;
    b->bytes += bytes;
    return OK;
}

enum err archive_batch_merge(struct archive_batch *to, struct archive_batch *from)
{
    assert(to != from);
    if (from->bytes > to->bytes_max || to->bytes > to->bytes_max - from->bytes)
        return ERR_FULL;
    TRY(grow(to, from->count));
    size_t shift = to->names.len;
    TRY(buf_append(&to->names, buf_span(&from->names)));
    for (size_t i = 0; i < from->count; i++) {
        to->items[to->count] = from->items[i];
        to->items[to->count++].names += shift;
    }
    to->bytes += from->bytes;
    from->count = 0; /* the references moved */
    archive_batch_reset(from);
    return OK;
}

size_t archive_batch_count(const struct archive_batch *b)
{
    return b->count;
}

size_t archive_batch_bytes(const struct archive_batch *b)
{
    return b->bytes;
}

struct archive_entry archive_batch_entry(const struct archive_batch *b, size_t i)
{
    assert(i < b->count);
    const struct batch_item *item = &b->items[i];
    struct span names = buf_span(&b->names);
    struct archive_entry e = {
        .timestamp_ns = item->timestamp_ns,
        .pubsub_topic = span_sub(names, item->names, item->pubsub_len),
        .content_topic = span_sub(names, item->names + item->pubsub_len, item->content_len),
        .message = item->message,
    };
    memcpy(e.hash, item->hash, ARCHIVE_HASH_BYTES);
    return e;
}

enum archive_outcome archive_batch_outcome(const struct archive_batch *b, size_t i)
{
    assert(i < b->count);
    return b->items[i].outcome;
}

int entry_cmp(int64_t a_ns, const uint8_t *a_hash, int64_t b_ns, const uint8_t *b_hash)
{
    if (a_ns != b_ns)
        return a_ns < b_ns ? -1 : 1;
    return memcmp(a_hash, b_hash, ARCHIVE_HASH_BYTES);
}

static int by_entry(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    int order =
        entry_cmp(x->item->timestamp_ns, x->item->hash, y->item->timestamp_ns, y->item->hash);
    if (order != 0)
        return order;
    return x->index < y->index ? -1 : x->index > y->index;
}

size_t batch_sort(const struct archive_batch *b, size_t *sorted, bool *twice)
{
    struct order *orders = malloc(b->count * sizeof *orders);
    size_t n = 0;
    if (orders == NULL)
        return SIZE_MAX;
    for (size_t i = 0; i < b->count; i++)
        orders[i] = (struct order){&b->items[i], i};
    qsort(orders, b->count, sizeof *orders, by_entry);
    for (size_t i = 0; i < b->count; i++) {
        const struct batch_item *item = orders[i].item;
        bool same = i > 0 && memcmp(orders[i - 1].item->hash, item->hash, ARCHIVE_HASH_BYTES) == 0;
        twice[orders[i].index] = same;
        if (!same)
            sorted[n++] = orders[i].index;
    }
    free(orders);
    return n;
}
