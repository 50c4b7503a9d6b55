/* What is known of an entry besides its bytes: where it stands, what was said of it later, when it
 * disappears.
 *
 * All of it depends on the set of entries alone, not on the order they came in:
 *     edits       of the line's account; the one behind all others (by place) holds
 *     deletion    of the line's account; for good
 *     reactions   as the account last said (by place) of that emoji, on or off
 *     time        what the line itself bears, from its lamport on
 * What changes an entry that is not here yet waits for it: the changes of an entry are a chain,
 * from its note through theirs, so that none is forgotten when it comes, or disappears.
 */
#pragma once

#include "node/chat/talk.h"

struct note {
    bool here; /* the entry itself is in the order, at this lamport, by this account: */
    uint64_t lamport;
    uint8_t author[ACCOUNT_ID_BYTES];
    bool hidden;         /* no line of its own */
    bool gone;           /* its time was over: it is erased, and is not taken again */
    int64_t vanishes_ns; /* wall; 0: it stays */
    bool edited, deleted;
    struct entry_place edit; /* what it reads as now */
    struct entry_id changes; /* of it, the last that came; zeros: none */
    struct entry_id next;    /* of a change: the one of the same entry that came before it */
};

/** Read the note of an entry; an empty one when there is none. */
enum err note_load(struct chat *c, const struct talk *t, const struct entry_id *id,
                   struct note *out) MUST_CHECK;
void note_save(struct chat *c, const struct talk *t, const struct entry_id *id,
               const struct note *n);

/* ---- reactions: what an account said of an entry ---- */

struct reactions {
    uint8_t account[ACCOUNT_ID_BYTES];
    struct reaction {
        struct entry_place at; /* of what it said last of this emoji */
        bool on;
        char text[CONTENT_REACTION_MAX + 1];
    } list[NOTE_REACTIONS_MAX]; /* by rising place; the newest, when there were more */
    size_t count;
};

/** True: something is different now. */
bool reaction_take(struct chat *c, const struct talk *t, const struct entry_id *target,
                   const uint8_t account[ACCOUNT_ID_BYTES], const struct reaction *r);
/** Step through the accounts that have said something of it; start with an empty key. */
bool reactions_next(struct chat *c, const struct talk *t, const struct entry_id *target,
                    struct vault_key *key, struct reactions *out);
void reactions_drop(struct chat *c, const struct talk *t, const struct entry_id *target,
                    const uint8_t account[ACCOUNT_ID_BYTES]);

/* ---- showing.c ---- */

/** Is it something that the person sees? */
bool entry_shown(const struct chat *c, const struct note *n);
/** The entry or the notice in c->row, whose spans `out` has. ERR_CORRUPT. */
enum err entry_show(struct chat *c, const struct talk *t, const struct entry_id *id,
                    const struct note *n, struct chat_entry *out) MUST_CHECK;
enum err entry_show_notice(struct chat *c, const struct talk *t, const struct entry_place *at,
                           struct chat_entry *out) MUST_CHECK;

/* ---- reading.c ---- */

/** The line before a place, which need not be one; NULL: the last. `at`: its place.
 * ERR_NOT_FOUND. */
enum err entry_before(struct chat *c, const struct talk *t, const struct entry_place *place,
                      struct entry_place *at, struct chat_entry *out) MUST_CHECK;

/* ---- rows.c: the entry itself ---- */

struct row_key entry_key(const struct talk *t, const struct entry_place *place);

/** A row of the table of entries. ERR_FORMAT. */
enum err entry_row(struct span row, struct entry_author *author, struct span *entry) MUST_CHECK;

/** What it says, from memory or the vault, decoded; spans are those of `keep`, which is cleared
 * first. OK; ERR_NOT_FOUND; ERR_CORRUPT; ERR_MEMORY. */
enum err entry_read(struct chat *c, const struct talk *t, const struct entry_place *place,
                    struct buf *keep, struct entry_author *author, struct content *out) MUST_CHECK;
