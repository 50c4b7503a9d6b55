/* Store queries, both ends: the engines of net/services over exchanges. */
#include "net/host/exchange.h"
#include "net/services/store_query.h"

#include <stdlib.h>

struct store_adapter {
    struct store_server *server; /* NULL: not mounted */
    struct store_client *client;
    struct map peers; /* our questions: ticket -> peer, as struct question */
};

struct question {
    uint64_t ticket, peer;
};

static enum err serve(struct host *h, const struct env *env, struct host_stream *s,
                      struct span request)
{
    return store_server_request(h->store->server, env, s->peer, s->id, request);
}

static enum err refuse(struct host *h, const struct env *env, struct host_stream *s,
                       struct span request)
{
    return store_server_refuse(h->store->server, env, s->peer, s->id, request);
}

static const struct exchange exchange = {.request_max = STORE_QUERY_REQUEST_BYTES_MAX,
                                         .answer_max = STORE_QUERY_ANSWER_BYTES_MAX,
                                         .serve = serve,
                                         .rate = RATE_STORE,
                                         .refuse = refuse};

static void incoming(struct host *h, const struct env *env, struct host_stream *s)
{
    exchange_incoming(h, env, s, &exchange);
}

static void ended(struct host *h, struct host_stream *s)
{
    if (!s->outbound && h->store != NULL && h->store->server != NULL)
        store_server_gone(h->store->server, s->id);
    exchange_ended(h, s);
}

static void answered(struct host *h, const struct env *env, void *ctx, enum err err,
                     struct span answer)
{
    uint64_t ticket = (uint64_t)(uintptr_t)ctx; /* the question may have timed out before */

    if (err == OK)
        err = store_client_answer(h->store->client, env, ticket, answer);
    if (err != OK)
        store_client_gone(h->store->client, ticket, err);
}

static void ask(struct host *h, const struct env *env, const struct store_client_out *out)
{
    uint64_t ticket = out->ticket;
    struct question *q = map_get(&h->store->peers, MAP_KEY(ticket));
    enum err err = exchange_ask(h, env, &adapter_store, &exchange, q->peer, blob_span(out->bytes),
                                answered, (void *)(uintptr_t)ticket);

    blob_unref(out->bytes);
    if (err != OK)
        store_client_gone(h->store->client, ticket, err);
}

/* A query goes with its stream, so it waits in the engine, which knows, until somebody takes it. */
static bool poll_server(struct host *h, const struct env *env, struct host_out *out)
{
    struct store_server_out server;

    while (h->store->server != NULL && store_server_poll(h->store->server, &server)) {
        if (server.kind == STORE_SERVER_ANSWER) {
            exchange_answer(h, env, server.stream, blob_span(server.bytes));
            blob_unref(server.bytes);
            continue;
        }
        const struct host_stream *s = host_stream(h, server.stream);
        *out = (struct host_out){.kind = HOST_OUT_QUERY,
                                 .peer = s == NULL ? 0 : s->peer,
                                 .ticket = server.ticket,
                                 .query = server.query};
        return true;
    }
    return false;
}

bool store_adapter_poll(struct host *h, const struct env *env, struct host_out *out)
{
    struct store_client_out client;

    if (poll_server(h, env, out))
        return true;

    while (store_client_poll(h->store->client, &client)) {
        if (client.kind == STORE_CLIENT_REQUEST) {
            ask(h, env, &client);
            continue;
        }
        uint64_t ticket = client.ticket;
        free(map_take(&h->store->peers, MAP_KEY(ticket)));
        *out = (struct host_out){
            .kind = HOST_OUT_ANSWER, .ticket = ticket, .err = client.err, .answer = client.answer};
        return true;
    }
    return false;
}

static void tick(struct host *h, const struct env *env)
{
    store_client_tick(h->store->client, env);
}

static struct mono deadline(const struct host *h)
{
    return store_client_deadline(h->store->client);
}

static bool served(const struct host *h)
{
    return h->params.store;
}

static const char *const protocols[] = {STORE_QUERY_PROTOCOL, NULL};

const struct adapter adapter_store = {
    .protocols = protocols,
    .served = served,
    .opened = exchange_opened,
    .incoming = incoming,
    .bytes = exchange_bytes,
    .end = exchange_end,
    .broken = exchange_broken,
    .ended = ended,
    .tick = tick,
    .deadline = deadline,
};

/* ---- what the host offers ---- */

enum err host_query(struct host *h, const struct env *env, uint64_t peer,
                    const struct store_query *query, uint64_t ticket)
{
    struct question *q = malloc(sizeof *q);

    host_stir(h);
    if (q == NULL)
        return ERR_MEMORY;
    *q = (struct question){ticket, peer};
    enum err err =
        host_peer(h, peer) == NULL ? ERR_NOT_FOUND : map_put(&h->store->peers, MAP_KEY(ticket), q);
    if (err != OK) {
        free(q);
        return err;
    }
    err = store_client_ask(h->store->client, env, ticket, query);
    if (err != OK)
        free(map_take(&h->store->peers, MAP_KEY(ticket)));
    return err;
}

void host_answer(struct host *h, const struct env *env, uint64_t ticket, enum err err,
                 const struct store_answer *answer)
{
    host_stir(h);
    if (err == OK)
        err = store_server_answer(h->store->server, env, ticket, answer);
    else
        err = store_server_fail(h->store->server, env, ticket, err);
    if (err != OK && err != ERR_NOT_FOUND) /* not found: the stream went meanwhile */
        log_unusual(env, "store", "answer lost err=%s", err_name(err));
}

const struct store_server *host_store_server(const struct host *h)
{
    return h->store->server;
}

enum err store_adapter_new(struct host *h, const struct env *env)
{
    uint8_t seed[16];

    h->store = calloc(1, sizeof *h->store);
    if (h->store == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&h->store->peers, seed, STORE_CLIENT_PENDING_MAX);
    TRY(store_client_new(&h->store->client, env));
    return h->params.store ? store_server_new(&h->store->server, env) : OK;
}

void store_adapter_free(struct host *h)
{
    size_t cursor = 0;
    struct question *q;

    if (h->store == NULL)
        return;
    while ((q = map_next(&h->store->peers, &cursor, NULL)) != NULL)
        free(q);
    map_clear(&h->store->peers);
    store_client_free(h->store->client);
    store_server_free(h->store->server);
    free(h->store);
    h->store = NULL;
}
