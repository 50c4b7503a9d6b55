/* A message to an intro address: what is inside an envelope under the keys of a card.
 *
 *     [16, 1, stamp 8, body, padding, extensions]
 *
 * padding is zeros: as many as it takes to bring a bundle to the one size class of bundles.
 * body is itself an object, and its first number says what: a bundle (bundle.h) or an invite
 * (invite.h). The stamp is for that body (stamp.h), on the day whose keys sealed the envelope:
 * neither account nor day is written, for the keys say both. So a reader knows by symmetric means
 * alone, before any signature or decapsulation, whether somebody has worked for its attention.
 *
 * Pure. @source CHAT.md 3; docs/protocol/intro.md
 */
#pragma once

#include "crypto/pack/pack.h"
#include "node/chat/envelope/stamp.h"
#include "node/chat/intro/card.h"

#define INTRO_DAY_S 86400u

enum intro_type { /* first number of the objects of first contact */
    INTRO_STAMPED = 16,
    INTRO_BUNDLE = 17,
    INTRO_PART = 18,
    INTRO_INVITE = 19,
    INTRO_INVITE_CONTENT = 20,
    INTRO_RECORD = 24, /* what the inbox keeps; never sent */
};

struct intro {
    uint8_t stamp[STAMP_BYTES];
    struct span body; /* borrowed */
};

/** Append, with so many bytes of padding. ERR_FULL; ERR_MEMORY. */
enum err intro_encode(const struct intro *i, size_t padding, struct buf *out) MUST_CHECK;

/** OK; ERR_FORMAT; ERR_LIMIT; ERR_UNSUPPORTED a later version or a critical extension. */
enum err intro_decode(struct span in, struct intro *out) MUST_CHECK;

/** The first number of a body; 0: none. */
uint64_t intro_body_type(struct span body);

/** Open an object [type, 1, ...]: the reader stands behind the version.
 *
 * @param fields  elements behind type and version, extensions included (in)
 * @return OK; ERR_FORMAT another type or number of fields; ERR_LIMIT over `bytes_max`;
 *         ERR_UNSUPPORTED a later version
 */
enum err intro_object(struct span in, size_t bytes_max, enum intro_type type, size_t fields,
                      struct pack_reader *r) MUST_CHECK;

/** Seal for the holders of a card on a day; the envelope is appended. Bundles are brought to
 * INTRO_BUNDLE_BYTES.
 *
 * @return OK; ERR_LIMIT over the largest envelope; ERR_FULL; ERR_MEMORY; ERR_CRYPTO
 */
enum err intro_seal(const struct card *card, uint32_t day, const struct intro *i, struct rng *rng,
                    struct buf *out) MUST_CHECK;

/** Open an envelope that came in the card's bucket. Try it with each day that it may be of: what is
 * of another day or card costs one HMAC.
 *
 * @param keep  holds what `out` points to (cleared first)
 * @return OK; ERR_NOT_FOUND another card's or day's; ERR_AUTH; codes of intro_decode
 */
enum err intro_open(const struct card *card, uint32_t day, struct span envelope, struct buf *keep,
                    struct intro *out) MUST_CHECK;
