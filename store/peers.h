/* Peers remembered over a restart: a table of peer id and record, both plain bytes here.
 *
 *     peer_table_open_* -> peer_table_load (before any save) ... peer_table_save (a job) ... _close
 *
 * A save makes the table equal to the rows given, and returns after fdatasync; rows that did not
 * change are not written again. A table that cannot be opened or read costs what was remembered,
 * nothing else.
 *
 * Bounds: PEER_TABLE_* in params.h.
 */
#pragma once

#include "store/kv.h"

struct peer_table;

struct peer_rows { /* owned rows on their way to a save */
    uint8_t *bytes;
    size_t len, cap, count;
};

/** OK; ERR_LOCKED; ERR_CORRUPT; ERR_IO; ERR_DISK_FULL; ERR_MEMORY. */
enum err peer_table_open_lmdb(struct peer_table **out, const char *folder) MUST_CHECK;
enum err peer_table_open_mem(struct peer_table **out) MUST_CHECK;
void peer_table_close(struct peer_table *t);

/** Hand every row to `row`, which may refuse it: then it counts as skipped.
 *
 * @param loaded, skipped  how many (out)
 */
enum err peer_table_load(struct peer_table *t,
                         enum err (*row)(void *ctx, struct span id, struct span record), void *ctx,
                         size_t *loaded, size_t *skipped) MUST_CHECK;

/** Add a row. OK; ERR_ARGUMENT an empty or too long id or record; ERR_FULL; ERR_MEMORY. */
enum err peer_rows_add(struct peer_rows *r, struct span id, struct span record) MUST_CHECK;
void peer_rows_clear(struct peer_rows *r);

/** Make the table equal to `rows`. Any thread, one at a time. Nothing changed unless OK. */
enum err peer_table_save(struct peer_table *t, const struct peer_rows *rows) MUST_CHECK;
