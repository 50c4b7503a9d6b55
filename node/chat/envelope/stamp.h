/* Stamps: a little work that a stranger does for each message to an intro address, checked before
 * any signature or decapsulation.
 *
 * A stamp is an 8-byte nonce, such that SHA-256 under "sotto/1/intro/stamp" of
 *
 *     account id || day (u32) || SHA-256(body) || nonce
 *
 * begins with `bits` zero bits. It holds for one recipient, one day and one body. Making one is a
 * job. @source CHAT.md 3
 */
#pragma once

#include "crypto/base/span.h"
#include "node/chat/envelope/params.h"

#define STAMP_BYTES 8u

struct stamp_of { /* what a stamp is for */
    uint8_t account[32];
    uint32_t day;
    uint8_t body_hash[32];
};

/** Fill in what a stamp for this body is for. */
void stamp_for(const uint8_t account[32], uint32_t day, struct span body, struct stamp_of *out);

/** What a stamp comes to, 32 bytes; it holds when these begin with enough zero bits. The name under
 * which a stamp is remembered. */
void stamp_hash(const struct stamp_of *of, const uint8_t stamp[STAMP_BYTES], uint8_t out[32]);

bool stamp_holds(const struct stamp_of *of, const uint8_t stamp[STAMP_BYTES], unsigned bits);

/** Try `tries` nonces from *next on.
 *
 * @param next  where to go on when none of them was good (in/out)
 * @return true: `stamp` is good
 */
bool stamp_make(const struct stamp_of *of, unsigned bits, uint64_t *next, uint64_t tries,
                uint8_t stamp[STAMP_BYTES]);
