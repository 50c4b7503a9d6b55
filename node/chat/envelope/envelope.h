/* The envelope: all that the network ever sees of a conversation.
 *
 *     [version 1][nonce 12][check 4][ChaCha20-Poly1305 ciphertext and tag]
 *     512 B .. 128 KiB in all
 *
 * The total is one of nine size classes. check = the first 4 bytes of
 * label_derive("sotto/1/envelope/check", header key, nonce): a receiver finds the key among those
 * that it has without an attempt at decryption each, and nobody else learns anything from it. The
 * plaintext is u32 length, content, zeros up to the class. Associated data: version, nonce, content
 * topic, so an envelope that is moved to another bucket does not open.
 *
 * Buckets: 256 content topics "/sotto/1/b<hex>/bin" for conversations, and 256
 * "/sotto/1/i<hex>/bin" for first contact.
 *
 * Pure; randomness comes in as the nonce's generator. @source CHAT.md 6
 */
#pragma once

#include "crypto/base/buf.h"
#include "crypto/base/env.h"
#include "node/chat/envelope/params.h"

#define ENVELOPE_KEY_BYTES   32u
#define ENVELOPE_TOPIC_BYTES 17u /* "/sotto/1/b00/bin" and NUL */

struct envelope_keys { /* of one epoch, or of a card's day; secret */
    uint8_t header[ENVELOPE_KEY_BYTES], body[ENVELOPE_KEY_BYTES];
};

/** Bytes of content that fit into the largest class. */
size_t envelope_content_max(void);

/** The size class that holds so much content, in bytes of the whole envelope; 0: none does. */
size_t envelope_class(size_t content_bytes);

/** Seal.
 *
 * @param content  1..envelope_content_max() bytes (in)
 * @param out      the envelope is appended (in/out)
 * @return OK; ERR_LIMIT content too long or empty; ERR_FULL; ERR_MEMORY; ERR_CRYPTO
 */
enum err envelope_seal(const struct envelope_keys *keys, struct rng *rng, struct span topic,
                       struct span content, struct buf *out) MUST_CHECK;

/** Might this be under that header key? False for everything that is no envelope. A stranger's
 * matches once in 2^32. */
bool envelope_matches(struct span envelope, const uint8_t header[ENVELOPE_KEY_BYTES]);

/** Open.
 *
 * @param content  receives the content (cleared first)
 * @return OK; ERR_FORMAT no envelope of version 1 and a known class; ERR_UNSUPPORTED a later
 * version; ERR_AUTH another key or topic, or changed; ERR_FULL, ERR_MEMORY
 */
enum err envelope_open(const struct envelope_keys *keys, struct span topic, struct span envelope,
                       struct buf *content) MUST_CHECK;

enum envelope_kind {
    ENVELOPE_BUCKET, /* conversations: b */
    ENVELOPE_INTRO,  /* first contact: i */
};

/** The content topic of a bucket, with NUL. */
void envelope_topic(enum envelope_kind kind, uint8_t bucket, char out[ENVELOPE_TOPIC_BYTES]);

/** The bucket of a conversation in a week (wall time / 604,800 s), from its address secret. */
uint8_t envelope_bucket(const uint8_t address[ENVELOPE_KEY_BYTES], uint64_t week);
