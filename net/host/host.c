/* The conductor: which adapter a stream event is for, and in what order the engines are pumped. */
#include "net/host/adapter.h"
#include "net/host/exchange.h"

#include <stdlib.h>

static const struct adapter *const adapters[] = {
    &adapter_identify,   &adapter_identify_push,  &adapter_ping,        &adapter_metadata,
    &adapter_gossip,     &adapter_store,          &adapter_lightpush,   &adapter_lightpush_v2,
    &adapter_autonat,    &adapter_filter,         &adapter_filter_push, &adapter_sync,
    &adapter_hop,        &adapter_stop,           &adapter_dcutr,       &adapter_px,
    &adapter_rendezvous, &adapter_waku_rendezvous};

#define ADAPTERS (sizeof adapters / sizeof *adapters)

/* ---- streams ---- */

/* Is it accepted from peers? Our own questions to services go out in any case. */
static bool is_served(const struct host *h, const struct adapter *a)
{
    return host_mounted(h, a) && (a->served == NULL || a->served(h));
}

bool host_mounted(const struct host *h, const struct adapter *a)
{
    return a == &adapter_gossip ? h->params.relay
           : a == &adapter_sync ? h->params.sync_range_ns > 0
                                : true;
}

static const struct adapter *serving(const struct host *h, const char *protocol)
{
    for (size_t i = 0; i < ADAPTERS; i++)
        for (const char *const *p = adapters[i]->protocols; *p != NULL; p++)
            if (strcmp(*p, protocol) == 0)
                return is_served(h, adapters[i]) ? adapters[i] : NULL;
    return NULL;
}

struct host_stream *host_stream(struct host *h, uint64_t id)
{
    return map_get(&h->streams_by_id, MAP_KEY(id));
}

static void stirred_by(struct host *h, const struct adapter *a)
{
    if (a != &adapter_gossip)
        host_stir(h);
}

static void forget(struct host *h, struct host_stream *s)
{
    uint64_t id = s->id;

    stirred_by(h, s->adapter);
    map_take(&h->streams_by_id, MAP_KEY(id));
    s->adapter->ended(h, s);
    free(s);
}

void host_release(struct host *h, struct host_stream *s)
{
    forget(h, s);
}

void host_reset(struct host *h, struct host_stream *s)
{
    h->streams.reset(h->streams.impl, s->id);
    forget(h, s);
}

void host_close_write(struct host *h, struct host_stream *s)
{
    if (s->wrote_end)
        return;
    s->wrote_end = true;
    h->streams.close_write(h->streams.impl, s->id);
    if (s->read_end)
        forget(h, s);
}

static struct host_stream *remember(struct host *h, const struct adapter *a, uint64_t peer,
                                    uint64_t id, bool outbound, void *state)
{
    struct host_stream *s = calloc(1, sizeof *s);

    if (s == NULL)
        return NULL;
    stirred_by(h, a);
    *s = (struct host_stream){
        .id = id, .peer = peer, .adapter = a, .outbound = outbound, .state = state};
    if (map_put(&h->streams_by_id, MAP_KEY(id), s) != OK) {
        free(s);
        return NULL;
    }
    return s;
}

enum err host_open(struct host *h, const struct env *env, const struct adapter *a, uint64_t peer,
                   const char *const *protocols, void *state, uint64_t *stream)
{
    struct host_stream failed = {.adapter = a, .state = state, .peer = peer, .outbound = true};
    const struct host_peer *p = host_peer(h, peer);
    enum err err = p != NULL && p->limited && !a->limited_ok
                       ? ERR_REFUSED
                       : h->streams.open(h->streams.impl, env, peer, protocols, stream);

    if (err == OK && remember(h, a, peer, *stream, true, state) == NULL) {
        h->streams.reset(h->streams.impl, *stream);
        err = ERR_MEMORY;
    }
    if (err != OK)
        a->ended(h, &failed);
    return err;
}

static void incoming(struct host *h, const struct env *env, const struct stream_event *ev)
{
    const struct adapter *a = serving(h, ev->protocol);
    const struct host_peer *p = host_peer(h, ev->peer);
    bool allowed = a != NULL && (p == NULL || !p->limited || a->limited_ok);
    struct host_stream *s = !allowed ? NULL : remember(h, a, ev->peer, ev->stream, false, NULL);

    if (s == NULL) {
        h->streams.reset(h->streams.impl, ev->stream);
        return;
    }
    s->protocol = ev->protocol;
    a->incoming(h, env, s);
}

/* ---- peers ---- */

static void peer_up(struct host *h, const struct env *env, const struct stream_event *ev)
{
    struct host_peer *p = calloc(1, sizeof *p);

    if (p == NULL || map_put(&h->peers, MAP_KEY(ev->peer), p) != OK) {
        free(p);
        h->streams.disconnect(h->streams.impl, env, ev->peer, ERR_MEMORY);
        return;
    }
    p->peer = ev->peer;
    p->id = *ev->peer_id;
    p->remote = *ev->remote;
    p->outbound = ev->outbound;
    p->limited = ev->limited;
    host_stir(h);
    host_emit(h, env, &(struct host_out_slot){.out = {.kind = HOST_OUT_PEER_UP, .peer = p->peer}});
    for (size_t i = 0; i < ADAPTERS; i++)
        if (adapters[i]->peer_up != NULL && host_mounted(h, adapters[i]) &&
            (!p->limited || adapters[i]->limited_ok))
            adapters[i]->peer_up(h, env, p);
}

/* What waited for a connection without limits begins. */
static void peer_direct(struct host *h, const struct env *env, const struct stream_event *ev)
{
    struct host_peer *p = map_get(&h->peers, MAP_KEY(ev->peer));

    if (p == NULL || !p->limited)
        return;
    host_stir(h);
    p->limited = false;
    p->remote = *ev->remote;
    p->outbound = ev->outbound;
    for (size_t i = 0; i < ADAPTERS; i++)
        if (adapters[i]->direct != NULL)
            adapters[i]->direct(h, env, p);
    for (size_t i = 0; i < ADAPTERS; i++)
        if (adapters[i]->peer_up != NULL && host_mounted(h, adapters[i]) &&
            !adapters[i]->limited_ok)
            adapters[i]->peer_up(h, env, p);
}

static void peer_free(struct host_peer *p)
{
    free(p->protocols);
    free(p->shards);
    free(p->listens);
    free(p);
}

static void peer_down(struct host *h, const struct env *env, const struct stream_event *ev)
{
    struct host_peer *p = map_get(&h->peers, MAP_KEY(ev->peer));
    size_t cursor = 0;
    struct host_stream *s;

    if (p == NULL)
        return;
    p->going = true;
    host_stir(h);
    while ((s = map_next(&h->streams_by_id, &cursor, NULL)) != NULL) {
        if (s->peer != ev->peer)
            continue;
        if (s->adapter->broken != NULL)
            s->adapter->broken(h, env, s, ev->err == OK ? ERR_CLOSED : ev->err);
        forget(h, s);
    }
    for (size_t i = 0; i < ADAPTERS; i++)
        if (adapters[i]->peer_down != NULL)
            adapters[i]->peer_down(h, env, p);
    struct peer_id id = p->id;
    map_take(&h->peers, MAP_KEY(ev->peer));
    peer_free(p);
    host_emit(
        h, env,
        &(struct host_out_slot){
            .out = {.kind = HOST_OUT_PEER_DOWN, .peer = ev->peer, .peer_id = id, .err = ev->err}});
}

bool host_peer_stays(const struct host *h, uint64_t peer)
{
    const struct host_peer *p = map_get(&h->peers, MAP_KEY(peer));

    return p != NULL && !p->going;
}

struct host_peer *host_peer_mutable(struct host *h, uint64_t peer)
{
    return map_get(&h->peers, MAP_KEY(peer));
}

const struct host_peer *host_peer(const struct host *h, uint64_t peer)
{
    return map_get(&h->peers, MAP_KEY(peer));
}

bool host_peer_serves(const struct host_peer *p, const char *protocol)
{
    for (size_t i = 0; i < p->protocols_count; i++)
        if (strcmp(p->protocols[i], protocol) == 0)
            return true;
    return false;
}

const struct host_peer *host_peers(const struct host *h, size_t *cursor)
{
    return map_next(&h->peers, cursor, NULL);
}

void host_identified(struct host *h, const struct env *env, const struct host_peer *p,
                     const struct identify_info *info)
{
    for (size_t i = 0; i < ADAPTERS; i++)
        if (adapters[i]->identified != NULL && host_mounted(h, adapters[i]))
            adapters[i]->identified(h, env, p, info);
}

void host_peer_learned(struct host *h, const struct env *env, struct host_peer *p)
{
    if (!p->identified || !(p->metadata_known || p->metadata_failed))
        return;
    host_emit(h, env,
              &(struct host_out_slot){.out = {.kind = HOST_OUT_PEER_KNOWN, .peer = p->peer}});
}

/* ---- events ---- */

static void stream_event(struct host *h, const struct env *env, const struct stream_event *ev)
{
    struct host_stream *s = host_stream(h, ev->stream);

    if (s == NULL)
        return; /* forgotten while this event waited */
    stirred_by(h, s->adapter);
    switch (ev->kind) {
    case STREAM_OPENED:
        s->protocol = ev->protocol;
        s->adapter->opened(h, env, s);
        break;
    case STREAM_BYTES:
        s->adapter->bytes(h, env, s, ev->bytes);
        break;
    case STREAM_END:
        s->read_end = true;
        if (s->adapter->end != NULL)
            s->adapter->end(h, env, s);
        s = host_stream(h, ev->stream);
        if (s != NULL && s->wrote_end)
            forget(h, s);
        break;
    case STREAM_WRITABLE:
        if (s->adapter->writable != NULL)
            s->adapter->writable(h, env, s);
        break;
    case STREAM_REFUSED:
    case STREAM_RESET:
        if (s->adapter->broken != NULL)
            s->adapter->broken(h, env, s, ev->err == OK ? ERR_CLOSED : ev->err);
        forget(h, s);
        break;
    case STREAM_PEER_UP:
    case STREAM_PEER_DIRECT:
    case STREAM_PEER_DOWN:
    case STREAM_INCOMING:
        break;
    }
}

static void event(struct host *h, const struct env *env, const struct stream_event *ev)
{
    if (ev->kind == STREAM_PEER_UP)
        peer_up(h, env, ev);
    else if (ev->kind == STREAM_PEER_DIRECT)
        peer_direct(h, env, ev);
    else if (ev->kind == STREAM_PEER_DOWN)
        peer_down(h, env, ev);
    else if (ev->kind == STREAM_INCOMING)
        incoming(h, env, ev);
    else
        stream_event(h, env, ev);
}

/* Not more than HOST_EVENTS_BYTES at a time: then the engines write, and say whom not to read. */
static bool take_events(struct host *h, const struct env *env)
{
    struct stream_event ev;
    size_t bytes = 0;
    bool any = false;

    while (bytes < HOST_EVENTS_BYTES && fifo_count(&h->out) < HOST_OUT_ENOUGH &&
           h->streams.poll(h->streams.impl, env, &ev)) {
        any = true;
        bytes += ev.kind == STREAM_BYTES ? ev.bytes.len : 0;
        event(h, env, &ev);
    }
    return any;
}

static bool pump_adapters(struct host *h, const struct env *env)
{
    bool others = (h->stirred & HOST_STIR_PUMP) != 0, moved = false;

    if (!others)
        return h->params.relay && adapter_gossip.pump(h, env);
    h->stirred &= ~(unsigned)HOST_STIR_PUMP;
    for (size_t i = 0; i < ADAPTERS; i++)
        if (adapters[i]->pump != NULL && host_mounted(h, adapters[i]))
            moved = adapters[i]->pump(h, env) || moved;
    if (moved)
        host_stir(h);
    return moved;
}

/* Adapters write only when the events of a wake-up are read: what came together leaves together. */
bool host_pump(struct host *h, const struct env *env)
{
    for (int round = 0; round < HOST_ROUNDS_MAX; round++) {
        bool moved = take_events(h, env);
        moved = pump_adapters(h, env) || moved;
        if (fifo_count(&h->out) >= HOST_OUT_ENOUGH) {
            host_stir(h); /* one may have stopped there */
            return true;
        }
        if (!moved && (h->stirred & HOST_STIR_PUMP) == 0)
            return false;
    }
    host_stir(h);
    return true; /* there is more; the caller polls and comes again */
}

void host_tick(struct host *h, const struct env *env)
{
    if (h->params.relay)
        adapter_gossip.tick(h, env);
    if (host_deadline(h).ns > env->now.ns && (h->stirred & HOST_STIR_TICK) == 0)
        return;
    for (size_t i = 0; i < ADAPTERS; i++)
        if (adapters[i]->tick != NULL && adapters[i] != &adapter_gossip &&
            host_mounted(h, adapters[i]))
            adapters[i]->tick(h, env);
    exchange_tick(h, env);
    host_stir(h);
    h->stirred &= ~(unsigned)HOST_STIR_TICK;
}

static struct mono others_deadline(const struct host *h)
{
    struct mono due = exchange_deadline(h);

    for (size_t i = 0; i < ADAPTERS; i++)
        if (adapters[i]->deadline != NULL && adapters[i] != &adapter_gossip &&
            host_mounted(h, adapters[i]))
            due = mono_min(due, adapters[i]->deadline(h));
    return due;
}

struct mono host_deadline(struct host *h)
{
    if ((h->stirred & HOST_STIR_DEADLINE) != 0)
        h->others_due = others_deadline(h);
    h->stirred &= ~(unsigned)HOST_STIR_DEADLINE;
    return h->params.relay ? mono_min(h->others_due, adapter_gossip.deadline(h)) : h->others_due;
}

/* ---- outputs ---- */

static void slot_clear(struct host_out_slot *slot)
{
    blob_unref(slot->owned);
    blob_unref(slot->out.data);
    if (slot->object != NULL)
        slot->drop(slot->object);
    *slot = (struct host_out_slot){0};
}

void host_emit(struct host *h, const struct env *env, struct host_out_slot *slot)
{
    if (fifo_push(&h->out, slot) == OK)
        return;
    log_broken(env, "host", "output lost kind=%d waiting=%zu", slot->out.kind, fifo_count(&h->out));
    slot_clear(slot);
}

static bool poll_services(struct host *h, const struct env *env, struct host_out *out)
{
    bool any;

    if ((h->stirred & HOST_STIR_POLL) == 0)
        return false;
    any = store_adapter_poll(h, env, out) || lightpush_adapter_poll(h, env, out) ||
          filter_adapter_poll(h, env, out);
    host_stir(h); /* they asked and answered meanwhile */
    if (!any)
        h->stirred &= ~(unsigned)HOST_STIR_POLL;
    return any;
}

bool host_poll(struct host *h, const struct env *env, struct host_out *out)
{
    slot_clear(&h->told);
    if (!fifo_pop(&h->out, &h->told))
        return poll_services(h, env, out);
    *out = h->told.out;
    return true;
}

/* ---- life ---- */

static enum err serve(struct host *h, const struct env *env)
{
    const char *all[64] = {NULL};
    size_t n = 0;

    for (size_t i = 0; i < ADAPTERS; i++)
        for (const char *const *p = adapters[i]->protocols; *p != NULL; p++)
            if (is_served(h, adapters[i]) && n < 63)
                all[n++] = *p;
    TRY(h->streams.serve(h->streams.impl, all));
    return identify_adapter_describe(h, env, all);
}

enum err host_new(struct host **out, const struct env *env, const struct host_params *params,
                  const struct streams *streams)
{
    struct host *h = calloc(1, sizeof *h);
    uint8_t seed[16];

    if (h == NULL)
        return ERR_MEMORY;
    h->params = *params;
    h->streams = *streams;
    host_stir(h);
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&h->streams_by_id, seed, HOST_STREAMS_MAX);
    map_init(&h->peers, seed, HOST_PEERS_MAX);
    fifo_init(&h->out, sizeof(struct host_out_slot), HOST_OUT_MAX);
    enum err err = exchanges_new(h, env);
    if (err == OK)
        err = rates_new(h, env);
    if (err == OK && params->relay)
        err = gossip_adapter_new(h, env);
    if (err == OK)
        err = ping_adapter_new(h, env);
    if (err == OK)
        err = identify_adapter_new(h, env);
    if (err == OK)
        err = store_adapter_new(h, env);
    if (err == OK)
        err = lightpush_adapter_new(h, env);
    if (err == OK)
        err = filter_adapter_new(h, env);
    if (err == OK)
        err = px_adapter_new(h, env);
    if (err == OK)
        err = rendezvous_adapter_new(h, env);
    if (err == OK)
        err = metadata_adapter_new(h, env);
    if (err == OK)
        err = autonat_adapter_new(h, env);
    if (err == OK)
        err = sync_adapter_new(h, env);
    if (err == OK)
        err = circuit_adapter_new(h, env);
    if (err == OK)
        err = dcutr_adapter_new(h, env);
    if (err == OK)
        err = serve(h, env);
    if (err != OK) {
        host_free(h);
        return err;
    }
    *out = h;
    return OK;
}

void host_free(struct host *h)
{
    size_t cursor = 0;
    struct host_stream *s;
    struct host_peer *p;
    struct host_out_slot slot;

    if (h == NULL)
        return;
    while ((s = map_next(&h->streams_by_id, &cursor, NULL)) != NULL)
        forget(h, s);
    cursor = 0;
    while ((p = map_next(&h->peers, &cursor, NULL)) != NULL)
        peer_free(p);
    slot_clear(&h->told);
    while (fifo_pop(&h->out, &slot))
        slot_clear(&slot);
    identify_adapter_free(h);
    ping_adapter_free(h);
    gossip_adapter_free(h);
    store_adapter_free(h);
    lightpush_adapter_free(h);
    filter_adapter_free(h);
    px_adapter_free(h);
    rendezvous_adapter_free(h);
    metadata_adapter_free(h);
    sync_adapter_free(h);
    rates_free(h);
    autonat_adapter_free(h);
    circuit_adapter_free(h);
    dcutr_adapter_free(h);
    exchanges_free(h);
    fifo_clear(&h->out);
    map_clear(&h->peers);
    map_clear(&h->streams_by_id);
    free(h);
}
