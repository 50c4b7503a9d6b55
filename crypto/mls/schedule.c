#include "crypto/mls/schedule.h"

#include "crypto/base/wipe.h"

void mls_joiner_secret(const struct mls_suite *s, const struct mls_secret *init,
                       const struct mls_secret *commit, struct span context, struct mls_secret *out)
{
    struct mls_secret mixed = {0};

    mls_extract(s, mls_secret_span(s, init), mls_secret_span(s, commit), &mixed);
    *out = (struct mls_secret){0};
    mls_expand(s, mls_secret_span(s, &mixed), SPAN_LIT("joiner"), context, out->bytes,
               s->hash->bytes);
    wipe(&mixed, sizeof mixed);
}

void mls_welcome_secret(const struct mls_suite *s, const struct mls_secret *joiner,
                        const struct mls_secret *psk, struct mls_secret *out)
{
    struct mls_secret member = {0};

    mls_extract(s, mls_secret_span(s, joiner), mls_secret_span(s, psk), &member);
    *out = (struct mls_secret){0};
    mls_derive(s, mls_secret_span(s, &member), "welcome", out);
    wipe(&member, sizeof member);
}

void mls_epoch_derive_first(const struct mls_suite *s, const struct mls_secret *epoch_secret,
                            struct mls_epoch_secrets *out)
{
    struct span from = mls_secret_span(s, epoch_secret);

    *out = (struct mls_epoch_secrets){0};
    mls_derive(s, from, "sender data", &out->sender_data);
    mls_derive(s, from, "encryption", &out->encryption);
    mls_derive(s, from, "exporter", &out->exporter);
    mls_derive(s, from, "external", &out->external);
    mls_derive(s, from, "confirm", &out->confirmation_key);
    mls_derive(s, from, "membership", &out->membership_key);
    mls_derive(s, from, "resumption", &out->resumption);
    mls_derive(s, from, "authentication", &out->authenticator);
    mls_derive(s, from, "init", &out->init);
}

void mls_epoch_derive(const struct mls_suite *s, const struct mls_secret *joiner,
                      const struct mls_secret *psk, struct span context,
                      struct mls_epoch_secrets *out)
{
    struct mls_secret member = {0}, epoch = {0};

    mls_extract(s, mls_secret_span(s, joiner), mls_secret_span(s, psk), &member);
    mls_expand(s, mls_secret_span(s, &member), SPAN_LIT("epoch"), context, epoch.bytes,
               s->hash->bytes);
    mls_epoch_derive_first(s, &epoch, out);
    wipe(&member, sizeof member);
    wipe(&epoch, sizeof epoch);
}

void mls_welcome_key(const struct mls_suite *s, const struct mls_secret *welcome,
                     uint8_t key[MLS_AEAD_KEY_MAX], uint8_t nonce[MLS_AEAD_NONCE])
{
    struct span from = mls_secret_span(s, welcome);

    mls_expand(s, from, SPAN_LIT("key"), SPAN_EMPTY, key, s->key_bytes);
    mls_expand(s, from, SPAN_LIT("nonce"), SPAN_EMPTY, nonce, MLS_AEAD_NONCE);
}

void mls_psk_begin(struct mls_secret *psk_secret)
{
    *psk_secret = (struct mls_secret){0};
}

enum err mls_psk_fold(const struct mls_suite *s, struct span id, struct span psk, uint16_t index,
                      uint16_t count, struct mls_secret *psk_secret)
{
    const struct mls_secret zero = {0};
    struct mls_secret extracted = {0}, input = {0};
    struct buf label = BUF_INIT(MLS_MESSAGE_BYTES_MAX);
    struct writer w = writer_to(&label);

    write_bytes(&w, id); /* PSKLabel */
    write_be16(&w, index);
    write_be16(&w, count);
    enum err err = writer_status(&w);
    if (err == OK) {
        mls_extract(s, mls_secret_span(s, &zero), psk, &extracted);
        mls_expand(s, mls_secret_span(s, &extracted), SPAN_LIT("derived psk"), buf_span(&label),
                   input.bytes, s->hash->bytes);
        mls_extract(s, mls_secret_span(s, &input), mls_secret_span(s, psk_secret), psk_secret);
    }
    wipe(&extracted, sizeof extracted);
    wipe(&input, sizeof input);
    buf_clear(&label);
    return err;
}

void mls_confirmed_transcript_hash(const struct mls_suite *s, struct span interim_before,
                                   uint16_t wire_format, struct span framed_content,
                                   struct span signature, uint8_t *out)
{
    uint8_t format[2] = {(uint8_t)(wire_format >> 8), (uint8_t)wire_format}, header[4];
    struct buf length = {header, 0, sizeof header, sizeof header};
    struct writer w = writer_to(&length);

    mls_write_length(&w, signature.len);
    struct span parts[] = {interim_before, SPAN_ARRAY(format), framed_content, buf_span(&length),
                           signature};
    hash_parts(s->hash, parts, 5, out);
}

void mls_interim_transcript_hash(const struct mls_suite *s, struct span confirmed,
                                 struct span confirmation_tag, uint8_t *out)
{
    uint8_t header[4];
    struct buf length = {header, 0, sizeof header, sizeof header};
    struct writer w = writer_to(&length);

    mls_write_length(&w, confirmation_tag.len);
    struct span parts[] = {confirmed, buf_span(&length), confirmation_tag};
    hash_parts(s->hash, parts, 3, out);
}

enum err mls_export_secret(const struct mls_suite *s, const struct mls_secret *exporter,
                           struct span label, struct span context, uint8_t *out, size_t len)
{
    struct mls_secret derived = {0};
    uint8_t digest[MLS_HASH_MAX];

    if (len > 255 * s->hash->bytes)
        return ERR_ARGUMENT;
    mls_expand(s, mls_secret_span(s, exporter), label, SPAN_EMPTY, derived.bytes, s->hash->bytes);
    hash_parts(s->hash, &context, 1, digest);
    mls_expand(s, mls_secret_span(s, &derived), SPAN_LIT("exported"),
               span_of(digest, s->hash->bytes), out, len);
    wipe(&derived, sizeof derived);
    return OK;
}

void mls_sender_data_key(const struct mls_suite *s, const struct mls_secret *sender_data,
                         struct span ciphertext, uint8_t key[MLS_AEAD_KEY_MAX],
                         uint8_t nonce[MLS_AEAD_NONCE])
{
    size_t len = ciphertext.len < s->hash->bytes ? ciphertext.len : s->hash->bytes;
    struct span sample = span_sub(ciphertext, 0, len), from = mls_secret_span(s, sender_data);

    mls_expand(s, from, SPAN_LIT("key"), sample, key, s->key_bytes);
    mls_expand(s, from, SPAN_LIT("nonce"), sample, nonce, MLS_AEAD_NONCE);
}
