/* A step: changes held in memory by name, written in one transaction, and read before the database
 * by those who read inside the step. */
#include "crypto/base/wipe.h"
#include "node/chat/vault/vault_inside.h"

#include <stdlib.h>

void vault_begin(struct vault *v)
{
    assert(!v->in_step && !v->destroyed);
    v->in_step = true;
}

bool vault_in_step(const struct vault *v)
{
    return v->in_step;
}

static void change_free(struct vault_change *c)
{
    buf_clear(&c->plain);
    free(c);
}

void vault_step_clear(struct vault *v)
{
    size_t cursor = 0;
    for (struct vault_change *c; (c = map_next(&v->changes, &cursor, NULL)) != NULL;)
        change_free(c);
    map_clear(&v->changes);
    v->step_bytes = 0;
    v->in_step = false;
}

void vault_abort(struct vault *v)
{
    vault_step_clear(v);
    vault_counters_forget(v);
}

/* ---- the step is changed ---- */

static struct vault_change *changed(const struct vault *v, const struct vault_name *name)
{
    return map_get(&v->changes, SPAN_ARRAY(name->bytes));
}

static enum err change_of(struct vault *v, enum vault_table t, const struct vault_name *name,
                          struct vault_change **out)
{
    *out = changed(v, name);
    if (*out != NULL)
        return OK;
    struct vault_change *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_MEMORY;
    c->name = *name;
    c->domain = vault_table_spec(t)->domain;
    c->plain = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    enum err err = map_put(&v->changes, SPAN_ARRAY(c->name.bytes), c);
    if (err != OK)
        change_free(c);
    else
        *out = c;
    return err;
}

static enum err put_named(struct vault *v, enum vault_table t, const struct vault_name *name,
                          struct span value)
{
    struct buf plain = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    struct vault_change *c = NULL;

    assert(v->in_step);
    if (value.len > VAULT_VALUE_BYTES_MAX)
        return ERR_ARGUMENT;
    if (v->step_bytes + value.len > VAULT_STEP_BYTES_MAX)
        return ERR_FULL;
    TRY(buf_append(&plain, value));
    enum err err = change_of(v, t, name, &c);
    if (err != OK) {
        buf_clear(&plain);
        return err;
    }
    v->step_bytes += value.len - c->plain.len;
    buf_move(&c->plain, &plain);
    c->removed = false;
    return OK;
}

enum err vault_put_raw(struct vault *v, enum vault_table t, struct span key, struct span value)
{
    struct vault_name name;

    TRY(vault_name_of(v, t, key, &name));
    return put_named(v, t, &name, value);
}

enum err vault_delete_raw(struct vault *v, enum vault_table t, struct span key)
{
    struct vault_change *c;
    struct vault_name name;

    assert(v->in_step);
    TRY(vault_name_of(v, t, key, &name));
    TRY(change_of(v, t, &name, &c));
    v->step_bytes -= c->plain.len;
    buf_clear(&c->plain);
    c->removed = true;
    return OK;
}

/* Is there a value, openable or not? */
static enum err is_there(struct vault *v, const struct vault_name *name)
{
    struct kv_txn *txn;
    struct span ignored;
    const struct vault_change *c = changed(v, name);

    if (c != NULL)
        return c->removed ? ERR_NOT_FOUND : OK;
    TRY(kv_begin(v->kv, false, &txn));
    enum err err = kv_get(txn, 0, SPAN_ARRAY(name->bytes), &ignored);
    kv_abort(txn);
    return err;
}

enum err vault_put(struct vault *v, enum vault_table t, struct span key, struct span value)
{
    struct vault_name name;

    TRY(vault_name_of(v, t, key, &name));
    enum err there = is_there(v, &name);
    if (there != OK && there != ERR_NOT_FOUND)
        return there;
    TRY(put_named(v, t, &name, value));
    return there == OK ? OK : vault_index_add(v, t, key);
}

enum err vault_delete(struct vault *v, enum vault_table t, struct span key)
{
    struct vault_name name;

    TRY(vault_name_of(v, t, key, &name));
    TRY(is_there(v, &name));
    TRY(vault_delete_raw(v, t, key));
    return vault_index_remove(v, t, key);
}

/* ---- reading ---- */

static enum err open_stored(const struct vault *v, struct kv_txn *txn, enum vault_domain d,
                            const struct vault_name *name, struct buf *out)
{
    uint8_t own[WIPE_KEY_BYTES];
    struct span sealed, wrap;

    TRY(kv_get(txn, 0, SPAN_ARRAY(name->bytes), &sealed));
    if (d == VAULT_KEPT)
        return vault_unseal(v, name, NULL, sealed, out);
    enum err err = kv_get(txn, vault_kv_of(d), SPAN_ARRAY(name->bytes), &wrap);
    if (err == OK)
        err = vault_unwrap(v->slot.keys[d - 1], name, wrap, own);
    if (err == ERR_AUTH) /* its wipe key went with the files that a backup replaced */
        err = v->origin == VAULT_ROLLED_BACK ? ERR_NOT_FOUND : ERR_CORRUPT;
    if (err == OK)
        err = vault_unseal(v, name, own, sealed, out);
    wipe(own, sizeof own);
    return err;
}

enum err vault_get(struct vault *v, enum vault_table t, struct span key, struct buf *value)
{
    struct vault_name name;
    struct kv_txn *txn;

    TRY(vault_name_of(v, t, key, &name));
    const struct vault_change *c = changed(v, &name);
    if (c != NULL && c->removed)
        return ERR_NOT_FOUND;
    if (c != NULL)
        return value == NULL ? OK : buf_append(value, buf_span(&c->plain));
    TRY(kv_begin(v->kv, false, &txn));
    enum err err = open_stored(v, txn, vault_table_spec(t)->domain, &name, value);
    kv_abort(txn);
    return err;
}

/* ---- commit ---- */

/* Take away what is stored under the name; note that something of this domain must die. */
static enum err replace(struct kv_txn *txn, const struct vault_change *c, struct vault_meta *meta)
{
    struct span name = SPAN_ARRAY(c->name.bytes), old;

    if (c->domain == VAULT_KEPT)
        return OK;
    enum err err = kv_get(txn, vault_kv_of(c->domain), name, &old);
    if (err == OK)
        meta->dirty |= (uint8_t)(1u << c->domain);
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err absent_is_fine(enum err err)
{
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err write_removal(struct kv_txn *txn, const struct vault_change *c)
{
    struct span name = SPAN_ARRAY(c->name.bytes);
    if (c->domain != VAULT_KEPT)
        TRY(absent_is_fine(kv_delete(txn, vault_kv_of(c->domain), name)));
    return absent_is_fine(kv_delete(txn, 0, name));
}

static enum err write_value(const struct vault *v, struct kv_txn *txn, const struct vault_change *c,
                            struct rng *rng)
{
    struct buf sealed = BUF_INIT(KV_VALUE_BYTES_MAX);
    struct span name = SPAN_ARRAY(c->name.bytes);
    uint8_t own[WIPE_KEY_BYTES], wrap[VAULT_WRAP_BYTES];
    bool dies = c->domain != VAULT_KEPT;
    enum err err = OK;

    if (dies) {
        rng_fill(rng, own, sizeof own);
        err = vault_wrap(v->slot.keys[c->domain - 1], &c->name, own, wrap);
    }
    if (err == OK && dies)
        err = kv_put(txn, vault_kv_of(c->domain), name, SPAN_ARRAY(wrap));
    if (err == OK)
        err = vault_seal(v, &c->name, dies ? own : NULL, rng, buf_span(&c->plain), &sealed);
    if (err == OK)
        err = kv_put(txn, 0, name, buf_span(&sealed));
    buf_clear(&sealed);
    wipe(own, sizeof own);
    return err;
}

static enum err write_step(struct vault *v, struct kv_txn *txn, struct rng *rng,
                           struct vault_meta *meta)
{
    size_t cursor = 0;
    for (struct vault_change *c; (c = map_next(&v->changes, &cursor, NULL)) != NULL;) {
        TRY(replace(txn, c, meta));
        TRY(c->removed ? write_removal(txn, c) : write_value(v, txn, c, rng));
    }
    return meta->dirty == v->meta.dirty ? OK : vault_meta_put(v, txn, meta);
}

static enum err commit_once(struct vault *v, struct rng *rng, struct vault_meta *meta)
{
    struct kv_txn *txn;

    *meta = v->meta;
    TRY(kv_begin(v->kv, true, &txn));
    enum err err = write_step(v, txn, rng, meta);
    if (err == OK)
        return kv_commit(txn);
    kv_abort(txn);
    return err;
}

enum err vault_commit(struct vault *v, const struct env *env)
{
    struct vault_meta meta;
    enum err err = ERR_FULL;

    assert(v->in_step);
    if (v->moving)
        return ERR_REFUSED;
    if (map_count(&v->changes) > 0)
        for (unsigned i = 0; i < VAULT_COMMIT_TRIES && err == ERR_FULL; i++)
            err = commit_once(v, env->rng, &meta);
    else
        err = OK, meta = v->meta;
    if (err != OK)
        return err;
    v->meta = meta;
    vault_note_dirty(v, env);
    vault_step_clear(v);
    return OK;
}
