/* What relay.c and circuit.c have in common: streams of circuit relay v2. Private to the room.
 *
 *     relay.c    we are the relay: hop streams that come in, stop streams that go out, bridges
 *     circuit.c  we use relays: hop streams that go out, stop streams that come in
 */
#pragma once

#include "net/host/adapter.h"
#include "net/reach/reach.h"
#include "net/wire/frame.h"

enum circuit_role {
    CIRCUIT_HOP_IN,   /* a request is to come */
    CIRCUIT_STOP_OUT, /* the target is asked; `other` waits */
    CIRCUIT_BRIDGED,  /* what comes goes to `other` */
    CIRCUIT_RESERVING,
    CIRCUIT_DIALING,
    CIRCUIT_STOP_IN, /* a relay is to say who calls */
    CIRCUIT_DONE,
};

struct circuit_stream {
    enum circuit_role role;
    uint64_t stream, peer;
    struct mono until; /* of the handshake */
    struct frames frames;
    struct circuit_stream *next, *prev; /* all of them */
    uint64_t circuit, other;            /* relay: its number, and the stream at the other end */
    bool source;                        /* relay: the end that began it */
    struct blob *held;                  /* relay: for `other`, which has no room */
    bool end_held;                      /* relay: END follows it */
    uint64_t link;                      /* dialing: the swarm's */
    struct peer_id target;
};

struct circuit_place { /* a reservation of ours */
    uint64_t peer;
    struct multiaddr addrs[CIRCUIT_ADDRS_MAX];
    size_t count;
};

struct circuit_adapter {
    struct circuit_stream *streams;
    struct relay *relay; /* NULL: we are none */
    struct reserve reserve;
    struct circuit_place *places[2 * CIRCUIT_RESERVE_WANTED]; /* owned; NULL: free */
    struct peer_id self;
};

/** NULL: too many, or memory is out. */
struct circuit_stream *circuit_stream_new(struct host *h, const struct env *env,
                                          enum circuit_role role, uint64_t peer);

/** Append a framed message to the stream. */
enum err circuit_say(struct host *h, uint64_t stream, enum circuit_protocol protocol,
                     const struct circuit_message *m) MUST_CHECK;

/* relay.c */
enum err relay_serve(struct host *h, const struct env *env, struct host_stream *s,
                     struct span *in) MUST_CHECK;
void relay_stop_opened(struct host *h, struct host_stream *s);
enum err relay_stop_answered(struct host *h, const struct env *env, struct host_stream *s,
                             struct span *in) MUST_CHECK;
void relay_bridge(struct host *h, struct host_stream *s, struct span in);
void relay_end(struct host *h, struct host_stream *s);
void relay_writable(struct host *h, struct host_stream *s);
void relay_broken(struct host *h, struct circuit_stream *c);
void relay_tick(struct host *h, const struct env *env);
