#include "crypto/prim/drbg.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/sodium_ready.h"

#include <sodium/crypto_stream_chacha20.h>

static void refill(struct drbg *d)
{
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES]; /* every key is used once */
    uint8_t key[DRBG_SEED_BYTES];

    memcpy(key, d->pool, sizeof key);
    crypto_stream_chacha20(d->pool, sizeof d->pool, nonce, key);
    wipe(key, sizeof key);
    d->used = DRBG_SEED_BYTES;
}

void drbg_init(struct drbg *d, const uint8_t seed[DRBG_SEED_BYTES])
{
    sodium_ready();
    *d = (struct drbg){.used = DRBG_POOL_BYTES};
    memcpy(d->pool, seed, DRBG_SEED_BYTES);
}

void drbg_clear(struct drbg *d)
{
    wipe(d, sizeof *d);
}

void drbg_fill(struct drbg *d, void *out, size_t len)
{
    uint8_t *to = out;

    assert(d->used > 0); /* seeded */
    while (len > 0) {
        if (d->used == DRBG_POOL_BYTES)
            refill(d);
        size_t n = DRBG_POOL_BYTES - d->used < len ? DRBG_POOL_BYTES - d->used : len;
        memcpy(to, d->pool + d->used, n);
        wipe(d->pool + d->used, n);
        d->used += n;
        to += n;
        len -= n;
    }
}

static void fill(void *state, uint8_t *out, size_t len)
{
    drbg_fill(state, out, len);
}

struct rng drbg_rng(struct drbg *d)
{
    return (struct rng){fill, d};
}
