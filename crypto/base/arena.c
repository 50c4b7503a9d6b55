#include "crypto/base/arena.h"

#include "crypto/base/wipe.h"

#include <stddef.h>
#include <stdlib.h>

#define ARENA_CHUNK_BYTES 16384u /* size of a chunk unless one allocation needs more */

struct arena_chunk {
    struct arena_chunk *next;
    size_t cap;
    max_align_t bytes[];
};

void arena_init(struct arena *a, size_t max)
{
    *a = (struct arena){.max = max};
}

static void drop_chunk(struct arena *a)
{
    struct arena_chunk *chunk = a->chunks;

    a->chunks = chunk->next;
    a->total -= sizeof *chunk + chunk->cap;
    wipe(chunk->bytes, chunk->cap);
    free(chunk);
}

void arena_clear(struct arena *a)
{
    while (a->chunks != NULL)
        drop_chunk(a);
    arena_init(a, a->max);
}

void arena_reset(struct arena *a)
{
    if (a->chunks == NULL)
        return;
    /* keep the oldest chunk: it has the ordinary size unless one giant allocation came first */
    size_t used = a->used; /* of the newest; in an older one any byte may have been used */
    for (; a->chunks->next != NULL; used = a->chunks->cap)
        drop_chunk(a);
    if (a->chunks->cap > ARENA_CHUNK_BYTES) {
        arena_clear(a);
        return;
    }
    wipe(a->chunks->bytes, used);
    a->used = 0;
    a->cap = a->chunks->cap;
}

static bool add_chunk(struct arena *a, size_t need)
{
    size_t cap = need > ARENA_CHUNK_BYTES ? need : ARENA_CHUNK_BYTES;

    if (cap > a->max || a->total > a->max - cap)
        return false;
    struct arena_chunk *chunk = calloc(1, sizeof *chunk + cap);
    if (chunk == NULL)
        return false;
    chunk->next = a->chunks;
    chunk->cap = cap;
    a->chunks = chunk;
    a->total += sizeof *chunk + cap;
    a->used = 0;
    a->cap = cap;
    return true;
}

void *arena_alloc(struct arena *a, size_t len)
{
    const size_t align = _Alignof(max_align_t);

    if (len > SIZE_MAX / 2)
        return NULL;
    size_t need = (len + align - 1) / align * align;
    if ((a->chunks == NULL || need > a->cap - a->used) && !add_chunk(a, need))
        return NULL;
    void *out = (uint8_t *)a->chunks->bytes + a->used;
    a->used += need;
    return out;
}

struct span arena_copy(struct arena *a, struct span bytes)
{
    void *copy = arena_alloc(a, bytes.len);

    if (copy == NULL)
        return SPAN_EMPTY;
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    return span_of(copy, bytes.len);
}
