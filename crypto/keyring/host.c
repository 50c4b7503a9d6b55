#include "crypto/keyring/keyring.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/secp.h"
#include "crypto/prim/sign.h"

#include <stdlib.h>

#define PUBLIC_HEAD_BYTES 4u /* field 1: type; field 2: length */

struct keyring_host {
    enum keyring_host_kind kind;
    uint8_t secret[KEYRING_SECRET_BYTES];
    uint8_t public[KEYRING_HOST_PUBLIC_MAX];
    uint8_t public_len;
};

/* The raw key behind the four bytes that make it a PublicKey message. */
static enum err make_public(struct keyring_host *h)
{
    uint8_t *raw = h->public + PUBLIC_HEAD_BYTES;
    uint8_t raw_len = SECP_PUBLIC_BYTES;

    switch (h->kind) {
    case KEYRING_HOST_SECP256K1:
        TRY(secp_public(h->secret, raw));
        break;
    case KEYRING_HOST_ED25519:
        ed25519_public(h->secret, raw);
        raw_len = ED25519_PUBLIC_BYTES;
        break;
    }
    memcpy(h->public, (const uint8_t[]){0x08, (uint8_t)h->kind, 0x12, raw_len}, PUBLIC_HEAD_BYTES);
    h->public_len = (uint8_t)(PUBLIC_HEAD_BYTES + raw_len);
    return OK;
}

enum err keyring_host_from_bytes(struct keyring_host **out, enum keyring_host_kind kind,
                                 const uint8_t secret[KEYRING_SECRET_BYTES])
{
    struct keyring_host *h = calloc(1, sizeof *h);

    if (h == NULL)
        return ERR_MEMORY;
    h->kind = kind;
    memcpy(h->secret, secret, sizeof h->secret);
    enum err err = make_public(h);
    if (err == OK)
        *out = h;
    else
        keyring_host_free(h);
    return err;
}

enum err keyring_host_new(struct keyring_host **out, struct rng *rng, enum keyring_host_kind kind)
{
    uint8_t secret[KEYRING_SECRET_BYTES];
    enum err err;

    do { /* one scalar in 2^128 is refused */
        rng_fill(rng, secret, sizeof secret);
        err = keyring_host_from_bytes(out, kind, secret);
    } while (err == ERR_ARGUMENT);
    wipe(secret, sizeof secret);
    return err;
}

void keyring_host_free(struct keyring_host *h)
{
    if (h == NULL)
        return;
    wipe(h, sizeof *h);
    free(h);
}

enum keyring_host_kind keyring_host_kind(const struct keyring_host *h)
{
    return h->kind;
}

struct span keyring_host_public(const struct keyring_host *h)
{
    return span_of(h->public, h->public_len);
}

struct span keyring_host_raw_public(const struct keyring_host *h)
{
    return span_after(keyring_host_public(h), PUBLIC_HEAD_BYTES);
}

enum err keyring_host_sign(const struct keyring_host *h, struct span msg,
                           struct keyring_signature *out)
{
    size_t len = ED25519_SIGNATURE_BYTES;

    switch (h->kind) {
    case KEYRING_HOST_SECP256K1:
        TRY(secp_sign_der(h->secret, msg, out->bytes, &len));
        break;
    case KEYRING_HOST_ED25519:
        ed25519_sign(h->secret, h->public + PUBLIC_HEAD_BYTES, msg, out->bytes);
        break;
    }
    out->len = (uint8_t)len;
    return OK;
}

enum err keyring_host_sign_hash(const struct keyring_host *h, const uint8_t hash[32],
                                uint8_t sig[64])
{
    if (h->kind != KEYRING_HOST_SECP256K1)
        return ERR_UNSUPPORTED;
    return secp_sign_hash(h->secret, hash, sig);
}

enum err keyring_host_agree(const struct keyring_host *h, struct span pub, uint8_t out[33])
{
    if (h->kind != KEYRING_HOST_SECP256K1)
        return ERR_UNSUPPORTED;
    return secp_ecdh(h->secret, pub, out);
}
