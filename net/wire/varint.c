#include "net/wire/varint.h"

enum err varint_decode(struct span in, uint64_t *v, size_t *used)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < VARINT_BYTES_MAX; i++) {
        if (i == in.len)
            return ERR_MORE;
        uint8_t b = in.ptr[i];
        sum |= (uint64_t)(b & 0x7f) << 7 * i;
        if ((b & 0x80) != 0)
            continue;
        if (b == 0 && i > 0)
            return ERR_FORMAT; /* a last byte of zero adds nothing: not minimal */
        *v = sum;
        *used = i + 1;
        return OK;
    }
    return ERR_FORMAT;
}

size_t varint_size(uint64_t v)
{
    size_t n = 1;

    for (; v >= 0x80; v >>= 7)
        n++;
    return n;
}

size_t varint_encode(uint64_t v, uint8_t out[PB_VARINT_BYTES_MAX])
{
    size_t n = 0;

    for (; v >= 0x80; v >>= 7)
        out[n++] = (uint8_t)(v | 0x80);
    out[n++] = (uint8_t)v;
    return n;
}

uint64_t read_varint(struct reader *r)
{
    uint64_t v = 0;
    size_t used = 0;

    if (r->failed || varint_decode(r->rest, &v, &used) != OK) {
        r->failed = true;
        return 0;
    }
    r->rest = span_after(r->rest, used);
    return v;
}

struct span read_varint_bytes(struct reader *r)
{
    return read_bytes(r, (size_t)read_varint(r));
}

void write_varint(struct writer *w, uint64_t v)
{
    uint8_t tmp[PB_VARINT_BYTES_MAX];

    write_bytes(w, span_of(tmp, varint_encode(v, tmp)));
}
