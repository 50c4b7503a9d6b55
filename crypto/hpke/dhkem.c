/* DHKEM: RFC 9180 4.1 and 7.1. */
#include "crypto/hpke/hpke.h"

#include "crypto/base/wipe.h"
#include "crypto/hpke/labeled.h"

/* concat("KEM", I2OSP(kem_id, 2)) */
struct suite_id {
    uint8_t bytes[5];
};

static struct suite_id suite_of(const struct hpke_kem *k)
{
    return (struct suite_id){{'K', 'E', 'M', (uint8_t)(k->id >> 8), (uint8_t)k->id}};
}

static void extract_and_expand(const struct hpke_kem *k, struct span dh, struct span kem_context,
                               uint8_t *shared)
{
    struct suite_id suite = suite_of(k);
    uint8_t prk[HASH_BYTES_MAX];

    hpke_labeled_extract(k->hash, SPAN_ARRAY(suite.bytes), SPAN_EMPTY, SPAN_LIT("eae_prk"), dh,
                         prk);
    hpke_labeled_expand(k->hash, SPAN_ARRAY(suite.bytes), prk, SPAN_LIT("shared_secret"),
                        kem_context, SPAN_EMPTY, shared, k->shared_bytes);
    wipe(prk, sizeof prk);
}

/* RFC 9180 7.1.3, NIST curves: candidates by counter until one is a scalar */
static enum err derive_by_trial(const struct hpke_kem *k, struct suite_id suite, const uint8_t *prk,
                                uint8_t *secret, uint8_t *pub)
{
    for (unsigned counter = 0; counter < 256; counter++) {
        uint8_t i = (uint8_t)counter;
        hpke_labeled_expand(k->hash, SPAN_ARRAY(suite.bytes), prk, SPAN_LIT("candidate"),
                            span_of(&i, 1), SPAN_EMPTY, secret, k->secret_bytes);
        secret[0] &= k->dh->top_mask;
        enum err err = dh_public(k->dh, secret, pub);
        if (err != ERR_ARGUMENT)
            return err;
    }
    return ERR_CRYPTO;
}

static enum err derive(const struct hpke_kem *k, struct span ikm, uint8_t *secret, uint8_t *pub)
{
    struct suite_id suite = suite_of(k);
    uint8_t prk[HASH_BYTES_MAX];
    enum err err = OK;

    hpke_labeled_extract(k->hash, SPAN_ARRAY(suite.bytes), SPAN_EMPTY, SPAN_LIT("dkp_prk"), ikm,
                         prk);
    if (k->dh->top_mask != 0) {
        err = derive_by_trial(k, suite, prk, secret, pub);
    } else {
        hpke_labeled_expand(k->hash, SPAN_ARRAY(suite.bytes), prk, SPAN_LIT("sk"), SPAN_EMPTY,
                            SPAN_EMPTY, secret, k->secret_bytes);
        err = dh_public(k->dh, secret, pub);
    }
    wipe(prk, sizeof prk);
    return err;
}

static enum err public_of(const struct hpke_kem *k, const uint8_t *secret, uint8_t *pub)
{
    return dh_public(k->dh, secret, pub);
}

/* kem_context = enc || pkRm, and || pkSm when the sender is authenticated */
static struct span context_of(const struct hpke_kem *k, const uint8_t *enc, const uint8_t *pub,
                              const uint8_t *auth_public, uint8_t out[3 * DH_PUBLIC_BYTES_MAX])
{
    size_t n = k->public_bytes;

    memcpy(out, enc, n);
    memcpy(out + n, pub, n);
    if (auth_public == NULL)
        return span_of(out, 2 * n);
    memcpy(out + 2 * n, auth_public, n);
    return span_of(out, 3 * n);
}

static enum err encap(const struct hpke_kem *k, const uint8_t *random, const uint8_t *pub,
                      const uint8_t *auth_secret, uint8_t *enc, uint8_t *shared)
{
    uint8_t ephemeral[DH_SECRET_BYTES_MAX], dh[2 * DH_SHARED_BYTES_MAX];
    uint8_t auth_public[DH_PUBLIC_BYTES_MAX], context[3 * DH_PUBLIC_BYTES_MAX];
    bool auth = auth_secret != NULL;

    enum err err = derive(k, span_of(random, k->random_bytes), ephemeral, enc);
    if (err == OK)
        err = dh_agree(k->dh, ephemeral, pub, dh);
    if (err == OK && auth)
        err = dh_agree(k->dh, auth_secret, pub, dh + k->dh->shared_bytes);
    if (err == OK && auth)
        err = dh_public(k->dh, auth_secret, auth_public);
    if (err == OK)
        extract_and_expand(k, span_of(dh, (auth ? 2 : 1) * k->dh->shared_bytes),
                           context_of(k, enc, pub, auth ? auth_public : NULL, context), shared);
    wipe(ephemeral, sizeof ephemeral);
    wipe(dh, sizeof dh);
    return err;
}

static enum err decap(const struct hpke_kem *k, const uint8_t *enc, const uint8_t *secret,
                      const uint8_t *pub, const uint8_t *auth_public, uint8_t *shared)
{
    uint8_t dh[2 * DH_SHARED_BYTES_MAX], context[3 * DH_PUBLIC_BYTES_MAX];
    bool auth = auth_public != NULL;

    enum err err = dh_agree(k->dh, secret, enc, dh);
    if (err == OK && auth)
        err = dh_agree(k->dh, secret, auth_public, dh + k->dh->shared_bytes);
    if (err == OK)
        extract_and_expand(k, span_of(dh, (auth ? 2 : 1) * k->dh->shared_bytes),
                           context_of(k, enc, pub, auth_public, context), shared);
    wipe(dh, sizeof dh);
    return err;
}

#define DHKEM(group, hash_name, number, text, sk, pk, ss)                                          \
    {                                                                                              \
        .name = (text), .id = (number), .auth = true, .secret_bytes = (sk), .public_bytes = (pk),  \
        .enc_bytes = (pk), .shared_bytes = (ss), .random_bytes = (sk), .dh = &(group),             \
        .hash = &(hash_name), .derive = derive, .public_of = public_of, .encap = encap,            \
        .decap = decap                                                                             \
    }

const struct hpke_kem hpke_p256 =
    DHKEM(dh_p256, hash_sha256, 0x0010, "DHKEM(P-256, HKDF-SHA256)", 32, 65, 32);
const struct hpke_kem hpke_p384 =
    DHKEM(dh_p384, hash_sha384, 0x0011, "DHKEM(P-384, HKDF-SHA384)", 48, 97, 48);
const struct hpke_kem hpke_p521 =
    DHKEM(dh_p521, hash_sha512, 0x0012, "DHKEM(P-521, HKDF-SHA512)", 66, 133, 64);
const struct hpke_kem hpke_x25519 =
    DHKEM(dh_x25519, hash_sha256, 0x0020, "DHKEM(X25519, HKDF-SHA256)", 32, 32, 32);
const struct hpke_kem hpke_x448 =
    DHKEM(dh_x448, hash_sha512, 0x0021, "DHKEM(X448, HKDF-SHA512)", 56, 56, 64);
