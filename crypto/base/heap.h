/* Intrusive 4-ary heap: the least node first, O(log n) insert and remove from anywhere. */
#pragma once

#include "crypto/base/span.h"

struct heap_node {
    size_t place; /* index + 1 in the heap; 0: in none. Start with {0}. */
};

struct heap {
    struct heap_node **nodes;
    size_t count, cap;
    bool (*before)(const struct heap_node *a, const struct heap_node *b); /* strict total order */
};

void heap_init(struct heap *h, bool (*before)(const struct heap_node *, const struct heap_node *));

/** Free the array; the nodes belong to the caller and must not be used in a heap afterwards. */
void heap_clear(struct heap *h);

/** Insert a node that is in no heap. ERR_MEMORY. */
enum err heap_insert(struct heap *h, struct heap_node *n) MUST_CHECK;

/** The least node, NULL when empty. It stays in the heap. */
struct heap_node *heap_peek(const struct heap *h);

/** Remove a node; nothing happens when it is in no heap. */
void heap_remove(struct heap *h, struct heap_node *n);

/** Restore the order after the key of `n` changed. */
void heap_moved(struct heap *h, struct heap_node *n);

/* through an integer, so that a const node gives a const container: const struct t * as `type *` */
#define CONTAINER_OF(ptr, type, member) ((type *)((uintptr_t)(ptr)-offsetof(type, member)))
