/* Waku store-query 3.0.0, both ends (13/WAKU2-STORE, and what nwaku and js-waku send).
 *
 * In:  whole requests and answers without their length prefix (net/wire/frame.h cuts them).
 * Out: QUERY, to be answered from the archive; ANSWER, bytes for a stream, after which both sides
 *      close their writing half; for the client REQUEST and DONE.
 * Drives it: the client has a deadline per question; the server has none.
 * Bounds: params.h.
 *
 *     server:  request() -> malformed or over a bound: OUT_ANSWER with 400 or 429
 *                        -> OUT_QUERY ticket -> answer(ticket) or fail(ticket) -> OUT_ANSWER
 *              gone(stream): its ticket is forgotten
 *     client:  ask() -> OUT_REQUEST -> answer() | gone() | deadline -> OUT_DONE
 *
 * Facts: pages ascend by time in both directions; a cursor is exclusive; message_hash is always
 * set; a status below 200 or from 300 on is an error; js-waku reads until the stream ends and stops
 * paging at an empty page with status 200; hash lookups may carry a pubsub topic.
 */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "net/services/params.h"

#define STORE_QUERY_PROTOCOL "/vac/waku/store-query/3.0.0"

struct store_proto { /* the protocol as a row: what a host needs to mount it */
    const char *id;
    size_t request_bytes_max, answer_bytes_max; /* of one message without its length */
};
extern const struct store_proto store_query_proto;

/* Status codes of nwaku's waku_store/common.nim. */
enum store_status {
    STORE_STATUS_OK = 200,
    STORE_STATUS_FAILED = 300, /* the archive could not answer, also: unknown cursor */
    STORE_STATUS_BAD_REQUEST = 400,
    STORE_STATUS_TOO_MANY = 429,
    STORE_STATUS_UNAVAILABLE = 503,
    STORE_STATUS_DIAL = 504,
};

struct store_query { /* spans borrowed */
    struct span request_id;
    bool include_data;
    bool has_pubsub_topic, has_time_start, has_time_end, has_cursor, has_limit;
    bool forward; /* pagination_forward; false, as by default: newest page first */
    struct span pubsub_topic;
    struct span content_topics[STORE_QUERY_TOPICS_MAX];
    size_t content_topics_count;
    int64_t time_start_ns, time_end_ns; /* inclusive both */
    uint8_t (*hashes)[32];              /* owned: store_query_clear */
    size_t hashes_count;
    uint8_t cursor[32];
    uint64_t limit;
};

struct store_entry { /* spans borrowed */
    uint8_t hash[32];
    bool has_data;       /* message and pubsub topic, both or none */
    struct span message; /* encoded WakuMessage */
    struct span pubsub_topic;
};

struct store_answer { /* spans borrowed */
    struct span request_id;
    uint32_t status;
    struct span status_desc;
    struct store_entry entries[STORE_QUERY_PAGE_MAX];
    size_t count;
    bool has_cursor;
    uint8_t cursor[32];
};

/* ---- codec ---- */

/** Free the hashes, zero the rest. Also for one that was never filled but is zero. */
void store_query_clear(struct store_query *q);

/** A copy whose spans live in `keep` (cleared first). ERR_FULL, ERR_MEMORY. */
enum err store_query_copy(const struct store_query *q, struct store_query *out,
                          struct buf *keep) MUST_CHECK;

/** Decode a request; spans are borrowed from `in`.
 *
 * @param why  static English text when it is refused (out)
 * @return OK; ERR_FORMAT malformed, no request id, a hash or cursor not of 32 bytes or all zero;
 *         ERR_LIMIT more topics, hashes or bytes than params.h allows; ERR_MEMORY. After an error
 *         request_id holds what could be read of it, the rest is cleared.
 */
enum err store_query_decode(struct span in, struct store_query *out, const char **why) MUST_CHECK;
enum err store_query_encode(const struct store_query *q, struct buf *out) MUST_CHECK;

/** Decode an answer; spans are borrowed from `in`. A client takes at most STORE_QUERY_PAGE_MAX
 * entries.
 * @return OK also for error statuses; ERR_FORMAT; ERR_LIMIT too many entries */
enum err store_answer_decode(struct span in, struct store_answer *out) MUST_CHECK;
enum err store_answer_encode(const struct store_answer *a, struct buf *out) MUST_CHECK;

/** nwaku's words for a status: "OK", "BAD_REQUEST", ... */
const char *store_status_text(enum store_status status);

/* ---- server ---- */

struct store_server;

enum store_server_kind {
    STORE_SERVER_QUERY,  /* ask the archive, then store_server_answer or store_server_fail */
    STORE_SERVER_ANSWER, /* send `bytes` with its length before it, close the writing half */
};

struct store_server_out {
    enum store_server_kind kind;
    uint64_t ticket; /* QUERY */
    uint64_t stream;
    const struct store_query *query; /* QUERY; borrowed until its answer, fail or gone */
    struct blob *bytes;              /* ANSWER; owned by who polled it */
};

#define STORE_SERVER_COUNTERS(X)                                                                   \
    X(queries)   /* decoded and handed to the archive */                                           \
    X(malformed) /* answered 400 */                                                                \
    X(refused)   /* answered 429 */                                                                \
    X(failed)    /* the archive could not answer */                                                \
    X(answered)  /* with 200 */                                                                    \
    X(entries)   /* sent in answers */                                                             \
    X(bytes_in)                                                                                    \
    X(bytes_out)

struct store_server_counters {
#define X(name) uint64_t name;
    STORE_SERVER_COUNTERS(X)
#undef X
};

enum err store_server_new(struct store_server **out, const struct env *env) MUST_CHECK;
void store_server_free(struct store_server *s);

/** One whole request came. Every request gets exactly one ANSWER, or none after store_server_gone.
 * ERR_MEMORY, ERR_FULL: no answer will come, reset the stream. */
enum err store_server_request(struct store_server *s, const struct env *env, uint64_t peer,
                              uint64_t stream, struct span request) MUST_CHECK;

/** A request over the peer's rate: answered 429 without asking the archive, a malformed one 400.
 * As store_server_request. */
enum err store_server_refuse(struct store_server *s, const struct env *env, uint64_t peer,
                             uint64_t stream, struct span request) MUST_CHECK;

/** The archive's answer; request_id and status are filled in here. ERR_NOT_FOUND: the stream went
 * meanwhile; else as store_server_request. */
enum err store_server_answer(struct store_server *s, const struct env *env, uint64_t ticket,
                             const struct store_answer *answer) MUST_CHECK;

/** The archive failed: ERR_NOT_FOUND is told as an unknown cursor, ERR_LIMIT as a bad request. */
enum err store_server_fail(struct store_server *s, const struct env *env, uint64_t ticket,
                           enum err why) MUST_CHECK;

/** The stream ended or was reset. */
void store_server_gone(struct store_server *s, uint64_t stream);
bool store_server_poll(struct store_server *s, struct store_server_out *out);
const struct store_server_counters *store_server_counters(const struct store_server *s);

/* ---- client ---- */

struct store_client;

enum store_client_kind {
    STORE_CLIENT_REQUEST, /* open a stream to the peer of this ticket, send `bytes` with its
                             length, close the writing half */
    STORE_CLIENT_DONE,    /* err, and when it is OK the answer */
};

struct store_client_out {
    enum store_client_kind kind;
    uint64_t ticket;
    struct blob *bytes; /* REQUEST; owned by who polled it */
    enum err err; /* DONE: OK also for error statuses; ERR_FORMAT, ERR_LIMIT; ERR_CLOSED no answer;
                     ERR_TIMEOUT; ERR_PROTOCOL another request id in a good answer */
    const struct store_answer *answer; /* DONE; borrowed until the next call */
};

enum err store_client_new(struct store_client **out, const struct env *env) MUST_CHECK;
void store_client_free(struct store_client *c);

/** Ask. An empty request_id is made here from env->rng. `ticket` is the caller's and not in use.
 * ERR_FULL too many under way; ERR_EXISTS; ERR_ARGUMENT the query is over a bound; ERR_MEMORY. */
enum err store_client_ask(struct store_client *c, const struct env *env, uint64_t ticket,
                          const struct store_query *query) MUST_CHECK;

/** One whole answer came. An unknown ticket is ignored. */
enum err store_client_answer(struct store_client *c, const struct env *env, uint64_t ticket,
                             struct span answer) MUST_CHECK;

/** The stream ended without an answer, or could not be opened. */
void store_client_gone(struct store_client *c, uint64_t ticket, enum err why);
struct mono store_client_deadline(const struct store_client *c);
void store_client_tick(struct store_client *c, const struct env *env);
bool store_client_poll(struct store_client *c, struct store_client_out *out);
