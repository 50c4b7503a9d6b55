/* The serving end: a request becomes a query for the archive, its answer becomes bytes. */
#include "net/services/store_query.h"

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"

#include <stdlib.h>

struct pending { /* a query that waits for the archive */
    uint64_t ticket, peer, stream;
    struct store_query query;
    struct buf keep; /* the spans of the query */
};

struct store_server {
    struct map by_ticket, by_stream; /* of struct pending; a stream has one request */
    struct fifo out;                 /* of struct store_server_out */
    uint64_t next_ticket;
    struct store_server_counters counters;
};

enum err store_server_new(struct store_server **out, const struct env *env)
{
    uint8_t seed[16];
    struct store_server *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&s->by_ticket, seed, STORE_SERVER_PENDING_MAX);
    map_init(&s->by_stream, seed, STORE_SERVER_PENDING_MAX);
    fifo_init(&s->out, sizeof(struct store_server_out), 2 * STORE_SERVER_PENDING_MAX);
    s->next_ticket = 1;
    *out = s;
    return OK;
}

static void forget(struct store_server *s, struct pending *p)
{
    map_take(&s->by_ticket, MAP_KEY(p->ticket));
    map_take(&s->by_stream, MAP_KEY(p->stream));
    store_query_clear(&p->query);
    buf_clear(&p->keep);
    free(p);
}

void store_server_free(struct store_server *s)
{
    struct pending *p;
    struct store_server_out o;
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
    free(s);
}

static enum err emit_answer(struct store_server *s, uint64_t stream, const struct store_answer *a)
{
    struct buf bytes = BUF_INIT(STORE_QUERY_ANSWER_BYTES_MAX);
    struct store_server_out o = {.kind = STORE_SERVER_ANSWER, .stream = stream};
    enum err err = store_answer_encode(a, &bytes);
    if (err == OK)
        err = (o.bytes = blob_new(buf_span(&bytes))) == NULL ? ERR_MEMORY : OK;
    buf_clear(&bytes);
    TRY(err);
    err = fifo_push(&s->out, &o);
    if (err != OK)
        blob_unref(o.bytes);
    else
        s->counters.bytes_out += o.bytes->len;
    return err;
}

/* "BAD_REQUEST: invalid cursor": nwaku's way to put it. */
static enum err emit_failure(struct store_server *s, uint64_t stream, struct span request_id,
                             enum store_status status, const char *why)
{
    char text[STORE_QUERY_DESC_BYTES_MAX];
    struct store_answer a = {.request_id = request_id, .status = (uint32_t)status};
    const char *name = store_status_text(status);
    size_t name_len = strlen(name), why_len = why == NULL ? 0 : strlen(why);
    assert(name_len + 2 + why_len < sizeof text);
    memcpy(text, name, name_len);
    if (why_len > 0) {
        memcpy(text + name_len, ": ", 2);
        memcpy(text + name_len + 2, why, why_len);
    }
    a.status_desc = span_of(text, name_len + (why_len > 0 ? 2 + why_len : 0));
    return emit_answer(s, stream, &a);
}

static size_t pending_of(const struct store_server *s, uint64_t peer)
{
    struct pending *p;
    size_t cursor = 0, n = 0;
    while ((p = map_next(&s->by_ticket, &cursor, NULL)) != NULL)
        n += p->peer == peer;
    return n;
}

static enum err enter(struct store_server *s, struct pending *p)
{
    enum err err = map_put(&s->by_ticket, MAP_KEY(p->ticket), p);
    if (err == OK)
        err = map_put(&s->by_stream, MAP_KEY(p->stream), p);
    if (err == OK)
        err = fifo_push(&s->out, &(struct store_server_out){.kind = STORE_SERVER_QUERY,
                                                            .ticket = p->ticket,
                                                            .stream = p->stream,
                                                            .query = &p->query});
    return err;
}

static enum err ask_archive(struct store_server *s, uint64_t peer, uint64_t stream,
                            const struct store_query *q)
{
    struct pending *p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_MEMORY;
    *p = (struct pending){.ticket = s->next_ticket++,
                          .peer = peer,
                          .stream = stream,
                          .keep = BUF_INIT(STORE_QUERY_REQUEST_BYTES_MAX)};
    enum err err = store_query_copy(q, &p->query, &p->keep);
    if (err == OK)
        err = enter(s, p);
    if (err != OK)
        forget(s, p);
    else
        s->counters.queries++;
    return err;
}

static enum err take(struct store_server *s, const struct env *env, uint64_t peer, uint64_t stream,
                     struct span request, bool over_rate)
{
    struct store_query q;
    const char *why;
    s->counters.bytes_in += request.len;
    if (map_get(&s->by_stream, MAP_KEY(stream)) != NULL)
        return ERR_PROTOCOL; /* one request per stream */
    enum err err = store_query_decode(request, &q, &why);
    if (err == OK && (over_rate || map_count(&s->by_ticket) == STORE_SERVER_PENDING_MAX ||
                      pending_of(s, peer) >= STORE_SERVER_PENDING_PEER_MAX)) {
        s->counters.refused++;
        err = emit_failure(s, stream, q.request_id, STORE_STATUS_TOO_MANY, NULL);
    } else if (err == OK) {
        err = ask_archive(s, peer, stream, &q);
    } else if (err != ERR_MEMORY) {
        s->counters.malformed++;
        log_debug(env, "store", "malformed peer=%llu why=\"%s\"", (unsigned long long)peer, why);
        err = emit_failure(s, stream, q.request_id, STORE_STATUS_BAD_REQUEST, why);
    }
    store_query_clear(&q);
    return err;
}

enum err store_server_request(struct store_server *s, const struct env *env, uint64_t peer,
                              uint64_t stream, struct span request)
{
    return take(s, env, peer, stream, request, false);
}

enum err store_server_refuse(struct store_server *s, const struct env *env, uint64_t peer,
                             uint64_t stream, struct span request)
{
    return take(s, env, peer, stream, request, true);
}

enum err store_server_answer(struct store_server *s, const struct env *env, uint64_t ticket,
                             const struct store_answer *answer)
{
    (void)env;
    struct pending *p = map_get(&s->by_ticket, MAP_KEY(ticket));
    if (p == NULL)
        return ERR_NOT_FOUND;
    struct store_answer *a = malloc(sizeof *a);
    if (a == NULL)
        return ERR_MEMORY;
    *a = *answer;
    a->request_id = p->query.request_id;
    a->status = STORE_STATUS_OK;
    a->status_desc = SPAN_LIT("OK");
    for (size_t i = 0; i < a->count; i++)
        a->entries[i].has_data = a->entries[i].has_data && p->query.include_data;
    enum err err = emit_answer(s, p->stream, a);
    if (err == OK) {
        s->counters.answered++;
        s->counters.entries += a->count;
    }
    free(a);
    forget(s, p);
    return err;
}

enum err store_server_fail(struct store_server *s, const struct env *env, uint64_t ticket,
                           enum err why)
{
    struct pending *p = map_get(&s->by_ticket, MAP_KEY(ticket));
    if (p == NULL)
        return ERR_NOT_FOUND;
    enum store_status status = STORE_STATUS_FAILED;
    const char *text = "archive error: DRIVER_ERROR: query failed";
    if (why == ERR_NOT_FOUND)
        text = "archive error: DRIVER_ERROR: cursor not found";
    if (why == ERR_LIMIT) {
        status = STORE_STATUS_BAD_REQUEST;
        text = "too many conditions";
    }
    s->counters.failed++;
    log_debug(env, "store", "query failed peer=%llu err=%s", (unsigned long long)p->peer,
              err_name(why));
    enum err err = emit_failure(s, p->stream, p->query.request_id, status, text);
    forget(s, p);
    return err;
}

/* Outputs of the stream that nobody polled yet go with it: its QUERY points into the pending. */
void store_server_gone(struct store_server *s, uint64_t stream)
{
    struct pending *p = map_get(&s->by_stream, MAP_KEY(stream));
    struct store_server_out o;
    for (size_t n = fifo_count(&s->out); n > 0; n--) {
        if (!fifo_pop(&s->out, &o))
            break;
        if (o.stream == stream) {
            blob_unref(o.bytes);
            continue;
        }
        enum err err = fifo_push(&s->out, &o);
        assert(err == OK); /* one was just taken out */
    }
    if (p != NULL)
        forget(s, p);
}

bool store_server_poll(struct store_server *s, struct store_server_out *out)
{
    return fifo_pop(&s->out, out);
}

const struct store_server_counters *store_server_counters(const struct store_server *s)
{
    return &s->counters;
}
