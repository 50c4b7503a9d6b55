/* Welcomes beside their invites (welcome_ref.h): ours, laid out for those whom we invite, and
 * others', fetched when an invite refers to one.
 *
 *     welcomes_out.c   a commit brings many in -> stored -> segments, a few at a time, when the
 *                      first invite may go; again each day that an invite is sent again -> dropped
 *                      with the last invite that refers to it
 *     welcomes_in.c    an invite refers to one -> the invite is kept -> stores are read -> all
 *                      segments are here -> the invite is offered to the inbox once more
 *
 * What is fetched is not stored: until it is complete the inbox does not count as read, and after a
 * restart the invite is read from stores again.
 */
#pragma once

#include "node/chat/delivery/segments.h"
#include "node/chat/profile/welcome_ref.h"
#include "node/chat/talk.h"

/* ---- welcomes_out.c ---- */

struct welcome_segment { /* handed out */
    uint64_t token;
    size_t segment;
};

struct welcome_out { /* in the vault: "welcome:" || id -> [1, key, made ns, laid ns, blob] */
    uint8_t id[16], key[32];
    uint64_t size;             /* of the blob */
    int64_t made_ns, laid_ns;  /* wall; laid_ns: when all of it was published last; 0: not yet */
    struct segments *segments; /* NULL: not under way */
    size_t next;               /* segment to hand out */
    struct welcome_segment under_way[FILE_UNDER_WAY_MAX];
    size_t under_way_count;
    struct mono at; /* the next try */
};

/** May another one be added? */
bool welcomes_room(const struct chat *c);
/** Keep a blob for invites; its reference is appended. ERR_FULL; ERR_LIMIT; ERR_MEMORY. */
enum err welcomes_add(struct chat *c, const struct env *env, struct span blob, uint8_t id[16],
                      struct buf *reference) MUST_CHECK;
/** Is it laid out, within the last day? If not, that begins; its invites wait meanwhile. */
bool welcomes_laid(struct chat *c, const struct env *env, const uint8_t id[16]);
/** What failed is tried again. */
void welcomes_again(struct chat *c, const struct env *env);
/** The last invite that referred to it is gone. */
void welcomes_drop(struct chat *c, const uint8_t id[16]);

/* ---- welcomes_in.c ---- */

struct welcome_in {
    struct welcome_ref ref;
    bool stranger; /* the inviter has no consent of ours */
    char topic[ENVELOPE_TOPIC_BYTES];
    struct buf envelope; /* the invite, as it came */
    struct envelope_keys keys;
    struct segments *segments;
    struct buf blob; /* when it is complete */
    struct sweep sweep;
    struct mono at;
    unsigned tries;
};

struct welcome_invite { /* what referred to one */
    struct span topic, envelope;
    bool stranger;
};

/** Begin to fetch. OK, also when it is under way; ERR_LIMIT too long for a stranger's; ERR_FULL;
 * ERR_MEMORY. */
enum err welcomes_fetch(struct chat *c, const struct env *env, const struct welcome_ref *ref,
                        const struct welcome_invite *invite) MUST_CHECK;
/** The blob; empty: not here yet. Borrowed until the next call. */
struct span welcomes_blob(const struct chat *c, const struct welcome_ref *ref);
/** The invite was taken, or refused for good. */
void welcomes_done(struct chat *c, const struct welcome_ref *ref);
