/* When a conversation heals: when our leaf gets fresh keys, and who must go.
 *
 *     epochs, messages heard and sent, debts --> timers --> healing_poll: what to commit or propose
 *     before anything is sent --> healing_before: what must go out in front of it
 *
 * Fresh keys for our leaf:
 *     with the first thing we send after we joined
 *     direct, self    with the first message of a turn (somebody else has spoken since our last),
 * at most once in 10 min; without any message when the leaf is 24 h old group, crowd    after 100
 * own messages; when the leaf is 7 days old Up to 16 leaves that is a commit; above, an Update is
 * proposed, and the member of least rank among those heard within the hour commits up to 64 of them
 * after a random 1 to 5 min, the others after 5 to 10 min if nobody did.
 *
 * Who must go:
 *     a revoked installation   before we send anything; without sending, one of our own account's
 *                              after a random 0 to 60 s, another's after 1 to 5 min
 *                              (one that policy refuses stays owed, and does not silence us)
 *     a silent one             not heard on 30 of the days on which we were online: in a direct or
 *                              self conversation by everybody, else by admins
 *
 * What counts is the time online: a device that was off for a month condemns nobody.
 *
 * Pure; ages by wall time, timers by mono. State to store: healing_save, whenever healing_changed.
 * Bounds: params.h. @source CHAT.md 4; docs/protocol/conversations.md
 */
#pragma once

#include "crypto/base/env.h"
#include "node/chat/profile/policy.h"

struct healing;

/** OK; ERR_MEMORY. */
enum err healing_new(struct healing **out, enum profile_type type) MUST_CHECK;
void healing_free(struct healing *h); /* accepts NULL */

enum healing_kind {
    HEALING_NOTHING,
    HEALING_UPDATE,  /* commit, with a path */
    HEALING_PROPOSE, /* propose an Update of our leaf */
    HEALING_GATHER,  /* commit the Updates that wait */
    HEALING_REMOVE,  /* commit the removal of healing_owed */
    HEALING_SILENT,  /* commit the removal of healing_silent */
};

/** An epoch is the head now: ours, followed, or the first. `g` is looked at only. OK; ERR_MEMORY.
 */
enum err healing_epoch(struct healing *h, const struct env *env,
                       const struct mls_group *g) MUST_CHECK;

/** Something of that installation was opened (of our own account's others as well). */
void healing_heard(struct healing *h, const struct env *env, const uint8_t key[32]);

/** A message is about to be sent: what has to go out in front of it. */
enum healing_kind healing_before(const struct healing *h, const struct env *env);

/** We sent an application message. */
void healing_sent(struct healing *h, const struct env *env);

/** An Update of somebody waits in the head. */
void healing_proposal(struct healing *h, const struct env *env, const struct mls_group *g);

/** How many leaves healing_owed gave when it was last asked, and whether one is of our account.
 * Call it when a log, or the head, has changed. */
void healing_owe(struct healing *h, const struct env *env, size_t count, bool own);

/** Catching up: nothing is due, and no day counts. */
void healing_catchup(struct healing *h, bool going_on);

void healing_tick(struct healing *h, const struct env *env);
struct mono healing_deadline(const struct healing *h);
bool healing_poll(struct healing *h, enum healing_kind *out);

/* ---- who ---- */

struct healing_debt {
    uint32_t leaf;
    uint8_t account[ACCOUNT_ID_BYTES]; /* whose log the commit must bring */
    bool own;
};

/** Leaves whose account's log no longer has their key, or has ended.
 *
 * @param find  the log of an account; NULL: not known (in)
 * @param own   our account (in)
 * @return how many; at most `max` are written
 */
size_t healing_owed(const struct mls_group *g,
                    const struct identity_log *(*find)(void *ctx, const uint8_t *account),
                    void *ctx, const uint8_t own[32], struct healing_debt *out, size_t max);

/** Leaves that have been silent too long and that we may remove: at most `max`, and never our own.
 * In a direct conversation and of accounts that we may not remove, one leaf of each always stays.
 */
size_t healing_silent(const struct healing *h, const struct mls_group *g, uint32_t *out,
                      size_t max);

/* ---- at rest ---- */

/** Has anything changed that healing_save writes, since it was called last? */
bool healing_changed(const struct healing *h);

/** Append the state: [55, 1, type, [[leaf 16, updated s, own messages, joined anew], ...], days,
 * last day, [[key 32, day], ...], extensions]. ERR_FULL; ERR_MEMORY. */
enum err healing_save(struct healing *h, struct buf *out) MUST_CHECK;

/** ERR_CORRUPT; ERR_MEMORY. Follow it with healing_epoch and healing_owe. */
enum err healing_load(struct span in, struct healing **out) MUST_CHECK;
