/* NoiseHandshakePayload of noise-libp2p. Private to the room. */
#pragma once

#include "crypto/base/buf.h"
#include "net/wire/peer_id.h"

struct keyring_host;

/** Append our payload: identity key, and its signature over the static key.
 *
 * @return OK; ERR_FULL; ERR_MEMORY
 */
enum err noise_payload_make(const struct keyring_host *host, const uint8_t static_key[32],
                            struct buf *out) MUST_CHECK;

/** Verify the peer's payload against its static key.
 *
 * @param id  who it is (out)
 * @return OK; ERR_FORMAT; ERR_UNSUPPORTED; ERR_AUTH
 */
enum err noise_payload_verify(struct span payload, const uint8_t static_key[32],
                              struct peer_id *id) MUST_CHECK;
