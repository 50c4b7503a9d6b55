/* Text forms of bytes besides hex: base58btc, base32 (RFC 4648, no padding), base64url (RFC 4648
 * section 5, no padding). Decoders take exactly one text for each byte string: foreign characters,
 * impossible lengths and set bits behind the end are malformed. Not constant time: public data. */
#pragma once

#include "crypto/base/span.h"
#include "net/wire/params.h"

/* chars that encoding `n` bytes may take, with the NUL */
#define BASE58_CHARS(n) ((n)*138u / 100u + 2u)
#define BASE32_CHARS(n) (((n)*8u + 4u) / 5u + 1u)
#define BASE64_CHARS(n) (((n)*4u + 2u) / 3u + 1u)

/** Write text and NUL into `out` of BASE58_CHARS(in.len) chars; in.len <= BASE58_BYTES_MAX. */
void base58_encode(struct span in, char *out);

/** Decode at most `cap` bytes, cap <= BASE58_BYTES_MAX.
 *
 * @return OK; ERR_FORMAT a foreign character; ERR_LIMIT more than `cap` bytes
 */
enum err base58_decode(struct span text, uint8_t *out, size_t cap, size_t *len) MUST_CHECK;

/** Write lower-case text and NUL into `out` of BASE32_CHARS(in.len) chars. */
void base32_encode(struct span in, char *out);

/** Decode text.len * 5 / 8 bytes, in either case, into `out`, which has room for them.
 *
 * @return OK; ERR_FORMAT
 */
enum err base32_decode(struct span text, uint8_t *out, size_t *len) MUST_CHECK;

/** Write text and NUL into `out` of BASE64_CHARS(in.len) chars. */
void base64url_encode(struct span in, char *out);

/** Decode text.len * 6 / 8 bytes into `out`, which has room for them.
 *
 * @return OK; ERR_FORMAT
 */
enum err base64url_decode(struct span text, uint8_t *out, size_t *len) MUST_CHECK;
