/* First spy: the neighbour from which a message reached any spy first has written it. What anybody
 * can do who knows nothing of delays (Biryukov et al. 2014, THREATS 3). */
#include "sim/attack/guesses.h"

static void *start(const struct attack_setup *setup)
{
    return guesses_new(setup);
}

static void copy(void *state, const struct tap_copy *c)
{
    guesses_note(state, c, c->at_ns);
}

const struct attack attack_first_spy = {
    .name = "first-spy",
    .position = "relays that collude",
    .question = "who wrote a message: the neighbour that brought it first",
    .start = start,
    .copy = copy,
    .conclude = guesses_conclude,
    .end = guesses_free,
};
