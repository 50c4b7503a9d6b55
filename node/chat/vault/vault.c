#include "node/chat/vault/vault.h"

#include "crypto/base/wipe.h"
#include "node/chat/vault/vault_inside.h"

#include <stdlib.h>

#define SECRET_NAME SPAN_LIT("vault")

enum err vault_exists(struct kv *kv)
{
    struct vault_meta meta;
    uint8_t check[VAULT_NAME_BYTES];
    enum err err = vault_meta_read(kv, &meta, check);
    return err == ERR_UNSUPPORTED || err == ERR_CORRUPT ? OK : err;
}

static enum err vault_new(struct vault **out, struct kv *kv, struct wipe_file *file,
                          const struct env *env)
{
    struct vault *v = calloc(1, sizeof *v);
    uint8_t seed[16];

    if (v == NULL)
        return ERR_MEMORY;
    v->kv = kv;
    v->wipe = file;
    v->due = MONO_NEVER;
    rng_fill(env->rng, seed, sizeof seed);
    map_init(&v->changes, seed, VAULT_STEP_VALUES_MAX);
    map_init(&v->counters, seed, VAULT_COUNTERS_MAX);
    rng_fill(env->rng, v->fresh, sizeof v->fresh);
    *out = v;
    return OK;
}

void vault_drop(struct vault *v)
{
    if (v == NULL)
        return;
    size_t cursor = 0;
    for (void *c; (c = map_next(&v->counters, &cursor, NULL)) != NULL;)
        free(c);
    map_clear(&v->counters);
    vault_step_clear(v);
    keyring_close(v->secret);
    keyring_free(v->ring);
    wipe(v, sizeof *v);
    free(v);
}

void vault_close(struct vault *v)
{
    if (v == NULL)
        return;
    vault_step_clear(v);
    if (!v->destroyed && v->secret != NULL && v->origin == VAULT_SAME && vault_turn_due(v) != OK) {
        /* the next opening does it */
    }
    vault_drop(v);
}

static enum err open_secret(struct vault *v)
{
    return keyring_open(v->ring, SECRET_NAME, KEYRING_MAY_DERIVE, &v->secret);
}

static enum err seal_lock(const struct vault *v, struct rng *rng, const struct keyring_lock *lock,
                          struct wipe_slot *slot)
{
    struct buf sealed = BUF_INIT(WIPE_LOCK_BYTES_MAX);
    enum err err = keyring_seal(v->ring, rng, lock, &sealed);
    if (err == OK) {
        slot->lock_len = sealed.len;
        memcpy(slot->lock, sealed.ptr, sealed.len);
    }
    buf_clear(&sealed);
    return err;
}

/* ---- create ---- */

static enum err write_slot(const struct vault *v, size_t at)
{
    uint8_t bytes[WIPE_SLOT_BYTES];
    TRY(wipe_slot_write(&v->slot, bytes));
    enum err err = v->wipe->write_sync(v->wipe->state, at * WIPE_SLOT_BYTES, SPAN_ARRAY(bytes));
    wipe(bytes, sizeof bytes);
    return err;
}

static enum err read_page(struct vault *v, uint8_t page[WIPE_PAGE_BYTES])
{
    return v->wipe->read(v->wipe->state, page, v->place);
}

/* The file has a place once it is there: so it is written twice. */
static enum err first_page(struct vault *v)
{
    uint8_t page[WIPE_PAGE_BYTES];
    static const uint8_t zeros[WIPE_SLOT_BYTES];

    TRY(v->wipe->write_sync(v->wipe->state, WIPE_SLOT_BYTES, SPAN_ARRAY(zeros)));
    TRY(read_page(v, page));
    memcpy(v->slot.place, v->place, sizeof v->place);
    return write_slot(v, 0);
}

static enum err first_meta(struct vault *v)
{
    struct kv_txn *txn;
    v->meta = (struct vault_meta){.number = v->slot.number};
    TRY(kv_begin(v->kv, true, &txn));
    enum err err = vault_meta_put(v, txn, &v->meta);
    if (err == OK)
        return kv_commit(txn);
    kv_abort(txn);
    return err;
}

static enum err create(struct vault *v, const struct keyring_lock *lock, const struct env *env)
{
    TRY(keyring_new(&v->ring));
    TRY(keyring_draw(v->ring, env->rng, SECRET_NAME, KEYRING_SECRET, KEYRING_MAY_DERIVE));
    TRY(open_secret(v));
    v->slot.number = 1;
    rng_fill(env->rng, v->slot.keys, sizeof v->slot.keys);
    TRY(seal_lock(v, env->rng, lock, &v->slot));
    TRY(first_page(v));
    return first_meta(v);
}

enum err vault_create(struct vault **out, struct kv *kv, struct wipe_file *file,
                      const struct keyring_lock *lock, const struct env *env)
{
    struct vault *v;
    enum err err = vault_exists(kv);

    *out = NULL;
    if (err != ERR_NOT_FOUND)
        return err == OK ? ERR_EXISTS : err;
    TRY(vault_new(&v, kv, file, env));
    err = create(v, lock, env);
    if (err == OK)
        *out = v;
    else
        vault_drop(v);
    return err;
}

/* ---- open ---- */

static bool is_zero(const uint8_t *bytes, size_t len)
{
    uint8_t all = 0;
    for (size_t i = 0; i < len; i++)
        all |= bytes[i];
    return all == 0;
}

/* The slot that the database names; when there is none of that number, the newest. */
static enum err choose_slot(struct vault *v, const uint8_t page[WIPE_PAGE_BYTES])
{
    struct wipe_slot slots[2];
    enum err errs[2];
    size_t best = 2;

    for (size_t i = 0; i < 2; i++) {
        errs[i] = wipe_slot_read(&slots[i], page + i * WIPE_SLOT_BYTES);
        if (errs[i] == OK && (best == 2 || slots[best].number != v->meta.number) &&
            (best == 2 || slots[i].number == v->meta.number ||
             slots[i].number > slots[best].number))
            best = i;
    }
    enum err err = OK;
    if (best == 2)
        err = errs[0] == ERR_UNSUPPORTED || errs[1] == ERR_UNSUPPORTED ? ERR_UNSUPPORTED
                                                                       : ERR_CORRUPT;
    if (err == OK) {
        v->slot = slots[best];
        v->slot_at = best;
        v->other_alive = !is_zero(page + (1 - best) * WIPE_SLOT_BYTES, WIPE_SLOT_BYTES);
    }
    wipe(slots, sizeof slots);
    return err;
}

static enum vault_origin origin_of(const struct vault *v)
{
    if (v->slot.number != v->meta.number)
        return VAULT_ROLLED_BACK;
    return memcmp(v->slot.place, v->place, sizeof v->place) == 0 ? VAULT_SAME : VAULT_COPIED;
}

static enum err open_page(struct vault *v)
{
    uint8_t page[WIPE_PAGE_BYTES];
    enum err err = read_page(v, page);
    if (err == OK)
        err = choose_slot(v, page);
    wipe(page, sizeof page);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err open_vault(struct vault *v, const struct keyring_lock *lock, const struct env *env)
{
    uint8_t stored[VAULT_NAME_BYTES], check[VAULT_NAME_BYTES];

    TRY(vault_meta_read(v->kv, &v->meta, stored));
    TRY(open_page(v));
    enum err err = keyring_unseal(&v->ring, span_of(v->slot.lock, v->slot.lock_len), lock);
    if (err != OK)
        return err == ERR_FORMAT ? ERR_CORRUPT : err;
    TRY(open_secret(v));
    vault_check_of(v, check);
    if (!ct_equal(stored, check, sizeof check))
        return ERR_CORRUPT;
    v->origin = origin_of(v);
    /* what a kill has kept from dying; of foreign files nothing is touched yet */
    if (v->origin == VAULT_SAME && vault_turn_due(v) != OK)
        v->due = env->now;
    rng_fill(env->rng, v->fresh, sizeof v->fresh);
    return OK;
}

enum err vault_open(struct vault **out, struct kv *kv, struct wipe_file *file,
                    const struct keyring_lock *lock, const struct env *env)
{
    struct vault *v;

    *out = NULL;
    TRY(vault_new(&v, kv, file, env));
    enum err err = open_vault(v, lock, env);
    if (err == OK)
        *out = v;
    else
        vault_drop(v);
    return err;
}

enum vault_origin vault_origin(const struct vault *v)
{
    return v->origin;
}

enum err vault_settle(struct vault *v, const struct env *env)
{
    TRY(vault_turn(v, env));
    v->origin = VAULT_SAME;
    return OK;
}

/* ---- locks ---- */

static enum err opens(const struct vault *v, const struct keyring_lock *lock)
{
    struct keyring *ring;
    enum err err = keyring_unseal(&ring, span_of(v->slot.lock, v->slot.lock_len), lock);
    if (err == OK)
        keyring_free(ring);
    return err;
}

enum err vault_relock(struct vault *v, const struct keyring_lock *old,
                      const struct keyring_lock *fresh, const struct env *env)
{
    struct wipe_slot next = v->slot;

    if (v->origin != VAULT_SAME)
        return ERR_REFUSED;
    TRY(opens(v, old));
    enum err err = seal_lock(v, env->rng, fresh, &next);
    if (err == OK)
        err = vault_turn_to(v, &next, 0);
    wipe(&next, sizeof next);
    return err;
}

enum err vault_destroy(struct vault *v)
{
    static const uint8_t zeros[WIPE_PAGE_BYTES];

    vault_step_clear(v);
    TRY(v->wipe->write_sync(v->wipe->state, 0, SPAN_ARRAY(zeros)));
    v->destroyed = true;
    return OK;
}

/* ---- rings ---- */

/* The vault seals the ring as it seals every value; the ring's own form wants a lock as well. */
static const struct keyring_lock open_lock = {
    .key_file = {(const uint8_t *)"sotto: a ring inside of a vault", 32}};

enum err vault_put_ring(struct vault *v, const struct env *env, struct span key,
                        const struct keyring *ring)
{
    struct buf bytes = BUF_INIT(KEYRING_SEALED_MAX);
    enum err err = keyring_seal(ring, env->rng, &open_lock, &bytes);
    if (err == OK)
        err = vault_put(v, VAULT_T_RING, key, buf_span(&bytes));
    buf_clear(&bytes);
    return err;
}

enum err vault_get_ring(struct vault *v, struct span key, struct keyring **out)
{
    struct buf bytes = BUF_INIT(KEYRING_SEALED_MAX);

    *out = NULL;
    enum err err = vault_get(v, VAULT_T_RING, key, &bytes);
    if (err == OK && keyring_unseal(out, buf_span(&bytes), &open_lock) != OK)
        err = ERR_CORRUPT;
    buf_clear(&bytes);
    return err;
}
