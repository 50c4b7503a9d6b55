/* The scanner: is this one whole object of our subset? No allocation, no recursion. */
#include "crypto/pack/head.h"

/* RFC 3629 4: lead byte, continuation bytes, and what the first of these may be */
struct utf8_row {
    uint8_t from, to, more, low, high;
};

static const struct utf8_row utf8[] = {
    {0x00, 0x7f, 0, 0x00, 0x00}, {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
    {0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

static const struct utf8_row *row_of(uint8_t lead)
{
    for (size_t i = 0; i < sizeof utf8 / sizeof *utf8; i++)
        if (lead >= utf8[i].from && lead <= utf8[i].to)
            return &utf8[i];
    return NULL;
}

bool pack_is_utf8(struct span text)
{
    while (text.len > 0) {
        const struct utf8_row *row = row_of(text.ptr[0]);
        if (row == NULL || text.len < 1u + row->more)
            return false;
        for (uint8_t i = 1; i <= row->more; i++) {
            uint8_t low = i == 1 ? row->low : 0x80, high = i == 1 ? row->high : 0xbf;
            if (text.ptr[i] < low || text.ptr[i] > high)
                return false;
        }
        text = span_after(text, 1u + row->more);
    }
    return true;
}

/* One element, without the elements of an array. */
static enum err one(struct span *rest, struct pack_head *h)
{
    TRY(pack_head(*rest, h));
    *rest = span_after(*rest, h->bytes);
    if (h->kind == PACK_ARRAY)
        return h->value <= PACK_ITEMS_MAX ? OK : ERR_LIMIT;
    if (h->kind != PACK_BIN && h->kind != PACK_STR)
        return OK;
    if (h->value > rest->len)
        return ERR_FORMAT;
    if (h->kind == PACK_STR && !pack_is_utf8(span_sub(*rest, 0, (size_t)h->value)))
        return ERR_FORMAT;
    *rest = span_after(*rest, (size_t)h->value);
    return OK;
}

/* Every element takes a byte at least, so this ends after as many steps as there are bytes. */
enum err pack_open(struct span in, struct pack_reader *out)
{
    size_t left[PACK_DEPTH_MAX + 1] = {1}; /* elements still to come, at each depth */
    size_t depth = 0;
    struct span rest = in;
    struct pack_head h;

    *out = (struct pack_reader){.rest = in, .err = ERR_FORMAT};
    if (in.len > PACK_BYTES_MAX)
        return out->err = ERR_LIMIT;
    for (;;) {
        while (left[depth] == 0) {
            if (depth == 0)
                return out->err = rest.len == 0 ? OK : ERR_FORMAT;
            depth--;
        }
        left[depth]--;
        enum err err = one(&rest, &h);
        if (err != OK)
            return out->err = err;
        if (h.kind != PACK_ARRAY)
            continue;
        if (depth == PACK_DEPTH_MAX)
            return out->err = ERR_LIMIT;
        left[++depth] = (size_t)h.value;
    }
}
