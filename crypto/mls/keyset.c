#include "crypto/mls/keyset.h"

#include "crypto/prim/sha2.h"

#include <stdatomic.h>
#include <stdlib.h>

#define HASH_BITS 256u

struct mls_key_node {
    _Atomic uint32_t refs;
    uint16_t bit;   /* inner: the first bit in which the two sides differ; HASH_BITS: a leaf */
    uint32_t count; /* leaf: occurrences */
    union {
        struct mls_key_node *side[2];
        uint8_t hash[SHA256_BYTES];
    };
};

static struct mls_key_node *ref(struct mls_key_node *n)
{
    if (n != NULL)
        atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
    return n;
}

static void unref(struct mls_key_node *n)
{
    if (n == NULL || atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) > 1)
        return;
    if (n->bit < HASH_BITS) {
        unref(n->side[0]);
        unref(n->side[1]);
    }
    free(n);
}

static bool is_leaf(const struct mls_key_node *n)
{
    return n->bit == HASH_BITS;
}

static unsigned bit_of(const uint8_t hash[SHA256_BYTES], unsigned bit)
{
    return hash[bit / 8] >> (7 - bit % 8) & 1u;
}

static unsigned first_difference(const uint8_t *a, const uint8_t *b)
{
    unsigned bit = 0;

    while (bit < HASH_BITS && bit_of(a, bit) == bit_of(b, bit))
        bit++;
    return bit;
}

static struct mls_key_node *node_new(uint16_t bit)
{
    struct mls_key_node *n = calloc(1, sizeof *n);
    if (n != NULL) {
        n->refs = 1;
        n->bit = bit;
    }
    return n;
}

/* Replace *at by a node that only this set holds, so that it may be changed. */
static bool own(struct mls_key_node **at)
{
    struct mls_key_node *old = *at;

    if (atomic_load_explicit(&old->refs, memory_order_acquire) == 1)
        return true;
    struct mls_key_node *n = node_new(old->bit);
    if (n == NULL)
        return false;
    n->count = old->count;
    if (is_leaf(n)) {
        memcpy(n->hash, old->hash, sizeof n->hash);
    } else {
        n->side[0] = ref(old->side[0]);
        n->side[1] = ref(old->side[1]);
    }
    unref(old);
    *at = n;
    return true;
}

static const struct mls_key_node *nearest(const struct mls_key_node *n, const uint8_t *hash)
{
    while (n != NULL && !is_leaf(n))
        n = n->side[bit_of(hash, n->bit)];
    return n;
}

struct mls_keyset mls_keyset_fork(const struct mls_keyset *k)
{
    return (struct mls_keyset){ref(k->root), k->repeated};
}

void mls_keyset_clear(struct mls_keyset *k)
{
    unref(k->root);
    *k = (struct mls_keyset){0};
}

static enum err insert_at(struct mls_key_node **at, unsigned bit, const uint8_t *hash)
{
    while (*at != NULL && !is_leaf(*at) && (*at)->bit < bit) {
        if (!own(at))
            return ERR_MEMORY;
        at = &(*at)->side[bit_of(hash, (*at)->bit)];
    }
    struct mls_key_node *leaf = node_new(HASH_BITS);
    struct mls_key_node *inner = *at == NULL ? NULL : node_new((uint16_t)bit);
    if (leaf == NULL || (*at != NULL && inner == NULL)) {
        free(leaf);
        free(inner);
        return ERR_MEMORY;
    }
    leaf->count = 1;
    memcpy(leaf->hash, hash, sizeof leaf->hash);
    if (inner != NULL) {
        inner->side[bit_of(hash, bit)] = leaf;
        inner->side[!bit_of(hash, bit)] = *at;
        leaf = inner;
    }
    *at = leaf;
    return OK;
}

enum err mls_keyset_add(struct mls_keyset *k, struct span key)
{
    uint8_t hash[SHA256_BYTES];

    sha256(key, hash);
    const struct mls_key_node *twin = nearest(k->root, hash);
    unsigned bit = twin == NULL ? 0 : first_difference(twin->hash, hash);
    if (twin == NULL || bit < HASH_BITS)
        return insert_at(&k->root, bit, hash);

    struct mls_key_node **at = &k->root;
    for (;;) {
        if (!own(at))
            return ERR_MEMORY;
        if (is_leaf(*at))
            break;
        at = &(*at)->side[bit_of(hash, (*at)->bit)];
    }
    if (++(*at)->count == 2)
        k->repeated++;
    return OK;
}

enum err mls_keyset_remove(struct mls_keyset *k, struct span key)
{
    uint8_t hash[SHA256_BYTES];
    struct mls_key_node **at = &k->root, **parent = NULL;

    sha256(key, hash);
    assert(mls_keyset_count(k, key) > 0);
    for (;;) {
        if (!own(at))
            return ERR_MEMORY;
        if (is_leaf(*at))
            break;
        parent = at;
        at = &(*at)->side[bit_of(hash, (*at)->bit)];
    }
    if ((*at)->count-- == 2)
        k->repeated--;
    if ((*at)->count > 0)
        return OK;
    if (parent == NULL) {
        unref(*at);
        *at = NULL;
        return OK;
    }
    struct mls_key_node *inner = *parent; /* ours alone: own() made it so on the way down */
    *parent = ref(inner->side[!bit_of(hash, inner->bit)]);
    unref(inner);
    return OK;
}

uint32_t mls_keyset_count(const struct mls_keyset *k, struct span key)
{
    uint8_t hash[SHA256_BYTES];

    sha256(key, hash);
    const struct mls_key_node *n = nearest(k->root, hash);
    return n != NULL && memcmp(n->hash, hash, sizeof hash) == 0 ? n->count : 0;
}
