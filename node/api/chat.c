/* Who may ask, which handler, and what errors mean. */
#include "node/api/chat.h"

#include "crypto/base/hex.h"
#include "crypto/base/wipe.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- answers ---- */

static int status_of(enum err err)
{
    static const struct {
        enum err err;
        int status;
    } rows[] = {{OK, 200},         {ERR_ARGUMENT, 400}, {ERR_FORMAT, 400},   {ERR_UNSUPPORTED, 400},
                {ERR_AUTH, 400},   {ERR_REFUSED, 403},  {ERR_PROTOCOL, 403}, {ERR_NOT_FOUND, 404},
                {ERR_EXISTS, 409}, {ERR_LIMIT, 413},    {ERR_FULL, 503},     {ERR_BUSY, 503}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].err == err)
            return rows[i].status;
    return 500;
}

bool chat_answer(struct chat_call *q, enum err err)
{
    return answer_text(q->c, status_of(err), "%s", err == OK ? "OK" : err_text(err));
}

bool chat_answer_json(struct chat_call *q, enum err err, json_t *j)
{
    if (err == OK)
        return answer_json(q->c, 200, j);
    json_decref(j);
    return chat_answer(q, err);
}

bool chat_bad(struct chat_call *q, const char *field)
{
    return answer_text(q->c, 400, "`%s` is missing or malformed", field);
}

/* ---- finding the handler ---- */

static bool (*const handlers[])(struct chat_call *q) = {
#define X(handler, method, path, bytes, summary, query, body, answer, statuses) chat_on_##handler,
    CHAT_ROUTES(X)
#undef X
};

/* Does the path fit? What stands for {x} goes to `parts`, still encoded. */
static bool fits(const char *pattern, struct span path, struct span parts[CHAT_PARTS_MAX])
{
    size_t i = 0, n = 0;

    for (; *pattern != '\0'; pattern++) {
        if (*pattern == '{') {
            size_t from = i;
            while (i < path.len && path.ptr[i] != '/')
                i++;
            if (i == from || n == CHAT_PARTS_MAX)
                return false;
            parts[n++] = span_sub(path, from, i - from);
            pattern = strchr(pattern, '}');
        } else if (i < path.len && path.ptr[i] == (uint8_t)*pattern) {
            i++;
        } else {
            return false;
        }
    }
    return i == path.len;
}

/* The row of a request; SIZE_MAX: none. `methods` gets those of the path, a bit each. */
static size_t find(struct chat_call *q, struct span path, unsigned *methods)
{
    struct span parts[CHAT_PARTS_MAX] = {SPAN_EMPTY};
    size_t found = SIZE_MAX;

    *methods = 0;
    for (size_t i = 0; i < api_chat_routes_count; i++) {
        const struct route *r = &api_chat_routes[i];
        if (!fits(r->path, path, parts))
            continue;
        *methods |= 1u << r->method;
        if (r->method != q->c->rq->method || found != SIZE_MAX)
            continue;
        found = i;
        for (size_t k = 0; k < CHAT_PARTS_MAX; k++)
            if (!http_decode(q->env->scratch, parts[k], false, &q->parts[k]))
                found = SIZE_MAX;
    }
    return found;
}

/* ---- what must hold ---- */

static bool find_account(struct chat_call *q, struct chats *chats)
{
    struct span name = chat_query(q, "account");

    for (size_t i = 0; i < chats->count; i++)
        if (name.len == 0 || span_eq(name, span_str(chats->list[i].name))) {
            q->host = &chats->list[i];
            q->chat = q->host->chat;
            return true;
        }
    return false;
}

static bool body_ok(struct chat_call *q, const struct route *r)
{
    const struct api_request *rq = q->c->rq;
    bool file = r->body_bytes_max == API_FILE_BYTES_MAX;
    char why[128];

    if (rq->body.len > r->body_bytes_max)
        return !answer_text(q->c, 413, "the body is larger than %zu bytes", r->body_bytes_max);
    if (rq->body.len == 0 ? file || *r->body == '\0' : false)
        return true;
    if (file)
        return span_starts(rq->content_type, SPAN_LIT("application/octet-stream")) ||
               !answer_text(q->c, 415, "Wrong Content-Type, expected application/octet-stream");
    if (!http_is_json(rq->content_type))
        return !answer_text(q->c, 415, "Wrong Content-Type, expected application/json");
    q->body = json_parse(rq->body, why, sizeof why);
    return q->body != NULL || !answer_text(q->c, 400, "%s", why);
}

/* The token proves that the program may read this user's files. */
static bool allowed(struct call *c, const struct chats *chats)
{
    if (api_events_token_ok(c->rq->authorization, span_str(chats->token)))
        return true;
    return !answer_text(c, 401, "Authorization: Bearer and the token of the token file is needed");
}

static bool request(struct call *c, struct span path)
{
    struct chats *chats = c->a->chats;
    struct chat_call q = {.c = c, .env = c->env};
    unsigned methods;
    size_t row = find(&q, path, &methods);

    if (c->rq->method == API_OPTIONS && methods != 0) { /* a browser asks before it asks */
        c->out->allow = route_allow(methods);
        return answer_text(c, 200, "OK");
    }
    if (!allowed(c, chats))
        return true;
    if (row == SIZE_MAX) {
        c->out->allow = methods == 0 ? NULL : route_allow(methods);
        return methods == 0 ? answer_text(c, 404, "no such route")
                            : answer_text(c, 405, "this route takes %s", c->out->allow);
    }
    if (!find_account(&q, chats))
        return answer_text(c, 404, "no such account is hosted here");
    bool answered = body_ok(&q, &api_chat_routes[row]) ? handlers[row](&q) : true;
    json_decref(q.body);
    return answered;
}

/* ---- reading ---- */

bool chat_hex(struct span text, uint8_t *out, size_t len)
{
    return text.len == 2 * len && hex_decode(text, out) == OK;
}

bool chat_part_id(const struct chat_call *q, size_t part, uint8_t *out, size_t len)
{
    return chat_hex(q->parts[part], out, len);
}

struct span chat_query(struct chat_call *q, const char *name)
{
    struct span out = SPAN_EMPTY;
    bool broken = false;

    return http_parameter(q->env->scratch, q->c->query, name, &out, &broken) ? out : SPAN_EMPTY;
}

static const json_t *member(const struct chat_call *q, const char *name, bool *there)
{
    const json_t *j = json_object_get(q->body, name);

    if (there != NULL)
        *there = j != NULL;
    return j;
}

bool chat_get_text(const struct chat_call *q, const char *name, struct span *out, bool *there)
{
    const json_t *j = member(q, name, there);

    if (j == NULL)
        return there != NULL;
    *out = span_of(json_string_value(j), json_string_length(j));
    return json_is_string(j);
}

bool chat_get_bool(const struct chat_call *q, const char *name, bool *out, bool *there)
{
    const json_t *j = member(q, name, there);

    if (j == NULL)
        return there != NULL;
    *out = json_is_true(j);
    return json_is_boolean(j);
}

bool chat_get_number(const struct chat_call *q, const char *name, uint64_t *out, bool *there)
{
    const json_t *j = member(q, name, there);

    if (j == NULL)
        return there != NULL;
    *out = json_integer_value(j) < 0 ? 0 : (uint64_t)json_integer_value(j);
    return json_is_integer(j) && json_integer_value(j) >= 0;
}

bool chat_get_word(const struct chat_call *q, const char *name, const char *const *words,
                   size_t *out, bool *there)
{
    struct span text = SPAN_EMPTY;
    bool is_there;

    if (!chat_get_text(q, name, &text, &is_there))
        return false;
    if (there != NULL)
        *there = is_there;
    if (!is_there)
        return there != NULL;
    for (*out = 0; words[*out] != NULL; ++*out)
        if (span_eq(text, span_str(words[*out])))
            return true;
    return false;
}

struct chat_account *chat_get_accounts(const json_t *array, size_t *count)
{
    struct chat_account *all;

    *count = json_array_size(array);
    if (!json_is_array(array) || *count > API_LIST_MAX)
        return NULL;
    all = calloc(*count + 1, sizeof *all);
    for (size_t i = 0; all != NULL && i < *count; i++) {
        const json_t *j = json_array_get(array, i);
        if (json_is_string(j) && chat_hex(span_of(json_string_value(j), json_string_length(j)),
                                          all[i].bytes, sizeof all[i].bytes))
            continue;
        free(all);
        return NULL;
    }
    return all;
}

/* ---- life ---- */

static void free_chats(struct api *a)
{
    for (size_t i = 0; i < a->chats->count; i++)
        api_events_free(a->chats->list[i].events);
    wipe(a->chats->token, sizeof a->chats->token);
    free(a->chats);
    a->chats = NULL;
}

static const struct chats_calls calls = {
    .request = request,
    .pump = chat_events_pump,
    .poll = chat_events_poll,
    .sent = chat_events_sent,
    .gone = chat_events_gone,
    .tick = chat_events_tick,
    .deadline = chat_events_deadline,
    .free = free_chats,
};

enum err api_serve_chats(struct api *a, const struct api_chats *given)
{
    enum err err = OK;

    if (given->count == 0 || given->count > API_CHATS_MAX || *given->token == '\0' ||
        strlen(given->token) >= API_CHAT_TOKEN_MAX)
        return ERR_ARGUMENT;
    a->chats = calloc(1, sizeof *a->chats);
    if (a->chats == NULL)
        return ERR_MEMORY;
    a->chats_calls = &calls;
    snprintf(a->chats->token, sizeof a->chats->token, "%s", given->token);
    for (size_t i = 0; i < given->count && err == OK; i++) {
        struct hosted *h = &a->chats->list[a->chats->count++];
        snprintf(h->name, sizeof h->name, "%s", given->list[i].name);
        h->chat = given->list[i].chat;
        err = api_events_new(&h->events);
    }
    if (err != OK)
        free_chats(a);
    return err;
}
