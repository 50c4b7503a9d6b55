/* The inside of an outbox: private to outbox*.c. */
#pragma once

#include "crypto/base/fifo.h"
#include "node/chat/delivery/outbox.h"

#define OUTBOX_BITS (OUTBOX_PEERS_MAX / 8u)

struct outbox_bits { /* by the number of an installation */
    uint8_t bytes[OUTBOX_BITS];
};

struct outbox_peer {
    struct entry_author who;
    bool used, own; /* own: of our account */
    size_t account; /* number of the first installation of its account */
};

struct outbox_item {
    struct entry_place place;
    struct buf bytes;
    int64_t created_ms, done_ms; /* done_ms: when the last account had it; 0: not yet */
    struct mono due;             /* MONO_NEVER: no more */
    unsigned tries;
    bool sent, stored, changed, gone;
    enum outbox_reason failed;
    struct outbox_bits expected, acked, read;
};

struct outbox {
    uint8_t account[32];
    struct outbox_peer *peers;    /* owned */
    size_t peers_used, peers_cap; /* used: slots from 0 that are or were in use */
    struct outbox_item **items;   /* by place */
    size_t count, cap;
    struct mono next_sweep;
    struct fifo out;
};

static inline bool outbox_bit(const struct outbox_bits *b, size_t i)
{
    return (b->bytes[i / 8] >> (i % 8) & 1) != 0;
}
static inline void outbox_set(struct outbox_bits *b, size_t i)
{
    b->bytes[i / 8] = (uint8_t)(b->bytes[i / 8] | 1u << (i % 8));
}
static inline void outbox_unset(struct outbox_bits *b, size_t i)
{
    b->bytes[i / 8] = (uint8_t)(b->bytes[i / 8] & ~(1u << (i % 8)));
}

/** Distinct accounts among the expected that are in `bits` (NULL: all of them). Without another
 * account than ours, each of our installations counts as one. */
size_t outbox_accounts(const struct outbox *o, const struct outbox_item *it,
                       const struct outbox_bits *bits);

struct outbox_item *outbox_item_of(const struct outbox *o, const struct entry_id *id);
/** A new item at its place. ERR_FULL; ERR_MEMORY. */
enum err outbox_item_new(struct outbox *o, const struct entry_place *place, struct span bytes,
                         struct outbox_item **out) MUST_CHECK;
/** Which accounts are which, after the peers changed. */
void outbox_number(struct outbox *o);
/** When every account has it: no more sending. */
void outbox_review(struct outbox *o, const struct env *env, struct outbox_item *it);
