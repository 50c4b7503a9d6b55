/* Notes and reactions as they lie in the vault. */
#include "node/chat/notes.h"

static struct row_key key_of(const struct talk *t, const struct entry_id *id)
{
    return row_key_of(SPAN_ARRAY(t->id.bytes), SPAN_ARRAY(id->bytes), SPAN_EMPTY);
}

static void put(struct chat *c, const struct row_key *key, const struct pack_writer *w)
{
    if (pack_writer_status(w) == OK)
        step_put(c, VAULT_T_PLACES, row_span(key), w->out);
    else if (c->failed == OK)
        c->failed = ERR_MEMORY;
}

static void write_place(struct pack_writer *w, const struct entry_place *p)
{
    pack_write_uint(w, p->lamport);
    pack_write_bin(w, SPAN_ARRAY(p->id.bytes));
}

static void read_place(struct pack_reader *r, struct entry_place *p)
{
    p->lamport = pack_read_uint(r, UINT64_MAX);
    pack_read_fixed(r, p->id.bytes, sizeof p->id.bytes);
}

/* [1, here, lamport, author, hidden, gone, vanishes ns, edited, deleted, lamport and id of the
 * edit, last change, next change] */
static enum err read(struct span in, struct note *n)
{
    struct pack_reader r;
    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 13, 13);
    (void)pack_read_uint(&r, 1);
    n->here = pack_read_uint(&r, 1) == 1;
    n->lamport = pack_read_uint(&r, UINT64_MAX);
    pack_read_fixed(&r, n->author, sizeof n->author);
    n->hidden = pack_read_uint(&r, 1) == 1;
    n->gone = pack_read_uint(&r, 1) == 1;
    n->vanishes_ns = pack_read_int(&r);
    n->edited = pack_read_uint(&r, 1) == 1;
    n->deleted = pack_read_uint(&r, 1) == 1;
    read_place(&r, &n->edit);
    pack_read_fixed(&r, n->changes.bytes, sizeof n->changes.bytes);
    pack_read_fixed(&r, n->next.bytes, sizeof n->next.bytes);
    return pack_end(&r);
}

enum err note_load(struct chat *c, const struct talk *t, const struct entry_id *id,
                   struct note *out)
{
    struct buf value = BUF_INIT(1024);
    struct row_key key = key_of(t, id);
    *out = (struct note){.here = false};
    enum err err = vault_get(c->vault, VAULT_T_PLACES, row_span(&key), &value);
    if (err == OK)
        err = read(buf_span(&value), out) == OK ? OK : ERR_CORRUPT;
    buf_clear(&value);
    return err == ERR_NOT_FOUND ? OK : err;
}

void note_save(struct chat *c, const struct talk *t, const struct entry_id *id,
               const struct note *n)
{
    struct buf value = BUF_INIT(1024);
    struct row_key key = key_of(t, id);
    struct pack_writer w = pack_writer_to(&value);
    pack_write_array(&w, 13);
    pack_write_uint(&w, 1);
    pack_write_uint(&w, n->here);
    pack_write_uint(&w, n->lamport);
    pack_write_bin(&w, SPAN_ARRAY(n->author));
    pack_write_uint(&w, n->hidden);
    pack_write_uint(&w, n->gone);
    pack_write_int(&w, n->vanishes_ns);
    pack_write_uint(&w, n->edited);
    pack_write_uint(&w, n->deleted);
    write_place(&w, &n->edit);
    pack_write_bin(&w, SPAN_ARRAY(n->changes.bytes));
    pack_write_bin(&w, SPAN_ARRAY(n->next.bytes));
    put(c, &key, &w);
    buf_clear(&value);
}

/* ---- reactions ---- */

static struct row_key reactions_key(const struct talk *t, const struct entry_id *target,
                                    const uint8_t account[ACCOUNT_ID_BYTES])
{
    return row_key_of(SPAN_ARRAY(t->id.bytes), SPAN_ARRAY(target->bytes),
                      span_of(account, ACCOUNT_ID_BYTES));
}

/* [1, [[lamport, id, on, emoji], ...]] */
static enum err read_reactions(struct span in, struct reactions *out)
{
    struct pack_reader r;
    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 2, 2);
    (void)pack_read_uint(&r, 1);
    out->count = pack_read_array(&r, 0, NOTE_REACTIONS_MAX);
    for (size_t i = 0; i < out->count; i++) {
        (void)pack_read_array(&r, 4, 4);
        read_place(&r, &out->list[i].at);
        out->list[i].on = pack_read_uint(&r, 1) == 1;
        text_copy(out->list[i].text, pack_read_str(&r, 0, CONTENT_REACTION_MAX));
    }
    return pack_end(&r);
}

static void save_reactions(struct chat *c, const struct row_key *key, const struct reactions *s)
{
    struct buf value = BUF_INIT(2048);
    struct pack_writer w = pack_writer_to(&value);
    pack_write_array(&w, 2);
    pack_write_uint(&w, 1);
    pack_write_array(&w, s->count);
    for (size_t i = 0; i < s->count; i++) {
        pack_write_array(&w, 4);
        write_place(&w, &s->list[i].at);
        pack_write_uint(&w, s->list[i].on);
        pack_write_str(&w, span_str(s->list[i].text));
    }
    put(c, key, &w);
    buf_clear(&value);
}

/* Keep the newest of each emoji, and of them the newest NOTE_REACTIONS_MAX: so it is the same
 * whatever came when. */
static bool insert(struct reactions *s, const struct reaction *r)
{
    size_t same = 0, at;
    while (same < s->count && strcmp(s->list[same].text, r->text) != 0)
        same++;
    if (same < s->count) {
        if (entry_place_cmp(&s->list[same].at, &r->at) >= 0)
            return false;
        s->count--;
        memmove(&s->list[same], &s->list[same + 1], (s->count - same) * sizeof s->list[0]);
    } else if (s->count == NOTE_REACTIONS_MAX) {
        if (entry_place_cmp(&s->list[0].at, &r->at) >= 0)
            return false;
        s->count--;
        memmove(&s->list[0], &s->list[1], s->count * sizeof s->list[0]);
    }
    for (at = s->count; at > 0 && entry_place_cmp(&s->list[at - 1].at, &r->at) > 0; at--)
        s->list[at] = s->list[at - 1];
    s->list[at] = *r;
    s->count++;
    return true;
}

bool reaction_take(struct chat *c, const struct talk *t, const struct entry_id *target,
                   const uint8_t account[ACCOUNT_ID_BYTES], const struct reaction *r)
{
    struct reactions s = {.count = 0};
    struct buf value = BUF_INIT(2048);
    struct row_key key = reactions_key(t, target, account);
    enum err err = vault_get(c->vault, VAULT_T_PLACES, row_span(&key), &value);
    if (err == OK)
        err = read_reactions(buf_span(&value), &s);
    buf_clear(&value);
    if (err != OK && err != ERR_NOT_FOUND) {
        c->failed = c->failed == OK ? err : c->failed;
        return false;
    }
    if (!insert(&s, r))
        return false;
    save_reactions(c, &key, &s);
    return true;
}

bool reactions_next(struct chat *c, const struct talk *t, const struct entry_id *target,
                    struct vault_key *key, struct reactions *out)
{
    struct buf value = BUF_INIT(2048);
    struct row_key prefix = key_of(t, target);
    enum err err;
    if (key->len == 0) { /* the note itself is the first */
        memcpy(key->bytes, prefix.bytes, prefix.len);
        key->len = (uint8_t)prefix.len;
    }
    err = vault_next(c->vault, VAULT_T_PLACES, row_span(&prefix), key, &value);
    if (err == OK && key->len == prefix.len + ACCOUNT_ID_BYTES)
        err = read_reactions(buf_span(&value), out);
    if (err == OK)
        memcpy(out->account, key->bytes + prefix.len, ACCOUNT_ID_BYTES);
    buf_clear(&value);
    return err == OK;
}

void reactions_drop(struct chat *c, const struct talk *t, const struct entry_id *target,
                    const uint8_t account[ACCOUNT_ID_BYTES])
{
    struct row_key key = reactions_key(t, target, account);
    step_put(c, VAULT_T_PLACES, row_span(&key), NULL);
}
