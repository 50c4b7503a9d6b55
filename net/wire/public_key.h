/* Public keys of peers as libp2p serializes them, and signatures by them: RSA, Ed25519, secp256k1,
 * ECDSA on P-256. The encoding must be the deterministic one of the spec, because peer ids hash it.
 *
 * @source libp2p/specs peer-ids/peer-ids.md r2
 */
#pragma once

#include "crypto/base/span.h"

enum public_key_type {
    PUBLIC_KEY_RSA = 0,
    PUBLIC_KEY_ED25519 = 1,
    PUBLIC_KEY_SECP256K1 = 2,
    PUBLIC_KEY_ECDSA = 3,
};

struct public_key {
    enum public_key_type type;
    struct span data; /* borrowed from the serialized key */
};

/** Decode a PublicKey protobuf. The key inside is looked at by public_key_verify only.
 *
 * @return OK; ERR_FORMAT malformed or not deterministic; ERR_UNSUPPORTED another key type
 */
enum err public_key_decode(struct span in, struct public_key *out) MUST_CHECK;

/** Verify a signature as libp2p makes it with this key type.
 *
 * @param key  serialized PublicKey (in)
 * @return OK; ERR_FORMAT; ERR_UNSUPPORTED type, curve or size of the key; ERR_AUTH
 */
enum err public_key_verify(struct span key, struct span msg, struct span sig) MUST_CHECK;
