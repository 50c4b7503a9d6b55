/* The bytes of both versions. */
#include "net/services/lightpush.h"

#include "net/wire/protobuf.h"

const char *lightpush_status_text(uint32_t status)
{
    static const struct {
        uint32_t code;
        const char *text;
    } rows[] = {
#define X(name, code, text) {code, text},
        LIGHTPUSH_STATUSES(X)
#undef X
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].code == status)
            return rows[i].text;
    return "unknown status";
}

static void set_desc(struct lightpush_result *r, struct span text)
{
    size_t n = text.len < sizeof r->desc ? text.len : sizeof r->desc - 1;
    if (n > 0)
        memcpy(r->desc, text.ptr, n);
    r->desc[n] = '\0';
}

struct lightpush_result lightpush_result(enum lightpush_status status, const char *why)
{
    struct lightpush_result r = {.status = (uint32_t)status};
    set_desc(&r, span_str(why != NULL ? why : lightpush_status_text((uint32_t)status)));
    return r;
}

static enum err checked(const struct pb *p, const struct lightpush_request *r, bool has_message,
                        const char **why)
{
    if (pb_status(p) != OK) {
        *why = "malformed protobuf";
        return ERR_FORMAT;
    }
    if (r->request_id.len == 0 || !has_message) {
        *why = r->request_id.len == 0 ? "missing required field request_id"
                                      : "missing required field message";
        return ERR_FORMAT;
    }
    if (r->request_id.len > LIGHTPUSH_ID_BYTES_MAX ||
        r->pubsub_topic.len > LIGHTPUSH_TOPIC_BYTES_MAX) {
        *why = "the request id or the pubsub topic is too long";
        return ERR_LIMIT;
    }
    return OK;
}

/* ---- 3.0.0: WAKU-LIGHTPUSH "Payloads" ---- */

enum {
    REQUEST_ID = 1,
    STATUS_CODE = 10,
    STATUS_DESC = 11,
    RELAY_PEER_COUNT = 12,
    PUBSUB_TOPIC = 20,
    MESSAGE = 21,
};

static enum err read_request_v3(struct span in, struct lightpush_request *out, const char **why)
{
    struct pb p = pb_of(in);
    bool has_message = false;
    *out = (struct lightpush_request){0};
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == REQUEST_ID)
            out->request_id = pb_bytes(&p, &f);
        else if (f.number == PUBSUB_TOPIC)
            out->pubsub_topic = pb_bytes(&p, &f);
        else if (f.number == MESSAGE)
            out->message = pb_bytes(&p, &f), has_message = true;
    }
    return checked(&p, out, has_message, why);
}

static enum err write_request_v3(const struct lightpush_request *r, struct buf *out)
{
    struct writer w = writer_to(out);
    pb_put_bytes(&w, REQUEST_ID, r->request_id);
    if (r->pubsub_topic.len > 0)
        pb_put_bytes(&w, PUBSUB_TOPIC, r->pubsub_topic);
    pb_put_bytes(&w, MESSAGE, r->message);
    return writer_status(&w);
}

static enum err read_answer_v3(struct span in, struct lightpush_answer *out)
{
    struct pb p = pb_of(in);
    bool has_status = false;
    *out = (struct lightpush_answer){0};
    for (struct pb_field f; pb_next(&p, &f);)
        switch (f.number) {
        case REQUEST_ID:
            out->request_id = pb_bytes(&p, &f);
            break;
        case STATUS_CODE:
            out->result.status = pb_u32(&p, &f);
            has_status = true;
            break;
        case STATUS_DESC:
            set_desc(&out->result, pb_bytes(&p, &f));
            break;
        case RELAY_PEER_COUNT:
            out->result.relay_peers = pb_u32(&p, &f);
            out->result.has_relay_peers = true;
            break;
        }
    TRY(pb_status(&p));
    return has_status ? OK : ERR_FORMAT;
}

static enum err write_answer_v3(const struct lightpush_answer *a, struct buf *out)
{
    struct writer w = writer_to(out);
    pb_put_bytes(&w, REQUEST_ID, a->request_id);
    pb_put_u64(&w, STATUS_CODE, a->result.status);
    if (a->result.desc[0] != '\0')
        pb_put_bytes(&w, STATUS_DESC, span_str(a->result.desc));
    if (a->result.has_relay_peers)
        pb_put_u64(&w, RELAY_PEER_COUNT, a->result.relay_peers);
    return writer_status(&w);
}

/* ---- 2.0.0-beta1: 19/WAKU2-LIGHTPUSH "Payloads" ---- */

enum {
    RPC_REQUEST_ID = 1,
    RPC_REQUEST = 2,
    RPC_RESPONSE = 3,
};

/* Texts that clients of nwaku look for. */
#define V2_TOO_MANY "TOO_MANY_REQUESTS"
#define V2_NO_PEERS "not_published_to_any_peer"

static bool read_push(struct span in, struct lightpush_request *out, bool *has_message)
{
    struct pb p = pb_of(in);
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == 1)
            out->pubsub_topic = pb_bytes(&p, &f);
        else if (f.number == 2)
            out->message = pb_bytes(&p, &f), *has_message = true;
    }
    return pb_status(&p) == OK;
}

static enum err read_request_v2(struct span in, struct lightpush_request *out, const char **why)
{
    struct pb p = pb_of(in);
    bool has_message = false, nested = true;
    *out = (struct lightpush_request){0};
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == RPC_REQUEST_ID)
            out->request_id = pb_bytes(&p, &f);
        else if (f.number == RPC_REQUEST)
            nested = read_push(pb_bytes(&p, &f), out, &has_message) && nested;
    }
    p.failed = p.failed || !nested;
    return checked(&p, out, has_message, why);
}

static enum err write_request_v2(const struct lightpush_request *r, struct buf *out)
{
    struct writer w = writer_to(out);
    pb_put_bytes(&w, RPC_REQUEST_ID, r->request_id);
    size_t begun = pb_begin(&w, RPC_REQUEST);
    pb_put_bytes(&w, 1, r->pubsub_topic);
    pb_put_bytes(&w, 2, r->message);
    pb_end(&w, begun);
    return writer_status(&w);
}

static uint32_t status_of(bool success, struct span info)
{
    if (success)
        return LIGHTPUSH_STATUS_OK;
    if (span_eq(info, SPAN_LIT(V2_TOO_MANY)))
        return LIGHTPUSH_STATUS_TOO_MANY;
    return span_eq(info, SPAN_LIT(V2_NO_PEERS)) ? LIGHTPUSH_STATUS_NO_PEERS
                                                : LIGHTPUSH_STATUS_FAILED;
}

static enum err read_response(struct span in, struct lightpush_result *out)
{
    struct pb p = pb_of(in);
    bool success = false;
    struct span info = SPAN_EMPTY;
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == 1)
            success = pb_bool(&p, &f);
        else if (f.number == 2)
            info = pb_bytes(&p, &f);
    }
    TRY(pb_status(&p));
    out->status = status_of(success, info);
    set_desc(out, info);
    return OK;
}

static enum err read_answer_v2(struct span in, struct lightpush_answer *out)
{
    struct pb p = pb_of(in);
    enum err err = ERR_FORMAT; /* without a response it is none */
    *out = (struct lightpush_answer){0};
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == RPC_REQUEST_ID)
            out->request_id = pb_bytes(&p, &f);
        else if (f.number == RPC_RESPONSE)
            err = read_response(pb_bytes(&p, &f), &out->result);
    }
    TRY(pb_status(&p));
    return err;
}

static enum err write_answer_v2(const struct lightpush_answer *a, struct buf *out)
{
    struct writer w = writer_to(out);
    uint32_t status = a->result.status;
    const char *info = status == LIGHTPUSH_STATUS_OK         ? "OK"
                       : status == LIGHTPUSH_STATUS_TOO_MANY ? V2_TOO_MANY
                       : status == LIGHTPUSH_STATUS_NO_PEERS ? V2_NO_PEERS
                                                             : a->result.desc;
    pb_put_bytes(&w, RPC_REQUEST_ID, a->request_id);
    size_t begun = pb_begin(&w, RPC_RESPONSE);
    pb_put_bool(&w, 1, status == LIGHTPUSH_STATUS_OK);
    pb_put_bytes(&w, 2, span_str(info));
    pb_end(&w, begun);
    return writer_status(&w);
}

const struct lightpush_codec lightpush_codecs[LIGHTPUSH_VERSIONS] = {
    [LIGHTPUSH_V3] = {LIGHTPUSH_PROTOCOL, read_request_v3, write_request_v3, read_answer_v3,
                      write_answer_v3},
    [LIGHTPUSH_V2] = {LIGHTPUSH_PROTOCOL_V2, read_request_v2, write_request_v2, read_answer_v2,
                      write_answer_v2},
};
