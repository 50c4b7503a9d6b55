/* Queries: every one is a range scan over sorted runs, merged by (time, hash). */
#include "store/lmdb.h"

#include "crypto/base/arena.h"
#include "crypto/base/heap.h"

#include <stdlib.h>

#define QUERY_SCRATCH_BYTES (64u << 20) /* scans of all topics in all runs, at the very most */
#define QUERY_IDS_MAX       4096u       /* pairs of topics in one segment */

/* ---- pins ---- */

enum err pins_take(struct archive_lmdb *a, struct pins *out)
{
    *out = (struct pins){.archive = a};
    mtx_lock(&a->mutex);
    size_t n = a->count == 0 ? 1 : a->count;
    out->segments = malloc(n * sizeof(struct segment *));
    out->views = calloc(n, sizeof(struct view *));
    out->metas = malloc(n * sizeof *out->metas);
    bool memory = out->segments != NULL && out->views != NULL && out->metas != NULL;
    if (memory)
        for (; out->count < a->count; out->count++) {
            struct segment *s = a->segments[out->count];
            s->refs++;
            out->segments[out->count] = s;
            out->metas[out->count] = s->last;
        }
    mtx_unlock(&a->mutex);
    enum err err = memory ? OK : ERR_MEMORY;
    for (size_t i = out->count; i > 0 && err == OK; i--) {
        /* the newest one may grow meanwhile: from here on all look at one state of it */
        struct view *v;
        if (out->segments[i - 1]->writable && (err = pins_view(out, i - 1, &v)) == OK)
            out->metas[i - 1] = v->meta;
    }
    if (err != OK)
        pins_drop(out);
    return err;
}

void pins_drop(struct pins *p)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->views[i] != NULL) {
            view_end(p->views[i]);
            free(p->views[i]);
        }
        segment_unref(p->archive, p->segments[i]);
    }
    free(p->segments);
    free(p->views);
    free(p->metas);
    p->count = 0;
}

enum err pins_view(struct pins *p, size_t i, struct view **out)
{
    if (p->views[i] == NULL) {
        struct view *v = malloc(sizeof *v);
        if (v == NULL)
            return ERR_MEMORY;
        enum err err = view_begin(v, p->segments[i]);
        if (err != OK) {
            free(v);
            return err;
        }
        p->views[i] = v;
    }
    *out = p->views[i];
    return OK;
}

/* ---- the query ---- */

struct scan { /* one id in one run */
    struct heap_node node;
    struct view *view;
    const struct run *run;
    size_t at; /* of the item under `record` */
    uint32_t id;
    bool forward;
    struct record record;
};

struct asking {
    const struct archive_query *q;
    struct pins pins;
    struct arena arena;
    struct heap heap;
    int64_t start_ns, end_ns; /* of the query, cut by the cursor */
    int64_t cursor_ns;
    size_t *order; /* segments in the order in which the scan reaches them */
    size_t opened; /* so many of them */
    uint32_t ids[QUERY_IDS_MAX];
    size_t ids_count;
    struct found found[ARCHIVE_PAGE_MAX];
    size_t count, bytes;
    bool more;
};

static enum err find_anywhere(struct asking *k, const uint8_t *hash, struct view **view,
                              struct record *out)
{
    for (size_t i = k->pins.count; i > 0; i--) {
        if (k->pins.metas[i - 1].entries == 0)
            continue;
        TRY(pins_view(&k->pins, i - 1, view));
        enum err err = view_find(*view, hash, out);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_NOT_FOUND;
}

static enum err apply_cursor(struct asking *k)
{
    struct view *v;
    struct record r;
    if (k->q->cursor == NULL)
        return OK;
    TRY(find_anywhere(k, k->q->cursor, &v, &r));
    k->cursor_ns = r.timestamp_ns;
    if (k->q->forward && k->start_ns < r.timestamp_ns)
        k->start_ns = r.timestamp_ns;
    if (!k->q->forward && k->end_ns > r.timestamp_ns)
        k->end_ns = r.timestamp_ns;
    return OK;
}

static bool behind_cursor(const struct asking *k, const struct record *r)
{
    if (k->q->cursor == NULL)
        return true;
    int order = entry_cmp(r->timestamp_ns, r->hash, k->cursor_ns, k->q->cursor);
    return k->q->forward ? order > 0 : order < 0;
}

/* Take one more entry into the page; false: the page is full, and `more` says that it exists. */
static bool take(struct asking *k, const struct found *f)
{
    bool full =
        k->count == query_limit(k->q) ||
        (k->count > 0 && k->q->include_data && k->bytes + f->message.len > query_page_bytes(k->q));
    if (full) {
        k->more = true;
        return false;
    }
    k->bytes += f->message.len;
    k->found[k->count++] = *f;
    return true;
}

static enum err name(const struct view *v, const struct record *r, bool wanted, struct found *f)
{
    *f = (struct found){r->timestamp_ns, r->hash, SPAN_EMPTY, SPAN_EMPTY, r->message};
    return wanted ? view_names(v, r->pair, &f->content_topic, &f->pubsub_topic) : OK;
}

/* ---- by hash ---- */

static int ascending(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    return entry_cmp(x->timestamp_ns, x->hash, y->timestamp_ns, y->hash);
}

static enum err look_up(struct asking *k, const uint8_t *hash, struct found *f, size_t *count)
{
    struct view *v;
    struct record r;
    enum err err = find_anywhere(k, hash, &v, &r);
    if (err != OK)
        return err == ERR_NOT_FOUND ? OK : err;
    if (r.timestamp_ns < k->start_ns || r.timestamp_ns > k->end_ns || !behind_cursor(k, &r))
        return OK;
    bool filtered = k->q->pubsub_topic.len > 0 || k->q->content_topics_count > 0;
    TRY(name(v, &r, filtered || query_wants_topics(k->q), &f[*count]));
    if (!filtered || query_topics_match(k->q, f[*count].content_topic, f[*count].pubsub_topic))
        (*count)++;
    return OK;
}

static enum err ask_hashes(struct asking *k)
{
    size_t n = 0;
    struct found *f = arena_alloc(&k->arena, k->q->hashes_count * sizeof *f);
    if (f == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < k->q->hashes_count; i++)
        TRY(look_up(k, k->q->hashes[i], f, &n));
    qsort(f, n, sizeof *f, ascending);
    for (size_t i = 0; i < n; i++) {
        size_t at = k->q->forward ? i : n - 1 - i;
        size_t before = k->q->forward ? at - 1 : at + 1;
        if (i > 0 && f[at].hash == f[before].hash)
            continue; /* asked for twice */
        if (!take(k, &f[at]))
            break;
    }
    return OK;
}

/* ---- by topics and time ---- */

static bool scan_before(const struct heap_node *a, const struct heap_node *b)
{
    const struct scan *x = (const void *)a, *y = (const void *)b; /* node is the first member */
    int order =
        entry_cmp(x->record.timestamp_ns, x->record.hash, y->record.timestamp_ns, y->record.hash);
    return x->forward ? order < 0 : order > 0;
}

/* Read the item at s->at; false when the scan has left its id or its times. */
static enum err scan_load(const struct asking *k, struct scan *s, bool *in_range)
{
    *in_range = false;
    if (s->at >= s->run->count)
        return OK;
    const uint8_t *item = s->run->items + s->at * KEY_ITEM_BYTES;
    int64_t ns = get_time(item + 4);
    if (get_be(item, 4) != s->id || ns < k->start_ns || ns > k->end_ns)
        return OK;
    TRY(view_record(s->view, run_place(item, KEY_ITEM_BYTES), &s->record));
    *in_range = true;
    return s->record.timestamp_ns == ns ? OK : ERR_CORRUPT;
}

static void scan_step(struct scan *s)
{
    s->at = s->forward ? s->at + 1 : s->at - 1; /* below 0 is beyond the end, too */
}

static void scan_seek(const struct asking *k, struct scan *s)
{
    struct run_ties ties = view_ties(s->view);
    const uint8_t *cursor = k->q->cursor;
    if (s->forward) {
        bool tie = cursor != NULL && k->cursor_ns == k->start_ns;
        s->at = run_key_seek(s->run, s->id, k->start_ns, tie ? cursor : NULL, &ties);
        return;
    }
    if (cursor != NULL && k->cursor_ns == k->end_ns)
        s->at = run_key_seek(s->run, s->id, k->end_ns, cursor, &ties);
    else if (k->end_ns == INT64_MAX)
        s->at = run_key_seek(s->run, s->id + 1, INT64_MIN, NULL, &ties);
    else
        s->at = run_key_seek(s->run, s->id, k->end_ns + 1, NULL, &ties);
    s->at--;
}

static enum err begin_scan(struct asking *k, struct view *v, const struct run *run, uint32_t id)
{
    struct scan first = {.view = v, .run = run, .id = id, .forward = k->q->forward};
    bool in_range;
    scan_seek(k, &first);
    TRY(scan_load(k, &first, &in_range));
    if (in_range && !behind_cursor(k, &first.record)) { /* the cursor itself */
        scan_step(&first);
        TRY(scan_load(k, &first, &in_range));
    }
    if (!in_range)
        return OK;
    struct scan *s = arena_alloc(&k->arena, sizeof *s);
    if (s == NULL)
        return ERR_MEMORY;
    *s = first;
    return heap_insert(&k->heap, &s->node);
}

static enum err add_id(void *state, uint32_t id)
{
    struct asking *k = state;
    for (size_t i = 0; i < k->ids_count; i++)
        if (k->ids[i] == id)
            return OK; /* a topic named twice */
    if (k->ids_count == QUERY_IDS_MAX)
        return ERR_LIMIT;
    k->ids[k->ids_count++] = id;
    return OK;
}

static enum err gather_ids(struct asking *k, const struct view *v)
{
    const struct archive_query *q = k->q;
    uint32_t id;
    k->ids_count = 0;
    if (q->content_topics_count == 0 && q->pubsub_topic.len == 0)
        return add_id(k, TOPIC_ALL);
    if (q->content_topics_count == 0) {
        enum err err = view_topic(v, q->pubsub_topic, &id);
        return err == OK ? add_id(k, id) : err == ERR_NOT_FOUND ? OK : err;
    }
    for (size_t i = 0; i < q->content_topics_count; i++) {
        enum err err;
        if (q->pubsub_topic.len == 0)
            err = view_pairs(v, q->content_topics[i], add_id, k);
        else if ((err = view_pair(v, q->content_topics[i], q->pubsub_topic, &id)) == OK)
            err = add_id(k, id);
        if (err != OK && err != ERR_NOT_FOUND)
            return err;
    }
    return OK;
}

static enum err open_segment(struct asking *k, size_t i)
{
    struct view *v;
    const struct segment_meta *m = &k->pins.metas[i];
    if (m->entries == 0 || m->max_ns < k->start_ns || m->min_ns > k->end_ns)
        return OK;
    TRY(pins_view(&k->pins, i, &v));
    TRY(gather_ids(k, v));
    for (size_t r = 0; r < v->keys_count; r++)
        for (size_t n = 0; n < k->ids_count; n++)
            TRY(begin_scan(k, v, &v->keys[r], k->ids[n]));
    return OK;
}

/* Segments whose first entry (in our direction) is not behind the best candidate join the merge. */
static enum err open_reached(struct asking *k)
{
    for (; k->opened < k->pins.count; k->opened++) {
        size_t i = k->order[k->opened];
        const struct scan *best = (const void *)heap_peek(&k->heap);
        const struct segment_meta *m = &k->pins.metas[i];
        if (best != NULL && (k->q->forward ? m->min_ns > best->record.timestamp_ns
                                           : m->max_ns < best->record.timestamp_ns))
            return OK;
        TRY(open_segment(k, i));
    }
    return OK;
}

static bool order_before(const struct asking *k, size_t a, size_t b)
{
    const struct segment_meta *m = k->pins.metas;
    return k->q->forward ? m[a].min_ns < m[b].min_ns : m[a].max_ns > m[b].max_ns;
}

/* Nearly sorted already, or in reverse: insertion from the right end. */
static enum err order_segments(struct asking *k)
{
    size_t n = k->pins.count;
    k->order = arena_alloc(&k->arena, (n == 0 ? 1 : n) * sizeof *k->order);
    if (k->order == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++) {
        size_t next = k->q->forward ? i : n - 1 - i, at = i;
        for (; at > 0 && order_before(k, next, k->order[at - 1]); at--)
            k->order[at] = k->order[at - 1];
        k->order[at] = next;
    }
    return OK;
}

static enum err ask_scan(struct asking *k)
{
    TRY(order_segments(k));
    for (;;) {
        TRY(open_reached(k));
        struct scan *s = (void *)heap_peek(&k->heap);
        struct found f;
        bool in_range;
        if (s == NULL)
            return OK;
        TRY(name(s->view, &s->record, query_wants_topics(k->q), &f));
        if (!take(k, &f))
            return OK;
        scan_step(s);
        TRY(scan_load(k, s, &in_range));
        if (in_range)
            heap_moved(&k->heap, &s->node);
        else
            heap_remove(&k->heap, &s->node);
    }
}

enum err lmdb_query(struct archive *base, const struct archive_query *q, struct archive_page *p)
{
    struct asking *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_MEMORY;
    k->q = q;
    k->start_ns = q->time_start_ns;
    k->end_ns = q->time_end_ns;
    arena_init(&k->arena, QUERY_SCRATCH_BYTES);
    heap_init(&k->heap, scan_before);
    enum err err = pins_take((struct archive_lmdb *)base, &k->pins);
    if (err == OK) {
        err = apply_cursor(k);
        if (err == OK)
            err = q->hashes_count > 0 ? ask_hashes(k) : ask_scan(k);
        if (err == OK)
            err = page_fill(p, q, k->found, k->count, k->more);
        pins_drop(&k->pins);
    }
    heap_clear(&k->heap);
    arena_clear(&k->arena);
    free(k);
    return err;
}
