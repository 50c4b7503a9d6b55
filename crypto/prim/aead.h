/* Authenticated encryption: ChaCha20-Poly1305 (RFC 8439) and AES-GCM (NIST SP 800-38D), all with
 * 12-byte nonces and 16-byte tags at the end.
 *
 * One const descriptor an algorithm, one struct aead_key a key. The key keeps its libcrypto
 * context: a message fetches nothing and allocates nothing; a key that serves one message only
 * (MLS, ratchets) is put into a kept context by aead_rekey, or goes through aead_seal_once and
 * aead_open_once, which keep one context a thread. A struct aead_key is used by one thread at a
 * time.
 *
 * aead_null encrypts nothing: it is for simulations of thousands of nodes, keeps the sizes, and
 * still notices another key, nonce, associated data or damaged byte. Never in the node.
 */
#pragma once

#include "crypto/base/span.h"

#define AEAD_NONCE_BYTES   12u
#define AEAD_TAG_BYTES     16u
#define AEAD_KEY_BYTES_MAX 32u

struct aead;
extern const struct aead aead_chacha20poly1305, aead_aes128gcm, aead_aes256gcm, aead_null;

/* a key at work; start with {0} */
struct aead_key {
    const struct aead *aead;
    void *context;    /* owned EVP_CIPHER_CTX; NULL for aead_null */
    uint8_t null[16]; /* aead_null's key */
};

/** Length of a key of this algorithm, 16 or 32 bytes. */
size_t aead_key_bytes(const struct aead *a);

/** "ChaCha20-Poly1305" and so on. */
const char *aead_name(const struct aead *a);

/** Take a key of aead_key_bytes(a) into a new context.
 *
 * @return OK; ERR_MEMORY; ERR_CRYPTO libcrypto has no such cipher; `k` is then cleared
 */
enum err aead_key_init(struct aead_key *k, const struct aead *a, const uint8_t *key) MUST_CHECK;

/** Another key of the same algorithm into the same context: no allocation. OK; ERR_CRYPTO. */
enum err aead_rekey(struct aead_key *k, const uint8_t *key) MUST_CHECK;

/** Wipe and free. Harmless on a cleared key. */
void aead_key_clear(struct aead_key *k);

/** Encrypt the concatenation of `count` parts.
 *
 * @param nonce  never twice under one key
 * @param out    total length of the parts + AEAD_TAG_BYTES (out); may be where the only part lies
 * @return OK; ERR_CRYPTO; ERR_ARGUMENT a part of 2 GiB or more
 */
enum err aead_seal(struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], struct span ad,
                   const struct span *parts, size_t count, uint8_t *out) MUST_CHECK;

/** Decrypt and authenticate.
 *
 * @param sealed  ciphertext || tag (in)
 * @param out     sealed.len - AEAD_TAG_BYTES (out); zeros on failure; may be sealed.ptr itself
 * @return OK; ERR_AUTH forged, or too short for a tag
 */
enum err aead_open(struct aead_key *k, const uint8_t nonce[AEAD_NONCE_BYTES], struct span ad,
                   struct span sealed, uint8_t *out) MUST_CHECK;

/** aead_seal under a key that is used once, in a context kept by the calling thread. */
enum err aead_seal_once(const struct aead *a, const uint8_t *key,
                        const uint8_t nonce[AEAD_NONCE_BYTES], struct span ad,
                        const struct span *parts, size_t count, uint8_t *out) MUST_CHECK;

/** aead_open under a key that is used once. */
enum err aead_open_once(const struct aead *a, const uint8_t *key,
                        const uint8_t nonce[AEAD_NONCE_BYTES], struct span ad, struct span sealed,
                        uint8_t *out) MUST_CHECK;
