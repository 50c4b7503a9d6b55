/* Scenario: can spies tell who wrote a message? A whole relay network whose links have different
 * delays; honest nodes publish, and a part of all nodes are spies (sim/attack_first.h). What it
 * costs stands beside: latency and bytes.
 */
#pragma once

#include "sim/attack_first.h"
#include "sim/check_delivery.h"

struct stem_scenario {
    uint64_t seed;
    enum sim_tier tier;
    uint32_t nodes, spies, messages;
    uint32_t degree;        /* connections that each node makes */
    uint32_t per_s;         /* messages in the whole network */
    uint32_t payload_bytes; /* with the mark */
    int64_t warm_up_s;
    int64_t delay_min_ns, delay_max_ns; /* of a link, uniform, the same in both directions */
    int64_t jitter_ns;
    bool stem;
    bool flood_publish;
};

#define STEM_SCENARIO_DEFAULT                                                                      \
    ((struct stem_scenario){.seed = 1,                                                             \
                            .tier = SIM_F1,                                                        \
                            .nodes = 200,                                                          \
                            .spies = 40,                                                           \
                            .messages = 2000,                                                      \
                            .degree = 10,                                                          \
                            .per_s = 10,                                                           \
                            .payload_bytes = 200,                                                  \
                            .warm_up_s = 20,                                                       \
                            .delay_min_ns = 40 * NS_PER_MS,                                        \
                            .delay_max_ns = 130 * NS_PER_MS,                                       \
                            .jitter_ns = 2 * NS_PER_MS,                                            \
                            .stem = true})

#define STEM_PRECISION_MAX 0.30 /* upper bound of the precision, with the stem */
#define STEM_PRECISION_OFF 0.60 /* precision without it, at least: else the attack is too weak */

struct stem_result {
    struct attack_report attack;
    struct delivery_report delivery;
    int64_t latency_p50_ns, latency_p95_ns; /* from publication to a node, over all nodes */
    uint64_t bytes;                         /* on the wire while messages were published */
    uint64_t refused, failsafe, direct;
    uint64_t digest;
};

/** Run it. ERR_MEMORY; ERR_ARGUMENT. */
enum err stem_run(const struct stem_scenario *scenario, struct stem_result *out) MUST_CHECK;
