/* Messages as JSON and back: nwaku's rest_api/endpoint/relay/types and store/types. */
#include "node/api/json.h"
#include "net/wire/protobuf.h"

#include <stdio.h>
#include <stdlib.h>

static int to_buf(const char *data, size_t len, void *out)
{
    return buf_append(out, span_of(data, len)) == OK ? 0 : -1;
}

enum err json_body_take(struct api_response *r, int status, json_t *j)
{
    if (j == NULL)
        return ERR_MEMORY;
    r->status = status;
    r->type = "application/json";
    buf_reset(&r->body);
    int failed = json_dump_callback(j, to_buf, &r->body, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(j);
    return failed ? ERR_FULL : OK;
}

json_t *json_parse(struct span body, char *why, size_t why_len)
{
    json_error_t error;
    json_t *j = json_loadb((const char *)body.ptr, body.len,
                           JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (j == NULL)
        snprintf(why, why_len, "Invalid content body, could not decode: %s (line %d)", error.text,
                 error.line);
    return j;
}

json_t *json_strings(struct span body, size_t max, char *why, size_t why_len)
{
    json_t *j = json_parse(body, why, why_len), *v;
    size_t i;
    if (j == NULL)
        return NULL;
    bool ok = json_is_array(j) && json_array_size(j) <= max;
    if (ok)
        json_array_foreach(j, i, v) ok = ok && json_is_string(v);
    if (ok)
        return j;
    snprintf(why, why_len, "Invalid content body, an array of at most %zu strings is expected",
             max);
    json_decref(j);
    return NULL;
}

json_t *json_span(struct span s)
{
    json_t *j = json_stringn(s.len == 0 ? "" : (const char *)s.ptr, s.len);
    return j != NULL ? j : json_null();
}

static json_t *json_base64(struct span s)
{
    char *text = malloc(JSON_BASE64_CHARS(s.len));
    if (text == NULL)
        return NULL;
    base64_encode(s, text);
    json_t *j = json_string_nocheck(text);
    free(text);
    return j;
}

struct waku_fields { /* of 14/WAKU2-MESSAGE, as far as JSON shows them */
    struct span payload, content_topic, meta, proof;
    uint32_t version;
    int64_t timestamp_ns;
    bool ephemeral;
};

static enum err fields_of(struct span encoded, struct waku_fields *m)
{
    *m = (struct waku_fields){0};
    struct pb p = pb_of(encoded);
    for (struct pb_field f; pb_next(&p, &f);) {
        switch (f.number) {
        case 1:
            m->payload = pb_bytes(&p, &f);
            break;
        case 2:
            m->content_topic = pb_bytes(&p, &f);
            break;
        case 3:
            m->version = pb_u32(&p, &f);
            break;
        case 10:
            m->timestamp_ns = pb_sint64(&p, &f);
            break;
        case 11:
            m->meta = pb_bytes(&p, &f);
            break;
        case 21:
            m->proof = pb_bytes(&p, &f);
            break;
        case 31:
            m->ephemeral = pb_bool(&p, &f);
            break;
        }
    }
    return pb_status(&p);
}

struct span json_content_topic(struct span encoded)
{
    struct waku_fields m;
    return fields_of(encoded, &m) == OK ? m.content_topic : SPAN_EMPTY;
}

json_t *json_message(struct span encoded, bool proof_always)
{
    struct waku_fields m;
    if (fields_of(encoded, &m) != OK)
        m = (struct waku_fields){0};
    json_t *j = json_object();
    json_object_set_new(j, "payload", json_base64(m.payload));
    json_object_set_new(j, "contentTopic", json_span(m.content_topic));
    json_object_set_new(j, "version", json_integer(m.version));
    json_object_set_new(j, "timestamp", json_integer(m.timestamp_ns));
    if (m.meta.len > 0)
        json_object_set_new(j, "meta", json_base64(m.meta));
    json_object_set_new(j, "ephemeral", json_boolean(m.ephemeral));
    if (m.proof.len > 0 || proof_always)
        json_object_set_new(j, "proof", json_base64(m.proof));
    return j;
}

/* A base 64 field; absent is empty. */
static enum err bytes_of(const json_t *j, const char *name, struct arena *scratch, struct span *out,
                         char *why, size_t why_len)
{
    const json_t *v = json_object_get(j, name);
    *out = SPAN_EMPTY;
    if (v == NULL || json_is_null(v))
        return OK;
    size_t len = json_string_length(v);
    uint8_t *bytes = arena_alloc(scratch, len + 1);
    if (bytes == NULL)
        return ERR_MEMORY;
    if (!json_is_string(v) ||
        base64_decode(span_of(json_string_value(v), len), bytes, &out->len) != OK) {
        snprintf(why, why_len, "Field `%s` is not base64", name);
        return ERR_ARGUMENT;
    }
    out->ptr = bytes;
    return OK;
}

enum err json_to_message(const json_t *j, struct arena *scratch, struct core_message *out,
                         char *why, size_t why_len)
{
    *out = (struct core_message){0};
    snprintf(why, why_len, "an object is expected");
    if (!json_is_object(j))
        return ERR_ARGUMENT;
    TRY(bytes_of(j, "payload", scratch, &out->payload, why, why_len));
    TRY(bytes_of(j, "meta", scratch, &out->meta, why, why_len));
    const json_t *topic = json_object_get(j, "contentTopic");
    const json_t *version = json_object_get(j, "version");
    const json_t *timestamp = json_object_get(j, "timestamp");
    const json_t *ephemeral = json_object_get(j, "ephemeral");
    if (out->payload.len == 0)
        snprintf(why, why_len, "Field `payload` is missing or empty");
    else if (!json_is_string(topic) || json_string_length(topic) == 0)
        snprintf(why, why_len, "Field `contentTopic` is missing or empty");
    else if (version != NULL && (!json_is_integer(version) || json_integer_value(version) < 0 ||
                                 json_integer_value(version) > UINT32_MAX))
        snprintf(why, why_len, "Field `version` is not a number of 32 bits");
    else if (timestamp != NULL && !json_is_integer(timestamp))
        snprintf(why, why_len, "Field `timestamp` is not an integer of 64 bits");
    else if (ephemeral != NULL && !json_is_boolean(ephemeral))
        snprintf(why, why_len, "Field `ephemeral` is not a boolean");
    else
        why[0] = '\0';
    if (why[0] != '\0')
        return ERR_ARGUMENT;
    out->content_topic = span_of(json_string_value(topic), json_string_length(topic));
    out->version = (uint32_t)json_integer_value(version);
    out->timestamp_ns = json_integer_value(timestamp);
    out->ephemeral = json_is_true(ephemeral);
    return OK;
}
