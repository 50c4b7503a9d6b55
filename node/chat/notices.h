/* Notices: lines in which a conversation itself speaks: who was added, removed, left, named it, got
 * another role, lost its place and came back; and what the log of a contact tells of its devices.
 *
 * Nobody sends them. Each device derives them from what all have: a commit (its parent's members
 * and data, and its own) or an event of a log. So they have one id and one place on all devices
 * that followed the commit:
 *
 *     id     hash(entry/notice, conversation || eid of the commit or hash of the event || kind ||
 *            account || installation), 16 bytes
 *     place  of a commit: the lamport in its evidence, which its committer chose as that of an
 * entry; of an event: its time
 *
 * A notice of a commit is shown while the commit is on the path to the head: of two siblings only
 * that of the one which holds. They are not unread: whoever looks sees them, nobody is called. Only
 * what the log of a contact tells is, in the conversation with it alone: a device or a recovery
 * that nobody expected is the sign of a theft.
 *
 *     notices.c         rows; shown and hidden        notices_commit.c  what a commit has changed
 *     notices_text.c    in words
 *
 * @source docs/protocol/self.md
 */
#pragma once

#include "node/chat/talk.h"

struct notice {
    enum chat_notice kind;
    struct entry_place place;
    struct eid eid;                    /* of the commit; none: it holds whatever happens */
    uint8_t by[ACCOUNT_ID_BYTES];      /* who did it */
    uint8_t account[ACCOUNT_ID_BYTES]; /* to whom; zeros: nobody, or `count` */
    uint8_t installation[32];          /* zeros: none */
    unsigned number;                   /* role, or how many at once */
    uint8_t name[PROFILE_NAME_BYTES_MAX];
    size_t name_len;
};

/* ---- notices.c ---- */

/** The lamport of a commit that we make now. */
uint64_t notices_now(const struct talk *t, const struct env *env);

/** Fill in its id. `source`: as notices_add. */
void notice_id(struct notice *n, struct span conversation, struct span source);

/** Note it, hidden until notices_review when it is of a commit. `source`: what the id is made from,
 * beside what it says. */
void notices_add(struct chat *c, const struct env *env, struct talk *t, struct notice *n,
                 struct span source);

/** The head is another: which of the last ones are shown? */
void notices_review(struct chat *c, const struct env *env, struct talk *t);

/** The log of a contact has these events from `seq` on that we did not know. */
void notices_log(struct chat *c, const struct env *env, const struct person *p, uint64_t seq);

/** A row of an export. ERR_FORMAT. */
enum err notices_restore(struct chat *c, const struct talk *t, struct span key,
                         struct span row) MUST_CHECK;

enum err notice_read(struct span row, struct notice *out) MUST_CHECK;

/* ---- notices_commit.c ---- */

/** A commit was made or followed: from the state of its parent to its own. */
void notices_commit(struct chat *c, const struct env *env, struct talk *t, const struct eid *parent,
                    const struct eid *eid, const struct entry_author *by, uint64_t lamport);
/** A commit removes us: there is no state of ours behind it. */
void notices_removed(struct chat *c, const struct env *env, struct talk *t,
                     const struct entry_author *by, struct span ticket, uint64_t lamport);

/* ---- notices_text.c ---- */

/** As the person sees it; text is in c->edit. */
enum err notice_show(struct chat *c, const struct talk *t, const struct entry_id *id,
                     struct span row, struct chat_entry *out) MUST_CHECK;
