/* Rendezvous: peers leave their signed records at a meeting point under a namespace, and ask it who
 * else did. The server and the messages of both protocols:
 *
 *     /rendezvous/1.0.0            the record is libp2p's signed peer record
 *     /vac/waku/rendezvous/1.0.0   the same messages with a signed Waku peer record
 *
 * In:      requests of connected peers, which may register themselves alone; time, which ends
 *          registrations.
 * Out:     the answer, at once; UNREGISTER has none.
 * Bounds:  params.h: registrations of a peer and in all, bytes, namespace, time to live, answer.
 * When the house is full, who holds most loses its oldest registration, unless it is the newcomer.
 *
 * A cookie is the number of the last registration that its holder was told of, and a keyed hash, so
 * that only our own are taken. A registration that comes again with the same record keeps its
 * number.
 *
 * @source libp2p/specs rendezvous/README.md r3; nim-libp2p protocols/rendezvous; logos-delivery
 * waku_rendezvous (waku_peer_record.nim, namespaces rs/CLUSTER/SHARD in common.nim)
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "net/reach/rendezvous_params.h"
#include "net/wire/peer_record.h"

#define RENDEZVOUS_PROTOCOL      "/rendezvous/1.0.0"
#define RENDEZVOUS_WAKU_PROTOCOL "/vac/waku/rendezvous/1.0.0"

enum rendezvous_type {
    RENDEZVOUS_REGISTER = 0,
    RENDEZVOUS_REGISTER_RESPONSE = 1,
    RENDEZVOUS_UNREGISTER = 2,
    RENDEZVOUS_DISCOVER = 3,
    RENDEZVOUS_DISCOVER_RESPONSE = 4,
};

enum rendezvous_status {
    RENDEZVOUS_OK = 0,
    RENDEZVOUS_INVALID_NAMESPACE = 100,
    RENDEZVOUS_INVALID_RECORD = 101,
    RENDEZVOUS_INVALID_TTL = 102,
    RENDEZVOUS_INVALID_COOKIE = 103,
    RENDEZVOUS_NOT_AUTHORIZED = 200,
    RENDEZVOUS_INTERNAL_ERROR = 300,
    RENDEZVOUS_UNAVAILABLE = 400,
};

struct rendezvous_registration { /* spans borrowed */
    struct span ns, record;      /* record: a signed envelope */
    bool has_ttl;
    uint64_t ttl_s;
};

struct rendezvous_message { /* spans borrowed from the bytes */
    enum rendezvous_type type;
    struct rendezvous_registration
        registration;       /* REGISTER; UNREGISTER: ns; REGISTER_RESPONSE: ttl */
    bool has_ns;            /* DISCOVER */
    struct span ns, cookie; /* DISCOVER, DISCOVER_RESPONSE */
    bool has_limit;
    uint64_t limit;
    uint32_t status; /* of responses */
    size_t count;
    struct rendezvous_registration registrations[RENDEZVOUS_ANSWER_MAX];
};

/** Append a message; fields that its type has not are left out. OK; ERR_FULL; ERR_MEMORY. */
enum err rendezvous_encode(const struct rendezvous_message *m, struct buf *out) MUST_CHECK;

/** Registrations beyond RENDEZVOUS_ANSWER_MAX are left out. OK; ERR_FORMAT. */
enum err rendezvous_decode(struct span in, struct rendezvous_message *out) MUST_CHECK;

/** Append a namespace of nwaku's, "rs/66/3", with NUL; returns its chars. */
size_t rendezvous_namespace(uint16_t cluster, uint16_t shard, char out[RENDEZVOUS_NAMESPACE_TEXT]);

/* ---- the server ---- */

#define RENDEZVOUS_COUNTERS(X)                                                                     \
    X(registers)                                                                                   \
    X(discovers)                                                                                   \
    X(refused) /* any status but OK */                                                             \
    X(malformed)                                                                                   \
    X(registered) /* gauge */

struct rendezvous_counters {
#define X(name) uint64_t name;
    RENDEZVOUS_COUNTERS(X)
#undef X
};

struct rendezvous_server;

/** @param kind  of the records that are taken (in) */
enum err rendezvous_server_new(struct rendezvous_server **out, const struct env *env,
                               const struct envelope_kind *kind) MUST_CHECK;
void rendezvous_server_free(struct rendezvous_server *s);

/** Answer a request.
 *
 * @param from  who asks (in)
 * @param out   gets the answer; empty when there is none (out)
 * @return OK; ERR_FORMAT no request; ERR_FULL; ERR_MEMORY
 */
enum err rendezvous_server_request(struct rendezvous_server *s, const struct env *env,
                                   const struct peer_id *from, struct span request,
                                   struct buf *out) MUST_CHECK;

const struct rendezvous_counters *rendezvous_server_counters(const struct rendezvous_server *s);
