#include "net/wire/rlp.h"

#define STRING     0x80u
#define LIST       0xc0u
#define SHORT_MAX  55u /* bytes of a body whose length stands in the prefix itself */
#define PREFIX_MAX 9u

static size_t fail(struct reader *r)
{
    r->failed = true;
    return 0;
}

/* The length after a prefix that says how many bytes it takes. */
static size_t long_length(struct reader *r, size_t bytes)
{
    uint64_t len = read_be(r, bytes);

    if (len <= SHORT_MAX || len >> (8 * (bytes - 1)) == 0 || len > r->rest.len)
        return fail(r); /* not the shortest form, or longer than what is there */
    return (size_t)len;
}

static size_t body_length(struct reader *r, uint8_t prefix)
{
    unsigned n = prefix < LIST ? prefix - STRING : prefix - LIST;

    return n <= SHORT_MAX ? n : long_length(r, n - SHORT_MAX);
}

struct rlp_item read_rlp(struct reader *r)
{
    struct span begin = r->rest;
    struct rlp_item item = {0};
    uint8_t prefix = read_u8(r);

    if (r->failed)
        return item;
    if (prefix < STRING) { /* a lone byte is its own encoding */
        item.body = item.whole = span_sub(begin, 0, 1);
        return item;
    }
    item.is_list = prefix >= LIST;
    item.body = read_bytes(r, body_length(r, prefix));
    if (!item.is_list && item.body.len == 1 && item.body.ptr[0] < STRING)
        fail(r);
    if (r->failed)
        return (struct rlp_item){0};
    item.whole = span_sub(begin, 0, begin.len - r->rest.len);
    return item;
}

struct span read_rlp_bytes(struct reader *r)
{
    struct rlp_item item = read_rlp(r);

    if (item.is_list) {
        fail(r);
        return SPAN_EMPTY;
    }
    return item.body;
}

uint64_t read_rlp_uint(struct reader *r)
{
    struct span s = read_rlp_bytes(r);
    struct reader digits = reader_of(s);

    if (s.len > 8 || (s.len > 0 && s.ptr[0] == 0))
        return fail(r);
    return read_be(&digits, s.len);
}

struct reader read_rlp_list(struct reader *r)
{
    struct rlp_item item = read_rlp(r);

    if (!item.is_list)
        fail(r);
    return (struct reader){.rest = item.is_list ? item.body : SPAN_EMPTY, .failed = r->failed};
}

/* `v` without leading zeros; how many bytes */
static size_t digits_of(uint64_t v, uint8_t out[8])
{
    size_t n = 0;

    while (n < 8 && v >> (8 * n) != 0)
        n++;
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
    return n;
}

static size_t prefix_of(unsigned kind, size_t body, uint8_t out[PREFIX_MAX])
{
    if (body <= SHORT_MAX) {
        out[0] = (uint8_t)(kind + body);
        return 1;
    }
    size_t n = digits_of(body, out + 1);
    out[0] = (uint8_t)(kind + SHORT_MAX + n);
    return n + 1;
}

void write_rlp_bytes(struct writer *w, struct span bytes)
{
    uint8_t prefix[PREFIX_MAX];

    if (bytes.len != 1 || bytes.ptr[0] >= STRING)
        write_bytes(w, span_of(prefix, prefix_of(STRING, bytes.len, prefix)));
    write_bytes(w, bytes);
}

void write_rlp_uint(struct writer *w, uint64_t v)
{
    uint8_t digits[8];

    write_rlp_bytes(w, span_of(digits, digits_of(v, digits)));
}

size_t rlp_list_prefix(size_t body, uint8_t out[PREFIX_MAX])
{
    return prefix_of(LIST, body, out);
}

size_t rlp_begin(struct writer *w)
{
    return w->out->len;
}

void rlp_end(struct writer *w, size_t begun)
{
    uint8_t prefix[PREFIX_MAX], *room;
    size_t body = w->out->len - begun, n = rlp_list_prefix(body, prefix);

    if (w->err == OK)
        w->err = buf_extend(w->out, n, &room);
    if (w->err != OK)
        return;
    memmove(w->out->ptr + begun + n, w->out->ptr + begun, body);
    memcpy(w->out->ptr + begun, prefix, n);
}
