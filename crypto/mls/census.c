#include "crypto/mls/census.h"

#include "crypto/mls/error.h"
#include "crypto/mls/params.h"

#include <stdatomic.h>
#include <stdlib.h>

struct entry {
    uint32_t key; /* kind << 16 | value; sorted */
    uint32_t count;
};

struct mls_census_table {
    _Atomic uint32_t refs;
    size_t used, cap;
    struct entry entries[];
};

static void table_unref(struct mls_census_table *t)
{
    if (t != NULL && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1)
        free(t);
}

struct mls_census mls_census_fork(const struct mls_census *c)
{
    if (c->table != NULL)
        atomic_fetch_add_explicit(&c->table->refs, 1, memory_order_relaxed);
    return *c;
}

void mls_census_clear(struct mls_census *c)
{
    table_unref(c->table);
    c->table = NULL;
}

/* A table that only this census holds, with room for one entry more. */
static enum err own(struct mls_census *c)
{
    struct mls_census_table *old = c->table;
    size_t used = old == NULL ? 0 : old->used;

    if (old != NULL && old->used < old->cap &&
        atomic_load_explicit(&old->refs, memory_order_acquire) == 1)
        return OK;
    size_t cap = used < 24 ? 32 : used + used / 2;
    struct mls_census_table *t = malloc(sizeof *t + cap * sizeof t->entries[0]);
    if (t == NULL)
        return ERR_MEMORY;
    t->refs = 1;
    t->used = used;
    t->cap = cap;
    if (used > 0)
        memcpy(t->entries, old->entries, used * sizeof t->entries[0]);
    table_unref(old);
    c->table = t;
    return OK;
}

/* Index of the first entry whose key is >= key. */
static size_t place(const struct mls_census_table *t, uint32_t key)
{
    size_t low = 0, high = t == NULL ? 0 : t->used;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (t->entries[mid].key < key)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static enum err change(struct mls_census *c, enum mls_census_kind kind, uint16_t value, int by)
{
    TRY(own(c));
    struct mls_census_table *t = c->table;
    uint32_t key = (uint32_t)kind << 16 | value;
    size_t i = place(t, key);
    struct entry *e = &t->entries[i];

    if (i == t->used || e->key != key) {
        assert(by > 0);
        if (t->used == MLS_CENSUS_MAX)
            return mls_fail(MLS_TOO_MANY);
        memmove(e + 1, e, (t->used - i) * sizeof *e);
        *e = (struct entry){key, 0};
        t->used++;
    }
    e->count += (uint32_t)by;
    if (e->count == 0) {
        t->used--;
        memmove(e, e + 1, (t->used - i) * sizeof *e);
    }
    return OK;
}

/* A value that a leaf lists twice counts once. */
static enum err change_list(struct mls_census *c, enum mls_census_kind kind, struct span list,
                            int by)
{
    if (list.len / 2 > MLS_CAPABILITIES_MAX) /* a tree is counted before its leaves are judged */
        return mls_fail(MLS_TOO_MANY);
    for (size_t i = 0; i < list.len / 2; i++) {
        uint16_t value = mls_u16s_at(list, i);
        if (!mls_u16s_have(span_sub(list, 0, 2 * i), value))
            TRY(change(c, kind, value, by));
    }
    return OK;
}

enum err mls_census_leaf(struct mls_census *c, const struct mls_leaf_node *leaf, int by)
{
    TRY(change_list(c, MLS_CENSUS_EXTENSION, leaf->capabilities.extensions, by));
    TRY(change_list(c, MLS_CENSUS_PROPOSAL, leaf->capabilities.proposals, by));
    TRY(change_list(c, MLS_CENSUS_CREDENTIAL, leaf->capabilities.credentials, by));
    TRY(change_list(c, MLS_CENSUS_VERSION, leaf->capabilities.versions, by));
    TRY(change_list(c, MLS_CENSUS_SUITE, leaf->capabilities.cipher_suites, by));
    return change(c, MLS_CENSUS_CREDENTIAL_USED, leaf->credential.type, by);
}

uint32_t mls_census_count(const struct mls_census *c, enum mls_census_kind kind, uint16_t value)
{
    uint32_t key = (uint32_t)kind << 16 | value;
    size_t i = place(c->table, key);

    return c->table != NULL && i < c->table->used && c->table->entries[i].key == key
               ? c->table->entries[i].count
               : 0;
}

bool mls_census_next(const struct mls_census *c, enum mls_census_kind kind, size_t *cursor,
                     uint16_t *value, uint32_t *count)
{
    size_t i = place(c->table, (uint32_t)kind << 16) + *cursor;

    if (c->table == NULL || i >= c->table->used || c->table->entries[i].key >> 16 != (uint32_t)kind)
        return false;
    *value = (uint16_t)c->table->entries[i].key;
    *count = c->table->entries[i].count;
    (*cursor)++;
    return true;
}
