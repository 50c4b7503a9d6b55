/* The entries of one conversation in the order that is everybody's: (lamport, id).
 *
 *     verified entry -> add -> NEW (poll: show and store it)
 *                           -> HELD until its time comes (more than 10 min ahead of our clock)
 *                           -> DUPLICATE (nothing happens)   -> OLD (below the window: ask the
 * store)
 *
 * An entry is shown as soon as it is here, at its place; nothing waits for what it names. Entries
 * that others name as parents and that are not here are gaps, which repair.h closes. An entry is
 * complete when everything before it is here (or will not come, and that was said): only complete
 * entries become parents of ours and are acknowledged, so whoever acknowledges an entry has all of
 * its past.
 *
 * In memory are the newest TIMELINE_ENTRIES_MAX; the order and the answers do not depend on it, but
 * that for an unknown entry below the window (OLD) the caller looks into its store: unknown there
 * as well, it is new and goes to its place in the store.
 *
 * What to store: each entry of OUT_ENTRY under its place (timeline_record); and timeline_save
 * whenever timeline_changed, in the same transaction. To begin again: timeline_load, then
 * timeline_restore of every record above timeline_horizon, in order.
 *
 * Time: env->wall for lamports, env->now for deadlines. @source CHAT.md 7; SDS for the causal part
 */
#pragma once

#include "crypto/base/env.h"
#include "node/chat/delivery/entry.h"

struct timeline;

enum timeline_verdict {
    TIMELINE_NEW,
    TIMELINE_DUPLICATE,
    TIMELINE_HELD,
    TIMELINE_OLD,
};

/* An entry as it lies here; borrowed until the timeline is next changed. */
struct timeline_entry {
    struct entry_place place;
    struct entry_author author;
    uint64_t epoch; /* number of the epoch it first came in */
    int64_t received_ms;
    struct span bytes; /* as signed */
    bool complete;
    size_t missing; /* parents that are not here */
};

struct timeline_out {
    struct entry_place place;
    bool late; /* not at the end */
};

/** An empty timeline. @param seed of its hash tables (in) @return OK; ERR_MEMORY */
enum err timeline_new(struct timeline **out, const uint8_t seed[16]) MUST_CHECK;

void timeline_free(struct timeline *t); /* accepts NULL */

/* An entry that entry_verify has accepted. */
struct timeline_in {
    const struct entry *entry;
    struct entry_id id;
    struct entry_author author;
    bool own; /* ours: shown at once, whatever our clock says */
    uint64_t epoch;
    struct span bytes; /* its encoding, copied */
};

/** Take an entry.
 *
 * @return OK; ERR_LIMIT its author is too far ahead of the clock too often (it is not kept: who
 * wrote it sends it again); ERR_FULL poll first; ERR_MEMORY. Nothing changes on failure.
 */
enum err timeline_add(struct timeline *t, const struct env *env, const struct timeline_in *in,
                      enum timeline_verdict *verdict) MUST_CHECK;

/** Fill in lamport and parents of an entry of ours, which is to be signed and added. */
void timeline_next(struct timeline *t, const struct env *env, struct entry *e);

/** Release what is due. */
void timeline_tick(struct timeline *t, const struct env *env);
struct mono timeline_deadline(const struct timeline *t, const struct env *env);

/** The next entry to show and store. */
bool timeline_poll(struct timeline *t, struct timeline_out *out);

/** How many entries are held, and of how many accounts: many at once means that it is our clock
 * that is wrong. */
size_t timeline_held(const struct timeline *t, size_t *accounts);

/* ---- looking ---- */

size_t timeline_count(const struct timeline *t);
/** The i-th in order, i < count. */
struct timeline_entry timeline_at(const struct timeline *t, size_t i);
/** False: not here (or held). */
bool timeline_get(const struct timeline *t, const struct entry_id *id, struct timeline_entry *out);
/** The index of the first entry at or behind a place. */
size_t timeline_find(const struct timeline *t, const struct entry_place *place);
/** Is it here, held, or something that we no longer wait for? */
bool timeline_knows(const struct timeline *t, const struct entry_id *id);

/* ---- acknowledging ---- */

/** The newest complete entries that no complete entry follows: "I have these and all before
 * them". @return how many; in rising order of their bytes */
size_t timeline_heads(const struct timeline *t, struct entry_id out[TIMELINE_HEADS_MAX]);

/** The newest that are here without their past; as above. */
size_t timeline_beyond(const struct timeline *t, struct entry_id out[TIMELINE_HEADS_MAX]);

/** Mark the past of these, themselves included, down to lamport `from`. Ids that are not here are
 * passed over. */
void timeline_mark(struct timeline *t, const struct entry_id *ids, size_t count, uint64_t from);
/** Mark these alone, besides. */
void timeline_mark_also(struct timeline *t, const struct entry_id *ids, size_t count);
/** Was it marked since the last timeline_mark? */
bool timeline_marked(const struct timeline *t, const struct entry_id *id);

/* ---- gaps ---- */

/* An entry that is named and not here. The last fields are repair.c's. */
struct timeline_gap {
    struct entry_id id;
    uint64_t lamport; /* of the earliest that names it: it is older */
    struct mono since;
    struct mono due; /* next step */
    unsigned step;
};

/** The next gap in the order they were found; NULL: no more. Start with *cursor = 0. */
struct timeline_gap *timeline_gap(const struct timeline *t, size_t *cursor);
size_t timeline_gaps(const struct timeline *t);

/** Somebody names an entry (in an acknowledgement): a gap when it is not here.
 * @param lamport  it is older than this (in) */
void timeline_hint(struct timeline *t, const struct env *env, const struct entry_id *id,
                   uint64_t lamport);

/** Do not wait for it: it lies in our store below the window, is from before our time, or is lost.
 * Should it come nevertheless, it is taken. */
void timeline_outside(struct timeline *t, const struct entry_id *id);

/* ---- records ---- */

/** Append the record of an entry: [1, 1, account, installation, epoch, received ms, entry, []].
 * OK; ERR_NOT_FOUND; ERR_FULL; ERR_MEMORY. */
enum err timeline_record(const struct timeline *t, const struct entry_id *id,
                         struct buf *out) MUST_CHECK;

/** The record of an entry that is not here. ERR_FULL; ERR_MEMORY. */
enum err timeline_record_of(const struct timeline_in *in, int64_t received_ms,
                            struct buf *out) MUST_CHECK;

/** Let the oldest leave memory when there are more than TIMELINE_ENTRIES_MAX; their records are
 * written. */
void timeline_trim(struct timeline *t);

/** Take back a record, in order of their places. @return OK, also for one that is here already;
 * ERR_CORRUPT; ERR_MEMORY */
enum err timeline_restore(struct timeline *t, struct span conversation, const struct env *env,
                          struct span record) MUST_CHECK;

/** Has the state besides the entries changed since it was saved? */
bool timeline_changed(const struct timeline *t);
enum err timeline_save(struct timeline *t, struct buf *out) MUST_CHECK; /* ERR_FULL, ERR_MEMORY */
/** Into an empty timeline. OK; ERR_CORRUPT; ERR_MEMORY. */
enum err timeline_load(struct timeline *t, struct span conversation, const struct env *env,
                       struct span state) MUST_CHECK;

/** Entries at or below are not in memory; zeros: all are. */
struct entry_place timeline_horizon(const struct timeline *t);
