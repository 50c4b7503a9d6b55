/* Entries of the lanes of a queue, and how the control fields of an RPC are written. */
#pragma once

#include "crypto/base/writer.h"
#include "net/gossipsub/queue.h"

struct control {
    enum control_kind kind;
    struct topic *topic; /* counted */
    uint64_t backoff_s;  /* PRUNE; 0: leave it out */
    struct blob *px;     /* PRUNE: encoded `peers` fields, or NULL */
};

struct queued {
    struct blob *blob;
    uint64_t key; /* of the message; 0 for an IHAVE */
};

static inline bool control_is_mesh(enum control_kind kind)
{
    return kind == CONTROL_GRAFT || kind == CONTROL_PRUNE;
}

/** SUBSCRIBE and UNSUBSCRIBE: a field of the RPC; GRAFT and PRUNE: a field of ControlMessage. */
void control_write(struct writer *w, const struct control *c);

/** Upper bound in bytes of what control_write writes. */
size_t control_size(const struct control *c);

/** A list of ids as one ControlIWant (2) or ControlIDontWant (5) field of ControlMessage. */
void control_write_ids(struct writer *w, uint32_t field, struct span ids);

/** An IHAVE field of ControlMessage as a blob for many peers. NULL when memory is out.
 *
 * @param ids  `count` pointers to ids (in)
 */
struct blob *control_ihave(struct span topic, const uint8_t *const *ids, size_t count);

/** One PeerInfo of a PRUNE. */
void control_write_px(struct writer *w, struct span peer_id, struct span record);
