/* The table of functions that an implementation of kv is. */
#pragma once

#include "store/kv.h"

struct kv_ops {
    enum err (*begin)(struct kv *kv, bool write, struct kv_txn **out);
    enum err (*commit)(struct kv_txn *txn);
    void (*abort)(struct kv_txn *txn);
    enum err (*get)(struct kv_txn *txn, unsigned table, struct span key, struct span *value);
    /* the first key equal to or behind `key`, or strictly behind it */
    enum err (*seek)(struct kv_txn *txn, unsigned table, struct span key, bool behind,
                     struct span *found, struct span *value);
    enum err (*put)(struct kv_txn *txn, unsigned table, struct span key, struct span value);
    enum err (*remove)(struct kv_txn *txn, unsigned table, struct span key);
    void (*close)(struct kv *kv);
};

struct kv_txn {
    struct kv *kv;
    bool write;
};

struct kv {
    const struct kv_ops *ops;
    unsigned tables;
    struct kv_txn *txn; /* the one under way, or NULL */
};

static inline unsigned kv_count_tables(const char *const *tables)
{
    unsigned n = 0;
    while (tables[n] != NULL)
        n++;
    assert(n <= KV_TABLES_MAX);
    return n;
}
