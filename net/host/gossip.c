/* Relay: the gossipsub engine on streams. One long-lived stream each way with every peer that
 * speaks it; RPCs are pulled from the engine while the peer's stream has room.
 *
 * What arrives is validated here (net/waku) in the same wake-up, then goes out to the mesh and to
 * host_poll.
 *
 * Backpressure: a mesh peer whose queue is full loses what it cannot take, and slows nobody. Only
 * when all peers that could take a message from a source are full is that source read more slowly,
 * and only while they make progress (HOST_DRAIN_BYTES_S): nobody is served worse by that, and a
 * line of relays loses nothing.
 */
#include "net/host/adapter.h"
#include "net/waku/waku.h"
#include "net/wire/frame.h"

#include <stdlib.h>

#define OPEN_TRIES                                                                                 \
    3u /* outgoing streams to one peer in a row that may break early; then a rest                  \
        */

struct lane { /* one peer that may speak gossipsub */
    uint64_t peer;
    uint64_t out;                         /* stream that we write to; 0: none */
    uint64_t in[HOST_GOSSIP_INBOUND_MAX]; /* streams that it writes to us; 0: free */
    bool speaks;                          /* the engine knows it */
    bool waiting;                         /* the engine has something for it: listed in `ready` */
    struct lane *next, **at;              /* of that list; at: who points to this one */
    bool held;                            /* its streams to us are paused, for backpressure */
    bool heard;                           /* it has written to us before */
    bool deaf;                            /* it speaks none of our protocols */
    unsigned tries;
    struct mono opened_at;  /* the stream that we write to */
    struct mono drain_from; /* since when it is waiting, or the last whole second of that */
    size_t drained;         /* bytes that it took since then */
    size_t partial;         /* bytes of its RPCs that are not whole yet, on all its streams */
    bool slow;              /* took too little in a second: it slows nobody any more */
};

struct inflow { /* state of a stream that a peer writes to us; goes before its lane does */
    struct lane *lane;
    struct frames frames;
};

struct gossip_adapter {
    struct gossipsub *engine;
    struct bandwidth *bandwidth;
    struct map lanes;
    struct lane *ready, **ready_end; /* lanes that are waiting, in the order they began */
    size_t partial;                  /* of all lanes */
    bool holding;                    /* some lane is held */
    bool paused;                     /* by the core: its archive queue is full */
    struct mono retry; /* when peers that broke all tries are tried again; MONO_NEVER: none */
};

static struct lane *lane_of(const struct host *h, uint64_t peer)
{
    return map_get(&h->gossip->lanes, MAP_KEY(peer));
}

static void open_out(struct host *h, const struct env *env, struct lane *l)
{
    if (l->tries++ >= OPEN_TRIES) {
        h->gossip->retry =
            mono_min(h->gossip->retry, mono_add(env->now, HOST_GOSSIP_STEADY_MS * NS_PER_MS));
        return;
    }
    if (host_open(h, env, &adapter_gossip, l->peer, gossipsub_protocols, NULL, &l->out) != OK)
        l->out = 0;
}

static void peer_up(struct host *h, const struct env *env, const struct host_peer *p)
{
    struct lane *l = calloc(1, sizeof *l);
    uint64_t peer = p->peer;

    if (l == NULL || map_put(&h->gossip->lanes, MAP_KEY(peer), l) != OK) {
        free(l);
        return;
    }
    l->peer = peer;
    open_out(h, env, l);
}

static void list(struct gossip_adapter *g, struct lane *l)
{
    l->next = NULL;
    l->at = g->ready_end;
    *l->at = l;
    g->ready_end = &l->next;
}

static void unlist(struct gossip_adapter *g, struct lane *l)
{
    *l->at = l->next;
    if (l->next != NULL)
        l->next->at = l->at;
    else
        g->ready_end = l->at;
}

static void set_waiting(struct host *h, const struct env *env, struct lane *l, bool waiting)
{
    if (waiting == l->waiting)
        return;
    waiting ? list(h->gossip, l) : unlist(h->gossip, l);
    l->waiting = waiting;
    l->slow = false;
    l->drain_from = env->now;
    l->drained = 0;
}

static void leave(struct host *h, const struct env *env, struct lane *l)
{
    set_waiting(h, env, l, false);
    l->out = 0;
    if (l->speaks)
        gossipsub_peer_down(h->gossip->engine, env, l->peer);
    l->speaks = false;
}

static void peer_down(struct host *h, const struct env *env, const struct host_peer *p)
{
    uint64_t peer = p->peer;

    if (h->gossip == NULL)
        return;
    struct lane *l = map_take(&h->gossip->lanes, MAP_KEY(peer));
    if (l == NULL)
        return;
    leave(h, env, l);
    free(l);
}

static void opened(struct host *h, const struct env *env, struct host_stream *s)
{
    struct lane *l = lane_of(h, s->peer);
    const struct host_peer *p = host_peer(h, s->peer);

    l->opened_at = env->now;
    if (l->speaks) { /* the stream before this one broke, the peer did not go */
        log_debug(env, "gossip", "stream renewed peer=%llu", (unsigned long long)s->peer);
        gossipsub_peer_renew(h->gossip->engine, s->peer);
        return;
    }
    uint8_t ip[16];
    uint16_t port;
    bool known = multiaddr_ip(&p->remote, ip, &port);

    enum err err = gossipsub_peer_up(h->gossip->engine, env, s->peer, &p->id, s->protocol,
                                     p->outbound, known ? SPAN_ARRAY(ip) : SPAN_EMPTY);
    if (err != OK) {
        log_unusual(env, "gossip", "peer refused peer=%llu err=%s", (unsigned long long)s->peer,
                    err_name(err));
        l->out = 0;
        host_reset(h, s);
        return;
    }
    l->speaks = true;
}

/* ---- coming in ---- */

static uint64_t *place_of(struct lane *l, uint64_t stream)
{
    for (size_t i = 0; i < HOST_GOSSIP_INBOUND_MAX; i++)
        if (l->in[i] == stream)
            return &l->in[i];
    return NULL;
}

static void pause_lane(struct host *h, const struct lane *l)
{
    for (size_t i = 0; i < HOST_GOSSIP_INBOUND_MAX; i++)
        if (l->in[i] != 0)
            h->streams.pause(h->streams.impl, l->in[i], l->held || h->gossip->paused);
}

static void incoming(struct host *h, const struct env *env, struct host_stream *s)
{
    struct lane *l = lane_of(h, s->peer);
    uint64_t *place = l == NULL ? NULL : place_of(l, 0);
    struct inflow *f = calloc(1, sizeof *f);
    (void)env;

    if (place == NULL || f == NULL) {
        free(f);
        host_reset(h, s);
        return;
    }
    f->lane = l;
    frames_init(&f->frames, GOSSIPSUB_RPC_BYTES_MAX);
    s->state = f;
    *place = s->id;
    pause_lane(h, l);
    if (l->heard && l->speaks)
        gossipsub_peer_renew(h->gossip->engine, l->peer);
    l->heard = true;
}

static void validate(struct host *h, const struct env *env, const struct gossipsub_out *out)
{
    struct host_out_slot slot = {.out = {.kind = HOST_OUT_MESSAGE, .peer = out->peer}};
    struct waku_message m;
    uint64_t ticket = out->ticket;
    enum gossipsub_verdict verdict = waku_relay_verdict(out->data, h->params.message_bytes_max, &m);

    bool over = verdict == GOSSIPSUB_ACCEPT &&
                !bandwidth_admits(h->gossip->bandwidth, env, out->topic, out->data.len);
    if (over)
        verdict = GOSSIPSUB_IGNORE; /* nobody's fault: 64/WAKU2-NETWORK "Free bandwidth exceeded" */
    if (verdict == GOSSIPSUB_ACCEPT) {
        if (h->params.hashes)
            waku_message_hash(out->topic, &m, slot.out.hash);
        slot.out.data = blob_ref(out->blob);
        slot.out.payload = out->data;
        slot.owned = blob_new(out->topic);
        slot.out.topic = slot.owned == NULL ? SPAN_EMPTY : blob_span(slot.owned);
    } else {
        slot.out.kind = HOST_OUT_INVALID;
        slot.out.err = over                                          ? ERR_FULL
                       : out->data.len > h->params.message_bytes_max ? ERR_LIMIT
                                                                     : ERR_FORMAT;
    }
    gossipsub_verdict(h->gossip->engine, env, ticket, verdict);
    host_emit(h, env, &slot);
}

static void emit_connect(struct host *h, const struct env *env, const struct gossipsub_out *out)
{
    struct host_out_slot slot = {.out = {.kind = HOST_OUT_CONNECT, .peer_id = *out->peer_id},
                                 .owned = blob_new(out->record)};

    slot.out.record = slot.owned == NULL ? SPAN_EMPTY : blob_span(slot.owned);
    host_emit(h, env, &slot);
}

static void ready(struct host *h, const struct env *env, uint64_t peer)
{
    struct lane *l = lane_of(h, peer);

    if (l != NULL)
        set_waiting(h, env, l, true);
}

static bool take_outputs(struct host *h, const struct env *env)
{
    struct gossipsub_out out;
    bool any = false;

    while (gossipsub_poll(h->gossip->engine, &out)) {
        any = true;
        switch (out.kind) {
        case GOSSIPSUB_OUT_MESSAGE:
            validate(h, env, &out);
            break;
        case GOSSIPSUB_OUT_READY:
            ready(h, env, out.peer);
            break;
        case GOSSIPSUB_OUT_CONNECT:
            emit_connect(h, env, &out);
            break;
        case GOSSIPSUB_OUT_DISCONNECT:
            h->streams.disconnect(h->streams.impl, env, out.peer, ERR_REFUSED);
            break;
        }
    }
    return any;
}

static enum err feed(struct host *h, const struct env *env, struct host_stream *s,
                     struct span bytes)
{
    struct inflow *f = s->state;
    struct span rpc;
    enum err err;

    while ((err = frames_next(&f->frames, &bytes, &rpc)) == OK) {
        err = gossipsub_rpc(h->gossip->engine, env, s->peer, rpc);
        take_outputs(h, env); /* verdicts at once: nothing piles up in the engine */
        if (err == ERR_FULL)
            err = gossipsub_rpc(h->gossip->engine, env, s->peer, rpc);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
    }
    return err == ERR_MORE ? OK : err;
}

/* Unfinished RPCs take memory for as long as the peer likes: one at a time, and a bound for all. */
static enum err count_partial(struct host *h, struct lane *l, size_t before, size_t after)
{
    l->partial += after - before;
    h->gossip->partial += after - before;
    return l->partial > GOSSIPSUB_RPC_BYTES_MAX || h->gossip->partial > HOST_GOSSIP_PARTIAL_MAX
               ? ERR_LIMIT
               : OK;
}

static void bytes(struct host *h, const struct env *env, struct host_stream *s, struct span in)
{
    if (s->outbound)
        return; /* nobody answers on the stream that we write to */
    struct inflow *f = s->state;
    size_t before = frames_pending(&f->frames);
    enum err err = feed(h, env, s, in);
    enum err over = count_partial(h, f->lane, before, frames_pending(&f->frames));
    if (err == OK)
        err = over;
    if (err == OK)
        return;
    log_debug(env, "gossip", "reset peer=%llu err=%s", (unsigned long long)s->peer, err_name(err));
    host_reset(h, s);
}

/* ---- going out ---- */

/* True: something was written. */
static bool flush(struct host *h, const struct env *env, struct lane *l)
{
    struct gossipsub_rpc_out rpc;
    bool any = false;

    if (l->out == 0 || !l->speaks)
        return false;
    do {
        size_t room = h->streams.room(h->streams.impl, l->out);
        if (!gossipsub_next_rpc(h->gossip->engine, env, l->peer, room, &rpc))
            break;
        enum err err = h->streams.write(h->streams.impl, l->out, span_of(rpc.head, rpc.head_len),
                                        rpc.parts, rpc.count);
        if (err != OK) { /* room said that it fits: the stream is dying and broken() follows */
            log_debug(env, "gossip", "write peer=%llu err=%s", (unsigned long long)l->peer,
                      err_name(err));
            return any;
        }
        l->drained += rpc.bytes;
        any = true;
    } while (rpc.more);
    set_waiting(h, env, l, rpc.more);
    return any;
}

/* Once a second: did a waiting peer take what a usable one takes? */
static void judge(const struct env *env, struct lane *l)
{
    if (!l->waiting || env->now.ns - l->drain_from.ns < NS_PER_S)
        return;
    l->slow = l->drained < HOST_DRAIN_BYTES_S;
    l->drain_from = env->now;
    l->drained = 0;
}

static bool is_full(const struct host *h, const struct lane *l)
{
    struct gossipsub_peer_view view;

    return l->waiting && gossipsub_peer_get(h->gossip->engine, l->peer, &view) &&
           view.queued_bytes > h->params.gossipsub.peer_queue_bytes_max / 2;
}

/* Hold a source when every peer in a mesh but itself is full and makes progress. */
static void hold_sources(struct host *h, const struct env *env)
{
    struct gossip_adapter *g = h->gossip;
    struct gossipsub_peer_view view;
    size_t cursor = 0, takers = 0, full = 0;
    struct lane *l;

    if (g->ready == NULL && !g->holding)
        return;
    while ((l = map_next(&g->lanes, &cursor, NULL)) != NULL) {
        judge(env, l);
        if (!l->speaks || !gossipsub_peer_get(g->engine, l->peer, &view) || view.meshes == 0)
            continue;
        takers++;
        full += is_full(h, l) && !l->slow;
    }
    g->holding = false;
    cursor = 0;
    while ((l = map_next(&g->lanes, &cursor, NULL)) != NULL) {
        bool in_mesh =
            l->speaks && gossipsub_peer_get(g->engine, l->peer, &view) && view.meshes > 0;
        size_t others = takers - in_mesh,
               others_full = full - (in_mesh && is_full(h, l) && !l->slow);
        bool held = others > 0 && others_full == others;
        g->holding = g->holding || held;
        if (held != l->held) {
            l->held = held;
            pause_lane(h, l);
        }
    }
}

static bool pump(struct host *h, const struct env *env)
{
    bool moved = take_outputs(h, env);

    for (struct lane *l = h->gossip->ready, *next; l != NULL; l = next) {
        next = l->next;
        moved = flush(h, env, l) || moved;
    }
    hold_sources(h, env);
    return moved;
}

static void broken(struct host *h, const struct env *env, struct host_stream *s, enum err why)
{
    struct lane *l = lane_of(h, s->peer);

    if (l == NULL || l->out != s->id)
        return;
    log_debug(env, "gossip", "stream broken peer=%llu err=%s", (unsigned long long)s->peer,
              err_name(why));
    l->out = 0;
    l->deaf = why == ERR_UNSUPPORTED;
    if (s->protocol != NULL && env->now.ns - l->opened_at.ns >= HOST_GOSSIP_STEADY_MS * NS_PER_MS)
        l->tries = 0;
    if (!l->deaf && host_peer_stays(h, s->peer))
        open_out(h, env, l);
    if (l->out == 0)
        leave(h, env, l);
}

/* Nobody ends the other half of a stream that he goes on reading: on ours, it is as good as broken.
 */
static void end(struct host *h, const struct env *env, struct host_stream *s)
{
    if (!s->outbound) {
        host_close_write(h, s);
        return;
    }
    broken(h, env, s, ERR_CLOSED);
    host_reset(h, s);
}

static void ended(struct host *h, struct host_stream *s)
{
    struct lane *l = h->gossip == NULL ? NULL : lane_of(h, s->peer);
    uint64_t *place = l == NULL || s->id == 0 ? NULL : place_of(l, s->id);

    if (place != NULL)
        *place = 0;
    struct inflow *f = s->state;
    if (f != NULL) {
        if (l != NULL)
            (void)count_partial(h, l, frames_pending(&f->frames), 0);
        frames_clear(&f->frames);
    }
    free(f);
    s->state = NULL;
}

static void try_again(struct host *h, const struct env *env)
{
    size_t cursor = 0;
    struct lane *l;

    h->gossip->retry = MONO_NEVER;
    while ((l = map_next(&h->gossip->lanes, &cursor, NULL)) != NULL)
        if (l->out == 0 && !l->deaf) {
            l->tries = 0;
            open_out(h, env, l);
        }
}

static void tick(struct host *h, const struct env *env)
{
    gossipsub_tick(h->gossip->engine, env);
    if (h->gossip->retry.ns <= env->now.ns)
        try_again(h, env);
}

static struct mono deadline(const struct host *h)
{
    return mono_min(gossipsub_deadline(h->gossip->engine), h->gossip->retry);
}

const struct adapter adapter_gossip = {
    .protocols = gossipsub_protocols,
    .peer_up = peer_up,
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

/* ---- what the host offers ---- */

enum err host_publish(struct host *h, const struct env *env, struct span topic, struct span data,
                      size_t *relay_peers)
{
    struct gossipsub_published how = {0};
    struct waku_message m;

    if (h->gossip == NULL)
        return ERR_NOT_FOUND;
    if (data.len > h->params.message_bytes_max)
        return ERR_LIMIT;
    if (waku_relay_verdict(data, h->params.message_bytes_max, &m) != GOSSIPSUB_ACCEPT)
        return ERR_FORMAT;
    TRY(gossipsub_publish(h->gossip->engine, env, topic, data, &how));
    *relay_peers = how.peers;
    return OK;
}

void host_pause_relay(struct host *h, bool paused)
{
    size_t cursor = 0;
    struct lane *l;

    if (h->gossip == NULL || h->gossip->paused == paused)
        return;
    h->gossip->paused = paused;
    while ((l = map_next(&h->gossip->lanes, &cursor, NULL)) != NULL)
        pause_lane(h, l);
}

struct gossipsub *host_gossipsub(struct host *h)
{
    return h->gossip == NULL ? NULL : h->gossip->engine;
}

enum err gossip_adapter_new(struct host *h, const struct env *env)
{
    uint8_t seed[16];

    h->gossip = calloc(1, sizeof *h->gossip);
    if (h->gossip == NULL)
        return ERR_MEMORY;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&h->gossip->lanes, seed, HOST_PEERS_MAX);
    h->gossip->ready_end = &h->gossip->ready;
    h->gossip->retry = MONO_NEVER;
    h->gossip->bandwidth = bandwidth_new(env, h->params.shard_bytes_s);
    h->gossip->engine = gossipsub_new(&h->params.gossipsub, env);
    return h->gossip->engine == NULL || h->gossip->bandwidth == NULL ? ERR_MEMORY : OK;
}

void gossip_adapter_free(struct host *h)
{
    size_t cursor = 0;
    struct lane *l;

    if (h->gossip == NULL)
        return;
    while ((l = map_next(&h->gossip->lanes, &cursor, NULL)) != NULL)
        free(l);
    map_clear(&h->gossip->lanes);
    gossipsub_free(h->gossip->engine);
    bandwidth_free(h->gossip->bandwidth);
    free(h->gossip);
    h->gossip = NULL;
}
