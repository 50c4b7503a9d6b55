#include "crypto/keyring/ring.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/secp.h"
#include "crypto/prim/sign.h"

#include <stdlib.h>

#define MAY_ALL                                                                                    \
    (KEYRING_MAY_SIGN | KEYRING_MAY_SIGN_LABEL | KEYRING_MAY_DERIVE | KEYRING_MAY_HOST |           \
     KEYRING_MAY_REVEAL)

struct keyring_key {
    struct keyring_item *item; /* one reference */
    unsigned may;
};

static void item_unref(struct keyring_item *item)
{
    if (--item->refs > 0)
        return;
    wipe(item, sizeof *item);
    free(item);
}

enum err keyring_new(struct keyring **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? ERR_MEMORY : OK;
}

void keyring_free(struct keyring *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < k->count; i++)
        item_unref(k->items[i]);
    wipe(k, sizeof *k);
    free(k);
}

/* The index of a key, or k->count. Names are no secrets. */
static size_t find(const struct keyring *k, struct span name)
{
    size_t i = 0;

    while (i < k->count && !span_eq(span_of(k->items[i]->name, k->items[i]->name_len), name))
        i++;
    return i;
}

static enum err make_public(struct keyring_item *item)
{
    switch (item->kind) {
    case KEYRING_ED25519:
        ed25519_public(item->secret, item->public);
        item->public_len = ED25519_PUBLIC_BYTES;
        return OK;
    case KEYRING_SECP256K1:
        item->public_len = SECP_PUBLIC_BYTES;
        return secp_public(item->secret, item->public);
    case KEYRING_XWING:
    case KEYRING_SECRET:
        return OK;
    }
    return ERR_ARGUMENT; /* a number out of the table, from a sealed ring */
}

enum err keyring_add(struct keyring *k, struct span name, enum keyring_kind kind, unsigned may,
                     const uint8_t secret[KEYRING_SECRET_BYTES])
{
    if (name.len == 0 || name.len > KEYRING_NAME_BYTES_MAX || (may & ~(unsigned)MAY_ALL) != 0)
        return ERR_ARGUMENT;
    if (find(k, name) < k->count)
        return ERR_EXISTS;
    if (k->count == KEYRING_KEYS_MAX)
        return ERR_FULL;

    struct keyring_item *item = calloc(1, sizeof *item);
    if (item == NULL)
        return ERR_MEMORY;
    item->refs = 1;
    item->kind = kind;
    item->may = may;
    item->name_len = (uint8_t)name.len;
    memcpy(item->name, name.ptr, name.len);
    memcpy(item->secret, secret, sizeof item->secret);
    enum err err = make_public(item);
    if (err == OK)
        k->items[k->count++] = item;
    else
        item_unref(item);
    return err;
}

enum err keyring_draw(struct keyring *k, struct rng *rng, struct span name, enum keyring_kind kind,
                      unsigned may)
{
    uint8_t secret[KEYRING_SECRET_BYTES];
    struct keyring_host *probe = NULL;
    enum err err = OK;

    do { /* of secp256k1, one scalar in 2^128 is refused */
        rng_fill(rng, secret, sizeof secret);
        if (kind == KEYRING_SECP256K1)
            err = keyring_host_from_bytes(&probe, KEYRING_HOST_SECP256K1, secret);
    } while (err == ERR_ARGUMENT);
    keyring_host_free(probe);
    if (err == OK)
        err = keyring_add(k, name, kind, may, secret);
    wipe(secret, sizeof secret);
    return err;
}

enum err keyring_remove(struct keyring *k, struct span name)
{
    size_t i = find(k, name);

    if (i == k->count)
        return ERR_NOT_FOUND;
    item_unref(k->items[i]);
    k->count--;
    memmove(&k->items[i], &k->items[i + 1], (k->count - i) * sizeof k->items[0]);
    return OK;
}

struct span keyring_name(const struct keyring *k, size_t i)
{
    return i < k->count ? span_of(k->items[i]->name, k->items[i]->name_len) : SPAN_EMPTY;
}

enum err keyring_open(const struct keyring *k, struct span name, unsigned may,
                      struct keyring_key **out)
{
    size_t i = find(k, name);

    *out = NULL;
    if (i == k->count)
        return ERR_NOT_FOUND;
    if ((may & ~k->items[i]->may) != 0)
        return ERR_REFUSED;
    struct keyring_key *key = malloc(sizeof *key);
    if (key == NULL)
        return ERR_MEMORY;
    *key = (struct keyring_key){.item = k->items[i], .may = may};
    key->item->refs++;
    *out = key;
    return OK;
}

void keyring_close(struct keyring_key *key)
{
    if (key == NULL)
        return;
    item_unref(key->item);
    free(key);
}

enum keyring_kind keyring_kind_of(const struct keyring_key *key)
{
    return key->item->kind;
}

struct span keyring_public(const struct keyring_key *key)
{
    return span_of(key->item->public, key->item->public_len);
}

static enum err may_sign(const struct keyring_key *key, enum keyring_may wanted)
{
    if ((key->may & (unsigned)wanted) == 0)
        return ERR_REFUSED;
    return key->item->kind == KEYRING_ED25519 ? OK : ERR_UNSUPPORTED;
}

enum err keyring_sign(const struct keyring_key *key, struct span msg, uint8_t sig[64])
{
    TRY(may_sign(key, KEYRING_MAY_SIGN));
    ed25519_sign(key->item->secret, key->item->public, msg, sig);
    return OK;
}

enum err keyring_sign_label(const struct keyring_key *key, enum label label, struct span body,
                            uint8_t sig[64])
{
    uint8_t input[LABEL_SIGNED_MAX];

    TRY(may_sign(key, KEYRING_MAY_SIGN_LABEL));
    ed25519_sign(key->item->secret, key->item->public, label_signed(label, body, input), sig);
    return OK;
}

enum err keyring_derive(const struct keyring_key *key, enum label label, struct span context,
                        uint8_t *out, size_t len)
{
    if ((key->may & KEYRING_MAY_DERIVE) == 0)
        return ERR_REFUSED;
    label_derive(label, SPAN_ARRAY(key->item->secret), context, out, len);
    return OK;
}

enum err keyring_reveal(const struct keyring_key *key, uint8_t out[KEYRING_SECRET_BYTES])
{
    if ((key->may & KEYRING_MAY_REVEAL) == 0)
        return ERR_REFUSED;
    memcpy(out, key->item->secret, KEYRING_SECRET_BYTES);
    return OK;
}

enum err keyring_host_open(const struct keyring_key *key, struct keyring_host **out)
{
    *out = NULL;
    if ((key->may & KEYRING_MAY_HOST) == 0)
        return ERR_REFUSED;
    switch (key->item->kind) {
    case KEYRING_ED25519:
        return keyring_host_from_bytes(out, KEYRING_HOST_ED25519, key->item->secret);
    case KEYRING_SECP256K1:
        return keyring_host_from_bytes(out, KEYRING_HOST_SECP256K1, key->item->secret);
    case KEYRING_XWING:
    case KEYRING_SECRET:
        break;
    }
    return ERR_UNSUPPORTED;
}

bool keyring_same(const struct keyring_key *a, const struct keyring_key *b)
{
    return ct_equal(a->item->secret, b->item->secret, KEYRING_SECRET_BYTES);
}
