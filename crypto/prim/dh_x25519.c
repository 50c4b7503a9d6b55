#include "crypto/base/wipe.h"
#include "crypto/prim/ct.h"
#include "crypto/prim/dh.h"
#include "crypto/prim/sodium_ready.h"

#include <sodium.h>

void x25519_public(const uint8_t secret[X25519_BYTES], uint8_t pub[X25519_BYTES])
{
    sodium_ready();
    int done = crypto_scalarmult_curve25519_base(pub, secret); /* fails for no input */

    assert(done == 0);
    (void)done;
}

enum err x25519(const uint8_t secret[X25519_BYTES], const uint8_t pub[X25519_BYTES],
                uint8_t out[X25519_BYTES])
{
    sodium_ready();
    int small_order = crypto_scalarmult_curve25519(out, secret, pub);
    CT_PUBLIC(&small_order, sizeof small_order); /* a property of the public key */
    if (small_order == 0)
        return OK;
    wipe(out, X25519_BYTES); /* small order: the result would be zero */
    return ERR_AUTH;
}

static enum err public_of(const struct dh *d, const uint8_t *secret, uint8_t *pub)
{
    (void)d;
    x25519_public(secret, pub);
    return OK;
}

static enum err agree(const struct dh *d, const uint8_t *secret, const uint8_t *pub, uint8_t *out)
{
    (void)d;
    return x25519(secret, pub, out);
}

const struct dh dh_x25519 = {.name = "X25519",
                             .secret_bytes = 32,
                             .public_bytes = 32,
                             .shared_bytes = 32,
                             .public_of = public_of,
                             .agree = agree};
