/* Non-mesh rule: who forwards uses its mesh; who publishes with flood-publish uses all. A whole
 * message that we did not ask for, from a neighbour outside our mesh, is its own (THREATS 0.1). */
#include "sim/attack/guesses.h"

static void *start(const struct attack_setup *setup)
{
    return guesses_new(setup);
}

static void copy(void *state, const struct tap_copy *c)
{
    if (!c->mesh && !c->asked && !c->pushed)
        guesses_note(state, c, c->at_ns - c->delay_ns);
}

const struct attack attack_non_mesh = {
    .name = "non-mesh",
    .position = "relays that collude",
    .question = "who wrote a message: a neighbour that sends it past the mesh",
    .start = start,
    .copy = copy,
    .conclude = guesses_conclude,
    .end = guesses_free,
};
