/* Long-term keys behind handles. A handle signs or agrees; the secret inside never leaves in the
 * clear, is not formatted, and is wiped when the handle is freed. Keys are made from raw bytes:
 * drawn from env->rng, or given by the operator (nwaku's --nodekey).
 *
 * Host identity (host.c): the key that names a node among libp2p peers.
 *
 * @source libp2p/specs peer-ids/peer-ids.md r2
 */
#pragma once

#include "crypto/base/env.h"

#define KEYRING_SECRET_BYTES       32u /* of either host key: a scalar, or an Ed25519 seed */
#define KEYRING_HOST_PUBLIC_MAX    37u /* serialized PublicKey of secp256k1 */
#define KEYRING_HOST_SIGNATURE_MAX 72u /* DER of secp256k1 */

enum keyring_host_kind {
    KEYRING_HOST_ED25519 = 1, /* the numbers of libp2p's KeyType */
    KEYRING_HOST_SECP256K1 = 2,
};

struct keyring_host; /* immutable once made: may be shared between threads */

struct keyring_signature {
    uint8_t len;
    uint8_t bytes[KEYRING_HOST_SIGNATURE_MAX];
};

/** Draw a new host key. OK; ERR_MEMORY. */
enum err keyring_host_new(struct keyring_host **out, struct rng *rng,
                          enum keyring_host_kind kind) MUST_CHECK;

/** Take a host key from its secret bytes, which the caller wipes.
 *
 * @return OK; ERR_ARGUMENT no secp256k1 secret (zero, or not below the order); ERR_MEMORY
 */
enum err keyring_host_from_bytes(struct keyring_host **out, enum keyring_host_kind kind,
                                 const uint8_t secret[KEYRING_SECRET_BYTES]) MUST_CHECK;

/** Wipe and free. Accepts NULL. */
void keyring_host_free(struct keyring_host *h);

enum keyring_host_kind keyring_host_kind(const struct keyring_host *h);

/** The serialized PublicKey protobuf, which names the node; borrowed from `h`. */
struct span keyring_host_public(const struct keyring_host *h);

/** The bare public key inside it: 33 bytes compressed, or 32 of Ed25519; borrowed from `h`. */
struct span keyring_host_raw_public(const struct keyring_host *h);

/** Sign as libp2p does with this key type. OK; ERR_MEMORY. */
enum err keyring_host_sign(const struct keyring_host *h, struct span msg,
                           struct keyring_signature *out) MUST_CHECK;

/** secp256k1 only: sign a 32-byte hash into r, s (Ethereum node records).
 *
 * @return OK; ERR_UNSUPPORTED an Ed25519 key; ERR_MEMORY
 */
enum err keyring_host_sign_hash(const struct keyring_host *h, const uint8_t hash[32],
                                uint8_t sig[64]) MUST_CHECK;

/** secp256k1 only: the compressed shared point with another public key (discv5).
 *
 * @return OK; ERR_UNSUPPORTED an Ed25519 key; ERR_FORMAT no point; ERR_MEMORY
 */
enum err keyring_host_agree(const struct keyring_host *h, struct span pub,
                            uint8_t out[33]) MUST_CHECK;
