/* Equal signatures verified once: for simulations, where a thousand nodes of one process are shown
 * the same signed record. The node never turns this on.
 *
 * A memory of signatures that were found good, by SHA-256 of key, message and signature. Only what
 * was verified before by the rules of sign.h is taken for good without verifying, so nothing is
 * accepted that would not be; what it hides is the processor time of the others. It belongs to the
 * thread that began it.
 */
#pragma once

#include "crypto/prim/sign.h"

/** Remember up to `entries` good signatures (rounded up to a power of two, 32 bytes each); a new
 * one may take the place of an old one. Begun twice, ended twice. ERR_MEMORY. */
enum err sign_memo_begin(size_t entries) MUST_CHECK;
void sign_memo_end(void);

/** Signatures that were not verified again in this thread since it was begun; 0 without one. */
uint64_t sign_memo_hits(void);

/** Private to the room: as ed25519_verify, with the memory that was begun. */
enum err sign_memo_verify(const uint8_t pk[ED25519_PUBLIC_BYTES], struct span msg,
                          const uint8_t sig[ED25519_SIGNATURE_BYTES],
                          enum err (*verify)(const uint8_t *pk, struct span msg,
                                             const uint8_t *sig)) MUST_CHECK;
bool sign_memo_on(void);
