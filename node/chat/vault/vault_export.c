#include "node/chat/vault/vault_export.h"

#include "crypto/base/wipe.h"
#include "crypto/base/writer.h"
#include "node/chat/vault/vault_chunk.h"

#include <stdlib.h>

struct vault_export {
    struct vault *v; /* borrowed */
    enum vault_export_what what;
    struct buf head; /* until it was given */
    uint8_t key[32];
    uint64_t number; /* of the next chunk */
    unsigned table;  /* being read */
    struct vault_key at;
    struct buf value; /* the last value read, empty when it went into `plain` */
    struct buf plain; /* records that wait for their chunk */
    bool finished;
};

static enum err make_head(struct vault_export *x, const struct keyring_lock *lock, struct rng *rng)
{
    struct buf sealed = BUF_INIT(EXPORT_LOCK_MAX);
    struct writer w = writer_to(&x->head);
    struct keyring *ring;

    TRY(keyring_new(&ring));
    enum err err = keyring_draw(ring, rng, EXPORT_SECRET_NAME, KEYRING_SECRET, KEYRING_MAY_DERIVE);
    if (err == OK)
        err = keyring_seal(ring, rng, lock, &sealed);
    write_bytes(&w, EXPORT_MAGIC);
    write_u8(&w, EXPORT_VERSION);
    write_u8(&w, (uint8_t)x->what);
    write_be16(&w, (uint16_t)sealed.len);
    write_bytes(&w, buf_span(&sealed));
    if (err == OK)
        err = writer_status(&w);
    if (err == OK)
        err = export_key(ring, buf_span(&x->head), x->key);
    keyring_free(ring);
    buf_clear(&sealed);
    return err;
}

enum err vault_export_new(struct vault_export **out, struct vault *v, enum vault_export_what what,
                          const struct keyring_lock *lock, const struct env *env)
{
    struct vault_export *x = calloc(1, sizeof *x);

    *out = NULL;
    if (x == NULL)
        return ERR_MEMORY;
    assert(!vault_in_step(v) && !v->moving);
    x->v = v;
    x->what = what;
    x->table = VAULT_T_INDEX + 1;
    x->head = BUF_INIT(EXPORT_HEAD_FIXED + EXPORT_LOCK_MAX);
    x->value = BUF_INIT(VAULT_VALUE_BYTES_MAX);
    x->plain = BUF_INIT(VAULT_CHUNK_BYTES + EXPORT_PAD + VAULT_RECORD_BYTES_MAX);
    enum err err = make_head(x, lock, env->rng);
    v->moving = err == OK && what == VAULT_EXPORT_DEVICE;
    if (err == OK)
        *out = x;
    else
        vault_export_free(x);
    return err;
}

void vault_export_free(struct vault_export *x)
{
    if (x == NULL)
        return;
    if (x->what == VAULT_EXPORT_DEVICE)
        x->v->moving = false;
    buf_clear(&x->head);
    buf_clear(&x->value);
    buf_clear(&x->plain);
    wipe(x, sizeof *x);
    free(x);
}

static bool leaves(const struct vault_export *x)
{
    return x->what == VAULT_EXPORT_DEVICE ||
           vault_table_spec((enum vault_table)x->table)->export == VAULT_EXPORTED;
}

/* ERR_NOT_FOUND: that was the last. */
static enum err read_one(struct vault_export *x)
{
    for (; x->table < VAULT_TABLES_COUNT; x->table++, x->at.len = 0) {
        if (!leaves(x))
            continue;
        enum err err = vault_next(x->v, (enum vault_table)x->table, SPAN_EMPTY, &x->at, &x->value);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_NOT_FOUND;
}

static enum err write_one(struct vault_export *x)
{
    struct writer w = writer_to(&x->plain);
    write_u8(&w, (uint8_t)x->table);
    write_u8(&w, x->at.len);
    write_bytes(&w, span_of(x->at.bytes, x->at.len));
    write_be32(&w, (uint32_t)x->value.len);
    write_bytes(&w, buf_span(&x->value));
    return writer_status(&w);
}

static enum err pad_last(struct buf *plain)
{
    static const uint8_t zeros[EXPORT_PAD];
    /* at least one zero ends the records */
    return buf_append(plain, span_of(zeros, EXPORT_PAD - plain->len % EXPORT_PAD));
}

static enum err fill(struct vault_export *x, bool *last)
{
    enum err err = OK;
    while (x->plain.len <= VAULT_CHUNK_BYTES && (err = read_one(x)) == OK)
        TRY(write_one(x));
    *last = err == ERR_NOT_FOUND && x->plain.len < VAULT_CHUNK_BYTES;
    return err == ERR_NOT_FOUND ? OK : err;
}

enum err vault_export_next(struct vault_export *x, struct buf *out)
{
    bool last;

    if (x->head.len > 0) {
        TRY(buf_append(out, buf_span(&x->head)));
        buf_clear(&x->head);
        return OK;
    }
    if (x->finished)
        return ERR_NOT_FOUND;
    TRY(fill(x, &last));
    size_t len = x->plain.len;
    if (last)
        TRY(pad_last(&x->plain));
    else
        len = VAULT_CHUNK_BYTES;
    enum err err = export_chunk_seal(x->key, x->number, last,
                                     span_of(x->plain.ptr, last ? x->plain.len : len), out);
    if (err != OK) {
        buf_truncate(&x->plain, last ? len : x->plain.len);
        return err;
    }
    x->number++;
    x->finished = last;
    buf_drop(&x->plain, last ? x->plain.len : len);
    return OK;
}
