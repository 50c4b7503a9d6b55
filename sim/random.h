/* Randomness of a scenario, by purpose: each purpose is a stream of its own, derived from the root
 * seed, so that one more adversary or metric does not change who speaks when. The numbers below
 * are the same on every machine.
 */
#pragma once

#include "sim/sim.h"

enum sim_purpose {
    SIM_RANDOM_LINKS,    /* delays, places */
    SIM_RANDOM_ROLES,    /* who is what */
    SIM_RANDOM_SPIES,    /* who spies */
    SIM_RANDOM_TOPOLOGY, /* who connects with whom */
    SIM_RANDOM_CHURN,    /* who leaves, for how long */
    SIM_RANDOM_EVENTS,   /* whom events strike */
    SIM_RANDOM_STEADY,   /* who speaks when: one stream for each workload */
    SIM_RANDOM_DIRECT,
    SIM_RANDOM_GROUPS,
    SIM_RANDOM_SPAM,
    SIM_RANDOM_SIZES, /* of payloads */
    SIM_RANDOM_TOPICS,
    SIM_RANDOM_SERVICES, /* which service a light client uses */
    SIM_RANDOM_RECEIPTS,
    SIM_RANDOM_STORES, /* who asks stores, when */
    SIM_RANDOM_CHATS,
    SIM_RANDOM_MEMBERS,       /* tier F2: who they are; */
    SIM_RANDOM_MEMBERS_SPEAK, /* who speaks and commits when */
    SIM_RANDOM_COMMITS,
};

/** Uniform in (0, 1). */
double sim_uniform(struct sim *s, uint32_t purpose);
double sim_normal(struct sim *s, uint32_t purpose); /* mean 0, deviation 1 */
double sim_exponential(struct sim *s, uint32_t purpose, double mean);
double sim_lognormal(struct sim *s, uint32_t purpose, double median, double sigma);

/** 0 ... n-1, the i-th with weight 1 / (i+1)^exponent. O(n). */
uint32_t sim_zipf(struct sim *s, uint32_t purpose, uint32_t n, double exponent);
void sim_shuffle(struct sim *s, uint32_t purpose, uint32_t *items, size_t count);

double num_ln(double x); /* x > 0 */
double num_exp(double x);
double num_pow(double base, double exponent); /* 0 for a base of 0 or less */

/** Student's t for a two-sided 95 % interval. */
double num_quantile_t95(uint32_t degrees);

/** 95 % interval of a share of n trials (Wilson 1927). */
void num_wilson95(double share, double n, double *lower, double *upper);
