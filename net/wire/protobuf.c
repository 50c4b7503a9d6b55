#include "net/wire/protobuf.h"

#include "net/wire/varint.h"

/* A varint of up to 64 bits in up to 10 bytes, minimal or not. */
static bool take_varint(struct span *in, uint64_t *v)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < in->len && i < PB_VARINT_BYTES_MAX; i++) {
        uint8_t b = in->ptr[i];
        if (i == PB_VARINT_BYTES_MAX - 1 && b > 1)
            return false; /* over 64 bits */
        sum |= (uint64_t)(b & 0x7f) << 7 * i;
        if ((b & 0x80) == 0) {
            *v = sum;
            *in = span_after(*in, i + 1);
            return true;
        }
    }
    return false;
}

static bool take_fixed(struct span *in, size_t n, uint64_t *v)
{
    if (in->len < n)
        return false;
    *v = 0;
    for (size_t i = 0; i < n; i++)
        *v |= (uint64_t)in->ptr[i] << 8 * i;
    *in = span_after(*in, n);
    return true;
}

static bool take_field(struct span *in, struct pb_field *f)
{
    uint64_t key, len;

    if (!take_varint(in, &key) || key >> 3 == 0 || key >> 3 > PB_FIELD_MAX)
        return false;
    *f = (struct pb_field){.number = (uint32_t)(key >> 3), .wire = (enum pb_wire)(key & 7)};
    switch (key & 7) {
    case PB_VARINT:
        return take_varint(in, &f->value);
    case PB_FIXED64:
        return take_fixed(in, 8, &f->value);
    case PB_FIXED32:
        return take_fixed(in, 4, &f->value);
    case PB_BYTES:
        if (!take_varint(in, &len) || len > in->len)
            return false;
        f->bytes = span_sub(*in, 0, (size_t)len);
        *in = span_after(*in, (size_t)len);
        return true;
    }
    return false; /* groups and wire types that do not exist */
}

bool pb_next(struct pb *p, struct pb_field *f)
{
    if (p->failed || p->rest.len == 0)
        return false;
    p->failed = !take_field(&p->rest, f);
    return !p->failed;
}

enum err pb_status(const struct pb *p)
{
    return p->failed || p->rest.len > 0 ? ERR_FORMAT : OK;
}

static bool is_wire(struct pb *p, const struct pb_field *f, enum pb_wire wire)
{
    if (f->wire != wire)
        p->failed = true;
    return !p->failed;
}

uint64_t pb_u64(struct pb *p, const struct pb_field *f)
{
    return is_wire(p, f, PB_VARINT) ? f->value : 0;
}

uint32_t pb_u32(struct pb *p, const struct pb_field *f)
{
    uint64_t v = pb_u64(p, f);

    if (v > UINT32_MAX) {
        p->failed = true;
        return 0;
    }
    return (uint32_t)v;
}

int64_t pb_sint64(struct pb *p, const struct pb_field *f)
{
    uint64_t v = pb_u64(p, f);
    uint64_t magnitude = v >> 1;

    /* 0, -1, 1, -2, ...: -(m + 1) is ~m, which never overflows */
    return (v & 1) != 0 ? -1 - (int64_t)magnitude : (int64_t)magnitude;
}

bool pb_bool(struct pb *p, const struct pb_field *f)
{
    return pb_u64(p, f) != 0;
}

double pb_double(struct pb *p, const struct pb_field *f)
{
    double v = 0;

    if (is_wire(p, f, PB_FIXED64))
        memcpy(&v, &f->value, sizeof v);
    return v;
}

struct span pb_bytes(struct pb *p, const struct pb_field *f)
{
    return is_wire(p, f, PB_BYTES) ? f->bytes : SPAN_EMPTY;
}

struct pb_list pb_list(struct pb *p, const struct pb_field *f)
{
    if (f->wire == PB_BYTES)
        return (struct pb_list){.rest = f->bytes};
    return (struct pb_list){.one = pb_u64(p, f), .has_one = !p->failed};
}

bool pb_list_next(struct pb *p, struct pb_list *l, uint64_t *v)
{
    if (l->has_one) {
        *v = l->one;
        l->has_one = false;
        return true;
    }
    if (p->failed || l->rest.len == 0)
        return false;
    p->failed = !take_varint(&l->rest, v);
    return !p->failed;
}

static void put_key(struct writer *w, uint32_t number, enum pb_wire wire)
{
    assert(number > 0 && number <= PB_FIELD_MAX);
    write_varint(w, (uint64_t)number << 3 | wire);
}

void pb_put_u64(struct writer *w, uint32_t number, uint64_t v)
{
    put_key(w, number, PB_VARINT);
    write_varint(w, v);
}

void pb_put_sint64(struct writer *w, uint32_t number, int64_t v)
{
    uint64_t twice = (uint64_t)v << 1;

    pb_put_u64(w, number, v < 0 ? ~twice : twice);
}

void pb_put_bool(struct writer *w, uint32_t number, bool v)
{
    pb_put_u64(w, number, v);
}

void pb_put_double(struct writer *w, uint32_t number, double v)
{
    uint64_t bits;
    uint8_t le[8];

    memcpy(&bits, &v, sizeof bits);
    for (size_t i = 0; i < sizeof le; i++)
        le[i] = (uint8_t)(bits >> 8 * i);
    put_key(w, number, PB_FIXED64);
    write_bytes(w, SPAN_ARRAY(le));
}

void pb_put_head(struct writer *w, uint32_t number, size_t len)
{
    put_key(w, number, PB_BYTES);
    write_varint(w, len);
}

size_t pb_head_size(uint32_t number, size_t len)
{
    return varint_size((uint64_t)number << 3) + varint_size(len);
}

void pb_put_bytes(struct writer *w, uint32_t number, struct span bytes)
{
    pb_put_head(w, number, bytes.len);
    write_bytes(w, bytes);
}

void pb_put_packed(struct writer *w, uint32_t number, const uint64_t *values, size_t count)
{
    size_t len = 0;

    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        len += varint_size(values[i]);
    pb_put_head(w, number, len);
    for (size_t i = 0; i < count; i++)
        write_varint(w, values[i]);
}

size_t pb_begin(struct writer *w, uint32_t number)
{
    put_key(w, number, PB_BYTES);
    write_u8(w, 0); /* room for the length of a short message; pb_end widens it */
    return w->out->len;
}

void pb_end(struct writer *w, size_t begun)
{
    uint8_t len[PB_VARINT_BYTES_MAX];
    uint8_t *room;

    if (w->err != OK)
        return;
    assert(begun > 0 && begun <= w->out->len);
    size_t body = w->out->len - begun;
    size_t len_bytes = varint_encode(body, len);
    w->err = buf_extend(w->out, len_bytes - 1, &room);
    if (w->err != OK)
        return;
    uint8_t *at = w->out->ptr + begun - 1;
    memmove(at + len_bytes, at + 1, body);
    memcpy(at, len, len_bytes);
}
