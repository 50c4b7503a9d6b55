#include "crypto/noise/noise.h"

#include "crypto/base/wipe.h"
#include "crypto/noise/symmetric.h"

enum err noise_cipher_seal(struct noise_cipher *c, const struct span *parts, size_t count,
                           uint8_t *out)
{
    uint8_t nonce[AEAD_NONCE_BYTES];

    if (c->nonce == UINT64_MAX)
        return ERR_LIMIT; /* Noise 5.1: the last value is reserved */
    noise_nonce(c->nonce, nonce);
    c->nonce++; /* spent even if sealing fails: some of the ciphertext may be out */
    return aead_seal(&c->key, nonce, SPAN_EMPTY, parts, count, out);
}

enum err noise_cipher_open(struct noise_cipher *c, struct span sealed, uint8_t *out)
{
    uint8_t nonce[AEAD_NONCE_BYTES];

    if (c->nonce == UINT64_MAX)
        return ERR_LIMIT;
    noise_nonce(c->nonce, nonce);
    TRY(aead_open(&c->key, nonce, SPAN_EMPTY, sealed, out));
    c->nonce++;
    return OK;
}

void noise_cipher_clear(struct noise_cipher *c)
{
    aead_key_clear(&c->key);
    wipe(c, sizeof *c);
}
