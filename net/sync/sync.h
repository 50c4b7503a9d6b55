/* Store sync: two archives find what they lack of each other, and send it.
 *
 * /vac/waku/reconciliation/1.0.0 and /vac/waku/transfer/1.0.0, WAKU-SYNC as nwaku speaks it
 * (waku_store_sync of 0.35 to 0.38: cluster and shards, or topics, at the head of a payload).
 *
 * In:  ids of what the archive holds, streams and their bytes, messages that were asked for.
 * Out: streams to open, bytes to send, messages to fetch from the archive, verified messages to
 *      put there. A message that comes by sync is never relayed.
 * Drives it: deadlines of the sessions; who syncs with whom and when is the world's choice.
 * Bounds: params.h. One session of a peer, SYNC_SESSIONS_IN_MAX that peers begin, one of ours.
 *
 *     sync_begin(peer) -> OUT_OPEN -> sync_opened -> payload -> ... -> equal, or all was found
 *     sync_incoming(stream)        ->    payloads one by one, each answered by compare.h
 *         what the peer lacks:  OUT_OPEN_TRANSFER -> sync_opened -> OUT_FETCH -> sync_fetched ...
 *         what we lack: its transfer stream -> verified, was announced -> OUT_MESSAGE
 *     at its end, good or bad: OUT_ENDED
 *
 * A message is taken when its peer announced exactly this hash and time in the session, its pubsub
 * topic is one of our shards, it is well-formed and within the size, and not ephemeral. One that is
 * not announced yet waits for the payload that does, as the two streams race, and what follows it
 * is left in the stream (OUT_HOLD); when no payload does, the peer lies and the session
 * fails. So does one that announced what it does not send.
 */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/env.h"
#include "net/sync/params.h"

#define SYNC_RECONCILIATION_PROTOCOL "/vac/waku/reconciliation/1.0.0"
#define SYNC_TRANSFER_PROTOCOL       "/vac/waku/transfer/1.0.0"

struct sync;

struct sync_params {
    uint16_t cluster;
    int64_t range_ns, jitter_ns; /* compared: from now - jitter - range to now - jitter */
    size_t ids_max;              /* at most SYNC_IDS_MAX */
    size_t message_bytes_max;    /* of an encoded WakuMessage */
};

enum sync_kind { /* of a stream */
    SYNC_RECONCILIATION,
    SYNC_TRANSFER,
};

enum sync_out_kind {
    SYNC_OUT_OPEN,    /* a stream of `stream_kind` to `peer`: sync_opened(session), or
                         sync_gone(session) */
    SYNC_OUT_SEND,    /* `bytes` (owned by who polls) on `stream`, with their length before */
    SYNC_OUT_CLOSE,   /* no more writing on `stream` */
    SYNC_OUT_RESET,   /* `stream` is of no use any more */
    SYNC_OUT_HOLD,    /* do not read `stream` until */
    SYNC_OUT_GO_ON,   /* this */
    SYNC_OUT_FETCH,   /* ask the archive for hashes[count]; sync_fetched each, sync_fetch_end */
    SYNC_OUT_MESSAGE, /* verified: topic, hash, time_ns, message; borrowed until the next call */
    SYNC_OUT_ENDED,   /* the session of `peer`: err, rounds, differences, received, sent */
};

struct sync_out {
    enum sync_out_kind kind;
    enum sync_kind stream_kind;
    uint64_t session, peer, stream;
    struct blob *bytes;
    const uint8_t (*hashes)[32]; /* borrowed until the next call */
    size_t count;
    struct span topic, message;
    struct span content_topic;
    struct blob *holder; /* of `message`; borrowed */
    uint8_t hash[32];
    int64_t time_ns;
    enum err err;
    bool initiator;
    uint64_t rounds, differences, received, sent;
};

#define SYNC_COUNTERS(X)                                                                           \
    X(sessions_begun)                                                                              \
    X(sessions_served)                                                                             \
    X(sessions_done)                                                                               \
    X(sessions_failed)                                                                             \
    X(sessions_refused) /* over a bound, too soon, or before our ids were read */                  \
    X(lies)             /* unannounced, malformed or foreign messages, ids never sent */           \
    X(payload_bytes_in)                                                                            \
    X(payload_bytes_out)                                                                           \
    X(transfer_bytes_in)                                                                           \
    X(transfer_bytes_out)                                                                          \
    X(messages_in)                                                                                 \
    X(messages_out)

/* upper bounds of nwaku's histograms; the last bucket has none */
#define SYNC_ROUND_BOUNDS                                                                          \
    {                                                                                              \
        1, 2, 3, 5, 8, 13                                                                          \
    }
#define SYNC_DIFFERENCE_BOUNDS                                                                     \
    {                                                                                              \
        0, 10, 50, 100, 500, 1000, 5000                                                            \
    }

struct sync_histogram {
    uint64_t buckets[8]; /* not cumulative */
    uint64_t count, sum;
};

struct sync_counters {
#define X(name) uint64_t name;
    SYNC_COUNTERS(X)
#undef X
    struct sync_histogram rounds, differences;
};

enum err sync_new(struct sync **out, const struct env *env,
                  const struct sync_params *params) MUST_CHECK;
void sync_free(struct sync *s);

/* ---- what the archive holds ---- */

/** Our shards; sessions under way keep theirs. At most SYNC_TOPICS_MAX. */
void sync_set_shards(struct sync *s, const uint16_t *shards, size_t count);

/** A message is in the archive. Of other clusters and outside the range it is ignored. ERR_MEMORY
 * only. */
enum err sync_add(struct sync *s, const struct env *env, const uint8_t hash[32], int64_t time_ns,
                  struct span pubsub_topic, struct span content_topic) MUST_CHECK;

/** All that the archive holds in the range was added: sessions may begin. */
void sync_ready(struct sync *s);
/** Forget all ids, to have them added again: the archive lost some. Sessions end. */
void sync_forget(struct sync *s, const struct env *env);
bool sync_is_ready(const struct sync *s);

/** Ids in memory. */
size_t sync_ids(const struct sync *s);

/** Oldest time that is compared. */
int64_t sync_oldest_ns(const struct sync *s, const struct env *env);

/* ---- sessions ---- */

/** Begin with a peer. OK: SYNC_OUT_OPEN follows. ERR_BUSY not ready; ERR_EXISTS a session of this
 * peer is under way; ERR_FULL; ERR_MEMORY. */
enum err sync_begin(struct sync *s, const struct env *env, uint64_t peer) MUST_CHECK;

/** The stream of a SYNC_OUT_OPEN is there. */
void sync_opened(struct sync *s, const struct env *env, uint64_t session, enum sync_kind kind,
                 uint64_t stream);

/** It could not be opened. */
void sync_unopened(struct sync *s, const struct env *env, uint64_t session, enum sync_kind kind,
                   enum err why);

/** A peer opened a stream. Not OK: reset it. */
enum err sync_incoming(struct sync *s, const struct env *env, uint64_t peer, uint64_t stream,
                       enum sync_kind kind) MUST_CHECK;

/** Bytes of any of these streams. Not OK: reset it; the session has ended. */
enum err sync_bytes(struct sync *s, const struct env *env, uint64_t stream,
                    struct span in) MUST_CHECK;

/** The peer wrote its last. */
void sync_end(struct sync *s, const struct env *env, uint64_t stream);

/** The stream broke (or was reset by us: then nothing happens). */
void sync_gone(struct sync *s, const struct env *env, uint64_t stream, enum err why);

/** The peer is gone, and with it what it promised. */
void sync_peer_gone(struct sync *s, const struct env *env, uint64_t peer);

/** All that was sent on a transfer stream has left: more may be fetched. */
void sync_drained(struct sync *s, const struct env *env, uint64_t stream);

/** A message that was fetched. */
void sync_fetched(struct sync *s, const struct env *env, uint64_t session, struct span topic,
                  struct span message);
void sync_fetch_end(struct sync *s, const struct env *env, uint64_t session);

/** While the archive takes no more, peers are not late. */
void sync_pause(struct sync *s, const struct env *env, bool paused);

/** Did this peer break the rules lately? Then sync with another. */
bool sync_shuns(const struct sync *s, const struct env *env, uint64_t peer);

void sync_tick(struct sync *s, const struct env *env);
struct mono sync_deadline(const struct sync *s);
bool sync_poll(struct sync *s, struct sync_out *out);
const struct sync_counters *sync_counters(const struct sync *s);

/* ---- codec of a transfer, for who looks at streams ---- */

/** WakuMessageAndTopic: pubsub topic in field 1, message in field 2, as nwaku writes it (WAKU-SYNC
 * has them the other way round). Borrowed. ERR_FORMAT; ERR_LIMIT the topic is too long. */
enum err sync_transfer_decode(struct span in, struct span *topic, struct span *message) MUST_CHECK;
