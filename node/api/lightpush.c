/* /lightpush/v1 and v3: nwaku rest_api/endpoint/legacy_lightpush and lightpush, handlers.nim. */
#include "net/services/lightpush.h"
#include "node/api/room.h"

#include <stdio.h>

#define WHY 256

/* 3: JSON with the code of lightpush as HTTP status; 1: text, and 503 for nearly everything. */
static bool answer_v3(struct call *c, const struct lightpush_result *r)
{
    json_t *j = json_object();
    if (r->status == LIGHTPUSH_STATUS_OK)
        json_object_set_new(j, "relayPeerCount", json_integer(r->relay_peers));
    else
        json_object_set_new(j, "statusDesc", json_span(span_str(r->desc)));
    bool known = r->status >= 400 && r->status <= 599;
    return answer_json(c, r->status == LIGHTPUSH_STATUS_OK ? 200 : known ? (int)r->status : 500, j);
}

static bool answer_v1(struct call *c, const struct lightpush_result *r)
{
    switch (r->status) {
    case LIGHTPUSH_STATUS_OK:
        return answer_text(c, 200, "OK");
    case LIGHTPUSH_STATUS_BAD_REQUEST:
        return answer_text(c, 400, "%s", r->desc);
    case LIGHTPUSH_STATUS_TOO_MANY:
        return answer_text(c, 429, "Request rate limit reached");
    default:
        return answer_text(c, 503, "Failed to request a message push: %s", r->desc);
    }
}

static bool answer(struct call *c, bool legacy, const struct lightpush_result *r)
{
    return legacy ? answer_v1(c, r) : answer_v3(c, r);
}

static bool refuse(struct call *c, bool legacy, enum lightpush_status status, const char *why)
{
    struct lightpush_result r = lightpush_result(status, why);
    return answer(c, legacy, &r);
}

/* {"pubsubTopic": optional, "message": {...}}; spans into `j` and scratch. */
static enum err read_push(const json_t *j, struct arena *scratch, struct span *topic,
                          struct core_message *m, char *why, size_t why_len)
{
    const json_t *given = json_object_get(j, "pubsubTopic");
    const json_t *message = json_object_get(j, "message");
    *topic = SPAN_EMPTY;
    if (message == NULL || (given != NULL && !json_is_string(given) && !json_is_null(given))) {
        snprintf(why, why_len, "Invalid push request! Field `%s` is missing or malformed",
                 message == NULL ? "message" : "pubsubTopic");
        return ERR_ARGUMENT;
    }
    if (json_is_string(given))
        *topic = span_of(json_string_value(given), json_string_length(given));
    return json_to_message(message, scratch, m, why, why_len);
}

static bool push(struct call *c, bool legacy)
{
    struct api_backend *b = &c->a->backend;
    struct core_message m;
    struct span topic;
    char why[WHY];
    json_t *j = json_parse(c->rq->body, why, sizeof why);
    if (j == NULL)
        return refuse(c, legacy, LIGHTPUSH_STATUS_BAD_REQUEST, why);
    enum err err = read_push(j, c->env->scratch, &topic, &m, why, sizeof why);
    struct waiting *w = err == OK ? waiting_new(c, 1) : NULL;
    if (w != NULL) {
        w->legacy = legacy;
        err = b->push(b->state, c->env, topic, &m, w->first);
        if (err != OK)
            waiting_free(w);
    }
    json_decref(j);
    if (err == ERR_ARGUMENT)
        return refuse(c, legacy, LIGHTPUSH_STATUS_BAD_REQUEST, why);
    if (err != OK)
        return refuse(c, legacy, LIGHTPUSH_STATUS_FAILED, err_text(err));
    return w == NULL && refuse(c, legacy, LIGHTPUSH_STATUS_UNAVAILABLE, "too many pushes wait");
}

bool lightpush_v3_message(struct call *c)
{
    return push(c, false);
}

bool lightpush_v1_message(struct call *c)
{
    return push(c, true);
}

void lightpush_answered(struct api *a, struct waiting *w, const struct core_event *ev)
{
    struct api_response r = {.body = BUF_INIT(API_ANSWER_BYTES_MAX)};
    struct call c = {.a = a, .out = &r};
    if (ev->pushed == NULL)
        (void)refuse(&c, w->legacy, LIGHTPUSH_STATUS_FAILED, err_text(ev->err));
    else
        (void)answer(&c, w->legacy, ev->pushed);
    waiting_answer(a, w, &r);
}
