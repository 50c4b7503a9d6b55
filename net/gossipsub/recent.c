#include "net/gossipsub/recent.h"

#include <stdlib.h>

#define RECENT_CAP_MIN 16u

void recent_init(struct recent *r, size_t item_bytes, size_t max)
{
    assert(item_bytes >= sizeof(uint64_t) && max < UINT32_MAX / 4);
    *r = (struct recent){.item_bytes = (uint32_t)item_bytes, .max = (uint32_t)max};
}

void recent_clear(struct recent *r)
{
    free(r->items);
    free(r->slots);
    recent_init(r, r->item_bytes, r->max);
}

size_t recent_cost(size_t item_bytes)
{
    return item_bytes + 2 * sizeof(uint32_t);
}

/* A place is an index into the ring; it stays the same while the item lives. */
static uint8_t *at_place(const struct recent *r, uint32_t place)
{
    return r->items + (size_t)place * r->item_bytes;
}

static uint64_t key_at(const struct recent *r, uint32_t place)
{
    uint64_t key;
    memcpy(&key, at_place(r, place), sizeof key);
    return key;
}

static uint32_t slot_mask(const struct recent *r)
{
    return r->cap * 2 - 1;
}

/* the slot that holds `key`, or the empty one that ends its chain */
static uint32_t find(const struct recent *r, uint64_t key)
{
    uint32_t i = (uint32_t)key & slot_mask(r);

    while (r->slots[i] != 0 && key_at(r, r->slots[i] - 1) != key)
        i = (i + 1) & slot_mask(r);
    return i;
}

void *recent_get(const struct recent *r, uint64_t key)
{
    if (r->count == 0)
        return NULL;
    uint32_t slot = r->slots[find(r, key)];
    return slot == 0 ? NULL : at_place(r, slot - 1);
}

void *recent_at(const struct recent *r, size_t i)
{
    assert(i < r->count);
    return at_place(r, (r->head + (uint32_t)i) & (r->cap - 1));
}

/* cap is a power of two that holds all items */
static enum err resize(struct recent *r, uint32_t cap)
{
    struct recent next = *r;
    next.items = malloc((size_t)cap * r->item_bytes);
    next.slots = calloc((size_t)cap * 2, sizeof *next.slots);
    if (next.items == NULL || next.slots == NULL) {
        free(next.items);
        free(next.slots);
        return ERR_MEMORY;
    }
    next.cap = cap;
    next.head = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        memcpy(at_place(&next, i), recent_at(r, i), r->item_bytes);
        next.slots[find(&next, key_at(&next, i))] = i + 1;
    }
    free(r->items);
    free(r->slots);
    *r = next;
    return OK;
}

enum err recent_put(struct recent *r, const void *item)
{
    uint64_t key;
    memcpy(&key, item, sizeof key);

    if (recent_get(r, key) != NULL)
        return ERR_EXISTS;
    if (r->count >= r->max)
        return ERR_FULL;
    if (r->count == r->cap)
        TRY(resize(r, r->cap == 0 ? RECENT_CAP_MIN : r->cap * 2));
    uint32_t place = (r->head + r->count) & (r->cap - 1);
    uint32_t slot = find(r, key); /* before the item is there */
    memcpy(at_place(r, place), item, r->item_bytes);
    r->slots[slot] = place + 1;
    r->count++;
    return OK;
}

/* Empty slot i and close the gap in the chains that run over it. */
static void vacate(struct recent *r, uint32_t i)
{
    uint32_t mask = slot_mask(r);

    for (uint32_t j = (i + 1) & mask; r->slots[j] != 0; j = (j + 1) & mask) {
        uint32_t home = (uint32_t)key_at(r, r->slots[j] - 1) & mask;
        if (((j - home) & mask) < ((j - i) & mask))
            continue; /* its chain begins behind the gap */
        r->slots[i] = r->slots[j];
        i = j;
    }
    r->slots[i] = 0;
}

void recent_pop(struct recent *r)
{
    assert(r->count > 0);
    vacate(r, find(r, key_at(r, r->head)));
    r->head = (r->head + 1) & (r->cap - 1);
    r->count--;
    if (r->count == 0)
        recent_clear(r);
    else if (r->cap > RECENT_CAP_MIN && r->count < r->cap / 4)
        (void)resize(r, r->cap / 2); /* without memory it stays large */
}
