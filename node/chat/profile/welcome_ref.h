/* A Welcome that is too long for its invites: laid out once for all who are invited by a commit,
 * in segments (segments.h), and referred to.
 *
 *     reference  [59, 1, size, hash 32, root 32, key 32, from_s, extensions]   in place of a blob
 *
 * size, hash and root are those of the blob as a file. The envelopes of its segments are under keys
 * derived from the key, in a bucket of conversations that it gives as well: whoever is no member
 * knows where to look, and no bucket tells which conversation grows.
 *
 *     header, body, bucket = derive(group/welcome-blob, key, "header" | "body" | "bucket", 32, 32,
 * 1)
 *
 * Pure. @source CHAT.md 4; docs/protocol/conversations.md, Joining
 */
#pragma once

#include "node/chat/envelope/envelope.h"
#include "node/chat/profile/profile_data.h"

struct welcome_ref {
    uint64_t size;                       /* bytes of the blob, 1..WELCOME_REF_BYTES_MAX */
    uint8_t hash[32], root[32], key[32]; /* key: secret */
    uint64_t from_s;                     /* wall; no segment is older */
};

/** Is it a reference, and not the blob itself? */
bool welcome_ref_is(struct span in);

/** OK; ERR_FORMAT; ERR_LIMIT; ERR_UNSUPPORTED. */
enum err welcome_ref_decode(struct span in, struct welcome_ref *out) MUST_CHECK;
enum err welcome_ref_encode(const struct welcome_ref *r, struct buf *out) MUST_CHECK;

/** Keys and bucket of its segments' envelopes. */
void welcome_ref_keys(const uint8_t key[32], struct envelope_keys *out);
uint8_t welcome_ref_bucket(const uint8_t key[32]);
