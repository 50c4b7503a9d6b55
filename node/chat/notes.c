#include "node/chat/notes.h"

static struct row_key key_of(const struct talk *t, const struct entry_id *id)
{
    return row_key_of(SPAN_ARRAY(t->id.bytes), SPAN_ARRAY(id->bytes), SPAN_EMPTY);
}

void note_clear(struct note *n)
{
    buf_clear(&n->text);
}

/* [1, here, lamport, hidden, gone, vanishes, edited, deleted, by, at, text, [[account, reaction],
 * ...]]
 */
static enum err read(struct span in, struct note *n)
{
    struct pack_reader r;
    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 12, 12);
    (void)pack_read_uint(&r, 1);
    n->here = pack_read_uint(&r, 1) == 1;
    n->lamport = pack_read_uint(&r, UINT64_MAX);
    n->hidden = pack_read_uint(&r, 1) == 1;
    n->gone = pack_read_uint(&r, 1) == 1;
    n->vanishes_ns = pack_read_int(&r);
    n->edited = pack_read_uint(&r, 1) == 1;
    n->deleted = pack_read_uint(&r, 1) == 1;
    pack_read_fixed(&r, n->by, sizeof n->by);
    n->by_lamport = pack_read_uint(&r, UINT64_MAX);
    struct span text = pack_read_bin(&r, 0, CONTENT_TEXT_MAX);
    n->reactions_count = pack_read_array(&r, 0, NOTE_REACTIONS_MAX);
    for (size_t i = 0; i < n->reactions_count; i++) {
        (void)pack_read_array(&r, 2, 2);
        pack_read_fixed(&r, n->reactions[i].account, 32);
        struct span s = pack_read_bin(&r, 1, CONTENT_REACTION_MAX);
        memcpy(n->reactions[i].text, s.ptr, s.len);
        n->reactions[i].text[s.len] = '\0';
    }
    TRY(pack_end(&r));
    return text.len == 0 ? OK : buf_append(&n->text, text);
}

enum err note_load(struct chat *c, const struct talk *t, const struct entry_id *id,
                   struct note *out)
{
    struct buf value = BUF_INIT(2 * CONTENT_TEXT_MAX);
    struct row_key key = key_of(t, id);
    *out = (struct note){.text = BUF_INIT(CONTENT_TEXT_MAX)};
    enum err err = vault_get(c->vault, VAULT_T_PLACES, row_span(&key), &value);
    if (err == OK)
        err = read(buf_span(&value), out) == OK ? OK : ERR_CORRUPT;
    buf_clear(&value);
    return err == ERR_NOT_FOUND ? OK : err;
}

void note_save(struct chat *c, const struct talk *t, const struct entry_id *id,
               const struct note *n)
{
    struct buf value = BUF_INIT(2 * CONTENT_TEXT_MAX);
    struct row_key key = key_of(t, id);
    struct pack_writer w = pack_writer_to(&value);
    pack_write_array(&w, 12);
    pack_write_uint(&w, 1);
    pack_write_uint(&w, n->here);
    pack_write_uint(&w, n->lamport);
    pack_write_uint(&w, n->hidden);
    pack_write_uint(&w, n->gone);
    pack_write_int(&w, n->vanishes_ns);
    pack_write_uint(&w, n->edited);
    pack_write_uint(&w, n->deleted);
    pack_write_bin(&w, SPAN_ARRAY(n->by));
    pack_write_uint(&w, n->by_lamport);
    pack_write_bin(&w, buf_span(&n->text));
    pack_write_array(&w, n->reactions_count);
    for (size_t i = 0; i < n->reactions_count; i++) {
        pack_write_array(&w, 2);
        pack_write_bin(&w, SPAN_ARRAY(n->reactions[i].account));
        pack_write_bin(&w, span_str(n->reactions[i].text));
    }
    if (pack_writer_status(&w) == OK)
        step_put(c, VAULT_T_PLACES, row_span(&key), &value);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
    buf_clear(&value);
}
