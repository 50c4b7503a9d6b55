/* Messages of circuit relay v2: /libp2p/circuit/relay/0.2.0/hop and stop, and the voucher of a
 * reservation. libp2p/specs relay/circuit-v2.md r3.
 */
#pragma once

#include "crypto/base/buf.h"
#include "net/reach/params.h"
#include "net/wire/multiaddr.h"

enum circuit_protocol {
    CIRCUIT_HOP,
    CIRCUIT_STOP,
};

enum circuit_type { /* the numbers of HopMessage; StopMessage has CONNECT 0, STATUS 1 */
    CIRCUIT_RESERVE = 0,
    CIRCUIT_CONNECT = 1,
    CIRCUIT_STATUS = 2,
    CIRCUIT_NO_TYPE, /* absent, or unknown */
};

enum circuit_status {
    CIRCUIT_UNUSED = 0,
    CIRCUIT_OK = 100,
    CIRCUIT_RESERVATION_REFUSED = 200,
    CIRCUIT_RESOURCE_LIMIT_EXCEEDED = 201,
    CIRCUIT_PERMISSION_DENIED = 202,
    CIRCUIT_CONNECTION_FAILED = 203,
    CIRCUIT_NO_RESERVATION = 204,
    CIRCUIT_MALFORMED_MESSAGE = 400,
    CIRCUIT_UNEXPECTED_MESSAGE = 401,
};

struct circuit_limit {
    uint32_t seconds; /* 0: none */
    uint64_t bytes;   /* each way; 0: none */
};

struct circuit_message {
    enum circuit_type type;
    bool has_peer, has_reservation, has_limit;
    struct span peer_id;
    uint64_t expire_s; /* unix time */
    size_t addrs_count;
    struct span addrs[REACH_ADDRS_MAX]; /* of the relay, with its /p2p; not checked; borrowed */
    struct span voucher;                /* envelope; empty: none */
    struct circuit_limit limit;
    uint32_t status;
};

/** Read a message; spans are borrowed from it. OK; ERR_FORMAT; ERR_LIMIT. */
enum err circuit_decode(enum circuit_protocol protocol, struct span in,
                        struct circuit_message *out) MUST_CHECK;

/** Append a message. OK; ERR_FULL; ERR_MEMORY. */
enum err circuit_encode(enum circuit_protocol protocol, const struct circuit_message *m,
                        struct buf *out) MUST_CHECK;

/** Append the Voucher that is signed in an envelope of CIRCUIT_VOUCHER. OK; ERR_FULL; ERR_MEMORY.
 */
enum err circuit_voucher_encode(const struct peer_id *relay, const struct peer_id *peer,
                                uint64_t expire_s, struct buf *out) MUST_CHECK;

/** Is the payload of an envelope a voucher of `relay` for `peer`? OK; ERR_FORMAT; ERR_AUTH. */
enum err circuit_voucher_check(struct span payload, const struct peer_id *relay,
                               const struct peer_id *peer) MUST_CHECK;
