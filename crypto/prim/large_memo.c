#include "crypto/prim/large_memo.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

struct place {
    const void *function; /* NULL: empty */
    size_t count, lens[LARGE_MEMO_PARTS], input, result, cap;
    uint8_t *bytes; /* input, then result */
};

struct memo {
    unsigned begun, next;
    uint64_t hits;
    struct place places[LARGE_MEMO_PLACES];
};

static _Thread_local struct memo *memo;

enum err large_memo_begin(void)
{
    if (memo == NULL)
        memo = calloc(1, sizeof *memo);
    if (memo == NULL)
        return ERR_MEMORY;
    memo->begun++;
    return OK;
}

void large_memo_end(void)
{
    if (memo == NULL || --memo->begun > 0)
        return;
    for (size_t i = 0; i < LARGE_MEMO_PLACES; i++) {
        if (memo->places[i].cap > 0)
            wipe(memo->places[i].bytes, memo->places[i].cap); /* there are keys among it */
        free(memo->places[i].bytes);
    }
    free(memo);
    memo = NULL;
}

uint64_t large_memo_hits(void)
{
    return memo == NULL ? 0 : memo->hits;
}

static size_t bytes_of(const struct span *parts, size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        bytes += parts[i].len;
    return bytes;
}

bool large_memo_takes(const struct span *parts, size_t count)
{
    return memo != NULL && count <= LARGE_MEMO_PARTS && bytes_of(parts, count) >= LARGE_MEMO_BYTES;
}

static bool same(const struct place *p, const void *function, const struct span *parts,
                 size_t count, size_t len)
{
    const uint8_t *at = p->bytes;

    if (p->function != function || p->count != count || p->result != len)
        return false;
    for (size_t i = 0; i < count; i++)
        if (p->lens[i] != parts[i].len)
            return false;
    for (size_t i = 0; i < count; at += parts[i++].len)
        if (parts[i].len > 0 && memcmp(at, parts[i].ptr, parts[i].len) != 0)
            return false;
    return true;
}

bool large_memo_get(const void *function, const struct span *parts, size_t count, uint8_t *out,
                    size_t len)
{
    for (size_t i = 0; i < LARGE_MEMO_PLACES; i++) {
        const struct place *p = &memo->places[i];
        if (!same(p, function, parts, count, len))
            continue;
        memcpy(out, p->bytes + p->input, len);
        memo->hits++;
        return true;
    }
    return false;
}

void large_memo_keep(const void *function, const struct span *parts, size_t count,
                     struct span result)
{
    struct place *p = &memo->places[memo->next++ % LARGE_MEMO_PLACES];
    size_t input = bytes_of(parts, count), need = input + result.len;

    p->function = NULL;
    if (need > p->cap) {
        uint8_t *bytes = realloc(p->bytes, need);
        if (bytes == NULL)
            return;
        p->bytes = bytes;
        p->cap = need;
    }
    uint8_t *at = p->bytes;
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            memcpy(at, parts[i].ptr, parts[i].len);
        at += parts[i].len;
        p->lens[i] = parts[i].len;
    }
    memcpy(at, result.ptr, result.len);
    p->function = function;
    p->count = count;
    p->input = input;
    p->result = result.len;
}
