#include "crypto/base/chain.h"

#include <stdlib.h>

#define CHAIN_CAP_MIN  4u
#define CHAIN_CAP_KEEP 64u /* a larger empty ring is given back */

struct chain_part {
    struct blob *blob; /* NULL: the bytes are in small */
    uint32_t off, len; /* what is left of it */
    uint8_t small[CHAIN_SMALL_MAX];
};

static struct chain_part *part_at(const struct chain *c, size_t i)
{
    return &c->parts[(c->head + i) & (c->cap - 1)];
}

void chain_clear(struct chain *c)
{
    for (size_t i = 0; i < c->count; i++)
        blob_unref(part_at(c, i)->blob);
    free(c->parts);
    *c = (struct chain){0};
}

enum err chain_reserve(struct chain *c, size_t parts)
{
    if (parts > CHAIN_PARTS_MAX || c->count > CHAIN_PARTS_MAX - parts)
        return ERR_FULL;
    if (c->count + parts <= c->cap)
        return OK;
    size_t cap = c->cap == 0 ? CHAIN_CAP_MIN : c->cap * 2;
    while (cap < c->count + parts)
        cap *= 2;
    struct chain_part *grown = malloc(cap * sizeof *grown);
    if (grown == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < c->count; i++)
        grown[i] = *part_at(c, i);
    free(c->parts);
    c->parts = grown;
    c->cap = cap;
    c->head = 0;
    return OK;
}

static struct chain_part *add(struct chain *c, size_t len)
{
    assert(c->count < c->cap);
    c->bytes += len;
    return part_at(c, c->count++);
}

void chain_add_small(struct chain *c, struct span bytes)
{
    assert(bytes.len <= CHAIN_SMALL_MAX);
    if (bytes.len == 0)
        return;
    struct chain_part *p = add(c, bytes.len);
    p->blob = NULL;
    p->off = 0;
    p->len = (uint32_t)bytes.len;
    memcpy(p->small, bytes.ptr, bytes.len);
}

void chain_add_blob(struct chain *c, struct blob *b)
{
    if (b->len == 0)
        return;
    struct chain_part *p = add(c, b->len);
    p->blob = blob_ref(b);
    p->off = 0;
    p->len = b->len;
}

size_t chain_gather(const struct chain *c, size_t bytes_max, struct span *parts, size_t parts_max,
                    size_t *count)
{
    size_t n = 0, bytes = 0;

    for (; n < parts_max && n < c->count && bytes < bytes_max; n++) {
        const struct chain_part *p = part_at(c, n);
        const uint8_t *from = (p->blob == NULL ? p->small : p->blob->bytes) + p->off;
        size_t len = p->len < bytes_max - bytes ? p->len : bytes_max - bytes;
        parts[n] = span_of(from, len);
        bytes += len;
    }
    *count = n;
    return bytes;
}

void chain_drop(struct chain *c, size_t n)
{
    assert(n <= c->bytes);
    c->bytes -= n;
    while (n > 0) {
        struct chain_part *p = part_at(c, 0);
        if (n < p->len) {
            p->off += (uint32_t)n;
            p->len -= (uint32_t)n;
            return;
        }
        n -= p->len;
        blob_unref(p->blob);
        c->head = (c->head + 1) & (c->cap - 1);
        c->count--;
    }
    if (c->count == 0 && c->cap > CHAIN_CAP_KEEP)
        chain_clear(c);
}
