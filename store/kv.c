#include "store/kv.h"

#include "store/kv_ops.h"

void kv_close(struct kv *kv)
{
    if (kv == NULL)
        return;
    if (kv->txn != NULL)
        kv_abort(kv->txn);
    kv->ops->close(kv);
}

enum err kv_begin(struct kv *kv, bool write, struct kv_txn **out)
{
    assert(kv->txn == NULL);
    TRY(kv->ops->begin(kv, write, out));
    (*out)->kv = kv;
    (*out)->write = write;
    kv->txn = *out;
    return OK;
}

enum err kv_commit(struct kv_txn *txn)
{
    struct kv *kv = txn->kv;
    kv->txn = NULL;
    return kv->ops->commit(txn);
}

void kv_abort(struct kv_txn *txn)
{
    struct kv *kv = txn->kv;
    kv->txn = NULL;
    kv->ops->abort(txn);
}

static bool key_fits(struct span key)
{
    return key.len > 0 && key.len <= KV_KEY_BYTES_MAX;
}

enum err kv_get(struct kv_txn *txn, unsigned table, struct span key, struct span *value)
{
    assert(table < txn->kv->tables);
    return key_fits(key) ? txn->kv->ops->get(txn, table, key, value) : ERR_NOT_FOUND;
}

enum err kv_seek(struct kv_txn *txn, unsigned table, struct span key, struct span *found,
                 struct span *value)
{
    assert(table < txn->kv->tables && key.len <= KV_KEY_BYTES_MAX);
    return txn->kv->ops->seek(txn, table, key, false, found, value);
}

enum err kv_next(struct kv_txn *txn, unsigned table, struct span key, struct span *found,
                 struct span *value)
{
    assert(table < txn->kv->tables && key.len <= KV_KEY_BYTES_MAX);
    return txn->kv->ops->seek(txn, table, key, true, found, value);
}

enum err kv_put(struct kv_txn *txn, unsigned table, struct span key, struct span value)
{
    assert(table < txn->kv->tables);
    if (!txn->write || !key_fits(key) || value.len > KV_VALUE_BYTES_MAX)
        return ERR_ARGUMENT;
    return txn->kv->ops->put(txn, table, key, value);
}

enum err kv_delete(struct kv_txn *txn, unsigned table, struct span key)
{
    assert(table < txn->kv->tables);
    if (!txn->write)
        return ERR_ARGUMENT;
    return key_fits(key) ? txn->kv->ops->remove(txn, table, key) : ERR_NOT_FOUND;
}
