/* Cutting, proving, collecting. The sums of the parity are in segments_parity.c. */
#include "node/chat/delivery/segments_inside.h"

#include "crypto/pack/pack.h"
#include "crypto/prim/labels.h"

#include <stdlib.h>

#define SEGMENT_TYPE 3u

static size_t parity_of(size_t data)
{
    return (data + SEGMENTS_PARITY_PER - 1) / SEGMENTS_PARITY_PER;
}

static size_t data_of(uint64_t file_bytes)
{
    return file_bytes == 0 || file_bytes > CONTENT_ATTACHMENT_MAX
               ? 0
               : (size_t)((file_bytes + SEGMENT_BYTES - 1) / SEGMENT_BYTES);
}

size_t segments_count(uint64_t file_bytes)
{
    size_t count = 0;

    for (size_t data = data_of(file_bytes); data > 0;) {
        size_t k = data < SEGMENTS_DATA_MAX ? data : SEGMENTS_DATA_MAX;
        count += k + parity_of(k);
        data -= k;
    }
    return count;
}

void segments_keys(const uint8_t key[32], struct envelope_keys *out)
{
    label_derive(LABEL_ATTACHMENT_KEY, span_of(key, 32), SPAN_LIT("header"), out->header,
                 sizeof out->header);
    label_derive(LABEL_ATTACHMENT_KEY, span_of(key, 32), SPAN_LIT("body"), out->body,
                 sizeof out->body);
}

/* ---- groups ---- */

struct segments_group segments_group(const struct segments *s, size_t g)
{
    size_t before = g * SEGMENTS_DATA_MAX, left = s->data - before;
    size_t k = left < SEGMENTS_DATA_MAX ? left : SEGMENTS_DATA_MAX;

    return (struct segments_group){.first = g * (SEGMENTS_DATA_MAX + parity_of(SEGMENTS_DATA_MAX)),
                                   .data = k,
                                   .parity = parity_of(k)};
}

size_t segments_groups(const struct segments *s)
{
    return (s->data + SEGMENTS_DATA_MAX - 1) / SEGMENTS_DATA_MAX;
}

/* ---- the hash tree ---- */

static void leaf_of(size_t i, struct span bytes, uint8_t out[32])
{
    const uint8_t number[4] = {(uint8_t)(i >> 24), (uint8_t)(i >> 16), (uint8_t)(i >> 8),
                               (uint8_t)i};
    const struct span parts[] = {SPAN_ARRAY(number), bytes};

    label_hash(LABEL_SEGMENT_LEAF, parts, 2, out);
}

static void node_of(const uint8_t left[32], const uint8_t right[32], uint8_t out[32])
{
    const struct span parts[] = {span_of(left, 32), span_of(right, 32)};

    label_hash(LABEL_SEGMENT_NODE, parts, 2, out);
}

/* tree[1] is the root, tree[2^depth + i] leaf i */
static void grow(struct segments *s)
{
    size_t leaves = (size_t)1 << s->depth;

    for (size_t i = 0; i < s->count; i++)
        leaf_of(i, segments_bytes(s, i), s->tree[leaves + i]);
    for (size_t i = leaves - 1; i > 0; i--)
        node_of(s->tree[2 * i], s->tree[2 * i + 1], s->tree[i]);
    memcpy(s->root, s->tree[1], sizeof s->root);
}

static bool is_proved(const struct segments *s, size_t i, struct span bytes, struct span path)
{
    uint8_t hash[32];

    leaf_of(i, bytes, hash);
    for (size_t level = 0; level < s->depth; level++) {
        const uint8_t *other = path.ptr + 32 * level;
        bool right = (i >> level & 1) != 0;
        node_of(right ? other : hash, right ? hash : other, hash);
    }
    return memcmp(hash, s->root, sizeof hash) == 0;
}

/* ---- life ---- */

static enum err segments_new(uint64_t file_bytes, struct segments **out)
{
    size_t count = segments_count(file_bytes);

    *out = NULL;
    if (count == 0)
        return ERR_ARGUMENT;
    struct segments *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_MEMORY;
    s->file_bytes = file_bytes;
    s->data = data_of(file_bytes);
    s->count = count;
    s->bytes = s->data > 1
                   ? SEGMENT_BYTES
                   : ((size_t)file_bytes + SEGMENT_ALIGN - 1) / SEGMENT_ALIGN * SEGMENT_ALIGN;
    while ((size_t)1 << s->depth < count)
        s->depth++;
    s->pieces = calloc(count, s->bytes);
    if (s->pieces == NULL) {
        free(s);
        return ERR_MEMORY;
    }
    *out = s;
    return OK;
}

void segments_free(struct segments *s)
{
    if (s == NULL)
        return;
    free(s->pieces);
    free(s->tree);
    free(s);
}

enum err segments_collect(uint64_t file_bytes, const uint8_t hash[32], const uint8_t root[32],
                          struct segments **out)
{
    TRY(segments_new(file_bytes, out));
    memcpy((*out)->hash, hash, 32);
    memcpy((*out)->root, root, 32);
    return OK;
}

static uint8_t *piece(const struct segments *s, size_t i)
{
    return s->pieces + i * s->bytes;
}

struct span segments_bytes(const struct segments *s, size_t i)
{
    return span_of(piece(s, i), s->bytes);
}

/* The part of the file in the n-th data segment. */
static struct span part(const struct segments *s, struct span file, size_t n)
{
    size_t from = n * s->bytes, left = file.len - from;

    return span_sub(file, from, left < s->bytes ? left : s->bytes);
}

enum err segments_cut(struct span file, struct segments **out)
{
    struct segments *s;
    size_t n = 0;

    TRY(segments_new(file.len, &s));
    for (size_t g = 0; g < segments_groups(s); g++) {
        struct segments_group group = segments_group(s, g);
        for (size_t i = 0; i < group.data; i++, n++) {
            struct span bytes = part(s, file, n);
            memcpy(piece(s, group.first + i), bytes.ptr, bytes.len);
        }
    }
    memset(s->has, 1, s->count);
    label_hash(LABEL_ATTACHMENT, &file, 1, s->hash);
    s->tree = calloc((size_t)2 << s->depth, sizeof *s->tree);
    enum err err = s->tree == NULL ? ERR_MEMORY : OK;
    for (size_t g = 0; g < segments_groups(s) && err == OK; g++)
        err = segments_add_parity(s, g);
    if (err != OK) {
        segments_free(s);
        *out = NULL;
        return err;
    }
    grow(s);
    *out = s;
    return OK;
}

void segments_announce(const struct segments *s, uint8_t hash[32], uint8_t root[32])
{
    memcpy(hash, s->hash, 32);
    memcpy(root, s->root, 32);
}

/* ---- segments as sent ---- */

enum err segments_write(const struct segments *s, size_t i, struct buf *out)
{
    static const struct pack_extensions none;
    struct pack_writer w = pack_writer_to(out);
    uint8_t path[SEGMENTS_DEPTH_MAX * 32];

    assert(s->tree != NULL && i < s->count);
    for (size_t level = 0, at = ((size_t)1 << s->depth) + i; level < s->depth; level++, at /= 2)
        memcpy(path + 32 * level, s->tree[at ^ 1], 32);
    pack_write_array(&w, 6);
    pack_write_uint(&w, SEGMENT_TYPE);
    pack_write_uint(&w, 1);
    pack_write_uint(&w, i);
    pack_write_bin(&w, segments_bytes(s, i));
    pack_write_bin(&w, span_of(path, 32 * s->depth));
    pack_write_extensions(&w, &none);
    return pack_writer_status(&w);
}

enum err segments_take(struct segments *s, struct span segment)
{
    struct pack_reader r;
    struct pack_extensions x;

    TRY(pack_open(segment, &r));
    size_t parts = pack_read_array(&r, 2, PACK_ITEMS_MAX);
    uint64_t type = pack_read_uint(&r, UINT64_MAX), version = pack_read_uint(&r, UINT64_MAX);
    if (r.err == OK && (type != SEGMENT_TYPE || version != 1))
        return version == 0 ? ERR_FORMAT : ERR_UNSUPPORTED;
    if (r.err != OK || parts != 6)
        return ERR_FORMAT;
    size_t i = (size_t)pack_read_uint(&r, SEGMENTS_MAX);
    struct span bytes = pack_read_bin(&r, 1, SEGMENT_BYTES);
    struct span path = pack_read_bin(&r, 0, (size_t)SEGMENTS_DEPTH_MAX * 32);
    pack_read_extensions(&r, &x);
    TRY(pack_end(&r));
    TRY(pack_extensions_known(&x, NULL, 0));
    if (i >= s->count || bytes.len != s->bytes || path.len != 32 * s->depth ||
        !is_proved(s, i, bytes, path))
        return ERR_AUTH;
    if (s->has[i])
        return ERR_EXISTS;
    memcpy(piece(s, i), bytes.ptr, bytes.len);
    s->has[i] = true;
    return OK;
}

/* ---- putting together ---- */

bool segments_has(const struct segments *s, size_t i)
{
    return i < s->count && s->has[i];
}

size_t segments_needed(const struct segments *s)
{
    size_t needed = 0;

    for (size_t g = 0; g < segments_groups(s); g++) {
        struct segments_group group = segments_group(s, g);
        size_t here = 0;
        for (size_t i = 0; i < group.data + group.parity; i++)
            here += s->has[group.first + i];
        needed += here < group.data ? group.data - here : 0;
    }
    return needed;
}

static enum err join(const struct segments *s, struct buf *out)
{
    uint64_t left = s->file_bytes;

    for (size_t g = 0; g < segments_groups(s); g++) {
        struct segments_group group = segments_group(s, g);
        for (size_t i = 0; i < group.data; i++) {
            size_t len = left < s->bytes ? (size_t)left : s->bytes;
            TRY(buf_append(out, span_of(piece(s, group.first + i), len)));
            left -= len;
        }
    }
    return OK;
}

enum err segments_file(struct segments *s, struct buf *out)
{
    size_t from = out->len;
    uint8_t hash[32];

    if (segments_needed(s) > 0)
        return ERR_MORE;
    for (size_t g = 0; g < segments_groups(s); g++)
        TRY(segments_recover(s, g));
    enum err err = join(s, out);
    if (err == OK) {
        struct span file = span_after(buf_span(out), from);
        label_hash(LABEL_ATTACHMENT, &file, 1, hash);
        err = memcmp(hash, s->hash, sizeof hash) == 0 ? OK : ERR_AUTH;
    }
    if (err != OK)
        buf_truncate(out, from);
    return err;
}
