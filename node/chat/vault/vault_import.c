#include "crypto/base/reader.h"
#include "crypto/base/wipe.h"
#include "node/chat/vault/vault_chunk.h"

#include <stdlib.h>

enum place { /* what the bytes that are being gathered are */
    PLACE_HEAD_FIXED,
    PLACE_HEAD,
    PLACE_CHUNK_HEAD,
    PLACE_CHUNK,
    PLACE_END
};

struct vault_import {
    struct buf passphrase, key_file; /* of the lock, until the head was read */
    struct scrypt_cost cost;
    enum place place;
    size_t wanted;  /* bytes of `raw` until something can be done */
    struct buf raw; /* head so far, or one chunk so far */
    enum vault_export_what what;
    uint8_t key[32];
    uint64_t number; /* of the next chunk */
    bool last;       /* of the chunk that is gathered */
    struct buf plain;
    size_t used;  /* bytes of `plain` that were polled */
    bool records; /* none behind the padding */
    enum err err;
};

enum err vault_import_new(struct vault_import **out, const struct keyring_lock *lock)
{
    struct vault_import *x = calloc(1, sizeof *x);

    *out = NULL;
    if (x == NULL)
        return ERR_MEMORY;
    x->passphrase = BUF_INIT(SIZE_MAX);
    x->key_file = BUF_INIT(SIZE_MAX);
    x->cost = lock->cost;
    x->wanted = EXPORT_HEAD_FIXED;
    x->raw = BUF_INIT(VAULT_PART_BYTES_MAX);
    x->plain = BUF_INIT(VAULT_CHUNK_BYTES + EXPORT_PAD + VAULT_RECORD_BYTES_MAX);
    x->records = true;
    enum err err = buf_append(&x->passphrase, lock->passphrase);
    if (err == OK)
        err = buf_append(&x->key_file, lock->key_file);
    if (err == OK)
        *out = x;
    else
        vault_import_free(x);
    return err;
}

void vault_import_free(struct vault_import *x)
{
    if (x == NULL)
        return;
    buf_clear(&x->passphrase);
    buf_clear(&x->key_file);
    buf_clear(&x->raw);
    buf_clear(&x->plain);
    wipe(x, sizeof *x);
    free(x);
}

static enum err head_fixed(struct vault_import *x)
{
    struct reader r = reader_of(buf_span(&x->raw));

    if (!span_eq(read_bytes(&r, EXPORT_MAGIC.len), EXPORT_MAGIC))
        return ERR_FORMAT;
    unsigned version = read_u8(&r), what = read_u8(&r);
    size_t lock = read_be16(&r);
    if (version != EXPORT_VERSION || (what != VAULT_EXPORT_HISTORY && what != VAULT_EXPORT_DEVICE))
        return ERR_UNSUPPORTED;
    if (lock == 0 || lock > EXPORT_LOCK_MAX)
        return ERR_LIMIT;
    x->what = (enum vault_export_what)what;
    x->wanted = EXPORT_HEAD_FIXED + lock;
    x->place = PLACE_HEAD;
    return OK;
}

static void next_chunk(struct vault_import *x)
{
    buf_reset(&x->raw);
    x->place = x->last ? PLACE_END : PLACE_CHUNK_HEAD;
    x->wanted = EXPORT_CHUNK_HEAD;
}

static enum err head_whole(struct vault_import *x)
{
    struct keyring_lock lock = {.passphrase = buf_span(&x->passphrase),
                                .key_file = buf_span(&x->key_file),
                                .cost = x->cost};
    struct keyring *ring;

    TRY(keyring_unseal(&ring, span_after(buf_span(&x->raw), EXPORT_HEAD_FIXED), &lock));
    enum err err = export_key(ring, buf_span(&x->raw), x->key);
    keyring_free(ring);
    buf_clear(&x->passphrase);
    buf_clear(&x->key_file);
    next_chunk(x);
    return err;
}

static enum err chunk_head(struct vault_import *x)
{
    struct reader r = reader_of(buf_span(&x->raw));
    unsigned last = read_u8(&r);
    size_t len = read_be32(&r);

    if (last > 1)
        return ERR_FORMAT;
    if (len > VAULT_PART_BYTES_MAX - EXPORT_CHUNK_HEAD)
        return ERR_LIMIT;
    x->last = last == 1;
    x->wanted = EXPORT_CHUNK_HEAD + len;
    x->place = PLACE_CHUNK;
    return OK;
}

static enum err chunk_whole(struct vault_import *x)
{
    buf_drop(&x->plain, x->used);
    x->used = 0;
    TRY(export_chunk_open(x->key, x->number, x->last,
                          span_after(buf_span(&x->raw), EXPORT_CHUNK_HEAD), &x->plain));
    x->number++;
    next_chunk(x);
    return OK;
}

static enum err advance(struct vault_import *x)
{
    switch (x->place) {
    case PLACE_HEAD_FIXED:
        return head_fixed(x);
    case PLACE_HEAD:
        return head_whole(x);
    case PLACE_CHUNK_HEAD:
        return chunk_head(x);
    case PLACE_CHUNK:
        return chunk_whole(x);
    case PLACE_END:
        break;
    }
    return ERR_FORMAT; /* bytes behind the end */
}

/* ---- records ---- */

/* Read the record at the front: OK; ERR_MORE; what is wrong with it. */
static enum err front(struct vault_import *x, struct vault_record *out, size_t *len)
{
    struct span rest = span_after(buf_span(&x->plain), x->used);
    struct reader r = reader_of(rest);

    if (!x->records || rest.len == 0)
        return ERR_MORE;
    unsigned table = read_u8(&r);
    if (table == VAULT_T_INDEX) {
        x->records = false; /* zeros to the end; vault_import_end looks at them */
        return ERR_MORE;
    }
    if (table >= VAULT_TABLES_COUNT)
        return ERR_UNSUPPORTED;
    out->table = (enum vault_table)table;
    if (x->what == VAULT_EXPORT_HISTORY && vault_table_spec(out->table)->export != VAULT_EXPORTED)
        return ERR_FORMAT; /* whoever wrote this wants to give us keys */
    out->key = read_bytes(&r, read_u8(&r));
    size_t value = read_be32(&r);
    if (reader_status(&r) == OK &&
        (out->key.len == 0 || out->key.len > VAULT_KEY_BYTES_MAX || value > VAULT_VALUE_BYTES_MAX))
        return ERR_FORMAT;
    out->value = read_bytes(&r, value);
    *len = rest.len - r.rest.len;
    return reader_status(&r);
}

static bool record_waits(struct vault_import *x)
{
    struct vault_record ignored;
    size_t len;
    enum err err = front(x, &ignored, &len);
    if (err != OK && err != ERR_MORE)
        x->err = err;
    return err == OK;
}

enum err vault_import_feed(struct vault_import *x, struct span *in)
{
    while (x->err == OK && in->len > 0 && !record_waits(x) && x->err == OK) {
        size_t room = x->wanted - x->raw.len, take = in->len < room ? in->len : room;
        x->err = x->place == PLACE_END ? ERR_FORMAT : buf_append(&x->raw, span_sub(*in, 0, take));
        if (x->err != OK)
            break;
        *in = span_after(*in, take);
        if (x->raw.len == x->wanted)
            x->err = advance(x);
        if (x->err == ERR_FULL)
            x->err = ERR_LIMIT;
    }
    if (x->err == OK)
        (void)record_waits(x); /* a bad record is told at once */
    return x->err;
}

bool vault_import_poll(struct vault_import *x, struct vault_record *out)
{
    size_t len;
    enum err err = x->err == OK ? front(x, out, &len) : x->err;
    if (err == OK)
        x->used += len;
    else if (err != ERR_MORE)
        x->err = err;
    return err == OK;
}

enum vault_export_what vault_import_what(const struct vault_import *x)
{
    return x->what;
}

enum err vault_import_end(const struct vault_import *x)
{
    struct span rest = span_after(buf_span(&x->plain), x->used);

    if (x->err != OK)
        return x->err;
    if (x->place != PLACE_END || x->records)
        return ERR_MORE;
    for (size_t i = 0; i < rest.len; i++)
        if (rest.ptr[i] != 0)
            return ERR_FORMAT;
    return OK;
}
