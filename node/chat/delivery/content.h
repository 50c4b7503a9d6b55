/* Content: what an entry says, or what a message says in passing (typing, receipts).
 *
 * Packed (crypto/pack): [domain, tag, version, payload, fallback, extensions]. Domain 1 is ours,
 * and its tags are below; every other is an application's. payload is bytes: for our tags, version
 * 1, a packed array of the fields that the tag's row in content.c names, and extensions at its end.
 * fallback is text for those who do not know the type.
 *
 * Extension CONTENT_EXT_VANISHES, not critical, is a packed number: the entry disappears so many
 * seconds after its lamport. Each entry bears its own, so it does not matter what else is here.
 *
 * Content that is not known (domain, tag, version or a critical extension) is no error: it is
 * handed on as it stands with `known` false, kept, and shown by its fallback; an update of the
 * program can read it later.
 *
 * @source CHAT.md 8; logos-lips contentframe (domain and tag)
 */
#pragma once

#include "node/chat/delivery/entry.h"

#define CONTENT_DOMAIN       1u
#define CONTENT_EXT_VANISHES 1u

enum content_tag { /* of domain 1; numbers on the wire */
    CONTENT_TEXT = 1,
    CONTENT_REPLY = 2,      /* target and text */
    CONTENT_REACTION = 3,   /* target, the emoji as text, on or off */
    CONTENT_EDIT = 4,       /* target and its new text; by the target's account */
    CONTENT_DELETE = 5,     /* target; by the target's account */
    CONTENT_RECEIPT = 6,    /* in passing: read up to the place (lamport, target) */
    CONTENT_TYPING = 7,     /* in passing: on or off */
    CONTENT_ATTACHMENT = 8, /* a file in segments (segments.h); text is its caption */
    CONTENT_TIMER = 9,      /* what is said from here on is to disappear after so many seconds, and
                               says so itself; 0: never */
    CONTENT_PROFILE = 10,   /* what to call me: name, and a text about me */
    CONTENT_CUSTOM = 11,    /* name of the application's type, bytes */
    CONTENT_LONG = 12,      /* content that is too long for an entry, in segments */
    CONTENT_WANTED = 13, /* in passing: target, an attachment, and bytes: which segments of it are
                            nowhere (bit i % 8 of byte i / 8), to be published again */
    CONTENT_DECISIONS = 14, /* of self/1: what the person decided (decisions.h) */
};

struct content {
    uint64_t domain, tag, version;
    struct span payload, fallback; /* as they stand; the payload of known content is made of: */
    struct pack_extensions extensions;
    uint64_t vanishes_s; /* of the extension, 1..CONTENT_TIMER_S_MAX; 0: it stays */
    bool known;
    /* which of these it has is the tag's row; spans are borrowed */
    struct entry_id target;
    struct span text, name, media_type, bytes;
    bool on;
    uint64_t lamport, seconds, size;
    uint8_t hash[32], root[32], key[32]; /* of a file: segments.h */
};

/** Read. OK, also when it is not known; ERR_FORMAT malformed, also a known type's payload;
 * ERR_LIMIT over ENTRY_CONTENT_MAX or too deep. */
enum err content_decode(struct span in, struct content *out) MUST_CHECK;

/** Append the encoding of content of domain 1, version 1 (filled in here), with the extension if
 * `vanishes_s` is not 0.
 *
 * @return OK; ERR_ARGUMENT no such tag, a field out of its bounds, or text that is no UTF-8;
 *         ERR_FULL; ERR_MEMORY
 */
enum err content_encode(const struct content *c, struct buf *out) MUST_CHECK;

/** Append the encoding of an application's own content: domain, tag, version, payload and fallback
 * as given. ERR_ARGUMENT our domain. */
enum err content_encode_foreign(const struct content *c, struct buf *out) MUST_CHECK;

/** Is it said in passing: never an entry, never kept? */
bool content_passes(const struct content *c);

/** Does it change another entry, its target (and is no line of its own)? */
bool content_changes(const struct content *c);
