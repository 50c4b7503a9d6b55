/* Key schedule, PSKs, transcript hashes, exporter (RFC 9420 8). Pure functions of the suite. */
#pragma once

#include "crypto/mls/suite.h"
#include "crypto/mls/wire.h"

struct mls_epoch_secrets {
    struct mls_secret sender_data, encryption, exporter, external, confirmation_key, membership_key,
        resumption, authenticator, init;
};

/** joiner_secret of the next epoch; `context` is the encoded GroupContext of that epoch. */
void mls_joiner_secret(const struct mls_suite *s, const struct mls_secret *init,
                       const struct mls_secret *commit, struct span context,
                       struct mls_secret *out);

/** Everything an epoch derives from its joiner secret. @source RFC 9420 8 */
void mls_epoch_derive(const struct mls_suite *s, const struct mls_secret *joiner,
                      const struct mls_secret *psk, struct span context,
                      struct mls_epoch_secrets *out);

/** The same from an epoch_secret that was drawn at random: the first epoch of a group. @source 11
 */
void mls_epoch_derive_first(const struct mls_suite *s, const struct mls_secret *epoch_secret,
                            struct mls_epoch_secrets *out);

void mls_welcome_secret(const struct mls_suite *s, const struct mls_secret *joiner,
                        const struct mls_secret *psk, struct mls_secret *out);

/** Key and nonce of the encrypted GroupInfo. @source RFC 9420 12.4.3.1 */
void mls_welcome_key(const struct mls_suite *s, const struct mls_secret *welcome,
                     uint8_t key[MLS_AEAD_KEY_MAX], uint8_t nonce[MLS_AEAD_NONCE]);

/** Start a psk_secret at its zeros, then fold in the PSKs in order. @source RFC 9420 8.4
 *
 * @param id     encoded PreSharedKeyID (in)
 * @param psk    the key itself, any length (in)
 */
void mls_psk_begin(struct mls_secret *psk_secret);
enum err mls_psk_fold(const struct mls_suite *s, struct span id, struct span psk, uint16_t index,
                      uint16_t count, struct mls_secret *psk_secret) MUST_CHECK;

/** @source RFC 9420 8.2 */
void mls_confirmed_transcript_hash(const struct mls_suite *s, struct span interim_before,
                                   uint16_t wire_format, struct span framed_content,
                                   struct span signature, uint8_t *out);
void mls_interim_transcript_hash(const struct mls_suite *s, struct span confirmed,
                                 struct span confirmation_tag, uint8_t *out);

/** MLS-Exporter. OK; ERR_ARGUMENT len > 255 * hash bytes. @source RFC 9420 8.5 */
enum err mls_export_secret(const struct mls_suite *s, const struct mls_secret *exporter,
                           struct span label, struct span context, uint8_t *out,
                           size_t len) MUST_CHECK;

/** Key and nonce of the sender data that goes with a ciphertext. @source RFC 9420 6.3.2 */
void mls_sender_data_key(const struct mls_suite *s, const struct mls_secret *sender_data,
                         struct span ciphertext, uint8_t key[MLS_AEAD_KEY_MAX],
                         uint8_t nonce[MLS_AEAD_NONCE]);
