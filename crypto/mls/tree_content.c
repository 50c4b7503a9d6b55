/* What the nodes of a ratchet tree hold: counted leaves and parents. */
#include "crypto/mls/tree_node.h"

#include <stdatomic.h>
#include <stdlib.h>

enum err mls_leaf_new(struct span encoded, struct mls_leaf **out)
{
    struct mls_leaf *l = malloc(sizeof *l + encoded.len);
    if (l == NULL)
        return ERR_MEMORY;
    l->refs = 1;
    memcpy(l->bytes, encoded.ptr, encoded.len);
    struct reader r = reader_of(span_of(l->bytes, encoded.len));
    mls_read_leaf_node(&r, &l->node);
    enum err err = mls_read_end(&r);
    if (err == OK)
        *out = l;
    else
        free(l);
    return err;
}

struct mls_leaf *mls_leaf_ref(struct mls_leaf *l)
{
    if (l != NULL)
        atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
    return l;
}

void mls_leaf_unref(struct mls_leaf *l)
{
    if (l != NULL && atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) == 1)
        free(l);
}

struct mls_parent *mls_parent_new(struct span key, struct span parent_hash)
{
    struct mls_parent *p = calloc(1, sizeof *p + key.len + parent_hash.len);
    if (p == NULL)
        return NULL;
    p->refs = 1;
    p->key_len = key.len;
    p->hash_len = parent_hash.len;
    if (key.len > 0)
        memcpy(p->bytes, key.ptr, key.len);
    if (parent_hash.len > 0)
        memcpy(p->bytes + key.len, parent_hash.ptr, parent_hash.len);
    return p;
}

struct mls_parent *mls_parent_ref(struct mls_parent *p)
{
    if (p != NULL)
        atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
    return p;
}

void mls_parent_unref(struct mls_parent *p)
{
    if (p == NULL || atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) > 1)
        return;
    free(p->unmerged);
    free(p);
}

/* Make *at unshared, with room for one unmerged leaf more. */
static enum err parent_own(struct mls_parent **at)
{
    struct mls_parent *old = *at, *p = old;

    if (atomic_load_explicit(&old->refs, memory_order_acquire) > 1) {
        p = mls_parent_new(mls_parent_key(old), mls_parent_hash_of(old));
        if (p == NULL)
            return ERR_MEMORY;
    } else if (p->unmerged_count < p->unmerged_cap) {
        return OK;
    }
    uint32_t cap = old->unmerged_count < 4 ? 8 : 2 * old->unmerged_count;
    uint32_t *list = malloc(cap * sizeof *list);
    if (list == NULL) {
        if (p != old)
            mls_parent_unref(p);
        return ERR_MEMORY;
    }
    if (old->unmerged_count > 0)
        memcpy(list, old->unmerged, old->unmerged_count * sizeof *list);
    free(p->unmerged);
    p->unmerged = list;
    p->unmerged_cap = cap;
    p->unmerged_count = old->unmerged_count;
    if (p != old)
        mls_parent_unref(old);
    *at = p;
    return OK;
}

enum err mls_parent_add_unmerged(struct mls_parent **at, uint32_t leaf)
{
    TRY(parent_own(at));
    struct mls_parent *p = *at;
    uint32_t i = p->unmerged_count;

    while (i > 0 && p->unmerged[i - 1] > leaf) /* new leaves come in order: rarely a step */
        i--;
    memmove(p->unmerged + i + 1, p->unmerged + i, (p->unmerged_count - i) * sizeof *p->unmerged);
    p->unmerged[i] = leaf;
    p->unmerged_count++;
    return OK;
}
