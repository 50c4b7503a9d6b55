/* Who asked to be let in to our branch, and whose turn it is to do so.
 *
 *     rejoin request of an installation -> guests_ask      a commit lets one in -> guests_let_in
 *                              |
 *      wait: 30 s to gather, and 30 s for each on our branch who comes before us
 *                              |
 *     guests_due: all who wait, for ONE commit {Remove, Add ...} to the head
 *
 * Everybody on the branch hears every request and knows the order: the first who is there answers,
 * the next sees it. When the commit that let a guest in loses, the guest waits again. Nothing is
 * stored: who was not answered asks again. Pure. Bounds: params.h.
 * @source docs/protocol/commits.md, Letting in
 */
#pragma once

#include "crypto/base/env.h"
#include "node/chat/commits/dag.h"

struct guests;

struct guest {
    uint8_t key[32];  /* installation */
    struct eid at;    /* the last epoch of its way that is on ours: tell it the way from there */
    struct eid under; /* it has the keys of this epoch: it asked under them, */
    bool door;        /* or knocked at its door (doors.h) */
    struct span key_package, request; /* borrowed until the next call */
};

enum err guests_new(struct guests **out, const uint8_t key[32]) MUST_CHECK; /* our installation */
void guests_free(struct guests *g);                                         /* accepts NULL */

/** An installation asks, ours not. The caller has verified the request and that it is a member.
 * Who is lost and stands where we stand needs nobody to let it in: passed over. So is an old
 * request that somebody sends again: its key package has let in who has been seen behind that epoch
 * since, and whose private halves of it are gone.
 *
 * @param under  the epoch under whose keys the request came (in)
 * @param door   it came to the door of that epoch (in)
 * @param bytes  the request as it came, at most REJOIN_BYTES_MAX: evidence (in)
 * @return OK; ERR_FULL; ERR_MEMORY
 */
enum err guests_ask(struct guests *g, const struct env *env, const struct dag *d,
                    const struct rejoin *r, const struct eid *under, bool door,
                    struct span bytes) MUST_CHECK;

/** It cannot be let in by this request: drop it. */
void guests_refuse(struct guests *g, const uint8_t key[32]);

/** A commit, ours or followed, removes the installation and adds it again: `in` is its epoch. Who
 * asks again although it is in is let in again after GUESTS_AGAIN_NS, twice that the next time, and
 * so on: each time costs everybody a commit. With the key package of an old request (above) it lets
 * nobody in, and does not count. */
void guests_let_in(struct guests *g, const struct env *env, const struct dag *d,
                   const uint8_t key[32], struct span key_package, const struct eid *in);

/** Who is to be let in now, by one commit to the head; none while we may not commit there. */
size_t guests_due(struct guests *g, const struct env *env, const struct dag *d, struct guest *out,
                  size_t max);
struct mono guests_deadline(const struct guests *g);
