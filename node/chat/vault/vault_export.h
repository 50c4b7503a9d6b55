/* A vault as one stream of bytes: an export, which a person keeps, or a whole device on its way to
 * another machine.
 *
 *     vault_export_new -> vault_export_next until ERR_NOT_FOUND      at most one part in memory
 *     vault_import_new -> vault_import_feed, vault_import_poll -> vault_import_end
 *
 *     stream  = head || chunk 0 || chunk 1 ... ; the last chunk says that it is
 *     head    = "sottoexp" | version 1 | kind 1 | length of lock 2 | lock
 *     chunk   = last 1 | length 4 | AEAD(key, nonce = 0 4 || number 8, ad = last 1, plain)
 *     key     = derive(secret, STORE_EXPORT, SHA-256 of head), secret: the one key of the lock's
 * ring plain   = records, one behind the other over all chunks, then zeros record  = table 1 |
 * length of key 1 | key | length of value 4 | value
 *
 * Chunks are VAULT_CHUNK_BYTES of plaintext but for the last, which is padded to a multiple of 512.
 * Records come by table, then by key. A stream that was cut, joined or reordered does not open.
 *
 * VAULT_EXPORT_HISTORY holds the tables marked VAULT_EXPORTED: no keys, no MLS state, no prekeys,
 * no outbox. VAULT_EXPORT_DEVICE holds all; to move a device: export it, make the bytes durable,
 * then vault_destroy the source, then import them into an empty vault. While such an export is open
 * the vault refuses to commit, so that the two do not part.
 *
 * Bounds: params.h. @source docs/protocol/storage.md
 */
#pragma once

#include "node/chat/vault/vault.h"

enum vault_export_what {
    VAULT_EXPORT_HISTORY = 1,
    VAULT_EXPORT_DEVICE = 2
};

struct vault_export;

/** Begin; takes scrypt's time with a passphrase.
 *
 * @param v     outlives the export, no step under way (in)
 * @param lock  what opens the stream (in)
 * @return OK; ERR_ARGUMENT lock; ERR_MEMORY
 */
enum err vault_export_new(struct vault_export **out, struct vault *v, enum vault_export_what what,
                          const struct keyring_lock *lock, const struct env *env) MUST_CHECK;

/** Append the next part, at most VAULT_PART_BYTES_MAX.
 *
 * @return OK; ERR_NOT_FOUND all parts were given; codes of vault_get and of `out`
 */
enum err vault_export_next(struct vault_export *x, struct buf *out) MUST_CHECK;

/** Wipe and free; the vault may commit again. Accepts NULL. */
void vault_export_free(struct vault_export *x);

struct vault_record { /* borrowed until the next call on the import */
    enum vault_table table;
    struct span key, value;
};

struct vault_import;

/** Begin to read a stream. OK; ERR_ARGUMENT lock; ERR_MEMORY. */
enum err vault_import_new(struct vault_import **out, const struct keyring_lock *lock) MUST_CHECK;

/** Take bytes from the front of *in, as many as it can: all, unless there are records to be polled
 * first. The head takes scrypt's time with a passphrase. The first failure stays.
 *
 * @return OK; ERR_AUTH wrong passphrase or key file, or changed bytes; ERR_ARGUMENT it wants the
 *         other kind of lock; ERR_FORMAT; ERR_UNSUPPORTED of a later version; ERR_LIMIT; ERR_MEMORY
 */
enum err vault_import_feed(struct vault_import *x, struct span *in) MUST_CHECK;

/** The next record; false: feed more. */
bool vault_import_poll(struct vault_import *x, struct vault_record *out);

/** What the head says; 0 before it was read. */
enum vault_export_what vault_import_what(const struct vault_import *x);

/** Was that all of it? OK; ERR_MORE it was cut short; the first failure. */
enum err vault_import_end(const struct vault_import *x) MUST_CHECK;

/** Wipe and free. Accepts NULL. */
void vault_import_free(struct vault_import *x);
