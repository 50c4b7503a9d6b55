/* What was said about an entry after it: its edits, reactions, deletion; and where it stands. */
#pragma once

#include "node/chat/talk.h"

#define NOTE_REACTIONS_MAX 64u

struct note {
    bool here; /* the entry itself is in the order, at this lamport: */
    uint64_t lamport;
    bool hidden; /* no line of its own */
    bool gone;   /* its time was over: it is erased, and is not taken again */
    int64_t vanishes_ns;
    bool edited, deleted;
    uint8_t by[32]; /* who edited or deleted: must be the author */
    uint64_t by_lamport;
    struct buf text; /* of the edit */
    struct {
        uint8_t account[32];
        char text[CONTENT_REACTION_MAX + 1];
    } reactions[NOTE_REACTIONS_MAX];
    size_t reactions_count;
};

/** Read the note of an entry; an empty one when there is none. Clear it. */
enum err note_load(struct chat *c, const struct talk *t, const struct entry_id *id,
                   struct note *out) MUST_CHECK;
void note_save(struct chat *c, const struct talk *t, const struct entry_id *id,
               const struct note *n);
void note_clear(struct note *n);
