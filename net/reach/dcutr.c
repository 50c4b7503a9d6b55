#include "net/reach/dcutr.h"

#include "crypto/base/fifo.h"
#include "net/wire/ip.h"
#include "net/wire/protobuf.h"

#include <stdlib.h>

enum { /* HolePunch; DCUtR.md "RPC messages" */
    FIELD_TYPE = 1,
    FIELD_ADDRS = 2,
};

enum err dcutr_decode(struct span in, struct dcutr_message *out)
{
    struct pb p = pb_of(in);

    *out = (struct dcutr_message){.type = 0};
    if (in.len > DCUTR_MESSAGE_MAX)
        return ERR_LIMIT;
    for (struct pb_field f; pb_next(&p, &f);) {
        if (f.number == FIELD_TYPE) {
            out->type = pb_u32(&p, &f);
        } else if (f.number == FIELD_ADDRS) {
            struct span addr = pb_bytes(&p, &f);
            if (out->addrs_count < REACH_ADDRS_MAX)
                out->addrs[out->addrs_count++] = addr;
        }
    }
    TRY(pb_status(&p));
    return out->type == DCUTR_CONNECT || out->type == DCUTR_SYNC ? OK : ERR_FORMAT;
}

enum err dcutr_encode(const struct dcutr_message *m, struct buf *out)
{
    struct writer w = writer_to(out);

    pb_put_u64(&w, FIELD_TYPE, m->type);
    for (size_t i = 0; i < m->addrs_count; i++)
        pb_put_bytes(&w, FIELD_ADDRS, m->addrs[i]);
    return writer_status(&w);
}

/* ---- upgrades under way ---- */

enum state {
    CALLED,     /* B: identify is awaited */
    UNILATERAL, /* B: dials A's public addresses */
    OPENING,    /* B */
    CONNECTING, /* B: CONNECT was said */
    WAITING,    /* B: half of a round trip */
    CALLER,     /* A: CONNECT is awaited, or SYNC */
    PUNCHING,   /* either: dials */
    OVER,
};

struct upgrade {
    uint64_t peer;
    bool inbound; /* we are B */
    enum state state;
    bool heard; /* A: CONNECT came */
    unsigned tries;
    struct mono at; /* when the state is given up, or is over */
    struct mono said_at;
    struct multiaddr addrs[DCUTR_ADDRS_MAX];
    size_t count;
};

struct dcutr {
    bool private_counts;
    struct upgrade *list[DCUTR_PEERS_MAX]; /* owned; NULL: free */
    struct fifo out;
    struct dcutr_counters counters;
};

static struct upgrade *find(struct dcutr *d, uint64_t peer)
{
    for (size_t i = 0; i < DCUTR_PEERS_MAX; i++)
        if (d->list[i] != NULL && d->list[i]->peer == peer)
            return d->list[i];
    return NULL;
}

static struct upgrade *add(struct dcutr *d, uint64_t peer)
{
    for (size_t i = 0; i < DCUTR_PEERS_MAX; i++)
        if (d->list[i] == NULL) {
            d->list[i] = calloc(1, sizeof *d->list[i]);
            if (d->list[i] != NULL)
                d->list[i]->peer = peer;
            return d->list[i];
        }
    return NULL;
}

static void drop(struct dcutr *d, uint64_t peer)
{
    for (size_t i = 0; i < DCUTR_PEERS_MAX; i++)
        if (d->list[i] != NULL && d->list[i]->peer == peer) {
            free(d->list[i]);
            d->list[i] = NULL;
        }
}

static void emit(struct dcutr *d, const struct dcutr_out *out)
{
    enum err err = fifo_push(&d->out, out);

    (void)err; /* without memory the step runs into its time-out */
}

static void turn(struct upgrade *u, const struct env *env, enum state state, int64_t ms)
{
    u->state = state;
    u->at = mono_add(env->now, ms * NS_PER_MS);
}

static void open_stream(struct dcutr *d, const struct env *env, struct upgrade *u)
{
    turn(u, env, OPENING, DCUTR_STEP_MS);
    emit(d, &(struct dcutr_out){.kind = DCUTR_OUT_OPEN, .peer = u->peer});
}

static void dial(struct dcutr *d, const struct env *env, struct upgrade *u, enum state state)
{
    turn(u, env, state, DCUTR_STEP_MS);
    emit(d, &(struct dcutr_out){.kind = DCUTR_OUT_DIAL,
                                .peer = u->peer,
                                .punch = state == PUNCHING,
                                .listen = state == PUNCHING && u->inbound});
}

/* B tries again; A waits for B to do so. */
static void failed(struct dcutr *d, const struct env *env, struct upgrade *u)
{
    if (u->inbound) /* the stream is B's */
        emit(d, &(struct dcutr_out){.kind = DCUTR_OUT_END, .peer = u->peer});
    if (u->inbound && ++u->tries < DCUTR_TRIES_MAX) {
        open_stream(d, env, u);
        return;
    }
    d->counters.failed++;
    turn(u, env, OVER, DCUTR_PAUSE_MS);
    if (u->inbound)
        u->at = MONO_NEVER; /* three tries are all there are for a circuit */
}

static void take_addrs(struct dcutr *d, struct upgrade *u, const struct span *addrs, size_t count)
{
    struct multiaddr_part part;
    uint8_t ip[16];
    uint16_t port;

    u->count = 0;
    for (size_t i = 0; i < count && u->count < DCUTR_ADDRS_MAX; i++) {
        struct multiaddr *m = &u->addrs[u->count];
        if (multiaddr_from_bytes(addrs[i], m) != OK)
            continue;
        multiaddr_drop_peer(m);
        if (multiaddr_ip(m, ip, &port) && port != 0 && multiaddr_find(m, MULTIADDR_TCP, &part) &&
            !multiaddr_find(m, MULTIADDR_P2P_CIRCUIT, &part) &&
            (d->private_counts || !ip_is_private(ip)))
            u->count++;
    }
}

/* ---- what happens ---- */

void dcutr_relayed(struct dcutr *d, const struct env *env, uint64_t peer, bool inbound)
{
    struct upgrade *u = find(d, peer) == NULL ? add(d, peer) : NULL;

    if (u == NULL)
        return;
    u->inbound = inbound;
    turn(u, env, inbound ? CALLED : OVER, DCUTR_STEP_MS);
    if (!inbound)
        u->at = env->now; /* may be asked at once */
}

void dcutr_identified(struct dcutr *d, const struct env *env, uint64_t peer, bool speaks,
                      const struct span *addrs, size_t count)
{
    struct upgrade *u = find(d, peer);

    if (u == NULL || u->state != CALLED)
        return;
    d->counters.begun++;
    take_addrs(d, u, addrs, count);
    if (u->count > 0)
        dial(d, env, u, UNILATERAL);
    else if (speaks)
        open_stream(d, env, u);
    else
        turn(u, env, OVER, DCUTR_PAUSE_MS);
}

void dcutr_direct(struct dcutr *d, uint64_t peer)
{
    struct upgrade *u = find(d, peer);

    if (u == NULL)
        return;
    d->counters.direct++;
    emit(d, &(struct dcutr_out){.kind = DCUTR_OUT_END, .peer = peer});
    drop(d, peer);
}

void dcutr_gone(struct dcutr *d, uint64_t peer)
{
    drop(d, peer);
}

static void say(struct dcutr *d, uint64_t peer, enum dcutr_type type)
{
    emit(d, &(struct dcutr_out){.kind = DCUTR_OUT_SAY, .peer = peer, .say = type});
}

void dcutr_opened(struct dcutr *d, const struct env *env, uint64_t peer)
{
    struct upgrade *u = find(d, peer);

    if (u == NULL || u->state != OPENING)
        return;
    say(d, peer, DCUTR_CONNECT);
    u->said_at = env->now;
    turn(u, env, CONNECTING, DCUTR_STEP_MS);
}

bool dcutr_incoming(struct dcutr *d, const struct env *env, uint64_t peer)
{
    struct upgrade *u = find(d, peer);

    if (u == NULL || u->inbound || u->tries >= DCUTR_TRIES_MAX ||
        (u->state != OVER && u->state != PUNCHING))
        return false;
    d->counters.asked++;
    u->tries++;
    u->heard = false;
    turn(u, env, CALLER, DCUTR_STEP_MS);
    return true;
}

enum err dcutr_take(struct dcutr *d, const struct env *env, uint64_t peer, struct span message)
{
    struct upgrade *u = find(d, peer);
    struct dcutr_message m;

    TRY(dcutr_decode(message, &m));
    if (u == NULL)
        return ERR_CLOSED;
    bool connect = m.type == DCUTR_CONNECT;
    if (u->state == CALLER && connect && !u->heard) {
        take_addrs(d, u, m.addrs, m.addrs_count);
        u->heard = true;
        say(d, peer, DCUTR_CONNECT);
    } else if (u->state == CALLER && !connect && u->heard && u->count > 0) {
        dial(d, env, u, PUNCHING); /* A: at once */
    } else if (u->state == CONNECTING && connect) {
        int64_t half = (env->now.ns - u->said_at.ns) / 2;
        take_addrs(d, u, m.addrs, m.addrs_count);
        if (u->count == 0)
            return ERR_UNSUPPORTED;
        say(d, peer, DCUTR_SYNC);
        u->state = WAITING; /* B: when SYNC has arrived there */
        u->at = mono_add(env->now, half);
    } else {
        return ERR_PROTOCOL;
    }
    return OK;
}

void dcutr_broken(struct dcutr *d, const struct env *env, uint64_t peer)
{
    struct upgrade *u = find(d, peer);

    if (u != NULL && (u->state == OPENING || u->state == CONNECTING || u->state == CALLER))
        failed(d, env, u);
}

void dcutr_dialed(struct dcutr *d, const struct env *env, uint64_t peer, enum err err)
{
    struct upgrade *u = find(d, peer);

    if (u == NULL || err == OK)
        return; /* dcutr_direct follows, or came */
    if (u->state == UNILATERAL)
        open_stream(d, env, u);
    else if (u->state == PUNCHING)
        failed(d, env, u);
}

/* ---- time and outputs ---- */

struct mono dcutr_deadline(const struct dcutr *d)
{
    struct mono at = MONO_NEVER;

    for (size_t i = 0; i < DCUTR_PEERS_MAX; i++)
        if (d->list[i] != NULL && d->list[i]->state != OVER)
            at = mono_min(at, d->list[i]->at);
    return at;
}

static void fired(struct dcutr *d, const struct env *env, struct upgrade *u)
{
    if (u->state == CALLED)
        turn(u, env, OVER, DCUTR_PAUSE_MS); /* it says nothing of itself */
    else if (u->state == UNILATERAL)
        open_stream(d, env, u);
    else if (u->state == WAITING)
        dial(d, env, u, PUNCHING);
    else
        failed(d, env, u);
}

void dcutr_tick(struct dcutr *d, const struct env *env)
{
    for (size_t i = 0; i < DCUTR_PEERS_MAX; i++) {
        struct upgrade *u = d->list[i];
        if (u != NULL && u->state != OVER && u->at.ns <= env->now.ns)
            fired(d, env, u);
    }
}

bool dcutr_poll(struct dcutr *d, struct dcutr_out *out)
{
    while (fifo_pop(&d->out, out)) {
        const struct upgrade *u = find(d, out->peer);
        if (u == NULL && out->kind != DCUTR_OUT_END)
            continue; /* gone meanwhile */
        if (out->kind == DCUTR_OUT_DIAL) {
            out->addrs = u->addrs;
            out->addrs_count = u->count;
        }
        return true;
    }
    return false;
}

const struct dcutr_counters *dcutr_counters(const struct dcutr *d)
{
    return &d->counters;
}

enum err dcutr_new(struct dcutr **out, const struct env *env, bool private_counts)
{
    struct dcutr *d = calloc(1, sizeof *d);
    (void)env;

    if (d == NULL)
        return ERR_MEMORY;
    d->private_counts = private_counts;
    fifo_init(&d->out, sizeof(struct dcutr_out), (size_t)8 * DCUTR_PEERS_MAX);
    *out = d;
    return OK;
}

void dcutr_free(struct dcutr *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < DCUTR_PEERS_MAX; i++)
        free(d->list[i]);
    fifo_clear(&d->out);
    free(d);
}
