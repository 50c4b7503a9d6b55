/* A scenario lives: nodes of several roles, links, churn, planned events, people who speak, an
 * adversary, and what was measured.
 *
 * In:  a checked scenario (sim/scenario), and the text of its delay matrix if it has one.
 * Out: metrics with names, units and intervals; samples over time; a histogram; the digest.
 * Drives it: itself, in virtual time, in the call. Nothing here reads a clock or a file.
 *
 *     roles.c   who is what                links.c, matrix.c   how far apart they are
 *     topology.c  who connects with whom   churn.c, planned.c  what goes wrong, and when
 *     people.c  conversations and topics   steady.c direct.c groups.c spam.c  who speaks when
 *     speak.c   a message goes out         receipts.c fetch.c  what clients do besides
 *     delivery.c  what arrived             measure.c           metrics of all that
 *     f2*.c     a million abstract members behind these relays (f2.h)
 */
#pragma once

#include "sim/histogram.h"
#include "sim/scenario/scenario.h"
#include "sim/sim.h"

#define RUN_METRICS_MAX 160u
#define RUN_SAMPLES_MAX 600u

struct run_metric {
    char name[64];
    const char *unit;
    double value;
    bool interval; /* lower and upper are its 95 % interval within this run */
    double lower, upper;
    double n; /* trials behind it; 0: not a share */
};

struct run_sample { /* since the sample before */
    double t_s;     /* after the warm-up */
    double published, delivered, bytes, up;
};

struct run_result {
    struct run_metric metrics[RUN_METRICS_MAX];
    size_t metrics_count;
    struct run_sample samples[RUN_SAMPLES_MAX];
    size_t samples_count;
    struct histogram latency;
    uint64_t digest;
    struct sim_stats stats;
    char broken[160]; /* the first delivery that is missing or came twice, in English; "" */
};

struct run_options {
    struct span matrix;  /* text of links.file (borrowed) */
    bool trace;          /* log to stderr */
    uint32_t trace_node; /* only this node; UINT32_MAX: all */
    int64_t until_ns;    /* stop here; 0: at the end */
    void *progress_ctx;
    void (*progress)(void *ctx, double part); /* 0..1, now and then; NULL: none */
};

/** Run it. `out` is large: keep it on the heap. ERR_ARGUMENT, with `e`; ERR_MEMORY. */
enum err run_scenario(const struct scenario *sc, const struct run_options *options,
                      struct run_result *out, struct scenario_error *e) MUST_CHECK;

/** The metric of this name; NULL: none. */
const struct run_metric *run_metric(const struct run_result *r, const char *name);

/** Does an assertion hold? One about an unknown metric does not. `value` is what it looked at. */
bool run_holds(const struct run_result *r, const struct scenario_assert *a, double *value);
