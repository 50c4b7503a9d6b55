/* Peer exchange 2.0.0-alpha1, both ends: who has no discv5 asks a node that has for node records.
 *
 * The server answers a random sample of a bounded cache of records that discovery found lately,
 * never of the peers that it is connected with (34/WAKU2-PEER-EXCHANGE, "MUST NOT ... actively
 * used"). The client's side is two pure functions; what they give must still be verified:
 * enr_decode.
 *
 * In:      px_cache_add for every fresh record; requests.
 * Out:     answers, at once.
 * Bounds:  PX_* in params.h: records kept, records in an answer, bytes of a message.
 *
 * @source 34/WAKU2-PEER-EXCHANGE; status_code (10) and status_desc (11) as nwaku has them
 * (waku_peer_exchange/rpc_codec.nim), which also demands the query field in answers
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "net/services/params.h"
#include "net/wire/enr.h"

#define PX_PROTOCOL "/vac/waku/peer-exchange/2.0.0-alpha1"

enum px_status {
    PX_STATUS_UNKNOWN = 0,
    PX_STATUS_OK = 200,
    PX_STATUS_BAD_REQUEST = 400,
    PX_STATUS_TOO_MANY_REQUESTS = 429,
    PX_STATUS_UNAVAILABLE = 503,
};

/* ---- messages ---- */

struct px_answer { /* spans borrowed from the message */
    uint32_t status;
    struct span description;
    size_t count;
    struct span records[PX_ANSWER_MAX]; /* RLP, not verified */
};

/** Append a request for so many records. OK; ERR_FULL; ERR_MEMORY. */
enum err px_request_encode(uint64_t count, struct buf *out) MUST_CHECK;

/** OK; ERR_FORMAT malformed, or no query in it. */
enum err px_request_decode(struct span in, uint64_t *count) MUST_CHECK;

/** Append an answer. OK; ERR_FULL; ERR_MEMORY. */
enum err px_answer_encode(const struct px_answer *answer, struct buf *out) MUST_CHECK;

/** Records beyond PX_ANSWER_MAX are left out; without a status it is OK when there are records,
 * else unavailable, as nwaku reads old peers. OK; ERR_FORMAT. */
enum err px_answer_decode(struct span in, struct px_answer *out) MUST_CHECK;

/* ---- the server ---- */

#define PX_COUNTERS(X)                                                                             \
    X(requests)                                                                                    \
    X(malformed)                                                                                   \
    X(sent)   /* records */                                                                        \
    X(cached) /* gauge */

struct px_counters {
#define X(name) uint64_t name;
    PX_COUNTERS(X)
#undef X
};

struct px_server;

enum err px_server_new(struct px_server **out, const struct env *env) MUST_CHECK;
void px_server_free(struct px_server *s);

/** A verified record of our network was found, or seen again. The oldest makes room. */
void px_server_add(struct px_server *s, const struct env *env, const struct enr *enr);

/** Append the answer to a request; a malformed one is answered so. OK; ERR_FULL; ERR_MEMORY. */
enum err px_server_answer(struct px_server *s, const struct env *env, struct span request,
                          struct buf *out) MUST_CHECK;

const struct px_counters *px_server_counters(const struct px_server *s);
