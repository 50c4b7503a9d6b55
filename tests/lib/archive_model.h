/* For tests of the archive: temporary folders, made-up entries, and a model so simple that it is
 * plainly right, to compare answers with. */
#pragma once

#include "store/archive.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODEL_MAX 8192u

struct model_entry {
    uint8_t hash[32];
    int64_t timestamp_ns;
    char pubsub[32], content[48];
    uint8_t message[600];
    size_t message_len;
};

struct model {
    struct model_entry entries[MODEL_MAX]; /* by (time, hash) */
    size_t count;
};

static inline uint64_t model_mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Entry number `n` of a world with `topics` content topics: everything follows from n, so that
 * equal hashes have equal times. Times repeat, and some hashes share their first eight bytes. */
static inline void model_make(struct model_entry *e, uint64_t n, unsigned topics)
{
    uint64_t r = model_mix(n);
    memset(e, 0, sizeof *e);
    for (size_t i = 0; i < 4; i++) {
        uint64_t part = model_mix(n * 4 + i);
        memcpy(e->hash + 8 * i, &part, 8);
    }
    if (r % 7 == 0)
        memset(e->hash, (int)(r >> 8 & 3), 8);
    e->timestamp_ns = (int64_t)(r >> 16 & 0x3ff) - 16;
    snprintf(e->pubsub, sizeof e->pubsub, "/waku/2/rs/66/%u", (unsigned)(r >> 32 & 3));
    snprintf(e->content, sizeof e->content, "/test/1/%u/proto", (unsigned)((r >> 40) % topics));
    e->message_len = r >> 50 & 0x1ff;
    for (size_t i = 0; i < e->message_len; i++)
        e->message[i] = (uint8_t)(r >> (i % 8) * 8);
}

static inline int model_cmp(const struct model_entry *a, int64_t ns, const uint8_t *hash)
{
    if (a->timestamp_ns != ns)
        return a->timestamp_ns < ns ? -1 : 1;
    return memcmp(a->hash, hash, 32);
}

/* false: it was there */
static inline bool model_put(struct model *m, const struct model_entry *e)
{
    size_t at = 0;
    while (at < m->count && model_cmp(&m->entries[at], e->timestamp_ns, e->hash) < 0)
        at++;
    if (at < m->count && model_cmp(&m->entries[at], e->timestamp_ns, e->hash) == 0)
        return false;
    assert(m->count < MODEL_MAX);
    memmove(&m->entries[at + 1], &m->entries[at], (m->count - at) * sizeof *e);
    m->entries[at] = *e;
    m->count++;
    return true;
}

static inline bool model_wants(const struct archive_query *q, const struct model_entry *e)
{
    bool topic = q->content_topics_count == 0, hash = q->hashes_count == 0;
    for (size_t i = 0; i < q->content_topics_count; i++)
        topic = topic || span_eq(q->content_topics[i], span_str(e->content));
    for (size_t i = 0; i < q->hashes_count; i++)
        hash = hash || memcmp(q->hashes[i], e->hash, 32) == 0;
    return topic && hash && e->timestamp_ns >= q->time_start_ns &&
           e->timestamp_ns <= q->time_end_ns &&
           (q->pubsub_topic.len == 0 || span_eq(q->pubsub_topic, span_str(e->pubsub)));
}

/* The page as pointers into the model, ascending; ERR_NOT_FOUND as archive_query. */
static inline enum err model_query(const struct model *m, const struct archive_query *q,
                                   const struct model_entry **page, size_t *count, bool *more)
{
    const struct model_entry *cursor = NULL;
    size_t limit = q->limit == 0 ? 20 : q->limit > 100 ? 100 : q->limit;
    *count = 0;
    *more = false;
    for (size_t i = 0; q->cursor != NULL && i < m->count; i++)
        if (memcmp(m->entries[i].hash, q->cursor, 32) == 0)
            cursor = &m->entries[i];
    if (q->cursor != NULL && cursor == NULL)
        return ERR_NOT_FOUND;
    for (size_t i = 0; i < m->count && !*more; i++) {
        const struct model_entry *e = &m->entries[q->forward ? i : m->count - 1 - i];
        if (!model_wants(q, e) || (cursor != NULL && (q->forward ? e <= cursor : e >= cursor)))
            continue;
        *more = *count == limit;
        if (!*more)
            page[(*count)++] = e;
    }
    for (size_t i = 0; !q->forward && i < *count / 2; i++) {
        const struct model_entry *e = page[i];
        page[i] = page[*count - 1 - i];
        page[*count - 1 - i] = e;
    }
    return OK;
}

/* Does the archive answer as the model does? */
static inline bool model_agrees(const struct model *m, struct archive *a,
                                const struct archive_query *q, struct archive_page *p)
{
    const struct model_entry *want[100];
    size_t count;
    bool more;
    enum err wanted = model_query(m, q, want, &count, &more), got = archive_query(a, q, p);
    if (wanted != got)
        return false;
    if (wanted != OK)
        return true;
    if (p->count != count || p->more != more)
        return false;
    if (more && memcmp(p->cursor, want[q->forward ? count - 1 : 0]->hash, 32) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct archive_entry *e = &p->entries[i];
        if (memcmp(e->hash, want[i]->hash, 32) != 0 || e->timestamp_ns != want[i]->timestamp_ns)
            return false;
        if (!q->include_data
                ? e->message.len != 0
                : !span_eq(e->message, span_of(want[i]->message, want[i]->message_len)))
            return false;
        if (!q->include_data && !q->include_topics
                ? e->pubsub_topic.len + e->content_topic.len != 0
                : !span_eq(e->pubsub_topic, span_str(want[i]->pubsub)) ||
                      !span_eq(e->content_topic, span_str(want[i]->content)))
            return false;
    }
    return true;
}

static inline enum err model_add(struct archive_batch *b, const struct model_entry *e)
{
    struct blob *message = blob_new(span_of(e->message, e->message_len));
    if (message == NULL)
        return ERR_MEMORY;
    enum err err = archive_batch_add(b, e->hash, e->timestamp_ns, span_str(e->pubsub),
                                     span_str(e->content), message, blob_span(message));
    blob_unref(message);
    return err;
}

/* A new folder below build/, and its removal with all files in it. */
static inline void model_folder(char path[64])
{
    mkdir("build", 0755);
    snprintf(path, 64, "build/test-store-XXXXXX");
    if (mkdtemp(path) == NULL)
        abort();
}

static inline void model_folder_remove(const char *path)
{
    DIR *dir = opendir(path);
    char file[512];
    for (struct dirent *d; dir != NULL && (d = readdir(dir)) != NULL;)
        if (d->d_name[0] != '.') {
            snprintf(file, sizeof file, "%s/%s", path, d->d_name);
            unlink(file);
        }
    if (dir != NULL)
        closedir(dir);
    rmdir(path);
}
