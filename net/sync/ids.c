#include "net/sync/ids.h"

#include "crypto/base/siphash.h"

#include <stdlib.h>

int sync_id_cmp(const struct sync_id *a, const struct sync_id *b)
{
    if (a->time_ns != b->time_ns)
        return a->time_ns < b->time_ns ? -1 : 1;
    return memcmp(a->hash, b->hash, sizeof a->hash);
}

static void xor_in(uint8_t sum[32], const uint8_t hash[32])
{
    uint64_t a[4], b[4];

    memcpy(a, sum, sizeof a);
    memcpy(b, hash, sizeof b);
    for (size_t i = 0; i < 4; i++)
        a[i] ^= b[i];
    memcpy(sum, a, sizeof a);
}

void ids_init(struct ids *ids, const uint8_t seed[16], size_t max)
{
    *ids = (struct ids){.max = max, .floor_ns = INT64_MIN};
    memcpy(ids->seed, seed, sizeof ids->seed);
}

void ids_clear(struct ids *ids)
{
    for (size_t i = 0; i < ids->sets_count; i++) {
        for (size_t k = 0; k < ids->sets[i].chunks_count; k++)
            free(ids->sets[i].chunks[k]);
        free(ids->sets[i].chunks);
    }
    free(ids->sets);
    ids->sets = NULL;
    ids->sets_count = ids->count = 0;
}

uint64_t ids_content_key(const struct ids *ids, struct span content_topic)
{
    return siphash(ids->seed, content_topic);
}

static struct ids_set *set_of(const struct ids *ids, uint16_t shard)
{
    size_t low = 0, high = ids->sets_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (ids->sets[mid].shard < shard)
            low = mid + 1;
        else
            high = mid;
    }
    return low < ids->sets_count && ids->sets[low].shard == shard ? &ids->sets[low] : NULL;
}

bool ids_has(const struct ids *ids, uint16_t shard, const struct sync_id *id)
{
    const struct ids_set *s = set_of(ids, shard);

    if (s == NULL)
        return false;
    struct ids_place p = ids_place_of(s, id);
    return p.chunk < s->chunks_count &&
           sync_id_cmp(&s->chunks[p.chunk]->entries[p.entry].id, id) == 0;
}

/* ---- adding ---- */

static struct ids_set *make_set(struct ids *ids, uint16_t shard)
{
    struct ids_set *more = realloc(ids->sets, (ids->sets_count + 1) * sizeof *more);
    size_t at = ids->sets_count;

    if (more == NULL)
        return NULL;
    ids->sets = more;
    while (at > 0 && more[at - 1].shard > shard)
        at--;
    memmove(more + at + 1, more + at, (ids->sets_count - at) * sizeof *more);
    more[at] = (struct ids_set){.shard = shard};
    ids->sets_count++;
    return &more[at];
}

static struct ids_chunk *make_chunk(struct ids_set *s, size_t at)
{
    if (s->chunks_count == s->chunks_cap) {
        size_t cap = s->chunks_cap == 0 ? 8 : 2 * s->chunks_cap;
        struct ids_chunk **more = realloc(s->chunks, cap * sizeof(struct ids_chunk *));
        if (more == NULL)
            return NULL;
        s->chunks = more;
        s->chunks_cap = cap;
    }
    struct ids_chunk *c = malloc(sizeof *c);
    if (c == NULL)
        return NULL;
    c->count = 0;
    memset(c->sum, 0, sizeof c->sum);
    memmove(s->chunks + at + 1, s->chunks + at,
            (s->chunks_count - at) * sizeof(struct ids_chunk *));
    s->chunks[at] = c;
    s->chunks_count++;
    return c;
}

static void resum(struct ids_chunk *c)
{
    memset(c->sum, 0, sizeof c->sum);
    for (size_t i = 0; i < c->count; i++)
        xor_in(c->sum, c->entries[i].id.hash);
}

/* Messages come nearly in order: a full last chunk is left full, one in the middle is halved. */
static enum err make_room(struct ids_set *s, struct ids_place *p)
{
    if (p->chunk == s->chunks_count && p->chunk > 0) {
        p->chunk--;
        p->entry = s->chunks[p->chunk]->count;
    }
    if (s->chunks_count > 0 && s->chunks[p->chunk]->count < SYNC_CHUNK_IDS)
        return OK;
    bool last = s->chunks_count == 0 ||
                (p->chunk == s->chunks_count - 1 && p->entry == s->chunks[p->chunk]->count);
    size_t at = s->chunks_count == 0 ? 0 : p->chunk + 1;
    struct ids_chunk *next = make_chunk(s, at);
    if (next == NULL)
        return ERR_MEMORY;
    if (last) {
        *p = (struct ids_place){.chunk = at};
        return OK;
    }
    struct ids_chunk *c = s->chunks[p->chunk];
    size_t half = c->count / 2;
    next->count = c->count - half;
    memcpy(next->entries, c->entries + half, next->count * sizeof *c->entries);
    c->count = half;
    resum(c);
    resum(next);
    if (p->entry > half)
        *p = (struct ids_place){.chunk = at, .entry = p->entry - half};
    return OK;
}

/* The oldest chunk goes, and with it whatever is not younger than its ids. */
static void drop_oldest(struct ids *ids)
{
    const struct ids_chunk *oldest = NULL;

    for (size_t i = 0; i < ids->sets_count; i++) {
        const struct ids_set *s = &ids->sets[i];
        if (s->chunks_count > 0 &&
            (oldest == NULL || s->chunks[0]->entries[0].id.time_ns < oldest->entries[0].id.time_ns))
            oldest = s->chunks[0];
    }
    if (oldest != NULL)
        ids_prune(ids, oldest->entries[oldest->count - 1].id.time_ns + 1);
}

enum err ids_add(struct ids *ids, uint16_t shard, uint64_t content, const struct sync_id *id)
{
    if (id->time_ns < ids->floor_ns)
        return ERR_NOT_FOUND;
    if (ids_has(ids, shard, id))
        return ERR_EXISTS;
    if (ids->count >= ids->max) {
        drop_oldest(ids);
        if (id->time_ns < ids->floor_ns)
            return ERR_NOT_FOUND;
    }
    struct ids_set *s = set_of(ids, shard);
    if (s == NULL && (s = make_set(ids, shard)) == NULL)
        return ERR_MEMORY;
    struct ids_place p = ids_place_of(s, id);
    TRY(make_room(s, &p));
    struct ids_chunk *c = s->chunks[p.chunk];
    memmove(c->entries + p.entry + 1, c->entries + p.entry,
            (c->count - p.entry) * sizeof *c->entries);
    c->entries[p.entry] = (struct ids_entry){*id, content};
    c->count++;
    xor_in(c->sum, id->hash);
    s->count++;
    ids->count++;
    return OK;
}

void ids_prune(struct ids *ids, int64_t before_ns)
{
    const struct sync_id bound = SYNC_ID_AT(before_ns);

    if (before_ns <= ids->floor_ns)
        return;
    ids->floor_ns = before_ns;
    for (size_t i = 0; i < ids->sets_count; i++) {
        struct ids_set *s = &ids->sets[i];
        struct ids_place p = ids_place_of(s, &bound);
        size_t gone = p.entry;
        for (size_t k = 0; k < p.chunk; k++) {
            gone += s->chunks[k]->count;
            free(s->chunks[k]);
        }
        s->chunks_count -= p.chunk;
        if (p.chunk > 0)
            memmove(s->chunks, s->chunks + p.chunk, s->chunks_count * sizeof(struct ids_chunk *));
        if (p.entry > 0) {
            struct ids_chunk *c = s->chunks[0];
            c->count -= p.entry;
            memmove(c->entries, c->entries + p.entry, c->count * sizeof *c->entries);
            resum(c);
        }
        s->count -= gone;
        ids->count -= gone;
    }
}
