/* Names of libp2p peers: the multihash of their public key. A key of at most 42 bytes (Ed25519,
 * secp256k1) is put in whole (identity), a longer one (RSA, ECDSA) is hashed with SHA-256.
 *
 * @source libp2p/specs peer-ids/peer-ids.md r2
 */
#pragma once

#include "crypto/base/span.h"
#include "net/wire/bases.h"

struct peer_id {
    uint8_t len; /* 0: none */
    uint8_t bytes[PEER_ID_BYTES_MAX];
};

#define PEER_ID_TEXT_MAX BASE58_CHARS(PEER_ID_BYTES_MAX) /* chars with NUL */

/** The name of the holder of a key.
 *
 * @param key  serialized PublicKey protobuf, not empty
 */
void peer_id_from_key(struct span key, struct peer_id *out);

/** Check and copy a binary peer id.
 *
 * @return OK; ERR_FORMAT no multihash of a right length; ERR_UNSUPPORTED another hash function
 */
enum err peer_id_from_bytes(struct span bytes, struct peer_id *out) MUST_CHECK;

/** Read "Qm...", "16Uiu2...", "12D3Koo...", or a CIDv1 in base 32 or 58 ("bafz...", "z...").
 *
 * @return OK; ERR_FORMAT; ERR_UNSUPPORTED another multibase, codec or hash function
 */
enum err peer_id_parse(struct span text, struct peer_id *out) MUST_CHECK;

/** Write base58btc text and NUL; "" for an empty id. */
void peer_id_text(const struct peer_id *id, char out[PEER_ID_TEXT_MAX]);

/** The public key inside an identity multihash, borrowed; empty when it is hashed. */
struct span peer_id_key(const struct peer_id *id);

static inline struct span peer_id_span(const struct peer_id *id)
{
    return span_of(id->bytes, id->len);
}

static inline bool peer_id_eq(const struct peer_id *a, const struct peer_id *b)
{
    return span_eq(peer_id_span(a), peer_id_span(b));
}
