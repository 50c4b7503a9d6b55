#include "node/chat/delivery/parcel.h"

#define PARCEL_TYPE     2u
#define PARCEL_ELEMENTS 10u

static size_t read_spans(struct pack_reader *r, struct span *out, size_t bytes_max)
{
    size_t count = pack_read_array(r, 0, PARCEL_ENTRIES_MAX);

    for (size_t i = 0; i < count; i++)
        out[i] = pack_read_bin(r, 1, bytes_max);
    return r->err == OK ? count : 0;
}

static size_t read_carried(struct pack_reader *r, struct parcel_carried *out)
{
    size_t count = pack_read_array(r, 0, PARCEL_ENTRIES_MAX);

    for (size_t i = 0; i < count; i++) {
        (void)pack_read_array(r, 3, 3);
        pack_read_fixed(r, out[i].author.account, sizeof out[i].author.account);
        pack_read_fixed(r, out[i].author.installation, sizeof out[i].author.installation);
        out[i].entry = pack_read_bin(r, 1, ENTRY_BYTES_MAX);
    }
    return r->err == OK ? count : 0;
}

static void read_ids(struct pack_reader *r, struct parcel_ids *out)
{
    out->count = entry_ids_read(r, out->list, PARCEL_IDS_MAX);
}

enum err parcel_decode(struct span in, struct parcel *out)
{
    struct pack_reader r;

    *out = (struct parcel){0};
    if (in.len > PARCEL_BYTES_MAX)
        return ERR_LIMIT;
    TRY(pack_open(in, &r));
    size_t parts = pack_read_array(&r, 2, PACK_ITEMS_MAX);
    uint64_t type = pack_read_uint(&r, UINT64_MAX), version = pack_read_uint(&r, UINT64_MAX);
    if (r.err == OK && (type != PARCEL_TYPE || version != 1))
        return version == 0 ? ERR_FORMAT : ERR_UNSUPPORTED;
    if (r.err != OK || parts != PARCEL_ELEMENTS)
        return ERR_FORMAT;
    out->entries_count = read_spans(&r, out->entries, ENTRY_BYTES_MAX);
    out->carried_count = read_carried(&r, out->carried);
    read_ids(&r, &out->heads);
    read_ids(&r, &out->beyond);
    out->passing_count = read_spans(&r, out->passing, ENTRY_CONTENT_MAX);
    read_ids(&r, &out->wanted);
    read_ids(&r, &out->withheld);
    pack_read_extensions(&r, &out->extensions);
    TRY(pack_end(&r));
    return pack_extensions_known(&out->extensions, NULL, 0);
}

static void write_spans(struct pack_writer *w, const struct span *list, size_t count)
{
    pack_write_array(w, count);
    for (size_t i = 0; i < count; i++)
        pack_write_bin(w, list[i]);
}

enum err parcel_encode(const struct parcel *p, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, PARCEL_ELEMENTS);
    pack_write_uint(&w, PARCEL_TYPE);
    pack_write_uint(&w, 1);
    write_spans(&w, p->entries, p->entries_count);
    pack_write_array(&w, p->carried_count);
    for (size_t i = 0; i < p->carried_count; i++) {
        pack_write_array(&w, 3);
        pack_write_bin(&w, SPAN_ARRAY(p->carried[i].author.account));
        pack_write_bin(&w, SPAN_ARRAY(p->carried[i].author.installation));
        pack_write_bin(&w, p->carried[i].entry);
    }
    entry_ids_write(&w, p->heads.list, p->heads.count);
    entry_ids_write(&w, p->beyond.list, p->beyond.count);
    write_spans(&w, p->passing, p->passing_count);
    entry_ids_write(&w, p->wanted.list, p->wanted.count);
    entry_ids_write(&w, p->withheld.list, p->withheld.count);
    pack_write_extensions(&w, &p->extensions);
    return pack_writer_status(&w);
}

bool parcel_is_empty(const struct parcel *p)
{
    return p->entries_count == 0 && p->carried_count == 0 && p->heads.count == 0 &&
           p->beyond.count == 0 && p->passing_count == 0 && p->wanted.count == 0 &&
           p->withheld.count == 0;
}
