/* Circuit relay v2 on streams, and relays as we use them: reservations, circuits that we dial, and
 * those that others dial to us. A finished handshake hands the stream to streams->carry. */
#include "net/host/circuit.h"

#include "crypto/keyring/keyring.h"
#include "net/identify/identify.h"
#include "net/wire/ip.h"
#include "net/wire/peer_record.h"
#include "net/wire/varint.h"

#include <stdlib.h>

/* ---- streams ---- */

struct circuit_stream *circuit_stream_new(struct host *h, const struct env *env,
                                          enum circuit_role role, uint64_t peer)
{
    struct circuit_adapter *a = h->circuit;
    size_t all = 0, own = 0;

    for (const struct circuit_stream *i = a->streams; i != NULL; i = i->next) {
        all += i->role != CIRCUIT_BRIDGED;
        own += i->role != CIRCUIT_BRIDGED && i->peer == peer;
    }
    if (all >= CIRCUIT_HANDSHAKES_MAX || own >= CIRCUIT_HANDSHAKES_PEER_MAX)
        return NULL;
    struct circuit_stream *c = calloc(1, sizeof *c);
    if (c == NULL)
        return NULL;
    c->role = role;
    c->peer = peer;
    c->until = mono_add(env->now, CIRCUIT_HANDSHAKE_MS * NS_PER_MS);
    frames_init(&c->frames, CIRCUIT_MESSAGE_MAX);
    c->next = a->streams;
    if (c->next != NULL)
        c->next->prev = c;
    a->streams = c;
    return c;
}

enum err circuit_say(struct host *h, uint64_t stream, enum circuit_protocol protocol,
                     const struct circuit_message *m)
{
    struct buf b = BUF_INIT(CIRCUIT_MESSAGE_MAX);
    uint8_t head[PB_VARINT_BYTES_MAX];
    enum err err = circuit_encode(protocol, m, &b);
    struct blob *body = err == OK ? blob_new(buf_span(&b)) : NULL;

    if (err == OK)
        err = body == NULL ? ERR_MEMORY
                           : h->streams.write(h->streams.impl, stream,
                                              span_of(head, varint_encode(b.len, head)), &body, 1);
    blob_unref(body);
    buf_clear(&b);
    return err;
}

/* ---- reservations of ours ---- */

#define PLACES (sizeof((struct circuit_adapter *)0)->places / sizeof(struct circuit_place *))

static void drop_place(struct circuit_adapter *a, uint64_t peer)
{
    for (size_t i = 0; i < PLACES; i++)
        if (a->places[i] != NULL && a->places[i]->peer == peer) {
            free(a->places[i]);
            a->places[i] = NULL;
        }
}

/* An empty one for that peer; NULL: there are enough, or memory is out. */
static struct circuit_place *new_place(struct circuit_adapter *a, uint64_t peer)
{
    drop_place(a, peer);
    for (size_t i = 0; i < PLACES; i++)
        if (a->places[i] == NULL) {
            a->places[i] = calloc(1, sizeof *a->places[i]);
            if (a->places[i] != NULL)
                a->places[i]->peer = peer;
            return a->places[i];
        }
    return NULL;
}

static void tell(struct host *h, const struct env *env)
{
    host_emit(h, env, &(struct host_out_slot){.out = {.kind = HOST_OUT_REACH}});
}

static bool usable(const struct host *h, const struct multiaddr *m)
{
    struct multiaddr_part part;
    uint8_t ip[16];
    uint16_t port;

    if (multiaddr_find(m, MULTIADDR_P2P_CIRCUIT, &part))
        return false;
    return !multiaddr_ip(m, ip, &port) || h->params.private_addresses || !ip_is_private(ip);
}

static void add_place(struct circuit_place *place, const struct multiaddr *relay,
                      const struct peer_id *id)
{
    struct multiaddr m = *relay;

    multiaddr_drop_peer(&m);
    if (place->count < CIRCUIT_ADDRS_MAX && multiaddr_add_peer(&m, id) == OK &&
        multiaddr_add(&m, MULTIADDR_P2P_CIRCUIT, SPAN_EMPTY) == OK)
        place->addrs[place->count++] = m;
}

/* Where others find us: through the addresses that the relay gives, or the one that we know it by.
 */
static void keep_place(struct host *h, const struct host_peer *p, const struct circuit_message *m)
{
    struct circuit_place *place = new_place(h->circuit, p->peer);
    struct multiaddr addr;

    if (place == NULL)
        return;
    for (size_t i = 0; i < m->addrs_count; i++)
        if (multiaddr_from_bytes(m->addrs[i], &addr) == OK && usable(h, &addr))
            add_place(place, &addr, &p->id);
    if (place->count == 0 && p->outbound)
        add_place(place, &p->remote, &p->id);
}

static bool good_voucher(const struct host *h, const struct host_peer *p, struct span voucher)
{
    struct span payload;

    return voucher.len == 0 || (envelope_open_as(&envelope_voucher, voucher, &payload) == OK &&
                                circuit_voucher_check(payload, &p->id, &h->circuit->self) == OK);
}

static void reserved(struct host *h, const struct env *env, uint64_t peer,
                     const struct circuit_message *m)
{
    const struct host_peer *p = host_peer(h, peer);
    uint64_t now_s = (uint64_t)(env->wall.ns / NS_PER_S), seconds = 0;

    if (p != NULL && m != NULL && m->type == CIRCUIT_STATUS && m->status == CIRCUIT_OK &&
        m->has_reservation && m->expire_s > now_s && good_voucher(h, p, m->voucher))
        seconds = m->expire_s - now_s;
    if (seconds > 0)
        keep_place(h, p, m);
    if (!reserve_answer(&h->circuit->reserve, env, peer, seconds))
        return;
    log_info(env, "circuit", "reservation peer=%llu seconds=%llu", (unsigned long long)peer,
             (unsigned long long)seconds);
    tell(h, env);
}

size_t host_circuits(const struct host *h, struct multiaddr *out, size_t max)
{
    const struct circuit_adapter *a = h->circuit;
    size_t n = 0;

    for (size_t i = 0; i < PLACES; i++)
        for (size_t k = 0; a->places[i] != NULL && k < a->places[i]->count && n < max; k++)
            if (reserve_held(&a->reserve, a->places[i]->peer))
                out[n++] = a->places[i]->addrs[k];
    return n;
}

static bool ask(struct host *h, const struct env *env)
{
    uint64_t peer = reserve_poll(&h->circuit->reserve, env), stream;

    if (peer == 0)
        return false;
    struct circuit_stream *c = circuit_stream_new(h, env, CIRCUIT_RESERVING, peer);
    if (c == NULL) {
        reserved(h, env, peer, NULL);
        return true;
    }
    if (host_open(h, env, &adapter_hop, peer, adapter_hop.protocols, c, &stream) == OK)
        c->stream = stream;
    else
        reserved(h, env, peer, NULL);
    return true;
}

/* ---- circuits of ours ---- */

static void failed(struct host *h, const struct env *env, uint64_t link, enum err err)
{
    host_emit(h, env,
              &(struct host_out_slot){
                  .out = {.kind = HOST_OUT_CIRCUIT_FAILED, .ticket = link, .err = err}});
}

enum err host_circuit(struct host *h, const struct env *env, uint64_t relay,
                      const struct peer_id *target, uint64_t link)
{
    struct circuit_stream *c;
    uint64_t stream;

    host_stir(h);
    if (h->streams.carry == NULL)
        return ERR_UNSUPPORTED;
    c = circuit_stream_new(h, env, CIRCUIT_DIALING, relay);
    if (c == NULL)
        return ERR_FULL;
    c->link = link;
    c->target = *target;
    TRY(host_open(h, env, &adapter_hop, relay, adapter_hop.protocols, c, &stream));
    c->stream = stream;
    return OK;
}

static enum err dialed(struct host *h, const struct env *env, struct host_stream *s,
                       const struct circuit_message *m, struct span rest)
{
    struct circuit_stream *c = s->state;
    struct carry carry = {.link = c->link, .limited = m->has_limit, .begun = rest};

    if (m->type != CIRCUIT_STATUS || m->status != CIRCUIT_OK) {
        log_debug(env, "circuit", "refused status=%u", m->status);
        return m->status == CIRCUIT_NO_RESERVATION ? ERR_NOT_FOUND : ERR_REFUSED;
    }
    TRY(h->streams.carry(h->streams.impl, env, s->id, &carry));
    c->role = CIRCUIT_DONE;
    host_release(h, s);
    return OK;
}

/* A relay says that somebody calls. */
static enum err called(struct host *h, const struct env *env, struct host_stream *s,
                       const struct circuit_message *m, struct span rest)
{
    const struct host_peer *p = host_peer(h, s->peer);
    struct circuit_message answer = {.type = CIRCUIT_STATUS, .status = CIRCUIT_OK};
    struct multiaddr remote = p->remote;
    struct peer_id from;

    if (m->type != CIRCUIT_CONNECT || !m->has_peer || peer_id_from_bytes(m->peer_id, &from) != OK)
        answer.status = CIRCUIT_MALFORMED_MESSAGE;
    else if (!reserve_held(&h->circuit->reserve, s->peer) || h->streams.carry == NULL ||
             multiaddr_add_peer(&remote, &p->id) != OK ||
             multiaddr_add(&remote, MULTIADDR_P2P_CIRCUIT, SPAN_EMPTY) != OK)
        answer.status = CIRCUIT_PERMISSION_DENIED;
    TRY(circuit_say(h, s->id, CIRCUIT_STOP, &answer));
    ((struct circuit_stream *)s->state)->role = CIRCUIT_DONE;
    if (answer.status != CIRCUIT_OK) {
        host_close_write(h, s);
        return OK;
    }
    struct carry carry = {.remote = &remote, .limited = m->has_limit, .begun = rest};
    TRY(h->streams.carry(h->streams.impl, env, s->id, &carry));
    host_release(h, s);
    return OK;
}

/* ---- the callbacks ---- */

static enum err client_bytes(struct host *h, const struct env *env, struct host_stream *s,
                             struct span in)
{
    struct circuit_stream *c = s->state;
    enum circuit_protocol protocol = c->role == CIRCUIT_STOP_IN ? CIRCUIT_STOP : CIRCUIT_HOP;
    struct circuit_message m;
    struct span message;
    uint64_t peer = s->peer;

    TRY(frames_next(&c->frames, &in, &message));
    TRY(circuit_decode(protocol, message, &m));
    if (c->role == CIRCUIT_STOP_IN)
        return called(h, env, s, &m, in);
    if (c->role == CIRCUIT_DIALING)
        return dialed(h, env, s, &m, in);
    c->role = CIRCUIT_DONE;
    reserved(h, env, peer, &m);
    host_close_write(h, s);
    return OK;
}

static enum err take(struct host *h, const struct env *env, struct host_stream *s, struct span in)
{
    struct circuit_stream *c = s->state;
    uint64_t id = s->id;

    if (c->role == CIRCUIT_HOP_IN)
        return relay_serve(h, env, s, &in);
    if (c->role != CIRCUIT_STOP_OUT)
        return client_bytes(h, env, s, in);
    if (c->source)
        return ERR_PROTOCOL; /* it is paused until the target has answered */
    TRY(relay_stop_answered(h, env, s, &in));
    s = host_stream(h, id);
    if (s != NULL && in.len > 0)
        relay_bridge(h, s, in);
    return OK;
}

static void broken(struct host *h, const struct env *env, struct host_stream *s, enum err why)
{
    struct circuit_stream *c = s->state;

    if (c == NULL)
        return;
    if (c->role == CIRCUIT_RESERVING)
        reserved(h, env, s->peer, NULL);
    else if (c->role == CIRCUIT_DIALING)
        failed(h, env, c->link, why);
    else if (c->role == CIRCUIT_BRIDGED || c->role == CIRCUIT_STOP_OUT)
        relay_broken(h, c);
    c->role = CIRCUIT_DONE;
}

static void bytes(struct host *h, const struct env *env, struct host_stream *s, struct span in)
{
    const struct circuit_stream *c = s->state;
    uint64_t id = s->id;

    if (c->role == CIRCUIT_DONE)
        return;
    if (c->role == CIRCUIT_BRIDGED) {
        relay_bridge(h, s, in);
        return;
    }
    enum err err = take(h, env, s, in);
    s = host_stream(h, id);
    if (err == OK || err == ERR_MORE || s == NULL)
        return;
    broken(h, env, s, err);
    host_reset(h, s);
}

static void opened(struct host *h, const struct env *env, struct host_stream *s)
{
    struct circuit_stream *c = s->state;
    struct circuit_message m = {.type = CIRCUIT_RESERVE};

    if (c->role == CIRCUIT_STOP_OUT) {
        relay_stop_opened(h, s);
        return;
    }
    if (c->role == CIRCUIT_DIALING) {
        m.type = CIRCUIT_CONNECT;
        m.has_peer = true;
        m.peer_id = peer_id_span(&c->target);
    }
    enum err err = circuit_say(h, s->id, CIRCUIT_HOP, &m);
    if (err == OK)
        return;
    broken(h, env, s, err);
    host_reset(h, s);
}

static void incoming(struct host *h, const struct env *env, struct host_stream *s)
{
    bool hop = s->adapter == &adapter_hop;
    struct circuit_stream *c =
        circuit_stream_new(h, env, hop ? CIRCUIT_HOP_IN : CIRCUIT_STOP_IN, s->peer);

    s->state = c;
    if (c == NULL) {
        host_reset(h, s);
        return;
    }
    c->stream = s->id;
}

static void end(struct host *h, const struct env *env, struct host_stream *s)
{
    const struct circuit_stream *c = s->state;

    if (c->role == CIRCUIT_BRIDGED) {
        relay_end(h, s);
    } else if (c->role == CIRCUIT_DONE) {
        host_close_write(h, s);
    } else if (c->role != CIRCUIT_HOP_IN) {
        broken(h, env, s, ERR_CLOSED);
        host_reset(h, s);
    } else {
        host_reset(h, s);
    }
}

static void writable(struct host *h, const struct env *env, struct host_stream *s)
{
    (void)env;
    if (((struct circuit_stream *)s->state)->role == CIRCUIT_BRIDGED)
        relay_writable(h, s);
}

static void ended(struct host *h, struct host_stream *s)
{
    struct circuit_stream *c = s->state;

    if (c == NULL)
        return;
    if (c->circuit != 0 && h->circuit->relay != NULL)
        relay_closed(h->circuit->relay, c->circuit);
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        h->circuit->streams = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    frames_clear(&c->frames);
    blob_unref(c->held);
    free(c);
    s->state = NULL;
}

static void identified(struct host *h, const struct env *env, const struct host_peer *p,
                       const struct identify_info *info)
{
    (void)info;
    for (size_t i = 0; i < p->protocols_count && !p->limited; i++)
        if (strcmp(p->protocols[i], CIRCUIT_HOP_PROTOCOL) == 0)
            reserve_peer_up(&h->circuit->reserve, env, p->peer);
}

static void peer_down(struct host *h, const struct env *env, const struct host_peer *p)
{
    if (h->circuit->relay != NULL)
        relay_peer_down(h->circuit->relay, p->peer);
    drop_place(h->circuit, p->peer);
    if (reserve_peer_down(&h->circuit->reserve, p->peer))
        tell(h, env);
}

static bool pump(struct host *h, const struct env *env)
{
    return ask(h, env);
}

static void expire(struct host *h, const struct env *env)
{
    struct circuit_stream *c = h->circuit->streams;

    while (c != NULL) {
        struct host_stream *s = c->until.ns <= env->now.ns ? host_stream(h, c->stream) : NULL;
        if (s == NULL) {
            c = c->next;
            continue;
        }
        broken(h, env, s, ERR_TIMEOUT);
        host_reset(h, s);
        c = h->circuit->streams; /* others may have gone with it */
    }
}

static void tick(struct host *h, const struct env *env)
{
    struct host_reach seen;

    host_reach(h, &seen);
    reserve_set(&h->circuit->reserve,
                h->params.relay_client && seen.reach != (int)AUTONAT_REACHABLE);
    if (reserve_tick(&h->circuit->reserve, env))
        tell(h, env);
    relay_tick(h, env);
    expire(h, env);
}

static struct mono deadline(const struct host *h)
{
    struct mono at = reserve_deadline(&h->circuit->reserve);

    if (h->circuit->relay != NULL)
        at = mono_min(at, relay_deadline(h->circuit->relay));
    for (const struct circuit_stream *c = h->circuit->streams; c != NULL; c = c->next)
        if (c->stream != 0)
            at = mono_min(at, c->until);
    return at;
}

#define CALLBACKS                                                                                  \
    .opened = opened, .incoming = incoming, .bytes = bytes, .end = end, .writable = writable,      \
    .broken = broken, .ended = ended

static const char *const hop_protocols[] = {CIRCUIT_HOP_PROTOCOL, NULL};
static const char *const stop_protocols[] = {CIRCUIT_STOP_PROTOCOL, NULL};

static bool hop_served(const struct host *h)
{
    return h->circuit->relay != NULL;
}

static bool stop_served(const struct host *h)
{
    return h->params.relay_client;
}

const struct adapter adapter_hop = {
    .protocols = hop_protocols,
    .served = hop_served,
    .identified = identified,
    .peer_down = peer_down,
    .pump = pump,
    .tick = tick,
    .deadline = deadline,
    CALLBACKS,
};

const struct adapter adapter_stop = {.protocols = stop_protocols, .served = stop_served, CALLBACKS};

/* ---- life ---- */

const struct relay *host_relay(const struct host *h)
{
    return h->circuit->relay;
}

enum err circuit_adapter_new(struct host *h, const struct env *env)
{
    h->circuit = calloc(1, sizeof *h->circuit);
    if (h->circuit == NULL)
        return ERR_MEMORY;
    peer_id_from_key(keyring_host_public(h->params.key), &h->circuit->self);
    reserve_set(&h->circuit->reserve, h->params.relay_client);
    return h->params.circuit_relay == NULL
               ? OK
               : relay_new(&h->circuit->relay, env, h->params.circuit_relay);
}

void circuit_adapter_free(struct host *h)
{
    if (h->circuit == NULL)
        return;
    relay_free(h->circuit->relay);
    for (size_t i = 0; i < PLACES; i++)
        free(h->circuit->places[i]);
    free(h->circuit);
    h->circuit = NULL;
}
