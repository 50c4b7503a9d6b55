#include "node/api/events.h"

#include "crypto/base/wipe.h"
#include "node/api/http.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct client {
    uint64_t ticket, after;
    struct buf queue;    /* what the socket has not taken */
    size_t handed;       /* of it was polled */
    bool close;          /* to be told */
    struct mono given;   /* last bytes put in: for the beat */
    struct mono stalled; /* since when the socket has taken nothing; NEVER: nothing waits */
};

struct api_events {
    struct client clients[EVENTS_CLIENTS_MAX]; /* in order of arrival */
    size_t count;
};

enum err api_events_new(struct api_events **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? ERR_MEMORY : OK;
}

static struct client *find(struct api_events *e, uint64_t ticket)
{
    for (size_t i = 0; i < e->count; i++)
        if (e->clients[i].ticket == ticket)
            return &e->clients[i];
    return NULL;
}

static void forget(struct api_events *e, struct client *c)
{
    size_t at = (size_t)(c - e->clients);
    buf_clear(&c->queue);
    e->count--;
    memmove(c, c + 1, (e->count - at) * sizeof *c);
}

void api_events_free(struct api_events *e)
{
    while (e != NULL && e->count > 0)
        forget(e, &e->clients[0]);
    free(e);
}

void api_events_gone(struct api_events *e, uint64_t ticket)
{
    struct client *c = find(e, ticket);
    if (c != NULL)
        forget(e, c);
}

static enum err put(struct client *c, const struct env *env, struct span bytes)
{
    TRY(buf_append(&c->queue, bytes));
    c->given = env->now;
    if (c->stalled.ns == MONO_NEVER.ns)
        c->stalled = env->now;
    return OK;
}

enum err api_events_open(struct api_events *e, const struct env *env, uint64_t ticket,
                         struct span last, uint64_t first)
{
    uint64_t after = first;

    if (last.len > 0 && !http_number(last, UINT64_MAX - 1, &after))
        return ERR_FORMAT;
    if (e->count == EVENTS_CLIENTS_MAX)
        return ERR_FULL;
    struct client *c = &e->clients[e->count];
    *c = (struct client){.ticket = ticket,
                         .after = after,
                         .queue = BUF_INIT(EVENTS_QUEUE_BYTES + EVENTS_EVENT_BYTES_MAX),
                         .stalled = MONO_NEVER};
    /* something at once, so that the client knows that it is followed */
    enum err err = put(c, env, SPAN_LIT("retry: 1000\n\n"));
    if (err != OK)
        buf_clear(&c->queue);
    else
        e->count++;
    return err;
}

static bool has_room(const struct client *c)
{
    return !c->close && c->queue.len < EVENTS_QUEUE_BYTES;
}

bool api_events_wants(const struct api_events *e, size_t *cursor, uint64_t *ticket, uint64_t *after)
{
    while (*cursor < e->count) {
        const struct client *c = &e->clients[(*cursor)++];
        if (!has_room(c))
            continue;
        *ticket = c->ticket;
        *after = c->after;
        return true;
    }
    return false;
}

static bool is_name(struct span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!((name.ptr[i] >= 'a' && name.ptr[i] <= 'z') ||
              (name.ptr[i] >= '0' && name.ptr[i] <= '9') || name.ptr[i] == '_'))
            return false;
    return name.len > 0 && name.len <= EVENTS_NAME_BYTES_MAX;
}

/* Each line of the data behind a "data: " of its own; CR, LF and CR LF end lines. */
static enum err put_data(struct buf *out, struct span data)
{
    bool more = true;
    while (more) {
        size_t len = 0;
        while (len < data.len && data.ptr[len] != '\n' && data.ptr[len] != '\r')
            len++;
        TRY(buf_append(out, SPAN_LIT("data: ")));
        TRY(buf_append(out, span_sub(data, 0, len)));
        TRY(buf_append(out, SPAN_LIT("\n")));
        more = len < data.len;
        if (more && data.ptr[len] == '\r' && len + 1 < data.len && data.ptr[len + 1] == '\n')
            len++;
        data = more ? span_after(data, len + 1) : data;
    }
    return buf_append(out, SPAN_LIT("\n"));
}

static enum err format(struct buf *out, uint64_t number, struct span name, struct span data)
{
    char id[32];

    snprintf(id, sizeof id, "id: %" PRIu64 "\n", number);
    if (number > 0)
        TRY(buf_append(out, span_str(id)));
    TRY(buf_append(out, SPAN_LIT("event: ")));
    TRY(buf_append(out, name));
    TRY(buf_append(out, SPAN_LIT("\n")));
    return put_data(out, data);
}

enum err api_events_give(struct api_events *e, const struct env *env, uint64_t ticket,
                         uint64_t number, struct span name, struct span data)
{
    struct buf text = BUF_INIT(EVENTS_EVENT_BYTES_MAX);
    struct client *c = find(e, ticket);

    if (c == NULL)
        return ERR_NOT_FOUND;
    if (!is_name(name) || data.len > EVENTS_DATA_BYTES_MAX || (number > 0 && number <= c->after))
        return ERR_ARGUMENT;
    if (!has_room(c))
        return ERR_FULL;
    enum err err = format(&text, number, name, data);
    if (err == ERR_FULL) /* nothing but line breaks: seven bytes for each */
        err = ERR_ARGUMENT;
    if (err == OK)
        err = put(c, env, buf_span(&text));
    if (err == OK && number > 0)
        c->after = number;
    buf_clear(&text);
    return err;
}

bool api_events_poll(struct api_events *e, struct api_events_out *out)
{
    for (size_t i = 0; i < e->count; i++) {
        struct client *c = &e->clients[i];
        if (c->close) {
            *out = (struct api_events_out){.ticket = c->ticket, .close = true};
            forget(e, c);
            return true;
        }
        if (c->handed == c->queue.len)
            continue;
        *out = (struct api_events_out){.ticket = c->ticket,
                                       .bytes = span_after(buf_span(&c->queue), c->handed)};
        c->handed = c->queue.len;
        return true;
    }
    return false;
}

void api_events_sent(struct api_events *e, const struct env *env, uint64_t ticket, size_t n)
{
    struct client *c = find(e, ticket);
    if (c == NULL || n == 0)
        return;
    assert(n <= c->handed);
    buf_drop(&c->queue, n);
    c->handed -= n;
    c->stalled = c->queue.len > 0 ? env->now : MONO_NEVER;
}

static struct mono due(const struct client *c)
{
    if (c->close)
        return MONO_NEVER;
    if (c->stalled.ns != MONO_NEVER.ns)
        return mono_add(c->stalled, EVENTS_STALL_S * NS_PER_S);
    return mono_add(c->given, EVENTS_BEAT_S * NS_PER_S);
}

struct mono api_events_deadline(const struct api_events *e)
{
    struct mono first = MONO_NEVER;
    for (size_t i = 0; i < e->count; i++)
        first = mono_min(first, due(&e->clients[i]));
    return first;
}

void api_events_tick(struct api_events *e, const struct env *env)
{
    for (size_t i = 0; i < e->count; i++) {
        struct client *c = &e->clients[i];
        if (env->now.ns < due(c).ns)
            continue;
        if (c->stalled.ns != MONO_NEVER.ns || put(c, env, SPAN_LIT(":\n\n")) != OK)
            c->close = true;
    }
}

bool api_events_token_ok(struct span authorization, struct span token)
{
    const struct span scheme = SPAN_LIT("Bearer ");
    if (token.len == 0 || !span_starts(authorization, scheme))
        return false;
    struct span given = span_after(authorization, scheme.len);
    return given.len == token.len && ct_equal(given.ptr, token.ptr, token.len);
}
