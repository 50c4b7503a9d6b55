#include "crypto/base/heap.h"

#include <stdlib.h>

#define ARITY 4u

void heap_init(struct heap *h, bool (*before)(const struct heap_node *, const struct heap_node *))
{
    *h = (struct heap){.before = before};
}

void heap_clear(struct heap *h)
{
    free(h->nodes);
    heap_init(h, h->before);
}

static void put(struct heap *h, size_t i, struct heap_node *n)
{
    h->nodes[i] = n;
    n->place = i + 1;
}

static void up(struct heap *h, size_t i)
{
    struct heap_node *n = h->nodes[i];

    for (; i > 0 && h->before(n, h->nodes[(i - 1) / ARITY]); i = (i - 1) / ARITY)
        put(h, i, h->nodes[(i - 1) / ARITY]);
    put(h, i, n);
}

static void down(struct heap *h, size_t i)
{
    struct heap_node *n = h->nodes[i];

    for (;;) {
        size_t first = i * ARITY + 1, least = first;
        if (first >= h->count)
            break;
        for (size_t c = first + 1; c < first + ARITY && c < h->count; c++)
            if (h->before(h->nodes[c], h->nodes[least]))
                least = c;
        if (!h->before(h->nodes[least], n))
            break;
        put(h, i, h->nodes[least]);
        i = least;
    }
    put(h, i, n);
}

enum err heap_insert(struct heap *h, struct heap_node *n)
{
    assert(n->place == 0);
    if (h->count == h->cap) {
        size_t cap = h->cap == 0 ? 16 : h->cap * 2;
        struct heap_node **nodes = realloc(h->nodes, cap * sizeof(*nodes));
        if (nodes == NULL)
            return ERR_MEMORY;
        h->nodes = nodes;
        h->cap = cap;
    }
    h->nodes[h->count] = n;
    up(h, h->count++);
    return OK;
}

struct heap_node *heap_peek(const struct heap *h)
{
    return h->count == 0 ? NULL : h->nodes[0];
}

void heap_remove(struct heap *h, struct heap_node *n)
{
    if (n->place == 0)
        return;
    size_t i = n->place - 1;
    struct heap_node *last = h->nodes[--h->count];

    n->place = 0;
    if (last == n)
        return;
    put(h, i, last);
    heap_moved(h, last);
}

void heap_moved(struct heap *h, struct heap_node *n)
{
    up(h, n->place - 1);
    down(h, n->place - 1);
}
