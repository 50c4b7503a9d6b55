/* Port mapping: which gateway protocol to try, when to renew, when to give up and try again. UPnP
 * IGD and NAT-PMP (RFC 6886) themselves are calls that block, in node/nat; the engine says what to
 * ask and hears what came of it.
 *
 *     off
 *     trying  -- a method answered --> mapped -- half of the lease --> renewing -- OK --> mapped
 *        \__ all failed: pause, doubles __/ ^______________ the lease ended ______/
 *     stopping -- unmapped --> off
 *
 * One request is under way at a time: portmap_poll gives it, portmap_done ends it.
 */
#pragma once

#include "crypto/base/env.h"
#include "net/reach/params.h"

/* methods, tried from the lowest bit */
#define PORTMAP_UPNP 1u
#define PORTMAP_PMP  2u

struct portmap_port {
    bool udp;
    uint16_t internal;
    uint16_t external; /* asked for; the gateway may choose another */
};

struct portmap_request {
    unsigned method; /* one of them */
    bool unmap;
    char gateway[PORTMAP_GATEWAY_MAX]; /* UPnP: our address on that side; PMP: the gateway's; "" */
    struct portmap_port ports[PORTMAP_PORTS_MAX];
    size_t count;
    uint32_t lease_s;
};

struct portmap_answer {
    enum err err;                         /* OK: all ports are mapped */
    uint8_t ip[16];                       /* of the gateway, outside */
    uint16_t external[PORTMAP_PORTS_MAX]; /* by the ports of the request */
    uint32_t lease_s;                     /* the shortest; 0: for ever */
};

enum portmap_state {
    PORTMAP_OFF,
    PORTMAP_TRYING,
    PORTMAP_MAPPED,
    PORTMAP_RENEWING,
    PORTMAP_STOPPING,
};

struct portmap { /* zero: off */
    enum portmap_state state;
    unsigned methods, method; /* all; the one that is tried or works */
    bool asked, unmapping;    /* a request is under way, and it is to unmap */
    char gateway[PORTMAP_GATEWAY_MAX];
    struct portmap_port ports[PORTMAP_PORTS_MAX];
    size_t count;
    struct mono at;    /* when the next request is due */
    struct mono until; /* MAPPED, RENEWING: end of the lease */
    int64_t pause_ms;
    struct portmap_answer mapped;
};

/** Begin. `methods` 0: off. */
void portmap_start(struct portmap *p, const struct env *env, unsigned methods, const char *gateway,
                   const struct portmap_port *ports, size_t count);

/** Take the mappings back; portmap_idle tells when that is done. */
void portmap_stop(struct portmap *p, const struct env *env);
bool portmap_idle(const struct portmap *p);

/** What to ask now; false: nothing. */
bool portmap_poll(struct portmap *p, const struct env *env, struct portmap_request *out);

/** True: what is mapped has changed. */
bool portmap_done(struct portmap *p, const struct env *env, const struct portmap_answer *answer);

/** True: what is mapped has changed: the lease ended. */
bool portmap_tick(struct portmap *p, const struct env *env);
struct mono portmap_deadline(const struct portmap *p);

/** The outside of a port of ours; false: not mapped. */
bool portmap_outside(const struct portmap *p, bool udp, uint16_t internal, uint8_t ip[16],
                     uint16_t *external);
