/* Inside the vault: what its files share.
 *
 *     vault.c         life: create, open, close, relock
 *     vault_step.c    a step in memory, its commit; put, delete, get
 *     vault_seal.c    names, sealed values, wrapped keys
 *     vault_turn.c    the wipe page turns
 *     vault_index.c   ordered tables: a B+ tree of sealed nodes
 *     vault_counter.c generations
 *     vault_export.c, vault_import.c, vault_chunk.c: as one stream
 */
#pragma once

#include "crypto/base/map.h"
#include "node/chat/vault/vault.h"
#include "node/chat/vault/wipe_page.h"

#define VAULT_NAME_BYTES 16u
#define VAULT_SALT_BYTES 16u
#define VAULT_WRAP_BYTES (VAULT_SALT_BYTES + WIPE_KEY_BYTES + 16u) /* salt, sealed key, tag */

struct vault_name {
    uint8_t bytes[VAULT_NAME_BYTES];
};

/* a value as a step changes it */
struct vault_change {
    struct vault_name name;
    enum vault_domain domain;
    bool removed;
    struct buf plain; /* secret; empty when removed */
};

/* the record in the clear: [version 1, number 8, dirty 1, check 16] */
struct vault_meta {
    uint64_t number; /* of the slot in force */
    uint8_t dirty;   /* bit d: a value of domain d was deleted or replaced since the last turn */
};

struct vault_counter {
    uint64_t next, reserved; /* below `reserved` is ours on disk */
};

struct vault {
    struct kv *kv;          /* borrowed */
    struct wipe_file *wipe; /* borrowed */
    struct keyring *ring;   /* the lock's ring */
    struct keyring_key *secret;
    struct wipe_slot slot; /* in force */
    size_t slot_at;        /* 0 or 1 */
    bool other_alive;      /* the other slot holds something that must be overwritten */
    uint8_t fresh[WIPE_KEYS][WIPE_KEY_BYTES]; /* the next wipe keys, so that closing needs no rng */
    uint8_t place[WIPE_PLACE_BYTES];          /* of the page as it lies */
    struct vault_meta meta;
    enum vault_origin origin;
    struct mono due; /* of the next turn */
    bool destroyed;
    bool moving; /* an export of the whole device is open: nothing is committed */

    bool in_step;
    struct map changes; /* name -> struct vault_change, owned */
    size_t step_bytes;
    struct map counters; /* name -> struct vault_counter, owned */
};

/* vault_tables.c */
struct vault_table_spec {
    enum vault_domain domain;
    enum vault_export_kind export;
};
const struct vault_table_spec *vault_table_spec(enum vault_table t);

/* ---- vault_seal.c ---- */

/** The name of a value: under which key of the kv it lies. OK; ERR_ARGUMENT. */
enum err vault_name_of(const struct vault *v, enum vault_table t, struct span key,
                       struct vault_name *out) MUST_CHECK;

/** What only the right secret gives for this kv. */
void vault_check_of(const struct vault *v, uint8_t out[VAULT_NAME_BYTES]);

/** Seal `plain`; `own` is the value's own key, NULL in domain KEPT. OK; ERR_CRYPTO; ERR_MEMORY. */
enum err vault_seal(const struct vault *v, const struct vault_name *name, const uint8_t *own,
                    struct rng *rng, struct span plain, struct buf *out) MUST_CHECK;

/** Append what vault_seal sealed to `out`, which may be NULL. OK; ERR_CORRUPT; ERR_FULL;
 * ERR_MEMORY. */
enum err vault_unseal(const struct vault *v, const struct vault_name *name, const uint8_t *own,
                      struct span sealed, struct buf *out) MUST_CHECK;

/** Wrap a value's own key under a wipe key. OK; ERR_CRYPTO. */
enum err vault_wrap(const uint8_t wipe_key[WIPE_KEY_BYTES], const struct vault_name *name,
                    const uint8_t own[WIPE_KEY_BYTES], uint8_t out[VAULT_WRAP_BYTES]) MUST_CHECK;

/** OK; ERR_AUTH its wipe key is not this one. */
enum err vault_unwrap(const uint8_t wipe_key[WIPE_KEY_BYTES], const struct vault_name *name,
                      struct span wrap, uint8_t own[WIPE_KEY_BYTES]) MUST_CHECK;

static inline unsigned vault_kv_of(enum vault_domain d)
{
    return (unsigned)d; /* the values themselves lie in table 0 */
}

/* ---- vault_step.c ---- */

/** vault_put and so on without a look at the index. */
enum err vault_put_raw(struct vault *v, enum vault_table t, struct span key,
                       struct span value) MUST_CHECK;
enum err vault_delete_raw(struct vault *v, enum vault_table t, struct span key) MUST_CHECK;
void vault_step_clear(struct vault *v);

/* ---- vault_turn.c ---- */

/** Read the record in the clear. OK; ERR_NOT_FOUND; ERR_UNSUPPORTED; ERR_CORRUPT; codes of kv. */
enum err vault_meta_read(struct kv *kv, struct vault_meta *out,
                         uint8_t check[VAULT_NAME_BYTES]) MUST_CHECK;
enum err vault_meta_put(const struct vault *v, struct kv_txn *txn,
                        const struct vault_meta *meta) MUST_CHECK;

/** Put `next` (all but its number is set) into the other slot, seal what is alive in the domains of
 * `mask` under its keys, then overwrite the slot that was in force. */
enum err vault_turn_to(struct vault *v, struct wipe_slot *next, unsigned mask) MUST_CHECK;
void vault_note_dirty(struct vault *v, const struct env *env);
enum err vault_turn_due(struct vault *v) MUST_CHECK;

/* ---- vault_index.c ---- */

enum err vault_index_add(struct vault *v, enum vault_table t, struct span key) MUST_CHECK;
enum err vault_index_remove(struct vault *v, enum vault_table t, struct span key) MUST_CHECK;

/* ---- vault_counter.c ---- */

/** The step that reserved was given up: what it reserved does not count. */
void vault_counters_forget(struct vault *v);
