/* Decisions: what a person has decided, as all of its devices know it. Each is about one thing (a
 * kind and a subject), and of two about one thing the later holds: by (lamport, id), so that
 * devices which have heard the same agree, in whatever order they heard it.
 *
 *     [60, 1, [[kind, subject, lamport, id 16, value], ...], extensions]
 *
 * Value is packed as the kind says (self_kinds.c); what of it is not known is kept and handed on,
 * for a device with a newer program to read. lamport is milliseconds since 1970 when it was
 * decided, or one more than that of the decision which it replaces; id is random. A read position
 * has the place of the entry that was read: so the furthest holds.
 *
 * They travel in entries of self/1 (content.h: CONTENT_DECISIONS) and in the hand-over of a
 * pairing. Pure. @source CHAT.md 4; docs/protocol/self.md
 */
#pragma once

#include "node/chat/delivery/entry.h"
#include "node/chat/profile/profile_data.h"

enum decision_kind {         /* numbers on the wire */
    DECISION_NAME = 1,       /* account: what we call it */
    DECISION_CONSENT = 2,    /* account: none, given, blocked */
    DECISION_VERIFIED = 3,   /* account: yes or no */
    DECISION_CARD = 4,       /* account: the private link that we know it by, or none */
    DECISION_SEEN = 5,       /* conversation: read up to the decision's place */
    DECISION_MUTED = 6,      /* conversation: yes or no */
    DECISION_TAKES_PART = 7, /* conversation: a request was accepted, or we have left */
    DECISION_LINK = 8,       /* private link of ours: handed out, or revoked */
    DECISION_POLICY = 9,     /* who may write first */
    DECISION_RECEIPTS = 10,
    DECISION_PROFILE = 11, /* what we call ourselves */
    DECISION_ASKED = 12,   /* 16 bytes: for what a device asks of the keeper; not in use yet */
};

struct decision { /* spans borrowed */
    uint64_t kind;
    struct span subject; /* at most DECISION_SUBJECT_MAX */
    struct entry_place place;
    struct span value; /* packed, 1..DECISION_VALUE_MAX */
};

/** Does `comes` replace `is`, which is about the same? A strict order of all that can be said. */
bool decision_replaces(const struct decision *comes, const struct decision *is);

/** Append the object. ERR_ARGUMENT over DECISIONS_MAX, or one that is out of its bounds; ERR_FULL;
 * ERR_MEMORY. */
enum err decisions_encode(const struct decision *list, size_t count, struct buf *out) MUST_CHECK;

/** Read it. `out` has room for DECISIONS_MAX. OK; ERR_FORMAT; ERR_LIMIT; ERR_UNSUPPORTED a later
 * version, or a critical extension. */
enum err decisions_decode(struct span in, struct decision *out, size_t *count) MUST_CHECK;
