/* The inside of a delivery: private to delivery*.c. */
#pragma once

#include "crypto/base/fifo.h"
#include "node/chat/delivery/delivery.h"

struct delivery_event { /* an output, with bytes of its own */
    struct delivery_out out;
    struct buf bytes;
};

struct delivery_answer { /* an entry that somebody asked for */
    struct entry_id id;
    struct mono due;
    bool withheld;
};

struct delivery_sealed { /* a message on its way; then kept until a store is known to have it */
    uint64_t token;
    uint8_t eid[DELIVERY_EID_BYTES];
    struct parcel_ids entries; /* of ours, in it */
    bool ack;                  /* it acknowledges */
    struct buf message;        /* empty once published */
    struct mono due;
    unsigned tries;
    bool handed_out;
};

struct delivery_sealing { /* the parcel that is being encrypted */
    uint64_t token;       /* 0: none */
    struct buf parcel;
    struct parcel_ids entries;
    bool ack, receipt, ephemeral;
};

struct delivery {
    struct delivery_config config;
    uint8_t conversation[CONVERSATION_ID_MAX];
    struct timeline *line;
    struct outbox *box;
    struct delivery_member *members; /* owned */
    size_t members_count;
    size_t accounts_other; /* than ours */
    uint8_t eid[DELIVERY_EID_BYTES];
    uint64_t epoch;
    bool has_epoch, ready, removed;
    int64_t born_ms;
    struct mono ack_due;     /* MONO_NEVER: nothing is owed */
    struct entry_place seen; /* by the person */
    struct mono receipt_due; /* MONO_NEVER: nothing is owed */
    struct mono blocked;     /* no sealing before */
    struct mono clock_due;   /* no further warning before */
    struct buf passing[DELIVERY_PASSING_MAX];
    size_t passing_count;
    struct delivery_answer answers[DELIVERY_ANSWERS_MAX];
    size_t answers_count;
    unsigned answers_left; /* that may still be queued in this minute */
    struct mono answers_minute;
    struct delivery_sealed sealed[DELIVERY_SEALED_MAX]; /* oldest first */
    size_t sealed_count;
    struct delivery_sealing sealing;
    uint64_t next_token;
    struct fifo events;  /* delivery_event */
    struct fifo unsaved; /* entry_place: entries whose record is to be written */
    struct fifo below;   /* delivery_event: records of entries below the window */
    struct buf polled;   /* bytes of the last output */
    bool peers_changed, rest_changed;
    struct delivery_counters counters;
};

static inline struct span delivery_conversation(const struct delivery *d)
{
    return d->config.conversation;
}

/** Queue an output; `bytes` are copied. When nobody polls, it is lost but for the record. */
void delivery_emit(struct delivery *d, const struct delivery_out *out, struct span bytes);

/** After every input: what is new in the order is shown and stored, what is due goes out. */
void delivery_pump(struct delivery *d, const struct env *env);

/** Gather what is due into a parcel and hand it out to be encrypted. */
void delivery_send(struct delivery *d, const struct env *env);
struct mono delivery_send_deadline(const struct delivery *d);
/** Can it seal a parcel now: in an epoch, with nothing under way? */
bool delivery_may_send(const struct delivery *d);

/** Somebody waits for a sign that we have it. */
void delivery_owe_ack(struct delivery *d, const struct env *env);

/* ---- repair ---- */

/** Next steps for what is missing. */
void delivery_repair(struct delivery *d, const struct env *env);
struct mono delivery_repair_deadline(const struct delivery *d);
/** Ids to ask members for, now. */
void delivery_repair_ask(struct delivery *d, const struct env *env, struct parcel_ids *out);
bool delivery_repair_asks(const struct delivery *d, const struct env *env);
/** Somebody asks for these. */
void delivery_repair_asked(struct delivery *d, const struct env *env,
                           const struct entry_author *who, const struct parcel_ids *ids);
/** These are from before our time, says somebody. */
void delivery_repair_withheld(struct delivery *d, const struct env *env,
                              const struct parcel_ids *ids);
/** It was just handed on: another answer is not needed. */
void delivery_repair_seen(struct delivery *d, const struct entry_id *id);
/** Move answers that are due into a parcel. Their bytes are borrowed from the timeline. */
void delivery_repair_answer(struct delivery *d, const struct env *env, struct parcel *p,
                            size_t *bytes);
bool delivery_repair_answers(const struct delivery *d, const struct env *env);
