#include "net/wire/frame.h"

#include "net/wire/varint.h"

void frames_init(struct frames *f, size_t max)
{
    *f = (struct frames){.max = max, .part = BUF_INIT(max)};
}

void frames_clear(struct frames *f)
{
    buf_clear(&f->part);
    frames_init(f, f->max);
}

static void forget_part(struct frames *f)
{
    if (f->part.cap > FRAME_KEEP_BYTES)
        buf_clear(&f->part);
    else
        buf_reset(&f->part);
    f->handed = false;
}

/* The length, byte by byte into `head`, because it may be cut anywhere. */
static enum err take_length(struct frames *f, struct span *in)
{
    while (in->len > 0) {
        uint64_t length;
        size_t used;
        f->head[f->head_len++] = in->ptr[0];
        *in = span_after(*in, 1);
        enum err err = varint_decode(span_of(f->head, f->head_len), &length, &used);
        if (err == ERR_MORE)
            continue;
        TRY(err);
        if (length > f->max)
            return ERR_LIMIT;
        f->head_len = 0;
        f->body = (size_t)length;
        f->in_body = true;
        return OK;
    }
    return ERR_MORE;
}

static enum err gather(struct frames *f, struct span bytes)
{
    f->part.max = f->body; /* so the last doubling stops at what is needed */
    TRY(buf_append(&f->part, bytes));
    return f->part.len < f->body ? ERR_MORE : OK;
}

enum err frames_next(struct frames *f, struct span *in, struct span *message)
{
    if (f->handed)
        forget_part(f);
    if (!f->in_body)
        TRY(take_length(f, in));

    size_t wanted = f->body - f->part.len;
    struct span bytes = span_sub(*in, 0, in->len < wanted ? in->len : wanted);
    *in = span_after(*in, bytes.len);
    *message = bytes; /* when it is whole in the input, it is not copied */
    if (bytes.len < f->body) {
        TRY(gather(f, bytes));
        *message = buf_span(&f->part);
        f->handed = true;
    }
    f->in_body = false;
    return OK;
}

size_t frames_pending(const struct frames *f)
{
    if (f->handed)
        return 0;
    return f->in_body ? f->part.len + 1 : f->head_len;
}
