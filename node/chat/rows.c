/* Entries as rows of the vault: by place, as delivery has written them. */
#include "node/chat/delivery/content.h"
#include "node/chat/notes.h"

struct row_key entry_key(const struct talk *t, const struct entry_place *place)
{
    uint8_t key[DELIVERY_KEY_BYTES];
    delivery_key(place, key);
    return row_key_of(SPAN_ARRAY(t->id.bytes), SPAN_ARRAY(key), SPAN_EMPTY);
}

/* [1, 1, account, installation, epoch, received, entry, []] */
enum err entry_row(struct span row, struct entry_author *author, struct span *entry)
{
    struct pack_reader r;
    struct pack_extensions x;
    TRY(pack_open(row, &r));
    (void)pack_read_array(&r, 8, 8);
    (void)pack_read_uint(&r, UINT64_MAX);
    (void)pack_read_uint(&r, UINT64_MAX);
    pack_read_fixed(&r, author->account, sizeof author->account);
    pack_read_fixed(&r, author->installation, sizeof author->installation);
    (void)pack_read_uint(&r, UINT64_MAX);
    (void)pack_read_int(&r);
    *entry = pack_read_bin(&r, 1, ENTRY_BYTES_MAX);
    pack_read_extensions(&r, &x);
    return pack_end(&r);
}

/* What came in this step is in memory only. */
static bool in_memory(const struct talk *t, const struct entry_place *place, struct buf *keep,
                      struct entry_author *author)
{
    struct timeline_entry te;
    if (t->delivery == NULL || !timeline_get(delivery_timeline(t->delivery), &place->id, &te) ||
        buf_append(keep, te.bytes) != OK)
        return false;
    *author = te.author;
    return true;
}

enum err entry_read(struct chat *c, const struct talk *t, const struct entry_place *place,
                    struct buf *keep, struct entry_author *author, struct content *out)
{
    struct row_key key = entry_key(t, place);
    struct span bytes;
    struct entry e;
    buf_reset(keep);
    if (in_memory(t, place, keep, author)) {
        bytes = buf_span(keep);
    } else {
        TRY(vault_get(c->vault, VAULT_T_ENTRIES, row_span(&key), keep));
        TRY(entry_row(buf_span(keep), author, &bytes) == OK ? OK : ERR_CORRUPT);
    }
    TRY(entry_decode(bytes, &e));
    return content_decode(e.content, out);
}
