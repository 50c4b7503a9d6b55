/* What a person sees of a conversation: lines in its order, with the edits, reactions and
 * deletions that others and we ourselves have made to them.
 *
 *     entry (in any order) -> view_apply -> lines by place; the rest changes a line
 *
 * The result depends on the set of entries alone, not on the order they came in:
 * - an edit holds when its account is the line's; of several the one behind all others;
 * - a deletion holds when its account is the line's, or the caller says that it may (`rights`);
 *   nothing brings the line back;
 * - a reaction is one of its account with one emoji: on or off, as the last of them says;
 * - the timer in force for a line is the last before it; it disappears that long after its lamport
 *   (so at the same time everywhere), content, edits and all;
 * - a profile is the last of its account.
 * Changes to a line that is not here wait for it, VIEW_WAITING_MAX of them.
 *
 * Text is as it was sent: whoever shows it keeps control characters away from the terminal.
 * Pure; lines are made anew from the entries at each start. @source CHAT.md 8
 */
#pragma once

#include "crypto/base/env.h"
#include "node/chat/content.h"

struct view;

enum view_kind {
    VIEW_TEXT, /* text, reply */
    VIEW_ATTACHMENT,
    VIEW_LONG,    /* to be fetched, then view_expand */
    VIEW_TIMER,   /* somebody set the timer */
    VIEW_PROFILE, /* somebody is called otherwise now */
    VIEW_CUSTOM,
    VIEW_UNKNOWN, /* its fallback; "needs a newer version" when there is none */
};

struct view_reaction {
    struct span emoji; /* borrowed */
    size_t count;
    bool mine;
};

struct view_line { /* spans borrowed until the view changes */
    struct entry_place place;
    struct entry_author author;
    enum view_kind kind;
    struct content content; /* as first said; not of a deleted one */
    struct span text;       /* as it reads now: edited, or the fallback */
    bool edited, deleted, mine;
    bool replies;       /* content.target is what it answers */
    int64_t expires_ms; /* wall time; 0: never */
    struct view_reaction reactions[VIEW_REACTIONS_SHOWN];
    size_t reactions_count;
};

struct view_rights { /* who may delete what others have said; pure. NULL: nobody */
    bool (*may_delete)(const void *state, const uint8_t account[32]);
    const void *state;
};

/** OK; ERR_MEMORY. @param self our account @param seed of its hash table (in) */
enum err view_new(struct view **out, const uint8_t self[32], const uint8_t seed[16],
                  const struct view_rights *rights) MUST_CHECK;
void view_free(struct view *v); /* accepts NULL */

/** Take an entry of the timeline. One that is known changes nothing.
 *
 * @param content  packed, copied (in)
 * @return OK, also for content that cannot be read (a line UNKNOWN); ERR_FULL; ERR_MEMORY
 */
enum err view_apply(struct view *v, const struct entry_place *place,
                    const struct entry_author *author, struct span content) MUST_CHECK;

/** The content of a line LONG has come. ERR_NOT_FOUND; ERR_FORMAT; ERR_MEMORY. */
enum err view_expand(struct view *v, const struct entry_id *id, struct span content) MUST_CHECK;

size_t view_count(const struct view *v);
/** The i-th line in order, i < count. */
void view_line(const struct view *v, size_t i, struct view_line *out);
/** Its index; count: no such line. */
size_t view_index(const struct view *v, const struct entry_id *id);
/** What an account calls itself; empty: nothing known. Borrowed. */
struct span view_name(const struct view *v, const uint8_t account[32]);

/** Take away what is to disappear by now.
 *
 * @param gone  the next of those taken away, whose record is to be erased (out)
 * @return false: no more
 */
bool view_expire(struct view *v, const struct env *env, struct entry_place *gone);
struct mono view_deadline(const struct view *v, const struct env *env);
