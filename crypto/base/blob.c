#include "crypto/base/blob.h"

#include <stdatomic.h>
#include <stdlib.h>

struct blob *blob_alloc(size_t len)
{
    if (len > UINT32_MAX)
        return NULL;
    struct blob *b = malloc(sizeof *b + len);
    if (b == NULL)
        return NULL;
    atomic_init(&b->refs, 1);
    b->len = (uint32_t)len;
    return b;
}

struct blob *blob_new(struct span bytes)
{
    struct blob *b = blob_alloc(bytes.len);

    if (b != NULL && bytes.len > 0)
        memcpy(b->bytes, bytes.ptr, bytes.len);
    return b;
}

struct blob *blob_ref(struct blob *b)
{
    atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
    return b;
}

void blob_unref(struct blob *b)
{
    if (b == NULL)
        return;
    uint32_t before = atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1)
        free(b);
}
