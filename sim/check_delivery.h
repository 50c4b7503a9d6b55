/* Checker: every message reaches every node that is up around its publication, once.
 *
 * A node owes a message when it is up from `margin` before to `margin` after the publication. It
 * is told from outside, through struct sim_watcher: the nodes know nothing of it.
 */
#pragma once

#include "sim/sim.h"

struct check_delivery;

/** @param margin_ns  see above */
enum err check_delivery_new(struct check_delivery **out, uint32_t nodes_max,
                            int64_t margin_ns) MUST_CHECK;
void check_delivery_free(struct check_delivery *c);

/** To be given to sim_watch. */
struct sim_watcher check_delivery_watcher(struct check_delivery *c);

struct delivery_report {
    uint64_t published, owed, delivered; /* owed deliveries, and those of them that happened */
    uint64_t missing, twice;             /* broken properties; 0 is right */
    int64_t latency_p50_ns, latency_p99_ns, latency_max_ns;
    char first[160]; /* the first that is missing or came twice, in English; "" */
};

/** Judge all messages whose margin has passed. */
void check_delivery_report(struct check_delivery *c, const struct sim *s,
                           struct delivery_report *out);
