/* The inside of a log: private to identity_log.c and identity_fork.c. */
#pragma once

#include "node/chat/identity/identity.h"

struct log_entry {
    struct buf bytes;
    enum identity_type type;
    struct identity after; /* the state that it made; its seq and head are this event's */
    bool partial;          /* read after a gap: keys only, a checkpoint is still to come */
};

struct identity_log {
    struct log_entry **entries; /* by rising seq; gaps only before a checkpoint */
    size_t count, cap;
    bool closed; /* reading: the checkpoint has come, no more gaps */
    struct identity now;
    bool frozen; /* by a fork of equal right: */
    uint64_t frozen_seq;
    int frozen_right;
};

void log_entry_free(struct log_entry *e); /* accepts NULL */

/** A copy of `e` at the end; its state becomes the log's. ERR_LIMIT, ERR_MEMORY. */
enum err log_entry_keep(struct identity_log *log, const struct log_entry *e) MUST_CHECK;

/** Drop our own events from the fork of a frozen log on, so that the fork can be ended there.
 * ERR_PROTOCOL it is not frozen, or lost, or the state before the fork is not known. */
enum err log_rewind(struct identity_log *log) MUST_CHECK;

/** The event of that number; NULL: not known. */
const struct log_entry *log_entry_at(const struct identity_log *log, uint64_t seq);
