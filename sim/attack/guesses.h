/* A table from a message to the neighbours that may have written it, earliest first: what most
 * attacks on senders keep. */
#pragma once

#include "crypto/base/map.h"
#include "sim/attack/attack.h"

#define GUESS_NODES_MAX 64u /* of one message; the earliest stay */

struct guess_node {
    int64_t at_ns;
    uint32_t node;
    bool pushed; /* came by lightpush: on a stem */
};

struct guess {
    uint64_t message, topic;
    struct guess_node nodes[GUESS_NODES_MAX]; /* unordered */
    size_t count;
};

struct guesses {
    struct map by_message; /* message -> struct guess */
    uint32_t own_count;
    const bool *own;
};

/** NULL: memory is out. */
struct guesses *guesses_new(const struct attack_setup *setup);
void guesses_free(void *guesses);

/** Remember when this neighbour had the message, at the earliest. Copies from spies to spies tell
 * nothing new and are left out. */
void guesses_note(struct guesses *g, const struct tap_copy *c, int64_t at_ns);

/** The earliest; NULL: none. */
const struct guess_node *guess_best(const struct guess *g);

/** Claim the earliest neighbour of each message as its author, and rank the others behind it. */
void guesses_conclude(void *guesses, struct score *score);
