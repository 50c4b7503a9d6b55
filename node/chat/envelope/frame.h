/* What is inside an envelope: a list of frames.
 *
 *     [[kind, bytes], [kind, bytes], ...]     1..16 frames, packed
 *
 * Frames are taken in their order: a commit stands before the ticket that names it and before the
 * first message under it, all in one envelope under the parent's keys. A kind that is not known is
 * handed out as it stands and written again as it stood, never dropped in silence: who meets one
 * says that a newer version is needed. A frame names its group itself (an MLS message in its
 * header, the objects of ticket.h in their first field), and must name that of the envelope's key.
 *
 * Pure; borrows from its input. @source CHAT.md 6, docs/protocol/envelope.md
 */
#pragma once

#include "crypto/pack/pack.h"
#include "node/chat/envelope/params.h"

enum frame_kind {       /* numbers on the wire */
    FRAME_MLS = 1,      /* an MLSMessage: PrivateMessage */
    FRAME_TICKET = 2,   /* ticket.h */
    FRAME_ACKS = 3,     /* likewise */
    FRAME_BEACON = 4,   /* likewise, under the keys of the last certified epoch */
    FRAME_WELCOME = 5,  /* where a Welcome blob lies, or the blob: profile.h */
    FRAME_WITHDRAW = 6, /* ticket.h */
    FRAME_LOG = 7,      /* news of an account: its log as sent (identity.h) */
    FRAME_REJOIN = 8,   /* a request to be let in again: ticket.h */
    FRAME_ANSWER = 9,   /* a part of the answer to one: answer.h */
};

struct frame {
    uint64_t kind; /* 1..FRAME_KIND_MAX; may be none of the above */
    struct span bytes;
};

struct frames {
    struct frame list[FRAMES_MAX];
    size_t count;
};

/** Add one at the end; ERR_FULL over FRAMES_MAX; ERR_ARGUMENT no bytes, or a kind out of range. */
enum err frames_add(struct frames *f, uint64_t kind, struct span bytes) MUST_CHECK;

/** Is this a kind that this version knows? */
bool frame_known(uint64_t kind);

/** Read the content of an envelope.
 *
 * @param out  views into `in` (out)
 * @return OK; ERR_FORMAT; ERR_LIMIT too long
 */
enum err frames_decode(struct span in, struct frames *out) MUST_CHECK;

/** Append the content of an envelope. ERR_ARGUMENT no frame; ERR_LIMIT over
 * envelope_content_max(); ERR_FULL; ERR_MEMORY. */
enum err frames_encode(const struct frames *f, struct buf *out) MUST_CHECK;

/** Bytes that a frame of so much content takes in the list, header included, at most: for who must
 * know whether one more fits into a size class. */
size_t frame_bytes(size_t content);
