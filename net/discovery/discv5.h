/* Node Discovery v5.1 over datagrams: finds the records of other nodes, and lets them find ours.
 * No socket in here; the driver carries datagrams both ways, any of which may be lost.
 *
 *     discv5_datagram, discv5_tick  -->  discv5_poll: DATAGRAM to send,
 *                                                     FOUND a record, ENDPOINT where others see us
 *
 *     a stranger's packet --> WHOAREYOU (never more bytes than came in) --> handshake --> session
 *     bootstrap, handshakes, NODES --> table (unproven) --PING/PONG--> proven: handed on by NODES
 *     every few seconds: a walk to a random target, so that the table stays broad and fresh
 *
 * A record is told once (again after ten minutes, or when it is newer): its signature was verified,
 * it has the "waku2" key with something in it, and the shards it names are of our cluster. The
 * table holds all nodes that speak the protocol id, whatever their cluster.
 *
 * Bounds: params.h. What a stranger makes us do before it has proven its address is an allowance
 * per address and one for all; the answer is never longer than the question. Endpoint votes count
 * one per address, and only of nodes that we asked.
 *
 * @source ethereum/devp2p discv5-wire.md and discv5-theory.md v5.1; 33/WAKU2-DISCV5 (protocol id)
 */
#pragma once

#include "crypto/base/env.h"
#include "crypto/keyring/keyring.h"
#include "net/discovery/kept.h"
#include "net/wire/enr.h"

#define DISCV5_PROTOCOL_WAKU "d5waku"

struct discv5;

struct discv5_params {
    const struct keyring_host *key; /* secp256k1; borrowed, outlives the engine */
    const char *protocol;           /* 6 characters, copied */
    uint16_t cluster;               /* of records that are told */
    bool any_cluster;
    size_t table_ip_limit, bucket_ip_limit; /* nodes of one address; 0: any number */
    bool auto_update;                       /* tell ENDPOINT */
    bool v6;                                /* IPv6 datagrams can be sent */
};

enum discv5_out_kind {
    DISCV5_OUT_DATAGRAM, /* to, bytes */
    DISCV5_OUT_FOUND,    /* enr */
    DISCV5_OUT_ENDPOINT, /* to: where most say that our datagrams come from */
};

struct discv5_out { /* borrowed until the next call on the engine */
    enum discv5_out_kind kind;
    struct udp_addr to;
    struct span bytes;
    const struct enr *enr;
};

#define DISCV5_COUNTERS(X)                                                                         \
    X(datagrams_in)                                                                                \
    X(datagrams_out)                                                                               \
    X(bytes_in)                                                                                    \
    X(bytes_out)                                                                                   \
    X(malformed)      /* not for us, or not to be read */                                          \
    X(limited)        /* not answered: over an allowance */                                        \
    X(dropped)        /* datagrams of ours that found no room */                                   \
    X(challenges)     /* WHOAREYOUs that we sent */                                                \
    X(handshakes)     /* sessions made, either side */                                             \
    X(handshakes_bad) /* signature, record or message wrong */                                     \
    X(requests)       /* of ours */                                                                \
    X(timeouts)       /* of them without answer */                                                 \
    X(answers_bad)    /* to nothing we asked, or not what we asked */                              \
    X(records_bad)    /* in NODES and handshakes */                                                \
    X(found)          /* records told */                                                           \
    X(lookups)

struct discv5_counters {
#define X(name) uint64_t name;
    DISCV5_COUNTERS(X)
#undef X
};

/** An engine whose record is `self`.
 *
 * @return OK; ERR_UNSUPPORTED the key is not secp256k1; ERR_MEMORY
 */
enum err discv5_new(struct discv5 **out, const struct env *env, const struct discv5_params *params,
                    const struct enr *self) MUST_CHECK;
void discv5_free(struct discv5 *d);

/** Our record changed: from now on others get this one. */
void discv5_set_self(struct discv5 *d, const struct enr *self);

/** A node to begin with; at most DISCV5_BOOTSTRAP_MAX are kept for when the table is empty.
 *
 * @return OK; ERR_ARGUMENT it has no UDP address; ERR_FULL
 */
enum err discv5_bootstrap(struct discv5 *d, const struct enr *enr) MUST_CHECK;

/** A datagram came. Anything may be in it. */
void discv5_datagram(struct discv5 *d, const struct env *env, const struct udp_addr *from,
                     struct span bytes);
void discv5_tick(struct discv5 *d, const struct env *env);
struct mono discv5_deadline(const struct discv5 *d);
bool discv5_poll(struct discv5 *d, struct discv5_out *out);

const struct discv5_counters *discv5_counters(const struct discv5 *d);

/** Nodes in the table, and how many of them have answered. */
size_t discv5_nodes(const struct discv5 *d, size_t *proven);

/** Sessions and challenges that are kept: for tests of bounds. */
size_t discv5_sessions(const struct discv5 *d, size_t *challenges);

/** Step through the records of proven nodes; start with *cursor = 0. NULL at the end. */
const struct enr *discv5_next(const struct discv5 *d, size_t *cursor);
