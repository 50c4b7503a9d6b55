#include "crypto/hpke/hpke.h"

#include "crypto/base/wipe.h"

const struct hpke_kem *hpke_kem_by_id(uint16_t id)
{
    static const struct hpke_kem *const all[] = {
        &hpke_p256, &hpke_p384, &hpke_p521, &hpke_x25519, &hpke_x448, &hpke_mlkem768, &hpke_xwing};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i]->id == id)
            return all[i];
    }
    return NULL;
}

enum err hpke_derive_key_pair(const struct hpke_kem *kem, struct span ikm, uint8_t *secret,
                              uint8_t *pub)
{
    enum err err = kem->derive(kem, ikm, secret, pub);

    if (err != OK) {
        wipe(secret, kem->secret_bytes);
        wipe(pub, kem->public_bytes);
    }
    return err;
}

enum err hpke_key_pair(const struct hpke_kem *kem, struct rng *rng, uint8_t *secret, uint8_t *pub)
{
    uint8_t ikm[HPKE_SECRET_BYTES_MAX];

    rng_fill(rng, ikm, kem->secret_bytes);
    enum err err = hpke_derive_key_pair(kem, span_of(ikm, kem->secret_bytes), secret, pub);
    wipe(ikm, sizeof ikm);
    return err;
}

enum err hpke_public(const struct hpke_kem *kem, struct span secret, uint8_t *pub)
{
    if (secret.len != kem->secret_bytes)
        return ERR_ARGUMENT;
    return kem->public_of(kem, secret.ptr, pub);
}
