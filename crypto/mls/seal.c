/* RFC 9420 5.1.3, 8.3: where MLS uses HPKE. */
#include "crypto/base/wipe.h"
#include "crypto/mls/codec.h"
#include "crypto/mls/suite.h"

enum err mls_derive_key_pair(const struct mls_suite *s, struct span ikm, struct mls_key_pair *out)
{
    return hpke_derive_key_pair(s->hpke.kem, ikm, out->secret, out->pub);
}

enum err mls_key_pair(const struct mls_suite *s, struct rng *rng, struct mls_key_pair *out)
{
    return hpke_key_pair(s->hpke.kem, rng, out->secret, out->pub);
}

enum err mls_public_of(const struct mls_suite *s, struct span secret, uint8_t *pub)
{
    return hpke_public(s->hpke.kem, secret, pub);
}

void mls_seal_context_init(struct mls_seal_context *c, const struct mls_suite *s, const char *label,
                           struct span context)
{
    uint8_t bytes[128];
    struct buf head = {bytes, 0, sizeof bytes, sizeof bytes};
    struct writer w = writer_to(&head);

    mls_write_label(&w, label);
    mls_write_length(&w, context.len);
    struct span info[] = {buf_span(&head), context};
    c->suite = s;
    hpke_info_hash(&s->hpke, info, 2, c->info_hash);
}

/* Randomness drawn beforehand, so that jobs need no rng: handed out once. */
static void hand_out(void *state, uint8_t *out, size_t len)
{
    memcpy(out, state, len);
}

enum err mls_seal(const struct mls_seal_context *c, struct span public_key, struct span plain,
                  const uint8_t *seed, uint8_t *kem_output, uint8_t *ciphertext)
{
    uint8_t drawn[HPKE_RANDOM_BYTES_MAX];
    struct rng rng = {hand_out, drawn};
    struct hpke_mode mode = {.info_hash = c->info_hash};
    struct hpke_context context = {0};

    memcpy(drawn, seed, mls_seed_bytes(c->suite));
    enum err err = hpke_setup_sender(&context, &c->suite->hpke, &rng, public_key, SPAN_EMPTY, &mode,
                                     kem_output);
    if (err == OK)
        err = hpke_context_seal(&context, SPAN_EMPTY, plain, ciphertext);
    hpke_context_clear(&context);
    wipe(drawn, sizeof drawn);
    return err == ERR_AUTH ? mls_fail(MLS_BAD_PUBLIC_KEY) : err;
}

enum err mls_open(const struct mls_seal_context *c, struct span secret, struct span public_key,
                  struct span kem_output, struct span ciphertext, uint8_t *out)
{
    struct hpke_mode mode = {.info_hash = c->info_hash};
    struct hpke_context context = {0};

    enum err err = hpke_setup_receiver(&context, &c->suite->hpke, kem_output, secret, public_key,
                                       SPAN_EMPTY, &mode);
    if (err == OK)
        err = hpke_context_open(&context, SPAN_EMPTY, ciphertext, out);
    hpke_context_clear(&context);
    return err;
}

static const struct span external_label = {(const uint8_t *)"MLS 1.0 external init secret", 28};

enum err mls_external_init_make(const struct mls_suite *s, struct span external_pub,
                                struct rng *rng, uint8_t *kem_output,
                                struct mls_secret *init_secret)
{
    struct hpke_context context = {0};

    *init_secret = (struct mls_secret){0};
    enum err err =
        hpke_setup_sender(&context, &s->hpke, rng, external_pub, SPAN_EMPTY, NULL, kem_output);
    if (err == OK)
        hpke_export(&context, external_label, init_secret->bytes, s->hash->bytes);
    hpke_context_clear(&context);
    return err == ERR_AUTH ? mls_fail(MLS_BAD_PUBLIC_KEY) : err;
}

enum err mls_external_init_open(const struct mls_suite *s, const struct mls_key_pair *external,
                                struct span kem_output, struct mls_secret *init_secret)
{
    struct hpke_context context = {0};
    struct span secret = span_of(external->secret, mls_private_bytes(s));
    struct span pub = span_of(external->pub, mls_public_bytes(s));

    *init_secret = (struct mls_secret){0};
    enum err err =
        hpke_setup_receiver(&context, &s->hpke, kem_output, secret, pub, SPAN_EMPTY, NULL);
    if (err == OK)
        hpke_export(&context, external_label, init_secret->bytes, s->hash->bytes);
    hpke_context_clear(&context);
    return err;
}
