/* Rendezvous, both protocols: the meeting point's engine and our questions, over exchanges. */
#include "net/reach/rendezvous.h"
#include "net/host/exchange.h"

#include <stdlib.h>

/* the two protocols differ in the kind of record alone */
static enum err serve(struct host *h, const struct env *env, struct host_stream *s,
                      struct span request)
{
    const struct host_peer *p = host_peer(h, s->peer);
    struct buf answer = BUF_INIT(RENDEZVOUS_ANSWER_BYTES);
    struct rendezvous_server *server =
        h->rendezvous[s->adapter == &adapter_rendezvous ? HOST_MEET_LIBP2P : HOST_MEET_WAKU];
    enum err err =
        p == NULL ? ERR_CLOSED : rendezvous_server_request(server, env, &p->id, request, &answer);

    if (err == OK && answer.len > 0)
        exchange_answer(h, env, s->id, buf_span(&answer));
    else if (err == OK)
        exchange_silence(h, env, s->id);
    buf_clear(&answer);
    return err;
}

static const struct exchange exchange = {.request_max = RENDEZVOUS_REQUEST_MAX,
                                         .answer_max = RENDEZVOUS_ANSWER_BYTES,
                                         .serve = serve,
                                         .rate = RATE_RENDEZVOUS};

static void incoming(struct host *h, const struct env *env, struct host_stream *s)
{
    exchange_incoming(h, env, s, &exchange);
}

static bool served(const struct host *h)
{
    return h->params.rendezvous;
}

static const char *const protocols[] = {RENDEZVOUS_PROTOCOL, NULL};
static const char *const waku_protocols[] = {RENDEZVOUS_WAKU_PROTOCOL, NULL};

const struct adapter adapter_rendezvous = {
    .protocols = protocols,
    .served = served,
    .opened = exchange_opened,
    .incoming = incoming,
    .bytes = exchange_bytes,
    .end = exchange_end,
    .broken = exchange_broken,
    .ended = exchange_ended,
};

const struct adapter adapter_waku_rendezvous = {
    .protocols = waku_protocols,
    .served = served,
    .opened = exchange_opened,
    .incoming = incoming,
    .bytes = exchange_bytes,
    .end = exchange_end,
    .broken = exchange_broken,
    .ended = exchange_ended,
};

static const struct adapter *adapter_of(enum host_meet kind)
{
    return kind == HOST_MEET_LIBP2P ? &adapter_rendezvous : &adapter_waku_rendezvous;
}

/* ---- our questions ---- */

struct question {
    uint64_t peer;
    enum host_meet kind;
};

static void answered(struct host *h, const struct env *env, void *ctx, enum err err,
                     struct span answer)
{
    struct question *q = ctx;
    struct host_out_slot slot = {
        .out = {.kind = HOST_OUT_MEETING, .peer = q->peer, .ticket = q->kind, .err = err}};

    free(q);
    if (err == OK && (slot.owned = blob_new(answer)) == NULL)
        slot.out.err = ERR_MEMORY;
    if (slot.owned != NULL)
        slot.out.record = blob_span(slot.owned);
    host_emit(h, env, &slot);
}

static enum err ask(struct host *h, const struct env *env, enum host_meet kind, uint64_t peer,
                    const struct rendezvous_message *m)
{
    struct buf request = BUF_INIT(RENDEZVOUS_REQUEST_MAX);
    struct question *q = malloc(sizeof *q);
    enum err err = q == NULL ? ERR_MEMORY : rendezvous_encode(m, &request);

    if (err == OK) {
        *q = (struct question){peer, kind};
        err = exchange_ask(h, env, adapter_of(kind), &exchange, peer, buf_span(&request), answered,
                           q);
    }
    if (err != OK)
        free(q);
    buf_clear(&request);
    return err;
}

enum err host_register(struct host *h, const struct env *env, enum host_meet kind, uint64_t peer,
                       struct span ns)
{
    struct buf record = BUF_INIT(RENDEZVOUS_REQUEST_MAX);
    struct rendezvous_message *m = calloc(1, sizeof *m);
    enum err err =
        m == NULL ? ERR_MEMORY
                  : identify_adapter_sign(
                        h, env, kind == HOST_MEET_LIBP2P ? &envelope_peer_record : &envelope_waku,
                        &record);

    host_stir(h);
    if (err == OK) {
        m->type = RENDEZVOUS_REGISTER;
        m->registration =
            (struct rendezvous_registration){ns, buf_span(&record), true, RENDEZVOUS_TTL_S_GIVEN};
        err = ask(h, env, kind, peer, m);
    }
    free(m);
    buf_clear(&record);
    return err;
}

enum err host_discover(struct host *h, const struct env *env, enum host_meet kind, uint64_t peer,
                       struct span ns, uint64_t limit)
{
    struct rendezvous_message *m = calloc(1, sizeof *m);

    host_stir(h);
    if (m == NULL)
        return ERR_MEMORY;
    m->type = RENDEZVOUS_DISCOVER;
    m->has_ns = m->has_limit = true;
    m->ns = ns;
    m->limit = limit;
    enum err err = ask(h, env, kind, peer, m);
    free(m);
    return err;
}

const struct rendezvous_counters *host_rendezvous(const struct host *h, enum host_meet kind)
{
    return h->rendezvous[kind] == NULL ? NULL : rendezvous_server_counters(h->rendezvous[kind]);
}

enum err rendezvous_adapter_new(struct host *h, const struct env *env)
{
    if (!h->params.rendezvous)
        return OK;
    TRY(rendezvous_server_new(&h->rendezvous[HOST_MEET_LIBP2P], env, &envelope_peer_record));
    return rendezvous_server_new(&h->rendezvous[HOST_MEET_WAKU], env, &envelope_waku);
}

void rendezvous_adapter_free(struct host *h)
{
    for (int i = 0; i < HOST_MEETS; i++) {
        rendezvous_server_free(h->rendezvous[i]);
        h->rendezvous[i] = NULL;
    }
}
