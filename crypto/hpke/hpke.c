#include "crypto/hpke/hpke.h"

#include "crypto/base/wipe.h"
#include "crypto/hpke/labeled.h"

/* concat("HPKE", I2OSP(kem_id, 2), I2OSP(kdf_id, 2), I2OSP(aead_id, 2)) */
struct suite_id {
    uint8_t bytes[10];
};

static uint8_t kdf_id(const struct hash *h) /* RFC 9180 7.2 */
{
    return h == &hash_sha256 ? 1 : h == &hash_sha384 ? 2 : 3;
}

static uint16_t aead_id(const struct aead *a) /* RFC 9180 7.3 */
{
    if (a == NULL)
        return 0xffff;
    if (a == &aead_null) /* simulations only: the number of what it stands for */
        return 3;
    return a == &aead_aes128gcm ? 1 : a == &aead_aes256gcm ? 2 : 3;
}

static struct suite_id suite_id_of(const struct hpke_suite *s)
{
    uint16_t aead = aead_id(s->aead);

    return (struct suite_id){{'H', 'P', 'K', 'E', (uint8_t)(s->kem->id >> 8), (uint8_t)s->kem->id,
                              0, kdf_id(s->kdf), (uint8_t)(aead >> 8), (uint8_t)aead}};
}

/* mode numbers, RFC 9180 5: psk is 1, auth is 2 */
static uint8_t mode_number(const struct hpke_mode *m, bool auth)
{
    return (uint8_t)((m->psk.len > 0 ? 1 : 0) | (auth ? 2 : 0));
}

/* VerifyPSKInputs, RFC 9180 5.1 */
static enum err mode_check(const struct hpke_suite *s, const struct hpke_mode *m, struct span auth,
                           size_t auth_bytes, struct span info)
{
    if ((m->psk.len > 0) != (m->psk_id.len > 0) ||
        (m->psk.len > 0 && m->psk.len < HPKE_PSK_BYTES_MIN))
        return ERR_ARGUMENT;
    if (auth.len > 0 && (!s->kem->auth || auth.len != auth_bytes))
        return ERR_ARGUMENT;
    return info.len <= HPKE_INFO_BYTES_MAX ? OK : ERR_ARGUMENT;
}

void hpke_info_hash(const struct hpke_suite *suite, const struct span *parts, size_t count,
                    uint8_t *out)
{
    struct suite_id id = suite_id_of(suite);
    struct span head[] = {SPAN_LIT("HPKE-v1"), SPAN_ARRAY(id.bytes), SPAN_LIT("info_hash")};
    struct hmac_key salt;
    struct hash_state inner, outer;
    uint8_t digest[HASH_BYTES_MAX];

    hmac_key_init(&salt, suite->kdf, SPAN_EMPTY); /* LabeledExtract("", "info_hash", info) */
    inner = salt.inner;
    outer = salt.outer;
    for (size_t i = 0; i < sizeof head / sizeof *head; i++)
        hash_add(&inner, head[i]);
    for (size_t i = 0; i < count; i++)
        hash_add(&inner, parts[i]);
    hash_end(&inner, digest);
    hash_add(&outer, span_of(digest, suite->kdf->bytes));
    hash_end(&outer, out);
}

/* KeySchedule, RFC 9180 5.1 */
static enum err key_schedule(struct hpke_context *c, const struct hpke_suite *s, uint8_t mode,
                             struct span shared, struct span info, const struct hpke_mode *m)
{
    struct suite_id id = suite_id_of(s);
    struct span suite = SPAN_ARRAY(id.bytes);
    size_t nh = s->kdf->bytes;
    uint8_t context[1 + 2 * HASH_BYTES_MAX] = {mode};
    uint8_t secret[HASH_BYTES_MAX], key[AEAD_KEY_BYTES_MAX];
    struct span ks_context = span_of(context, 1 + 2 * nh);
    enum err err = OK;

    hpke_labeled_extract(s->kdf, suite, SPAN_EMPTY, SPAN_LIT("psk_id_hash"), m->psk_id,
                         context + 1);
    if (m->info_hash != NULL)
        memcpy(context + 1 + nh, m->info_hash, nh);
    else
        hpke_info_hash(s, &info, 1, context + 1 + nh);
    hpke_labeled_extract(s->kdf, suite, shared, SPAN_LIT("secret"), m->psk, secret);

    *c = (struct hpke_context){.suite = *s};
    if (s->aead != NULL) {
        hpke_labeled_expand(s->kdf, suite, secret, SPAN_LIT("key"), ks_context, SPAN_EMPTY, key,
                            aead_key_bytes(s->aead));
        hpke_labeled_expand(s->kdf, suite, secret, SPAN_LIT("base_nonce"), ks_context, SPAN_EMPTY,
                            c->base_nonce, AEAD_NONCE_BYTES);
        err = aead_key_init(&c->aead, s->aead, key);
    }
    hpke_labeled_expand(s->kdf, suite, secret, SPAN_LIT("exp"), ks_context, SPAN_EMPTY,
                        c->exporter_secret, nh);
    wipe(secret, sizeof secret);
    wipe(key, sizeof key);
    if (err != OK)
        hpke_context_clear(c);
    return err;
}

static const struct hpke_mode base_mode;

enum err hpke_setup_sender(struct hpke_context *c, const struct hpke_suite *suite, struct rng *rng,
                           struct span pub, struct span info, const struct hpke_mode *mode,
                           uint8_t *enc)
{
    const struct hpke_mode *m = mode == NULL ? &base_mode : mode;
    const struct hpke_kem *kem = suite->kem;
    uint8_t random[HPKE_RANDOM_BYTES_MAX], shared[HPKE_SHARED_BYTES_MAX];
    bool auth = m->auth_secret.len > 0;

    *c = (struct hpke_context){0};
    TRY(mode_check(suite, m, m->auth_secret, kem->secret_bytes, info));
    if (pub.len != kem->public_bytes)
        return ERR_AUTH;
    rng_fill(rng, random, kem->random_bytes);
    enum err err = kem->encap(kem, random, pub.ptr, auth ? m->auth_secret.ptr : NULL, enc, shared);
    if (err == OK)
        err = key_schedule(c, suite, mode_number(m, auth), span_of(shared, kem->shared_bytes), info,
                           m);
    c->sender = err == OK;
    wipe(random, sizeof random);
    wipe(shared, sizeof shared);
    return err;
}

enum err hpke_setup_receiver(struct hpke_context *c, const struct hpke_suite *suite,
                             struct span enc, struct span secret, struct span pub, struct span info,
                             const struct hpke_mode *mode)
{
    const struct hpke_mode *m = mode == NULL ? &base_mode : mode;
    const struct hpke_kem *kem = suite->kem;
    uint8_t shared[HPKE_SHARED_BYTES_MAX], own[HPKE_PUBLIC_BYTES_MAX];
    bool auth = m->auth_public.len > 0;

    *c = (struct hpke_context){0};
    TRY(mode_check(suite, m, m->auth_public, kem->public_bytes, info));
    if (enc.len != kem->enc_bytes)
        return ERR_AUTH;
    if (secret.len != kem->secret_bytes || (pub.len > 0 && pub.len != kem->public_bytes))
        return ERR_ARGUMENT;
    if (pub.len == 0) {
        TRY(hpke_public(kem, secret, own));
        pub = span_of(own, kem->public_bytes);
    }
    enum err err =
        kem->decap(kem, enc.ptr, secret.ptr, pub.ptr, auth ? m->auth_public.ptr : NULL, shared);
    if (err == OK)
        err = key_schedule(c, suite, mode_number(m, auth), span_of(shared, kem->shared_bytes), info,
                           m);
    wipe(shared, sizeof shared);
    return err;
}

void hpke_context_clear(struct hpke_context *c)
{
    aead_key_clear(&c->aead);
    wipe(c, sizeof *c);
}

/* base_nonce XOR I2OSP(seq, Nn) */
static void nonce_of(const struct hpke_context *c, uint8_t nonce[AEAD_NONCE_BYTES])
{
    memcpy(nonce, c->base_nonce, AEAD_NONCE_BYTES);
    for (size_t i = 0; i < 8; i++)
        nonce[AEAD_NONCE_BYTES - 1 - i] ^= (uint8_t)(c->sequence >> (8 * i));
}

enum err hpke_context_seal(struct hpke_context *c, struct span ad, struct span text, uint8_t *out)
{
    uint8_t nonce[AEAD_NONCE_BYTES];

    assert(c->sender && c->suite.aead != NULL);
    if (c->sequence == UINT64_MAX)
        return ERR_FULL;
    nonce_of(c, nonce);
    TRY(aead_seal(&c->aead, nonce, ad, &text, 1, out));
    c->sequence++;
    return OK;
}

enum err hpke_context_open(struct hpke_context *c, struct span ad, struct span sealed, uint8_t *out)
{
    uint8_t nonce[AEAD_NONCE_BYTES];

    assert(!c->sender && c->suite.aead != NULL);
    if (c->sequence == UINT64_MAX)
        return ERR_FULL;
    nonce_of(c, nonce);
    TRY(aead_open(&c->aead, nonce, ad, sealed, out));
    c->sequence++;
    return OK;
}

void hpke_export(const struct hpke_context *c, struct span context, uint8_t *out, size_t len)
{
    struct suite_id id = suite_id_of(&c->suite);

    hpke_labeled_expand(c->suite.kdf, SPAN_ARRAY(id.bytes), c->exporter_secret, SPAN_LIT("sec"),
                        context, SPAN_EMPTY, out, len);
}

enum err hpke_seal(const struct hpke_suite *suite, struct rng *rng, struct span pub,
                   struct span info, struct span ad, struct span text, uint8_t *enc, uint8_t *out)
{
    struct hpke_context c;

    enum err err = hpke_setup_sender(&c, suite, rng, pub, info, NULL, enc);
    if (err == OK)
        err = hpke_context_seal(&c, ad, text, out);
    hpke_context_clear(&c);
    return err;
}

enum err hpke_open(const struct hpke_suite *suite, struct span enc, struct span secret,
                   struct span pub, struct span info, struct span ad, struct span sealed,
                   uint8_t *out)
{
    struct hpke_context c;

    enum err err = hpke_setup_receiver(&c, suite, enc, secret, pub, info, NULL);
    if (err == OK)
        err = hpke_context_open(&c, ad, sealed, out);
    else if (sealed.len >= AEAD_TAG_BYTES)
        wipe(out, sealed.len - AEAD_TAG_BYTES);
    hpke_context_clear(&c);
    return err;
}
