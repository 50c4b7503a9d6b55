/* What the store thread does: commits, and removing what is too old. */
#include "store/lmdb.h"

#include <stdlib.h>

struct commit {
    struct archive_batch *batch;
    size_t *sorted; /* items in order of (time, hash), each hash once */
    bool *known;    /* per item: stored earlier, or twice in the batch */
    size_t count;   /* of sorted */
    struct archive_entry *entries;
    const struct archive_entry **fresh; /* to be written, in order */
    size_t fresh_count;
    int64_t min_ns, max_ns;
};

static void commit_clear(struct commit *c)
{
    free(c->sorted);
    free(c->known);
    free(c->entries);
    free(c->fresh);
}

static enum err commit_init(struct commit *c, struct archive_batch *b)
{
    *c = (struct commit){.batch = b};
    c->sorted = malloc(b->count * sizeof *c->sorted);
    c->known = calloc(b->count, sizeof *c->known);
    c->entries = malloc(b->count * sizeof *c->entries);
    c->fresh = malloc(b->count * sizeof *c->fresh);
    if (c->sorted == NULL || c->known == NULL || c->entries == NULL || c->fresh == NULL)
        return ERR_MEMORY;
    c->count = batch_sort(b, c->sorted, c->known);
    if (c->count == SIZE_MAX)
        return ERR_MEMORY;
    c->min_ns = b->items[c->sorted[0]].timestamp_ns;
    c->max_ns = b->items[c->sorted[c->count - 1]].timestamp_ns;
    return OK;
}

/* Equal hashes have equal times, so only segments around that time can have the entry. */
static enum err mark_known_in(struct commit *c, struct segment *s)
{
    struct view *v = malloc(sizeof *v);
    if (v == NULL)
        return ERR_MEMORY;
    enum err err = view_begin(v, s);
    if (err != OK) {
        free(v);
        return err;
    }
    for (size_t i = 0; i < c->count && err == OK; i++) {
        const struct batch_item *item = &c->batch->items[c->sorted[i]];
        struct record r;
        if (item->timestamp_ns < v->meta.min_ns || item->timestamp_ns > v->meta.max_ns)
            continue;
        err = view_find(v, item->hash, &r);
        if (err == OK)
            c->known[c->sorted[i]] = true;
        else if (err == ERR_NOT_FOUND)
            err = OK;
    }
    view_end(v);
    free(v);
    return err;
}

static enum err mark_known(struct archive_lmdb *a, struct commit *c)
{
    for (size_t i = a->count; i > 0; i--) { /* this thread alone changes the list */
        const struct segment_meta *m = &a->segments[i - 1]->last;
        if (m->entries > 0 && m->min_ns <= c->max_ns && m->max_ns >= c->min_ns)
            TRY(mark_known_in(c, a->segments[i - 1]));
    }
    for (size_t i = 0; i < c->count; i++) {
        size_t at = c->sorted[i];
        if (c->known[at])
            continue;
        c->entries[at] = archive_batch_entry(c->batch, at);
        c->fresh[c->fresh_count++] = &c->entries[at];
    }
    return OK;
}

static bool must_roll(const struct archive_lmdb *a, const struct commit *c)
{
    const struct segment *s = a->active;
    if (s == NULL)
        return true;
    if (s->last.entries == 0)
        return false;
    return a->active_failed || segment_bytes(s) >= a->segment_bytes ||
           s->last.entries >= a->segment_entries ||
           s->last.next_block >= ARCHIVE_BLOCKS_MAX - ARCHIVE_BATCH_MAX ||
           (c->max_ns > s->last.base_ns &&
            (uint64_t)c->max_ns - (uint64_t)s->last.base_ns > (uint64_t)a->segment_span_ns);
}

/* LMDB says EIO when a write was cut short, which is how most disks say that they are full. */
static enum err tell_full_disk(const struct archive_lmdb *a, const struct commit *c)
{
    uint64_t bytes = 2 * (uint64_t)archive_batch_bytes(c->batch) + (1u << 20);
    return folder_probe(a->folder, bytes) == ERR_DISK_FULL ? ERR_DISK_FULL : ERR_IO;
}

static enum err write_fresh(struct archive_lmdb *a, struct commit *c)
{
    struct segment_meta after;
    if (must_roll(a, c))
        TRY(lmdb_roll(a));
    enum err err = segment_write(a->active, c->fresh, c->fresh_count, &after);
    if (err == OK) {
        mtx_lock(&a->mutex);
        a->active->last = after;
        mtx_unlock(&a->mutex);
    }
    if (err == ERR_IO)
        err = tell_full_disk(a, c);
    a->active_failed = err == ERR_IO;
    return err;
}

enum err lmdb_commit(struct archive *base, struct archive_batch *b)
{
    struct archive_lmdb *a = (struct archive_lmdb *)base;
    struct commit c;
    enum err err = commit_init(&c, b);
    if (err == OK)
        err = mark_known(a, &c);
    if (err == OK && c.fresh_count > 0)
        err = write_fresh(a, &c);
    for (size_t i = 0; err == OK && i < b->count; i++)
        b->items[i].outcome = c.known[i] ? ARCHIVE_DUPLICATE : ARCHIVE_STORED;
    commit_clear(&c);
    return err;
}

/* ---- retention ---- */

static size_t oldest(const struct archive_lmdb *a)
{
    size_t at = 0;
    for (size_t i = 1; i < a->count; i++)
        if (a->segments[i]->last.max_ns < a->segments[at]->last.max_ns)
            at = i;
    return at;
}

static bool must_go(const struct archive_lmdb *a, const struct segment *s,
                    const struct retention *keep, int64_t now_ns, const struct archive_stats *all)
{
    if (s->last.entries == 0 && s != a->active)
        return true;
    if (s->last.entries == 0)
        return false;
    if (keep->time_ns > 0 && now_ns > keep->time_ns && s->last.max_ns < now_ns - keep->time_ns)
        return true;
    if (keep->size_bytes > 0 && all->bytes > keep->size_bytes && all->segments > 1)
        return true;
    return keep->capacity > 0 && all->entries - s->last.entries >= keep->capacity;
}

enum err lmdb_retain(struct archive *base, const struct retention *keep, int64_t now_ns,
                     struct archive_stats *removed)
{
    struct archive_lmdb *a = (struct archive_lmdb *)base;
    for (;;) {
        struct archive_stats all;
        TRY(archive_stats(base, &all));
        if (a->count == 0)
            return OK;
        size_t at = oldest(a);
        const struct segment *s = a->segments[at];
        if (!must_go(a, s, keep, now_ns, &all))
            return OK;
        if (removed->segments == 0)
            removed->oldest_ns = s->last.min_ns;
        removed->newest_ns = s->last.max_ns;
        removed->segments++;
        removed->entries += s->last.entries;
        removed->bytes += segment_bytes(s);
        lmdb_remove(a, at);
    }
}
