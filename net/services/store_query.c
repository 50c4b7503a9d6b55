/* The messages of store-query 3.0.0 (13/WAKU2-STORE, "Payloads"). */
#include "net/services/store_query.h"

#include "net/wire/protobuf.h"

#include <stdlib.h>

const struct store_proto store_query_proto = {
    .id = STORE_QUERY_PROTOCOL,
    .request_bytes_max = STORE_QUERY_REQUEST_BYTES_MAX,
    .answer_bytes_max = STORE_QUERY_ANSWER_BYTES_MAX,
};

const char *store_status_text(enum store_status status)
{
    switch (status) {
    case STORE_STATUS_OK:
        return "OK";
    case STORE_STATUS_FAILED:
        return "BAD_RESPONSE";
    case STORE_STATUS_BAD_REQUEST:
        return "BAD_REQUEST";
    case STORE_STATUS_TOO_MANY:
        return "TOO_MANY_REQUESTS";
    case STORE_STATUS_UNAVAILABLE:
        return "SERVICE_UNAVAILABLE";
    case STORE_STATUS_DIAL:
        return "PEER_DIAL_FAILURE";
    }
    return "UNKNOWN";
}

void store_query_clear(struct store_query *q)
{
    free(q->hashes);
    *q = (struct store_query){0};
}

/* ---- requests ---- */

static enum err add_hash(struct store_query *q, struct span hash, const char **why)
{
    if (hash.len != 32) {
        *why = "a message hash is not of 32 bytes";
        return ERR_FORMAT;
    }
    if (q->hashes_count == STORE_QUERY_HASHES_MAX) {
        *why = "too many message hashes";
        return ERR_LIMIT;
    }
    size_t n = q->hashes_count;
    if ((n & (n - 1)) == 0) { /* grow at powers of two */
        uint8_t(*more)[32] = realloc(q->hashes, (n == 0 ? 1 : 2 * n) * 32);
        if (more == NULL)
            return ERR_MEMORY;
        q->hashes = more;
    }
    memcpy(q->hashes[q->hashes_count++], hash.ptr, 32);
    return OK;
}

static enum err add_topic(struct store_query *q, struct span topic, const char **why)
{
    if (q->content_topics_count == STORE_QUERY_TOPICS_MAX) {
        *why = "too many content topics";
        return ERR_LIMIT;
    }
    if (topic.len > STORE_QUERY_TOPIC_BYTES_MAX) {
        *why = "a content topic is too long";
        return ERR_LIMIT;
    }
    q->content_topics[q->content_topics_count++] = topic;
    return OK;
}

static enum err set_cursor(struct store_query *q, struct span cursor, const char **why)
{
    static const uint8_t zeros[32];
    if (cursor.len == 0)
        return OK; /* as some encoders write an absent one */
    if (cursor.len != 32 || memcmp(cursor.ptr, zeros, 32) == 0) {
        *why = "invalid cursor";
        return ERR_FORMAT;
    }
    q->has_cursor = true;
    memcpy(q->cursor, cursor.ptr, 32);
    return OK;
}

static enum err set_pubsub(struct store_query *q, struct span topic, const char **why)
{
    if (topic.len > STORE_QUERY_TOPIC_BYTES_MAX) {
        *why = "the pubsub topic is too long";
        return ERR_LIMIT;
    }
    q->pubsub_topic = topic;
    q->has_pubsub_topic = topic.len > 0;
    return OK;
}

static enum err set_id(struct store_query *q, struct span id, const char **why)
{
    if (id.len > STORE_QUERY_ID_BYTES_MAX) {
        *why = "the request id is too long";
        return ERR_LIMIT;
    }
    q->request_id = id;
    return OK;
}

static enum err query_field(struct pb *p, const struct pb_field *f, struct store_query *q,
                            const char **why)
{
    switch (f->number) {
    case 1:
        return set_id(q, pb_bytes(p, f), why);
    case 2:
        q->include_data = pb_bool(p, f);
        return OK;
    case 10:
        return set_pubsub(q, pb_bytes(p, f), why);
    case 11:
        return add_topic(q, pb_bytes(p, f), why);
    case 12:
        q->time_start_ns = pb_sint64(p, f);
        q->has_time_start = true;
        return OK;
    case 13:
        q->time_end_ns = pb_sint64(p, f);
        q->has_time_end = true;
        return OK;
    case 20:
        return add_hash(q, pb_bytes(p, f), why);
    case 51:
        return set_cursor(q, pb_bytes(p, f), why);
    case 52:
        q->forward = pb_bool(p, f);
        return OK;
    case 53:
        q->limit = pb_u64(p, f);
        q->has_limit = true;
        return OK;
    }
    return OK; /* unknown fields are for others */
}

static enum err decode_fields(struct span in, struct store_query *q, const char **why)
{
    struct pb p = pb_of(in);
    if (in.len > STORE_QUERY_REQUEST_BYTES_MAX) {
        *why = "the request is too large";
        return ERR_LIMIT;
    }
    for (struct pb_field f; pb_next(&p, &f);)
        TRY(query_field(&p, &f, q, why));
    TRY(pb_status(&p));
    if (q->request_id.len > 0)
        return OK;
    *why = "missing required field request_id";
    return ERR_FORMAT;
}

enum err store_query_decode(struct span in, struct store_query *out, const char **why)
{
    *out = (struct store_query){0};
    *why = "malformed protobuf";
    enum err err = decode_fields(in, out, why);
    if (err != OK) {
        struct span id = out->request_id;
        store_query_clear(out);
        out->request_id = id;
    }
    return err;
}

enum err store_query_encode(const struct store_query *q, struct buf *out)
{
    struct writer w = writer_to(out);
    pb_put_bytes(&w, 1, q->request_id);
    pb_put_bool(&w, 2, q->include_data);
    if (q->has_pubsub_topic)
        pb_put_bytes(&w, 10, q->pubsub_topic);
    for (size_t i = 0; i < q->content_topics_count; i++)
        pb_put_bytes(&w, 11, q->content_topics[i]);
    if (q->has_time_start)
        pb_put_sint64(&w, 12, q->time_start_ns);
    if (q->has_time_end)
        pb_put_sint64(&w, 13, q->time_end_ns);
    for (size_t i = 0; i < q->hashes_count; i++)
        pb_put_bytes(&w, 20, SPAN_ARRAY(q->hashes[i]));
    if (q->has_cursor)
        pb_put_bytes(&w, 51, SPAN_ARRAY(q->cursor));
    pb_put_bool(&w, 52, q->forward);
    if (q->has_limit)
        pb_put_u64(&w, 53, q->limit);
    return writer_status(&w);
}

static struct span kept(struct buf *keep, struct span s)
{
    size_t at = keep->len;
    enum err err = buf_append(keep, s);
    assert(err == OK); /* reserved before, so nothing moves */
    return span_sub(buf_span(keep), at, s.len);
}

enum err store_query_copy(const struct store_query *q, struct store_query *out, struct buf *keep)
{
    size_t bytes = q->request_id.len + q->pubsub_topic.len;
    for (size_t i = 0; i < q->content_topics_count; i++)
        bytes += q->content_topics[i].len;
    buf_reset(keep);
    TRY(buf_reserve(keep, bytes));
    uint8_t(*hashes)[32] = NULL;
    if (q->hashes_count > 0) {
        hashes = malloc(q->hashes_count * 32);
        if (hashes == NULL)
            return ERR_MEMORY;
        memcpy(hashes, q->hashes, q->hashes_count * 32);
    }
    *out = *q;
    out->hashes = hashes;
    out->request_id = kept(keep, q->request_id);
    out->pubsub_topic = kept(keep, q->pubsub_topic);
    for (size_t i = 0; i < q->content_topics_count; i++)
        out->content_topics[i] = kept(keep, q->content_topics[i]);
    return OK;
}

/* ---- answers ---- */

static enum err decode_entry(struct span in, struct store_entry *e)
{
    struct pb p = pb_of(in);
    struct span hash = SPAN_EMPTY;
    bool has_message = false, has_topic = false;
    for (struct pb_field f; pb_next(&p, &f);)
        switch (f.number) {
        case 1:
            hash = pb_bytes(&p, &f);
            break;
        case 2:
            e->message = pb_bytes(&p, &f);
            has_message = true;
            break;
        case 3:
            e->pubsub_topic = pb_bytes(&p, &f);
            has_topic = true;
            break;
        }
    TRY(pb_status(&p));
    if (hash.len != 32)
        return ERR_FORMAT;
    memcpy(e->hash, hash.ptr, 32);
    e->has_data = has_message && has_topic;
    return OK;
}

static enum err answer_field(struct pb *p, const struct pb_field *f, struct store_answer *a)
{
    struct span s;
    switch (f->number) {
    case 1:
        a->request_id = pb_bytes(p, f);
        return a->request_id.len <= STORE_QUERY_ID_BYTES_MAX ? OK : ERR_LIMIT;
    case 10:
        a->status = pb_u32(p, f);
        return OK;
    case 11:
        a->status_desc = pb_bytes(p, f);
        if (a->status_desc.len > STORE_QUERY_DESC_BYTES_MAX)
            a->status_desc.len = STORE_QUERY_DESC_BYTES_MAX;
        return OK;
    case 20:
        s = pb_bytes(p, f);
        if (a->count == STORE_QUERY_PAGE_MAX)
            return ERR_LIMIT;
        return decode_entry(s, &a->entries[a->count++]);
    case 51:
        s = pb_bytes(p, f);
        if (s.len != 0 && s.len != 32)
            return ERR_FORMAT;
        a->has_cursor = s.len == 32;
        if (a->has_cursor)
            memcpy(a->cursor, s.ptr, 32);
        return OK;
    }
    return OK;
}

enum err store_answer_decode(struct span in, struct store_answer *out)
{
    struct pb p = pb_of(in);
    *out = (struct store_answer){0};
    if (in.len > STORE_QUERY_ANSWER_BYTES_MAX)
        return ERR_LIMIT;
    for (struct pb_field f; pb_next(&p, &f);)
        TRY(answer_field(&p, &f, out));
    return pb_status(&p);
}

enum err store_answer_encode(const struct store_answer *a, struct buf *out)
{
    struct writer w = writer_to(out);
    pb_put_bytes(&w, 1, a->request_id);
    pb_put_u64(&w, 10, a->status);
    pb_put_bytes(&w, 11, a->status_desc);
    for (size_t i = 0; i < a->count; i++) {
        const struct store_entry *e = &a->entries[i];
        size_t begun = pb_begin(&w, 20);
        pb_put_bytes(&w, 1, SPAN_ARRAY(e->hash));
        if (e->has_data) {
            pb_put_bytes(&w, 2, e->message);
            pb_put_bytes(&w, 3, e->pubsub_topic);
        }
        pb_end(&w, begun);
    }
    if (a->has_cursor)
        pb_put_bytes(&w, 51, SPAN_ARRAY(a->cursor));
    return writer_status(&w);
}
