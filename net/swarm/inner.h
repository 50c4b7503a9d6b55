/* Private to net/swarm: links, peers, dials. */
#pragma once

#include "crypto/base/fifo.h"
#include "crypto/base/heap.h"
#include "crypto/base/map.h"
#include "net/conn/conn.h"
#include "net/swarm/swarm.h"
#include "net/wire/ip.h"
#include "net/wire/multiaddr.h"
#include "net/wire/peer_id.h"

enum link_state {
    LINK_DIALING,   /* the world connects */
    LINK_UPGRADING, /* conn negotiates */
    LINK_UP,
    LINK_LEAVING, /* conn is down, or there was none: port->close is due, then it is freed */
};

struct link {
    uint64_t id;
    enum link_state state;
    bool outbound;
    bool dial_due;  /* port->dial is due */
    bool gone;      /* the world ended it: nothing may be said to the port */
    bool blocked;   /* port->write took less than all; swarm_writable follows */
    bool paused;    /* the port was told */
    bool redundant; /* the lesser of a simultaneous dial */
    bool circuit;   /* its carrier is a stream, and never the port */
    bool limited;   /* circuit whose relay limits it */
    bool probed;    /* the answer to SWARM_DIAL_PROBE: it never had a peer */
    bool ready;     /* in the list of links to poll */
    bool dirty;     /* in the list of links to pump */
    struct link *ready_next, *dirty_next;
    struct link *peer_next; /* of the same peer, oldest first */
    struct endpoint at;     /* at.host: owned copy or NULL */
    struct multiaddr remote;
    uint64_t carrier;  /* circuit: the stream; 0: not yet, or no more */
    struct conn *conn; /* from LINK_UPGRADING on */
    struct peer *peer; /* LINK_UP */
    struct dial *dial; /* outbound and not up yet */
    struct heap_node timer;
    struct mono due;      /* key of timer: not later than anything this link waits for */
    struct mono give_up;  /* LINK_DIALING */
    struct mono close_at; /* redundant, and we dialed it */
    struct mono since, up_at;
    uint64_t bytes_in, bytes_out;
};

struct peer {
    uint64_t number;
    struct peer_id id;
    struct link *links; /* up, oldest first */
    bool protected_;
};

struct target {
    struct endpoint at;      /* at.host: owned or NULL */
    struct multiaddr *relay; /* a circuit: /../p2p/RELAY; owned */
};

struct lookup {
    uint64_t query; /* 0: free */
    bool asked;
    int type;       /* DNS number: A 1, TXT 16, AAAA 28 */
    unsigned depth; /* of dnsaddr */
    uint16_t port;
    enum link_kind kind;
    struct peer_id suffix; /* what a dnsaddr record must end with; len 0: anything */
    char name[280];
    char host[256]; /* for the endpoint; "": none */
};

struct dial {
    uint64_t number;
    unsigned flags;
    struct peer_id peer; /* expected; len 0: anyone */
    struct target targets[SWARM_DIAL_ADDRS_MAX];
    size_t targets_count, targets_next;
    struct lookup lookups[SWARM_DIAL_LOOKUPS_MAX];
    size_t lookups_used, lookups_waiting;
    size_t active; /* links under way */
    size_t backed_off;
    struct mono next_at;    /* when another address may be tried beside those under way */
    struct mono resolve_by; /* lookups are given up */
    enum err err;           /* the last failure */
    struct dial *next;
};

struct swarm {
    struct swarm_params params;
    struct swarm_counters counters;
    struct conn_common common;
    const char *protocols[SWARM_PROTOCOLS_MAX + 1];
    struct peer_id self, departed; /* departed: of the last PEER_DOWN */
    struct map links;              /* by id */
    struct map streams;            /* by number: struct conn_stream */
    struct map carriers;           /* by number of the stream: struct link */
    struct fifo circuits;          /* links that swarm_poll_circuit is to tell */
    struct map peers, peers_by_id;
    struct map backoffs; /* by endpoint */
    struct heap timers;  /* links by due */
    struct link *ready_first, *ready_last;
    struct link *dirty_first, *dirty_last;
    struct dial *dials; /* oldest first */
    size_t dials_count;
    struct fifo dialed;  /* struct swarm_dialed */
    struct fifo refused; /* ids of links to close; 0: gone meanwhile */
    uint64_t next_link, next_query, next_peer, next_stream, next_dial;
    size_t inbound, outbound, half_open; /* links */
    bool stopping;
};

/* link.c */
struct link *link_find(const struct swarm *s, uint64_t id);
enum err link_new(struct swarm *s, const struct env *env, uint64_t id, bool outbound,
                  const struct endpoint *at, struct link **out) MUST_CHECK;
void link_free(struct swarm *s, struct link *l);
void link_ready(struct swarm *s, struct link *l);
void link_dirty(struct swarm *s, struct link *l);
/** Order of timers. */
bool link_before(const struct heap_node *a, const struct heap_node *b);
/** Take it out of the head of the list. */
struct link *link_take_dirty(struct swarm *s);
/** The world is to forget it; freed by the next pump. */
void link_leave(struct swarm *s, struct link *l);
/** Make the timer not later than what the link waits for. */
void link_arm(struct swarm *s, struct link *l);

/** Its carrier is up: conn begins. */
enum err link_upgrade(struct swarm *s, const struct env *env, struct link *l) MUST_CHECK;

/* carrier.c */
bool carrier_of(const struct swarm *s, uint64_t stream);
enum err carrier_begin(void *impl, const struct env *env, uint64_t stream,
                       const struct carry *how) MUST_CHECK;
size_t carrier_write(struct swarm *s, struct link *l, struct span wire);
void carrier_pause(struct swarm *s, const struct link *l, bool paused);
void carrier_close(struct swarm *s, struct link *l, bool flush);
void carrier_event(struct swarm *s, const struct env *env, const struct conn_event *in);

/* limits.c */
enum err limits_inbound(struct swarm *s, const struct env *env, const struct endpoint *from);
enum err limits_outbound(const struct swarm *s);

/* peer.c */
struct peer *peer_find(const struct swarm *s, const struct peer_id *id);
/** A link came up; *fresh: it is the peer's first. */
enum err peer_attach(struct swarm *s, const struct env *env, struct link *l,
                     bool *fresh) MUST_CHECK;
/** It went down; true: it was the last, and s->departed says whose. */
bool peer_detach(struct swarm *s, struct link *l);
/** Has it circuits only, and limited ones? */
bool peer_limited(const struct peer *p);
/** The link that new streams use. */
struct link *peer_link(const struct peer *p);
void peer_close_redundant(struct swarm *s, const struct env *env, struct link *l);

/* events.c */
bool events_poll(struct swarm *s, const struct env *env, struct stream_event *ev);
void events_forget_stream(struct swarm *s, struct conn_stream *st);

/* dial.c */
void dial_advance(struct swarm *s, const struct env *env, struct dial *d);
void dial_add_target(struct swarm *s, const struct env *env, struct dial *d,
                     const struct endpoint *at);
/** A circuit to the peer of the dial; `relay` ends with /p2p. */
void dial_add_circuit(struct dial *d, const struct multiaddr *relay);
/** A link of a dial failed before it was up; l->dial is NULL afterwards. */
void dial_failed(struct swarm *s, const struct env *env, struct link *l, enum err why);
/** A link of a dial is up: the dial ends, its other links are dropped. */
void dial_succeeded(struct swarm *s, const struct env *env, struct link *l, uint64_t peer);
void dial_tick(struct swarm *s, const struct env *env);
struct mono dial_deadline(const struct swarm *s);
void dial_stop_all(struct swarm *s);
void dial_free_all(struct swarm *s);

/* backoff.c */
bool backoff_active(const struct swarm *s, const struct env *env, const struct endpoint *at);
void backoff_failed(struct swarm *s, const struct env *env, const struct endpoint *at);
void backoff_clear(struct swarm *s, const struct endpoint *at);
void backoff_free_all(struct swarm *s);

/* resolve.c */
/** Add an address to a dial: a target, or a lookup. */
void resolve_addr(struct swarm *s, const struct env *env, struct dial *d,
                  const struct multiaddr *addr, unsigned depth);
/** The first lookup not asked yet, NULL: none. */
struct lookup *resolve_unasked(struct swarm *s);
