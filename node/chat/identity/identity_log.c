/* Logs: events in order, the states between them, and the form that is sent. */
#include "node/chat/identity/identity_log.h"

#include <stdlib.h>

void log_entry_free(struct log_entry *e)
{
    if (e != NULL)
        buf_clear(&e->bytes);
    free(e);
}

void identity_log_free(struct identity_log *log)
{
    if (log == NULL)
        return;
    for (size_t i = 0; i < log->count; i++)
        log_entry_free(log->entries[i]);
    free(log->entries);
    free(log);
}

const struct identity *identity_log_now(const struct identity_log *log)
{
    return &log->now;
}

static bool changes_keys(enum identity_type type)
{
    return type == IDENTITY_ROTATE_ROOT || type == IDENTITY_RECOVER;
}

static enum err make_room(struct identity_log *log)
{
    size_t cap = log->cap == 0 ? 8 : 2 * log->cap;

    if (log->count == IDENTITY_EVENTS_MAX)
        return ERR_LIMIT;
    if (log->count < log->cap)
        return OK;
    struct log_entry **entries = realloc(log->entries, cap * sizeof(*entries));
    if (entries == NULL)
        return ERR_MEMORY;
    log->entries = entries;
    log->cap = cap;
    return OK;
}

enum err log_entry_keep(struct identity_log *log, const struct log_entry *e)
{
    TRY(make_room(log));
    struct log_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL)
        return ERR_MEMORY;
    *entry = *e;
    entry->bytes = BUF_INIT(IDENTITY_EVENT_BYTES_MAX);
    enum err err = buf_append(&entry->bytes, buf_span(&e->bytes));
    if (err != OK) {
        log_entry_free(entry);
        return err;
    }
    log->entries[log->count++] = entry;
    log->now = e->after;
    return OK;
}

static enum err keep(struct identity_log *log, const struct identity_event *e, struct span bytes,
                     const struct identity *after, bool partial)
{
    struct log_entry entry = {.bytes = BUF_INIT(IDENTITY_EVENT_BYTES_MAX),
                              .type = e->type,
                              .after = *after,
                              .partial = partial};
    enum err err = buf_append(&entry.bytes, bytes);

    if (err == OK)
        err = log_entry_keep(log, &entry);
    buf_clear(&entry.bytes);
    return err;
}

enum err identity_log_append(struct identity_log *log, struct span event)
{
    struct identity_event e;
    struct identity after;

    TRY(identity_event_decode(event, &e));
    TRY(identity_apply(log->count == 0 ? NULL : &log->now, &e, &after));
    return keep(log, &e, event, &after, false);
}

/* Before the checkpoint events may be missing; behind it none. */
static enum err take_sent(struct identity_log *log, struct span bytes)
{
    const struct log_entry *last = log->count == 0 ? NULL : log->entries[log->count - 1];
    struct identity_event e;
    struct identity after;

    TRY(identity_event_decode(bytes, &e));
    bool next = last == NULL || e.seq == last->after.seq + 1;
    if (next && !(last != NULL && last->partial)) {
        TRY(identity_apply(last == NULL ? NULL : &last->after, &e, &after));
        return keep(log, &e, bytes, &after, false);
    }
    if (log->closed)
        return ERR_PROTOCOL;
    if (next && memcmp(e.prev, last->after.head, 32) != 0)
        return ERR_PROTOCOL;
    TRY(identity_apply_after_gap(&last->after, &e, &after));
    log->closed = e.type == IDENTITY_CHECKPOINT;
    return keep(log, &e, bytes, &after, !log->closed);
}

enum err identity_log_new(struct identity_log **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? ERR_MEMORY : OK;
}

enum err identity_log_read(struct span in, struct identity_log **out)
{
    struct pack_reader r;
    struct identity_log *log;

    *out = NULL;
    if (in.len > IDENTITY_SENT_BYTES_MAX)
        return ERR_LIMIT;
    TRY(pack_open(in, &r));
    size_t count = pack_read_array(&r, 1, PACK_ITEMS_MAX);
    TRY(r.err);
    if ((log = calloc(1, sizeof *log)) == NULL)
        return ERR_MEMORY;
    enum err err = OK;
    for (size_t i = 0; i < count && err == OK; i++)
        err = take_sent(log, pack_read_raw(&r));
    if (err == OK && log->entries[log->count - 1]->partial)
        err = ERR_PROTOCOL;
    if (err == OK)
        err = pack_end(&r);
    if (err != OK) {
        identity_log_free(log);
        return err;
    }
    *out = log;
    return OK;
}

/* ---- the form that is sent ---- */

static size_t last_checkpoint(const struct identity_log *log)
{
    for (size_t i = log->count; i > 0; i--)
        if (log->entries[i - 1]->type == IDENTITY_CHECKPOINT)
            return i - 1;
    return 0;
}

static bool is_sent(const struct identity_log *log, size_t i, size_t checkpoint)
{
    return i == 0 || i >= checkpoint || changes_keys(log->entries[i]->type);
}

enum err identity_log_write(const struct identity_log *log, struct buf *out)
{
    size_t checkpoint = last_checkpoint(log), from = out->len, count = 0;
    struct pack_writer w = pack_writer_to(out);

    for (size_t i = 0; i < log->count; i++)
        count += is_sent(log, i, checkpoint);
    pack_write_array(&w, count);
    for (size_t i = 0; i < log->count; i++)
        if (is_sent(log, i, checkpoint))
            pack_write_raw(&w, buf_span(&log->entries[i]->bytes));
    enum err err = pack_writer_status(&w);
    if (err == OK && out->len - from > IDENTITY_SENT_BYTES_MAX)
        err = ERR_LIMIT;
    if (err != OK)
        buf_truncate(out, from);
    return err;
}

bool identity_log_wants_checkpoint(const struct identity_log *log)
{
    size_t last = last_checkpoint(log);

    return log->count - last > IDENTITY_CHECKPOINT_EVENTS;
}

struct span identity_log_event(const struct identity_log *log, uint64_t seq)
{
    const struct log_entry *e = log_entry_at(log, seq);

    return e == NULL ? SPAN_EMPTY : buf_span(&e->bytes);
}

const struct log_entry *log_entry_at(const struct identity_log *log, uint64_t seq)
{
    size_t low = 0, high = log->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (log->entries[middle]->after.seq < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low < log->count && log->entries[low]->after.seq == seq ? log->entries[low] : NULL;
}
