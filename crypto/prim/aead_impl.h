/* Inside crypto/prim: what an AEAD descriptor holds. */
#pragma once

#include "crypto/prim/aead.h"

struct aead {
    const char *name;
    const char *cipher; /* libcrypto's name; NULL for aead_null */
    size_t key_bytes;
    unsigned slot; /* index of the fetched cipher and of the per-thread context */
};

#define AEAD_SLOTS 4u

/** aead_null's seal: a copy and a keyed checksum. */
void aead_null_seal(const uint8_t key[16], const uint8_t nonce[AEAD_NONCE_BYTES], struct span ad,
                    const struct span *parts, size_t count, uint8_t *out);

/** aead_null's open; sealed holds at least a tag. */
enum err aead_null_open(const uint8_t key[16], const uint8_t nonce[AEAD_NONCE_BYTES],
                        struct span ad, struct span sealed, uint8_t *out) MUST_CHECK;
