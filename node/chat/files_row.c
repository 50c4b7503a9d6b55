/* How a file lies in the vault. */
#include "node/chat/files.h"

static const uint8_t *be32(uint32_t n, uint8_t out[4])
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(n >> (24 - 8 * i));
    return out;
}

struct row_key file_key(const struct file *f, uint32_t part)
{
    uint8_t be[4];
    return row_key_of(SPAN_ARRAY(f->id.bytes), SPAN_ARRAY(f->entry.bytes),
                      span_of(be32(part, be), sizeof be));
}

/* [1, state, ours, size, hash, root, key, from, asked, to be published] */
enum err file_encode(const struct file *f, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);
    pack_write_array(&w, 10);
    pack_write_uint(&w, 1);
    pack_write_uint(&w, (uint64_t)f->state);
    pack_write_uint(&w, f->ours);
    pack_write_uint(&w, f->size);
    pack_write_bin(&w, SPAN_ARRAY(f->hash));
    pack_write_bin(&w, SPAN_ARRAY(f->root));
    pack_write_bin(&w, SPAN_ARRAY(f->key));
    pack_write_int(&w, f->from_ns);
    pack_write_int(&w, f->asked_ns);
    pack_write_bin(&w, SPAN_ARRAY(f->todo));
    return pack_writer_status(&w);
}

enum err file_decode(struct span row, struct file *f)
{
    struct pack_reader r;
    if (pack_open(row, &r) != OK)
        return ERR_CORRUPT;
    (void)pack_read_array(&r, 10, 10);
    (void)pack_read_uint(&r, 1);
    f->state = (enum file_state)pack_read_uint(&r, FILE_COLLECTING);
    f->ours = pack_read_uint(&r, 1) == 1;
    f->size = pack_read_uint(&r, CONTENT_ATTACHMENT_MAX);
    pack_read_fixed(&r, f->hash, sizeof f->hash);
    pack_read_fixed(&r, f->root, sizeof f->root);
    pack_read_fixed(&r, f->key, sizeof f->key);
    f->from_ns = pack_read_int(&r);
    f->asked_ns = pack_read_int(&r);
    pack_read_fixed(&r, f->todo, sizeof f->todo);
    return pack_end(&r) == OK && f->size > 0 ? OK : ERR_CORRUPT;
}

enum err file_read(struct chat *c, const struct chat_conversation *id, const struct entry_id *entry,
                   struct file *f)
{
    struct buf row = BUF_INIT(FILE_ROW_BYTES_MAX);
    *f = (struct file){.id = *id, .entry = *entry};
    struct row_key key = file_key(f, 0);
    enum err err = vault_get(c->vault, VAULT_T_FILES, row_span(&key), &row);
    if (err == OK)
        err = file_decode(buf_span(&row), f);
    buf_clear(&row);
    return err;
}

static void put(struct chat *c, const struct row_key *key, struct span bytes)
{
    struct buf value = BUF_INIT(FILE_PART_BYTES);
    if (buf_append(&value, bytes) == OK)
        step_put(c, VAULT_T_FILES, row_span(key), &value);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
    buf_clear(&value);
}

void file_save(struct chat *c, const struct file *f)
{
    struct buf row = BUF_INIT(FILE_ROW_BYTES_MAX);
    struct row_key key = file_key(f, 0);
    if (file_encode(f, &row) == OK)
        step_put(c, VAULT_T_FILES, row_span(&key), &row);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
    buf_clear(&row);
}

void file_put_bytes(struct chat *c, const struct file *f, struct span bytes)
{
    for (uint32_t part = 1; bytes.len > 0; part++) {
        size_t len = bytes.len < FILE_PART_BYTES ? bytes.len : FILE_PART_BYTES;
        struct row_key key = file_key(f, part);
        put(c, &key, span_of(bytes.ptr, len));
        bytes = span_after(bytes, len);
    }
}

enum err file_get_bytes(struct chat *c, const struct file *f, struct buf *out)
{
    uint64_t parts = (f->size + FILE_PART_BYTES - 1) / FILE_PART_BYTES;
    size_t from = out->len;
    enum err err = OK;
    for (uint32_t part = 1; err == OK && part <= parts; part++) {
        struct row_key key = file_key(f, part);
        err = vault_get(c->vault, VAULT_T_FILES, row_span(&key), out);
        if (err == ERR_NOT_FOUND)
            err = ERR_CORRUPT; /* part 0 says that it is here */
    }
    if (err != OK)
        buf_truncate(out, from);
    return err;
}

/* Every row of the file from this part on. */
static void erase_from(struct chat *c, const struct file *f, uint32_t part)
{
    struct row_key first = file_key(f, part);
    struct vault_key key = {.len = (uint8_t)first.len};
    struct span prefix = span_of(first.bytes, first.len - 4);
    memcpy(key.bytes, first.bytes, first.len);
    do {
        step_put(c, VAULT_T_FILES, span_of(key.bytes, key.len), NULL);
    } while (vault_next(c->vault, VAULT_T_FILES, prefix, &key, NULL) == OK);
}

void file_erase_segments(struct chat *c, const struct file *f)
{
    erase_from(c, f, FILE_SEGMENTS_FROM);
}

void file_erase(struct chat *c, const struct file *f)
{
    erase_from(c, f, 0);
}
