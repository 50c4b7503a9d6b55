/* Lightpush, both ends and both versions: the engines of net/services over exchanges. */
#include "net/services/lightpush.h"
#include "net/host/exchange.h"

#include <stdlib.h>

struct ready { /* a peer that is pushed to again and again */
    uint64_t peer;
    uint64_t stream; /* open, for the next push; 0: none */
};

struct lightpush_adapter {
    struct lightpush_server *server; /* NULL: not mounted */
    struct lightpush_client *client;
    struct map peers;             /* our pushes: ticket -> peer, as struct addressee */
    struct map ready;             /* peer -> struct ready */
    struct lightpush_result told; /* what the last output points to */
};

struct addressee {
    uint64_t ticket, peer;
};

static enum err serve_v3(struct host *h, const struct env *env, struct host_stream *s,
                         struct span request)
{
    return lightpush_server_request(h->lightpush->server, env, LIGHTPUSH_V3, s->peer, s->id,
                                    request);
}

static enum err serve_v2(struct host *h, const struct env *env, struct host_stream *s,
                         struct span request)
{
    return lightpush_server_request(h->lightpush->server, env, LIGHTPUSH_V2, s->peer, s->id,
                                    request);
}

static enum err refuse_v3(struct host *h, const struct env *env, struct host_stream *s,
                          struct span request)
{
    return lightpush_server_refuse(h->lightpush->server, env, LIGHTPUSH_V3, s->id, request);
}

static enum err refuse_v2(struct host *h, const struct env *env, struct host_stream *s,
                          struct span request)
{
    return lightpush_server_refuse(h->lightpush->server, env, LIGHTPUSH_V2, s->id, request);
}

static const struct exchange exchanges[LIGHTPUSH_VERSIONS] = {
    [LIGHTPUSH_V3] = {.request_max = LIGHTPUSH_REQUEST_BYTES_MAX,
                      .answer_max = LIGHTPUSH_ANSWER_BYTES_MAX,
                      .serve = serve_v3,
                      .rate = RATE_LIGHTPUSH,
                      .refuse = refuse_v3},
    [LIGHTPUSH_V2] = {.request_max = LIGHTPUSH_REQUEST_BYTES_MAX,
                      .answer_max = LIGHTPUSH_ANSWER_BYTES_MAX,
                      .serve = serve_v2,
                      .rate = RATE_LIGHTPUSH_V2,
                      .refuse = refuse_v2},
};

static void incoming_v3(struct host *h, const struct env *env, struct host_stream *s)
{
    exchange_incoming(h, env, s, &exchanges[LIGHTPUSH_V3]);
}

static void incoming_v2(struct host *h, const struct env *env, struct host_stream *s)
{
    exchange_incoming(h, env, s, &exchanges[LIGHTPUSH_V2]);
}

static struct ready *ready_of(struct host *h, uint64_t peer)
{
    return h->lightpush == NULL ? NULL : map_get(&h->lightpush->ready, MAP_KEY(peer));
}

static void ended(struct host *h, struct host_stream *s)
{
    struct ready *r = s->outbound && s->id != 0 ? ready_of(h, s->peer) : NULL;

    if (r != NULL && r->stream == s->id)
        r->stream = 0;
    if (!s->outbound && h->lightpush != NULL && h->lightpush->server != NULL)
        lightpush_server_gone(h->lightpush->server, s->id);
    exchange_ended(h, s);
}

static void answered(struct host *h, const struct env *env, void *ctx, enum err err,
                     struct span answer)
{
    uint64_t ticket = (uint64_t)(uintptr_t)ctx; /* the push may have timed out before */
    (void)env;

    if (err == OK)
        lightpush_client_answer(h->lightpush->client, ticket, answer);
    else
        lightpush_client_gone(h->lightpush->client, ticket, err);
}

static void open_ready(struct host *h, const struct env *env, struct ready *r)
{
    uint64_t stream = 0;

    if (r->stream == 0 &&
        exchange_open(h, env, &adapter_lightpush, &exchanges[LIGHTPUSH_V3], r->peer, &stream) == OK)
        r->stream = stream;
}

/* On the stream that is open already; ERR_NOT_FOUND: there is none. */
static enum err ask_ready(struct host *h, const struct env *env, const struct addressee *to,
                          const struct lightpush_client_out *out)
{
    struct ready *r = ready_of(h, to->peer);
    uint64_t stream = r == NULL ? 0 : r->stream;

    if (stream == 0 || out->version != LIGHTPUSH_V3)
        return ERR_NOT_FOUND;
    r->stream = 0;
    enum err err = exchange_ask_on(h, env, stream, blob_span(out->bytes), answered,
                                   (void *)(uintptr_t)to->ticket);
    if (err == ERR_FULL)
        r->stream = stream; /* untouched */
    else
        open_ready(h, env, r);
    return err;
}

static void send_push(struct host *h, const struct env *env, const struct lightpush_client_out *out)
{
    static const struct adapter *const by_version[] = {
        [LIGHTPUSH_V3] = &adapter_lightpush, [LIGHTPUSH_V2] = &adapter_lightpush_v2};
    uint64_t ticket = out->ticket;
    struct addressee *to = map_get(&h->lightpush->peers, MAP_KEY(ticket));
    enum err err = ask_ready(h, env, to, out);
    if (err == ERR_NOT_FOUND)
        err = exchange_ask(h, env, by_version[out->version], &exchanges[out->version], to->peer,
                           blob_span(out->bytes), answered, (void *)(uintptr_t)ticket);

    blob_unref(out->bytes);
    if (err != OK)
        lightpush_client_gone(h->lightpush->client, ticket, err);
}

/* A push goes with its stream, so it waits in the engine, which knows, until somebody takes it. */
static bool poll_server(struct host *h, const struct env *env, struct host_out *out)
{
    struct lightpush_server_out server;

    while (h->lightpush->server != NULL && lightpush_server_poll(h->lightpush->server, &server)) {
        if (server.kind == LIGHTPUSH_SERVER_ANSWER) {
            exchange_answer(h, env, server.stream, blob_span(server.bytes));
            blob_unref(server.bytes);
            continue;
        }
        *out = (struct host_out){.kind = HOST_OUT_PUSH,
                                 .peer = server.peer,
                                 .ticket = server.ticket,
                                 .topic = server.push->pubsub_topic,
                                 .payload = server.push->message};
        return true;
    }
    return false;
}

bool lightpush_adapter_poll(struct host *h, const struct env *env, struct host_out *out)
{
    struct lightpush_client_out client;

    if (poll_server(h, env, out))
        return true;
    while (lightpush_client_poll(h->lightpush->client, &client)) {
        if (client.kind == LIGHTPUSH_CLIENT_REQUEST) {
            send_push(h, env, &client);
            continue;
        }
        uint64_t ticket = client.ticket;
        h->lightpush->told = client.result;
        struct addressee *to = map_take(&h->lightpush->peers, MAP_KEY(ticket));
        *out = (struct host_out){.kind = HOST_OUT_PUSHED,
                                 .ticket = ticket,
                                 .peer = to == NULL ? 0 : to->peer,
                                 .err = client.err,
                                 .pushed = &h->lightpush->told};
        free(to);
        return true;
    }
    return false;
}

static void tick(struct host *h, const struct env *env)
{
    lightpush_client_tick(h->lightpush->client, env);
}

static struct mono deadline(const struct host *h)
{
    return lightpush_client_deadline(h->lightpush->client);
}

static void peer_down(struct host *h, const struct env *env, const struct host_peer *p)
{
    uint64_t peer = p->peer;
    (void)env;

    if (h->lightpush != NULL)
        free(map_take(&h->lightpush->ready, MAP_KEY(peer)));
}

static const char *const protocols_v3[] = {LIGHTPUSH_PROTOCOL, NULL};
static const char *const protocols_v2[] = {LIGHTPUSH_PROTOCOL_V2, NULL};

static bool served(const struct host *h)
{
    return h->params.lightpush;
}

const struct adapter adapter_lightpush = {
    .protocols = protocols_v3,
    .served = served,
    .peer_down = peer_down,
    .opened = exchange_opened,
    .incoming = incoming_v3,
    .bytes = exchange_bytes,
    .end = exchange_end,
    .broken = exchange_broken,
    .ended = ended,
    .tick = tick,
    .deadline = deadline,
};

const struct adapter adapter_lightpush_v2 = {
    /* its client is ticked above */
    .protocols = protocols_v2, .served = served,        .opened = exchange_opened,
    .incoming = incoming_v2,   .bytes = exchange_bytes, .end = exchange_end,
    .broken = exchange_broken, .ended = ended,
};

/* ---- what the host offers ---- */

enum err host_push(struct host *h, const struct env *env, uint64_t peer, struct span topic,
                   struct span message, uint64_t ticket)
{
    const struct host_peer *p = host_peer(h, peer);
    struct addressee *to = p == NULL ? NULL : malloc(sizeof *to);

    host_stir(h);
    if (to == NULL)
        return p == NULL ? ERR_NOT_FOUND : ERR_MEMORY;
    *to = (struct addressee){ticket, peer};
    bool old =
        host_peer_serves(p, LIGHTPUSH_PROTOCOL_V2) && !host_peer_serves(p, LIGHTPUSH_PROTOCOL);
    enum err err = map_put(&h->lightpush->peers, MAP_KEY(ticket), to);
    if (err != OK) {
        free(to);
        return err;
    }
    err = lightpush_client_push(h->lightpush->client, env, ticket,
                                old ? LIGHTPUSH_V2 : LIGHTPUSH_V3, topic, message);
    if (err != OK)
        free(map_take(&h->lightpush->peers, MAP_KEY(ticket)));
    return err;
}

void host_push_ready(struct host *h, const struct env *env, uint64_t peer)
{
    struct ready *r = ready_of(h, peer);

    host_stir(h);
    if (r == NULL && host_peer_stays(h, peer)) {
        r = calloc(1, sizeof *r);
        if (r == NULL || map_put(&h->lightpush->ready, MAP_KEY(peer), r) != OK) {
            free(r);
            return;
        }
        r->peer = peer;
    }
    if (r != NULL)
        open_ready(h, env, r);
}

void host_push_answer(struct host *h, const struct env *env, uint64_t ticket,
                      const struct lightpush_result *result)
{
    enum err err = lightpush_server_answer(h->lightpush->server, ticket, result);

    host_stir(h);
    if (err != OK && err != ERR_NOT_FOUND) /* not found: the stream went meanwhile */
        log_unusual(env, "lightpush", "answer lost err=%s", err_name(err));
}

const struct lightpush_server *host_lightpush_server(const struct host *h)
{
    return h->lightpush->server;
}

enum err lightpush_adapter_new(struct host *h, const struct env *env)
{
    uint8_t seed[16];

    h->lightpush = calloc(1, sizeof *h->lightpush);
    if (h->lightpush == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&h->lightpush->peers, seed, LIGHTPUSH_CLIENT_PENDING_MAX);
    map_init(&h->lightpush->ready, seed, HOST_PUSH_READY_MAX);
    TRY(lightpush_client_new(&h->lightpush->client, env));
    return h->params.lightpush ? lightpush_server_new(&h->lightpush->server, env) : OK;
}

void lightpush_adapter_free(struct host *h)
{
    size_t cursor = 0;
    struct addressee *to;

    if (h->lightpush == NULL)
        return;
    while ((to = map_next(&h->lightpush->peers, &cursor, NULL)) != NULL)
        free(to);
    map_clear(&h->lightpush->peers);
    struct ready *r;
    for (cursor = 0; (r = map_next(&h->lightpush->ready, &cursor, NULL)) != NULL;)
        free(r);
    map_clear(&h->lightpush->ready);
    lightpush_client_free(h->lightpush->client);
    lightpush_server_free(h->lightpush->server);
    free(h->lightpush);
    h->lightpush = NULL;
}
