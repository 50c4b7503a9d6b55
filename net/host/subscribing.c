/* We as a subscriber of filter. There are HOST_FILTER_SLOTS subscribers in us, each with a service
 * of its own, so that no single one learns of all that is wanted here. */
#include "net/host/filter.h"
#include "net/wire/frame.h"

#include <stdlib.h>

/* ---- asking ---- */

/* A question of a slot, in what exchange_ask hands back. */
static void *context_of(size_t slot, uint64_t number)
{
    return (void *)(uintptr_t)(number * HOST_FILTER_SLOTS + slot);
}

static void answered(struct host *h, const struct env *env, void *ctx, enum err err,
                     struct span bytes)
{
    uint64_t number = (uint64_t)(uintptr_t)ctx / HOST_FILTER_SLOTS;
    struct filter_client *c = h->filter->clients[(uintptr_t)ctx % HOST_FILTER_SLOTS];

    if (err == OK)
        filter_client_answer(c, env, number, bytes);
    else
        filter_client_gone(c, env, number, err);
}

static void ask(struct host *h, const struct env *env, size_t slot,
                const struct filter_client_out *out)
{
    enum err err = exchange_ask(h, env, &adapter_filter, &filter_exchange, out->peer,
                                blob_span(out->bytes), answered, context_of(slot, out->ask));

    blob_unref(out->bytes);
    if (err != OK)
        filter_client_gone(h->filter->clients[slot], env, out->ask, err);
}

/* ---- being pushed to ---- */

static bool is_service(const struct host *h, uint64_t peer)
{
    for (size_t i = 0; i < HOST_FILTER_SLOTS; i++)
        if (filter_client_peer(h->filter->clients[i]) == peer)
            return true;
    return false;
}

void subscribing_incoming(struct host *h, const struct env *env, struct host_stream *s)
{
    struct host_peer *peer = host_peer_mutable(h, s->peer);
    struct frames *f = calloc(1, sizeof *f);
    (void)env;

    if (f == NULL || peer == NULL || !is_service(h, s->peer) ||
        peer->pushes_in >= HOST_PUSH_INBOUND_MAX) {
        free(f);
        host_reset(h, s);
        return;
    }
    peer->pushes_in++;
    frames_init(f, h->params.message_bytes_max + 2 * FILTER_TOPIC_BYTES_MAX);
    s->state = f;
}

/* For the slot that wants it. */
static enum err take(struct host *h, const struct env *env, uint64_t peer, struct span push)
{
    enum err err = ERR_REFUSED;

    for (size_t i = 0; i < HOST_FILTER_SLOTS && err == ERR_REFUSED; i++)
        if (filter_client_peer(h->filter->clients[i]) == peer)
            err = filter_client_push(h->filter->clients[i], env, peer, push);
    return err;
}

void subscribing_bytes(struct host *h, const struct env *env, struct host_stream *s,
                       struct span bytes)
{
    struct span push;
    enum err err;

    while ((err = frames_next(s->state, &bytes, &push)) == OK) {
        err = take(h, env, s->peer, push);
        if (err == ERR_FORMAT)
            break;
    }
    if (err == ERR_MORE)
        return;
    log_debug(env, "filter", "push reset peer=%llu err=%s", (unsigned long long)s->peer,
              err_name(err));
    host_reset(h, s);
}

void subscribing_ended(struct host *h, struct host_stream *s)
{
    struct host_peer *peer = host_peer_mutable(h, s->peer);
    struct frames *f = s->state;

    s->state = NULL;
    if (f == NULL)
        return;
    if (peer != NULL)
        peer->pushes_in--;
    frames_clear(f);
    free(f);
}

/* ---- what is told ---- */

static bool next(struct host *h, struct filter_client_out *out, size_t *slot)
{
    for (size_t i = 0; i < HOST_FILTER_SLOTS; i++) {
        *slot = (h->filter->told_slot + i) % HOST_FILTER_SLOTS;
        if (filter_client_poll(h->filter->clients[*slot], out)) {
            h->filter->told_slot = *slot; /* a slot is emptied before the next one's turn */
            return true;
        }
    }
    return false;
}

bool filter_adapter_poll(struct host *h, const struct env *env, struct host_out *out)
{
    struct filter_client_out *c = &h->filter->told;
    size_t slot;

    blob_unref(c->bytes);
    c->bytes = NULL;
    while (next(h, c, &slot)) {
        if (c->kind == FILTER_CLIENT_REQUEST) {
            ask(h, env, slot, c);
            c->bytes = NULL;
            continue;
        }
        *out = (struct host_out){.kind = c->kind == FILTER_CLIENT_MESSAGE ? HOST_OUT_FILTERED
                                         : c->kind == FILTER_CLIENT_DONE  ? HOST_OUT_FILTER_ANSWER
                                                                          : HOST_OUT_FILTER_LOST,
                                 .slot = slot,
                                 .peer = c->peer,
                                 .ticket = c->ticket,
                                 .err = c->err,
                                 .status = c->status,
                                 .text = c->desc,
                                 .topic = c->pubsub_topic,
                                 .data = c->bytes,
                                 .payload = c->message};
        memcpy(out->hash, c->hash, sizeof out->hash);
        return true;
    }
    return false;
}

/* ---- what the host offers ---- */

void host_filter_use(struct host *h, const struct env *env, size_t slot, uint64_t peer)
{
    host_stir(h);
    filter_client_use(h->filter->clients[slot], env, host_peer_stays(h, peer) ? peer : 0);
}

uint64_t host_filter_peer(const struct host *h, size_t slot)
{
    return filter_client_peer(h->filter->clients[slot]);
}

enum err host_filter_ask(struct host *h, const struct env *env, size_t slot,
                         const struct filter_request *request, uint64_t ticket)
{
    host_stir(h);
    return filter_client_ask(h->filter->clients[slot], env, request->kind, request->pubsub_topic,
                             request->content_topics, request->count, ticket);
}

const struct filter_client *host_filter_client(const struct host *h)
{
    return h->filter->clients[0];
}

/* ---- time and life ---- */

void subscribing_peer_down(struct host *h, const struct env *env, uint64_t peer)
{
    for (size_t i = 0; i < HOST_FILTER_SLOTS; i++)
        if (filter_client_peer(h->filter->clients[i]) == peer)
            filter_client_use(h->filter->clients[i], env, 0);
}

void subscribing_tick(struct host *h, const struct env *env)
{
    for (size_t i = 0; i < HOST_FILTER_SLOTS; i++)
        filter_client_tick(h->filter->clients[i], env);
}

struct mono subscribing_deadline(const struct host *h)
{
    struct mono due = MONO_NEVER;

    for (size_t i = 0; i < HOST_FILTER_SLOTS; i++)
        due = mono_min(due, filter_client_deadline(h->filter->clients[i]));
    return due;
}

enum err subscribing_new(struct host *h, const struct env *env)
{
    for (size_t i = 0; i < HOST_FILTER_SLOTS; i++)
        TRY(filter_client_new(&h->filter->clients[i], env));
    return OK;
}

void subscribing_free(struct host *h)
{
    blob_unref(h->filter->told.bytes);
    for (size_t i = 0; i < HOST_FILTER_SLOTS; i++)
        filter_client_free(h->filter->clients[i]);
}
