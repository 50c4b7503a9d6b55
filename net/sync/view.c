/* Looking at a range of ids: its XOR, where to cut it, and walking through it. */
#include "net/sync/ids.h"

static bool is_meant(const struct ids_view *v, const struct ids_entry *e)
{
    for (size_t i = 0; i < v->contents_count; i++)
        if (v->contents[i] == e->content)
            return true;
    return v->contents_count == 0;
}

struct ids_place ids_place_of(const struct ids_set *s, const struct sync_id *id)
{
    size_t low = 0, high = s->chunks_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct ids_chunk *c = s->chunks[mid];
        if (sync_id_cmp(&c->entries[c->count - 1].id, id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    struct ids_place p = {.chunk = low};
    if (low == s->chunks_count)
        return p;
    for (high = s->chunks[low]->count; p.entry < high;) {
        size_t mid = p.entry + (high - p.entry) / 2;
        if (sync_id_cmp(&s->chunks[low]->entries[mid].id, id) < 0)
            p.entry = mid + 1;
        else
            high = mid;
    }
    return p;
}

static void xor_in(uint64_t sum[4], const uint8_t hash[32])
{
    uint64_t h[4];

    memcpy(h, hash, sizeof h);
    for (size_t i = 0; i < 4; i++)
        sum[i] ^= h[i];
}

static size_t add_entries(const struct ids_view *v, const struct ids_chunk *c, size_t from,
                          size_t to, uint64_t sum[4])
{
    size_t count = 0;

    for (size_t i = from; i < to; i++) {
        if (!is_meant(v, &c->entries[i]))
            continue;
        xor_in(sum, c->entries[i].id.hash);
        count++;
    }
    return count;
}

static size_t add_set(const struct ids_view *v, const struct ids_set *s, const struct sync_id *from,
                      const struct sync_id *to, uint64_t sum[4])
{
    struct ids_place a = ids_place_of(s, from), b = ids_place_of(s, to);
    size_t count = 0;

    for (; a.chunk < b.chunk; a.chunk++, a.entry = 0) {
        const struct ids_chunk *c = s->chunks[a.chunk];
        if (a.entry > 0 || v->contents_count > 0) {
            count += add_entries(v, c, a.entry, c->count, sum);
            continue;
        }
        xor_in(sum, c->sum);
        count += c->count;
    }
    if (b.chunk < s->chunks_count && a.entry < b.entry)
        count += add_entries(v, s->chunks[b.chunk], a.entry, b.entry, sum);
    return count;
}

void ids_fingerprint(const struct ids_view *v, const struct sync_id *from, const struct sync_id *to,
                     uint8_t sum[32], size_t *count)
{
    uint64_t words[4] = {0};

    *count = 0;
    for (size_t i = 0; i < v->sets_count && sync_id_cmp(from, to) < 0; i++)
        *count += add_set(v, v->sets[i], from, to, words);
    memcpy(sum, words, sizeof words);
}

/* ---- cutting ---- */

static size_t span_count(const struct ids_set *s, struct ids_place a, struct ids_place b)
{
    size_t count = 0;

    if (a.chunk == b.chunk)
        return b.entry > a.entry ? b.entry - a.entry : 0;
    for (size_t k = a.chunk; k < b.chunk; k++)
        count += s->chunks[k]->count;
    return count - a.entry + b.entry;
}

static const struct ids_entry *step(const struct ids_set *s, struct ids_place *p, size_t by)
{
    while (p->chunk < s->chunks_count && p->entry + by >= s->chunks[p->chunk]->count) {
        by -= s->chunks[p->chunk]->count - p->entry;
        p->chunk++;
        p->entry = 0;
    }
    p->entry += by;
    return p->chunk < s->chunks_count ? &s->chunks[p->chunk]->entries[p->entry] : NULL;
}

/* The shard with most ids says where; the others have no more than that in any part. */
size_t ids_cut(const struct ids_view *v, const struct sync_id *from, const struct sync_id *to,
               size_t parts, int64_t *cuts)
{
    const struct ids_set *most = NULL;
    struct ids_place at = {0};
    size_t count = 0, cut = 0, done = 0;

    for (size_t i = 0; i < v->sets_count; i++) {
        struct ids_place a = ids_place_of(v->sets[i], from), b = ids_place_of(v->sets[i], to);
        size_t n = span_count(v->sets[i], a, b);
        if (n > count) {
            count = n;
            most = v->sets[i];
            at = a;
        }
    }
    int64_t last = from->time_ns;
    for (size_t i = 1; i < parts && most != NULL; i++) {
        size_t rank = count / parts * i + count % parts * i / parts;
        const struct ids_entry *e = step(most, &at, rank - done);
        done = rank;
        if (e == NULL || e->id.time_ns <= last || e->id.time_ns >= to->time_ns)
            continue;
        last = cuts[cut++] = e->id.time_ns;
    }
    if (cut > 0 || most == NULL)
        return cut;
    /* ids of one time at either end: everything else is behind or before them */
    struct ids_place a = ids_place_of(most, from);
    const struct ids_entry *first = step(most, &a, 0);
    if (first != NULL && first->id.time_ns > from->time_ns && first->id.time_ns < to->time_ns)
        cuts[cut++] = first->id.time_ns;
    else if (first != NULL && first->id.time_ns + 1 < to->time_ns)
        cuts[cut++] = first->id.time_ns + 1;
    return cut;
}

/* ---- walking ---- */

void ids_walk(struct ids_cursor *c, const struct ids_view *v, const struct sync_id *from,
              const struct sync_id *to)
{
    c->view = v;
    c->to = *to;
    for (size_t i = 0; i < v->sets_count; i++)
        c->at[i] = ids_place_of(v->sets[i], from);
}

static const struct ids_entry *stands_at(struct ids_cursor *c, size_t i)
{
    const struct ids_set *s = c->view->sets[i];
    struct ids_place *p = &c->at[i];

    for (; p->chunk < s->chunks_count; p->chunk++, p->entry = 0)
        for (; p->entry < s->chunks[p->chunk]->count; p->entry++)
            if (is_meant(c->view, &s->chunks[p->chunk]->entries[p->entry]))
                return &s->chunks[p->chunk]->entries[p->entry];
    return NULL;
}

const struct sync_id *ids_peek(struct ids_cursor *c, size_t *set)
{
    const struct sync_id *least = NULL;

    for (size_t i = 0; i < c->view->sets_count; i++) {
        const struct ids_entry *e = stands_at(c, i);
        if (e == NULL || sync_id_cmp(&e->id, &c->to) >= 0)
            continue;
        if (least == NULL || sync_id_cmp(&e->id, least) < 0) {
            least = &e->id;
            *set = i;
        }
    }
    return least;
}

void ids_next(struct ids_cursor *c, size_t set)
{
    c->at[set].entry++; /* ids_peek goes on to the next chunk */
}
