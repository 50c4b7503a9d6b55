/* Filter v2, both ends: filter-subscribe and filter-push 2.0.0-beta1 (12/WAKU2-FILTER, and what
 * nwaku and js-waku do where it is silent).
 *
 * In:  whole requests, answers and pushes without their length prefix (net/wire/frame.h cuts them);
 *      valid messages of any origin; which peers are there.
 * Out: the server answers a request in the call, and gives pushes to be sent, each on a stream of
 *      its own; the client gives requests, their outcomes and the messages that were pushed.
 * Drives it: deadlines of subscriptions (server), of questions and pings (client).
 * Bounds: params.h.
 *
 *     server:  request() -> answer. message() -> poll() PUSH, PUSH ... each -> pushed()
 *     subscriber:  (none) --SUBSCRIBE--> served --UNSUBSCRIBE of the last, _ALL, time-out--> (none)
 *                  served --its peer goes--> away --comes again--> served
 *                                            away --FILTER_AWAY_NS--> (none)
 *     client:  ask() -> REQUEST -> answer() | gone() | deadline -> DONE
 *              use(peer) -> everything that we want is asked of this peer
 *              ping, each FILTER_PING_NS -> 404: asked again; FILTER_PINGS_LOST failed: LOST
 *
 * A subscription belongs to a peer id and outlives a lost connection for the minute that the
 * specification recommends; what is pushed meanwhile is lost, as it is for a slow subscriber whose
 * queue is full: filter promises nothing, and others are never served worse for it.
 */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "net/services/params.h"
#include "net/wire/peer_id.h"

#define FILTER_SUBSCRIBE_PROTOCOL "/vac/waku/filter-subscribe/2.0.0-beta1"
#define FILTER_PUSH_PROTOCOL      "/vac/waku/filter-push/2.0.0-beta1"

enum filter_kind {
    FILTER_PING,
    FILTER_SUBSCRIBE,
    FILTER_UNSUBSCRIBE,
    FILTER_UNSUBSCRIBE_ALL,
    FILTER_KINDS,
};

/* Status codes of nwaku's waku_filter_v2/common.nim. */
enum filter_status {
    FILTER_STATUS_OK = 200,
    FILTER_STATUS_BAD_RESPONSE = 300,
    FILTER_STATUS_BAD_REQUEST = 400,
    FILTER_STATUS_NOT_FOUND = 404,
    FILTER_STATUS_TOO_MANY = 429,
    FILTER_STATUS_UNAVAILABLE = 503,
    FILTER_STATUS_DIAL = 504,
};

struct filter_request { /* spans borrowed */
    struct span request_id;
    enum filter_kind kind;
    struct span pubsub_topic; /* empty: absent */
    struct span content_topics[FILTER_TOPICS_MAX];
    size_t count;
};

struct filter_answer { /* spans borrowed */
    struct span request_id;
    uint32_t status;
    struct span desc;
};

struct filter_push {     /* spans borrowed */
    struct span message; /* encoded WakuMessage */
    struct span pubsub_topic;
};

/* ---- codec ---- */

/** Decode a request; spans are borrowed from `in`.
 *
 * @param why  static English text when it is refused (out)
 * @return OK; ERR_FORMAT malformed, no request id, an unknown kind; ERR_LIMIT a bound of params.h.
 *         After an error request_id holds what could be read of it. */
enum err filter_request_decode(struct span in, struct filter_request *out,
                               const char **why) MUST_CHECK;
enum err filter_request_encode(const struct filter_request *r, struct buf *out) MUST_CHECK;

/** ERR_FORMAT, also without a status. A description over its bound is cut. */
enum err filter_answer_decode(struct span in, struct filter_answer *out) MUST_CHECK;
enum err filter_answer_encode(const struct filter_answer *a, struct buf *out) MUST_CHECK;

/** ERR_FORMAT, also without message or topic: js-waku drops these too. */
enum err filter_push_decode(struct span in, struct filter_push *out) MUST_CHECK;

/** A push with its length before it, ready to be written. NULL when memory is out. */
struct blob *filter_push_frame(const struct filter_push *p) MUST_CHECK;

/* ---- server ---- */

struct filter_server;

struct filter_params {
    uint32_t subscribers_max; /* --filter-max-peers-to-serve */
    uint32_t criteria_max;    /* of one peer: --filter-max-criteria */
    int64_t timeout_ns;       /* --filter-subscription-timeout: without ping or subscribe */
};

#define FILTER_SERVER_COUNTERS(X)                                                                  \
    X(pings)                                                                                       \
    X(subscribes)                                                                                  \
    X(unsubscribes)                                                                                \
    X(unsubscribe_alls)                                                                            \
    X(malformed)      /* answered 400 */                                                           \
    X(unknown)        /* answered 404 */                                                           \
    X(over_rate)      /* answered 429 */                                                           \
    X(refused)        /* answered 503: a bound */                                                  \
    X(subscribers)    /* now */                                                                    \
    X(criteria)       /* now, of all subscribers together */                                       \
    X(messages)       /* that somebody had subscribed to */                                        \
    X(duplicates)     /* that were pushed before */                                                \
    X(pushes)         /* sent */                                                                   \
    X(pushes_failed)  /* refused, reset or timed out */                                            \
    X(pushes_dropped) /* a slow subscriber's queue, or that of all, was full */                    \
    X(timed_out)      /* subscribers that were silent */                                           \
    X(unreachable)    /* subscribers that stayed away, or took nothing */                          \
    X(queued_bytes)   /* now, each message once */

struct filter_server_counters {
#define X(name) uint64_t name;
    FILTER_SERVER_COUNTERS(X)
#undef X
};

struct filter_server_out { /* send `frame` to `peer` on a stream of its own, and half-close */
    uint64_t peer;
    uint64_t push;      /* number for filter_server_pushed */
    struct blob *frame; /* borrowed until then; with its length */
};

enum err filter_server_new(struct filter_server **out, const struct env *env,
                           const struct filter_params *params) MUST_CHECK;
void filter_server_free(struct filter_server *s);

/** A connection of this identity begins or ends; the number is that of the connection. */
void filter_server_peer_up(struct filter_server *s, const struct env *env, uint64_t peer,
                           const struct peer_id *id);
void filter_server_peer_down(struct filter_server *s, const struct env *env, uint64_t peer);

/** One whole request of a connected peer; its answer is appended to `answer`.
 * OK, also when the answer is a refusal; ERR_MEMORY, ERR_FULL: no answer, reset the stream. */
enum err filter_server_request(struct filter_server *s, const struct env *env, uint64_t peer,
                               const struct peer_id *id, struct span request,
                               struct buf *answer) MUST_CHECK;

/** The same for a request over the peer's rate: 429. */
enum err filter_server_refuse(struct filter_server *s, const struct env *env, struct span request,
                              struct buf *answer) MUST_CHECK;

/** A valid message: queued for all who asked for its topics, unless its hash was seen before. */
void filter_server_message(struct filter_server *s, const struct env *env, struct span pubsub_topic,
                           struct span content_topic, const uint8_t hash[32], struct span message);

/** The next push that may go now. */
bool filter_server_poll(struct filter_server *s, struct filter_server_out *out);

/** A push went (OK) or did not. Numbers of subscribers that are gone are ignored. */
void filter_server_pushed(struct filter_server *s, const struct env *env, uint64_t push,
                          enum err err);

struct mono filter_server_deadline(const struct filter_server *s);
void filter_server_tick(struct filter_server *s, const struct env *env);
const struct filter_server_counters *filter_server_counters(const struct filter_server *s);

struct filter_criterion_view { /* spans borrowed until the next call */
    const struct peer_id *id;
    struct span pubsub_topic, content_topic;
};

/** Step through all criteria, subscriber by subscriber; start with two zeros. */
bool filter_server_next(const struct filter_server *s, size_t cursor[2],
                        struct filter_criterion_view *out);

/* ---- client ---- */

struct filter_client;

enum filter_client_kind {
    FILTER_CLIENT_REQUEST, /* ask `peer` on a stream of its own; answer or gone with `ask` */
    FILTER_CLIENT_DONE,    /* a question of the user: ticket, err, and when it is OK the status */
    FILTER_CLIENT_MESSAGE, /* pushed: topic, message, hash */
    FILTER_CLIENT_LOST,    /* the peer answers no pings: use another */
};

struct filter_client_out { /* borrowed until the next call */
    enum filter_client_kind kind;
    uint64_t peer, ask, ticket;
    enum err err; /* DONE: ERR_CLOSED, ERR_TIMEOUT, ERR_FORMAT, ERR_PROTOCOL another request id */
    uint32_t status;
    struct span desc;
    struct blob *bytes; /* REQUEST: the request; DONE: the answer; MESSAGE: the push; owned by who
                           polled */
    struct span pubsub_topic, message; /* MESSAGE: inside `bytes` */
    uint8_t hash[32];
};

#define FILTER_CLIENT_COUNTERS(X)                                                                  \
    X(requests)                                                                                    \
    X(request_errors) /* no answer, or another one than 200 */                                     \
    X(messages)       /* pushed to us and wanted */                                                \
    X(duplicates)                                                                                  \
    X(unwanted) /* of topics or peers that we did not subscribe with */                            \
    X(malformed)

struct filter_client_counters {
#define X(name) uint64_t name;
    FILTER_CLIENT_COUNTERS(X)
#undef X
};

enum err filter_client_new(struct filter_client **out, const struct env *env) MUST_CHECK;
void filter_client_free(struct filter_client *c);

/** Be served by this peer from now on (0: by none): what we want is asked of it. */
void filter_client_use(struct filter_client *c, const struct env *env, uint64_t peer);

/** The peer that serves us; 0: none. */
uint64_t filter_client_peer(const struct filter_client *c);

/** Ask the peer that serves us; `ticket` comes back in DONE. Topics that a SUBSCRIBE got 200 for
 * are kept subscribed until an UNSUBSCRIBE or _ALL.
 *
 * @return OK; ERR_NOT_FOUND nobody serves us; ERR_FULL too much under way, or wanted; ERR_ARGUMENT
 * a bound, or no topics where some are needed; ERR_MEMORY */
enum err filter_client_ask(struct filter_client *c, const struct env *env, enum filter_kind kind,
                           struct span pubsub_topic, const struct span *content_topics,
                           size_t count, uint64_t ticket) MUST_CHECK;

/** The answer to a request, or why there is none. Unknown numbers are ignored. */
void filter_client_answer(struct filter_client *c, const struct env *env, uint64_t ask,
                          struct span answer);
void filter_client_gone(struct filter_client *c, const struct env *env, uint64_t ask, enum err why);

/** One whole push of a peer. ERR_FORMAT; ERR_REFUSED not what we subscribed to with it. */
enum err filter_client_push(struct filter_client *c, const struct env *env, uint64_t peer,
                            struct span push) MUST_CHECK;

struct mono filter_client_deadline(const struct filter_client *c);
void filter_client_tick(struct filter_client *c, const struct env *env);
bool filter_client_poll(struct filter_client *c, struct filter_client_out *out);
const struct filter_client_counters *filter_client_counters(const struct filter_client *c);
