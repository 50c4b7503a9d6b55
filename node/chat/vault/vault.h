/* The vault: everything that one installation remembers, sealed, over struct kv.
 *
 *     vault_begin -> vault_put, vault_delete, vault_get, vault_next, ... -> vault_commit or _abort
 *
 * A **step** is held in memory and written by vault_commit as ONE durable transaction: after a
 * crash at any instruction it has happened whole or not at all. The rule of the chat engine: what
 * an input changed (ratchets, entries, outbox) is one step, and nothing leaves before its commit.
 * Reading needs no step; inside one it sees what the step has changed.
 *
 * In the database names are hashed under a key, and values sealed, padded to VAULT_PAD_BYTES. The
 * secret that opens them lies in the wipe file's page, under a passphrase (scrypt) or a key file.
 * In that page there are also the wipe keys of the two domains of vault_tables.h, without which a
 * value of theirs opens no more. **Turning** the page: a fresh key is written to the other slot,
 * what is alive is sealed under it, then the old slot is overwritten. vault_tick does it,
 * VAULT_WIPE_EVERY_S after something was deleted or replaced, and vault_close at once.
 *
 * What it cannot do: overwriting a page of a disk that copies on write (some SSDs, btrfs, network
 * drives, snapshots of a virtual machine) leaves the old one somewhere; then the passphrase still
 * stands before it.
 *
 * Pure but for the kv and the wipe file; single-threaded. vault_create, vault_open and vault_relock
 * take scrypt's time with a passphrase (0.3 s).
 *
 * Bounds: params.h. @source docs/protocol/storage.md
 */
#pragma once

#include "crypto/keyring/keyring.h"
#include "node/chat/vault/vault_tables.h"
#include "node/chat/vault/wipe_file.h"
#include "store/kv.h"

/* The tables of the kv that a vault lives in, as kv_open_* want them. */
#define VAULT_KV_TABLES "values", "keys-1", "keys-2", NULL

struct vault;

/* a name inside a table */
struct vault_key {
    uint8_t len;
    uint8_t bytes[VAULT_KEY_BYTES_MAX];
};

/* ---- life ---- */

/* Where the files come from, by what kv and page say of each other. */
enum vault_origin {
    VAULT_SAME,       /* they are where and what they were at the last turn */
    VAULT_COPIED,     /* the page is another file: a copy or a restored backup; maybe the original
                         is used as well */
    VAULT_ROLLED_BACK /* kv and page are of different times: one of them was restored; values whose
                         wipe key is gone are ERR_NOT_FOUND */
};

/** Does this kv hold a vault? OK; ERR_NOT_FOUND; codes of kv. */
enum err vault_exists(struct kv *kv) MUST_CHECK;

/** Make an empty vault.
 *
 * @param kv    with VAULT_KV_TABLES; borrowed, outlives the vault (in)
 * @param wipe  borrowed, outlives the vault; what it held is overwritten (in)
 * @param lock  one of passphrase and key file (in)
 * @return OK; ERR_EXISTS; ERR_ARGUMENT lock; codes of kv and wipe; ERR_MEMORY
 */
enum err vault_create(struct vault **out, struct kv *kv, struct wipe_file *wipe,
                      const struct keyring_lock *lock, const struct env *env) MUST_CHECK;

/** Open it; turns the page if that was due. Parameters as vault_create.
 *
 * @return OK; ERR_NOT_FOUND no vault; ERR_AUTH wrong passphrase or key file; ERR_ARGUMENT it wants
 *         the other kind of lock; ERR_CORRUPT the page is lost or is another vault's;
 *         ERR_UNSUPPORTED of a later version; codes of kv and wipe; ERR_MEMORY
 */
enum err vault_open(struct vault **out, struct kv *kv, struct wipe_file *wipe,
                    const struct keyring_lock *lock, const struct env *env) MUST_CHECK;

/** Give up an open step, turn the page if something is to die, wipe what is in memory, free.
 * Accepts NULL. */
void vault_close(struct vault *v);

/** As a kill would end it: nothing more is written. For tests. */
void vault_drop(struct vault *v);

enum vault_origin vault_origin(const struct vault *v);

/** The caller has dealt with an origin that was not VAULT_SAME (rejoined, drawn fresh keys): the
 * files count as ours from now on. Values whose wipe key is gone are taken out. */
enum err vault_settle(struct vault *v, const struct env *env) MUST_CHECK;

/** Change what opens it; the old lock opens nothing of the files as they are afterwards.
 *
 * @return OK; ERR_AUTH `old` is wrong; ERR_ARGUMENT; ERR_REFUSED the origin is not settled; codes
 * of kv and wipe
 */
enum err vault_relock(struct vault *v, const struct keyring_lock *old,
                      const struct keyring_lock *fresh, const struct env *env) MUST_CHECK;

/** Overwrite the page: no value of the vault opens any more, anywhere. Then only vault_close. */
enum err vault_destroy(struct vault *v) MUST_CHECK;

/** Turn the page if that is due. Errors are retried a minute later. */
enum err vault_tick(struct vault *v, const struct env *env) MUST_CHECK;
struct mono vault_deadline(const struct vault *v);

/** Turn the page now, whether something is to die or not. */
enum err vault_turn(struct vault *v, const struct env *env) MUST_CHECK;

/* ---- a step ---- */

/** Begin a step. There is none under way. */
void vault_begin(struct vault *v);
bool vault_in_step(const struct vault *v);

/** Write it durably.
 *
 * @return OK; ERR_DISK_FULL, ERR_IO, ERR_MEMORY, ERR_FULL, ERR_REFUSED (the device is being moved:
 *         vault_export.h): nothing was written and the step is
 *         still open: commit it again later, or abort
 */
enum err vault_commit(struct vault *v, const struct env *env) MUST_CHECK;
void vault_abort(struct vault *v);

/** Set or replace, inside a step.
 *
 * @param key    1..VAULT_KEY_BYTES_MAX bytes (in)
 * @param value  at most VAULT_VALUE_BYTES_MAX, may be empty (in)
 * @return OK; ERR_ARGUMENT lengths; ERR_FULL the step is too large; ERR_CORRUPT; codes of kv;
 *         ERR_MEMORY; the step is unchanged or, for codes of kv, must be aborted
 */
enum err vault_put(struct vault *v, enum vault_table t, struct span key,
                   struct span value) MUST_CHECK;

/** ERR_NOT_FOUND: it was not there; else as vault_put. */
enum err vault_delete(struct vault *v, enum vault_table t, struct span key) MUST_CHECK;

/* ---- reading ---- */

/** Append the value to `value`, which may be NULL: is it there?
 *
 * @return OK; ERR_NOT_FOUND; ERR_CORRUPT these are not the bytes that were written; ERR_FULL
 *         `value`'s bound; codes of kv; ERR_MEMORY
 */
enum err vault_get(struct vault *v, enum vault_table t, struct span key,
                   struct buf *value) MUST_CHECK;

/** The key behind *key (vault_prev: before it) in the order of bytes, among those that begin with
 * `prefix`; key->len 0 asks for the first (last) of them.
 *
 * @param key    (in/out)
 * @param value  cleared and set, unless NULL (out)
 * @return as vault_get; ERR_NOT_FOUND: no more, `key` is unchanged
 */
enum err vault_next(struct vault *v, enum vault_table t, struct span prefix, struct vault_key *key,
                    struct buf *value) MUST_CHECK;
enum err vault_prev(struct vault *v, enum vault_table t, struct span prefix, struct vault_key *key,
                    struct buf *value) MUST_CHECK;

/* ---- generations ---- */

/** A number that this call has never returned for `name`, whatever crashed in between; mostly one
 * more than the last. VAULT_RESERVED at a time are reserved on disk, in the step under way or in
 * one of its own.
 *
 * @param name  1..VAULT_KEY_BYTES_MAX bytes: conversation and epoch (in)
 * @return OK; ERR_FULL VAULT_COUNTERS_MAX names; codes of vault_commit (then nothing was reserved)
 */
enum err vault_generation(struct vault *v, const struct env *env, struct span name,
                          uint64_t *out) MUST_CHECK;

/** The name is not used any more; inside a step. */
enum err vault_generation_end(struct vault *v, struct span name) MUST_CHECK;

/* ---- rings ---- */

/** Keys of the account, held together: a ring as one value of VAULT_T_RING. */
enum err vault_put_ring(struct vault *v, const struct env *env, struct span key,
                        const struct keyring *ring) MUST_CHECK;
enum err vault_get_ring(struct vault *v, struct span key, struct keyring **out) MUST_CHECK;
