/* Bech32m: text with a prefix that says what it is and a checksum that finds typing errors. What
 * people copy (accounts, cards) has this form: no letter is mistaken for another, in either case.
 *
 * Up to 90 characters any four wrong characters are found for certain; longer texts are allowed
 * here (cards), for which the checksum still finds all but one in 2^30 errors.
 *
 * @source bitcoin/bips bip-0350, with the data part of bip-0173
 */
#pragma once

#include "crypto/base/span.h"
#include "net/wire/params.h"

/* chars of a text for `n` bytes behind a prefix of `p` chars, with the NUL */
#define BECH32M_CHARS(p, n) ((p) + 1u + ((n)*8u + 4u) / 5u + 6u + 1u)

/** Write "PREFIX1DATA" and NUL, lower case.
 *
 * @param prefix  1..BECH32M_PREFIX_MAX characters of 33..126, no upper case (in)
 * @param bytes   at most BECH32M_BYTES_MAX (in)
 * @param out     BECH32M_CHARS(prefix length, bytes.len) chars (out)
 */
void bech32m_encode(const char *prefix, struct span bytes, char *out);

/** Read a text with this very prefix, in one case.
 *
 * @param out  room for `cap` bytes (out)
 * @return OK; ERR_FORMAT foreign characters, mixed case, checksum, or set bits behind the end;
 *         ERR_UNSUPPORTED another prefix; ERR_LIMIT more than `cap` bytes
 */
enum err bech32m_decode(const char *prefix, struct span text, uint8_t *out, size_t cap,
                        size_t *len) MUST_CHECK;
