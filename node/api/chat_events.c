/* The journal of each account as server-sent events. The journal is the queue: a client is given
 * what stands behind the number that it saw last, as fast as it reads. */
#include "node/api/chat.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* An event as it goes out. An entry that is too large for one goes without its item: it can be
 * asked for. */
static char *text_of(struct chat *chat, const struct chat_event *ev)
{
    json_t *j = chat_json_event(chat, ev);
    char *text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT);

    if (text != NULL && strlen(text) > EVENTS_DATA_BYTES_MAX) {
        free(text);
        json_object_del(j, "item");
        text = json_dumps(j, JSON_COMPACT);
    }
    json_decref(j);
    return text;
}

static enum err give(struct hosted *h, const struct env *env, uint64_t ticket,
                     const struct chat_event *ev)
{
    char *text = text_of(h->chat, ev);

    if (text == NULL)
        return ERR_MEMORY;
    enum err err = api_events_give(h->events, env, ticket, ev->number,
                                   span_str(chat_event_name(ev->kind)), span_str(text));
    free(text);
    return err;
}

/* Events between its number and the journal's first are gone: it is told, and goes on at the end.
 */
static enum err tell_missed(struct hosted *h, const struct env *env, uint64_t ticket)
{
    uint64_t last = chat_event_last(h->chat);
    char text[64];

    snprintf(text, sizeof text, "{\"number\":%" PRIu64 ",\"kind\":\"missed\"}", last);
    return api_events_give(h->events, env, ticket, last, SPAN_LIT("missed"), span_str(text));
}

/* One event for one client; false: it has all, or its buffer is full. */
static bool next(struct hosted *h, const struct env *env, uint64_t ticket, uint64_t after)
{
    struct chat_event ev;
    enum err err = chat_event(h->chat, after, &ev);

    if (err == OK)
        err = give(h, env, ticket, &ev);
    else if (err == ERR_LIMIT)
        err = tell_missed(h, env, ticket);
    if (err != OK && err != ERR_NOT_FOUND && err != ERR_FULL)
        log_unusual(env, "chat", "event not sent after=%" PRIu64 " err=%s", after, err_name(err));
    return err == OK;
}

static void follow(struct hosted *h, const struct env *env)
{
    uint64_t ticket, after;
    bool any = true;

    while (any) {
        any = false;
        for (size_t cursor = 0; api_events_wants(h->events, &cursor, &ticket, &after);)
            any = next(h, env, ticket, after) || any;
    }
}

/* What is in no journal goes to those who have room now. */
static void pass(struct hosted *h, const struct env *env)
{
    uint64_t ticket, after;
    struct chat_event ev;

    while (chat_event_passing(h->chat, &ev)) {
        ev.number = 0;
        for (size_t cursor = 0; api_events_wants(h->events, &cursor, &ticket, &after);)
            (void)!give(h, env, ticket, &ev);
    }
}

void chat_events_pump(struct api *a, const struct env *env)
{
    for (size_t i = 0; i < a->chats->count; i++) {
        follow(&a->chats->list[i], env);
        pass(&a->chats->list[i], env);
    }
}

bool chat_on_events(struct chat_call *q)
{
    struct span last = q->c->rq->last_event_id;

    if (last.len == 0)
        last = chat_query(q, "after");
    enum err err =
        api_events_open(q->host->events, q->env, q->c->ticket, last, chat_event_last(q->chat));
    if (err == ERR_FORMAT)
        return chat_bad(q, "after");
    if (err != OK)
        return chat_answer(q, err);
    q->c->out->status = 200;
    q->c->out->type = EVENTS_TYPE;
    q->c->out->stream = true;
    return false;
}

bool chat_events_poll(struct api *a, struct api_stream_out *out)
{
    struct api_events_out ev;

    for (size_t i = 0; i < a->chats->count; i++)
        if (api_events_poll(a->chats->list[i].events, &ev)) {
            *out = (struct api_stream_out){ev.ticket, ev.close, ev.bytes};
            return true;
        }
    return false;
}

void chat_events_sent(struct api *a, const struct env *env, uint64_t ticket, size_t n)
{
    for (size_t i = 0; i < a->chats->count; i++)
        api_events_sent(a->chats->list[i].events, env, ticket, n);
}

void chat_events_gone(struct api *a, uint64_t ticket)
{
    for (size_t i = 0; i < a->chats->count; i++)
        api_events_gone(a->chats->list[i].events, ticket);
}

void chat_events_tick(struct api *a, const struct env *env)
{
    for (size_t i = 0; i < a->chats->count; i++)
        api_events_tick(a->chats->list[i].events, env);
}

struct mono chat_events_deadline(const struct api *a)
{
    struct mono due = MONO_NEVER;

    for (size_t i = 0; i < a->chats->count; i++)
        due = mono_min(due, api_events_deadline(a->chats->list[i].events));
    return due;
}
