/* Content as bytes: one row a tag says which fields its payload has. */
#include "node/chat/delivery/content.h"

#include <stddef.h>

enum field { /* in the order in which a payload has them */
    TARGET = 1,
    TEXT = 2,
    EMOJI = 4, /* text as well */
    NAME = 8,
    MEDIA_TYPE = 16,
    BYTES = 32,
    ON = 64,
    LAMPORT = 128,
    SECONDS = 256,
    FILE_PARTS = 512, /* hash, root, key, size */
};

enum trait {
    PASSES = 1,
    CHANGES = 2,
};

static const struct row {
    enum content_tag tag;
    unsigned fields, traits;
} rows[] = {
    {CONTENT_TEXT, TEXT, 0},
    {CONTENT_REPLY, TARGET | TEXT, 0},
    {CONTENT_REACTION, TARGET | EMOJI | ON, CHANGES},
    {CONTENT_EDIT, TARGET | TEXT, CHANGES},
    {CONTENT_DELETE, TARGET, CHANGES},
    {CONTENT_RECEIPT, TARGET | LAMPORT, PASSES},
    {CONTENT_TYPING, ON, PASSES},
    {CONTENT_ATTACHMENT, TEXT | NAME | MEDIA_TYPE | FILE_PARTS, 0},
    {CONTENT_TIMER, SECONDS, 0},
    {CONTENT_PROFILE, TEXT | NAME, 0},
    {CONTENT_CUSTOM, NAME | BYTES, 0},
    {CONTENT_LONG, FILE_PARTS, 0},
    {CONTENT_WANTED, TARGET | BYTES, PASSES},
    {CONTENT_DECISIONS, BYTES, 0},
};

#define SPAN_AT(member) offsetof(struct content, member)

/* fields of bytes of any length */
static const struct place {
    enum field field;
    size_t at, min, max;
    bool text;
} places[] = {
    {TEXT, SPAN_AT(text), 0, CONTENT_TEXT_MAX, true},
    {EMOJI, SPAN_AT(text), 1, CONTENT_REACTION_MAX, true},
    {NAME, SPAN_AT(name), 0, CONTENT_NAME_MAX, true},
    {MEDIA_TYPE, SPAN_AT(media_type), 0, CONTENT_NAME_MAX, true},
    {BYTES, SPAN_AT(bytes), 0, CONTENT_TEXT_MAX, false},
};

/* fields that are numbers */
static const struct {
    enum field field;
    size_t at;
    uint64_t max;
} numbers[] = {
    {LAMPORT, offsetof(struct content, lamport), INT64_MAX},
    {SECONDS, offsetof(struct content, seconds), CONTENT_TIMER_S_MAX},
    {FILE_PARTS, offsetof(struct content, size), CONTENT_ATTACHMENT_MAX},
};

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

static const struct row *row_of(uint64_t tag)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if ((uint64_t)rows[i].tag == tag)
            return &rows[i];
    return NULL;
}

static bool has(const struct row *row, enum field f)
{
    return (row->fields & (unsigned)f) != 0;
}

static size_t elements_of(const struct row *row)
{
    size_t n = 1; /* the extensions */

    for (unsigned bits = row->fields; bits != 0; bits &= bits - 1)
        n++;
    return n + (has(row, FILE_PARTS) ? 3 : 0);
}

bool content_passes(const struct content *c)
{
    return c->known && (row_of(c->tag)->traits & PASSES) != 0;
}

bool content_changes(const struct content *c)
{
    return c->known && (row_of(c->tag)->traits & CHANGES) != 0;
}

/* ---- reading ---- */

static void read_fields(struct pack_reader *r, const struct row *row, struct content *c)
{
    if (has(row, TARGET))
        pack_read_fixed(r, c->target.bytes, sizeof c->target.bytes);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        const struct place *p = &places[i];
        if (!has(row, p->field))
            continue;
        struct span s =
            p->text ? pack_read_str(r, p->min, p->max) : pack_read_bin(r, p->min, p->max);
        memcpy((uint8_t *)c + p->at, &s, sizeof s);
    }
    if (has(row, ON))
        c->on = pack_read_uint(r, 1) == 1;
    if (has(row, FILE_PARTS)) {
        pack_read_fixed(r, c->hash, sizeof c->hash);
        pack_read_fixed(r, c->root, sizeof c->root);
        pack_read_fixed(r, c->key, sizeof c->key);
    }
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (!has(row, numbers[i].field))
            continue;
        uint64_t n = pack_read_uint(r, numbers[i].max);
        memcpy((uint8_t *)c + numbers[i].at, &n, sizeof n);
    }
}

static enum err read_payload(const struct row *row, struct content *c)
{
    struct pack_reader r;
    struct pack_extensions x;

    TRY(pack_open(c->payload, &r));
    (void)pack_read_array(&r, elements_of(row), elements_of(row));
    read_fields(&r, row, c);
    pack_read_extensions(&r, &x);
    TRY(pack_end(&r));
    c->known = pack_extensions_known(&x, NULL, 0) == OK;
    return OK;
}

static const uint64_t known_extensions[] = {CONTENT_EXT_VANISHES};

static enum err read_vanishes(struct content *c)
{
    const struct pack_extension *x = pack_extension(&c->extensions, CONTENT_EXT_VANISHES);
    struct pack_reader r;

    if (x == NULL)
        return OK;
    TRY(pack_open(x->bytes, &r));
    c->vanishes_s = pack_read_uint(&r, CONTENT_TIMER_S_MAX);
    TRY(pack_end(&r));
    return c->vanishes_s == 0 ? ERR_FORMAT : OK;
}

enum err content_decode(struct span in, struct content *out)
{
    struct pack_reader r;

    *out = (struct content){0};
    if (in.len > ENTRY_CONTENT_MAX)
        return ERR_LIMIT;
    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 6, 6);
    out->domain = pack_read_uint(&r, UINT64_MAX);
    out->tag = pack_read_uint(&r, UINT64_MAX);
    out->version = pack_read_uint(&r, UINT64_MAX);
    out->payload = pack_read_bin(&r, 0, ENTRY_CONTENT_MAX);
    out->fallback = pack_read_str(&r, 0, CONTENT_FALLBACK_MAX);
    pack_read_extensions(&r, &out->extensions);
    TRY(pack_end(&r));
    TRY(read_vanishes(out));
    const struct row *row = row_of(out->tag);
    if (out->domain != CONTENT_DOMAIN || row == NULL || out->version != 1 ||
        pack_extensions_known(&out->extensions, known_extensions, COUNT_OF(known_extensions)) != OK)
        return OK;
    return read_payload(row, out);
}

/* ---- writing ---- */

static bool within(const struct content *c, const struct row *row)
{
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        const struct place *p = &places[i];
        struct span s;
        memcpy(&s, (const uint8_t *)c + p->at, sizeof s);
        if (has(row, p->field) &&
            (s.len < p->min || s.len > p->max || (p->text && !pack_is_utf8(s))))
            return false;
    }
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        uint64_t n;
        memcpy(&n, (const uint8_t *)c + numbers[i].at, sizeof n);
        if (has(row, numbers[i].field) && n > numbers[i].max)
            return false;
    }
    return true;
}

static void write_fields(struct pack_writer *w, const struct row *row, const struct content *c)
{
    if (has(row, TARGET))
        pack_write_bin(w, SPAN_ARRAY(c->target.bytes));
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct span s;
        memcpy(&s, (const uint8_t *)c + places[i].at, sizeof s);
        if (!has(row, places[i].field))
            continue;
        if (places[i].text)
            pack_write_str(w, s);
        else
            pack_write_bin(w, s);
    }
    if (has(row, ON))
        pack_write_uint(w, c->on);
    if (has(row, FILE_PARTS)) {
        pack_write_bin(w, SPAN_ARRAY(c->hash));
        pack_write_bin(w, SPAN_ARRAY(c->root));
        pack_write_bin(w, SPAN_ARRAY(c->key));
    }
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        uint64_t n;
        memcpy(&n, (const uint8_t *)c + numbers[i].at, sizeof n);
        if (has(row, numbers[i].field))
            pack_write_uint(w, n);
    }
}

/* The extension of what disappears; its bytes are those of `keep`. */
static enum err write_vanishes(uint64_t seconds, struct buf *keep, struct pack_extensions *x)
{
    struct pack_writer w = pack_writer_to(keep);

    if (seconds == 0)
        return OK;
    if (seconds > CONTENT_TIMER_S_MAX)
        return ERR_ARGUMENT;
    pack_write_uint(&w, seconds);
    x->list[x->count++] = (struct pack_extension){.id = CONTENT_EXT_VANISHES};
    TRY(pack_writer_status(&w));
    x->list[0].bytes = buf_span(keep);
    return OK;
}

static enum err write_frame(const struct content *c, uint64_t domain, uint64_t version,
                            struct span payload, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);
    size_t from = out->len;

    if (c->fallback.len > CONTENT_FALLBACK_MAX || !pack_is_utf8(c->fallback))
        return ERR_ARGUMENT;
    pack_write_array(&w, 6);
    pack_write_uint(&w, domain);
    pack_write_uint(&w, c->tag);
    pack_write_uint(&w, version);
    pack_write_bin(&w, payload);
    pack_write_str(&w, c->fallback);
    pack_write_extensions(&w, &c->extensions);
    enum err err = pack_writer_status(&w);
    if (err == OK && out->len - from > ENTRY_CONTENT_MAX)
        err = ERR_ARGUMENT;
    if (err != OK)
        buf_truncate(out, from);
    return err;
}

static enum err write_ours(const struct content *c, struct span payload, struct buf *out)
{
    struct buf seconds = BUF_INIT(16);
    struct content ours = *c;

    ours.extensions.count = 0;
    enum err err = write_vanishes(c->vanishes_s, &seconds, &ours.extensions);
    if (err == OK)
        err = write_frame(&ours, CONTENT_DOMAIN, 1, payload, out);
    buf_clear(&seconds);
    return err;
}

enum err content_encode(const struct content *c, struct buf *out)
{
    static const struct pack_extensions none;
    const struct row *row = row_of(c->tag);
    struct buf payload = BUF_INIT(ENTRY_CONTENT_MAX);
    struct pack_writer w = pack_writer_to(&payload);

    if (row == NULL || !within(c, row))
        return ERR_ARGUMENT;
    pack_write_array(&w, elements_of(row));
    write_fields(&w, row, c);
    pack_write_extensions(&w, &none);
    enum err err = pack_writer_status(&w);
    if (err == OK)
        err = write_ours(c, buf_span(&payload), out);
    buf_clear(&payload);
    return err;
}

enum err content_encode_foreign(const struct content *c, struct buf *out)
{
    if (c->domain == CONTENT_DOMAIN || c->payload.len > ENTRY_CONTENT_MAX)
        return ERR_ARGUMENT;
    return write_frame(c, c->domain, c->version, c->payload, out);
}
