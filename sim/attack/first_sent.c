/* First sent: as first spy, but a spy pings its neighbours and subtracts the delay of the link, so
 * that a far author is not hidden behind a near relay. */
#include "sim/attack/guesses.h"

static void *start(const struct attack_setup *setup)
{
    return guesses_new(setup);
}

static void copy(void *state, const struct tap_copy *c)
{
    guesses_note(state, c, c->at_ns - c->delay_ns);
}

const struct attack attack_first_sent = {
    .name = "first-sent",
    .position = "relays that collude",
    .question = "who wrote a message: the neighbour that sent it first, delays known",
    .start = start,
    .copy = copy,
    .conclude = guesses_conclude,
    .end = guesses_free,
};
