/* /filter/v2: nwaku rest_api/endpoint/filter/handlers.nim. The node is the subscriber of another
 * one, which core.h chooses; what that one pushes waits here until it is fetched. */
#include "net/services/filter.h"
#include "node/api/room.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define WHY        256
#define GROUPS_MAX 32u /* shards in one request; bits of struct waiting */

static struct span string_of(const json_t *j)
{
    return span_of(json_string_value(j), json_string_length(j));
}

/* Every answer has this shape; `id` NULL: the request had none. */
static bool answer(struct call *c, int status, const json_t *id, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static bool answer(struct call *c, int status, const json_t *id, const char *format, ...)
{
    char text[FILTER_DESC_BYTES_MAX + WHY];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    json_t *desc = json_string(text), *j = json_object();
    json_object_set_new(j, "requestId",
                        json_string(id == NULL ? "unknown" : json_string_value(id)));
    json_object_set_new(j, "statusDesc", desc != NULL ? desc : json_string("not UTF-8"));
    return answer_json(c, status, j);
}

/* ---- reading ---- */

static const char *check_topics(const json_t *list)
{
    json_t *v;
    size_t i;
    if (!json_is_array(list))
        return "Field `contentFilters` is missing";
    if (json_array_size(list) == 0)
        return "Field `contentFilters` is empty";
    json_array_foreach(list, i, v) if (
        !json_is_string(v) || json_string_length(v) == 0 ||
        json_string_length(v) >
            FILTER_TOPIC_BYTES_MAX) return "Field `contentFilters` has something else than topics";
    return NULL;
}

/* The body: an object with requestId, and topics where the kind has some. NULL: answered. */
static json_t *read_body(struct call *c, bool topics)
{
    char why[WHY];
    const char *wrong = why;
    json_t *j = json_parse(c->rq->body, why, sizeof why);
    const json_t *id = json_object_get(j, "requestId"), *pubsub = json_object_get(j, "pubsubTopic");
    if (j != NULL)
        wrong = !json_is_string(id) ? "Field `requestId` is missing"
                : pubsub != NULL && !json_is_string(pubsub) && !json_is_null(pubsub)
                    ? "Field `pubsubTopic` is no string"
                : topics ? check_topics(json_object_get(j, "contentFilters"))
                         : NULL;
    if (wrong == NULL)
        return j;
    (void)answer(c, 400, NULL, "BAD_REQUEST: Failed to decode request: %s", wrong);
    json_decref(j);
    return NULL;
}

/* ---- asking ---- */

static bool refused(struct call *c, enum err err, const json_t *id)
{
    switch ((int)err) {
    case ERR_NOT_FOUND:
        return answer(c, 503, id,
                      "SERVICE_UNAVAILABLE: No suitable service peer & no discovery method");
    case ERR_ARGUMENT:
        return answer(c, 400, id, "BAD_REQUEST: no topics, more than %u, or one that is too long",
                      FILTER_TOPICS_MAX);
    case ERR_FULL:
        return answer(c, 503, id, "SERVICE_UNAVAILABLE: too much is under way or subscribed");
    default:
        return answer(c, 500, id, "%s", err_text(err));
    }
}

/* One request a shard: the topics of a body without a pubsub topic are put together by theirs. */
struct group {
    char shard[32];
    struct filter_request request;
};

struct groups {
    size_t count;
    struct group of[GROUPS_MAX];
};

static struct group *group_of(struct groups *g, const char *shard)
{
    for (size_t i = 0; i < g->count; i++)
        if (strcmp(g->of[i].shard, shard) == 0)
            return &g->of[i];
    if (g->count == GROUPS_MAX)
        return NULL;
    struct group *one = &g->of[g->count++];
    snprintf(one->shard, sizeof one->shard, "%s", shard);
    one->request.pubsub_topic = span_str(one->shard);
    return one;
}

static enum err sort_topics(struct call *c, const json_t *body, struct groups *g)
{
    struct api_backend *b = &c->a->backend;
    const json_t *pubsub = json_object_get(body, "pubsubTopic");
    bool given = json_is_string(pubsub) && json_string_length(pubsub) > 0;
    json_t *v;
    size_t i;
    if (given) {
        g->count = 1;
        g->of[0].request.pubsub_topic = string_of(pubsub);
    }
    json_array_foreach(json_object_get(body, "contentFilters"), i, v)
    {
        char shard[32];
        struct group *one = &g->of[0];
        if (!given) {
            TRY(b->shard_of(b->state, string_of(v), shard));
            one = group_of(g, shard);
        }
        if (one == NULL || one->request.count == FILTER_TOPICS_MAX)
            return ERR_ARGUMENT;
        one->request.content_topics[one->request.count++] = string_of(v);
    }
    return OK;
}

/* `body` is taken over. */
static bool ask(struct call *c, enum filter_kind kind, json_t *body, struct groups *g)
{
    struct api_backend *b = &c->a->backend;
    struct waiting *w = waiting_new(c, (uint32_t)g->count);
    enum err err = w == NULL ? ERR_FULL : OK;
    for (size_t i = 0; err == OK && i < g->count; i++) {
        g->of[i].request.kind = kind;
        err = b->filter(b->state, c->env, &g->of[i].request, w->first + i);
    }
    if (err != OK) { /* answers to what was asked already find nobody waiting */
        bool answered = refused(c, err, json_object_get(body, "requestId"));
        if (w != NULL)
            waiting_free(w);
        json_decref(body);
        return answered;
    }
    w->asked = body;
    json_object_del(body, "failed"); /* a field of ours from here on */
    json_object_set_new(body, "kind", json_integer(kind));
    return false;
}

static bool with_topics(struct call *c, enum filter_kind kind)
{
    json_t *body = read_body(c, true);
    if (body == NULL)
        return true;
    struct groups *g = calloc(1, sizeof *g);
    enum err err = g == NULL ? ERR_MEMORY : sort_topics(c, body, g);
    bool answered;
    if (err == OK) {
        answered = ask(c, kind, body, g);
    } else {
        answered = refused(c, err, json_object_get(body, "requestId"));
        json_decref(body);
    }
    free(g);
    return answered;
}

static bool without_topics(struct call *c, enum filter_kind kind, json_t *body)
{
    struct groups *g = calloc(1, sizeof *g);
    if (g == NULL) {
        json_decref(body);
        return answer_text(c, 500, "memory is out");
    }
    g->count = 1;
    bool answered = ask(c, kind, body, g);
    free(g);
    return answered;
}

bool filter_subscribe(struct call *c)
{
    return with_topics(c, FILTER_SUBSCRIBE);
}
bool filter_unsubscribe(struct call *c)
{
    return with_topics(c, FILTER_UNSUBSCRIBE);
}
bool filter_unsubscribe_all(struct call *c)
{
    json_t *body = read_body(c, false);
    return body == NULL || without_topics(c, FILTER_UNSUBSCRIBE_ALL, body);
}
bool filter_ping(struct call *c)
{
    json_t *body = json_object(), *id = json_span(c->parameter);
    json_object_set_new(body, "requestId", json_is_string(id) ? id : json_string("unknown"));
    return without_topics(c, FILTER_PING, body);
}

/* ---- answering ---- */

/* Codes of the service as those of HTTP: convertErrorKindToHttpStatus of nwaku. */
static int status_of(enum err err, uint32_t status)
{
    if (err == OK)
        return status >= 200 && status < 300                                      ? 200
               : status == 400 || status == 404 || status == 429 || status == 503 ? (int)status
                                                                                  : 500;
    return err == ERR_TIMEOUT                                                  ? 503
           : err == ERR_CLOSED || err == ERR_REFUSED || err == ERR_UNSUPPORTED ? 504
                                                                               : 500;
}

static void keep_topics(struct api *a, enum filter_kind kind, const json_t *topics, bool good)
{
    json_t *v;
    size_t i;
    if (kind == FILTER_UNSUBSCRIBE_ALL)
        inboxes_remove_all(&a->inboxes, INBOX_FILTER);
    json_array_foreach(topics, i, v)
    {
        if (kind == FILTER_UNSUBSCRIBE)
            inboxes_remove(&a->inboxes, INBOX_FILTER, string_of(v));
        else if (kind == FILTER_SUBSCRIBE && good &&
                 inboxes_add(&a->inboxes, INBOX_FILTER, string_of(v)) != OK)
            return; /* more than there are inboxes: GET says so with 400 */
    }
}

/* The answer of the last group; of several the first that failed is told. */
static bool finish(struct call *c, struct waiting *w)
{
    const json_t *body = w->asked, *failed = json_object_get(body, "failed"),
                 *id = json_object_get(body, "requestId");
    keep_topics(c->a, (enum filter_kind)json_integer_value(json_object_get(body, "kind")),
                json_object_get(body, "contentFilters"), failed == NULL);
    if (failed == NULL)
        return answer(c, 200, id, "OK");
    return answer(c, (int)json_integer_value(failed), id, "%s",
                  json_string_value(json_object_get(body, "desc")));
}

void filter_answered(struct api *a, struct waiting *w, const struct core_event *ev)
{
    struct api_response r = {.body = BUF_INIT(API_ANSWER_BYTES_MAX)};
    struct call c = {.a = a, .out = &r};
    int status = status_of(ev->err, ev->status);
    w->unanswered &= ~(1u << (ev->ticket - w->first));
    if (status != 200 && json_object_get(w->asked, "failed") == NULL) {
        json_t *desc = ev->text.len > 0 && ev->err == OK ? json_span(ev->text)
                       : ev->err == ERR_TIMEOUT ? json_string("Subscription request timed out")
                                                : json_string(err_text(ev->err));
        json_object_set_new(w->asked, "desc", json_is_string(desc) ? desc : json_string("?"));
        json_object_set_new(w->asked, "failed", json_integer(status));
    }
    if (w->unanswered != 0)
        return;
    (void)finish(&c, w);
    waiting_answer(a, w, &r);
}

void filter_keep(struct api *a, const struct core_event *ev)
{
    struct blob *copy = NULL;
    inboxes_put(&a->inboxes, INBOX_FILTER, json_content_topic(ev->message), ev->message, &copy);
    blob_unref(copy);
}

bool filter_messages(struct call *c)
{
    if (!inboxes_has(&c->a->inboxes, INBOX_FILTER, c->parameter))
        return answer_text(c, 400, "Not subscribed to topic: %.*s", (int)c->parameter.len,
                           (const char *)c->parameter.ptr);
    json_t *list = json_array();
    for (struct blob *b; (b = inboxes_take(&c->a->inboxes, INBOX_FILTER, c->parameter)) != NULL;) {
        json_array_append_new(list, json_message(blob_span(b), false));
        blob_unref(b);
    }
    return answer_json(c, 200, list);
}

/* ---- looking in ---- */

static json_t *subscriber_json(const struct peer_id *id, json_t *criteria)
{
    char text[PEER_ID_TEXT_MAX];
    peer_id_text(id, text);
    return json_pack("{s:s, s:o}", "peerId", text, "filterCriteria", criteria);
}

bool admin_filter(struct call *c)
{
    struct api_backend *b = &c->a->backend;
    struct filter_criterion_view v;
    struct peer_id last = {0};
    json_t *all = json_array(), *criteria = NULL;
    size_t cursor[2] = {0}, count = 0;
    if (!c->a->config.filter) {
        json_decref(all);
        return answer_text(c, 400, "Error: Filter Protocol is not mounted to the node");
    }
    while (b->filter_next(b->state, cursor, &v)) {
        if (++count > API_CRITERIA_MAX) { /* the list would hold up everything else */
            json_decref(all);
            return answer_text(c, 500, "more than %u criteria: too many to list", API_CRITERIA_MAX);
        }
        if (criteria == NULL || !peer_id_eq(v.id, &last)) {
            criteria = json_array();
            last = *v.id;
            json_array_append_new(all, subscriber_json(&last, criteria));
        }
        json_array_append_new(criteria,
                              json_pack("{s:o, s:o}", "pubsubTopic", json_span(v.pubsub_topic),
                                        "contentTopic", json_span(v.content_topic)));
    }
    return answer_json(c, 200, all);
}
