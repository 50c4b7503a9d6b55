/* The messages of filter-subscribe and filter-push 2.0.0-beta1 (12/WAKU2-FILTER, "Protobuf"). */
#include "net/services/filter.h"

#include "net/wire/protobuf.h"
#include "net/wire/varint.h"

/* ---- requests ---- */

static enum err set_id(struct filter_request *r, struct span id, const char **why)
{
    if (id.len > FILTER_ID_BYTES_MAX) {
        *why = "the request id is too long";
        return ERR_LIMIT;
    }
    r->request_id = id;
    return OK;
}

static enum err set_kind(struct filter_request *r, uint64_t kind, const char **why)
{
    if (kind >= FILTER_KINDS) {
        *why = "unknown filter_subscribe_type";
        return ERR_FORMAT;
    }
    r->kind = (enum filter_kind)kind;
    return OK;
}

static enum err set_topic(struct span *to, struct span topic, const char **why)
{
    if (topic.len > FILTER_TOPIC_BYTES_MAX) {
        *why = "a topic is too long";
        return ERR_LIMIT;
    }
    *to = topic;
    return OK;
}

static enum err add_topic(struct filter_request *r, struct span topic, const char **why)
{
    if (topic.len == 0) {
        *why = "a content topic is empty";
        return ERR_FORMAT;
    }
    if (r->count == FILTER_TOPICS_MAX) {
        *why = "exceeds maximum content topics: 100"; /* nwaku's words */
        return ERR_LIMIT;
    }
    return set_topic(&r->content_topics[r->count++], topic, why);
}

static enum err request_field(struct pb *p, const struct pb_field *f, struct filter_request *r,
                              const char **why)
{
    switch (f->number) {
    case 1:
        return set_id(r, pb_bytes(p, f), why);
    case 2:
        return set_kind(r, pb_u64(p, f), why);
    case 10:
        return set_topic(&r->pubsub_topic, pb_bytes(p, f), why);
    case 11:
        return add_topic(r, pb_bytes(p, f), why);
    default:
        return OK;
    }
}

enum err filter_request_decode(struct span in, struct filter_request *out, const char **why)
{
    struct pb p = pb_of(in);
    enum err err = OK;

    *out = (struct filter_request){.kind = FILTER_PING};
    *why = "";
    for (struct pb_field f; err == OK && pb_next(&p, &f);)
        err = request_field(&p, &f, out, why);
    if (err == OK && (err = pb_status(&p)) != OK)
        *why = "malformed request";
    if (err == OK && out->request_id.len == 0) {
        *why = "missing request_id";
        err = ERR_FORMAT;
    }
    return err;
}

enum err filter_request_encode(const struct filter_request *r, struct buf *out)
{
    struct writer w = writer_to(out);

    pb_put_bytes(&w, 1, r->request_id);
    pb_put_u64(&w, 2, r->kind);
    if (r->pubsub_topic.len > 0)
        pb_put_bytes(&w, 10, r->pubsub_topic);
    for (size_t i = 0; i < r->count; i++)
        pb_put_bytes(&w, 11, r->content_topics[i]);
    return writer_status(&w);
}

/* ---- answers ---- */

enum err filter_answer_decode(struct span in, struct filter_answer *out)
{
    struct pb p = pb_of(in);

    *out = (struct filter_answer){0};
    for (struct pb_field f; pb_next(&p, &f);)
        switch (f.number) {
        case 1:
            out->request_id = pb_bytes(&p, &f);
            break;
        case 10:
            out->status = pb_u32(&p, &f);
            break;
        case 11:
            out->desc = pb_bytes(&p, &f);
            break;
        default:
            break;
        }
    TRY(pb_status(&p));
    if (out->desc.len > FILTER_DESC_BYTES_MAX)
        out->desc.len = FILTER_DESC_BYTES_MAX;
    return out->status == 0 ? ERR_FORMAT : OK;
}

enum err filter_answer_encode(const struct filter_answer *a, struct buf *out)
{
    struct writer w = writer_to(out);

    pb_put_bytes(&w, 1, a->request_id);
    pb_put_u64(&w, 10, a->status);
    if (a->desc.len > 0)
        pb_put_bytes(&w, 11, a->desc);
    return writer_status(&w);
}

/* ---- pushes ---- */

enum err filter_push_decode(struct span in, struct filter_push *out)
{
    struct pb p = pb_of(in);

    *out = (struct filter_push){0};
    for (struct pb_field f; pb_next(&p, &f);)
        switch (f.number) {
        case 1:
            out->message = pb_bytes(&p, &f);
            break;
        case 2:
            out->pubsub_topic = pb_bytes(&p, &f);
            break;
        default:
            break;
        }
    TRY(pb_status(&p));
    return out->message.len == 0 || out->pubsub_topic.len == 0 ? ERR_FORMAT : OK;
}

/* One copy of the message, for all who get it. */
struct blob *filter_push_frame(const struct filter_push *p)
{
    size_t len = pb_head_size(1, p->message.len) + p->message.len +
                 pb_head_size(2, p->pubsub_topic.len) + p->pubsub_topic.len;
    uint8_t head[10];
    struct buf b = BUF_INIT(len + sizeof head);
    struct writer w = writer_to(&b);

    write_bytes(&w, span_of(head, varint_encode(len, head)));
    pb_put_bytes(&w, 1, p->message);
    pb_put_bytes(&w, 2, p->pubsub_topic);
    struct blob *frame = writer_status(&w) == OK ? blob_new(buf_span(&b)) : NULL;
    buf_clear(&b);
    return frame;
}
