/* kv in memory, for the simulator: sorted arrays; a writing transaction notes what it replaced, in
 * order to take it back. */
#include "store/kv_ops.h"

#include <stdlib.h>

struct pair { /* one allocation: key, then value */
    size_t key_len, value_len;
    uint8_t bytes[];
};

struct table {
    struct pair **pairs; /* owned, by key */
    size_t count, cap;
};

struct undo { /* newest last: put `old` back under its key, or remove `key` */
    unsigned table;
    struct pair *old; /* owned */
    struct pair *key; /* when there was nothing before: a copy of the key */
};

struct kv_mem {
    struct kv base;
    struct kv_txn txn;
    struct table tables[KV_TABLES_MAX];
    struct undo *undos;
    size_t undos_count, undos_cap;
};

static struct kv_mem *of(const struct kv_txn *txn)
{
    return (struct kv_mem *)txn->kv;
}

static struct span key_of(const struct pair *p)
{
    return span_of(p->bytes, p->key_len);
}

static struct pair *pair_new(struct span key, struct span value)
{
    struct pair *p = malloc(sizeof *p + key.len + value.len);
    if (p == NULL)
        return NULL;
    p->key_len = key.len;
    p->value_len = value.len;
    memcpy(p->bytes, key.ptr, key.len);
    if (value.len > 0)
        memcpy(p->bytes + key.len, value.ptr, value.len);
    return p;
}

/* The first pair that is not before `key`. */
static size_t place(const struct table *t, struct span key)
{
    size_t low = 0, high = t->count;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (span_cmp(key_of(t->pairs[mid]), key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_at(const struct table *t, size_t at, struct span key)
{
    return at < t->count && span_eq(key_of(t->pairs[at]), key);
}

static enum err grow(void **items, size_t *cap, size_t count, size_t item_bytes)
{
    if (count < *cap)
        return OK;
    size_t more = *cap == 0 ? 16 : 2 * *cap;
    void *bigger = realloc(*items, more * item_bytes);
    if (bigger == NULL)
        return ERR_MEMORY;
    *items = bigger;
    *cap = more;
    return OK;
}

static enum err make_room(struct kv_mem *k, struct table *t)
{
    void *undos = k->undos, *pairs = t->pairs;
    enum err err = grow(&undos, &k->undos_cap, k->undos_count, sizeof *k->undos);
    k->undos = undos;
    if (err == OK)
        err = grow(&pairs, &t->cap, t->count, sizeof(struct pair *));
    t->pairs = pairs;
    return err;
}

static void insert_at(struct table *t, size_t at, struct pair *p)
{
    memmove(t->pairs + at + 1, t->pairs + at, (t->count - at) * sizeof(struct pair *));
    t->pairs[at] = p;
    t->count++;
}

static struct pair *take_at(struct table *t, size_t at)
{
    struct pair *p = t->pairs[at];
    memmove(t->pairs + at, t->pairs + at + 1, (t->count - at - 1) * sizeof(struct pair *));
    t->count--;
    return p;
}

static enum err mem_begin(struct kv *kv, bool write, struct kv_txn **out)
{
    (void)write;
    *out = &((struct kv_mem *)kv)->txn;
    return OK;
}

static enum err mem_commit(struct kv_txn *txn)
{
    struct kv_mem *k = of(txn);
    for (size_t i = 0; i < k->undos_count; i++) {
        free(k->undos[i].old);
        free(k->undos[i].key);
    }
    k->undos_count = 0;
    return OK;
}

static void mem_abort(struct kv_txn *txn)
{
    struct kv_mem *k = of(txn);
    while (k->undos_count > 0) {
        struct undo *u = &k->undos[--k->undos_count];
        struct table *t = &k->tables[u->table];
        struct span key = key_of(u->old != NULL ? u->old : u->key);
        size_t at = place(t, key);
        if (is_at(t, at, key))
            free(take_at(t, at));
        if (u->old != NULL)
            insert_at(t, at, u->old); /* there is room: it was there before */
        free(u->key);
    }
}

static enum err mem_get(struct kv_txn *txn, unsigned table, struct span key, struct span *value)
{
    const struct table *t = &of(txn)->tables[table];
    size_t at = place(t, key);
    if (!is_at(t, at, key))
        return ERR_NOT_FOUND;
    *value = span_of(t->pairs[at]->bytes + t->pairs[at]->key_len, t->pairs[at]->value_len);
    return OK;
}

static enum err mem_seek(struct kv_txn *txn, unsigned table, struct span key, bool behind,
                         struct span *found, struct span *value)
{
    const struct table *t = &of(txn)->tables[table];
    size_t at = place(t, key);
    if (behind && is_at(t, at, key))
        at++;
    if (at == t->count)
        return ERR_NOT_FOUND;
    *found = key_of(t->pairs[at]);
    *value = span_of(t->pairs[at]->bytes + t->pairs[at]->key_len, t->pairs[at]->value_len);
    return OK;
}

static enum err mem_put(struct kv_txn *txn, unsigned table, struct span key, struct span value)
{
    struct kv_mem *k = of(txn);
    struct table *t = &k->tables[table];
    size_t at = place(t, key);
    struct undo u = {.table = table};
    TRY(make_room(k, t));
    struct pair *p = pair_new(key, value);
    if (p == NULL)
        return ERR_MEMORY;
    if (is_at(t, at, key)) {
        u.old = t->pairs[at];
        t->pairs[at] = p;
    } else {
        u.key = pair_new(key, SPAN_EMPTY);
        if (u.key == NULL) {
            free(p);
            return ERR_MEMORY;
        }
        insert_at(t, at, p);
    }
    k->undos[k->undos_count++] = u;
    return OK;
}

static enum err mem_remove(struct kv_txn *txn, unsigned table, struct span key)
{
    struct kv_mem *k = of(txn);
    struct table *t = &k->tables[table];
    size_t at = place(t, key);
    if (!is_at(t, at, key))
        return ERR_NOT_FOUND;
    TRY(make_room(k, t));
    k->undos[k->undos_count++] = (struct undo){.table = table, .old = take_at(t, at)};
    return OK;
}

static void mem_close(struct kv *kv)
{
    struct kv_mem *k = (struct kv_mem *)kv;
    for (unsigned i = 0; i < kv->tables; i++) {
        while (k->tables[i].count > 0)
            free(k->tables[i].pairs[--k->tables[i].count]);
        free(k->tables[i].pairs);
    }
    free(k->undos);
    free(k);
}

static const struct kv_ops mem_kv_ops = {
    .begin = mem_begin,
    .commit = mem_commit,
    .abort = mem_abort,
    .get = mem_get,
    .seek = mem_seek,
    .put = mem_put,
    .remove = mem_remove,
    .close = mem_close,
};

enum err kv_open_mem(struct kv **out, const char *const *tables)
{
    struct kv_mem *k = calloc(1, sizeof *k);
    if (k == NULL)
        return ERR_MEMORY;
    k->base = (struct kv){&mem_kv_ops, kv_count_tables(tables), NULL};
    *out = &k->base;
    return OK;
}
