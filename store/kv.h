/* Small tables of key and value with transactions: peers book, sessions, settings.
 *
 *     kv_begin(kv, write, &txn) -> kv_get, kv_next, kv_put, kv_delete -> kv_commit or kv_abort
 *
 * One transaction at a time, on one thread. kv_commit of a writing transaction returns after
 * fdatasync. Two implementations: kv_open_lmdb on disk, kv_open_mem for the simulator.
 *
 * Bounds: KV_* in params.h. Keys sort as bytes.
 */
#pragma once

#include "crypto/base/span.h"
#include "store/params.h"

struct kv;
struct kv_txn;

/** Open or make. `tables`: names, static strings; the last is NULL. A table is then its index.
 *
 * @return OK; ERR_LOCKED another process has it; ERR_CORRUPT; ERR_IO; ERR_DISK_FULL; ERR_MEMORY
 */
enum err kv_open_lmdb(struct kv **out, const char *folder, const char *const *tables) MUST_CHECK;
enum err kv_open_mem(struct kv **out, const char *const *tables) MUST_CHECK;

/** Close; a transaction under way is aborted. Accepts NULL. */
void kv_close(struct kv *kv);

enum err kv_begin(struct kv *kv, bool write, struct kv_txn **out) MUST_CHECK;

/** Make it durable and end it, also when that fails: then nothing was written.
 * ERR_DISK_FULL; ERR_IO; ERR_FULL the transaction wrote more than the map had left: run it again,
 * the map has grown. */
enum err kv_commit(struct kv_txn *txn) MUST_CHECK;
void kv_abort(struct kv_txn *txn);

/** Values and keys are borrowed until the next put or delete, or the end of the transaction. */
enum err kv_get(struct kv_txn *txn, unsigned table, struct span key, struct span *value) MUST_CHECK;

/** The first key equal to or behind `key`; an empty `key` asks for the first of all.
 * ERR_NOT_FOUND: none. */
enum err kv_seek(struct kv_txn *txn, unsigned table, struct span key, struct span *found,
                 struct span *value) MUST_CHECK;

/** The first key behind `key` itself. ERR_NOT_FOUND: none. */
enum err kv_next(struct kv_txn *txn, unsigned table, struct span key, struct span *found,
                 struct span *value) MUST_CHECK;

/** Set or replace. ERR_ARGUMENT an empty or too long key or value, or a reading transaction;
 * ERR_FULL as kv_commit; ERR_DISK_FULL. */
enum err kv_put(struct kv_txn *txn, unsigned table, struct span key, struct span value) MUST_CHECK;

/** ERR_NOT_FOUND: it was not there. */
enum err kv_delete(struct kv_txn *txn, unsigned table, struct span key) MUST_CHECK;
