/* Keys of a discv5 session, and the signature of its handshake. Pure functions; the static key
 * stays in its keyring handle.
 *
 * @source ethereum/devp2p discv5-theory.md v5.1 "Handshake Steps"
 */
#pragma once

#include "crypto/keyring/keyring.h"
#include "net/discovery/packet.h"

#define SESSION_KEY_BYTES 16u

struct session_keys {
    uint8_t initiator[SESSION_KEY_BYTES], recipient[SESSION_KEY_BYTES]; /* who seals with it */
};

/* who shook hands with whom over what */
struct handshake {
    const uint8_t *initiator, *recipient; /* node ids */
    struct span challenge;                /* iv || header of the WHOAREYOU */
};

/** Keys out of a shared point. */
void session_keys_derive(const uint8_t point[33], const struct handshake *h,
                         struct session_keys *out);

/** The initiator's side: a fresh ephemeral key from `secret`, agreed with the recipient's public
 * key.
 *
 * @param ephemeral  its public key, which the handshake carries (out)
 * @return OK; ERR_ARGUMENT no secret of the curve: draw another; ERR_FORMAT no point; ERR_MEMORY
 */
enum err session_keys_initiate(const uint8_t secret[32], const uint8_t peer_key[ENR_KEY_BYTES],
                               const struct handshake *h, uint8_t ephemeral[ENR_KEY_BYTES],
                               struct session_keys *out) MUST_CHECK;

/** The recipient's side. OK; ERR_FORMAT no point; ERR_UNSUPPORTED key kind; ERR_MEMORY. */
enum err session_keys_accept(const struct keyring_host *self, struct span ephemeral,
                             const struct handshake *h, struct session_keys *out) MUST_CHECK;

/** Sign as the initiator. OK; ERR_UNSUPPORTED key kind; ERR_MEMORY. */
enum err id_proof_sign(const struct keyring_host *self, const struct handshake *h,
                       struct span ephemeral, uint8_t signature[64]) MUST_CHECK;

/** Verify the initiator's signature. OK; ERR_AUTH; ERR_FORMAT. */
enum err id_proof_verify(const uint8_t public_key[ENR_KEY_BYTES], const struct handshake *h,
                         struct span ephemeral, struct span signature) MUST_CHECK;
