/* noise-libp2p: the secured channel of libp2p connections, as an engine over bytes.
 *
 * In: wire bytes (noise_feed), plaintext to send (noise_seal). Out: wire bytes, plaintext, and who
 * the other side is. Nothing here reads a clock: whoever owns the connection bounds the time that
 * a handshake may take.
 *
 *     initiator: noise_handshake_out  noise_feed  noise_handshake_out      | ready
 *     responder: noise_feed  noise_handshake_out  noise_feed               | ready
 *     then:      noise_feed opens, noise_seal seals; any error is final
 *
 * Identity: the payload of messages 2 and 3 holds the sender's libp2p key and its signature over
 * "noise-libp2p-static-key:" and the Noise static key; secp256k1, Ed25519, ECDSA P-256 and RSA keys
 * are verified. Our own payload is signed once for the life of a struct noise_self. Extensions
 * (field 4) must be well formed, are otherwise ignored, and are never sent: js-libp2p then
 * negotiates its muxer by multistream.
 *
 * Bounds: handshake messages NOISE_HANDSHAKE_MAX, frames NOISE_FRAME_MAX; a connection that has
 * used all nonces ends. Frames are decrypted straight from the input into `plain`, and parts are
 * gathered straight into `wire`.
 *
 * @source libp2p/specs noise/README.md r5; The Noise Protocol Framework, revision 34
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "crypto/prim/aead.h"
#include "net/noise/params.h"
#include "net/wire/peer_id.h"

struct keyring_host;
struct noise;
struct noise_self; /* our static X25519 key and its signed payload; immutable */

/** Draw a static key and have it signed, once per process.
 *
 * @param host  our identity; used during the call only (in)
 * @param aead  aead_chacha20poly1305; simulations of thousands take aead_null (in)
 * @return OK; ERR_MEMORY
 */
enum err noise_self_new(struct noise_self **out, const struct env *env,
                        const struct keyring_host *host, const struct aead *aead) MUST_CHECK;

/** Wipe and free; no connection may use it any more. Accepts NULL. */
void noise_self_free(struct noise_self *self);

/** Begin one connection.
 *
 * @param self      borrowed until noise_free (in)
 * @param expected  who must answer, or NULL for anyone; copied (in)
 * @return OK; ERR_MEMORY
 */
enum err noise_new(struct noise **out, const struct env *env, bool initiator,
                   const struct noise_self *self, const struct peer_id *expected) MUST_CHECK;

/** Wipe and free. Accepts NULL. */
void noise_free(struct noise *n);

/** Take received bytes: handshake messages first, transport frames after them.
 *
 * Whole frames are consumed and their plaintext is appended to `plain`. When *used < in.len after
 * OK, the tail is an incomplete frame: call again with it and more. After each call in the
 * handshake, noise_handshake_out may have something to send.
 *
 * @return OK; ERR_FULL the next frame does not fit into `plain`: *used says what was consumed, call
 *         again when there is room; the rest is final: ERR_AUTH forged, unproved identity, or not
 *         the expected peer; ERR_FORMAT; ERR_LIMIT; ERR_PROTOCOL out of turn, or called after an
 *         error; ERR_UNSUPPORTED the type of the peer's key; ERR_MEMORY; ERR_CRYPTO
 */
enum err noise_feed(struct noise *n, const struct env *env, struct span in, size_t *used,
                    struct buf *plain) MUST_CHECK;

/** Append the handshake bytes due now, framed; maybe none.
 *
 * @return OK; ERR_FULL; ERR_MEMORY; ERR_AUTH; ERR_CRYPTO; ERR_PROTOCOL after an error
 */
enum err noise_handshake_out(struct noise *n, const struct env *env, struct buf *wire) MUST_CHECK;

/** The handshake is over and the other side has proved who it is. */
bool noise_ready(const struct noise *n);

/** The other side; NULL until noise_ready. */
const struct peer_id *noise_remote(const struct noise *n);

/** Append the concatenation of the parts as frames; only when noise_ready.
 *
 * @return OK; ERR_FULL or ERR_MEMORY, nothing was appended; ERR_LIMIT all nonces are used;
 *         ERR_CRYPTO; ERR_PROTOCOL after an error
 */
enum err noise_seal(struct noise *n, const struct span *parts, size_t count,
                    struct buf *wire) MUST_CHECK;

/** What noise_seal appends for these parts, in bytes. */
size_t noise_sealed_size(const struct span *parts, size_t count);
