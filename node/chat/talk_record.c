/* How a conversation lies in the vault: one record for the person, one of secrets, and those of its
 * MLS states, its DAG and its delivery. */
#include "node/chat/doors.h"
#include "node/chat/talk.h"

/* ---- records ---- */

static void write_wishes(struct pack_writer *w, const struct talk *t)
{
    pack_write_array(w, t->wishes_count);
    for (size_t i = 0; i < t->wishes_count; i++) {
        const struct wish *v = &t->wishes[i];
        pack_write_array(w, 4);
        pack_write_uint(w, (uint64_t)v->kind);
        pack_write_bin(w, SPAN_ARRAY(v->account));
        pack_write_uint(w, v->role);
        pack_write_bin(w, span_of(v->name, v->name_len));
    }
}

static void write_since(struct pack_writer *w, const struct talk *t)
{
    pack_write_array(w, t->since_count);
    for (size_t i = 0; i < t->since_count; i++) {
        pack_write_array(w, 3);
        pack_write_bin(w, SPAN_ARRAY(t->since[i].who.account));
        pack_write_bin(w, SPAN_ARRAY(t->since[i].who.installation));
        pack_write_uint(w, t->since[i].epoch);
    }
}

static void write_place(struct pack_writer *w, const struct entry_place *p)
{
    pack_write_uint(w, p->lamport);
    pack_write_bin(w, SPAN_ARRAY(p->id.bytes));
}

#define RECORD_FIELDS 21u

static enum err write_talk(const struct talk *t, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);
    pack_write_array(&w, RECORD_FIELDS);
    pack_write_uint(&w, 1);
    pack_write_uint(&w, (uint64_t)t->type);
    pack_write_uint(&w, (uint64_t)t->state);
    pack_write_bin(&w, SPAN_ARRAY(t->with.bytes));
    pack_write_uint(&w, t->muted);
    pack_write_uint(&w, t->unread);
    write_place(&w, &t->seen);
    pack_write_int(&w, t->last_ns);
    pack_write_bin(&w, span_str(t->last));
    write_place(&w, &t->last_at);
    pack_write_uint(&w, t->disappearing_s);
    write_place(&w, &t->timer_at);
    pack_write_uint(&w, t->timer_set);
    pack_write_int(&w, t->caught_up_ns);
    pack_write_bin(&w, span_of(t->data.name, t->data.name_len));
    pack_write_uint(&w, t->branches != NULL);
    write_wishes(&w, t);
    write_since(&w, t);
    return pack_writer_status(&w);
}

static enum err read_wishes(struct pack_reader *r, struct talk *t)
{
    size_t count = pack_read_array(r, 0, TALK_WISHES_MAX);
    for (size_t i = 0; i < count; i++) {
        struct wish v = {.name_len = 0};
        (void)pack_read_array(r, 4, 4);
        v.kind = (enum wish_kind)pack_read_uint(r, WISH_NAME);
        pack_read_fixed(r, v.account, sizeof v.account);
        v.role = (unsigned)pack_read_uint(r, PROFILE_OWNER);
        struct span name = pack_read_bin(r, 0, sizeof v.name);
        TRY(r->err);
        if (name.len > 0)
            memcpy(v.name, name.ptr, name.len);
        v.name_len = name.len;
        TRY(wish_append(t, &v));
    }
    return OK;
}

static void read_since(struct pack_reader *r, struct talk *t)
{
    size_t count = pack_read_array(r, 0, 4 * DELIVERY_MEMBERS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct entry_author who;
        (void)pack_read_array(r, 3, 3);
        pack_read_fixed(r, who.account, sizeof who.account);
        pack_read_fixed(r, who.installation, sizeof who.installation);
        uint64_t epoch = pack_read_uint(r, UINT64_MAX);
        if (r->err == OK)
            (void)members_since(t, &who, epoch);
    }
}

static void read_place(struct pack_reader *r, struct entry_place *p)
{
    p->lamport = pack_read_uint(r, UINT64_MAX);
    pack_read_fixed(r, p->id.bytes, sizeof p->id.bytes);
}

static enum err read_talk(struct span in, struct talk *t, bool *joined)
{
    struct pack_reader r;
    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, RECORD_FIELDS, RECORD_FIELDS);
    (void)pack_read_uint(&r, 1);
    t->type = (enum chat_type)pack_read_uint(&r, CHAT_SELF);
    t->state = (enum chat_conversation_state)pack_read_uint(&r, CHAT_REJOINING);
    pack_read_fixed(&r, t->with.bytes, sizeof t->with.bytes);
    t->muted = pack_read_uint(&r, 1) == 1;
    t->unread = (unsigned)pack_read_uint(&r, UINT32_MAX);
    read_place(&r, &t->seen);
    t->last_ns = pack_read_int(&r);
    struct span last = pack_read_bin(&r, 0, sizeof t->last - 1);
    TRY(r.err);
    text_copy(t->last, last);
    read_place(&r, &t->last_at);
    t->disappearing_s = pack_read_uint(&r, CONTENT_TIMER_S_MAX);
    read_place(&r, &t->timer_at);
    t->timer_set = pack_read_uint(&r, 1) == 1;
    t->caught_up_ns = pack_read_int(&r);
    struct span name = pack_read_bin(&r, 0, sizeof t->data.name);
    if (name.len > 0)
        memcpy(t->data.name, name.ptr, name.len);
    t->data.name_len = name.len;
    *joined = pack_read_uint(&r, 1) == 1;
    TRY(read_wishes(&r, t));
    read_since(&r, t);
    return pack_end(&r);
}

/* [address, next address, week from which it counts, keys] */
static enum err write_secrets(const struct talk *t, struct buf *out)
{
    struct pack_writer w = pack_writer_to(out);
    pack_write_array(&w, 4);
    pack_write_bin(&w, SPAN_ARRAY(t->address.now));
    pack_write_bin(&w, SPAN_ARRAY(t->address.next));
    pack_write_uint(&w, t->address.next_from);
    keys_write(&w, t);
    return pack_writer_status(&w);
}

static enum err read_secrets(struct span in, struct talk *t)
{
    struct pack_reader r;
    TRY(pack_open(in, &r));
    (void)pack_read_array(&r, 4, 4);
    pack_read_fixed(&r, t->address.now, sizeof t->address.now);
    pack_read_fixed(&r, t->address.next, sizeof t->address.next);
    t->address.next_from = pack_read_uint(&r, UINT64_MAX);
    keys_read(&r, t);
    return pack_end(&r);
}

/* ---- the states of MLS and their DAG ---- */

static struct row_key state_key(const struct talk *t, const struct branches_record *r)
{
    uint8_t kind = r->kind == BRANCHES_RECORD_DAG ? (uint8_t)r->dag_kind : (uint8_t)r->kind;
    return row_key_of(SPAN_ARRAY(t->id.bytes), span_of(&kind, 1), SPAN_ARRAY(r->name));
}

static enum err save_branches(struct chat *c, const struct env *env, struct talk *t,
                              struct buf *value)
{
    struct branches_record r;
    enum err err;
    for (;;) {
        buf_reset(value);
        err = branches_save_next(t->branches, env, &r, value);
        if (err != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        struct row_key key = state_key(t, &r);
        step_put(c, r.kind == BRANCHES_RECORD_DAG ? VAULT_T_DAGS : VAULT_T_GROUPS, row_span(&key),
                 r.gone ? NULL : value);
    }
}

static enum err load_table(struct chat *c, const struct env *env, struct talk *t,
                           enum vault_table table, struct buf *value)
{
    struct vault_key key = {0};
    enum err err;
    while ((err = vault_next(c->vault, table, SPAN_ARRAY(t->id.bytes), &key, value)) == OK) {
        struct branches_record r = {0};
        if (key.len != CHAT_CONVERSATION_BYTES + 1 + sizeof r.name)
            return ERR_CORRUPT;
        uint8_t kind = key.bytes[CHAT_CONVERSATION_BYTES];
        if (table == VAULT_T_DAGS)
            r.dag_kind = (enum dag_record_kind)kind;
        r.kind = table == VAULT_T_DAGS ? BRANCHES_RECORD_DAG : (enum branches_record_kind)kind;
        memcpy(r.name, key.bytes + CHAT_CONVERSATION_BYTES + 1, sizeof r.name);
        TRY(branches_load(t->branches, env, &r, buf_span(value)));
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err load_branches(struct chat *c, const struct env *env, struct talk *t,
                              struct buf *value)
{
    TRY(branches_load_begin(&t->branches));
    TRY(load_table(c, env, t, VAULT_T_DAGS, value));
    TRY(load_table(c, env, t, VAULT_T_GROUPS, value));
    return branches_load_end(t->branches, env);
}

/* ---- delivery ---- */

static const enum vault_table delivery_tables[] = {
    [DELIVERY_STATE] = VAULT_T_DELIVERY,
    [DELIVERY_OUTBOX] = VAULT_T_OUTBOX,
    [DELIVERY_ENTRIES] = VAULT_T_ENTRIES,
};

static struct entry_place place_of(const uint8_t key[DELIVERY_KEY_BYTES])
{
    struct entry_place p = {.lamport = 0};
    for (size_t i = 0; i < 8; i++)
        p.lamport = p.lamport << 8 | key[i];
    memcpy(p.id.bytes, key + 8, sizeof p.id.bytes);
    return p;
}

static enum err save_delivery(struct chat *c, const struct env *env, struct talk *t,
                              struct buf *value)
{
    struct delivery_record r;
    for (;;) {
        enum err err = delivery_store(t->delivery, env, &r, value);
        if (err != OK)
            return err == ERR_NOT_FOUND ? OK : err;
        struct row_key key =
            row_key_of(SPAN_ARRAY(t->id.bytes), span_of(r.key, r.key_bytes), SPAN_EMPTY);
        if (r.if_absent &&
            vault_get(c->vault, delivery_tables[r.table], row_span(&key), NULL) == OK)
            continue;
        if (r.table == DELIVERY_ENTRIES && !r.erase) {
            struct entry_place place = place_of(r.key);
            if (r.if_absent) /* below the window: nobody has shown it yet */
                entry_row_arrived(c, env, t, &place, buf_span(value), false);
            if (entry_gone(c, t, &place.id))
                continue;
        }
        step_put(c, delivery_tables[r.table], row_span(&key), r.erase ? NULL : value);
    }
}

static enum err load_delivery(struct chat *c, const struct env *env, struct talk *t,
                              enum delivery_table table, struct buf *value)
{
    struct vault_key key = {0};
    enum err err;
    if (table == DELIVERY_ENTRIES) { /* what is at or below need not be loaded */
        memcpy(key.bytes, t->id.bytes, CHAT_CONVERSATION_BYTES);
        delivery_horizon(t->delivery, key.bytes + CHAT_CONVERSATION_BYTES);
        key.len = CHAT_CONVERSATION_BYTES + DELIVERY_KEY_BYTES;
    }
    while ((err = vault_next(c->vault, delivery_tables[table], SPAN_ARRAY(t->id.bytes), &key,
                             value)) == OK)
        TRY(delivery_load(
            t->delivery, env, table,
            span_of(key.bytes + CHAT_CONVERSATION_BYTES, key.len - CHAT_CONVERSATION_BYTES),
            buf_span(value)));
    return err == ERR_NOT_FOUND ? OK : err;
}

/* ---- all of it ---- */

static struct row_key secrets_key(const struct talk *t)
{
    return row_key_of(SPAN_LIT("talk"), SPAN_ARRAY(t->id.bytes), SPAN_EMPTY);
}

static enum err save_one(struct chat *c, const struct env *env, struct talk *t, struct buf *value)
{
    if (t->branches != NULL && t->active) {
        TRY(save_branches(c, env, t, value));
        TRY(save_delivery(c, env, t, value));
    }
    if (t->last_stale)
        talk_show_last(c, t);
    if (t->changed) {
        buf_reset(value);
        TRY(write_talk(t, value));
        step_put(c, VAULT_T_CONVERSATIONS, SPAN_ARRAY(t->id.bytes), value);
    }
    if (t->keys_changed || t->changed) {
        struct row_key key = secrets_key(t);
        buf_reset(value);
        TRY(write_secrets(t, value));
        step_put(c, VAULT_T_SECRETS, row_span(&key), value);
    }
    TRY(talk_heal_save(c, t, value));
    t->changed = t->keys_changed = false;
    return OK;
}

enum err talks_save(struct chat *c, const struct env *env)
{
    struct buf value = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    size_t cursor = 0;
    enum err err = OK;
    for (struct talk *t; err == OK && (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        err = save_one(c, env, t, &value);
    buf_clear(&value);
    return err;
}

static enum err load_states(struct chat *c, const struct env *env, struct talk *t,
                            struct buf *value)
{
    TRY(load_branches(c, env, t, value));
    TRY(talk_deliver(c, env, t));
    TRY(load_delivery(c, env, t, DELIVERY_STATE, value));
    TRY(load_delivery(c, env, t, DELIVERY_OUTBOX, value));
    TRY(load_delivery(c, env, t, DELIVERY_ENTRIES, value));
    TRY(talk_heal_load(c, t, value));
    branches_catchup(t->branches, env, true);
    TRY(rejoining_load(c, env, t));
    TRY(doors_load(c, t));
    t->active = true;
    TRY(talk_adopt(c, env, t));
    healing_catchup(t->healing, true);
    return OK;
}

static enum err load_one(struct chat *c, const struct env *env, const struct vault_key *key,
                         struct buf *value)
{
    bool joined;
    struct talk *t =
        key->len != CHAT_CONVERSATION_BYTES ? NULL : talks_new(c, env, key->bytes, CHAT_DIRECT);
    if (t == NULL)
        return key->len != CHAT_CONVERSATION_BYTES ? ERR_CORRUPT : ERR_MEMORY;
    if (read_talk(buf_span(value), t, &joined) != OK)
        return ERR_CORRUPT;
    struct row_key secrets = secrets_key(t);
    buf_reset(value);
    enum err err = vault_get(c->vault, VAULT_T_SECRETS, row_span(&secrets), value);
    if (err == OK)
        err = read_secrets(buf_span(value), t) == OK ? OK : ERR_CORRUPT;
    if (err != OK && err != ERR_NOT_FOUND)
        return err;
    if (joined)
        TRY(load_states(c, env, t, value));
    t->changed = t->keys_changed = false;
    return OK;
}

enum err talk_restore(struct chat *c, const struct env *env, struct span id, struct span record)
{
    bool joined;
    struct talk *t;
    if (id.len != CHAT_CONVERSATION_BYTES)
        return ERR_FORMAT;
    if (talks_find(c, id.ptr) != NULL)
        return ERR_EXISTS;
    t = talks_new(c, env, id.ptr, CHAT_DIRECT);
    if (t == NULL)
        return ERR_FULL;
    if (read_talk(record, t, &joined) != OK)
        return ERR_FORMAT;
    t->state = CHAT_LEFT;
    t->wishes_count = t->since_count = 0;
    t->caught_up_ns = env->wall.ns;
    t->changed = true;
    return OK;
}

/* What was wished for, or what a log obliges us to, may not have become a commit before the end. */
static void resume(struct chat *c, const struct env *env)
{
    size_t cursor = 0;
    for (struct talk *t; (t = map_next(&c->talks, &cursor, NULL)) != NULL;)
        if (t->branches != NULL && t->state != CHAT_LEFT) {
            int64_t wait = t->wishes_count > 0 ? 0 : (int64_t)rng_below(env->rng, TALK_OWES_S);
            t->reconcile_at = mono_add(env->now, wait * NS_PER_S);
        }
}

enum err talks_load(struct chat *c, const struct env *env)
{
    struct vault_key key = {0};
    struct buf value = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    enum err err;
    while ((err = vault_next(c->vault, VAULT_T_CONVERSATIONS, SPAN_EMPTY, &key, &value)) == OK) {
        err = load_one(c, env, &key, &value);
        if (err != OK)
            break;
    }
    resume(c, env);
    buf_clear(&value);
    return err == ERR_NOT_FOUND ? OK : err;
}
