/* Peer exchange: the server's engine and our questions, over exchanges. */
#include "net/services/peer_exchange.h"
#include "net/host/exchange.h"

#include <stdlib.h>

static enum err give(struct host *h, const struct env *env, uint64_t stream, struct buf *answer,
                     enum err err)
{
    if (err == OK)
        exchange_answer(h, env, stream, buf_span(answer));
    buf_clear(answer);
    return err;
}

static enum err serve(struct host *h, const struct env *env, struct host_stream *s,
                      struct span request)
{
    struct buf answer = BUF_INIT(PX_ANSWER_BYTES_MAX);

    return give(h, env, s->id, &answer, px_server_answer(h->px, env, request, &answer));
}

static enum err refuse(struct host *h, const struct env *env, struct host_stream *s,
                       struct span request)
{
    struct px_answer too_many = {.status = PX_STATUS_TOO_MANY_REQUESTS};
    struct buf answer = BUF_INIT(PX_ANSWER_BYTES_MAX);

    (void)request;
    return give(h, env, s->id, &answer, px_answer_encode(&too_many, &answer));
}

static const struct exchange exchange = {.request_max = PX_REQUEST_BYTES_MAX,
                                         .answer_max = PX_ANSWER_BYTES_MAX,
                                         .serve = serve,
                                         .rate = RATE_PEER_EXCHANGE,
                                         .refuse = refuse};

static void incoming(struct host *h, const struct env *env, struct host_stream *s)
{
    exchange_incoming(h, env, s, &exchange);
}

static const char *const protocols[] = {PX_PROTOCOL, NULL};

static bool served(const struct host *h)
{
    return h->params.peer_exchange;
}

const struct adapter adapter_px = {
    .protocols = protocols,
    .served = served,
    .opened = exchange_opened,
    .incoming = incoming,
    .bytes = exchange_bytes,
    .end = exchange_end,
    .broken = exchange_broken,
    .ended = exchange_ended,
};

/* ---- our questions ---- */

/* `ctx` is the peer's number, as a pointer's bits: the peer may be gone when the answer comes. */
static void answered(struct host *h, const struct env *env, void *ctx, enum err err,
                     struct span answer)
{
    struct host_out_slot slot = {
        .out = {.kind = HOST_OUT_RECORDS, .peer = (uint64_t)(uintptr_t)ctx, .err = err}};

    if (err == OK && (slot.owned = blob_new(answer)) == NULL)
        slot.out.err = ERR_MEMORY;
    if (slot.owned != NULL)
        slot.out.record = blob_span(slot.owned);
    host_emit(h, env, &slot);
}

enum err host_ask_records(struct host *h, const struct env *env, uint64_t peer, uint64_t count)
{
    struct buf request = BUF_INIT(PX_REQUEST_BYTES_MAX);
    enum err err = px_request_encode(count, &request);

    host_stir(h);
    if (err == OK)
        err = exchange_ask(h, env, &adapter_px, &exchange, peer, buf_span(&request), answered,
                           (void *)(uintptr_t)peer);
    buf_clear(&request);
    return err;
}

void host_offer_record(struct host *h, const struct env *env, const struct enr *enr)
{
    host_stir(h);
    if (h->px != NULL)
        px_server_add(h->px, env, enr);
}

const struct px_counters *host_px(const struct host *h)
{
    return h->px == NULL ? NULL : px_server_counters(h->px);
}

enum err px_adapter_new(struct host *h, const struct env *env)
{
    return h->params.peer_exchange ? px_server_new(&h->px, env) : OK;
}

void px_adapter_free(struct host *h)
{
    px_server_free(h->px);
    h->px = NULL;
}
