/* Noise_XX_25519_ChaChaPoly_SHA256, without a transport and without libp2p (net/noise adds that).
 *
 *     initiator                        responder
 *     noise_xx_write   -> e               noise_xx_read
 *     noise_xx_read    <- e, ee, s, es    noise_xx_write
 *     noise_xx_write   -> s, se           noise_xx_read
 *     noise_xx_split                      noise_xx_split      two ciphers, one a direction
 *
 * A forged or damaged message changes nothing: reading works on a trial copy that replaces the
 * state after authentication only. Memory is fixed; messages have at most NOISE_MESSAGE_MAX bytes.
 *
 * @source The Noise Protocol Framework, revision 34
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "crypto/prim/aead.h"

#define NOISE_KEY_BYTES   32u
#define NOISE_TAG_BYTES   16u
#define NOISE_MESSAGE_MAX 65535u /* bytes; Noise 3 */

struct noise_keypair {
    uint8_t secret[NOISE_KEY_BYTES];
    uint8_t public[NOISE_KEY_BYTES];
};

/* Noise 5.2, SymmetricState with its CipherState */
struct noise_symmetric {
    const struct aead *aead;
    uint8_t chaining_key[NOISE_KEY_BYTES];
    uint8_t hash[NOISE_KEY_BYTES];
    uint8_t key[NOISE_KEY_BYTES];
    uint64_t nonce;
    bool has_key;
};

/* Noise 5.3, HandshakeState of the pattern XX */
struct noise_xx {
    struct noise_symmetric sym;
    struct noise_keypair s, e;
    uint8_t rs[NOISE_KEY_BYTES], re[NOISE_KEY_BYTES];
    uint8_t step; /* messages done, 0..3 */
    bool initiator;
};

/* one direction after the handshake */
struct noise_cipher {
    struct aead_key key;
    uint64_t nonce; /* of the next message; 2^64 - 1 is never used */
};

/** A key pair from 32 random bytes. */
void noise_keypair_new(struct noise_keypair *k, struct rng *rng);

/** Begin a handshake. `aead` is aead_chacha20poly1305; simulations of thousands take aead_null. */
void noise_xx_init(struct noise_xx *x, bool initiator, const struct aead *aead,
                   const struct noise_keypair *s, struct span prologue);

/** Wipe. */
void noise_xx_clear(struct noise_xx *x);

/** Is it our turn to write? */
bool noise_xx_writes(const struct noise_xx *x);

/** All three messages are done: noise_xx_split may follow. */
bool noise_xx_done(const struct noise_xx *x);

/** Append the next handshake message with a payload.
 *
 * @return OK; ERR_FULL; ERR_MEMORY; ERR_AUTH the peer's key gives a zero secret; ERR_CRYPTO
 */
enum err noise_xx_write(struct noise_xx *x, struct rng *rng, struct span payload,
                        struct buf *out) MUST_CHECK;

/** Read the next handshake message and append its payload. On failure `x` and `payload` are
 * unchanged.
 *
 * @return OK; ERR_FORMAT too short; ERR_LIMIT too long; ERR_AUTH; ERR_FULL; ERR_MEMORY; ERR_CRYPTO
 */
enum err noise_xx_read(struct noise_xx *x, struct span message, struct buf *payload) MUST_CHECK;

/** The ciphers of a finished handshake, which is wiped. OK; ERR_MEMORY; ERR_CRYPTO. */
enum err noise_xx_split(struct noise_xx *x, struct noise_cipher *send,
                        struct noise_cipher *receive) MUST_CHECK;

/** Encrypt the concatenation of the parts into `out`, NOISE_TAG_BYTES longer than they are.
 *
 * @return OK; ERR_LIMIT all nonces are used: the connection must end; ERR_CRYPTO
 */
enum err noise_cipher_seal(struct noise_cipher *c, const struct span *parts, size_t count,
                           uint8_t *out) MUST_CHECK;

/** Decrypt into `out`, NOISE_TAG_BYTES shorter. A message that fails uses no nonce.
 *
 * @return OK; ERR_AUTH; ERR_LIMIT
 */
enum err noise_cipher_open(struct noise_cipher *c, struct span sealed, uint8_t *out) MUST_CHECK;

/** Wipe and free. Harmless on zeros. */
void noise_cipher_clear(struct noise_cipher *c);
