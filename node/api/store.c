/* /store/v3/messages: nwaku rest_api/endpoint/store/handlers.nim. */
#include "crypto/base/hex.h"
#include "net/services/store_query.h"
#include "net/wire/multiaddr.h"
#include "node/api/room.h"

#include <stdio.h>
#include <stdlib.h>

/* A parameter that is there and decodes. */
static bool parameter(struct call *c, const char *name, struct span *out, bool *broken)
{
    *out = SPAN_EMPTY;
    return http_parameter(c->env->scratch, c->query, name, out, broken);
}

static bool boolean(struct span s, bool *out)
{
    *out = span_eq(s, SPAN_LIT("true")) || span_eq(s, SPAN_LIT("1"));
    return *out || span_eq(s, SPAN_LIT("false")) || span_eq(s, SPAN_LIT("0"));
}

static bool hash_of(struct span s, uint8_t out[32])
{
    if (span_starts(s, SPAN_LIT("0x")))
        s = span_after(s, 2);
    return s.len == 64 && hex_decode(s, out) == OK;
}

/* The next part of a list a,b,c */
static bool part(struct span *list, struct span *out)
{
    if (list->len == 0)
        return false;
    const uint8_t *comma = memchr(list->ptr, ',', list->len);
    size_t n = comma == NULL ? list->len : (size_t)(comma - list->ptr);
    *out = span_sub(*list, 0, n);
    *list = span_after(*list, comma == NULL ? n : n + 1);
    return true;
}

static const char *topics_of(struct call *c, struct store_query *q, bool *broken)
{
    struct span list, topic;
    q->has_pubsub_topic = parameter(c, "pubsubTopic", &q->pubsub_topic, broken);
    if (!parameter(c, "contentTopics", &list, broken))
        return NULL;
    while (part(&list, &topic)) {
        if (q->content_topics_count == STORE_QUERY_TOPICS_MAX)
            return "too many content topics";
        if (topic.len > 0)
            q->content_topics[q->content_topics_count++] = topic;
    }
    return NULL;
}

static const char *time_of(struct call *c, const char *name, bool *has, int64_t *out, bool *broken)
{
    struct span s;
    uint64_t v;
    if (!parameter(c, name, &s, broken) || s.ptr[0] == '-') /* nwaku: not positive, not given */
        return NULL;
    if (!http_number(s, INT64_MAX, &v))
        return "time parsing error: nanoseconds since 1970 are expected";
    *has = v > 0;
    *out = (int64_t)v;
    return NULL;
}

static const char *hashes_of(struct call *c, struct store_query *q, bool *broken)
{
    struct span list, text;
    if (parameter(c, "cursor", &text, broken)) {
        q->has_cursor = true;
        if (!hash_of(text, q->cursor))
            return "waku message hash parsing error: 32 bytes of hexadecimal digits are expected";
    }
    if (!parameter(c, "hashes", &list, broken))
        return NULL;
    q->hashes = malloc(sizeof *q->hashes * STORE_QUERY_HASHES_MAX);
    if (q->hashes == NULL)
        return "memory is out";
    while (part(&list, &text)) {
        if (q->hashes_count == STORE_QUERY_HASHES_MAX)
            return "too many hashes";
        if (!hash_of(text, q->hashes[q->hashes_count++]))
            return "waku message hash parsing error: 32 bytes of hexadecimal digits are expected";
    }
    return NULL;
}

static const char *paging_of(struct call *c, struct store_query *q, bool *broken)
{
    struct span s;
    if (parameter(c, "includeData", &s, broken) && !boolean(s, &q->include_data))
        return "include data parsing error: true or false is expected";
    q->forward = true;
    if (parameter(c, "ascending", &s, broken) && !boolean(s, &q->forward))
        return "ascending parsing error: true or false is expected";
    q->limit = API_PAGE_DEFAULT;
    q->has_limit = true;
    if (parameter(c, "pageSize", &s, broken) && !http_number(s, UINT32_MAX, &q->limit))
        return "page size parsing error: a number is expected";
    if (q->limit == 0)
        q->limit = API_PAGE_DEFAULT;
    if (q->limit > API_PAGE_MAX)
        q->limit = API_PAGE_MAX;
    return NULL;
}

/* NULL: fine, else why not. */
static const char *query_of(struct call *c, struct store_query *q)
{
    bool broken = false;
    const char *why = topics_of(c, q, &broken);
    if (why == NULL)
        why = time_of(c, "startTime", &q->has_time_start, &q->time_start_ns, &broken);
    if (why == NULL)
        why = time_of(c, "endTime", &q->has_time_end, &q->time_end_ns, &broken);
    if (why == NULL)
        why = hashes_of(c, q, &broken);
    if (why == NULL)
        why = paging_of(c, q, &broken);
    return why == NULL && broken ? "a parameter is not URL-encoded" : why;
}

static bool refused(struct call *c, enum err err)
{
    switch ((int)err) {
    case ERR_NOT_FOUND:
        return answer_text(c, 412, "No suitable service peer & no discovery method");
    case ERR_FULL:
        return answer_text(c, 503, "too many queries are under way");
    case ERR_FORMAT:
    case ERR_ARGUMENT:
    case ERR_LIMIT:
    case ERR_UNSUPPORTED:
        return answer_text(c, 400, "the query cannot be asked: %s", err_text(err));
    default:
        return answer_text(c, 500, "the query could not be asked: %s", err_text(err));
    }
}

static bool ask(struct call *c, const struct store_query *q)
{
    struct api_backend *b = &c->a->backend;
    struct multiaddr checked;
    struct span peer;
    bool broken = false;
    if (!parameter(c, "peerAddr", &peer, &broken) && !c->a->config.store)
        peer = span_str(c->a->config.storenode);
    if (broken || (peer.len > 0 && multiaddr_parse(peer, &checked) != OK))
        return answer_text(c, 400, "Failed to parse peerAddr: a multiaddr is expected");
    if (peer.len == 0 && !c->a->config.store)
        return refused(c, ERR_NOT_FOUND);
    struct waiting *w = waiting_new(c, 1);
    if (w == NULL)
        return refused(c, ERR_FULL);
    enum err err = b->query(b->state, c->env, q, peer, w->first);
    if (err == OK)
        return false;
    waiting_free(w);
    return refused(c, err);
}

bool store_messages(struct call *c)
{
    struct store_query *q = calloc(1, sizeof *q);
    if (q == NULL)
        return answer_text(c, 500, "memory is out");
    const char *why = query_of(c, q);
    bool answered = why != NULL ? answer_text(c, 400, "%s", why) : ask(c, q);
    store_query_clear(q);
    free(q);
    return answered;
}

static json_t *json_hash(const uint8_t hash[32])
{
    char text[67] = "0x";
    hex_encode(span_of(hash, 32), text + 2);
    return json_string(text);
}

static json_t *json_answer(const struct store_answer *answer)
{
    json_t *j = json_object(), *messages = json_array();
    for (size_t i = 0; i < answer->count; i++) {
        const struct store_entry *e = &answer->entries[i];
        json_t *entry = json_object();
        json_object_set_new(entry, "messageHash", json_hash(e->hash));
        if (e->has_data) {
            json_object_set_new(entry, "message", json_message(e->message, false));
            json_object_set_new(entry, "pubsubTopic", json_span(e->pubsub_topic));
        }
        json_array_append_new(messages, entry);
    }
    json_object_set_new(j, "requestId", json_span(answer->request_id));
    json_object_set_new(j, "statusCode", json_integer(answer->status));
    json_object_set_new(j, "statusDesc",
                        answer->status_desc.len > 0
                            ? json_span(answer->status_desc)
                            : json_string(store_status_text((enum store_status)answer->status)));
    json_object_set_new(j, "messages", messages);
    if (answer->has_cursor)
        json_object_set_new(j, "paginationCursor", json_hash(answer->cursor));
    return j;
}

static bool failed(struct call *c, enum err err)
{
    switch ((int)err) {
    case ERR_TIMEOUT:
        return answer_text(c, 500, "No history response received (timeout)");
    case ERR_NOT_FOUND:
        return answer_text(c, 400, "the cursor is no stored message");
    case ERR_LIMIT:
    case ERR_ARGUMENT:
        return answer_text(c, 400, "the query is over a limit");
    default:
        return answer_text(c, 500, "the query failed: %s", err_text(err));
    }
}

void store_answered(struct api *a, struct waiting *w, const struct core_event *ev)
{
    struct api_response r = {.body = BUF_INIT(API_ANSWER_BYTES_MAX)};
    struct call c = {.a = a, .out = &r};
    if (ev->err != OK || ev->answer == NULL)
        (void)failed(&c, ev->err);
    else if (ev->answer->status == STORE_STATUS_TOO_MANY)
        (void)answer_text(&c, 429, "Request rate limit reached");
    else
        (void)answer_json(&c, 200, json_answer(ev->answer));
    waiting_answer(a, w, &r);
}
