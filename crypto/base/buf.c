#include "crypto/base/buf.h"

#include "crypto/base/wipe.h"

#include <stdlib.h>

#define BUF_CAP_MIN 64u /* bytes of a first allocation */

void buf_init(struct buf *b, size_t max)
{
    *b = BUF_INIT(max);
}

void buf_clear(struct buf *b)
{
    wipe(b->ptr, b->cap);
    free(b->ptr);
    *b = BUF_INIT(b->max);
}

void buf_reset(struct buf *b)
{
    wipe(b->ptr, b->len);
    b->len = 0;
}

static size_t grown(const struct buf *b, size_t need)
{
    size_t cap = b->cap < BUF_CAP_MIN ? BUF_CAP_MIN : b->cap;

    while (cap < need)
        cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    return cap > b->max ? b->max : cap;
}

enum err buf_reserve(struct buf *b, size_t more)
{
    if (more > b->max || b->len > b->max - more)
        return ERR_FULL;
    if (b->len + more <= b->cap)
        return OK;

    /* not realloc: it may leave the old bytes behind */
    size_t cap = grown(b, b->len + more);
    uint8_t *ptr = malloc(cap);
    if (ptr == NULL)
        return ERR_MEMORY;
    if (b->len > 0)
        memcpy(ptr, b->ptr, b->len);
    wipe(b->ptr, b->cap);
    free(b->ptr);
    b->ptr = ptr;
    b->cap = cap;
    return OK;
}

enum err buf_append(struct buf *b, struct span bytes)
{
    TRY(buf_reserve(b, bytes.len));
    if (bytes.len > 0)
        memcpy(b->ptr + b->len, bytes.ptr, bytes.len);
    b->len += bytes.len;
    return OK;
}

enum err buf_extend(struct buf *b, size_t len, uint8_t **out)
{
    TRY(buf_reserve(b, len));
    *out = b->ptr == NULL ? NULL : b->ptr + b->len; /* NULL: nothing yet, and len is 0 */
    b->len += len;
    return OK;
}

void buf_drop(struct buf *b, size_t n)
{
    assert(n <= b->len);
    if (n == 0)
        return;
    memmove(b->ptr, b->ptr + n, b->len - n);
    buf_truncate(b, b->len - n);
}

void buf_truncate(struct buf *b, size_t len)
{
    assert(len <= b->len);
    if (b->len > len)
        wipe(b->ptr + len, b->len - len);
    b->len = len;
}

void buf_move(struct buf *to, struct buf *from)
{
    buf_clear(to);
    *to = *from;
    *from = BUF_INIT(from->max);
}
