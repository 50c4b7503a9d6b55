/* Base 16, lower case out, either case in. */
#pragma once

#include "crypto/base/span.h"

/** Write 2 * in.len digits and a NUL into `out`, which holds at least 2 * in.len + 1 bytes. */
void hex_encode(struct span in, char *out);

/** Decode text.len / 2 bytes into `out`, which holds at least that many.
 *
 * @return OK; ERR_FORMAT for an odd length or another character, `out` then undefined
 */
enum err hex_decode(struct span text, uint8_t *out) MUST_CHECK;
