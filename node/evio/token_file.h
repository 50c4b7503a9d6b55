/* The secret by which programs of the same user may use the local chat API: a file that only its
 * owner can read. */
#pragma once

#include "crypto/base/env.h"

#define TOKEN_TEXT_BYTES 65u /* 64 hex digits and NUL */

/** Read the token of `path`, or draw one and make the file (0600) if there is none.
 *
 * @param out  wiped by the caller (out)
 * @return OK; ERR_REFUSED others may read or write it, it belongs to another user, or it is no
 *         plain file; ERR_FORMAT it holds no token; ERR_DISK_FULL; ERR_IO
 */
enum err token_file(const char *path, struct rng *rng, char out[TOKEN_TEXT_BYTES]) MUST_CHECK;
