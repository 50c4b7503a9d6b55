/* The cursor over what the scanner has accepted. */
#include "crypto/pack/head.h"

/* The next head, if it is of that kind; the cursor moves behind it. */
static bool take(struct pack_reader *r, enum pack_kind kind, struct pack_head *h)
{
    if (r->err != OK)
        return false;
    if (pack_head(r->rest, h) != OK || h->kind != kind) {
        r->err = ERR_FORMAT;
        return false;
    }
    r->rest = span_after(r->rest, h->bytes);
    return true;
}

static bool within(struct pack_reader *r, uint64_t value, uint64_t min, uint64_t max)
{
    if (value >= min && value <= max)
        return true;
    r->err = ERR_FORMAT;
    return false;
}

size_t pack_read_array(struct pack_reader *r, size_t min, size_t max)
{
    struct pack_head h;

    return take(r, PACK_ARRAY, &h) && within(r, h.value, min, max) ? (size_t)h.value : 0;
}

uint64_t pack_read_uint(struct pack_reader *r, uint64_t max)
{
    struct pack_head h;

    return take(r, PACK_UINT, &h) && within(r, h.value, 0, max) ? h.value : 0;
}

int64_t pack_read_int(struct pack_reader *r)
{
    struct pack_head h;

    if (r->err == OK && pack_head(r->rest, &h) == OK && h.kind == PACK_INT)
        return take(r, PACK_INT, &h) ? (int64_t)h.value : 0;
    return (int64_t)pack_read_uint(r, INT64_MAX);
}

static struct span body(struct pack_reader *r, enum pack_kind kind, size_t min, size_t max)
{
    struct pack_head h;

    if (!take(r, kind, &h) || !within(r, h.value, min, max))
        return SPAN_EMPTY;
    struct span out = span_sub(r->rest, 0, (size_t)h.value);
    r->rest = span_after(r->rest, (size_t)h.value);
    return out;
}

struct span pack_read_bin(struct pack_reader *r, size_t min, size_t max)
{
    return body(r, PACK_BIN, min, max);
}

struct span pack_read_str(struct pack_reader *r, size_t min, size_t max)
{
    return body(r, PACK_STR, min, max);
}

void pack_read_fixed(struct pack_reader *r, uint8_t *out, size_t len)
{
    struct span in = pack_read_bin(r, len, len);

    memset(out, 0, len);
    if (r->err == OK && len > 0)
        memcpy(out, in.ptr, len);
}

struct span pack_read_raw(struct pack_reader *r)
{
    struct span from = r->rest;
    struct pack_head h;
    size_t left = 1;

    while (r->err == OK && left > 0) {
        if (pack_head(r->rest, &h) != OK) {
            r->err = ERR_FORMAT;
            return SPAN_EMPTY;
        }
        size_t skip = h.bytes;
        left--;
        if (h.kind == PACK_ARRAY)
            left += (size_t)h.value;
        if (h.kind == PACK_BIN || h.kind == PACK_STR)
            skip += (size_t)h.value;
        r->rest = span_after(r->rest, skip);
    }
    return r->err == OK ? span_sub(from, 0, from.len - r->rest.len) : SPAN_EMPTY;
}

enum err pack_end(const struct pack_reader *r)
{
    if (r->err != OK)
        return r->err;
    return r->rest.len == 0 ? OK : ERR_FORMAT;
}

/* ---- extensions ---- */

void pack_read_extensions(struct pack_reader *r, struct pack_extensions *out)
{
    size_t count = pack_read_array(r, 0, PACK_EXTENSIONS_MAX);

    out->count = 0;
    for (size_t i = 0; i < count && r->err == OK; i++) {
        struct pack_extension *x = &out->list[i];
        (void)pack_read_array(r, 3, 3);
        x->id = pack_read_uint(r, UINT64_MAX);
        x->critical = pack_read_uint(r, 1) == 1;
        x->bytes = pack_read_bin(r, 0, PACK_EXTENSION_MAX);
        if (i > 0 && r->err == OK && x->id <= out->list[i - 1].id)
            r->err = ERR_FORMAT;
        out->count += r->err == OK;
    }
}

const struct pack_extension *pack_extension(const struct pack_extensions *x, uint64_t id)
{
    for (size_t i = 0; i < x->count; i++)
        if (x->list[i].id == id)
            return &x->list[i];
    return NULL;
}

enum err pack_extensions_known(const struct pack_extensions *x, const uint64_t *ids, size_t count)
{
    for (size_t i = 0; i < x->count; i++) {
        bool known = !x->list[i].critical;
        for (size_t j = 0; j < count; j++)
            known = known || ids[j] == x->list[i].id;
        if (!known)
            return ERR_UNSUPPORTED;
    }
    return OK;
}
