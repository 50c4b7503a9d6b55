#include "crypto/mls/codec.h"

#include "crypto/mls/params.h"

uint32_t mls_read_length(struct reader *r)
{
    uint8_t first = read_u8(r);
    unsigned prefix = first >> 6;

    if (prefix == 3) {
        mls_read_poison(r);
        return 0;
    }
    size_t more = ((size_t)1 << prefix) - 1;
    uint32_t v = (first & 0x3fu) << (8 * more) | (uint32_t)(more > 0 ? read_be(r, more) : 0);
    if (prefix > 0 && v < 1u << (prefix == 1 ? 6 : 14))
        mls_read_poison(r); /* a shorter header would have done */
    return r->failed ? 0 : v;
}

struct span mls_read_vector(struct reader *r)
{
    return read_bytes(r, mls_read_length(r));
}

struct span mls_read_u16s(struct reader *r)
{
    struct span s = mls_read_vector(r);
    if (s.len % 2 != 0)
        mls_read_poison(r);
    return s;
}

bool mls_read_present(struct reader *r)
{
    uint8_t flag = read_u8(r);
    if (flag > 1)
        mls_read_poison(r);
    return !r->failed && flag == 1;
}

enum err mls_read_status(const struct reader *r)
{
    return r->failed ? mls_fail(MLS_MALFORMED) : OK;
}

enum err mls_read_end(const struct reader *r)
{
    return r->failed || r->rest.len > 0 ? mls_fail(MLS_MALFORMED) : OK;
}

size_t mls_length_bytes(size_t len)
{
    return len < 64 ? 1 : len < 16384 ? 2 : 4;
}

static void encode_length(size_t len, uint8_t out[4])
{
    size_t n = mls_length_bytes(len);
    uint32_t v = (uint32_t)len | (n == 1 ? 0 : n == 2 ? 0x4000u : 0x80000000u);

    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

void mls_write_length(struct writer *w, size_t len)
{
    uint8_t header[4];

    if (len > MLS_VECTOR_BYTES_MAX) {
        if (w->err == OK)
            w->err = mls_fail(MLS_TOO_LARGE);
        return;
    }
    encode_length(len, header);
    write_bytes(w, span_of(header, mls_length_bytes(len)));
}

void mls_write_vector(struct writer *w, struct span content)
{
    mls_write_length(w, content.len);
    write_bytes(w, content);
}

void mls_write_label(struct writer *w, const char *label)
{
    struct span text = span_str(label);

    mls_write_length(w, 8 + text.len);
    write_bytes(w, SPAN_LIT("MLS 1.0 "));
    write_bytes(w, text);
}

size_t mls_vector_begin(struct writer *w)
{
    size_t mark = w->out->len;
    write_be32(w, 0); /* room for the longest header */
    return mark;
}

void mls_vector_end(struct writer *w, size_t mark)
{
    if (w->err != OK)
        return;
    size_t len = w->out->len - mark - 4, header = mls_length_bytes(len);
    if (len > MLS_VECTOR_BYTES_MAX) {
        w->err = mls_fail(MLS_TOO_LARGE);
        return;
    }
    uint8_t *at = w->out->ptr + mark;
    uint8_t bytes[4];
    encode_length(len, bytes);
    memcpy(at, bytes, header);
    if (header < 4) {
        memmove(at + header, at + 4, len);
        buf_truncate(w->out, mark + header + len);
    }
}

bool mls_u16s_have(struct span list, uint16_t value)
{
    for (size_t i = 0; i < list.len / 2; i++)
        if (mls_u16s_at(list, i) == value)
            return true;
    return false;
}
