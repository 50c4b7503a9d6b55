/* AutoNAT on streams, and where others see us (net/reach): who is asked, who asks, and the dials
 * that come of it. What follows for the node as a whole is HOST_OUT_DIAL and HOST_OUT_REACH. */
#include "crypto/keyring/keyring.h"
#include "net/host/exchange.h"
#include "net/identify/identify.h"
#include "net/reach/reach.h"

#include <stdlib.h>

struct autonat_adapter {
    struct autonat *engine;
    struct observed observed;
    struct peer_id self;
    bool seen; /* the IP of enough votes was told */
    uint8_t seen_ip[16];
};

static enum err serve(struct host *h, const struct env *env, struct host_stream *s,
                      struct span request)
{
    const struct host_peer *p = host_peer(h, s->peer);

    if (p == NULL)
        return ERR_CLOSED;
    autonat_server_request(h->autonat->engine, env, s->id, &p->id, &p->remote, request);
    return OK;
}

static const struct exchange exchange = {.request_max = AUTONAT_MESSAGE_MAX,
                                         .answer_max = AUTONAT_MESSAGE_MAX,
                                         .timeout_ms = AUTONAT_TIMEOUT_MS,
                                         .serve = serve};

static void incoming(struct host *h, const struct env *env, struct host_stream *s)
{
    exchange_incoming(h, env, s, &exchange);
}

/* ---- asking ---- */

/* `ctx` is the peer's number, as a pointer's bits: the peer may be gone when the answer comes. */
static void answered(struct host *h, const struct env *env, void *ctx, enum err err,
                     struct span answer)
{
    uint64_t peer = (uint64_t)(uintptr_t)ctx;

    if (err == OK)
        autonat_client_answer(h->autonat->engine, env, peer, answer);
    else
        autonat_client_failed(h->autonat->engine, peer);
}

/* What we announce, and the same ports at the address that others see: a forwarded port. */
static size_t addresses(const struct host *h, struct multiaddr out[REACH_ADDRS_MAX])
{
    const struct host_params *p = &h->params;
    struct multiaddr seen;
    uint8_t ip[16];
    uint16_t port;
    size_t n = 0;

    for (size_t i = 0; i < p->listen_count && n < REACH_ADDRS_MAX; i++)
        out[n++] = p->listen[i];
    if (observed_addrs(&h->autonat->observed, &seen, 1) == 0 || !multiaddr_ip(&seen, ip, &port))
        return n;
    for (size_t i = 0; i < p->listen_count && n < REACH_ADDRS_MAX; i++)
        n += announce_rebase_ip(&p->listen[i], ip, &out[n]) == OK;
    return n;
}

static void ask(struct host *h, const struct env *env, uint64_t peer)
{
    struct multiaddr addrs[REACH_ADDRS_MAX];
    struct buf request = BUF_INIT(AUTONAT_MESSAGE_MAX);
    size_t count = addresses(h, addrs);
    enum err err =
        count == 0 ? ERR_NOT_FOUND : autonat_request(&h->autonat->self, addrs, count, &request);

    if (err == OK)
        err = exchange_ask(h, env, &adapter_autonat, &exchange, peer, buf_span(&request), answered,
                           (void *)(uintptr_t)peer);
    if (err != OK)
        autonat_client_failed(h->autonat->engine, peer);
    buf_clear(&request);
}

/* ---- what the engine says ---- */

static void emit_dial(struct host *h, const struct env *env, const struct autonat_out *out)
{
    struct multiaddr *addrs = calloc(out->addrs_count, sizeof *addrs);

    if (addrs == NULL) {
        autonat_server_dialed(h->autonat->engine, out->ticket, ERR_MEMORY, NULL);
        return;
    }
    memcpy(addrs, out->addrs, out->addrs_count * sizeof *addrs);
    host_emit(h, env,
              &(struct host_out_slot){.out = {.kind = HOST_OUT_DIAL,
                                              .ticket = out->ticket,
                                              .peer_id = *out->peer_id,
                                              .addrs = addrs,
                                              .addrs_count = out->addrs_count},
                                      .object = addrs,
                                      .drop = free});
}

static bool pump(struct host *h, const struct env *env)
{
    struct autonat_out out;
    bool moved = false;

    while (autonat_poll(h->autonat->engine, &out)) {
        moved = true;
        switch (out.kind) {
        case AUTONAT_OUT_ANSWER:
            exchange_answer(h, env, out.stream, out.bytes);
            break;
        case AUTONAT_OUT_DIAL:
            emit_dial(h, env, &out);
            break;
        case AUTONAT_OUT_ASK:
            ask(h, env, out.peer);
            break;
        case AUTONAT_OUT_REACH:
            host_emit(h, env, &(struct host_out_slot){.out = {.kind = HOST_OUT_REACH}});
            break;
        }
    }
    return moved;
}

void host_dialed(struct host *h, const struct env *env, uint64_t ticket, enum err err,
                 const struct multiaddr *at)
{
    host_stir(h);
    if (ticket & HOST_DCUTR_TICKET)
        dcutr_adapter_dialed(h, env, ticket & ~HOST_DCUTR_TICKET, err);
    else
        autonat_server_dialed(h->autonat->engine, ticket, err, at);
}

size_t host_observed(const struct host *h, struct multiaddr *out, size_t max)
{
    return observed_addrs(&h->autonat->observed, out, max);
}

/* ---- what peers tell by identify ---- */

static bool speaks(const struct host_peer *p)
{
    for (size_t i = 0; i < p->protocols_count; i++)
        if (strcmp(p->protocols[i], AUTONAT_PROTOCOL) == 0)
            return true;
    return false;
}

static void vote(struct host *h, const struct env *env, const uint8_t from[16], struct span told)
{
    struct autonat_adapter *a = h->autonat;
    struct multiaddr addr;
    uint8_t ip[16];

    if (multiaddr_from_bytes(told, &addr) != OK ||
        !observed_add(&a->observed, from, &addr, h->params.private_addresses) ||
        !observed_ip(&a->observed, ip))
        return;
    if (a->seen && memcmp(ip, a->seen_ip, 16) == 0)
        return;
    a->seen = true;
    memcpy(a->seen_ip, ip, 16);
    host_emit(h, env, &(struct host_out_slot){.out = {.kind = HOST_OUT_REACH}});
}

static void identified(struct host *h, const struct env *env, const struct host_peer *p,
                       const struct identify_info *info)
{
    struct multiaddr_part part;
    uint8_t from[16];
    uint16_t port;

    if (!p->outbound || multiaddr_find(&p->remote, MULTIADDR_P2P_CIRCUIT, &part) ||
        !multiaddr_ip(&p->remote, from, &port))
        return; /* whom we dialed did not choose us: his word cannot be arranged so easily */
    vote(h, env, from, info->observed_addr);
    if (speaks(p))
        autonat_client_peer(h->autonat->engine, env, p->peer, from);
}

static void peer_down(struct host *h, const struct env *env, const struct host_peer *p)
{
    (void)env;
    autonat_client_peer_down(h->autonat->engine, p->peer);
}

void host_reach(const struct host *h, struct host_reach *out)
{
    const struct autonat_adapter *a = h->autonat;

    *out = (struct host_reach){.counters = autonat_counters(a->engine)};
    out->observed = observed_ip(&a->observed, out->observed_ip);
    out->reach = (int)autonat_reach(a->engine, &out->confidence);
}

static void tick(struct host *h, const struct env *env)
{
    autonat_tick(h->autonat->engine, env);
}

static struct mono deadline(const struct host *h)
{
    return autonat_deadline(h->autonat->engine);
}

static bool served(const struct host *h)
{
    return h->params.autonat;
}

static const char *const protocols[] = {AUTONAT_PROTOCOL, NULL};

const struct adapter adapter_autonat = {
    .protocols = protocols,
    .served = served,
    .identified = identified,
    .peer_down = peer_down,
    .opened = exchange_opened,
    .incoming = incoming,
    .bytes = exchange_bytes,
    .end = exchange_end,
    .broken = exchange_broken,
    .ended = exchange_ended,
    .pump = pump,
    .tick = tick,
    .deadline = deadline,
};

enum err autonat_adapter_new(struct host *h, const struct env *env)
{
    struct autonat_params params = {.serve = h->params.autonat,
                                    .ask = h->params.autonat,
                                    .private_counts = h->params.private_addresses};

    h->autonat = calloc(1, sizeof *h->autonat);
    if (h->autonat == NULL)
        return ERR_MEMORY;
    peer_id_from_key(keyring_host_public(h->params.key), &h->autonat->self);
    return autonat_new(&h->autonat->engine, env, &params);
}

void autonat_adapter_free(struct host *h)
{
    if (h->autonat == NULL)
        return;
    autonat_free(h->autonat->engine);
    free(h->autonat);
    h->autonat = NULL;
}
