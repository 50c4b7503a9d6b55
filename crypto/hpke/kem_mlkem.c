/* ML-KEM-768 as an HPKE KEM: draft-ietf-hpke-pq 4. Secret keys are the 64-byte seed. */
#include "crypto/hpke/hpke.h"

#include "crypto/base/wipe.h"
#include "crypto/hpke/labeled.h"
#include "crypto/prim/mlkem768.h"

static enum err public_of(const struct hpke_kem *k, const uint8_t *secret, uint8_t *pub)
{
    uint8_t expanded[MLKEM768_SECRET_BYTES];

    (void)k;
    mlkem768_key_pair(secret, pub, expanded);
    wipe(expanded, sizeof expanded);
    return OK;
}

static enum err derive(const struct hpke_kem *k, struct span ikm, uint8_t *secret, uint8_t *pub)
{
    hpke_labeled_derive(k->id, ikm, SPAN_LIT("DeriveKeyPair"), secret, k->secret_bytes);
    return public_of(k, secret, pub);
}

static enum err encap(const struct hpke_kem *k, const uint8_t *random, const uint8_t *pub,
                      const uint8_t *auth_secret, uint8_t *enc, uint8_t *shared)
{
    (void)k;
    assert(auth_secret == NULL);
    return mlkem768_encap(pub, random, enc, shared);
}

static enum err decap(const struct hpke_kem *k, const uint8_t *enc, const uint8_t *secret,
                      const uint8_t *pub, const uint8_t *auth_public, uint8_t *shared)
{
    (void)k, (void)pub;
    assert(auth_public == NULL);
    mlkem768_decap_seed(secret, enc, shared);
    return OK;
}

const struct hpke_kem hpke_mlkem768 = {.name = "ML-KEM-768",
                                       .id = 0x0041,
                                       .secret_bytes = MLKEM768_SEED_BYTES,
                                       .public_bytes = MLKEM768_PUBLIC_BYTES,
                                       .enc_bytes = MLKEM768_CIPHERTEXT_BYTES,
                                       .shared_bytes = MLKEM768_SHARED_BYTES,
                                       .random_bytes = MLKEM768_MESSAGE_BYTES,
                                       .derive = derive,
                                       .public_of = public_of,
                                       .encap = encap,
                                       .decap = decap};
