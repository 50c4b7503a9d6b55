/* The page turns: fresh key into the free slot; what is alive sealed under it, and the database
 * points to that slot, in one transaction; the old slot is overwritten. A crash between two of
 * these leaves a slot that is not in force: it is overwritten when the vault is opened. */
#include "crypto/base/reader.h"
#include "crypto/base/wipe.h"
#include "node/chat/vault/vault_inside.h"

#define META       SPAN_LIT("meta")
#define VERSION    1u
#define META_BYTES (1u + 8u + 1u + VAULT_NAME_BYTES)
#define RETRY_NS   (60 * NS_PER_S) /* after a disk error */

enum err vault_meta_read(struct kv *kv, struct vault_meta *out, uint8_t check[VAULT_NAME_BYTES])
{
    struct kv_txn *txn;
    struct span value;

    TRY(kv_begin(kv, false, &txn));
    enum err err = kv_get(txn, 0, META, &value);
    if (err == OK) {
        struct reader r = reader_of(value);
        unsigned version = read_u8(&r);
        out->number = read_be64(&r);
        out->dirty = read_u8(&r);
        struct span tail = read_bytes(&r, VAULT_NAME_BYTES);
        err = reader_end(&r) == OK ? OK : ERR_CORRUPT;
        if (err == OK)
            memcpy(check, tail.ptr, tail.len);
        if (version != VERSION)
            err = ERR_UNSUPPORTED;
    }
    kv_abort(txn);
    return err;
}

enum err vault_meta_put(const struct vault *v, struct kv_txn *txn, const struct vault_meta *meta)
{
    uint8_t bytes[META_BYTES] = {VERSION};

    for (size_t i = 0; i < 8; i++)
        bytes[1 + i] = (uint8_t)(meta->number >> 8 * (7 - i));
    bytes[9] = meta->dirty;
    vault_check_of(v, bytes + 10);
    return kv_put(txn, 0, META, SPAN_ARRAY(bytes));
}

static enum err rewrap_one(struct vault *v, struct kv_txn *txn, enum vault_domain d,
                           const uint8_t *fresh, const struct vault_name *name, struct span wrap)
{
    uint8_t own[WIPE_KEY_BYTES], again[VAULT_WRAP_BYTES];

    enum err err = vault_unwrap(v->slot.keys[d - 1], name, wrap, own);
    if (err == ERR_AUTH && v->origin == VAULT_SAME)
        return OK; /* damaged: stays as it is, and vault_get says so */
    if (err == ERR_AUTH) {
        TRY(kv_delete(txn, vault_kv_of(d), SPAN_ARRAY(name->bytes)));
        err = kv_delete(txn, 0, SPAN_ARRAY(name->bytes));
        return err == ERR_NOT_FOUND ? OK : err;
    }
    if (err == OK)
        err = vault_wrap(fresh, name, own, again);
    wipe(own, sizeof own);
    return err == OK ? kv_put(txn, vault_kv_of(d), SPAN_ARRAY(name->bytes), SPAN_ARRAY(again))
                     : err;
}

static enum err rewrap(struct vault *v, struct kv_txn *txn, enum vault_domain d,
                       const uint8_t *fresh)
{
    struct vault_name name;
    struct span found, wrap, from = SPAN_EMPTY;
    enum err err;

    while ((err = kv_next(txn, vault_kv_of(d), from, &found, &wrap)) == OK) {
        if (found.len != sizeof name.bytes)
            return ERR_CORRUPT;
        memcpy(name.bytes, found.ptr, sizeof name.bytes);
        from = SPAN_ARRAY(name.bytes);
        TRY(rewrap_one(v, txn, d, fresh, &name, wrap));
    }
    return err == ERR_NOT_FOUND ? OK : err;
}

static enum err switch_once(struct vault *v, const struct wipe_slot *next, unsigned mask,
                            const struct vault_meta *meta)
{
    struct kv_txn *txn;
    enum err err = OK;

    TRY(kv_begin(v->kv, true, &txn));
    for (unsigned d = VAULT_RATCHETS; d < VAULT_DOMAINS && err == OK; d++)
        if ((mask & 1u << d) != 0)
            err = rewrap(v, txn, (enum vault_domain)d, next->keys[d - 1]);
    if (err == OK)
        err = vault_meta_put(v, txn, meta);
    if (err == OK)
        return kv_commit(txn);
    kv_abort(txn);
    return err;
}

static enum err overwrite_other(struct vault *v)
{
    static const uint8_t zeros[WIPE_SLOT_BYTES];
    if (!v->other_alive)
        return OK;
    TRY(v->wipe->write_sync(v->wipe->state, (1 - v->slot_at) * WIPE_SLOT_BYTES, SPAN_ARRAY(zeros)));
    v->other_alive = false;
    return OK;
}

enum err vault_turn_to(struct vault *v, struct wipe_slot *next, unsigned mask)
{
    uint8_t bytes[WIPE_SLOT_BYTES];
    uint64_t last = v->slot.number > v->meta.number ? v->slot.number : v->meta.number;
    struct vault_meta meta = {.number = last + 1, .dirty = (uint8_t)(v->meta.dirty & ~mask)};
    enum err err;

    assert(!v->destroyed);
    next->number = last + 1;
    memcpy(next->place, v->place, sizeof next->place);
    TRY(wipe_slot_write(next, bytes));
    v->other_alive = true;
    err =
        v->wipe->write_sync(v->wipe->state, (1 - v->slot_at) * WIPE_SLOT_BYTES, SPAN_ARRAY(bytes));
    wipe(bytes, sizeof bytes);
    TRY(err);
    err = ERR_FULL;
    for (unsigned i = 0; i < VAULT_COMMIT_TRIES && err == ERR_FULL; i++)
        err = switch_once(v, next, mask, &meta);
    TRY(err);
    v->slot = *next;
    v->slot_at = 1 - v->slot_at;
    v->meta = meta;
    return overwrite_other(v);
}

void vault_note_dirty(struct vault *v, const struct env *env)
{
    if (v->meta.dirty != 0 && v->due.ns == MONO_NEVER.ns)
        v->due = mono_add(env->now, VAULT_WIPE_EVERY_S * NS_PER_S);
}

static enum err turn(struct vault *v, unsigned mask)
{
    struct wipe_slot next = v->slot;

    for (unsigned d = VAULT_RATCHETS; d < VAULT_DOMAINS; d++)
        if ((mask & 1u << d) != 0)
            memcpy(next.keys[d - 1], v->fresh[d - 1], WIPE_KEY_BYTES);
    enum err err = vault_turn_to(v, &next, mask);
    wipe(&next, sizeof next);
    return err;
}

enum err vault_turn_due(struct vault *v)
{
    TRY(v->meta.dirty != 0 ? turn(v, v->meta.dirty) : OK);
    return overwrite_other(v);
}

static enum err turned(struct vault *v, const struct env *env, enum err err)
{
    /* drawn anew also after a failure: what the failed turn has written may lie on the disk */
    rng_fill(env->rng, v->fresh, sizeof v->fresh);
    if (err != OK)
        v->due = mono_add(env->now, RETRY_NS);
    else if (v->meta.dirty == 0)
        v->due = MONO_NEVER;
    return err;
}

enum err vault_turn(struct vault *v, const struct env *env)
{
    return turned(v, env, turn(v, 1u << VAULT_RATCHETS | 1u << VAULT_ENTRIES));
}

enum err vault_tick(struct vault *v, const struct env *env)
{
    /* files of elsewhere are not touched before the caller has dealt with that: it would be
     * forgotten that they are */
    if (env->now.ns < v->due.ns || v->destroyed || v->origin != VAULT_SAME)
        return OK;
    return turned(v, env, vault_turn_due(v));
}

struct mono vault_deadline(const struct vault *v)
{
    return v->origin == VAULT_SAME && !v->destroyed ? v->due : MONO_NEVER;
}
