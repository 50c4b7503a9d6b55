#include "node/chat/delivery/entry.h"

#include <stdlib.h>

#define ENTRY_TYPE     1u
#define SIGNED_MAX     (ENTRY_BYTES_MAX + CONVERSATION_ID_MAX)
#define ENTRY_ELEMENTS 7u

static int id_cmp(const void *a, const void *b)
{
    return memcmp(a, b, ENTRY_ID_BYTES);
}

int entry_place_cmp(const struct entry_place *a, const struct entry_place *b)
{
    if (a->lamport != b->lamport)
        return a->lamport < b->lamport ? -1 : 1;
    return id_cmp(&a->id, &b->id);
}

void entry_ids_sort(struct entry_id *ids, size_t count)
{
    if (count > 1)
        qsort(ids, count, sizeof *ids, id_cmp);
}

void entry_ids_write(struct pack_writer *w, const struct entry_id *ids, size_t count)
{
    pack_write_array(w, count);
    for (size_t i = 0; i < count; i++)
        pack_write_bin(w, SPAN_ARRAY(ids[i].bytes));
}

size_t entry_ids_read(struct pack_reader *r, struct entry_id *ids, size_t max)
{
    size_t count = pack_read_array(r, 0, max);

    for (size_t i = 0; i < count; i++) {
        pack_read_fixed(r, ids[i].bytes, ENTRY_ID_BYTES);
        if (i > 0 && r->err == OK && id_cmp(&ids[i - 1], &ids[i]) >= 0)
            r->err = ERR_FORMAT;
    }
    return r->err == OK ? count : 0;
}

enum err entry_decode(struct span in, struct entry *out)
{
    struct pack_reader r;

    *out = (struct entry){0};
    if (in.len > ENTRY_BYTES_MAX)
        return ERR_LIMIT;
    TRY(pack_open(in, &r));
    size_t parts = pack_read_array(&r, 2, PACK_ITEMS_MAX);
    uint64_t type = pack_read_uint(&r, UINT64_MAX), version = pack_read_uint(&r, UINT64_MAX);
    if (r.err == OK && (type != ENTRY_TYPE || version != 1))
        return version == 0 ? ERR_FORMAT : ERR_UNSUPPORTED;
    if (r.err != OK || parts != ENTRY_ELEMENTS)
        return ERR_FORMAT;
    out->lamport = pack_read_uint(&r, INT64_MAX);
    out->parents_count = entry_ids_read(&r, out->parents, ENTRY_PARENTS_MAX);
    out->content = pack_read_bin(&r, 1, ENTRY_CONTENT_MAX);
    pack_read_fixed(&r, out->signature, sizeof out->signature);
    pack_read_extensions(&r, &out->extensions);
    TRY(pack_end(&r));
    return pack_extensions_known(&out->extensions, NULL, 0);
}

static bool in_order(const struct entry *e)
{
    for (size_t i = 1; i < e->parents_count; i++)
        if (id_cmp(&e->parents[i - 1], &e->parents[i]) >= 0)
            return false;
    return true;
}

enum err entry_encode(const struct entry *e, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);
    size_t from = out->len;

    assert(e->parents_count <= ENTRY_PARENTS_MAX);
    if (e->content.len == 0 || e->content.len > ENTRY_CONTENT_MAX || e->lamport > INT64_MAX ||
        !in_order(e))
        return ERR_ARGUMENT;
    pack_write_array(&w, ENTRY_ELEMENTS);
    pack_write_uint(&w, ENTRY_TYPE);
    pack_write_uint(&w, 1);
    pack_write_uint(&w, e->lamport);
    entry_ids_write(&w, e->parents, e->parents_count);
    pack_write_bin(&w, e->content);
    pack_write_bin(&w, SPAN_ARRAY(e->signature));
    pack_write_extensions(&w, &e->extensions);
    enum err err = pack_writer_status(&w);
    if (err == OK && out->len - from > ENTRY_BYTES_MAX)
        err = ERR_ARGUMENT;
    if (err != OK)
        buf_truncate(out, from);
    return err;
}

/* ---- what is named and signed ---- */

static enum err signed_bytes(const struct entry *e, struct span conversation,
                             const struct entry_author *author, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);
    uint8_t hash[SHA256_BYTES];

    assert(conversation.len > 0 && conversation.len <= CONVERSATION_ID_MAX);
    label_hash(LABEL_ENTRY_CONTENT, &e->content, 1, hash);
    pack_write_array(&w, 9);
    pack_write_uint(&w, ENTRY_TYPE);
    pack_write_uint(&w, 1);
    pack_write_bin(&w, conversation);
    pack_write_bin(&w, SPAN_ARRAY(author->account));
    pack_write_bin(&w, SPAN_ARRAY(author->installation));
    pack_write_uint(&w, e->lamport);
    entry_ids_write(&w, e->parents, e->parents_count);
    pack_write_bin(&w, SPAN_ARRAY(hash));
    pack_write_extensions(&w, &e->extensions);
    return pack_writer_status(&w);
}

enum err entry_id_of(const struct entry *e, struct span conversation,
                     const struct entry_author *author, struct entry_id *out)
{
    struct buf bytes = BUF_INIT(SIGNED_MAX);
    uint8_t hash[SHA256_BYTES];
    enum err err = signed_bytes(e, conversation, author, &bytes);
    struct span part = buf_span(&bytes);

    if (err == OK) {
        label_hash(LABEL_ENTRY_ID, &part, 1, hash);
        memcpy(out->bytes, hash, ENTRY_ID_BYTES);
    }
    buf_clear(&bytes);
    return err;
}

enum err entry_sign(struct entry *e, struct span conversation, const struct entry_author *author,
                    const struct keyring_key *key)
{
    struct buf bytes = BUF_INIT(SIGNED_MAX);

    if (!span_eq(keyring_public(key), SPAN_ARRAY(author->installation)))
        return ERR_ARGUMENT;
    enum err err = signed_bytes(e, conversation, author, &bytes);
    if (err == OK)
        err = keyring_sign_label(key, LABEL_ENTRY, buf_span(&bytes), e->signature);
    buf_clear(&bytes);
    return err;
}

enum err entry_verify(const struct entry *e, struct span conversation,
                      const struct entry_author *author)
{
    struct buf bytes = BUF_INIT(SIGNED_MAX);
    enum err err = signed_bytes(e, conversation, author, &bytes);

    if (err == OK)
        err = label_verify(LABEL_ENTRY, author->installation, buf_span(&bytes), e->signature);
    buf_clear(&bytes);
    return err;
}
