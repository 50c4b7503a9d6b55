/* Noise 5.2: SymmetricState. Private to the room. */
#pragma once

#include "crypto/noise/noise.h"

/** InitializeSymmetric. */
void noise_symmetric_init(struct noise_symmetric *s, const struct aead *aead, struct span name);

/** MixHash. */
void noise_mix_hash(struct noise_symmetric *s, struct span data);

/** MixKey. */
void noise_mix_key(struct noise_symmetric *s, const uint8_t ikm[NOISE_KEY_BYTES]);

/** EncryptAndHash: append the ciphertext, or the plaintext while there is no key. */
enum err noise_encrypt_and_hash(struct noise_symmetric *s, struct span plain,
                                struct buf *out) MUST_CHECK;

/** DecryptAndHash. */
enum err noise_decrypt_and_hash(struct noise_symmetric *s, struct span sealed,
                                struct buf *out) MUST_CHECK;

/** The two keys of Split. */
void noise_split_keys(const struct noise_symmetric *s, uint8_t k1[NOISE_KEY_BYTES],
                      uint8_t k2[NOISE_KEY_BYTES]);

/** The 96-bit nonce of ChaChaPoly: 32 bits of zeros, then the counter, little-endian (12.3). */
void noise_nonce(uint64_t counter, uint8_t out[AEAD_NONCE_BYTES]);
