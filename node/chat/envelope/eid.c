#include "node/chat/envelope/eid.h"

#include "crypto/prim/labels.h"

struct eid eid_of(struct span transcript, struct span tag)
{
    struct span parts[] = {transcript, tag}; /* equal lengths: the border is known */
    uint8_t hash[SHA256_BYTES];
    struct eid out;

    assert(transcript.len == tag.len || transcript.len == 0); /* empty in the first epoch */
    label_hash(LABEL_GROUP_EID, parts, 2, hash);
    memcpy(out.bytes, hash, EID_BYTES);
    return out;
}
