/* We are the relay: reservations, and circuits whose bytes are moved from one stream to the other.
 * Who does not read slows only his own circuit: a chunk waits, and its source is paused. */
#include "crypto/keyring/keyring.h"
#include "net/host/circuit.h"
#include "net/wire/peer_record.h"

static struct circuit_limit limit_of(const struct host *h)
{
    return relay_params(h->circuit->relay)->limit;
}

static bool has_limit(struct circuit_limit l)
{
    return l.seconds > 0 || l.bytes > 0;
}

/* The last words on a hop stream. */
static void refuse(struct host *h, struct host_stream *s, enum circuit_status status)
{
    struct circuit_stream *c = s->state;
    struct circuit_message m = {.type = CIRCUIT_STATUS, .status = (uint32_t)status};

    c->role = CIRCUIT_DONE;
    if (circuit_say(h, s->id, CIRCUIT_HOP, &m) != OK)
        host_reset(h, s);
    else
        host_close_write(h, s);
}

static bool is_relayed(const struct host_peer *p)
{
    struct multiaddr_part part;

    return p->limited || multiaddr_find(&p->remote, MULTIADDR_P2P_CIRCUIT, &part);
}

/* ---- reservations ---- */

static enum err sign_voucher(struct host *h, const struct peer_id *peer, uint64_t expire_s,
                             struct buf *out)
{
    const struct keyring_host *key = h->params.key;
    struct keyring_signature signature;
    struct buf voucher = BUF_INIT(256), to_sign = BUF_INIT(512);

    enum err err = circuit_voucher_encode(&h->circuit->self, peer, expire_s, &voucher);
    if (err == OK)
        err = envelope_to_sign_as(&envelope_voucher, buf_span(&voucher), &to_sign);
    if (err == OK)
        err = keyring_host_sign(key, buf_span(&to_sign), &signature);
    if (err == OK)
        err = envelope_encode_as(&envelope_voucher, keyring_host_public(key), buf_span(&voucher),
                                 span_of(signature.bytes, signature.len), out);
    buf_clear(&voucher);
    buf_clear(&to_sign);
    return err;
}

/* Our addresses with /p2p, as the spec wants them; circuits of ours lead nowhere. */
static size_t own_addresses(const struct host *h, struct multiaddr *out, size_t max)
{
    struct multiaddr_part part;
    size_t n = 0;

    for (size_t i = 0; i < h->params.listen_count && n < max; i++) {
        out[n] = h->params.listen[i];
        if (!multiaddr_find(&out[n], MULTIADDR_P2P_CIRCUIT, &part) &&
            multiaddr_add_peer(&out[n], &h->circuit->self) == OK)
            n++;
    }
    return n;
}

static void reserve(struct host *h, const struct env *env, struct host_stream *s,
                    const struct host_peer *p)
{
    struct circuit_message m = {.type = CIRCUIT_STATUS, .status = CIRCUIT_OK};
    struct multiaddr addrs[CIRCUIT_ADDRS_MAX];
    struct buf voucher = BUF_INIT(1024);
    uint8_t ip[16] = {0};
    uint16_t port;

    if (is_relayed(p) || !multiaddr_ip(&p->remote, ip, &port)) {
        refuse(h, s, CIRCUIT_PERMISSION_DENIED);
        return;
    }
    enum circuit_status status = relay_reserve(h->circuit->relay, env, p->peer, ip, &m.expire_s);
    if (status != CIRCUIT_OK || sign_voucher(h, &p->id, m.expire_s, &voucher) != OK) {
        refuse(h, s, status != CIRCUIT_OK ? status : CIRCUIT_RESERVATION_REFUSED);
        return;
    }
    m.has_reservation = true;
    m.addrs_count = own_addresses(h, addrs, CIRCUIT_ADDRS_MAX);
    for (size_t i = 0; i < m.addrs_count; i++)
        m.addrs[i] = multiaddr_span(&addrs[i]);
    m.voucher = buf_span(&voucher);
    m.limit = limit_of(h);
    m.has_limit = has_limit(m.limit);
    ((struct circuit_stream *)s->state)->role = CIRCUIT_DONE;
    if (circuit_say(h, s->id, CIRCUIT_HOP, &m) != OK)
        host_reset(h, s);
    else
        host_close_write(h, s);
    buf_clear(&voucher);
}

/* ---- circuits ---- */

static uint64_t peer_by_id(const struct host *h, struct span id)
{
    const struct host_peer *p;

    for (size_t cursor = 0; (p = host_peers(h, &cursor)) != NULL;)
        if (!p->going && span_eq(peer_id_span(&p->id), id))
            return p->peer;
    return 0;
}

static void connect(struct host *h, const struct env *env, struct host_stream *s,
                    const struct host_peer *p, const struct circuit_message *m)
{
    struct circuit_stream *c = s->state, *stop;
    struct peer_id target;
    uint64_t stream;

    if (is_relayed(p)) {
        refuse(h, s, CIRCUIT_PERMISSION_DENIED);
        return;
    }
    if (!m->has_peer || peer_id_from_bytes(m->peer_id, &target) != OK) {
        refuse(h, s, CIRCUIT_MALFORMED_MESSAGE);
        return;
    }
    uint64_t to = peer_by_id(h, peer_id_span(&target));
    enum circuit_status status = relay_connect(h->circuit->relay, env, p->peer, to, &c->circuit);
    if (status != CIRCUIT_OK) {
        refuse(h, s, status);
        return;
    }
    c->source = true;
    c->role = CIRCUIT_STOP_OUT;
    h->streams.pause(h->streams.impl, s->id, true); /* until the target has agreed */
    stop = circuit_stream_new(h, env, CIRCUIT_STOP_OUT, to);
    if (stop != NULL) {
        stop->circuit = c->circuit;
        stop->other = s->id;
    }
    if (stop == NULL ||
        host_open(h, env, &adapter_stop, to, adapter_stop.protocols, stop, &stream) != OK) {
        relay_closed(h->circuit->relay, c->circuit);
        c->circuit = 0;
        refuse(h, s, CIRCUIT_CONNECTION_FAILED);
        return;
    }
    stop->stream = stream;
    c->other = stream;
}

enum err relay_serve(struct host *h, const struct env *env, struct host_stream *s, struct span *in)
{
    struct circuit_stream *c = s->state;
    const struct host_peer *p = host_peer(h, s->peer);
    struct circuit_message m;
    struct span message;

    TRY(frames_next(&c->frames, in, &message));
    if (p == NULL)
        return ERR_CLOSED;
    if (circuit_decode(CIRCUIT_HOP, message, &m) != OK || m.type == CIRCUIT_NO_TYPE)
        refuse(h, s, CIRCUIT_MALFORMED_MESSAGE);
    else if (m.type == CIRCUIT_RESERVE)
        reserve(h, env, s, p);
    else if (m.type == CIRCUIT_CONNECT)
        connect(h, env, s, p, &m);
    else
        refuse(h, s, CIRCUIT_UNEXPECTED_MESSAGE);
    return OK;
}

void relay_stop_opened(struct host *h, struct host_stream *s)
{
    const struct circuit_stream *c = s->state;
    const struct host_stream *hop = host_stream(h, c->other);
    const struct host_peer *from = hop == NULL ? NULL : host_peer(h, hop->peer);
    struct circuit_message m = {.type = CIRCUIT_CONNECT, .has_peer = true, .limit = limit_of(h)};

    m.has_limit = has_limit(m.limit);
    if (from != NULL)
        m.peer_id = peer_id_span(&from->id);
    if (from == NULL || circuit_say(h, s->id, CIRCUIT_STOP, &m) != OK) {
        relay_broken(h, s->state);
        host_reset(h, s);
    }
}

enum err relay_stop_answered(struct host *h, const struct env *env, struct host_stream *s,
                             struct span *in)
{
    struct circuit_stream *c = s->state;
    struct host_stream *hop = host_stream(h, c->other);
    struct circuit_message m, ok = {.type = CIRCUIT_STATUS, .status = CIRCUIT_OK};
    struct span message;
    (void)env;

    TRY(frames_next(&c->frames, in, &message));
    TRY(circuit_decode(CIRCUIT_STOP, message, &m));
    if (m.type != CIRCUIT_STATUS || m.status != CIRCUIT_OK || hop == NULL)
        return ERR_REFUSED;
    ok.limit = limit_of(h);
    ok.has_limit = has_limit(ok.limit);
    TRY(circuit_say(h, hop->id, CIRCUIT_HOP, &ok));
    c->role = CIRCUIT_BRIDGED;
    c->until = MONO_NEVER;
    c = hop->state;
    c->role = CIRCUIT_BRIDGED;
    c->until = MONO_NEVER;
    frames_clear(&c->frames);
    h->streams.pause(h->streams.impl, hop->id, false);
    return OK;
}

/* ---- bridges ---- */

/* Both streams end at once; `s` too. */
static void cut(struct host *h, struct host_stream *s)
{
    relay_broken(h, s->state);
    host_reset(h, s);
}

static enum err pass(struct host *h, const struct circuit_stream *c, struct blob *b)
{
    return h->streams.write(h->streams.impl, c->other, SPAN_EMPTY, &b, 1);
}

void relay_bridge(struct host *h, struct host_stream *s, struct span in)
{
    struct circuit_stream *c = s->state;
    size_t n = relay_count(h->circuit->relay, c->circuit, c->source, in.len);
    struct blob *b = n == 0 ? NULL : blob_new(span_sub(in, 0, n));
    enum err err = b == NULL ? ERR_MEMORY : c->held != NULL ? ERR_LIMIT : pass(h, c, b);

    if (err == ERR_FULL) {
        c->held = blob_ref(b);
        h->streams.pause(h->streams.impl, s->id, true);
        err = OK;
    }
    blob_unref(b);
    if (err != OK || n < in.len)
        cut(h, s);
}

void relay_end(struct host *h, struct host_stream *s)
{
    struct circuit_stream *c = s->state;
    struct host_stream *other = host_stream(h, c->other);

    if (c->held != NULL)
        c->end_held = true;
    else if (other != NULL)
        host_close_write(h, other);
}

/* There is room on `s` for what its other end holds. */
void relay_writable(struct host *h, struct host_stream *s)
{
    struct circuit_stream *c = s->state;
    struct host_stream *from = host_stream(h, c->other);
    struct circuit_stream *f = from == NULL ? NULL : from->state;

    if (f == NULL || f->held == NULL || pass(h, f, f->held) == ERR_FULL)
        return;
    blob_unref(f->held);
    f->held = NULL;
    h->streams.pause(h->streams.impl, from->id, false);
    if (f->end_held)
        host_close_write(h, s);
}

/* One end broke, or was refused: the other is told, or ends with it. */
void relay_broken(struct host *h, struct circuit_stream *c)
{
    struct host_stream *other = host_stream(h, c->other);
    struct circuit_stream *o = other == NULL ? NULL : other->state;

    if (h->circuit->relay != NULL && c->circuit != 0)
        relay_closed(h->circuit->relay, c->circuit);
    c->circuit = c->other = 0;
    if (o == NULL)
        return;
    o->circuit = o->other = 0;
    bool waits = o->role == CIRCUIT_STOP_OUT && o->source;
    if (waits)
        refuse(h, other, CIRCUIT_CONNECTION_FAILED);
    else
        host_reset(h, other);
}

void relay_tick(struct host *h, const struct env *env)
{
    uint64_t circuit;

    while (h->circuit->relay != NULL && (circuit = relay_expired(h->circuit->relay, env)) != 0)
        for (struct circuit_stream *c = h->circuit->streams; c != NULL; c = c->next)
            if (c->circuit == circuit) {
                cut(h, host_stream(h, c->stream));
                break;
            }
}
