/* Delivery of one conversation: nothing lost, nothing twice, the same order for everybody.
 *
 * Joins the timeline (order, gaps), the outbox (our entries until everybody has them), what we owe
 * (acknowledgements, receipts) and repair (asking for what is missing, answering others).
 *
 *     say ----> entry, signed ----> timeline, outbox
 *     pump: SEAL(parcel) -> the caller encrypts -> sealed -> PUBLISH(message) -> published
 *     receive(parcel) -> timeline: ENTRY -> acknowledgement owed, rides on the next parcel
 *
 * It knows no MLS, no envelope, no store and no clock but env: the caller encrypts, publishes,
 * fetches from stores and keeps records. One SEAL is out at a time.
 *
 * What to store, and when: after each call, drain delivery_store into ONE transaction with
 * whatever else the step changed (ratchets), then drain delivery_poll, and only then send. Then a
 * crash at any place loses nothing: what was sealed is published again byte for byte, what was not
 * is sealed anew under the same id. To begin again: delivery_new, delivery_load for every record of
 * the STATE table, then OUTBOX, then of ENTRIES those above delivery_horizon in order, and
 * delivery_members, delivery_epoch, and delivery_ready once caught up.
 *
 * @source CHAT.md 7; SDS-R for who asks and answers when
 */
#pragma once

#include "node/chat/delivery/content.h"
#include "node/chat/delivery/outbox.h"
#include "node/chat/delivery/parcel.h"

#define DELIVERY_EID_BYTES 16u
#define DELIVERY_KEY_BYTES 24u /* lamport, most significant byte first, and id */

struct delivery;

struct delivery_config {
    struct span conversation; /* 1..CONVERSATION_ID_MAX bytes; copied */
    struct entry_author self;
    const struct keyring_key *key; /* may sign labels; borrowed as long as this lives */
    bool receipts;                 /* tell others what was read */
    bool silent;                   /* a request that is not accepted yet: no sign of life */
    /* Is that an installation of that account, now or in the past? Asked of entries that others
     * hand on. Pure. */
    bool (*authors)(const void *state, const struct entry_author *who);
    const void *authors_state;
};

/** OK; ERR_MEMORY. */
enum err delivery_new(struct delivery **out, const struct env *env,
                      const struct delivery_config *config) MUST_CHECK;
void delivery_free(struct delivery *d); /* accepts NULL */

void delivery_set_receipts(struct delivery *d, bool receipts);
void delivery_set_silent(struct delivery *d, bool silent);

struct delivery_member {
    struct entry_author who;
    uint64_t since; /* number of the epoch that it came with */
};

/** Who is in the conversation, with ourselves. OK; ERR_LIMIT over DELIVERY_MEMBERS_MAX;
 * ERR_MEMORY. */
enum err delivery_members(struct delivery *d, const struct delivery_member *list,
                          size_t count) MUST_CHECK;

/** The epoch that is written under now. Messages sealed under another and not published are given
 * up and their entries sealed again. */
void delivery_epoch(struct delivery *d, const struct env *env,
                    const uint8_t eid[DELIVERY_EID_BYTES], uint64_t number);

/** May it send? False (the beginning): catching up, or without an epoch to write under. */
void delivery_ready(struct delivery *d, const struct env *env, bool ready);

/** We are no longer a member: what waits has failed. */
void delivery_removed(struct delivery *d);
/** We are a member again: what failed then stays failed. */
void delivery_joined(struct delivery *d, bool silent);

/* ---- what the person does ---- */

/** Say something.
 *
 * @param content  packed (content.h), 1..ENTRY_CONTENT_MAX bytes (in)
 * @param id       its name (out)
 * @return OK; ERR_ARGUMENT too long, malformed, or something that is said in passing; ERR_FULL too
 *         many entries wait for others; ERR_REFUSED of the keyring; ERR_MEMORY
 */
enum err delivery_say(struct delivery *d, const struct env *env, struct span content,
                      struct entry_id *id) MUST_CHECK;

/** Say something in passing (typing): once, with the next message or alone, and gone if it is
 * lost. OK; ERR_ARGUMENT; ERR_FULL; ERR_MEMORY. */
enum err delivery_pass(struct delivery *d, const struct env *env, struct span content) MUST_CHECK;

/** The person has seen everything up to there. */
void delivery_seen(struct delivery *d, const struct env *env, const struct entry_place *place);

/* ---- what comes in ---- */

/** A parcel, from the MLS leaf that sent it, in the epoch of that number.
 *
 * @return OK; ERR_FORMAT, ERR_LIMIT; ERR_UNSUPPORTED it, or an entry in it, is of a later version;
 * ERR_AUTH an entry in it is not its author's; ERR_MEMORY. What was sound in it is taken.
 */
enum err delivery_receive(struct delivery *d, const struct env *env, const struct entry_author *who,
                          uint64_t epoch, struct span parcel) MUST_CHECK;

/** Take an entry of a chosen span of history, handed on by another device of ours or a friend:
 * signed by its author, as every entry. As delivery_receive. */
enum err delivery_history(struct delivery *d, const struct env *env,
                          const struct entry_author *author, struct span entry) MUST_CHECK;

/** OUT_LOOK: it is in our own store, below what is in memory. */
void delivery_found(struct delivery *d, const struct entry_id *id);

/* ---- what goes out ---- */

enum delivery_kind {
    DELIVERY_ENTRY,   /* new in the order: show it */
    DELIVERY_CHANGE,  /* something became of an entry of ours */
    DELIVERY_PASSING, /* typing and such */
    DELIVERY_SEAL,    /* encrypt this parcel, then delivery_sealed or delivery_unsealed */
    DELIVERY_PUBLISH, /* put this message into an envelope and publish it, then delivery_published
                       */
    DELIVERY_LOOK,    /* is this entry in our store? then delivery_found */
    DELIVERY_FETCH,   /* ask stores for the bucket's messages of this time */
    DELIVERY_LOST,    /* an entry that others name and nobody has */
    DELIVERY_CLOCK,   /* entries of several accounts are ahead of our clock: is it right? */
};

struct delivery_out {
    enum delivery_kind kind;
    struct entry_place place; /* ENTRY; LOOK, LOST: the id */
    bool late;                /* ENTRY: not at the end */
    struct outbox_out change;
    struct entry_author who; /* PASSING */
    struct span bytes;       /* PASSING, SEAL, PUBLISH; until the next call */
    uint64_t token;          /* SEAL, PUBLISH */
    bool ephemeral;          /* SEAL: it holds nothing that anybody will miss */
    int64_t from_ms, to_ms;  /* FETCH */
};

bool delivery_poll(struct delivery *d, const struct env *env, struct delivery_out *out);
void delivery_tick(struct delivery *d, const struct env *env);
struct mono delivery_deadline(const struct delivery *d, const struct env *env);

/** The parcel is encrypted. @param message  the MLS message, copied (in) @return OK; ERR_NOT_FOUND
 * another token; ERR_MEMORY */
enum err delivery_sealed(struct delivery *d, const struct env *env, uint64_t token,
                         const uint8_t eid[DELIVERY_EID_BYTES], struct span message) MUST_CHECK;
/** It cannot be encrypted now (a commit comes first): tried again after `wait_ms`. */
void delivery_unsealed(struct delivery *d, const struct env *env, uint64_t token, int64_t wait_ms);
/** OK: it went out. Otherwise it is tried again later. */
void delivery_published(struct delivery *d, const struct env *env, uint64_t token, enum err result);
/** A store has the message. */
void delivery_stored(struct delivery *d, const struct env *env, uint64_t token);

/* ---- looking ---- */

/** The timeline, for its looking functions. */
const struct timeline *delivery_timeline(const struct delivery *d);
const struct outbox *delivery_outbox(const struct delivery *d);

/* ---- records ---- */

enum delivery_table {
    DELIVERY_STATE,   /* one record for each key of one byte */
    DELIVERY_OUTBOX,  /* by place */
    DELIVERY_ENTRIES, /* by place: the order of the conversation */
};

struct delivery_record {
    enum delivery_table table;
    uint8_t key[DELIVERY_KEY_BYTES];
    size_t key_bytes;
    bool erase;     /* the key; there is no value */
    bool if_absent; /* ENTRIES, of an entry below the window: write and show it only if it is new */
};

/** The next record to write. @param value cleared first (out) @return OK; ERR_NOT_FOUND no more;
 * ERR_FULL, ERR_MEMORY: nothing may be sent until a later call succeeds */
enum err delivery_store(struct delivery *d, const struct env *env, struct delivery_record *rec,
                        struct buf *value) MUST_CHECK;

/** Take back a record. OK; ERR_CORRUPT; ERR_MEMORY. */
enum err delivery_load(struct delivery *d, const struct env *env, enum delivery_table table,
                       struct span key, struct span value) MUST_CHECK;

/** ENTRIES with keys at or below need not be loaded. */
void delivery_horizon(const struct delivery *d, uint8_t key[DELIVERY_KEY_BYTES]);

void delivery_key(const struct entry_place *place, uint8_t key[DELIVERY_KEY_BYTES]);

#define DELIVERY_COUNTERS(X)                                                                       \
    X(entries)    /* taken into the order, ours too */                                             \
    X(duplicates) /* that were here already */                                                     \
    X(refused)    /* not their author's, or malformed */                                           \
    X(asked)      /* for entries that are missing, to members */                                   \
    X(answered)   /* entries handed on */                                                          \
    X(repaired)   /* entries taken from others than their author */                                \
    X(acks_alone) /* messages that held nothing but an acknowledgement */                          \
    X(resent)     /* entries sent again */

struct delivery_counters {
#define X(name) uint64_t name;
    DELIVERY_COUNTERS(X)
#undef X
};

const struct delivery_counters *delivery_counters(const struct delivery *d);
