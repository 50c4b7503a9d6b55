/* What the keeper hands over to a device that it lets in: what of an account is in no log and in no
 * conversation.
 *
 *     [58, 1, words card secret 16, name of the account's profile, policy, receipts,
 *      [[account 32, name, calls itself, consent, verified, card secret or empty], ...],
 *      decisions, extensions]
 *
 * decisions: an object of decisions.h, the newest kinds first, as many as fit; self/1 brings all.
 * Contacts' logs are not in it: they come with the conversations, or are looked up. As many
 * contacts as HANDOVER_BYTES_MAX holds; the others come with their conversations. The second field
 * of pairing's finish. Pure. @source docs/protocol/conversations.md
 */
#pragma once

#include "crypto/pack/pack.h"
#include "node/chat/chat.h"
#include "node/chat/envelope/params.h"

struct handover_contact { /* spans borrowed */
    uint8_t account[CHAT_ACCOUNT_BYTES];
    struct span name, calls_self; /* UTF-8, shorter than CHAT_NAME_MAX */
    enum chat_consent consent;
    bool verified, private_link;
    uint8_t secret[CARD_SECRET_BYTES];
};

struct handover { /* secret; spans borrowed */
    uint8_t words_secret[CARD_SECRET_BYTES];
    struct span profile;
    enum chat_policy policy;
    bool receipts;
    struct handover_contact *contacts; /* owned */
    size_t contacts_count;
    struct span decisions; /* at most HANDOVER_DECISIONS_MAX */
};

/** Contacts behind the bound are left out. ERR_FULL; ERR_MEMORY. */
enum err handover_encode(const struct handover *h, struct buf *out) MUST_CHECK;

/** OK: then handover_clear. ERR_FORMAT; ERR_LIMIT; ERR_UNSUPPORTED a later version; ERR_MEMORY. */
enum err handover_decode(struct span in, struct handover *out) MUST_CHECK;
void handover_clear(struct handover *h); /* wipes */
