/* A delivery as records: what is written in one transaction with everything else of a step. */
#include "node/chat/delivery/delivery_inside.h"

enum state_key { /* of the STATE table */
    KEY_TIMELINE = 1,
    KEY_PEERS = 2,
    KEY_REST = 3,
};

#define TYPE_REST 3u

void delivery_key(const struct entry_place *place, uint8_t key[DELIVERY_KEY_BYTES])
{
    for (unsigned i = 0; i < 8; i++)
        key[i] = (uint8_t)(place->lamport >> (8 * (7 - i)));
    memcpy(key + 8, place->id.bytes, ENTRY_ID_BYTES);
}

void delivery_horizon(const struct delivery *d, uint8_t key[DELIVERY_KEY_BYTES])
{
    struct entry_place place = timeline_horizon(d->line);

    delivery_key(&place, key);
}

static struct delivery_record at_place(enum delivery_table table, const struct entry_place *place)
{
    struct delivery_record rec = {.table = table, .key_bytes = DELIVERY_KEY_BYTES};

    delivery_key(place, rec.key);
    return rec;
}

static struct delivery_record at_state(enum state_key key)
{
    return (struct delivery_record){.table = DELIVERY_STATE, .key = {(uint8_t)key}, .key_bytes = 1};
}

/* ---- what belongs to no entry ---- */

static void write_message(struct pack_writer *w, const struct delivery_sealed *m)
{
    pack_write_array(w, 5);
    pack_write_uint(w, m->token);
    pack_write_bin(w, SPAN_ARRAY(m->eid));
    entry_ids_write(w, m->entries.list, m->entries.count);
    pack_write_uint(w, m->ack);
    pack_write_bin(w, buf_span(&m->message));
}

static enum err save_rest(const struct delivery *d, struct buf *out)
{
    static const struct pack_extensions none;
    struct pack_writer w = pack_writer_to(out);

    pack_write_array(&w, 8);
    pack_write_uint(&w, TYPE_REST);
    pack_write_uint(&w, 1);
    pack_write_int(&w, d->born_ms);
    pack_write_uint(&w, d->ack_due.ns != MONO_NEVER.ns || d->sealing.ack);
    pack_write_uint(&w, d->seen.lamport);
    pack_write_bin(&w, SPAN_ARRAY(d->seen.id.bytes));
    pack_write_array(&w, d->sealed_count);
    for (size_t i = 0; i < d->sealed_count; i++)
        write_message(&w, &d->sealed[i]);
    pack_write_extensions(&w, &none);
    return pack_writer_status(&w);
}

static enum err read_message(struct pack_reader *r, const struct env *env,
                             struct delivery_sealed *m)
{
    *m = (struct delivery_sealed){.due = env->now};
    buf_init(&m->message, MESSAGE_BYTES_MAX);
    (void)pack_read_array(r, 5, 5);
    m->token = pack_read_uint(r, UINT64_MAX);
    pack_read_fixed(r, m->eid, sizeof m->eid);
    m->entries.count = entry_ids_read(r, m->entries.list, PARCEL_IDS_MAX);
    m->ack = pack_read_uint(r, 1) == 1;
    struct span message = pack_read_bin(r, 0, MESSAGE_BYTES_MAX);
    return r->err == OK ? buf_append(&m->message, message) : ERR_CORRUPT;
}

static enum err load_rest(struct delivery *d, const struct env *env, struct span value)
{
    struct pack_reader r;
    struct pack_extensions x;

    if (pack_open(value, &r) != OK)
        return ERR_CORRUPT;
    (void)pack_read_array(&r, 8, 8);
    uint64_t type = pack_read_uint(&r, UINT64_MAX), version = pack_read_uint(&r, UINT64_MAX);
    d->born_ms = pack_read_int(&r);
    bool owed = pack_read_uint(&r, 1) == 1;
    d->seen.lamport = pack_read_uint(&r, INT64_MAX);
    pack_read_fixed(&r, d->seen.id.bytes, ENTRY_ID_BYTES);
    size_t count = pack_read_array(&r, 0, DELIVERY_SEALED_MAX);
    for (size_t i = 0; i < count; i++) {
        TRY(read_message(&r, env, &d->sealed[i]));
        d->sealed_count = i + 1;
    }
    pack_read_extensions(&r, &x);
    if (pack_end(&r) != OK || type != TYPE_REST || version != 1)
        return ERR_CORRUPT;
    if (owed)
        delivery_owe_ack(d, env);
    return OK;
}

/* ---- saving ---- */

static enum err store_entry(struct delivery *d, struct delivery_record *rec, struct buf *value)
{
    const struct entry_place *place = fifo_peek(&d->unsaved);
    struct entry_place done;

    *rec = at_place(DELIVERY_ENTRIES, place);
    enum err err = timeline_record(d->line, &place->id, value);
    if (err == OK)
        (void)fifo_pop(&d->unsaved, &done);
    return err;
}

static void store_below(struct delivery *d, struct delivery_record *rec, struct buf *value)
{
    struct delivery_event e;

    (void)fifo_pop(&d->below, &e);
    *rec = at_place(DELIVERY_ENTRIES, &e.out.place);
    rec->if_absent = true;
    buf_move(value, &e.bytes);
}

static enum err store_state(struct delivery *d, struct delivery_record *rec, struct buf *value)
{
    if (timeline_changed(d->line)) {
        *rec = at_state(KEY_TIMELINE);
        return timeline_save(d->line, value);
    }
    *rec = at_state(d->peers_changed ? KEY_PEERS : KEY_REST);
    if (d->peers_changed) {
        TRY(outbox_save_peers(d->box, value));
        d->peers_changed = false;
    } else {
        TRY(save_rest(d, value));
        d->rest_changed = false;
    }
    return OK;
}

static enum err store_own(struct delivery *d, const struct env *env,
                          const struct entry_place *place, bool gone, struct delivery_record *rec,
                          struct buf *value)
{
    *rec = at_place(DELIVERY_OUTBOX, place);
    rec->erase = gone;
    if (gone)
        return OK;
    enum err err = outbox_save(d->box, env, &place->id, value);
    if (err != OK)
        outbox_touch(d->box, &place->id);
    return err;
}

enum err delivery_store(struct delivery *d, const struct env *env, struct delivery_record *rec,
                        struct buf *value)
{
    struct entry_place place;
    bool gone;

    buf_clear(value);
    if (fifo_count(&d->unsaved) > 0)
        return store_entry(d, rec, value);
    if (fifo_count(&d->below) > 0) {
        store_below(d, rec, value);
        return OK;
    }
    if (outbox_changed(d->box, &place, &gone))
        return store_own(d, env, &place, gone, rec, value);
    timeline_trim(d->line); /* all that is in memory is written */
    if (timeline_changed(d->line) || d->peers_changed || d->rest_changed)
        return store_state(d, rec, value);
    return ERR_NOT_FOUND;
}

/* ---- loading ---- */

static enum err load_state(struct delivery *d, const struct env *env, uint8_t key,
                           struct span value)
{
    switch (key) {
    case KEY_TIMELINE:
        return timeline_load(d->line, delivery_conversation(d), env, value);
    case KEY_PEERS:
        return outbox_load_peers(d->box, value);
    case KEY_REST:
        return load_rest(d, env, value);
    default:
        return ERR_CORRUPT;
    }
}

enum err delivery_load(struct delivery *d, const struct env *env, enum delivery_table table,
                       struct span key, struct span value)
{
    switch (table) {
    case DELIVERY_STATE:
        return key.len == 1 ? load_state(d, env, key.ptr[0], value) : ERR_CORRUPT;
    case DELIVERY_OUTBOX:
        return outbox_load(d->box, delivery_conversation(d), &d->config.self, env, value);
    case DELIVERY_ENTRIES:
        return timeline_restore(d->line, delivery_conversation(d), env, value);
    }
    return ERR_CORRUPT;
}
