#include "net/discovery/keys.h"

#include "crypto/base/wipe.h"
#include "crypto/prim/hkdf.h"
#include "crypto/prim/secp.h"

#define AGREEMENT SPAN_LIT("discovery v5 key agreement")
#define PROOF     SPAN_LIT("discovery v5 identity proof")

void session_keys_derive(const uint8_t point[33], const struct handshake *h,
                         struct session_keys *out)
{
    const struct span info[] = {AGREEMENT, span_of(h->initiator, ENR_ID_BYTES),
                                span_of(h->recipient, ENR_ID_BYTES)};
    uint8_t prk[SHA256_BYTES], keys[2 * SESSION_KEY_BYTES];

    hkdf_extract(&hash_sha256, h->challenge, span_of(point, 33), prk);
    hkdf_expand_parts(&hash_sha256, SPAN_ARRAY(prk), info, 3, keys, sizeof keys);
    memcpy(out->initiator, keys, SESSION_KEY_BYTES);
    memcpy(out->recipient, keys + SESSION_KEY_BYTES, SESSION_KEY_BYTES);
    wipe(prk, sizeof prk);
    wipe(keys, sizeof keys);
}

enum err session_keys_initiate(const uint8_t secret[32], const uint8_t peer_key[ENR_KEY_BYTES],
                               const struct handshake *h, uint8_t ephemeral[ENR_KEY_BYTES],
                               struct session_keys *out)
{
    uint8_t point[SECP_PUBLIC_BYTES];

    TRY(secp_public(secret, ephemeral));
    TRY(secp_ecdh(secret, span_of(peer_key, ENR_KEY_BYTES), point));
    session_keys_derive(point, h, out);
    wipe(point, sizeof point);
    return OK;
}

enum err session_keys_accept(const struct keyring_host *self, struct span ephemeral,
                             const struct handshake *h, struct session_keys *out)
{
    uint8_t point[SECP_PUBLIC_BYTES];

    TRY(keyring_host_agree(self, ephemeral, point));
    session_keys_derive(point, h, out);
    wipe(point, sizeof point);
    return OK;
}

static void proof_hash(const struct handshake *h, struct span ephemeral, uint8_t out[SHA256_BYTES])
{
    const struct span parts[] = {PROOF, h->challenge, ephemeral,
                                 span_of(h->recipient, ENR_ID_BYTES)};

    sha256_parts(parts, 4, out);
}

enum err id_proof_sign(const struct keyring_host *self, const struct handshake *h,
                       struct span ephemeral, uint8_t signature[64])
{
    uint8_t hash[SHA256_BYTES];

    proof_hash(h, ephemeral, hash);
    return keyring_host_sign_hash(self, hash, signature);
}

enum err id_proof_verify(const uint8_t public_key[ENR_KEY_BYTES], const struct handshake *h,
                         struct span ephemeral, struct span signature)
{
    uint8_t hash[SHA256_BYTES];

    if (signature.len != SECP_COMPACT_BYTES)
        return ERR_AUTH;
    proof_hash(h, ephemeral, hash);
    return secp_verify_hash(span_of(public_key, ENR_KEY_BYTES), hash, signature.ptr);
}
