/* A sweep: all that stores hold of some content topics over a span of time, read from two stores,
 * so that one which hides or has lost something is not believed.
 *
 *     sweep_start -> ASKING first store -> ASKING another store -> ENDED (stores: 2, or 1 when
 *                       | failure: again after 5 s, 10 s, ... 10 min     there is no other)
 *
 * The span is widened to the grid of SWEEP_GRID_S, so that its ends do not tell when we were last
 * here. Pure. @source docs/protocol/delivery.md
 */
#pragma once

#include "crypto/base/env.h"
#include "node/chat/chat_params.h"

enum sweep_state {
    SWEEP_IDLE,   /* not started, or its end was taken note of */
    SWEEP_DUE,    /* wants to ask, at `at` */
    SWEEP_ASKING, /* an answer is awaited */
    SWEEP_ENDED,
};

struct sweep {
    enum sweep_state state;
    struct wall from, to;
    uint64_t ticket; /* of the question under way, or of the first one that was answered */
    uint64_t first;  /* the ticket that the first store answered; 0: none yet */
    struct mono at;
    unsigned tries;  /* failures of the present store */
    unsigned stores; /* that have answered in full */
};

/** Begin: `from` is rounded down, and the end is now. One that is under way begins anew. */
void sweep_start(struct sweep *s, const struct env *env, struct wall from);

/** Ask now? Then the question leaves under `ticket` (not 0) and *other_than tells which store not
 * to ask, by the ticket it was asked with (0: any). */
bool sweep_ask(struct sweep *s, const struct env *env, uint64_t ticket, uint64_t *other_than);

/** The answer is complete (OK), or it failed; ERR_NOT_FOUND: there is no such (other) store.
 *
 * @return false: not our ticket
 */
bool sweep_answered(struct sweep *s, const struct env *env, uint64_t ticket, enum err err);

/** When it wants to ask; MONO_NEVER else. */
struct mono sweep_deadline(const struct sweep *s);
