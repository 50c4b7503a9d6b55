#include "crypto/base/fifo.h"

#include <stdlib.h>

#define FIFO_CAP_MIN 4u

void fifo_init(struct fifo *f, size_t item_bytes, size_t max)
{
    *f = (struct fifo){.item_bytes = item_bytes, .max = max};
}

void fifo_clear(struct fifo *f)
{
    free(f->items);
    fifo_init(f, f->item_bytes, f->max);
}

void *fifo_at(const struct fifo *f, size_t i)
{
    assert(i < f->count);
    return f->items + (f->head + i) % f->cap * f->item_bytes;
}

static enum err grow(struct fifo *f)
{
    size_t cap = f->cap == 0 ? FIFO_CAP_MIN : f->cap * 2;
    uint8_t *items = calloc(cap, f->item_bytes);

    if (items == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < f->count; i++)
        memcpy(items + i * f->item_bytes, fifo_at(f, i), f->item_bytes);
    free(f->items);
    f->items = items;
    f->cap = cap;
    f->head = 0;
    return OK;
}

enum err fifo_push(struct fifo *f, const void *item)
{
    if (f->count >= f->max)
        return ERR_FULL;
    if (f->count == f->cap)
        TRY(grow(f));
    f->count++;
    memcpy(fifo_at(f, f->count - 1), item, f->item_bytes);
    return OK;
}

enum err fifo_push_front(struct fifo *f, const void *item)
{
    if (f->count >= f->max)
        return ERR_FULL;
    if (f->count == f->cap)
        TRY(grow(f));
    f->head = (f->head + f->cap - 1) % f->cap;
    f->count++;
    memcpy(fifo_at(f, 0), item, f->item_bytes);
    return OK;
}

bool fifo_pop(struct fifo *f, void *item)
{
    if (f->count == 0)
        return false;
    memcpy(item, fifo_at(f, 0), f->item_bytes);
    f->head = (f->head + 1) % f->cap;
    f->count--;
    return true;
}

void *fifo_peek(const struct fifo *f)
{
    return f->count == 0 ? NULL : fifo_at(f, 0);
}
