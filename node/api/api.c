/* The conductor: what holds for every request, waiting ones, events. */
#include "node/api/room.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum err api_new(struct api **out, const struct api_config *config,
                 const struct api_backend *backend, const struct env *env)
{
    struct api *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_MEMORY;
    a->config = *config;
    a->backend = *backend;
    a->next_ticket = 1;
    a->tokens_ns = NS_PER_S;
    a->tokens_at = env->now;
    inboxes_init(&a->inboxes, config->cache_capacity > 0 ? config->cache_capacity : 1, env->rng);
    fifo_init(&a->late, sizeof(struct late), API_WAITING_MAX);
    *out = a;
    return OK;
}

void api_free(struct api *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->waiting_end; i++)
        waiting_free(&a->waiting[i]);
    for (struct late l; fifo_pop(&a->late, &l);)
        api_response_clear(&l.response);
    fifo_clear(&a->late);
    inboxes_clear(&a->inboxes);
    if (a->chats != NULL)
        a->chats_calls->free(a);
    free(a);
}

void api_response_clear(struct api_response *r)
{
    buf_clear(&r->body);
}

bool answer_text(struct call *c, int status, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->out->status = status;
    c->out->type = "text/plain";
    buf_reset(&c->out->body);
    if (buf_append(&c->out->body, span_str(text)) != OK)
        c->out->status = 500;
    return true;
}

bool answer_json(struct call *c, int status, json_t *j)
{
    enum err err = json_body_take(c->out, status, j);
    return err == OK || answer_text(c, 500, "the answer is too large: %s", err_text(err));
}

/* ---- waiting ---- */

struct waiting *waiting_new(struct call *c, uint32_t count)
{
    for (size_t i = 0; i < API_WAITING_MAX; i++) {
        struct waiting *w = &c->a->waiting[i];
        if (w->used)
            continue;
        if (i >= c->a->waiting_end)
            c->a->waiting_end = i + 1;
        *w = (struct waiting){.used = true,
                              .ticket = c->ticket,
                              .first = c->a->next_ticket,
                              .count = count,
                              .unanswered = (uint32_t)((1ull << count) - 1),
                              .since = c->env->now,
                              .deadline = mono_add(c->env->now, API_WAITING_NS)};
        memcpy(w->allow_origin, c->out->allow_origin, sizeof w->allow_origin);
        c->a->next_ticket += count;
        return w;
    }
    return NULL;
}

struct waiting *waiting_find(struct api *a, uint64_t core_ticket)
{
    for (size_t i = 0; i < a->waiting_end; i++) {
        struct waiting *w = &a->waiting[i];
        if (w->used && core_ticket >= w->first && core_ticket - w->first < w->count)
            return w;
    }
    return NULL;
}

void waiting_free(struct waiting *w)
{
    json_decref(w->asked);
    *w = (struct waiting){0};
}

void waiting_answer(struct api *a, struct waiting *w, struct api_response *r)
{
    struct late late = {.ticket = w->ticket, .response = *r};
    memcpy(late.response.allow_origin, w->allow_origin, sizeof w->allow_origin);
    waiting_free(w);
    if (fifo_push(&a->late, &late) != OK)
        api_response_clear(&late.response); /* memory is out; the client will give up */
}

void api_gone(struct api *a, uint64_t ticket)
{
    for (size_t i = 0; i < a->waiting_end; i++)
        if (a->waiting[i].used && a->waiting[i].ticket == ticket)
            waiting_free(&a->waiting[i]);
    if (a->chats != NULL)
        a->chats_calls->gone(a, ticket);
}

bool api_poll(struct api *a, uint64_t *ticket, struct api_response *out)
{
    struct late late;
    if (!fifo_pop(&a->late, &late))
        return false;
    *ticket = late.ticket;
    *out = late.response;
    return true;
}

struct mono api_deadline(const struct api *a)
{
    struct mono least = MONO_NEVER;
    for (size_t i = 0; i < a->waiting_end; i++)
        if (a->waiting[i].used)
            least = mono_min(least, a->waiting[i].deadline);
    return a->chats == NULL ? least : mono_min(least, a->chats_calls->deadline(a));
}

void api_tick(struct api *a, const struct env *env)
{
    for (size_t i = 0; i < a->waiting_end; i++) {
        struct waiting *w = &a->waiting[i];
        if (!w->used || env->now.ns < w->deadline.ns)
            continue;
        struct api_response r = {.body = BUF_INIT(API_ANSWER_BYTES_MAX)};
        struct call c = {.a = a, .env = env, .out = &r};
        (void)answer_text(&c, 504, "no answer in time");
        waiting_answer(a, w, &r);
    }
    if (a->chats != NULL)
        a->chats_calls->tick(a, env);
}

/* ---- streams ---- */

size_t api_body_bytes_max(const struct api *a)
{
    return a->chats != NULL ? API_FILE_BYTES_MAX : API_BODY_BYTES_MAX;
}

void api_stream_pump(struct api *a, const struct env *env)
{
    if (a->chats != NULL)
        a->chats_calls->pump(a, env);
}

bool api_stream_poll(struct api *a, struct api_stream_out *out)
{
    return a->chats != NULL && a->chats_calls->poll(a, out);
}

void api_stream_sent(struct api *a, const struct env *env, uint64_t ticket, size_t n)
{
    if (a->chats != NULL)
        a->chats_calls->sent(a, env, ticket, n);
}

/* ---- requests ---- */

static bool within_rate(struct api *a, const struct env *env)
{
    if (a->config.rate == 0)
        return true;
    int64_t elapsed = env->now.ns - a->tokens_at.ns;
    a->tokens_at = env->now;
    a->tokens_ns = elapsed >= NS_PER_S - a->tokens_ns ? NS_PER_S : a->tokens_ns + elapsed;
    int64_t price = NS_PER_S / a->config.rate;
    if (a->tokens_ns < price)
        return false;
    a->tokens_ns -= price;
    return true;
}

/* Who may ask at all, before anything is looked at. */
static bool allowed(struct call *c)
{
    const struct api_config *config = &c->a->config;
    const struct api_request *rq = c->rq;
    if (!within_rate(c->a, c->env))
        return !answer_text(c, 429, "too many requests (--rest-rate)");
    if (!http_host_ok(rq->host, config->origins, config->origins_count))
        return !answer_text(c, 403, "this Host is not served (--rest-allow-origin)");
    if (rq->origin.len == 0 && span_eq(rq->fetch_site, SPAN_LIT("cross-site")))
        return !answer_text(c, 403, "pages of other sites may not use the API");
    if (rq->origin.len == 0)
        return true;
    if (rq->origin.len >= API_ORIGIN_BYTES_MAX ||
        !http_origin_ok(rq->origin, rq->host, config->origins, config->origins_count))
        return !answer_text(c, 403, "this Origin may not use the API (--rest-allow-origin)");
    memcpy(c->out->allow_origin, rq->origin.ptr, rq->origin.len);
    return true;
}

/* What a change must look like: pages of strangers can post forms, but no JSON. */
static bool body_ok(struct call *c, const struct route *r)
{
    const struct api_request *rq = c->rq;
    if (rq->body.len > r->body_bytes_max)
        return !answer_text(c, 413, "the body is larger than %zu bytes", r->body_bytes_max);
    if (r->method == API_GET || rq->body.len == 0 || http_is_json(rq->content_type))
        return true;
    return !answer_text(c, 415, "Wrong Content-Type, expected application/json");
}

static bool dispatch(struct call *c, struct span path)
{
    if (c->a->chats != NULL && span_starts(path, SPAN_LIT("/chat/")))
        return c->a->chats_calls->request(c, path);
    const struct route *r = route_find(c->env->scratch, c->rq->method, path, c->a->config.admin,
                                       &c->parameter, &c->out->allow);
    if (c->out->allow == NULL)
        return answer_text(c, 404, "no such route");
    if (c->rq->method == API_OPTIONS)
        return answer_text(c, 200, "OK");
    if (r == NULL)
        return answer_text(c, 405, "this route takes %s", c->out->allow);
    c->out->allow = NULL;
    return body_ok(c, r) ? r->handle(c) : true;
}

bool api_request(struct api *a, const struct env *env, uint64_t ticket,
                 const struct api_request *rq, struct api_response *out)
{
    struct call c = {.a = a, .env = env, .ticket = ticket, .rq = rq, .out = out};
    struct span path = rq->target;
    buf_init(&out->body, API_ANSWER_BYTES_MAX);
    if (!allowed(&c))
        return true;
    if (path.len == 0 || path.len > API_TARGET_BYTES_MAX)
        return answer_text(&c, 414, "the path and query are longer than %u bytes",
                           API_TARGET_BYTES_MAX);
    const uint8_t *mark = memchr(path.ptr, '?', path.len);
    if (mark != NULL) {
        c.query = span_after(path, (size_t)(mark - path.ptr) + 1);
        path = span_sub(path, 0, (size_t)(mark - path.ptr));
    }
    return dispatch(&c, path);
}

/* ---- events ---- */

static void keep_message(struct api *a, const struct core_event *ev)
{
    struct blob *copy = NULL;
    api_histogram_add(&a->message_bytes, api_bytes_bounds, (double)ev->message.len);
    a->messages++;
    if (!inboxes_empty(&a->inboxes, INBOX_PUBSUB))
        inboxes_put(&a->inboxes, INBOX_PUBSUB, ev->pubsub_topic, ev->message, &copy);
    if (!inboxes_empty(&a->inboxes, INBOX_CONTENT))
        inboxes_put(&a->inboxes, INBOX_CONTENT, json_content_topic(ev->message), ev->message,
                    &copy);
    blob_unref(copy);
}

void api_event(struct api *a, const struct env *env, const struct core_event *ev)
{
    struct waiting *w;
    switch (ev->kind) {
    case CORE_EVENT_MESSAGE:
        keep_message(a, ev);
        break;
    case CORE_EVENT_STORE_ANSWER:
        w = waiting_find(a, ev->ticket);
        if (w != NULL)
            store_answered(a, w, ev);
        break;
    case CORE_EVENT_DIALED:
        w = ev->ticket == 0 ? NULL : waiting_find(a, ev->ticket);
        if (w != NULL)
            admin_dialed(a, env, w, ev);
        break;
    case CORE_EVENT_PUSHED:
        w = waiting_find(a, ev->ticket);
        if (w != NULL)
            lightpush_answered(a, w, ev);
        break;
    case CORE_EVENT_FILTERED:
        filter_keep(a, ev);
        break;
    case CORE_EVENT_FILTER_ANSWER:
        w = waiting_find(a, ev->ticket);
        if (w != NULL)
            filter_answered(a, w, ev);
        break;
    case CORE_EVENT_PEER_UP:
    case CORE_EVENT_PEER_KNOWN:
    case CORE_EVENT_PEER_DOWN:
    case CORE_EVENT_ADDRESSES:
    case CORE_EVENT_PONG:
        break;
    }
}
