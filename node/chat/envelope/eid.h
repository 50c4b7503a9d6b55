/* The name of an epoch of a conversation.
 *
 *     eid = label_hash(LABEL_GROUP_EID, confirmed_transcript_hash || confirmation_tag)[0:16]
 *
 * The transcript hash covers the commit that made the epoch and all before it, the tag the secrets
 * it led to: so two members that name the same eid hold the same state, and the two outcomes of a
 * fork never share a name, as they share the epoch number. A leaf that has not followed a commit
 * cannot compute its eid; it learns it from the ticket.
 *
 * @source RFC 9420 6.1, 8.2 (the two inputs)
 */
#pragma once

#include "crypto/base/span.h"

#define EID_BYTES 16u

struct eid {
    uint8_t bytes[EID_BYTES];
};

/** The name of the epoch whose state these two belong to.
 *
 * @param transcript  confirmed_transcript_hash, of the suite's hash length (in)
 * @param tag         confirmation_tag, of the same length (in)
 */
struct eid eid_of(struct span transcript, struct span tag);

static inline bool eid_eq(const struct eid *a, const struct eid *b)
{
    return memcmp(a->bytes, b->bytes, EID_BYTES) == 0;
}

/** An order of names; it means nothing but that everybody has the same. */
static inline int eid_cmp(const struct eid *a, const struct eid *b)
{
    return memcmp(a->bytes, b->bytes, EID_BYTES);
}

/** No epoch: all zeros (a hash is not). */
static inline bool eid_is_none(const struct eid *e)
{
    static const struct eid none;
    return eid_eq(e, &none);
}
