/* Scenario: a relay network. Nodes connect to a few others at random and keep that number; some
 * leave and come back (churn), the network may be cut in two for a while, and messages are
 * published at random nodes all the time.
 */
#pragma once

#include "sim/check_delivery.h"

struct relay_scenario {
    uint64_t seed;
    enum sim_tier tier;
    uint32_t nodes;
    uint32_t degree;     /* connections that each node makes */
    int64_t seconds;     /* of publishing, after a warm-up */
    int64_t warm_up_s;   /* for meshes to form */
    uint32_t per_minute; /* messages in the whole network */
    uint32_t payload_bytes;
    uint32_t churn_percent;   /* of the nodes leave per minute, for 20 s each */
    int64_t partition_from_s; /* after the warm-up; 0: never */
    int64_t partition_for_s;
    bool trace; /* show what the nodes log */
    bool store; /* every tenth node archives */
    struct sim_link link;
};

#define RELAY_SCENARIO_DEFAULT                                                                     \
    ((struct relay_scenario){.seed = 1,                                                            \
                             .tier = SIM_F1,                                                       \
                             .nodes = 200,                                                         \
                             .degree = 6,                                                          \
                             .seconds = 120,                                                       \
                             .warm_up_s = 30,                                                      \
                             .per_minute = 60,                                                     \
                             .payload_bytes = 200,                                                 \
                             .churn_percent = 10,                                                  \
                             .link = {50 * NS_PER_MS, 10 * NS_PER_MS, 12500000, 0}})

struct relay_result {
    struct delivery_report delivery; /* of messages published while the network was whole */
    struct sim_stats stats;
    uint64_t digest;
    uint64_t refused;      /* publications that the node answered with an error */
    uint64_t archived_min; /* fewest entries in the archive of a node that was always up */
};

/** Run it from its beginning to its end. ERR_MEMORY; ERR_ARGUMENT. */
enum err relay_run(const struct relay_scenario *scenario, struct relay_result *out) MUST_CHECK;
