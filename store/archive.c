/* The door: calls go through the table of the implementation; pages and queries are common. */
#include "store/archive.h"

#include "crypto/base/hex.h"
#include "store/batch.h"

#include <stdlib.h>

void archive_close(struct archive *a)
{
    if (a != NULL)
        a->ops->close(a);
}

enum err archive_commit(struct archive *a, struct archive_batch *b)
{
    return b->count == 0 ? OK : a->ops->commit(a, b);
}

enum err archive_query(struct archive *a, const struct archive_query *q, struct archive_page *p)
{
    p->count = 0;
    p->more = false;
    buf_reset(&p->bytes);
    if (q->content_topics_count > ARCHIVE_TOPICS_MAX || q->hashes_count > ARCHIVE_HASHES_MAX)
        return ERR_LIMIT;
    return a->ops->query(a, q, p);
}

enum err archive_stats(struct archive *a, struct archive_stats *out)
{
    return a->ops->stats(a, out);
}

enum err archive_segment_stats(struct archive *a, size_t *cursor, struct archive_stats *out,
                               char name[64])
{
    return a->ops->segment_stats(a, cursor, out, name);
}

enum err archive_retain(struct archive *a, const struct retention *keep, int64_t now_ns,
                        struct archive_stats *removed)
{
    struct archive_stats ignored;
    removed = removed == NULL ? &ignored : removed;
    *removed = (struct archive_stats){0};
    return a->ops->retain(a, keep, now_ns, removed);
}

enum err archive_verify(struct archive *a, archive_check *check, void *state,
                        struct archive_report *out)
{
    *out = (struct archive_report){0};
    return a->ops->verify(a, check, state, out);
}

void report_broken(struct archive_report *r, const char *text, const uint8_t *hash)
{
    char hex[2 * ARCHIVE_HASH_BYTES + 1] = "";
    if (r->broken++ > 0)
        return;
    if (hash != NULL)
        hex_encode(span_of(hash, ARCHIVE_HASH_BYTES), hex);
    snprintf(r->first, sizeof r->first, "%s%s%s", text, hash == NULL ? "" : " ", hex);
}

void archive_page_init(struct archive_page *p)
{
    p->count = 0;
    p->more = false;
    buf_init(&p->bytes, ARCHIVE_PAGE_BYTES_MAX + ARCHIVE_MESSAGE_BYTES_MAX);
}

void archive_page_clear(struct archive_page *p)
{
    buf_clear(&p->bytes);
    archive_page_init(p);
}

size_t query_limit(const struct archive_query *q)
{
    if (q->limit == 0)
        return ARCHIVE_PAGE_DEFAULT;
    return q->limit < ARCHIVE_PAGE_MAX ? q->limit : ARCHIVE_PAGE_MAX;
}

size_t query_page_bytes(const struct archive_query *q)
{
    bool given = q->page_bytes > 0 && q->page_bytes < ARCHIVE_PAGE_BYTES_MAX;
    return given ? q->page_bytes : ARCHIVE_PAGE_BYTES_MAX;
}

bool query_topics_match(const struct archive_query *q, struct span content, struct span pubsub)
{
    if (q->pubsub_topic.len > 0 && !span_eq(q->pubsub_topic, pubsub))
        return false;
    for (size_t i = 0; i < q->content_topics_count; i++)
        if (span_eq(q->content_topics[i], content))
            return true;
    return q->content_topics_count == 0;
}

bool query_wants_topics(const struct archive_query *q)
{
    return q->include_data || q->include_topics;
}

static struct span copied(struct archive_page *p, struct span from)
{
    size_t at = p->bytes.len;
    enum err err = buf_append(&p->bytes, from);
    assert(err == OK); /* the room was reserved, so nothing moves */
    return span_sub(buf_span(&p->bytes), at, from.len);
}

enum err page_fill(struct archive_page *p, const struct archive_query *q, const struct found *f,
                   size_t count, bool more)
{
    size_t total = 0;
    assert(count <= ARCHIVE_PAGE_MAX);
    for (size_t i = 0; query_wants_topics(q) && i < count; i++)
        total += f[i].pubsub_topic.len + f[i].content_topic.len +
                 (q->include_data ? f[i].message.len : 0);
    TRY(buf_reserve(&p->bytes, total));
    for (size_t i = 0; i < count; i++) {
        const struct found *from = &f[q->forward ? i : count - 1 - i];
        struct archive_entry *e = &p->entries[i];
        *e = (struct archive_entry){.timestamp_ns = from->timestamp_ns};
        memcpy(e->hash, from->hash, ARCHIVE_HASH_BYTES);
        if (query_wants_topics(q)) {
            e->pubsub_topic = copied(p, from->pubsub_topic);
            e->content_topic = copied(p, from->content_topic);
        }
        if (q->include_data)
            e->message = copied(p, from->message);
    }
    p->count = count;
    p->more = more && count > 0;
    if (p->more)
        memcpy(p->cursor, f[count - 1].hash, ARCHIVE_HASH_BYTES);
    return OK;
}

struct query_copy {
    struct archive_query query;
    struct span topics[ARCHIVE_TOPICS_MAX];
    uint8_t cursor[ARCHIVE_HASH_BYTES];
    uint8_t bytes[]; /* hashes, then topics */
};

static struct span keep(uint8_t **at, struct span from)
{
    uint8_t *to = *at;
    if (from.len > 0)
        memcpy(to, from.ptr, from.len);
    *at += from.len;
    return span_of(to, from.len);
}

struct archive_query *archive_query_copy(const struct archive_query *q)
{
    if (q->content_topics_count > ARCHIVE_TOPICS_MAX || q->hashes_count > ARCHIVE_HASHES_MAX)
        return NULL;
    size_t bytes = q->pubsub_topic.len + q->hashes_count * ARCHIVE_HASH_BYTES;
    for (size_t i = 0; i < q->content_topics_count; i++)
        bytes += q->content_topics[i].len;
    struct query_copy *c = malloc(sizeof *c + bytes);
    if (c == NULL)
        return NULL;
    uint8_t *at = c->bytes;
    c->query = *q;
    c->query.hashes = (const uint8_t(*)[ARCHIVE_HASH_BYTES])(void *)at;
    if (q->hashes_count > 0)
        keep(&at, span_of(q->hashes, q->hashes_count * ARCHIVE_HASH_BYTES));
    c->query.pubsub_topic = keep(&at, q->pubsub_topic);
    for (size_t i = 0; i < q->content_topics_count; i++)
        c->topics[i] = keep(&at, q->content_topics[i]);
    c->query.content_topics = c->topics;
    if (q->cursor != NULL)
        c->query.cursor = memcpy(c->cursor, q->cursor, ARCHIVE_HASH_BYTES);
    return &c->query;
}

void archive_query_free(struct archive_query *q)
{
    free(q); /* the first member of struct query_copy */
}
