/* What we relay for others, and how much of it: reservations, circuits, and their limits.
 * libp2p/specs relay/circuit-v2.md r3. The engine counts; the bytes are moved by its adapter.
 *
 *     reservation:  relay_reserve -> until it expires, or its peer is gone
 *     circuit:      relay_connect -> relay_count for every byte -> relay_closed
 *                                 -> EXPIRED after params.limit.seconds: reset both streams
 *
 * Bounds: struct relay_params. A peer is a number of its connection, as everywhere in net/host.
 */
#pragma once

#include "crypto/base/env.h"
#include "net/reach/circuit.h"

struct relay_params {
    size_t reservations_max, reservations_ip_max;
    size_t circuits_max, circuits_peer_max; /* peer: as source or as target */
    int64_t ttl_s;
    struct circuit_limit limit;
};

#define RELAY_PARAMS_DEFAULT                                                                       \
    ((struct relay_params){CIRCUIT_RESERVATIONS_MAX,                                               \
                           CIRCUIT_RESERVATIONS_IP_MAX,                                            \
                           CIRCUIT_MAX,                                                            \
                           CIRCUIT_PEER_MAX,                                                       \
                           CIRCUIT_TTL_S,                                                          \
                           {CIRCUIT_SECONDS, CIRCUIT_BYTES}})

#define RELAY_COUNTERS(X)                                                                          \
    X(reserved) /* reservations made or renewed */                                                 \
    X(reservations_refused)                                                                        \
    X(connected) /* circuits that were opened */                                                   \
    X(connects_refused)                                                                            \
    X(cut)   /* circuits that came to a limit of time or bytes */                                  \
    X(bytes) /* relayed, both ways */

struct relay_counters {
#define X(name) uint64_t name;
    RELAY_COUNTERS(X)
#undef X
};

struct relay;

enum err relay_new(struct relay **out, const struct env *env,
                   const struct relay_params *params) MUST_CHECK;
void relay_free(struct relay *r);
const struct relay_params *relay_params(const struct relay *r);

/** A peer wants a place. CIRCUIT_OK, with the unix time of its end; CIRCUIT_RESERVATION_REFUSED. */
enum circuit_status relay_reserve(struct relay *r, const struct env *env, uint64_t peer,
                                  const uint8_t ip[16], uint64_t *expire_s);

bool relay_has(const struct relay *r, const struct env *env, uint64_t peer);

/** One peer wants to reach another. CIRCUIT_OK and the number of a circuit, counted from now on;
 * CIRCUIT_NO_RESERVATION; CIRCUIT_RESOURCE_LIMIT_EXCEEDED. */
enum circuit_status relay_connect(struct relay *r, const struct env *env, uint64_t from,
                                  uint64_t to, uint64_t *circuit);

/** Bytes are to be moved. How many of them the limit still lets through; fewer: reset both ends. */
size_t relay_count(struct relay *r, uint64_t circuit, bool from_source, size_t bytes);

void relay_closed(struct relay *r, uint64_t circuit);
void relay_peer_down(struct relay *r, uint64_t peer);

struct mono relay_deadline(const struct relay *r);

/** The next circuit whose time is over; 0: none. It is closed already. */
uint64_t relay_expired(struct relay *r, const struct env *env);

size_t relay_circuits(const struct relay *r);
size_t relay_reservations(const struct relay *r);
const struct relay_counters *relay_counters(const struct relay *r);
