/* A timeline as records: one an entry, and one of the state besides. */
#include "node/chat/delivery/timeline_inside.h"

#define TYPE_ENTRY 1u
#define TYPE_STATE 2u

static const struct pack_extensions none;

/* ---- entries ---- */

static void write_record(struct pack_writer *w, const struct entry_author *author, uint64_t epoch,
                         int64_t received_ms, struct span bytes)
{
    pack_write_array(w, 8);
    pack_write_uint(w, TYPE_ENTRY);
    pack_write_uint(w, 1);
    pack_write_bin(w, SPAN_ARRAY(author->account));
    pack_write_bin(w, SPAN_ARRAY(author->installation));
    pack_write_uint(w, epoch);
    pack_write_int(w, received_ms);
    pack_write_bin(w, bytes);
    pack_write_extensions(w, &none);
}

static void write_node(struct pack_writer *w, const struct timeline_node *n)
{
    write_record(w, &n->author, n->epoch, n->received_ms, buf_span(&n->bytes));
}

enum err timeline_record_of(const struct timeline_in *in, int64_t received_ms, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);

    write_record(&w, &in->author, in->epoch, received_ms, in->bytes);
    return pack_writer_status(&w);
}

enum err timeline_record(const struct timeline *t, const struct entry_id *id, struct buf *out)
{
    const struct timeline_node *n = timeline_node_of(t, id);
    struct pack_writer w = pack_writer_to(out);

    if (n == NULL)
        return ERR_NOT_FOUND;
    write_node(&w, n);
    return pack_writer_status(&w);
}

/* A node of the record that begins here, in no list. NULL without an error: it is known. */
static enum err read_node(struct timeline *t, const struct env *env, struct span conversation,
                          struct pack_reader *r, struct timeline_node **out)
{
    struct timeline_in in = {0};
    struct pack_extensions x;
    struct entry e;

    *out = NULL;
    (void)pack_read_array(r, 8, 8);
    uint64_t type = pack_read_uint(r, UINT64_MAX), version = pack_read_uint(r, UINT64_MAX);
    pack_read_fixed(r, in.author.account, sizeof in.author.account);
    pack_read_fixed(r, in.author.installation, sizeof in.author.installation);
    in.epoch = pack_read_uint(r, UINT64_MAX);
    int64_t received_ms = pack_read_int(r);
    in.bytes = pack_read_bin(r, 1, ENTRY_BYTES_MAX);
    pack_read_extensions(r, &x);
    if (r->err != OK || type != TYPE_ENTRY || version != 1 || entry_decode(in.bytes, &e) != OK)
        return ERR_CORRUPT;
    in.entry = &e;
    TRY(entry_id_of(&e, conversation, &in.author, &in.id));
    if (timeline_node_of(t, &in.id) != NULL)
        return OK;
    TRY(timeline_node_new(t, env, &in, out));
    (*out)->received_ms = received_ms;
    return OK;
}

static void drop(struct timeline *t, struct timeline_node *n)
{
    (void)map_take(&t->nodes, SPAN_ARRAY(n->place.id.bytes));
    timeline_node_free(n);
}

enum err timeline_restore(struct timeline *t, struct span conversation, const struct env *env,
                          struct span record)
{
    struct pack_reader r;
    struct timeline_node *n;

    if (pack_open(record, &r) != OK)
        return ERR_CORRUPT;
    TRY(read_node(t, env, conversation, &r, &n));
    enum err err = n == NULL ? OK : timeline_put(t, env, n, false);
    if (err != OK)
        drop(t, n);
    return err;
}

/* ---- the rest ---- */

bool timeline_changed(const struct timeline *t)
{
    return t->changed;
}

struct entry_place timeline_horizon(const struct timeline *t)
{
    return t->horizon;
}

enum err timeline_save(struct timeline *t, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);
    size_t cursor = 0;
    struct span id;

    pack_write_array(&w, 8);
    pack_write_uint(&w, TYPE_STATE);
    pack_write_uint(&w, 1);
    pack_write_uint(&w, t->own);
    pack_write_uint(&w, t->horizon.lamport);
    pack_write_bin(&w, SPAN_ARRAY(t->horizon.id.bytes));
    pack_write_array(&w, map_count(&t->outside));
    while (map_next(&t->outside, &cursor, &id) != NULL)
        pack_write_bin(&w, id);
    pack_write_array(&w, t->held.count);
    for (size_t i = 0; i < t->held.count; i++)
        write_node(&w, t->held.list[i]);
    pack_write_extensions(&w, &none);
    TRY(pack_writer_status(&w));
    t->changed = false;
    return OK;
}

static enum err load_held(struct timeline *t, struct span conversation, const struct env *env,
                          struct pack_reader *r)
{
    size_t count = pack_read_array(r, 0, TIMELINE_HELD_MAX);

    for (size_t i = 0; i < count; i++) {
        struct timeline_node *n;
        TRY(read_node(t, env, conversation, r, &n));
        if (n == NULL)
            return ERR_CORRUPT;
        enum err err = timeline_nodes_room(&t->held);
        if (err != OK) {
            drop(t, n);
            return err;
        }
        n->held = true;
        timeline_nodes_insert(&t->held, n);
    }
    return OK;
}

enum err timeline_load(struct timeline *t, struct span conversation, const struct env *env,
                       struct span state)
{
    struct pack_reader r;
    struct pack_extensions x;

    assert(map_count(&t->nodes) == 0);
    if (pack_open(state, &r) != OK)
        return ERR_CORRUPT;
    (void)pack_read_array(&r, 8, 8);
    uint64_t type = pack_read_uint(&r, UINT64_MAX), version = pack_read_uint(&r, UINT64_MAX);
    t->own = pack_read_uint(&r, INT64_MAX);
    t->horizon.lamport = pack_read_uint(&r, INT64_MAX);
    pack_read_fixed(&r, t->horizon.id.bytes, ENTRY_ID_BYTES);
    size_t count = pack_read_array(&r, 0, TIMELINE_OUTSIDE_MAX);
    for (size_t i = 0; i < count && r.err == OK; i++) {
        struct entry_id id;
        pack_read_fixed(&r, id.bytes, ENTRY_ID_BYTES);
        if (r.err == OK)
            TRY(map_put(&t->outside, SPAN_ARRAY(id.bytes), t));
    }
    TRY(load_held(t, conversation, env, &r));
    pack_read_extensions(&r, &x);
    return pack_end(&r) == OK && type == TYPE_STATE && version == 1 ? OK : ERR_CORRUPT;
}
