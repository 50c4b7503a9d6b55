/* Heads of elements: one row for each first byte that we speak. */
#include "crypto/pack/head.h"
#include "crypto/base/reader.h"

/* forms with a value behind the first byte: of `bytes` bytes, and not below `least`, for which
 * there is a shorter form */
struct form {
    uint8_t first;
    enum pack_kind kind;
    uint8_t bytes;
    uint64_t least;
};

static const struct form forms[] = {
    {0xcc, PACK_UINT, 1, 0x80},        {0xcd, PACK_UINT, 2, 0x100}, {0xce, PACK_UINT, 4, 0x10000},
    {0xcf, PACK_UINT, 8, 0x100000000}, {0xc4, PACK_BIN, 1, 0},      {0xc5, PACK_BIN, 2, 0x100},
    {0xc6, PACK_BIN, 4, 0x10000},      {0xd9, PACK_STR, 1, 32},     {0xda, PACK_STR, 2, 0x100},
    {0xdb, PACK_STR, 4, 0x10000},      {0xdc, PACK_ARRAY, 2, 16},   {0xdd, PACK_ARRAY, 4, 0x10000},
};

/* 0xd0..0xd3: below zero, 1 to 8 bytes, each beyond what a shorter one holds */
static enum err negative(struct span in, struct pack_head *out)
{
    static const int64_t above[] = {-33, -129, -32769, -2147483649};
    struct reader r = reader_of(in);
    unsigned power = read_u8(&r) - 0xd0u;
    size_t bytes = (size_t)1 << power;
    uint64_t v = read_be(&r, bytes);

    if (bytes < 8 && (v >> (8 * bytes - 1)) != 0)
        v |= UINT64_MAX << (8 * bytes);
    *out = (struct pack_head){PACK_INT, 1 + bytes, v};
    return reader_status(&r) == OK && (int64_t)v <= above[power] ? OK : ERR_FORMAT;
}

/* numbers and lengths that fit into the first byte */
static bool in_one_byte(uint8_t b, struct pack_head *out)
{
    if (b < 0x80)
        *out = (struct pack_head){PACK_UINT, 1, b};
    else if (b >= 0xe0)
        *out = (struct pack_head){PACK_INT, 1, UINT64_MAX - (0xffu - b)};
    else if (b >= 0xa0 && b < 0xc0)
        *out = (struct pack_head){PACK_STR, 1, b & 31u};
    else if (b >= 0x90 && b < 0xa0)
        *out = (struct pack_head){PACK_ARRAY, 1, b & 15u};
    else
        return false;
    return true;
}

enum err pack_head(struct span in, struct pack_head *out)
{
    if (in.len == 0)
        return ERR_FORMAT;
    uint8_t b = in.ptr[0];
    if (in_one_byte(b, out))
        return OK;
    if (b >= 0xd0 && b <= 0xd3)
        return negative(in, out);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const struct form *f = &forms[i];
        if (f->first != b)
            continue;
        struct reader r = reader_of(span_after(in, 1));
        *out = (struct pack_head){f->kind, 1u + f->bytes, read_be(&r, f->bytes)};
        return reader_status(&r) == OK && out->value >= f->least ? OK : ERR_FORMAT;
    }
    return ERR_FORMAT;
}
