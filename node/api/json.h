/* Private to node/api: jansson, messages as JSON, base 64. */
#pragma once

#include "node/api/api.h"

#include <jansson.h>

/** Write `j` (a new reference, which is taken; may be NULL: ERR_MEMORY) as the body. */
enum err json_body_take(struct api_response *r, int status, json_t *j) MUST_CHECK;

/** Parse a body: any JSON value, no key twice. NULL: `why` says where it broke. */
json_t *json_parse(struct span body, char *why, size_t why_len) MUST_CHECK;

/** An array of strings of a body, at most `max`; NULL: `why`. */
json_t *json_strings(struct span body, size_t max, char *why, size_t why_len) MUST_CHECK;

json_t *json_span(struct span s) MUST_CHECK; /* a string, or null when it is not UTF-8 */

/** An encoded WakuMessage as nwaku's JSON; `proof_always`: the relay routes show an empty one. */
json_t *json_message(struct span encoded, bool proof_always) MUST_CHECK;

/** Read the JSON of a message; spans live in the scratch arena or in `j`.
 * @return OK; ERR_ARGUMENT: `why` says which field */
enum err json_to_message(const json_t *j, struct arena *scratch, struct core_message *out,
                         char *why, size_t why_len) MUST_CHECK;

/** Content topic of an encoded WakuMessage; empty when it is malformed. */
struct span json_content_topic(struct span encoded);

/** Chars of the base 64 text of `n` bytes, with NUL. */
#define JSON_BASE64_CHARS(n) (((n) + 2) / 3 * 4 + 1)
void base64_encode(struct span in, char *out);

/** Decode RFC 4648 base 64, '=' at the end optional; `out` holds text.len bytes. ERR_FORMAT. */
enum err base64_decode(struct span text, uint8_t *out, size_t *len) MUST_CHECK;
