/* SHA-1 (FIPS 180-4 6.1), for formats that name it: the answer to a WebSocket upgrade (RFC 6455
 * 1.3) and nothing that has to resist a forger. */
#pragma once

#include "crypto/base/span.h"

#define SHA1_BYTES 20u

/** Digest of the concatenation of `count` parts. Public data only. */
void sha1_parts(const struct span *parts, size_t count, uint8_t out[SHA1_BYTES]);
