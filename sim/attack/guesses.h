/* A table from a number to the best guess so far: what most attacks on senders keep. */
#pragma once

#include "crypto/base/map.h"
#include "sim/attack/attack.h"

struct guess {
    int64_t at_ns; /* the least is best */
    uint64_t message, topic;
    uint32_t node;
};

struct guesses {
    struct map by_message; /* message -> struct guess */
    uint32_t own_count;
    const bool *own;
};

/** NULL: memory is out. */
struct guesses *guesses_new(const struct attack_setup *setup);
void guesses_free(void *guesses);

/** Keep this neighbour when it is earlier than what is known of the message. Copies from spies to
 * spies tell nothing new and are left out. */
void guesses_note(struct guesses *g, const struct tap_copy *c, int64_t at_ns);

/** Claim each guess as the author. */
void guesses_conclude(void *guesses, struct score *score);
