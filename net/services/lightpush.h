/* Waku lightpush 3.0.0 and 2.0.0-beta1, both ends (19/WAKU2-LIGHTPUSH, WAKU-LIGHTPUSH, and what
 * nwaku and js-waku send).
 *
 * In:  whole requests and answers without their length prefix (net/wire/frame.h cuts them).
 * Out: PUSH, a message to be relayed, whose outcome is told by lightpush_server_answer; ANSWER,
 *      bytes for a stream, after which both sides close their writing half; for the client REQUEST
 *      and DONE.
 * Drives it: the client has a deadline per push; the server has none.
 * Bounds: params.h.
 *
 *     server:  request() -> malformed or over a bound: OUT_ANSWER with 400 or 429
 *                        -> OUT_PUSH ticket -> answer(ticket) -> OUT_ANSWER
 *              gone(stream): its ticket is forgotten
 *     client:  push() -> OUT_REQUEST -> answer() | gone() | deadline -> OUT_DONE
 *
 * Facts: js-waku takes 200 for success and every other code for a rejection, and wants status_desc
 * with it; the code for "no relay peers" is nwaku's 505, where the text of WAKU-LIGHTPUSH has 503;
 * version 2 knows only success and a text. An empty pubsub topic is an absent one. Both versions
 * are rows of one table; what they carry is the same.
 */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "net/services/params.h"

#define LIGHTPUSH_PROTOCOL    "/vac/waku/lightpush/3.0.0"
#define LIGHTPUSH_PROTOCOL_V2 "/vac/waku/lightpush/2.0.0-beta1"

/* name, code, text when nothing better is known: nwaku waku_lightpush/common.nim */
#define LIGHTPUSH_STATUSES(X)                                                                      \
    X(OK, 200, "OK")                                                                               \
    X(BAD_REQUEST, 400, "the request is malformed")                                                \
    X(TOO_LARGE, 413, "the message is too large")                                                  \
    X(INVALID_MESSAGE, 420, "the message is invalid")                                              \
    X(UNSUPPORTED_TOPIC, 421, "the pubsub topic is not served here")                               \
    X(TOO_MANY, 429, "Request rejected due to too many requests")                                  \
    X(FAILED, 500, "the node failed")                                                              \
    X(UNAVAILABLE, 503, "Waku lightpush not available")                                            \
    X(NO_PROOF, 504, "no RLN proof could be made")                                                 \
    X(NO_PEERS, 505, "No peers for topic, skipping publish")

enum lightpush_status {
#define X(name, code, text) LIGHTPUSH_STATUS_##name = code,
    LIGHTPUSH_STATUSES(X)
#undef X
};

/** The text of a code; "unknown status" for others. */
const char *lightpush_status_text(uint32_t status);

/* What became of a push. */
struct lightpush_result {
    uint32_t status;
    bool has_relay_peers; /* version 2 does not say */
    uint32_t relay_peers;
    char desc[LIGHTPUSH_DESC_BYTES_MAX]; /* NUL-terminated, may be empty; a peer's: any bytes */
};

/** A result with a text of its own, NULL for that of the status. */
struct lightpush_result lightpush_result(enum lightpush_status status, const char *why);

struct lightpush_request { /* spans borrowed */
    struct span request_id;
    struct span pubsub_topic; /* empty: by autosharding of the content topic */
    struct span message;      /* encoded WakuMessage */
};

struct lightpush_answer { /* spans borrowed */
    struct span request_id;
    struct lightpush_result result;
};

/* One version of the protocol. Readers: OK; ERR_FORMAT malformed or a field is missing; ERR_LIMIT a
 * field is over its bound. After an error of read_request request_id holds what could be read, and
 * `why` a static English text. Writers: ERR_FULL, ERR_MEMORY. */
struct lightpush_codec {
    const char *id;
    enum err (*read_request)(struct span in, struct lightpush_request *out, const char **why);
    enum err (*write_request)(const struct lightpush_request *r, struct buf *out);
    enum err (*read_answer)(struct span in, struct lightpush_answer *out);
    enum err (*write_answer)(const struct lightpush_answer *a, struct buf *out);
};

enum lightpush_version {
    LIGHTPUSH_V3,
    LIGHTPUSH_V2,
    LIGHTPUSH_VERSIONS,
};

extern const struct lightpush_codec lightpush_codecs[LIGHTPUSH_VERSIONS];

/* ---- server ---- */

struct lightpush_server;

enum lightpush_server_kind {
    LIGHTPUSH_SERVER_PUSH,   /* relay it, then lightpush_server_answer */
    LIGHTPUSH_SERVER_ANSWER, /* send `bytes` with its length before it, close the writing half */
};

struct lightpush_server_out {
    enum lightpush_server_kind kind;
    uint64_t ticket; /* PUSH */
    uint64_t peer, stream;
    const struct lightpush_request *push; /* PUSH; borrowed until its answer or gone */
    struct blob *bytes;                   /* ANSWER; owned by who polled it */
};

struct lightpush_server_counters { /* [version] */
    uint64_t messages[LIGHTPUSH_VERSIONS];
#define X(name, code, text) uint64_t name[LIGHTPUSH_VERSIONS];
    struct { /* answers by status */
        LIGHTPUSH_STATUSES(X)
    } answers;
#undef X
    uint64_t bytes_in;
};

enum err lightpush_server_new(struct lightpush_server **out, const struct env *env) MUST_CHECK;
void lightpush_server_free(struct lightpush_server *s);

/** One whole request came. Every request gets exactly one ANSWER, or none after
 * lightpush_server_gone. ERR_MEMORY, ERR_FULL: no answer will come, reset the stream; ERR_PROTOCOL
 * a second request on a stream. */
enum err lightpush_server_request(struct lightpush_server *s, const struct env *env,
                                  enum lightpush_version version, uint64_t peer, uint64_t stream,
                                  struct span request) MUST_CHECK;

/** A request over the peer's rate: answered 429, a malformed one 400. As
 * lightpush_server_request. */
enum err lightpush_server_refuse(struct lightpush_server *s, const struct env *env,
                                 enum lightpush_version version, uint64_t stream,
                                 struct span request) MUST_CHECK;

/** What became of a push. ERR_NOT_FOUND: the stream went meanwhile; else as
 * lightpush_server_request. */
enum err lightpush_server_answer(struct lightpush_server *s, uint64_t ticket,
                                 const struct lightpush_result *result) MUST_CHECK;

/** The stream ended or was reset. */
void lightpush_server_gone(struct lightpush_server *s, uint64_t stream);
bool lightpush_server_poll(struct lightpush_server *s, struct lightpush_server_out *out);
const struct lightpush_server_counters *lightpush_server_counters(const struct lightpush_server *s);

/* ---- client ---- */

struct lightpush_client;

enum lightpush_client_kind {
    LIGHTPUSH_CLIENT_REQUEST, /* open a stream to the peer of this ticket, send `bytes` with its
                                 length, close the writing half */
    LIGHTPUSH_CLIENT_DONE,    /* err, and when it is OK the result */
};

struct lightpush_client_out {
    enum lightpush_client_kind kind;
    uint64_t ticket;
    enum lightpush_version version;
    struct blob *bytes; /* REQUEST; owned by who polled it */
    enum err err; /* DONE: OK also for error statuses; ERR_FORMAT, ERR_LIMIT; ERR_CLOSED no answer;
                     ERR_TIMEOUT; ERR_PROTOCOL another request id in a good answer */
    struct lightpush_result result; /* DONE */
};

enum err lightpush_client_new(struct lightpush_client **out, const struct env *env) MUST_CHECK;
void lightpush_client_free(struct lightpush_client *c);

/** Push a message; an empty topic is left out. The request id is made here from env->rng. `ticket`
 * is the caller's and not in use. ERR_FULL too many under way; ERR_EXISTS; ERR_ARGUMENT the message
 * or topic is over a bound; ERR_MEMORY. */
enum err lightpush_client_push(struct lightpush_client *c, const struct env *env, uint64_t ticket,
                               enum lightpush_version version, struct span pubsub_topic,
                               struct span message) MUST_CHECK;

/** One whole answer came. An unknown ticket is ignored. */
void lightpush_client_answer(struct lightpush_client *c, uint64_t ticket, struct span answer);

/** The stream ended without an answer, or could not be opened. */
void lightpush_client_gone(struct lightpush_client *c, uint64_t ticket, enum err why);
struct mono lightpush_client_deadline(const struct lightpush_client *c);
void lightpush_client_tick(struct lightpush_client *c, const struct env *env);
bool lightpush_client_poll(struct lightpush_client *c, struct lightpush_client_out *out);
