/* /relay/v1: nwaku rest_api/endpoint/relay/handlers.nim. */
#include "node/api/room.h"

#include <stdio.h>

#define WHY 256

static struct span string_of(const json_t *j)
{
    return span_of(json_string_value(j), json_string_length(j));
}

/* "/waku/2/rs/<cluster>/<shard>", both 0..65535 */
static bool is_pubsub_topic(struct span topic)
{
    uint64_t n;
    if (!span_starts(topic, SPAN_LIT("/waku/2/rs/")))
        return false;
    topic = span_after(topic, sizeof "/waku/2/rs/" - 1);
    const uint8_t *slash = topic.len == 0 ? NULL : memchr(topic.ptr, '/', topic.len);
    if (slash == NULL)
        return false;
    size_t at = (size_t)(slash - topic.ptr);
    return http_number(span_sub(topic, 0, at), UINT16_MAX, &n) &&
           http_number(span_after(topic, at + 1), UINT16_MAX, &n);
}

static bool relays(struct api *a, struct span topic)
{
    size_t cursor = 0;
    for (struct span t; a->backend.topics(a->backend.state, &cursor, &t);)
        if (span_eq(t, topic))
            return true;
    return false;
}

/* The topics of a body; NULL: answered. */
static json_t *topics_of(struct call *c, bool pubsub)
{
    char why[WHY];
    size_t i;
    json_t *list = json_strings(c->rq->body, API_LIST_MAX, why, sizeof why), *v;
    if (list == NULL) {
        (void)answer_text(c, 400, "%s", why);
        return NULL;
    }
    json_array_foreach(list, i, v)
    {
        bool fits = json_string_length(v) <= API_TOPIC_BYTES_MAX;
        if (fits && (!pubsub || is_pubsub_topic(string_of(v))))
            continue;
        (void)answer_text(c, 400, "Invalid %s topic(s): %.200s", pubsub ? "pubsub" : "content",
                          json_string_value(v));
        json_decref(list);
        return NULL;
    }
    return list;
}

/* Join the mesh of a pubsub topic, then keep what comes. */
static enum err subscribe(struct call *c, enum inbox_kind kind, struct span topic)
{
    struct api_backend *b = &c->a->backend;
    char shard[32];
    struct span pubsub = topic;
    if (kind == INBOX_CONTENT) {
        TRY(b->shard_of(b->state, topic, shard));
        pubsub = span_str(shard);
    }
    if (!relays(c->a, pubsub))
        TRY(b->subscribe(b->state, c->env, pubsub));
    return inboxes_add(&c->a->inboxes, kind, topic);
}

static bool subscribe_all(struct call *c, enum inbox_kind kind)
{
    json_t *list = topics_of(c, kind == INBOX_PUBSUB), *v;
    enum err err = OK;
    size_t i;
    if (list == NULL)
        return true;
    json_array_foreach(list, i, v)
    {
        err = subscribe(c, kind, string_of(v));
        if (err != OK)
            break;
    }
    json_decref(list);
    if (err == OK)
        return answer_text(c, 200, "OK");
    int status = err == ERR_ARGUMENT ? 400 : err == ERR_FULL || err == ERR_LIMIT ? 503 : 500;
    return answer_text(c, status, "Subscribe failed: %s", err_text(err));
}

static bool unsubscribe_all(struct call *c, enum inbox_kind kind)
{
    struct api_backend *b = &c->a->backend;
    json_t *list = topics_of(c, kind == INBOX_PUBSUB), *v;
    size_t i;
    if (list == NULL)
        return true;
    json_array_foreach(list, i, v)
    {
        inboxes_remove(&c->a->inboxes, kind, string_of(v));
        enum err err = OK;
        if (kind == INBOX_PUBSUB)
            err = b->unsubscribe(b->state, c->env, string_of(v));
        if (err != OK && err != ERR_NOT_FOUND) /* as nwaku: leaving what we are not in is fine */
            log_debug(c->env, "api", "unsubscribe err=%s", err_name(err));
    }
    json_decref(list);
    return answer_text(c, 200, "OK");
}

static bool messages_of(struct call *c, enum inbox_kind kind)
{
    json_t *list = json_array();
    for (struct blob *b; (b = inboxes_take(&c->a->inboxes, kind, c->parameter)) != NULL;) {
        json_array_append_new(list, json_message(blob_span(b), true));
        blob_unref(b);
    }
    return answer_json(c, 200, list);
}

/* Topics of the configuration are kept from the first time that someone asks for them. */
bool relay_messages(struct call *c)
{
    if (!inboxes_has(&c->a->inboxes, INBOX_PUBSUB, c->parameter) &&
        (!relays(c->a, c->parameter) ||
         inboxes_add(&c->a->inboxes, INBOX_PUBSUB, c->parameter) != OK))
        return answer_text(c, 404, "not subscribed to %.*s", (int)c->parameter.len,
                           (const char *)c->parameter.ptr);
    return messages_of(c, INBOX_PUBSUB);
}

bool auto_messages(struct call *c)
{
    if (!inboxes_has(&c->a->inboxes, INBOX_CONTENT, c->parameter))
        return answer_text(c, 404, "%.*s", (int)c->parameter.len, (const char *)c->parameter.ptr);
    return messages_of(c, INBOX_CONTENT);
}

static bool published(struct call *c, enum err err, struct span topic)
{
    switch ((int)err) {
    case OK:
    case ERR_EXISTS: /* the network has it already */
        return answer_text(c, 200, "OK");
    case ERR_NOT_FOUND:
        return answer_text(c, 400, "Failed to publish: Node not subscribed to topic: %.*s",
                           (int)topic.len, topic.len == 0 ? "" : (const char *)topic.ptr);
    case ERR_LIMIT:
        return answer_text(c, 400, "Failed to publish: Message size exceeded maximum");
    case ERR_FULL:
    case ERR_BUSY:
        return answer_text(c, 503, "Failed to publish: %s", err_text(err));
    default:
        return answer_text(c, err == ERR_ARGUMENT ? 400 : 500, "Failed to publish: %s",
                           err_text(err));
    }
}

/* An empty topic: by autosharding */
static bool publish(struct call *c, struct span topic)
{
    struct api_backend *b = &c->a->backend;
    struct core_message m;
    char why[WHY], shard[32];
    json_t *j = json_parse(c->rq->body, why, sizeof why);
    if (j == NULL)
        return answer_text(c, 400, "%s", why);
    enum err err = json_to_message(j, c->env->scratch, &m, why, sizeof why);
    if (err == OK && topic.len == 0) {
        err = b->shard_of(b->state, m.content_topic, shard);
        snprintf(why, sizeof why, "Failed to publish. Autosharding error: %s", err_text(err));
    }
    bool answered = err != OK;
    if (answered)
        (void)answer_text(c, err == ERR_MEMORY ? 500 : 400, "%s", why);
    else
        answered = published(c, b->publish(b->state, c->env, topic, &m), topic);
    json_decref(j);
    return answered;
}

bool relay_subscribe(struct call *c)
{
    return subscribe_all(c, INBOX_PUBSUB);
}
bool relay_unsubscribe(struct call *c)
{
    return unsubscribe_all(c, INBOX_PUBSUB);
}
bool auto_subscribe(struct call *c)
{
    return subscribe_all(c, INBOX_CONTENT);
}
bool auto_unsubscribe(struct call *c)
{
    return unsubscribe_all(c, INBOX_CONTENT);
}
bool relay_publish(struct call *c)
{
    return publish(c, c->parameter);
}
bool auto_publish(struct call *c)
{
    return publish(c, SPAN_EMPTY);
}
