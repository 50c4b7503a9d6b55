/* Export and import: one file that any archive can read, whatever its segments are.
 *
 *     "sotto-archive 1\n"
 *     per entry: 'e', hash 32, time 8, pubsub length 2, content length 2, message length 4,
 *                pubsub, content, message
 *     'z', number of entries 8
 */
#include "store/batch.h"
#include "store/layout.h"

#include <errno.h>
#include <stdlib.h>

#define DUMP_MAGIC       "sotto-archive 1\n"
#define DUMP_HEAD_BYTES  48u
#define DUMP_BATCH_BYTES (8u << 20)

static enum err put(FILE *to, const void *bytes, size_t len)
{
    if (len == 0 || fwrite(bytes, 1, len, to) == len)
        return OK;
    return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
}

static enum err put_entry(FILE *to, const struct archive_entry *e)
{
    uint8_t head[1 + DUMP_HEAD_BYTES] = {'e'};
    memcpy(head + 1, e->hash, ARCHIVE_HASH_BYTES);
    put_time(head + 33, e->timestamp_ns);
    put_be(head + 41, e->pubsub_topic.len, 2);
    put_be(head + 43, e->content_topic.len, 2);
    put_be(head + 45, e->message.len, 4);
    TRY(put(to, head, sizeof head));
    TRY(put(to, e->pubsub_topic.ptr, e->pubsub_topic.len));
    TRY(put(to, e->content_topic.ptr, e->content_topic.len));
    return put(to, e->message.ptr, e->message.len);
}

static enum err put_all(struct archive *a, FILE *to, struct archive_page *p,
                        struct archive_report *out)
{
    struct archive_query q = ARCHIVE_QUERY_ALL;
    uint8_t tail[9] = {'z'}, cursor[ARCHIVE_HASH_BYTES];
    q.limit = ARCHIVE_PAGE_MAX;
    TRY(put(to, DUMP_MAGIC, sizeof DUMP_MAGIC - 1));
    do {
        TRY(archive_query(a, &q, p));
        for (size_t i = 0; i < p->count; i++)
            TRY(put_entry(to, &p->entries[i]));
        out->entries += p->count;
        memcpy(cursor, p->cursor, sizeof cursor);
        q.cursor = cursor;
    } while (p->more);
    put_be(tail + 1, out->entries, 8);
    TRY(put(to, tail, sizeof tail));
    return fflush(to) == 0 ? OK : errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
}

enum err archive_export(struct archive *a, FILE *to, struct archive_report *out)
{
    struct archive_page *p = malloc(sizeof *p);
    *out = (struct archive_report){0};
    if (p == NULL)
        return ERR_MEMORY;
    archive_page_init(p);
    enum err err = put_all(a, to, p, out);
    archive_page_clear(p);
    free(p);
    return err;
}

struct import {
    struct archive *archive;
    FILE *from;
    archive_check *check;
    void *state;
    struct archive_batch *batch;
    struct archive_report *report;
};

static enum err get(FILE *from, void *bytes, size_t len)
{
    if (len == 0 || fread(bytes, 1, len, from) == len)
        return OK;
    return ferror(from) ? ERR_IO : ERR_FORMAT;
}

static enum err commit(struct import *im)
{
    TRY(archive_commit(im->archive, im->batch));
    for (size_t i = 0; i < archive_batch_count(im->batch); i++)
        switch (archive_batch_outcome(im->batch, i)) {
        case ARCHIVE_STORED:
            im->report->stored++;
            break;
        case ARCHIVE_DUPLICATE:
            im->report->duplicates++;
            break;
        case ARCHIVE_REFUSED:
        case ARCHIVE_WAITING:
            im->report->refused++;
            break;
        }
    archive_batch_reset(im->batch);
    return OK;
}

static enum err take_entry(struct import *im, const struct archive_entry *e, struct blob *message)
{
    if (im->check != NULL && !im->check(im->state, e)) {
        report_broken(im->report, "hash does not fit the message", e->hash);
        return ERR_AUTH;
    }
    im->report->entries++;
    enum err err = archive_batch_add(im->batch, e->hash, e->timestamp_ns, e->pubsub_topic,
                                     e->content_topic, message, blob_span(message));
    if (err != ERR_FULL)
        return err;
    TRY(commit(im));
    return archive_batch_add(im->batch, e->hash, e->timestamp_ns, e->pubsub_topic, e->content_topic,
                             message, blob_span(message));
}

static enum err get_entry(struct import *im)
{
    uint8_t head[DUMP_HEAD_BYTES], names[2 * ARCHIVE_TOPIC_BYTES_MAX];
    TRY(get(im->from, head, sizeof head));
    size_t pubsub = get_be(head + 40, 2), content = get_be(head + 42, 2);
    size_t len = get_be(head + 44, 4);
    if (pubsub > ARCHIVE_TOPIC_BYTES_MAX || content > ARCHIVE_TOPIC_BYTES_MAX ||
        len > ARCHIVE_MESSAGE_BYTES_MAX)
        return ERR_FORMAT;
    TRY(get(im->from, names, pubsub + content));
    struct blob *message = blob_alloc(len);
    if (message == NULL)
        return ERR_MEMORY;
    enum err err = get(im->from, message->bytes, len);
    struct archive_entry e = {.timestamp_ns = get_time(head + 32),
                              .pubsub_topic = span_of(names, pubsub),
                              .content_topic = span_of(names + pubsub, content),
                              .message = blob_span(message)};
    memcpy(e.hash, head, ARCHIVE_HASH_BYTES);
    if (err == OK)
        err = take_entry(im, &e, message);
    blob_unref(message);
    return err;
}

static enum err get_all(struct import *im)
{
    uint8_t magic[sizeof DUMP_MAGIC - 1], tag, count[8];
    TRY(get(im->from, magic, sizeof magic));
    if (memcmp(magic, DUMP_MAGIC, sizeof magic) != 0)
        return ERR_FORMAT;
    for (;;) {
        TRY(get(im->from, &tag, 1));
        if (tag == 'z')
            break;
        if (tag != 'e')
            return ERR_FORMAT;
        TRY(get_entry(im));
    }
    TRY(get(im->from, count, sizeof count));
    TRY(commit(im));
    return get_be(count, 8) == im->report->entries ? OK : ERR_FORMAT;
}

enum err archive_import(struct archive *a, FILE *from, archive_check *check, void *state,
                        struct archive_report *out)
{
    struct import im = {a, from, check, state, archive_batch_new(DUMP_BATCH_BYTES), out};
    *out = (struct archive_report){0};
    if (im.batch == NULL)
        return ERR_MEMORY;
    enum err err = get_all(&im);
    archive_batch_free(im.batch);
    return err;
}
