/* What an adapter is to the conductor: private to the room.
 *
 * An adapter owns the streams of its protocols. The conductor (host.c) finds it by the stream and
 * calls; after `ended` the stream is freed.
 */
#pragma once

#include "crypto/base/fifo.h"
#include "crypto/base/map.h"
#include "net/host/host.h"
#include "net/host/params.h"

struct adapter;
struct identify_info;

struct host_stream {
    uint64_t id, peer;
    const struct adapter *adapter;
    const char *protocol;
    bool outbound;
    bool wrote_end, read_end;
    void *state; /* the adapter's, freed by its `ended` */
};

struct adapter {
    const char *const *protocols;         /* NULL-terminated */
    bool (*served)(const struct host *h); /* accepted from peers? NULL: whenever it is mounted */
    bool limited_ok;                      /* may run on a connection that a relay limits */
    void (*peer_up)(struct host *h, const struct env *env, const struct host_peer *p);
    /* identify has answered, or pushed; `info` is borrowed */
    void (*identified)(struct host *h, const struct env *env, const struct host_peer *p,
                       const struct identify_info *info);
    void (*peer_known)(struct host *h, const struct env *env, const struct host_peer *p);
    /* a limited peer has a connection without limits now */
    void (*direct)(struct host *h, const struct env *env, const struct host_peer *p);
    void (*peer_down)(struct host *h, const struct env *env, const struct host_peer *p);
    void (*opened)(struct host *h, const struct env *env, struct host_stream *s);
    void (*incoming)(struct host *h, const struct env *env, struct host_stream *s);
    void (*bytes)(struct host *h, const struct env *env, struct host_stream *s, struct span bytes);
    void (*end)(struct host *h, const struct env *env, struct host_stream *s);
    void (*writable)(struct host *h, const struct env *env, struct host_stream *s);
    /* refused, reset, or the peer is gone; `why` is never OK */
    void (*broken)(struct host *h, const struct env *env, struct host_stream *s, enum err why);
    /* the stream is dead: free s->state. Always the last call for a stream. */
    void (*ended)(struct host *h, struct host_stream *s);
    bool (*pump)(struct host *h, const struct env *env); /* true: something moved */
    void (*tick)(struct host *h, const struct env *env);
    struct mono (*deadline)(const struct host *h);
};

extern const struct adapter adapter_gossip, adapter_identify, adapter_identify_push, adapter_ping,
    adapter_metadata, adapter_store, adapter_lightpush, adapter_lightpush_v2, adapter_autonat,
    adapter_filter, adapter_filter_push, adapter_sync, adapter_hop, adapter_stop, adapter_dcutr,
    adapter_px, adapter_rendezvous, adapter_waku_rendezvous;

/* an output and what it owns */
struct host_out_slot {
    struct host_out out;
    struct blob *owned; /* topic, query or answer bytes; may be NULL */
    void *object;       /* freed by `drop` */
    void (*drop)(void *object);
};

/* What is owed to all adapters but relay's since one of them was touched. Relay is most of what
 * happens and touches no other: its bytes do not stir. */
enum {
    HOST_STIR_PUMP = 1,     /* they may have something to move */
    HOST_STIR_POLL = 2,     /* services may have outputs */
    HOST_STIR_TICK = 4,     /* a tick may mean something else now */
    HOST_STIR_DEADLINE = 8, /* others_due is old */
    HOST_STIR_ALL = 15,
};

struct host {
    struct host_params params;
    struct streams streams;
    unsigned stirred;          /* HOST_STIR_ */
    struct mono others_due;    /* deadline of all adapters but relay's, and of exchanges */
    struct map streams_by_id;  /* struct host_stream */
    struct map peers;          /* struct host_peer */
    struct fifo out;           /* struct host_out_slot */
    struct host_out_slot told; /* what the last host_poll lent */
    struct exchanges *exchanges;
    struct rates *rates;
    struct gossip_adapter *gossip;
    struct ping_adapter *ping;
    struct identify_adapter *identify;
    struct store_adapter *store;
    struct lightpush_adapter *lightpush;
    struct filter_adapter *filter;
    struct px_server *px; /* NULL: not mounted */
    struct rendezvous_server *rendezvous[HOST_MEETS];
    struct metadata *metadata;
    struct autonat_adapter *autonat;
    struct sync_adapter *sync; /* NULL: not mounted */
    struct circuit_adapter *circuit;
    struct dcutr_adapter *dcutr;
};

/** Whoever touches an adapter other than relay's says so: a call of the user, a stream event. */
static inline void host_stir(struct host *h)
{
    h->stirred = HOST_STIR_ALL;
}

enum err gossip_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void gossip_adapter_free(struct host *h);
enum err ping_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void ping_adapter_free(struct host *h);
enum err identify_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void identify_adapter_free(struct host *h);

/** Say which protocols we serve; the strings are static. */
enum err identify_adapter_describe(struct host *h, const struct env *env,
                                   const char *const *protocols) MUST_CHECK;
enum err metadata_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void metadata_adapter_free(struct host *h);
/* of dcutr.c: a ticket of HOST_OUT_DIAL is the peer's number with this bit */
#define HOST_DCUTR_TICKET (1ull << 63)
void dcutr_adapter_dialed(struct host *h, const struct env *env, uint64_t peer, enum err err);
enum err dcutr_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void dcutr_adapter_free(struct host *h);

/** Where others see us, IP and port, most votes first. */
size_t host_observed(const struct host *h, struct multiaddr *out, size_t max);
enum err circuit_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void circuit_adapter_free(struct host *h);
enum err autonat_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void autonat_adapter_free(struct host *h);
enum err rendezvous_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void rendezvous_adapter_free(struct host *h);

struct buf;
struct envelope_kind;

/** Append our signed record of this kind. */
enum err identify_adapter_sign(struct host *h, const struct env *env,
                               const struct envelope_kind *kind, struct buf *out) MUST_CHECK;
enum err px_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void px_adapter_free(struct host *h);
enum err store_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void store_adapter_free(struct host *h);
enum err sync_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void sync_adapter_free(struct host *h);

enum err lightpush_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void lightpush_adapter_free(struct host *h);

/** The next push of a peer, or outcome of a push of ours; false: none. */
bool lightpush_adapter_poll(struct host *h, const struct env *env, struct host_out *out);

/** The next question of a peer, or answer to a question of ours; false: none. */
bool store_adapter_poll(struct host *h, const struct env *env, struct host_out *out);

enum err filter_adapter_new(struct host *h, const struct env *env) MUST_CHECK;
void filter_adapter_free(struct host *h);

/** What was pushed to us, or said about a subscription of ours; false: none. */
bool filter_adapter_poll(struct host *h, const struct env *env, struct host_out *out);

/** Is this adapter at work? Relay is an option. */
bool host_mounted(const struct host *h, const struct adapter *a);

/** Queue an output; takes over `slot`'s blobs and object. Beyond HOST_OUT_MAX it is dropped. */
void host_emit(struct host *h, const struct env *env, struct host_out_slot *slot);

/** The stream of that number, NULL when it is dead. */
struct host_stream *host_stream(struct host *h, uint64_t id);

/** Open a stream for an adapter; `state` is freed by its `ended`, also when this fails. */
enum err host_open(struct host *h, const struct env *env, const struct adapter *a, uint64_t peer,
                   const char *const *protocols, void *state, uint64_t *stream) MUST_CHECK;

/** No more writing. When the other side has ended too, the stream is forgotten: `ended` is called.
 */
void host_close_write(struct host *h, struct host_stream *s);

/** Reset a stream and forget it: `ended` is called. */
void host_reset(struct host *h, struct host_stream *s);

/** Forget a stream that somebody else has now: `ended` is called. */
void host_release(struct host *h, struct host_stream *s);

/** Is the peer connected, and not just going? While it goes its streams break, one after another.
 */
bool host_peer_stays(const struct host *h, uint64_t peer);

struct host_peer *host_peer_mutable(struct host *h, uint64_t peer);

/** Identify says this of a peer: told to all adapters. */
void host_identified(struct host *h, const struct env *env, const struct host_peer *p,
                     const struct identify_info *info);

/** Identify or metadata has answered, or cannot: PEER_KNOWN is told when both have. */
void host_peer_learned(struct host *h, const struct env *env, struct host_peer *p);
