/* What waits for one peer, in four lanes: subscriptions and mesh changes (room reserved, one entry
 * per topic and kind), ids to tell (IDONTWANT) or ask (IWANT), messages, and IHAVEs. next_rpc
 * gathers them into RPCs; messages and IHAVEs are shared blobs, never copied per peer. */
#pragma once

#include "crypto/base/blob.h"
#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "crypto/base/fifo.h"

struct gossipsub;
struct peer;
struct topic;

#define QUEUE_ITEM_OVERHEAD 64u /* bytes counted beside those of a blob */

enum control_kind {
    CONTROL_SUBSCRIBE,
    CONTROL_UNSUBSCRIBE,
    CONTROL_GRAFT,
    CONTROL_PRUNE
};

struct queue {
    struct fifo controls;        /* struct control */
    struct fifo messages;        /* struct queued */
    struct fifo ihaves;          /* struct queued */
    struct buf iwant, idontwant; /* ids, one after the other */
    size_t bytes;                /* of messages and IHAVEs, with overhead */
    int64_t moved_ns;            /* when something was taken last, or the queue was empty */
    uint64_t dropped;            /* messages */
    bool announced;              /* OUT_READY was given and not everything was taken since */
};

void queue_init(struct queue *q, const struct gossipsub *g);
void queue_free(struct gossipsub *g, struct queue *q);

/* Each returns whether it was queued. */
bool queue_control(struct gossipsub *g, struct peer *p, enum control_kind kind, struct topic *t,
                   uint64_t backoff_s, struct blob *px);
bool queue_message(struct gossipsub *g, const struct env *env, struct peer *p, struct blob *b,
                   uint64_t key);
bool queue_ihave(struct gossipsub *g, const struct env *env, struct peer *p, struct blob *b);
bool queue_iwant(struct gossipsub *g, struct peer *p, const uint8_t *id);
bool queue_idontwant(struct gossipsub *g, struct peer *p, const uint8_t *id);

/** Would a message of `len` bytes find room, dropping IHAVEs if need be? */
bool queue_has_room(const struct gossipsub *g, const struct peer *p, size_t len);

/** Something arrived: tell the host once. */
void queue_announce(struct gossipsub *g, struct peer *p);

/** Drop messages and IHAVEs, keep the rest. */
void queue_flush(struct gossipsub *g, struct peer *p);
bool queue_empty(const struct queue *q);
