/* Attack: who sent it? Some nodes are spies: they relay like all others, and put together what
 * reaches them. The guess for a message is the neighbour that must have sent it first: arrival
 * minus the delay of the link, which a spy can measure, least over all spies and copies
 * (first-sent). What a spy got from another spy tells them nothing new.
 *
 * The tap sees only bytes that arrive at spies; it knows nothing that the nodes know.
 */
#pragma once

#include "sim/sim.h"

struct attack_first;

/* Messages say in their payload which one they are. */
#define ATTACK_MARK_BYTES 12u

/** Write the mark of a message. */
void attack_mark(uint32_t number, uint8_t out[ATTACK_MARK_BYTES]);

/** @param spy    by node, borrowed (in)
 *  @param delay  ns of the link from src to dst (in) */
enum err attack_first_new(struct attack_first **out, uint32_t messages, const bool *spy,
                          int64_t (*delay)(const void *ctx, uint32_t src, uint32_t dst),
                          const void *ctx) MUST_CHECK;
void attack_first_free(struct attack_first *a);

/** To be given to sim_watch. */
struct sim_watcher attack_first_watcher(struct attack_first *a);

struct attack_report {
    uint32_t messages, guessed, right;
    double precision;    /* right / messages */
    double lower, upper; /* of it, 95 %, Wilson */
};

/** Compare the guesses with who it was: author[i] of message i. */
void attack_first_report(const struct attack_first *a, const uint32_t *author,
                         struct attack_report *out);
