/* What a commit brings along so that everybody judges it alike, whatever each has heard elsewhere.
 *
 *     [50, 1, week, [log, ...], [[ticket, ticket], ...], [rejoin request, ...], extensions]
 *
 * It is the authenticated data of a commit's PrivateMessage; empty bytes mean no evidence. A log is
 * an account's as sent (identity.h), verified here from its inception. Two logs of one account are
 * a fork: they are merged, and what the merge says holds (a recovery voids the branch of a thief,
 * two branches of equal right freeze the account where they part). Two tickets prove a double
 * commit, a rejoin request asks for a new leaf. `week` is when the committer made the commit, in
 * weeks of 604,800 s: a removal's new address counts from the week after. Extension 1, not
 * critical: 8 bytes, the lamport that an entry of the committer would have now (notices.h).
 *
 * Bounds: params.h. Pure. @source CHAT.md 4
 */
#pragma once

#include "node/chat/profile/profile_data.h"

struct evidence { /* spans borrowed, logs owned */
    uint64_t week;
    uint64_t lamport; /* ms; where a notice of the commit stands; 0: nowhere */
    struct span logs[EVIDENCE_LOGS_MAX];
    struct identity_log *raw[EVIDENCE_LOGS_MAX];    /* of each of them */
    struct identity_log *merged[EVIDENCE_LOGS_MAX]; /* of each account: at its first log */
    size_t logs_count;
    struct span doubles[EVIDENCE_DOUBLES_MAX][2];
    size_t doubles_count;
    struct span rejoins[EVIDENCE_REJOINS_MAX];
    size_t rejoins_count;
};

/** Read and verify; `in` must outlive `out`. `out` needs evidence_clear also on failure.
 *
 * @return OK (also for no bytes); ERR_FORMAT, ERR_LIMIT, ERR_UNSUPPORTED; the codes of
 *         identity_log_read; ERR_AUTH a ticket or request is not signed; ERR_PROTOCOL two tickets
 *         that prove nothing; ERR_MEMORY
 */
enum err evidence_decode(struct span in, struct evidence *out) MUST_CHECK;
void evidence_clear(struct evidence *e);

/** What the logs of an account add up to; NULL: none is there. */
const struct identity *evidence_identity(const struct evidence *e, const uint8_t account[32]);

/** Do the logs of that account go at least as far as this head, on its branch? Events that a
 * checkpoint replaced are taken to be on it. */
bool evidence_covers(const struct evidence *e, const uint8_t account[32], uint64_t seq,
                     const uint8_t head[32]);

/** Is it proven that this installation committed twice to one epoch of the group? */
bool evidence_double(const struct evidence *e, struct span group, const uint8_t key[32]);

/** Does that installation ask to be let in again with this key package? */
bool evidence_rejoin(const struct evidence *e, struct span group, const uint8_t key[32],
                     struct span key_package);

/** Does a log go at least as far as this head, on its branch? */
bool evidence_log_covers(const struct identity_log *log, uint64_t seq, const uint8_t head[32]);

/* ---- making it ---- */

struct evidence_draft {
    struct buf logs, doubles, rejoins; /* packed elements */
    size_t logs_count, doubles_count, rejoins_count;
    uint64_t lamport; /* 0: none */
    uint8_t accounts[EVIDENCE_LOGS_MAX][ACCOUNT_ID_BYTES];
};

void evidence_draft_init(struct evidence_draft *d);
void evidence_draft_clear(struct evidence_draft *d);

/** Bring a log; once for each account, however often it is called. ERR_FULL; ERR_LIMIT;
 * ERR_MEMORY. */
enum err evidence_bring(struct evidence_draft *d, const struct identity_log *log) MUST_CHECK;
/** Bring a further form of a log, as sent: the other branch of a fork. */
enum err evidence_bring_sent(struct evidence_draft *d, struct span log) MUST_CHECK;
enum err evidence_bring_double(struct evidence_draft *d, struct span a, struct span b) MUST_CHECK;
enum err evidence_bring_rejoin(struct evidence_draft *d, struct span request) MUST_CHECK;

/** Append the bytes. ERR_LIMIT over EVIDENCE_BYTES_MAX: make several commits; ERR_FULL;
 * ERR_MEMORY. */
enum err evidence_write(const struct evidence_draft *d, uint64_t week, struct buf *out) MUST_CHECK;
