/* The serving end: a request becomes a push, its outcome becomes bytes. */
#include "net/services/lightpush.h"

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"

#include <stdlib.h>

struct pending { /* a push that waits for its outcome */
    uint64_t ticket, peer, stream;
    enum lightpush_version version;
    struct blob *bytes; /* the request, which `push` points into */
    struct lightpush_request push;
};

struct lightpush_server {
    struct map by_ticket, by_stream; /* of struct pending; a stream has one request */
    struct map by_peer;              /* peer -> struct busy */
    size_t bytes;                    /* of all pending */
    struct fifo out;                 /* of struct lightpush_server_out */
    uint64_t next_ticket;
    struct lightpush_server_counters counters;
};

struct busy { /* a peer with pushes under way */
    uint64_t peer;
    uint32_t count;
};

enum err lightpush_server_new(struct lightpush_server **out, const struct env *env)
{
    uint8_t seed[16];
    struct lightpush_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&s->by_ticket, seed, LIGHTPUSH_SERVER_PENDING_MAX);
    map_init(&s->by_stream, seed, LIGHTPUSH_SERVER_PENDING_MAX);
    map_init(&s->by_peer, seed, LIGHTPUSH_SERVER_PENDING_MAX);
    fifo_init(&s->out, sizeof(struct lightpush_server_out), 2 * LIGHTPUSH_SERVER_PENDING_MAX);
    s->next_ticket = 1;
    *out = s;
    return OK;
}

static void release_peer(struct lightpush_server *s, uint64_t peer)
{
    struct busy *b = map_get(&s->by_peer, MAP_KEY(peer));
    if (b != NULL && --b->count == 0)
        free(map_take(&s->by_peer, MAP_KEY(peer)));
}

static bool hold_peer(struct lightpush_server *s, uint64_t peer)
{
    struct busy *b = map_get(&s->by_peer, MAP_KEY(peer));
    if (b == NULL) {
        b = calloc(1, sizeof *b);
        if (b == NULL || map_put(&s->by_peer, MAP_KEY(peer), b) != OK) {
            free(b);
            return false;
        }
        b->peer = peer;
    }
    b->count++;
    return true;
}

static void forget(struct lightpush_server *s, struct pending *p)
{
    map_take(&s->by_ticket, MAP_KEY(p->ticket));
    map_take(&s->by_stream, MAP_KEY(p->stream));
    release_peer(s, p->peer);
    s->bytes -= p->bytes->len;
    blob_unref(p->bytes);
    free(p);
}

void lightpush_server_free(struct lightpush_server *s)
{
    struct pending *p;
    struct lightpush_server_out o;
    size_t cursor = 0;
    if (s == NULL)
        return;
    while ((p = map_next(&s->by_ticket, &cursor, NULL)) != NULL)
        forget(s, p);
    while (fifo_pop(&s->out, &o))
        blob_unref(o.bytes);
    fifo_clear(&s->out);
    map_clear(&s->by_ticket);
    map_clear(&s->by_stream);
    map_clear(&s->by_peer);
    free(s);
}

static void count_answer(struct lightpush_server *s, enum lightpush_version v, uint32_t status)
{
    switch ((enum lightpush_status)status) {
#define X(name, code, text)                                                                        \
    case LIGHTPUSH_STATUS_##name:                                                                  \
        s->counters.answers.name[v]++;                                                             \
        break;
        LIGHTPUSH_STATUSES(X)
#undef X
    }
}

static enum err emit_answer(struct lightpush_server *s, enum lightpush_version v, uint64_t stream,
                            struct span request_id, const struct lightpush_result *result)
{
    struct buf bytes = BUF_INIT(LIGHTPUSH_ANSWER_BYTES_MAX);
    struct lightpush_server_out o = {.kind = LIGHTPUSH_SERVER_ANSWER, .stream = stream};
    struct lightpush_answer a = {.result = *result};
    /* nwaku's answer to who sent none */
    a.request_id = request_id.len == 0 ? SPAN_LIT("N/A") : request_id;
    if (a.request_id.len > LIGHTPUSH_ID_BYTES_MAX)
        a.request_id.len = LIGHTPUSH_ID_BYTES_MAX;
    enum err err = lightpush_codecs[v].write_answer(&a, &bytes);
    if (err == OK)
        err = (o.bytes = blob_new(buf_span(&bytes))) == NULL ? ERR_MEMORY : OK;
    buf_clear(&bytes);
    TRY(err);
    err = fifo_push(&s->out, &o);
    if (err != OK)
        blob_unref(o.bytes);
    else
        count_answer(s, v, result->status);
    return err;
}

static enum err enter(struct lightpush_server *s, struct pending *p)
{
    enum err err = map_put(&s->by_ticket, MAP_KEY(p->ticket), p);
    if (err == OK)
        err = map_put(&s->by_stream, MAP_KEY(p->stream), p);
    if (err == OK)
        err = fifo_push(&s->out, &(struct lightpush_server_out){.kind = LIGHTPUSH_SERVER_PUSH,
                                                                .ticket = p->ticket,
                                                                .peer = p->peer,
                                                                .stream = p->stream,
                                                                .push = &p->push});
    return err;
}

static enum err take_push(struct lightpush_server *s, enum lightpush_version v, uint64_t peer,
                          uint64_t stream, struct span request)
{
    struct pending *p = calloc(1, sizeof *p);
    const char *why;
    if (p == NULL || (p->bytes = blob_new(request)) == NULL || !hold_peer(s, peer)) {
        if (p != NULL)
            blob_unref(p->bytes);
        free(p);
        return ERR_MEMORY;
    }
    p->ticket = s->next_ticket++;
    p->peer = peer;
    p->stream = stream;
    p->version = v;
    s->bytes += request.len;
    enum err err = lightpush_codecs[v].read_request(blob_span(p->bytes), &p->push, &why);
    if (err == OK)
        err = enter(s, p);
    if (err != OK)
        forget(s, p);
    else
        s->counters.messages[v]++;
    return err;
}

static bool at_bound(const struct lightpush_server *s, uint64_t peer, size_t bytes)
{
    const struct busy *b = map_get(&s->by_peer, MAP_KEY(peer));
    return map_count(&s->by_ticket) == LIGHTPUSH_SERVER_PENDING_MAX ||
           s->bytes + bytes > LIGHTPUSH_SERVER_PENDING_BYTES ||
           (b != NULL && b->count >= LIGHTPUSH_SERVER_PENDING_PEER);
}

enum err lightpush_server_request(struct lightpush_server *s, const struct env *env,
                                  enum lightpush_version version, uint64_t peer, uint64_t stream,
                                  struct span request)
{
    struct lightpush_request r;
    const char *why;
    if (map_get(&s->by_stream, MAP_KEY(stream)) != NULL)
        return ERR_PROTOCOL; /* one request per stream */
    enum err err = lightpush_codecs[version].read_request(request, &r, &why);
    if (err != OK || at_bound(s, peer, request.len))
        return lightpush_server_refuse(s, env, version, stream, request);
    s->counters.bytes_in += request.len;
    return take_push(s, version, peer, stream, request);
}

enum err lightpush_server_refuse(struct lightpush_server *s, const struct env *env,
                                 enum lightpush_version version, uint64_t stream,
                                 struct span request)
{
    struct lightpush_request r;
    const char *why = NULL;
    enum err err = lightpush_codecs[version].read_request(request, &r, &why);
    s->counters.bytes_in += request.len;
    struct lightpush_result result =
        lightpush_result(err == OK ? LIGHTPUSH_STATUS_TOO_MANY : LIGHTPUSH_STATUS_BAD_REQUEST, why);
    if (err != OK)
        log_debug(env, "lightpush", "malformed why=\"%s\"", why);
    return emit_answer(s, version, stream, r.request_id, &result);
}

enum err lightpush_server_answer(struct lightpush_server *s, uint64_t ticket,
                                 const struct lightpush_result *result)
{
    struct pending *p = map_get(&s->by_ticket, MAP_KEY(ticket));
    if (p == NULL)
        return ERR_NOT_FOUND;
    enum err err = emit_answer(s, p->version, p->stream, p->push.request_id, result);
    forget(s, p);
    return err;
}

void lightpush_server_gone(struct lightpush_server *s, uint64_t stream)
{
    struct pending *p = map_get(&s->by_stream, MAP_KEY(stream));
    if (p != NULL)
        forget(s, p);
}

bool lightpush_server_poll(struct lightpush_server *s, struct lightpush_server_out *out)
{
    while (fifo_pop(&s->out, out))
        if (out->kind == LIGHTPUSH_SERVER_ANSWER ||
            map_get(&s->by_ticket, MAP_KEY(out->ticket)) != NULL)
            return true; /* a push whose stream went meanwhile is nobody's */
    return false;
}

const struct lightpush_server_counters *lightpush_server_counters(const struct lightpush_server *s)
{
    return &s->counters;
}
