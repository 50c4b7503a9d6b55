/* X-Wing: ML-KEM-768 and X25519 behind one combiner (draft-connolly-cfrg-xwing-kem-10), which is
 * also MLKEM768-X25519 of draft-ietf-hpke-pq: the same keys, encapsulations and number 0x647a, but
 * another DeriveKeyPair. Both are here; MLS implementations of today (ts-mls) use the former.
 *
 * Secret keys are the 32-byte seed; every use expands it. */
#include "crypto/hpke/hpke.h"

#include "crypto/base/wipe.h"
#include "crypto/hpke/labeled.h"
#include "crypto/prim/keccak.h"
#include "crypto/prim/mlkem768.h"

#define SEED_BYTES   32u
#define PUBLIC_BYTES (MLKEM768_PUBLIC_BYTES + X25519_BYTES)
#define ENC_BYTES    (MLKEM768_CIPHERTEXT_BYTES + X25519_BYTES)

/* expandDecapsulationKey, 5.2: the seeds of both keys */
struct expanded {
    uint8_t seed_m[MLKEM768_SEED_BYTES];
    uint8_t secret_x[X25519_BYTES];
};

static void expand(const uint8_t seed[SEED_BYTES], struct expanded *e)
{
    uint8_t bytes[sizeof e->seed_m + sizeof e->secret_x];

    shake256(span_of(seed, SEED_BYTES), bytes, sizeof bytes);
    memcpy(e->seed_m, bytes, sizeof e->seed_m);
    memcpy(e->secret_x, bytes + sizeof e->seed_m, sizeof e->secret_x);
    wipe(bytes, sizeof bytes);
}

/* 5.3 */
static void combine(const uint8_t *shared_m, const uint8_t *shared_x, const uint8_t *ct_x,
                    const uint8_t *pub_x, uint8_t *shared)
{
    struct span parts[] = {span_of(shared_m, 32), span_of(shared_x, 32), span_of(ct_x, 32),
                           span_of(pub_x, 32), SPAN_LIT("\\.//^\\")};

    keccak_parts(KECCAK_SHA3_256, parts, 5, shared, 32);
}

/* X25519 of X-Wing does not refuse small order: the result is then zero, and goes into the combiner
 */
static void x25519_any(const uint8_t *secret, const uint8_t *pub, uint8_t out[X25519_BYTES])
{
    if (x25519(secret, pub, out) != OK)
        memset(out, 0, X25519_BYTES);
}

static enum err public_of(const struct hpke_kem *k, const uint8_t *secret, uint8_t *pub)
{
    uint8_t secret_m[MLKEM768_SECRET_BYTES];
    struct expanded e;

    (void)k;
    expand(secret, &e);
    mlkem768_key_pair(e.seed_m, pub, secret_m);
    x25519_public(e.secret_x, pub + MLKEM768_PUBLIC_BYTES);
    wipe(secret_m, sizeof secret_m);
    wipe(&e, sizeof e);
    return OK;
}

static enum err derive(const struct hpke_kem *k, struct span ikm, uint8_t *secret, uint8_t *pub)
{
    shake256(ikm, secret, SEED_BYTES);
    return public_of(k, secret, pub);
}

static enum err derive_labeled(const struct hpke_kem *k, struct span ikm, uint8_t *secret,
                               uint8_t *pub)
{
    hpke_labeled_derive(k->id, ikm, SPAN_LIT("DeriveKeyPair"), secret, SEED_BYTES);
    return public_of(k, secret, pub);
}

/* EncapsulateDerand, 5.4.1: random = m || ek_X */
static enum err encap(const struct hpke_kem *k, const uint8_t *random, const uint8_t *pub,
                      const uint8_t *auth_secret, uint8_t *enc, uint8_t *shared)
{
    const uint8_t *ephemeral = random + MLKEM768_MESSAGE_BYTES;
    const uint8_t *pub_x = pub + MLKEM768_PUBLIC_BYTES;
    uint8_t *ct_x = enc + MLKEM768_CIPHERTEXT_BYTES;
    uint8_t shared_m[MLKEM768_SHARED_BYTES], shared_x[X25519_BYTES];

    (void)k;
    assert(auth_secret == NULL);
    TRY(mlkem768_encap(pub, random, enc, shared_m));
    x25519_public(ephemeral, ct_x);
    x25519_any(ephemeral, pub_x, shared_x);
    combine(shared_m, shared_x, ct_x, pub_x, shared);
    wipe(shared_m, sizeof shared_m);
    wipe(shared_x, sizeof shared_x);
    return OK;
}

/* Decapsulate, 5.5 */
static enum err decap(const struct hpke_kem *k, const uint8_t *enc, const uint8_t *secret,
                      const uint8_t *pub, const uint8_t *auth_public, uint8_t *shared)
{
    const uint8_t *ct_x = enc + MLKEM768_CIPHERTEXT_BYTES;
    uint8_t shared_m[MLKEM768_SHARED_BYTES], shared_x[X25519_BYTES];
    struct expanded e;

    (void)k;
    assert(auth_public == NULL);
    expand(secret, &e);
    mlkem768_decap_seed(e.seed_m, enc, shared_m);
    x25519_any(e.secret_x, ct_x, shared_x);
    combine(shared_m, shared_x, ct_x, pub + MLKEM768_PUBLIC_BYTES, shared);
    wipe(&e, sizeof e);
    wipe(shared_m, sizeof shared_m);
    wipe(shared_x, sizeof shared_x);
    return OK;
}

#define XWING(text, derive_function)                                                               \
    {                                                                                              \
        .name = (text), .id = 0x647a, .secret_bytes = SEED_BYTES, .public_bytes = PUBLIC_BYTES,    \
        .enc_bytes = ENC_BYTES, .shared_bytes = 32,                                                \
        .random_bytes = MLKEM768_MESSAGE_BYTES + X25519_BYTES, .derive = (derive_function),        \
        .public_of = public_of, .encap = encap, .decap = decap                                     \
    }

const struct hpke_kem hpke_xwing = XWING("X-Wing", derive);
const struct hpke_kem hpke_mlkem768_x25519 = XWING("MLKEM768-X25519", derive_labeled);
