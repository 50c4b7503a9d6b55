/* Two logs of one account: which of them holds. */
#include "node/chat/identity/identity_log.h"

#include <stdlib.h>

/* What a branch may claim from the fork on; the greater wins. */
enum right {
    RIGHT_ROOT,     /* signed by the root alone */
    RIGHT_ROTATED,  /* ... and the promised next root has shown itself */
    RIGHT_RECOVERED /* the key that is on no device has spoken */
};

static enum right right_from(const struct identity_log *log, uint64_t seq)
{
    enum right best = RIGHT_ROOT;

    for (size_t i = log->count; i > 0 && log->entries[i - 1]->after.seq >= seq; i--) {
        enum identity_type type = log->entries[i - 1]->type;
        if (type == IDENTITY_RECOVER)
            return RIGHT_RECOVERED;
        if (type == IDENTITY_ROTATE_ROOT)
            best = RIGHT_ROTATED;
    }
    return best;
}

/* The first event of `a` that `b`, which has gone as far, does not have. A log as sent leaves out
 * events before its checkpoint, but none that changes keys. */
static uint64_t first_missing(const struct identity_log *a, const struct identity_log *b)
{
    uint64_t end = b->entries[b->count - 1]->after.seq;

    for (size_t i = 0; i < a->count && a->entries[i]->after.seq <= end; i++) {
        const struct log_entry *mine = a->entries[i], *other = log_entry_at(b, mine->after.seq);
        bool keys = mine->type == IDENTITY_ROTATE_ROOT || mine->type == IDENTITY_RECOVER;
        if (other == NULL ? keys : memcmp(other->after.head, mine->after.head, 32) != 0)
            return mine->after.seq;
    }
    return UINT64_MAX;
}

static uint64_t first_difference(const struct identity_log *a, const struct identity_log *b)
{
    uint64_t x = first_missing(a, b), y = first_missing(b, a);

    return x < y ? x : y;
}

/* How many of our events, from the beginning, are known to be theirs as well, below `seq`. */
static size_t common(const struct identity_log *ours, const struct identity_log *theirs,
                     uint64_t seq)
{
    for (size_t i = ours->count; i > 0; i--) {
        const struct log_entry *mine = ours->entries[i - 1];
        if (mine->after.seq < seq && log_entry_at(theirs, mine->after.seq) != NULL)
            return i;
    }
    return 0;
}

/* The first `keep` events of ours, then theirs that come after these. All or nothing. */
static enum err splice(struct identity_log *ours, const struct identity_log *theirs, size_t kept)
{
    struct identity_log joined = {0};
    uint64_t last = ours->entries[kept - 1]->after.seq;
    enum err err = OK;

    for (size_t i = 0; i < kept && err == OK; i++)
        err = log_entry_keep(&joined, ours->entries[i]);
    for (size_t i = 0; i < theirs->count && err == OK; i++)
        if (theirs->entries[i]->after.seq > last)
            err = log_entry_keep(&joined, theirs->entries[i]);
    struct identity_log drop = err == OK ? *ours : joined;
    if (err == OK) {
        joined.frozen = ours->frozen;
        joined.frozen_seq = ours->frozen_seq;
        joined.frozen_right = ours->frozen_right;
        *ours = joined;
    }
    for (size_t i = 0; i < drop.count; i++)
        log_entry_free(drop.entries[i]);
    free(drop.entries);
    return err;
}

/* Trust as it was before the fork. Where the state before it is not known, nobody is trusted. */
static void freeze(struct identity_log *log)
{
    enum identity_status status =
        log->frozen_right == RIGHT_RECOVERED ? IDENTITY_LOST : IDENTITY_FROZEN;
    struct identity before = log->entries[0]->after;
    bool known = false;

    for (size_t i = 0; i < log->count && log->entries[i]->after.seq < log->frozen_seq; i++) {
        before = log->entries[i]->after;
        known = before.seq + 1 == log->frozen_seq && !log->entries[i]->partial;
    }
    if (!known)
        before.installations.count = 0;
    before.status = status;
    log->now = before;
}

/* After the events changed: is it still undecided? */
static void decide(struct identity_log *log)
{
    if (log->frozen && (log->frozen_right == RIGHT_RECOVERED ||
                        (int)right_from(log, log->frozen_seq) <= log->frozen_right))
        freeze(log);
    else
        log->frozen = false;
}

bool identity_log_frozen(const struct identity_log *log, uint64_t *seq, uint64_t *right)
{
    *seq = log->frozen_seq;
    *right = (uint64_t)log->frozen_right;
    return log->frozen;
}

void identity_log_freeze(struct identity_log *log, uint64_t seq, uint64_t right)
{
    if (right > RIGHT_RECOVERED || seq > log->now.seq || log->frozen)
        return;
    log->frozen = true;
    log->frozen_seq = seq;
    log->frozen_right = (int)right;
    decide(log);
}

enum err log_rewind(struct identity_log *log)
{
    size_t kept = log->count;

    if (!log->frozen || log->now.status != IDENTITY_FROZEN)
        return ERR_PROTOCOL;
    while (kept > 0 && log->entries[kept - 1]->after.seq >= log->frozen_seq)
        kept--;
    if (kept == 0 || log->entries[kept - 1]->after.seq + 1 != log->frozen_seq ||
        log->entries[kept - 1]->partial)
        return ERR_PROTOCOL;
    while (log->count > kept)
        log_entry_free(log->entries[--log->count]);
    log->now = log->entries[kept - 1]->after;
    log->frozen = false;
    return OK;
}

static enum err note(const struct identity_log *ours, const struct identity_log *theirs,
                     uint64_t seq, struct identity_fork *fork)
{
    fork->seq = seq;
    TRY(buf_append(&fork->ours, identity_log_event(ours, seq)));
    return buf_append(&fork->theirs, identity_log_event(theirs, seq));
}

void identity_fork_clear(struct identity_fork *f)
{
    buf_clear(&f->ours);
    buf_clear(&f->theirs);
}

static enum err settle_fork(struct identity_log *ours, const struct identity_log *theirs,
                            uint64_t seq, enum identity_verdict *verdict)
{
    enum right we = right_from(ours, seq), they = right_from(theirs, seq);

    if (we > they) {
        *verdict = IDENTITY_KEPT;
        return OK;
    }
    if (they > we) {
        size_t kept = common(ours, theirs, seq);
        TRY(splice(ours, theirs, kept));
        decide(ours);
        *verdict = ours->frozen ? IDENTITY_FORKED : IDENTITY_REPLACED;
        return OK;
    }
    if (!ours->frozen || seq < ours->frozen_seq || (int)we > ours->frozen_right) {
        ours->frozen = true;
        ours->frozen_seq = seq;
        ours->frozen_right = (int)we;
    }
    freeze(ours);
    *verdict = IDENTITY_FORKED;
    return OK;
}

/* Theirs, which we have put together ourselves, has met a fork that ours has not heard of. */
static bool frozen_with(struct identity_log *ours, const struct identity_log *theirs)
{
    if (ours->frozen || !theirs->frozen)
        return ours->frozen;
    ours->frozen = true;
    ours->frozen_seq = theirs->frozen_seq;
    ours->frozen_right = theirs->frozen_right;
    decide(ours);
    return ours->frozen;
}

enum err identity_log_merge(struct identity_log *ours, const struct identity_log *theirs,
                            enum identity_verdict *verdict, struct identity_fork *fork)
{
    uint64_t mine = ours->entries[ours->count - 1]->after.seq,
             other = theirs->entries[theirs->count - 1]->after.seq;

    *fork = (struct identity_fork){.ours = BUF_INIT(IDENTITY_EVENT_BYTES_MAX),
                                   .theirs = BUF_INIT(IDENTITY_EVENT_BYTES_MAX)};
    if (memcmp(ours->now.account, theirs->now.account, 32) != 0)
        return ERR_ARGUMENT;
    uint64_t seq = first_difference(ours, theirs);
    if (seq != UINT64_MAX) {
        enum err err = note(ours, theirs, seq, fork);
        if (err == OK)
            err = settle_fork(ours, theirs, seq, verdict);
        if (err != OK)
            identity_fork_clear(fork);
        return err;
    }
    *verdict = other < mine ? IDENTITY_OLDER : IDENTITY_SAME;
    bool was = ours->frozen;
    if (other > mine) {
        TRY(splice(ours, theirs, ours->count));
        decide(ours);
        *verdict = IDENTITY_EXTENDED;
    }
    if (frozen_with(ours, theirs) && (other > mine || !was))
        *verdict = IDENTITY_FORKED;
    return OK;
}
