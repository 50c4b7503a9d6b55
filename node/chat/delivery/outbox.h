/* The outbox of one conversation: our entries until every other account has them.
 *
 *     add -> QUEUED -> SENT -> STORED -> DELIVERED (an installation) -> READ (an account)
 *                                     \-> all accounts: no more sending, watched for 7 days
 *            30 days, or the conversation is gone -> FAILED with a reason
 *
 * An entry is due at once, and again after 1 min, 5 min, 30 min, 2 h, 6 h and then daily as long as
 * an account has not acknowledged it; once a store is known to hold it, the first times are passed
 * over. Each time it is encrypted anew under the epoch of then: the entry and its id stay, so who
 * has it already takes it for a duplicate.
 *
 * Acknowledgements name the heads of a past (timeline.h); the caller marks that past and asks
 * outbox_acked to look. A member that leaves is no longer waited for, one that joins later is not
 * expected to have what was written before.
 *
 * What to store: outbox_save of each entry that outbox_changed names, outbox_save_peers with it.
 * @source CHAT.md 7
 */
#pragma once

#include "node/chat/delivery/timeline.h"

struct outbox;

enum outbox_state { /* rising: the highest that holds is shown */
    OUTBOX_QUEUED,
    OUTBOX_SENT,
    OUTBOX_STORED,
    OUTBOX_DELIVERED,
    OUTBOX_READ,
    OUTBOX_FAILED,
};

enum outbox_reason {
    OUTBOX_NO_REASON,
    OUTBOX_EXPIRED, /* not acknowledged by everybody within 30 days */
    OUTBOX_REMOVED, /* we are no longer in the conversation */
    OUTBOX_REFUSED, /* it cannot be sent at all (too large, refused by a policy) */
};

struct outbox_out { /* a change to show */
    struct entry_id id;
    enum outbox_state state;
    enum outbox_reason reason;     /* FAILED */
    struct entry_author who;       /* DELIVERED: which installation; READ: of which account */
    size_t accounts, accounts_all; /* that have it now, of so many */
};

/** OK; ERR_MEMORY. @param account  ours: its other installations are told apart (in) */
enum err outbox_new(struct outbox **out, const uint8_t account[32]) MUST_CHECK;
void outbox_free(struct outbox *o); /* accepts NULL */

/** Who is in the conversation now, without this installation. Over OUTBOX_PEERS_MAX the rest is
 * not counted: they have what the others acknowledge. ERR_MEMORY: unchanged. */
enum err outbox_members(struct outbox *o, const struct entry_author *list, size_t count) MUST_CHECK;

/** An entry of ours that is in the timeline. Due now.
 *
 * @param bytes  its encoding, copied (in)
 * @return OK; ERR_FULL; ERR_MEMORY
 */
enum err outbox_add(struct outbox *o, const struct env *env, const struct entry_place *place,
                    struct span bytes) MUST_CHECK;

/** The next entry that is due, in order; start with *cursor = 0.
 *
 * @param bytes  borrowed until the outbox changes (out)
 */
bool outbox_due(const struct outbox *o, const struct env *env, size_t *cursor,
                struct entry_place *place, struct span *bytes);

/** It is in a message that was handed out; not due before the next time of its plan. */
/** @return was it sent before? */
bool outbox_taken(struct outbox *o, const struct env *env, const struct entry_id *id);
/** That message was not or cannot be sent: due at `when`. */
void outbox_again(struct outbox *o, const struct entry_id *id, struct mono when);
void outbox_sent(struct outbox *o, const struct entry_id *id);
void outbox_stored(struct outbox *o, const struct env *env, const struct entry_id *id);
/** It was never said. */
void outbox_forget(struct outbox *o, const struct entry_id *id);
void outbox_failed(struct outbox *o, const struct entry_id *id, enum outbox_reason reason);

/** The lamport from which an acknowledgement of this installation can tell something; UINT64_MAX:
 * nothing. */
uint64_t outbox_pending(const struct outbox *o, const uint8_t installation[32]);

/** This installation has the entries that are marked in the timeline. */
void outbox_acked(struct outbox *o, const struct env *env, const struct timeline *t,
                  const uint8_t installation[32]);

/** ... and somebody has read those that it had, up to a place. */
void outbox_read(struct outbox *o, const uint8_t installation[32], const struct entry_place *place);

/** Expire what is too old. */
void outbox_tick(struct outbox *o, const struct env *env);
/** `sending`: also when the next entry is due; false while none can be sent. */
struct mono outbox_deadline(const struct outbox *o, bool sending);
bool outbox_poll(struct outbox *o, struct outbox_out *out);

/** How many are waited for. */
size_t outbox_count(const struct outbox *o);

struct outbox_status {
    enum outbox_state state;
    size_t accounts_all, accounts, accounts_read, installations_all, installations;
};

/** False: not in here (any more): everybody had it, or it is not ours. */
bool outbox_status(const struct outbox *o, const struct entry_id *id, struct outbox_status *out);

/** The installations that have it. @return how many, at most `max` */
size_t outbox_holders(const struct outbox *o, const struct entry_id *id, struct entry_author *out,
                      size_t max);

/* ---- records ---- */

/** The next entry whose record has to be written, or erased (`gone`). False: none. */
bool outbox_changed(struct outbox *o, struct entry_place *place, bool *gone);
/** Its record has to be written again. */
void outbox_touch(struct outbox *o, const struct entry_id *id);
/** Append the record of an entry. ERR_NOT_FOUND; ERR_FULL; ERR_MEMORY. */
enum err outbox_save(const struct outbox *o, const struct env *env, const struct entry_id *id,
                     struct buf *out) MUST_CHECK;
/** The table of installations that the records refer to by number. */
enum err outbox_save_peers(const struct outbox *o, struct buf *out) MUST_CHECK;
/** First the table, then the entries. OK; ERR_CORRUPT; ERR_MEMORY. */
enum err outbox_load_peers(struct outbox *o, struct span record) MUST_CHECK;
enum err outbox_load(struct outbox *o, struct span conversation, const struct entry_author *self,
                     const struct env *env, struct span record) MUST_CHECK;
