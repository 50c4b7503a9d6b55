#include "crypto/base/wipe.h"
#include "crypto/prim/sign_memo.h"

#include <sodium.h>

void ed25519_public(const uint8_t seed[ED25519_SEED_BYTES], uint8_t pk[ED25519_PUBLIC_BYTES])
{
    uint8_t sk[crypto_sign_SECRETKEYBYTES]; /* libsodium's form: seed || pk */

    (void)crypto_sign_seed_keypair(pk, sk, seed); /* always 0 */
    wipe(sk, sizeof sk);
}

void ed25519_sign(const uint8_t seed[ED25519_SEED_BYTES], const uint8_t pk[ED25519_PUBLIC_BYTES],
                  struct span msg, uint8_t sig[ED25519_SIGNATURE_BYTES])
{
    uint8_t sk[crypto_sign_SECRETKEYBYTES];

    memcpy(sk, seed, ED25519_SEED_BYTES);
    memcpy(sk + ED25519_SEED_BYTES, pk, ED25519_PUBLIC_BYTES);
    (void)crypto_sign_detached(sig, NULL, msg.ptr, msg.len, sk); /* always 0 */
    wipe(sk, sizeof sk);
}

static enum err verify_now(const uint8_t *pk, struct span msg, const uint8_t *sig)
{
    return crypto_sign_verify_detached(sig, msg.ptr, msg.len, pk) == 0 ? OK : ERR_AUTH;
}

enum err ed25519_verify(const uint8_t pk[ED25519_PUBLIC_BYTES], struct span msg,
                        const uint8_t sig[ED25519_SIGNATURE_BYTES])
{
    return sign_memo_on() ? sign_memo_verify(pk, msg, sig, verify_now) : verify_now(pk, msg, sig);
}

static enum err public_of(const struct sign *s, const uint8_t *secret, uint8_t *pub)
{
    (void)s;
    ed25519_public(secret, pub);
    return OK;
}

static enum err make(const struct sign *s, const uint8_t *secret, const uint8_t *pub,
                     struct span msg, uint8_t *sig, size_t *sig_len)
{
    (void)s;
    ed25519_sign(secret, pub, msg, sig);
    *sig_len = ED25519_SIGNATURE_BYTES;
    return OK;
}

static enum err verify(const struct sign *s, const uint8_t *pub, struct span msg, struct span sig)
{
    (void)s;
    return sig.len == ED25519_SIGNATURE_BYTES ? ed25519_verify(pub, msg, sig.ptr) : ERR_AUTH;
}

const struct sign sign_ed25519 = {.name = "Ed25519",
                                  .secret_bytes = ED25519_SEED_BYTES,
                                  .public_bytes = ED25519_PUBLIC_BYTES,
                                  .signature_bytes_max = ED25519_SIGNATURE_BYTES,
                                  .public_of = public_of,
                                  .make = make,
                                  .verify = verify};
