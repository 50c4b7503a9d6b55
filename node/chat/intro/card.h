/* A card: what one hands out to be found. Whoever has it can fetch the bundles of an account and
 * send one message, and derives from it where these lie and under which key.
 *
 * Text: Bech32m under "sottocard" of the packed array
 *
 *     [1, 1, account id 32, intro secret 16 or empty, [node record, ...], extensions]
 *
 * A card with an intro secret is a private link: only its holders see that somebody is written to.
 * Without one everybody who knows the account can compute the same.
 *
 * @source CHAT.md 3
 */
#pragma once

#include "crypto/base/buf.h"
#include "net/wire/bech32m.h"
#include "node/chat/envelope/envelope.h"
#include "node/chat/identity/identity.h"

#define CARD_TEXT_MAX BECH32M_CHARS(9u, CARD_BYTES_MAX)

struct card {
    uint8_t account[ACCOUNT_ID_BYTES];
    bool private_link;
    uint8_t secret[CARD_SECRET_BYTES]; /* zeros without private_link */
    struct span hints[CARD_HINTS_MAX]; /* encoded ENRs of store nodes, not verified; borrowed */
    size_t hints_count;
};

/** Write the text. OK; ERR_LIMIT over CARD_BYTES_MAX; ERR_MEMORY. */
enum err card_text(const struct card *card, char out[CARD_TEXT_MAX]) MUST_CHECK;

/** Read a text; blanks and line ends around it are ignored.
 *
 * @param keep  holds what the hints point to (cleared first)
 * @return OK; ERR_FORMAT; ERR_UNSUPPORTED another prefix, a later version or a critical extension;
 *         ERR_LIMIT; ERR_MEMORY
 */
enum err card_parse(struct span text, struct card *out, struct buf *keep) MUST_CHECK;

/** Keys of first contact on a day (wall time / 86,400 s), the same for all who hold this card. */
void card_keys(const struct card *card, uint32_t day, struct envelope_keys *out);

/** The bucket among the 256 of first contact; the same on every day, because a predictable sequence
 * of buckets would name who asks for it. */
uint8_t card_bucket(const struct card *card);
