/* DCUtR on streams (net/reach/dcutr.h): one stream at a time with a peer that a circuit joins us
 * with; the dials are the core's. */
#include "net/host/adapter.h"
#include "net/identify/identify.h"
#include "net/reach/reach.h"
#include "net/wire/frame.h"
#include "net/wire/varint.h"

#include <stdlib.h>

struct talk { /* a stream */
    uint64_t stream, peer;
    struct frames frames;
    struct talk *next;
};

struct dcutr_adapter {
    struct dcutr *engine;
    struct talk *talks;
};

static struct talk *talk_of(const struct host *h, uint64_t peer)
{
    struct talk *t = h->dcutr->talks;

    while (t != NULL && t->peer != peer)
        t = t->next;
    return t;
}

static struct talk *talk_new(struct host *h, uint64_t peer)
{
    struct talk *t = talk_of(h, peer) != NULL ? NULL : calloc(1, sizeof *t);

    if (t == NULL)
        return NULL;
    t->peer = peer;
    frames_init(&t->frames, DCUTR_MESSAGE_MAX);
    t->next = h->dcutr->talks;
    h->dcutr->talks = t;
    return t;
}

static bool is_circuit(const struct host_peer *p)
{
    struct multiaddr_part part;

    return p->limited && multiaddr_find(&p->remote, MULTIADDR_P2P_CIRCUIT, &part);
}

/* ---- what the engine wants ---- */

static void open_talk(struct host *h, const struct env *env, uint64_t peer)
{
    struct talk *t = talk_new(h, peer);
    uint64_t stream;

    if (t != NULL &&
        host_open(h, env, &adapter_dcutr, peer, adapter_dcutr.protocols, t, &stream) == OK)
        t->stream = stream;
    else
        dcutr_broken(h->dcutr->engine, env, peer);
}

/* Where a hole could be punched: as others see us, and what we announce. */
static size_t own_addrs(const struct host *h, struct multiaddr out[REACH_ADDRS_MAX])
{
    struct multiaddr_part part;
    size_t n = host_observed(h, out, DCUTR_ADDRS_MAX / 2);

    for (size_t i = 0; i < h->params.listen_count && n < DCUTR_ADDRS_MAX; i++)
        if (!multiaddr_find(&h->params.listen[i], MULTIADDR_P2P_CIRCUIT, &part))
            out[n++] = h->params.listen[i];
    return n;
}

static enum err write_message(struct host *h, const struct dcutr_out *out)
{
    struct multiaddr addrs[REACH_ADDRS_MAX];
    struct dcutr_message m = {.type = (uint32_t)out->say};
    struct buf b = BUF_INIT(DCUTR_MESSAGE_MAX);
    uint8_t head[PB_VARINT_BYTES_MAX];
    const struct talk *t = talk_of(h, out->peer);

    if (t == NULL)
        return ERR_CLOSED;
    m.addrs_count = out->say == DCUTR_CONNECT ? own_addrs(h, addrs) : 0;
    for (size_t i = 0; i < m.addrs_count; i++)
        m.addrs[i] = multiaddr_span(&addrs[i]);
    enum err err = dcutr_encode(&m, &b);
    struct blob *body = err == OK ? blob_new(buf_span(&b)) : NULL;
    if (err == OK)
        err = body == NULL ? ERR_MEMORY
                           : h->streams.write(h->streams.impl, t->stream,
                                              span_of(head, varint_encode(b.len, head)), &body, 1);
    blob_unref(body);
    buf_clear(&b);
    return err;
}

static void end_talk(struct host *h, uint64_t peer)
{
    const struct talk *t = talk_of(h, peer);
    struct host_stream *s = t == NULL ? NULL : host_stream(h, t->stream);

    if (s != NULL)
        host_reset(h, s);
}

static void emit_dial(struct host *h, const struct env *env, const struct dcutr_out *out)
{
    const struct host_peer *p = host_peer(h, out->peer);
    struct multiaddr *addrs = p == NULL ? NULL : calloc(out->addrs_count, sizeof *addrs);

    if (addrs == NULL) {
        dcutr_dialed(h->dcutr->engine, env, out->peer, ERR_MEMORY);
        return;
    }
    memcpy(addrs, out->addrs, out->addrs_count * sizeof *addrs);
    host_emit(h, env,
              &(struct host_out_slot){.out = {.kind = HOST_OUT_DIAL,
                                              .ticket = out->peer | HOST_DCUTR_TICKET,
                                              .peer_id = p->id,
                                              .dial = out->listen  ? HOST_DIAL_PUNCH_LISTENER
                                                      : out->punch ? HOST_DIAL_PUNCH
                                                                   : HOST_DIAL_DIRECT,
                                              .addrs = addrs,
                                              .addrs_count = out->addrs_count},
                                      .object = addrs,
                                      .drop = free});
}

static bool pump(struct host *h, const struct env *env)
{
    struct dcutr_out out;
    bool moved = false;

    while (dcutr_poll(h->dcutr->engine, &out)) {
        moved = true;
        switch (out.kind) {
        case DCUTR_OUT_OPEN:
            open_talk(h, env, out.peer);
            break;
        case DCUTR_OUT_SAY:
            if (write_message(h, &out) != OK)
                end_talk(h, out.peer);
            break;
        case DCUTR_OUT_DIAL:
            emit_dial(h, env, &out);
            break;
        case DCUTR_OUT_END:
            end_talk(h, out.peer);
            break;
        }
    }
    return moved;
}

void dcutr_adapter_dialed(struct host *h, const struct env *env, uint64_t peer, enum err err)
{
    log_debug(env, "dcutr", "dialed peer=%llu err=%s", (unsigned long long)peer, err_name(err));
    dcutr_dialed(h->dcutr->engine, env, peer, err);
}

/* ---- peers ---- */

static void peer_up(struct host *h, const struct env *env, const struct host_peer *p)
{
    if (is_circuit(p))
        dcutr_relayed(h->dcutr->engine, env, p->peer, !p->outbound);
}

static void identified(struct host *h, const struct env *env, const struct host_peer *p,
                       const struct identify_info *info)
{
    bool speaks = false;

    if (!is_circuit(p))
        return;
    for (size_t i = 0; i < p->protocols_count; i++)
        speaks = speaks || strcmp(p->protocols[i], DCUTR_PROTOCOL) == 0;
    dcutr_identified(h->dcutr->engine, env, p->peer, speaks, info->addrs, info->addr_count);
}

static void direct(struct host *h, const struct env *env, const struct host_peer *p)
{
    log_info(env, "dcutr", "direct peer=%llu", (unsigned long long)p->peer);
    dcutr_direct(h->dcutr->engine, p->peer);
}

static void peer_down(struct host *h, const struct env *env, const struct host_peer *p)
{
    (void)env;
    dcutr_gone(h->dcutr->engine, p->peer);
}

/* ---- streams ---- */

static void opened(struct host *h, const struct env *env, struct host_stream *s)
{
    dcutr_opened(h->dcutr->engine, env, s->peer);
}

static void incoming(struct host *h, const struct env *env, struct host_stream *s)
{
    struct talk *t = talk_new(h, s->peer);

    s->state = t;
    if (t != NULL)
        t->stream = s->id;
    if (t == NULL || !dcutr_incoming(h->dcutr->engine, env, s->peer))
        host_reset(h, s);
}

static void bytes(struct host *h, const struct env *env, struct host_stream *s, struct span in)
{
    struct talk *t = s->state;
    struct span message;
    enum err err;

    while ((err = frames_next(&t->frames, &in, &message)) == OK)
        if ((err = dcutr_take(h->dcutr->engine, env, s->peer, message)) != OK)
            break;
    if (err == ERR_MORE)
        return;
    log_debug(env, "dcutr", "reset peer=%llu err=%s", (unsigned long long)s->peer, err_name(err));
    uint64_t peer = s->peer;
    host_reset(h, s);
    dcutr_broken(h->dcutr->engine, env, peer);
}

static void broken(struct host *h, const struct env *env, struct host_stream *s, enum err why)
{
    (void)why;
    dcutr_broken(h->dcutr->engine, env, s->peer);
}

static void end(struct host *h, const struct env *env, struct host_stream *s)
{
    (void)env;
    host_close_write(h, s);
}

static void ended(struct host *h, struct host_stream *s)
{
    struct talk *t = s->state, **at = &h->dcutr->talks;

    if (t == NULL)
        return;
    while (*at != t)
        at = &(*at)->next;
    *at = t->next;
    frames_clear(&t->frames);
    free(t);
    s->state = NULL;
}

static void tick(struct host *h, const struct env *env)
{
    dcutr_tick(h->dcutr->engine, env);
}

static struct mono deadline(const struct host *h)
{
    return dcutr_deadline(h->dcutr->engine);
}

static const char *const protocols[] = {DCUTR_PROTOCOL, NULL};

const struct adapter adapter_dcutr = {
    .protocols = protocols,
    .limited_ok = true,
    .peer_up = peer_up,
    .identified = identified,
    .direct = direct,
    .peer_down = peer_down,
    .opened = opened,
    .incoming = incoming,
    .bytes = bytes,
    .end = end,
    .broken = broken,
    .ended = ended,
    .pump = pump,
    .tick = tick,
    .deadline = deadline,
};

const struct dcutr_counters *host_dcutr(const struct host *h)
{
    return dcutr_counters(h->dcutr->engine);
}

enum err dcutr_adapter_new(struct host *h, const struct env *env)
{
    h->dcutr = calloc(1, sizeof *h->dcutr);
    return h->dcutr == NULL ? ERR_MEMORY
                            : dcutr_new(&h->dcutr->engine, env, h->params.private_addresses);
}

void dcutr_adapter_free(struct host *h)
{
    if (h->dcutr == NULL)
        return;
    dcutr_free(h->dcutr->engine);
    free(h->dcutr);
    h->dcutr = NULL;
}
