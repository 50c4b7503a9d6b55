/* Taps: from what arrives at nodes to what the adversary's positions see. Tier F1 only: there,
 * streams are in clear. An attack gets structs of attack.h and nothing else.
 */
#pragma once

#include "sim/attack/attack.h"
#include "sim/sim.h"

#define TAP_ATTACKS_MAX 16u
#define TAP_MARK_BYTES  12u /* at the beginning of a payload: which message it is */

struct tap;

struct tap_setup {
    struct attack_setup known;  /* own: relays of the adversary; borrowed */
    const bool *services;       /* by node: stores and services of the adversary; borrowed */
    const uint64_t *client_ids; /* by node: its peer id at present, as a number; borrowed */
    bool links;                 /* all cables are watched */
    const struct attack *attacks[TAP_ATTACKS_MAX];
    size_t attacks_count;
};

enum err tap_new(struct tap **out, const struct tap_setup *setup) MUST_CHECK;
void tap_free(struct tap *t);

/** To be given to sim_watch. */
struct sim_watcher tap_watcher(struct tap *t);

/** Let the i-th attack conclude. */
void tap_conclude(struct tap *t, size_t i, struct score *score);

/** A member of a group who tells has read a message. */
void tap_read_by_insider(struct tap *t, const struct tap_read *r);

/** The mark of a message: its number in the run. */
void tap_mark(uint32_t number, uint8_t out[TAP_MARK_BYTES]);

/** Read it; false: no message of the scenario. */
bool tap_mark_read(struct span payload, uint32_t *number);

/** A content topic as attacks see it. */
uint64_t tap_topic(struct span content_topic);
