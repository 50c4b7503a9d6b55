/* The parts of struct sync: private to the room.
 *
 *     sync.c     the door: ids, streams, deadlines, outputs
 *     session.c  payloads in and out, and how a session ends
 *     transfer.c messages in and out
 *     compare.c  one payload against our ids;  payload.c the bytes;  ids.c, view.c the ids
 */
#pragma once

#include "crypto/base/writer.h"
#include "net/sync/compare.h"
#include "net/sync/sync.h"
#include "net/wire/frame.h"

enum sending { /* our transfer stream */
    SENDING_NOT,
    SENDING_OPENS,
    SENDING_OPEN,
    SENDING_CLOSED,
};

struct session {
    uint64_t number, peer;
    bool initiator;
    uint64_t stream; /* of the payloads; 0: not open yet, or over */
    struct frames frames;
    bool reconciled;
    enum scope_kind scope;
    int64_t from_ns, to_ns;
    struct mono payload_due, reconcile_due, want_due, send_due, session_due;
    struct differences found;
    uint64_t rounds, received, sent;

    enum sending sending;
    uint64_t out_stream;
    bool fetching, draining;
    uint8_t asked[SYNC_FETCH_MAX][32];
    size_t asked_count;

    struct fifo held; /* struct blob *: messages that are not announced yet */
    size_t held_bytes;
    bool holding; /* its transfer stream is not read */
};

struct inlet { /* a peer's transfer stream */
    uint64_t stream, peer;
    struct frames frames;
};

struct memory { /* of a peer that began a session, or broke the rules */
    uint64_t peer;
    struct mono pause, shun; /* until */
};

struct out_slot { /* an output and what it owns */
    struct sync_out out;
    struct blob *holder;
};

struct sync {
    struct sync_params params;
    struct ids ids;
    bool ready, paused;
    uint16_t shards[SYNC_TOPICS_MAX]; /* ascending */
    size_t shards_count;
    struct session *sessions[SYNC_SESSIONS_MAX]; /* NULL: free */
    uint64_t last_session;
    struct inlet *inlets[SYNC_INLETS_MAX]; /* NULL: free */
    struct memory memories[SYNC_MEMORIES_MAX];
    size_t memories_count;
    struct fifo out; /* struct out_slot */
    struct out_slot told;
    struct buf reply, scratch;
    struct sync_counters counters;
};

void sync_emit(struct sync *s, const struct env *env, struct out_slot *slot);

/* session.c */
struct session *session_of_peer(const struct sync *s, uint64_t peer);
struct session *session_numbered(const struct sync *s, uint64_t number);
enum err session_new(struct sync *s, const struct env *env, uint64_t peer, bool initiator,
                     struct session **out) MUST_CHECK;
void session_free(struct session *x);
enum err session_start(struct sync *s, const struct env *env, struct session *x) MUST_CHECK;
enum err session_payload(struct sync *s, const struct env *env, struct session *x,
                         struct span in) MUST_CHECK;

/** Is there nothing left to do? Then it ends. `x` may be freed. */
void session_settle(struct sync *s, const struct env *env, struct session *x);

/** End it; frees `x`. */
void session_end(struct sync *s, const struct env *env, struct session *x, enum err err,
                 const char *why);
struct mono session_deadline(const struct sync *s, const struct session *x);
void session_tick(struct sync *s, const struct env *env, struct session *x);

/** What is remembered of a peer, NULL: nothing. */
struct memory *memory_of(const struct sync *s, uint64_t peer);

/** The same, made if need be. */
struct memory *memory_make(struct sync *s, const struct env *env, uint64_t peer);

/* transfer.c */
void transfer_send(struct sync *s, const struct env *env, struct session *x);

/** Where a peer's stream of messages is kept; at the bound that of a peer without a session makes
 * room. NULL: it has one already, or all have sessions. */
struct inlet **transfer_place(struct sync *s, const struct env *env, uint64_t peer);

/** A whole message of a peer. Not OK: its session ended. */
enum err transfer_message(struct sync *s, const struct env *env, uint64_t peer,
                          struct span in) MUST_CHECK;

/** A payload was read: what came before it may be announced now. */
void transfer_retry_held(struct sync *s, const struct env *env, struct session *x);
