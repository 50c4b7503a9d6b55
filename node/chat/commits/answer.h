/* The answer to a rejoin request: the Welcome and what a guest must know beside it, sealed for the
 * key package that it asked with, cut into parts of an envelope each.
 *
 *     content  [38, 1, ticket, [beacon, ...], Welcome blob, extensions]
 *     sealed   enc || HPKE (the group's suite, base mode) of the content to the package's init key;
 *              info "sotto/1/group/answer", associated data group || key package
 *     part     [37, 1, group 32, guest 16, answer 16, number, count, bytes, extensions]
 *
 * The ticket is of the commit that let the guest in, the beacons tell the whole way to it from an
 * epoch that the guest named (branches_way), the blob is profile.h's. `guest` is the start of
 * hash("sotto/1/group/guest", key package): whose answer it is; `answer` is random: which parts
 * belong together. Sealed, because it travels under keys of an epoch whose members may have been
 * removed since, and names the present members and address.
 *
 * Nothing of a part is proven before all are there and open. Pure. Bounds: params.h.
 * @source docs/protocol/commits.md, Letting in
 */
#pragma once

#include "crypto/mls/mls.h"
#include "node/chat/commits/ticket.h"

#define ANSWER_ID_BYTES 16u

struct answer { /* spans borrowed */
    struct span ticket;
    struct span beacons[ANSWER_BEACONS_MAX];
    size_t beacons_count;
    struct span welcome;
    struct pack_extensions extensions;
};

/** Append the content. ERR_FULL over the buffer's bound; ERR_MEMORY. */
enum err answer_encode(const struct answer *a, struct buf *out) MUST_CHECK;
/** OK; ERR_FORMAT; ERR_LIMIT; ERR_UNSUPPORTED. */
enum err answer_decode(struct span in, struct answer *out) MUST_CHECK;

struct answer_to {
    const struct mls_suite *suite; /* of the group */
    const uint8_t *group;          /* GROUP_ID_BYTES */
    struct span key_package;
};

/** Seal the content to the guest; appended to `out`.
 *
 * @return OK; ERR_FORMAT no key package; ERR_AUTH its init key is no key; ERR_LIMIT over
 *         ANSWER_BYTES_MAX; ERR_FULL; ERR_MEMORY
 */
enum err answer_seal(const struct answer *a, const struct answer_to *to, struct rng *rng,
                     struct buf *out) MUST_CHECK;

/** Open it with the private half.
 *
 * @param keep  holds what `out` borrows from; replaced
 * @return OK; ERR_AUTH; codes of answer_decode; ERR_MEMORY
 */
enum err answer_open(struct span sealed, const struct answer_to *to, const uint8_t *secret,
                     struct buf *keep, struct answer *out) MUST_CHECK;

/** Whose answer: the name of a key package. */
void answer_guest(struct span key_package, uint8_t out[ANSWER_ID_BYTES]);

struct answer_part {
    uint8_t group[GROUP_ID_BYTES];
    uint8_t guest[ANSWER_ID_BYTES], answer[ANSWER_ID_BYTES];
    uint32_t number, count; /* number < count <= ANSWER_PARTS_MAX */
    struct span bytes;      /* borrowed; ANSWER_PART_BYTES, the last one may be shorter */
    struct pack_extensions extensions;
};

/** ERR_FULL; ERR_MEMORY. */
enum err answer_part_encode(const struct answer_part *p, struct buf *out) MUST_CHECK;
/** OK; ERR_FORMAT; ERR_LIMIT; ERR_UNSUPPORTED. */
enum err answer_part_decode(struct span in, struct answer_part *out) MUST_CHECK;

/* Parts of one answer, collected in any order. */
struct answer_parts {
    uint8_t answer[ANSWER_ID_BYTES];
    uint32_t count, have;
    uint64_t got;     /* bit: number */
    size_t last_len;  /* of the last part */
    struct buf bytes; /* count * ANSWER_PART_BYTES */
};

/** Begin with any part of it; `p` must be cleared or zero. ERR_MEMORY. */
enum err answer_parts_begin(struct answer_parts *p, const struct answer_part *first) MUST_CHECK;
/** Add a part of it. OK; ERR_EXISTS had; ERR_PROTOCOL another count or answer. */
enum err answer_parts_add(struct answer_parts *p, const struct answer_part *part) MUST_CHECK;
/** All of it, once it is all there; else empty. */
struct span answer_parts_whole(const struct answer_parts *p);
void answer_parts_clear(struct answer_parts *p);
